"""A head of one's own: nobody else moves it, and it moves nobody else."""

from __future__ import annotations

import pytest

from streamlit_redis_session import Head, Session, Store
from streamlit_redis_session.objects import RefName

from .contract_parts import SessionParts, assert_shows, committed
from .frames import counts

MAIN = RefName("main")


class AloneContract(SessionParts):
    @pytest.fixture
    def shared(self, session: Session) -> Session:
        """What everybody shows: two versions on main."""
        committed(session, df=counts(1), n=1)
        committed(session, df=counts(2), n=2)
        return session

    @pytest.fixture
    def alone(self, shared: Session, store: Store) -> Session:
        alone = store.session(shared.id)
        alone.follows = False
        return alone

    def test_the_first_commit_starts_a_branch_and_the_next_one_goes_on_there(
        self, shared: Session, alone: Session, store: Store
    ) -> None:
        before = shared.head
        first = committed(alone, df=counts(3))
        second = committed(alone, df=counts(4))

        assert first.parents == (before.version,)
        assert second.parents == (first.id,)
        assert alone.head == Head(RefName("main-2"), second.id)
        assert not shared.refresh()
        assert shared.head == before
        assert shared.graph().branches == {"main": before.version, "main-2": second.id}
        assert_shows(shared, df=counts(2), n=2)
        assert_shows(store.session(shared.id), df=counts(2), n=2)

    def test_undo_and_redo_and_checkout_move_nobody_else(
        self, shared: Session, alone: Session, store: Store
    ) -> None:
        before = shared.head
        alone.undo()
        assert_shows(alone, df=counts(1), n=1)
        assert alone.redo().id == before.version
        alone.checkout("HEAD~1")
        assert_shows(alone, df=counts(1), n=1)

        assert not shared.refresh()
        assert store.session(shared.id).head == before
        assert_shows(store.session(shared.id), df=counts(2), n=2)

    def test_nothing_moves_it(self, shared: Session, alone: Session) -> None:
        before = alone.head
        version = committed(shared, df=counts(5))
        assert alone.is_behind()
        assert not alone.refresh()
        assert alone.head == before
        assert_shows(alone, df=counts(2), n=2)
        assert alone.graph().branches == {"main": version.id}
        assert not alone.is_behind()

        committed(alone, df=counts(6))
        assert alone.head.branch == "main-2"
        shared.refresh()
        assert_shows(shared, df=counts(5), n=2)

    def test_other_values_are_not_joined_with_what_others_did(
        self, shared: Session, alone: Session
    ) -> None:
        """On a shared head they would be: here nobody has looked at the others' work."""
        committed(shared, by=counts(5))
        committed(alone, df=counts(6))
        assert_shows(alone, df=counts(6), n=2)
        assert alone.head.branch == "main-2"

    def test_an_edit_after_an_undo_goes_to_a_new_branch(
        self, shared: Session, alone: Session
    ) -> None:
        committed(alone, df=counts(3))
        committed(alone, df=counts(4))
        alone.undo()
        committed(alone, df=counts(5))
        assert alone.head.branch == "main-3"
        assert set(alone.graph().branches) == {"main", "main-2", "main-3"}
        assert not shared.refresh()

    def test_an_edit_that_repeats_the_next_step_is_a_redo_that_moves_nobody_else(
        self, shared: Session, alone: Session
    ) -> None:
        tip = shared.head.version
        alone.undo()
        alone["df"], alone["n"] = counts(2), 2
        version = alone.commit()
        assert version is not None
        assert version.id == tip == alone.head.version
        assert set(alone.graph().branches) == {"main"}

    def test_the_branch_that_others_show_is_never_extended(
        self, shared: Session, alone: Session
    ) -> None:
        committed(alone, df=counts(3))
        shared.switch("main-2")
        committed(alone, df=counts(4))
        assert alone.head.branch == "main-3"
        assert not shared.can_redo
        alone.switch("main")
        committed(alone, df=counts(5))
        assert alone.head.branch == "main-4"
        assert shared.graph().branches[MAIN] == committed_at(alone, "main-4~1")

    def test_two_of_them_do_not_meet(self, alone: Session, store: Store) -> None:
        other = store.session(alone.id)
        other.follows = False
        mine, theirs = committed(alone, df=counts(3)), committed(other, df=counts(4))
        assert (alone.head.branch, other.head.branch) == ("main-2", "main-3")
        assert mine.parents == theirs.parents
        other.switch("main-2")
        committed(alone, df=counts(5))
        committed(other, df=counts(6))
        assert other.head.branch == "main-4"

    def test_a_branch_that_it_made_by_name_is_its_own(
        self, shared: Session, alone: Session
    ) -> None:
        alone.create_branch("try")
        alone.switch("try")
        committed(alone, df=counts(3))
        assert alone.head.branch == "try"
        assert not shared.refresh()
        assert set(shared.graph().branches) == {"main", "try"}

    def test_the_settings_of_the_moment_stay_with_it(
        self, shared: Session, alone: Session, store: Store
    ) -> None:
        alone["n"] = 50
        assert alone.commit() is None
        assert_shows(store.session(shared.id), df=counts(2), n=2)
        alone["df"] = counts(3)
        alone.commit()
        assert_shows(store.session(shared.id), df=counts(2), n=2)
        assert not shared.refresh()
        assert shared.read("main-2", "n") == 50

    def test_the_first_version_of_a_session_is_everybody_s(self, store: Store) -> None:
        alone = store.session()
        alone.follows = False
        version = committed(alone, df=counts(1))
        assert store.session(alone.id).head == Head(MAIN, version.id)
        committed(alone, df=counts(2))
        assert alone.head.branch == "main-2"
        assert_shows(store.session(alone.id), df=counts(1))

    def test_who_follows_again_shows_what_all_show(self, shared: Session, alone: Session) -> None:
        committed(alone, df=counts(3))
        alone.follows = True
        assert alone.is_behind()
        assert alone.refresh()
        assert alone.head == shared.head
        assert_shows(alone, df=counts(2), n=2)

    def test_what_it_does_is_news_to_others_and_not_to_itself(
        self, shared: Session, alone: Session, store: Store
    ) -> None:
        heard = []
        subscription = store.subscribe(lambda *change: heard.append(change), lambda _: None)
        committed(alone, df=counts(3))
        with shared.quietly(True):
            committed(shared, df=counts(4))
        committed(shared, df=counts(5))
        subscription.close()
        if not store.where.startswith("memory://"):
            return  # over a wire it is told some time later
        kinds = [(told.kind, told.moves_head, told.is_quiet) for _, _, told in heard]
        assert kinds == [
            (b"aside", False, False),
            (b"commit", True, True),
            (b"commit", True, False),
        ]
        aside, quiet, last = heard
        assert (shared.is_own(quiet[2]), shared.is_own(last[2])) == (True, True)
        assert (alone.is_own(aside[2]), alone.is_own(last[2])) == (True, False)
        assert alone.known_seq < last[1]
        alone.refresh()
        assert alone.known_seq == last[1]


def committed_at(session: Session, ref: str) -> object:
    return session.log(ref)[0].id
