"""Undo, redo, checkout, and what an edit after them does."""

from __future__ import annotations

import pytest
from support.identical import assert_identical

from streamlit_redis_session import (
    Head,
    NotFoundError,
    NothingToRedoError,
    NothingToUndoError,
    RefNotFoundError,
    Session,
    Store,
    VersionNotFoundError,
    connect,
)

from .contract_parts import SessionParts, assert_shows, committed, frame_of
from .frames import counts, flights


def line(session: Session, length: int = 5) -> list[str]:
    """Commit versions whose ``df`` has 1, 2, 3, ... rows; give their ids."""
    return [committed(session, df=counts(n + 1)).id for n in range(length)]


class MovesContract(SessionParts):
    def test_undo_then_redo_of_the_same_number_is_the_identity(self, session: Session) -> None:
        ids = line(session)
        head = session.head
        for steps in range(1, 5):
            assert session.undo(steps).id == ids[4 - steps]
            assert_shows(session, df=counts(5 - steps))
            assert session.head.branch == "main"
            assert session.redo(steps).id == ids[4]
            assert session.head == head
            assert_shows(session, df=counts(5))

    def test_undo_survives_the_process(self, session: Session, url: str) -> None:
        line(session)
        session.undo(2)
        with connect(url) as fresh:
            again = fresh.session(session.id)
            assert_shows(again, df=counts(3))
            assert again.can_redo
            again.redo(2)
            assert_shows(again, df=counts(5))

    def test_too_many_steps_are_an_error_and_nothing_moves(self, session: Session) -> None:
        line(session, 3)
        head = session.head
        with pytest.raises(NothingToUndoError) as undo:
            session.undo(3)
        assert (undo.value.steps, undo.value.available) == (3, 2)
        with pytest.raises(NothingToRedoError):
            session.redo()
        for steps in (0, -1):
            with pytest.raises(NothingToUndoError):
                session.undo(steps)
        assert session.head == head
        session.undo(2)
        assert not session.can_undo
        assert session.can_redo
        with pytest.raises(NothingToRedoError) as redo:
            session.redo(3)
        assert redo.value.available == 2

    def test_nothing_can_be_undone_before_the_first_version(self, session: Session) -> None:
        with pytest.raises(NothingToUndoError):
            session.undo()
        committed(session, df=counts())
        with pytest.raises(NothingToUndoError):
            session.undo()

    def test_an_uncommitted_edit_is_committed_before_an_undo(self, session: Session) -> None:
        line(session, 2)
        frame_of(session).loc[0, "b"] = 77
        edited = frame_of(session).copy()
        session.undo()
        assert_shows(session, df=counts(2))
        session.redo()
        assert_shows(session, df=edited)

    def test_an_edit_after_undo_starts_a_branch_and_keeps_the_old_tip(
        self, session: Session
    ) -> None:
        ids = line(session, 3)
        session.undo()
        version = committed(session, df=flights())
        assert session.head == Head(session.head.branch, version.id)
        assert session.head.branch == "main-2"
        assert session.graph().branches == {"main": ids[2], "main-2": version.id}
        assert not session.can_redo
        session.undo()
        assert committed(session, df=flights(9)).parents == (ids[1],)
        assert session.head.branch == "main-3"

    def test_an_edit_equal_to_the_redo_step_is_that_redo(self, session: Session) -> None:
        ids = line(session, 3)
        session.undo(2)
        assert committed(session, df=counts(2)).id == ids[1]
        assert session.head.branch == "main"
        assert session.can_redo
        assert len(session.graph().versions) == 3

    def test_the_same_filter_after_undo_is_a_redo_however_it_is_stored(
        self, session: Session
    ) -> None:
        whole = flights(rows=60_000)
        committed(session, df=whole)
        filtered = committed(session, df=whole[whole.age > 20])
        session.undo()
        session["df"] = frame_of(session)[frame_of(session).age > 20]
        assert committed(session).id == filtered.id
        assert session.head.branch == "main"

    # checkout

    def test_checkout_goes_to_every_kind_of_ref(self, session: Session) -> None:
        ids = line(session)
        session.tag("first", at=ids[0])
        session.create_branch("side", at=ids[1])
        for ref, number, branch in [
            ("first", 0, "main"),
            ("side", 1, "side"),
            (ids[2], 2, "main"),
            (ids[3][:8], 3, "main"),
            ("main", 4, "main"),
            ("HEAD~2", 2, "main"),
            ("main~1^1", 2, "main"),
        ]:
            assert session.checkout(ref).id == ids[number]
            assert session.head == Head(session.head.branch, session.log()[0].id)
            assert session.head.branch == branch
            assert_shows(session, df=counts(number + 1))

    def test_an_unknown_ref_is_an_error_and_nothing_moves(self, session: Session) -> None:
        line(session, 2)
        head = session.head
        for ref in ("nobody", "HEAD~9", "HEAD^2", "", "*", "0" * 40, "\ud800"):
            with pytest.raises(NotFoundError):
                session.checkout(ref)
        assert session.head == head

    def test_head_names_nothing_in_an_empty_session(self, session: Session) -> None:
        with pytest.raises(VersionNotFoundError):
            session.checkout("HEAD")

    def test_checkout_of_some_keys_brings_back_these_values_alone(
        self, session: Session, store: Store
    ) -> None:
        first = committed(session, df=counts(1), by=counts(2), n=1)
        committed(session, df=counts(3), by=counts(4), n=2)
        head = session.head
        assert session.checkout(first.id, keys=["df", "n"]).id == first.id
        assert session.head == head
        assert session.is_dirty
        assert_shows(session, df=counts(1), by=counts(4), n=1)
        assert committed(session).parents == (head.version,)
        assert_shows(store.session(session.id), df=counts(1), by=counts(4), n=1)

    def test_checkout_of_unknown_keys_changes_nothing(self, session: Session) -> None:
        committed(session, df=counts(1))
        committed(session, df=counts(2))
        with pytest.raises(RefNotFoundError, match="nobody"):
            session.checkout("HEAD~1", keys=["df", "nobody"])
        assert_shows(session, df=counts(2))

    # looking

    def test_the_log_is_newest_first_along_first_parents(self, session: Session) -> None:
        ids = line(session)
        assert [v.id for v in session.log()] == ids[::-1]
        assert [v.id for v in session.log("HEAD~3")] == ids[1::-1]
        assert [v.short_id for v in session.log()] == [i[:8] for i in ids[::-1]]
        assert all(v.created_at.tzinfo is not None for v in session.log())

    def test_reading_an_old_value_moves_nothing(self, session: Session) -> None:
        ids = line(session)
        committed(session, n=7, df=counts(9))
        head = session.head
        for number, version in enumerate(ids):
            assert_identical(session.read(version, "df"), counts(number + 1))
        assert session.read("HEAD", "n") == 7
        assert session.head == head
        assert not session.is_dirty
        with pytest.raises(NotFoundError, match="nobody"):
            session.read("HEAD", "nobody")
        with pytest.raises(NotFoundError):
            session.read(ids[0], "n")

    def test_a_diff_says_what_differs(self, session: Session) -> None:
        frame = flights()
        committed(session, df=frame, by=counts(), gone=counts(1))
        edited = frame.copy()
        edited.loc[[3, 4], "fare"] = -1.0
        del session["gone"]
        committed(session, df=edited, new=counts(2))
        diff = session.diff()
        assert [str(c) for c in diff] == ["df: 2 cells of fare", "new: new, 2 x 4", "gone: removed"]
        assert diff.keys == ["df", "new", "gone"]
        frames = diff.frames("df")
        assert frames is not None
        assert list(frames.cells()["row"]) == [3, 4]
        assert diff.frames("new") is None
        assert [c.key for c in session.diff(key="df")] == ["df"]
        assert str(session.diff("HEAD", "HEAD~1").changes[0]) == "df: 2 cells of fare"
        assert not session.diff("HEAD", "HEAD")
        assert str(session.diff("HEAD", "HEAD")) == "no difference"

    def test_a_diff_of_an_unknown_value_or_version_is_an_error(self, session: Session) -> None:
        line(session, 2)
        for arguments in ({"key": "nobody"}, {"a": "nobody"}, {"b": "HEAD~7"}):
            with pytest.raises(NotFoundError):
                session.diff(**arguments)

    def test_the_graph_shows_everything(self, session: Session) -> None:
        ids = line(session, 3)
        session.tag("v1", at="HEAD~1")
        session.undo(2)
        committed(session, df=flights())
        graph = session.graph()
        assert {v.id for v in graph.versions} >= set(ids)
        assert len(graph.versions) == 4
        assert list(graph.branches) == ["main", "main-2"]
        assert graph.tags == {"v1": ids[1]}
        assert graph.head == session.head
        assert graph.to_json()
        assert graph.to_mermaid().count("-->") == 3
        assert graph.to_graphviz().source.count("->") == 3
