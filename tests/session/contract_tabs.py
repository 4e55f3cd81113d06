"""Two tabs, one session."""

from __future__ import annotations

import threading

import pytest

from streamlit_redis_session import Head, Session, SessionNotFoundError, Store, connect

from .contract_parts import SessionParts, assert_shows, committed
from .frames import counts, flights


class TabsContract(SessionParts):
    @pytest.fixture
    def other(self, store: Store, session: Session) -> Session:
        """A second tab, which saw the first version."""
        committed(session, df=counts(1), by=counts(1))
        return store.session(session.id)

    def test_refresh_follows_what_others_committed(self, session: Session, other: Session) -> None:
        assert not other.refresh()
        committed(session, df=counts(2), n=5)
        assert other.refresh()
        assert other.head == session.head
        assert_shows(other, df=counts(2), by=counts(1), n=5)
        assert not other.refresh()

    def test_refresh_follows_an_undo(self, session: Session, other: Session) -> None:
        committed(session, df=counts(2))
        other.refresh()
        session.undo()
        assert other.refresh()
        assert_shows(other, df=counts(1), by=counts(1))
        assert other.can_redo

    def test_uncommitted_values_stay_on_refresh(self, session: Session, other: Session) -> None:
        other["df"] = flights()
        committed(session, df=counts(2))
        assert not other.refresh()
        assert_shows(other, df=flights(), by=counts(1))
        committed(other)
        assert other.head.branch == "main-2"

    def test_a_value_that_cannot_be_stored_does_not_stop_a_refresh(
        self, session: Session, other: Session
    ) -> None:
        other["bad"] = bad = lambda: None
        committed(session, df=counts(2))
        assert other.refresh()
        assert_shows(other, df=counts(2), by=counts(1), bad=bad)

    def test_an_edit_that_cannot_be_stored_is_not_overwritten_by_a_refresh(
        self, session: Session, other: Session
    ) -> None:
        other["df"] = bad = {"frame": counts(), "lock": threading.Lock()}
        committed(session, df=counts(2))
        assert not other.refresh()
        assert other["df"] is bad

    def test_edits_of_different_values_end_in_one_line_with_both(
        self, session: Session, other: Session, url: str
    ) -> None:
        first = committed(session, df=counts(2))
        second = committed(other, by=counts(3))
        assert second.parents == (first.id,)
        assert other.head == Head(session.head.branch, second.id)
        assert_shows(other, df=counts(2), by=counts(3))
        assert session.refresh()
        assert_shows(session, df=counts(2), by=counts(3))
        with connect(url) as fresh:
            assert_shows(fresh.session(session.id), df=counts(2), by=counts(3))

    def test_edits_of_the_same_value_end_on_two_branches(
        self, session: Session, other: Session
    ) -> None:
        first = committed(session, df=counts(2))
        second = committed(other, df=counts(3))
        assert first.parents == second.parents
        assert other.graph().branches == {"main": first.id, "main-2": second.id}
        assert_shows(other, df=counts(3), by=counts(1))
        assert session.refresh()
        assert session.head == other.head
        session.switch("main")
        assert_shows(session, df=counts(2), by=counts(1))

    def test_the_same_edit_in_two_tabs_is_one_version(
        self, session: Session, other: Session
    ) -> None:
        first = committed(session, df=counts(2))
        other["df"] = counts(2)
        assert other.commit() is None
        assert other.head.version == first.id

    def test_two_first_versions_share_one_root(self, store: Store) -> None:
        one = store.session()
        two = store.session(one.id)
        first = committed(one, df=counts(1))
        second = committed(two, by=counts(2))
        assert second.parents == (first.id,)
        assert_shows(two, df=counts(1), by=counts(2))

    def test_names_made_by_others_are_known_at_once(self, session: Session, other: Session) -> None:
        version = committed(session, df=counts(2))
        session.create_branch("side")
        session.tag("v1")
        assert other.checkout("v1").id == version.id
        assert other.switch("side").id == version.id

    def test_switching_goes_to_the_tip_of_the_moment(
        self, session: Session, other: Session
    ) -> None:
        version = committed(session, df=counts(2))
        assert other.switch("main").id == version.id

    def test_a_rename_does_not_undo_what_another_tab_undid(
        self, session: Session, other: Session, store: Store
    ) -> None:
        committed(session, df=counts(2))
        other.refresh()
        session.undo()
        other.rename_branch("main", "work")
        assert_shows(store.session(session.id), df=counts(1), by=counts(1))

    def test_an_undo_on_a_branch_that_was_renamed_meanwhile_stays_on_it(
        self, session: Session, other: Session
    ) -> None:
        version = committed(session, df=counts(2))
        assert other.refresh()
        session.rename_branch("main", "work")
        other.undo()
        assert other.head.branch == "work"
        assert other.redo() == version

    def test_a_session_that_others_deleted_is_gone_and_not_damaged(
        self, session: Session, other: Session, store: Store
    ) -> None:
        committed(session, df=counts(2))
        behind = store.session(session.id)
        session.delete()
        for use in (behind.undo, behind.log, other.commit):
            other["df"] = counts(9)
            with pytest.raises(SessionNotFoundError):
                use()

    def test_settings_of_one_tab_do_not_move_another(
        self, session: Session, other: Session
    ) -> None:
        session["chart"] = "line"
        session.commit()
        assert not other.refresh()
        assert_shows(other, df=counts(1), by=counts(1))

    @pytest.mark.parametrize("rounds", [10, pytest.param(100, marks=pytest.mark.slow)])
    def test_no_version_of_four_threads_is_lost(self, url: str, rounds: int) -> None:
        """Two Session objects of one id, each used by two threads, all writing one value."""
        store = connect(url)
        opened = [store.session()]
        opened.append(store.session(opened[0].id))
        made: list[tuple[str, int]] = []
        failures: list[BaseException] = []
        turns = [threading.Lock(), threading.Lock()]

        def work(number: int) -> None:
            session = opened[number % 2]
            try:
                for step in range(rounds):
                    rows = 1 + number * rounds + step
                    with turns[number % 2]:  # set and commit belong together
                        session["df"] = counts(rows)
                        version = session.commit()
                    assert version is not None
                    made.append((version.id, rows))
            except BaseException as error:  # noqa: BLE001 - shown by the test itself
                failures.append(error)

        threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert len({version for version, _ in made}) == 4 * rounds
        with connect(url) as fresh:
            session = fresh.session(opened[0].id)
            reachable = {v.id for name in session.graph().branches for v in session.log(name)}
            assert {version for version, _ in made} <= reachable
            for version, rows in made:
                read = session.read(version, "df")
                assert read.shape == (rows, 4)  # type: ignore[attr-defined]
        store.close()
