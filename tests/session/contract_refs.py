"""Branches, tags, notes; ids; lifetime; what a store says of itself."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from streamlit_redis_session import (
    ConfigurationError,
    Head,
    HistoryStateError,
    LimitExceededError,
    RefExistsError,
    RefNotFoundError,
    Session,
    SessionNotFoundError,
    Store,
    connect,
)

from .contract_parts import SessionParts, assert_shows, committed
from .frames import counts


class RefsContract(SessionParts):
    def test_a_branch_is_created_switched_to_and_extended(self, session: Session) -> None:
        first = committed(session, df=counts(1))
        second = committed(session, df=counts(2))
        assert session.create_branch("what-if", at="HEAD~1") == "what-if"
        assert session.head == Head(session.head.branch, second.id)
        assert session.switch("what-if").id == first.id
        assert_shows(session, df=counts(1))
        third = committed(session, df=counts(3))
        assert third.parents == (first.id,)
        assert session.graph().branches == {"main": second.id, "what-if": third.id}
        session.switch("main")
        assert_shows(session, df=counts(2))

    def test_a_branch_without_a_name_gets_the_next_number(self, session: Session) -> None:
        committed(session, df=counts(1))
        session.tag("main-2")
        assert session.create_branch(None) == "main-3"

    def test_branches_are_renamed_and_head_follows(self, session: Session, store: Store) -> None:
        version = committed(session, df=counts(1))
        session.rename_branch("main", "work/2026")
        assert session.head == Head(session.head.branch, version.id)
        assert session.head.branch == "work/2026"
        again = store.session(session.id)
        assert again.head == session.head
        assert list(again.graph().branches) == ["work/2026"]
        assert committed(again, df=counts(2)).parents == (version.id,)

    def test_a_deleted_branch_leaves_its_versions(self, session: Session) -> None:
        committed(session, df=counts(1))
        session.create_branch("side")
        session.switch("side")
        version = committed(session, df=counts(2))
        session.switch("main")
        session.delete_branch("side")
        assert list(session.graph().branches) == ["main"]
        session.checkout(version.id)
        assert_shows(session, df=counts(2))

    def test_the_branch_of_head_cannot_be_deleted(self, session: Session) -> None:
        committed(session, df=counts(1))
        with pytest.raises(HistoryStateError, match="Switch to another branch"):
            session.delete_branch("main")
        assert list(session.graph().branches) == ["main"]

    def test_tags_stay_where_they_are_until_deleted(self, session: Session, store: Store) -> None:
        version = committed(session, df=counts(1))
        session.tag("v1")
        committed(session, df=counts(2))
        assert store.session(session.id).graph().tags == {"v1": version.id}
        session.delete_tag("v1")
        assert store.session(session.id).graph().tags == {}

    def test_names_are_the_same_in_every_form_of_unicode(self, session: Session) -> None:
        committed(session, df=counts(1))
        assert session.create_branch("Gro\u0308ße") == "Größe"
        session.switch("Gro\u0308ße")
        assert session.head.branch == "Größe"
        session.rename_branch("Gro\u0308ße", "mode\u0301")
        session.tag("e\u0301")
        session.delete_tag("e\u0301")
        session.switch("main")
        session.delete_branch("mode\u0301")
        assert list(session.graph().branches) == ["main"]

    def test_a_taken_name_is_an_error(self, session: Session) -> None:
        committed(session, df=counts(1))
        session.create_branch("side")
        session.tag("v1")
        for name in ("main", "side", "v1"):
            with pytest.raises(RefExistsError):
                session.create_branch(name)
            with pytest.raises(RefExistsError):
                session.tag(name)
            with pytest.raises(RefExistsError):
                session.rename_branch("side", name)

    def test_an_unknown_name_is_an_error(self, session: Session) -> None:
        committed(session, df=counts(1))
        for move in (
            lambda: session.switch("nobody"),
            lambda: session.delete_branch("nobody"),
            lambda: session.delete_tag("nobody"),
            lambda: session.rename_branch("nobody", "x"),
            lambda: session.create_branch("x", at="nobody"),
            lambda: session.tag("x", at="nobody"),
            lambda: session.log("nobody"),
        ):
            with pytest.raises(RefNotFoundError):
                move()

    def test_a_name_that_no_ref_can_have_is_an_error(self, session: Session) -> None:
        committed(session, df=counts(1))
        for name in ("", "a b", "HEAD", "a~1", "a..b", "\0"):
            for make in (session.create_branch, session.tag):
                with pytest.raises(ConfigurationError):
                    make(name)
        with pytest.raises(LimitExceededError):
            session.create_branch("x" * 101)

    def test_a_note_is_kept_with_the_version_and_changes_no_id(
        self, session: Session, store: Store
    ) -> None:
        version = committed(session, df=counts(1))
        assert session.annotate("HEAD", "looks wrong").annotation == "looks wrong"
        session.annotate("HEAD", "checked")
        again = store.session(session.id).log()[0]
        assert (again.id, again.annotation) == (version.id, "checked")
        with pytest.raises(LimitExceededError):
            session.annotate("HEAD", "x" * 201)

    # ids and lifetime

    def test_unknown_and_malformed_ids_are_not_found(self, store: Store) -> None:
        for unknown in ("0" * 43, "", "*", "a b", "x" * 257, "\ud800", "\0", "../etc", None):
            if unknown is not None:
                with pytest.raises(SessionNotFoundError):
                    store.session(unknown)
            with pytest.raises(SessionNotFoundError):
                store.delete(unknown)  # type: ignore[arg-type]
        assert store.sessions() == []

    def test_an_id_that_the_program_vouches_for_can_be_created(self, store: Store) -> None:
        session = store.session("user@example.org", create=True)
        committed(session, df=counts())
        assert_shows(store.session("user@example.org", create=True), df=counts())

    def test_sessions_share_nothing(self, store: Store) -> None:
        one, other = store.session(), store.session()
        committed(one, df=counts(1))
        committed(other, df=counts(2), n=1)
        assert_shows(store.session(one.id), df=counts(1))
        one.delete()
        assert_shows(store.session(other.id), df=counts(2), n=1)

    def test_another_secret_or_namespace_opens_nothing(self, url: str, session: Session) -> None:
        committed(session, df=counts())
        for other in ({"secret": "x"}, {"namespace": "other"}):
            with connect(url, **other) as store, pytest.raises(SessionNotFoundError):  # type: ignore[arg-type]
                store.session(session.id)

    def test_a_deleted_session_takes_no_commit(self, session: Session, store: Store) -> None:
        committed(session, df=counts(1))
        store.delete(session.id)
        session["df"] = counts(2)
        with pytest.raises(SessionNotFoundError):
            session.commit()
        with pytest.raises(SessionNotFoundError):
            session.refresh()
        with pytest.raises(SessionNotFoundError):
            session.touch()
        with pytest.raises(SessionNotFoundError):
            store.session(session.id)
        with pytest.raises(SessionNotFoundError):
            store.delete(session.id)
        assert store.sessions() == []

    def test_a_session_born_again_takes_nothing_from_the_dead(self, store: Store) -> None:
        old = store.session("user", create=True)
        committed(old, df=counts(1))
        old.delete()
        store.session("user", create=True)
        old["df"] = counts(2)
        with pytest.raises(SessionNotFoundError):
            old.commit()
        assert_shows(store.session("user"))

    def test_a_session_expires(self, session: Session, store: Store) -> None:
        committed(session, df=counts())
        session.expire(timedelta(seconds=1))
        time.sleep(1.2)
        with pytest.raises(SessionNotFoundError):
            store.session(session.id)
        assert store.sessions() == []

    def test_touch_and_a_longer_time_to_live_keep_everything_readable(
        self, session: Session, url: str
    ) -> None:
        committed(session, df=counts(200))
        session.expire(timedelta(days=400))
        session.touch()
        with connect(url) as fresh:
            assert_shows(fresh.session(session.id), df=counts(200))

    def test_a_time_to_live_is_at_least_a_second(self, session: Session) -> None:
        for ttl in (timedelta(0), timedelta(seconds=-5), timedelta(milliseconds=900)):
            with pytest.raises(ConfigurationError):
                session.expire(ttl)

    def test_operators_see_sessions_but_never_ids(self, store: Store) -> None:
        sessions = [store.session() for _ in range(3)]
        committed(sessions[0], df=counts(1))
        committed(sessions[0], df=counts(2))
        sessions[0].create_branch("side")
        infos = {info.key: info for info in store.sessions()}
        assert set(infos) == {s.key for s in sessions}
        assert (infos[sessions[0].key].versions, infos[sessions[0].key].branches) == (2, 2)
        assert not any(s.id in str(infos) for s in sessions)
        assert store.stats().sessions == 3
        assert store.stats().server.kind in ("memory", "redis", "valkey")
