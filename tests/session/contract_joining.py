"""Rule 7 below the app: a version takes the place of the one before it."""

from __future__ import annotations

import pytest
from support.identical import assert_identical

from streamlit_redis_session import Session, Store, Version, VersionNotFoundError, connect
from streamlit_redis_session.history import Committed
from streamlit_redis_session.session._core import refuse_all
from streamlit_redis_session.storage import Transaction

from .contract_parts import SessionParts, assert_shows, committed
from .frames import counts


def joined(session: Session, replaced: Version, **values: object) -> Committed:
    """Commit in the place of a version, as a drag that goes on does."""
    session.update(values)
    found = session.commit_staged(None, refuse=refuse_all, replaces=replaced.id)
    assert found is not None
    return found


class JoiningContract(SessionParts):
    @pytest.fixture
    def first(self, session: Session) -> Version:
        return committed(session, df=counts(1), by=counts(1))

    @pytest.fixture
    def step(self, session: Session, first: Version) -> Version:
        made = committed(session, df=counts(2))
        assert made.parents == (first.id,)
        return made

    @pytest.fixture
    def elsewhere(self, store: Store, session: Session, step: Version) -> Session:
        """Another process, which shows the step that is going to be replaced."""
        found = store.session(session.id)
        assert found.head.version == step.id
        return found

    def test_the_later_version_has_the_parent_of_the_one_it_replaces(
        self, session: Session, first: Version, step: Version, url: str
    ) -> None:
        made = joined(session, step, df=counts(9))
        assert made.how == "join"
        assert made.version.parents == (first.id,)
        assert made.version.replaces == step.id
        assert session.graph().versions == (made.version, first)
        assert session.graph().branches == {"main": made.version.id}
        with connect(url) as fresh:
            again = fresh.session(session.id)
            assert again.graph() == session.graph()
            assert_shows(again, df=counts(9), by=counts(1))

    def test_its_changes_are_those_since_that_parent(self, session: Session, step: Version) -> None:
        made = joined(session, step, df=counts(5), by=counts(3), new=counts(4))
        assert {str(c) for c in made.version.changes} == {
            "df: +4 rows",
            "by: +2 rows",
            "new: new, 4 x 4",
        }
        last = joined(session, made.version, df=counts(6))
        assert "by: +2 rows" in last.version.message
        assert "df: +5 rows" in last.version.message

    def test_a_value_that_the_drag_removed_is_removed_since_that_parent(
        self, session: Session, step: Version
    ) -> None:
        del session["by"]
        made = joined(session, step, df=counts(3))
        assert made.version.message == "by: removed; df: +2 rows"

    def test_a_message_stays_until_another_is_given(self, session: Session) -> None:
        committed(session, df=counts(1))
        named = committed(session, "Outliers", df=counts(2))
        made = joined(session, named, df=counts(3))
        assert made.version.message == "Outliers"
        session["df"] = counts(4)
        last = session.commit_staged("Other", refuse=refuse_all, replaces=made.version.id)
        assert last is not None
        assert last.version.message == "Other"

    def test_a_step_that_leads_back_is_none(
        self, session: Session, first: Version, step: Version
    ) -> None:
        made = joined(session, step, df=counts(1))
        assert (made.how, made.head.version) == ("back", first.id)
        assert session.graph().versions == (first,)
        assert session.graph().branches == {"main": first.id}
        assert_shows(session, df=counts(1), by=counts(1))
        assert not session.can_undo
        assert not session.can_redo

    def test_the_first_version_stays(self, session: Session, first: Version) -> None:
        """Who shows it still could make a second beginning of it."""
        made = joined(session, first, df=counts(5))
        assert made.version.parents == (first.id,)
        assert session.log() == [made.version, first]

    def test_undo_goes_to_before_and_redo_to_the_end(
        self, session: Session, first: Version, step: Version
    ) -> None:
        made = joined(session, joined(session, step, df=counts(3)).version, df=counts(4))
        assert session.undo() == first
        assert session.redo_path() == (made.version.id,)
        assert session.redo() == made.version

    @pytest.mark.parametrize("name", ["tag", "create_branch"])
    def test_a_name_in_another_process_keeps_a_version(
        self, session: Session, elsewhere: Session, step: Version, name: str
    ) -> None:
        """Our process has not heard of the name, and no script checks for one that is new."""
        getattr(elsewhere, name)("kept")
        made = joined(session, step, df=counts(3))
        session.refresh()
        assert_shows_at(session, "kept", df=counts(2), by=counts(1))
        assert step in session.graph().versions
        assert made.version in session.graph().versions

    def test_a_version_that_others_went_on_from_is_not_replaced(
        self, session: Session, elsewhere: Session, step: Version
    ) -> None:
        theirs = committed(elsewhere, by=counts(7))
        made = joined(session, step, df=counts(3))
        assert made.how == "rebase"
        assert made.version.parents == (theirs.id,)
        assert_shows(session, df=counts(3), by=counts(7))

    def test_who_saw_the_replaced_version_is_rebased_onto_the_later_one(
        self, session: Session, elsewhere: Session, step: Version
    ) -> None:
        made = joined(session, step, df=counts(3))
        theirs = committed(elsewhere, by=counts(7))
        assert theirs.parents == (made.version.id,)
        assert_shows(elsewhere, df=counts(3), by=counts(7))

    def test_who_saw_one_of_several_replaced_versions_is_rebased_too(
        self, session: Session, elsewhere: Session, step: Version
    ) -> None:
        made = joined(session, joined(session, step, df=counts(3)).version, df=counts(4))
        theirs = committed(elsewhere, by=counts(7))
        assert theirs.parents == (made.version.id,)

    def test_an_edit_of_the_same_value_keeps_the_replaced_version(
        self, session: Session, elsewhere: Session, step: Version
    ) -> None:
        made = joined(session, step, df=counts(3))
        theirs = committed(elsewhere, df=counts(7))
        assert theirs.parents == (step.id,)
        assert elsewhere.graph().branches == {"main": made.version.id, "main-2": theirs.id}
        assert step in elsewhere.graph().versions
        assert_shows_at(elsewhere, "main-2~1", df=counts(2), by=counts(1))

    def test_who_shows_the_replaced_version_can_undo_read_and_follow(
        self, session: Session, elsewhere: Session, first: Version, step: Version
    ) -> None:
        made = joined(session, step, df=counts(3))
        assert_shows(elsewhere, df=counts(2), by=counts(1))
        assert elsewhere.redo_path() == ()
        assert step in elsewhere.graph().versions
        assert elsewhere.refresh()
        assert_shows(elsewhere, df=counts(3), by=counts(1))
        assert step not in elsewhere.graph().versions
        assert elsewhere.undo() == first
        assert elsewhere.redo() == made.version

    def test_an_edit_that_is_in_the_later_version_already_makes_nothing(
        self, session: Session, elsewhere: Session, step: Version
    ) -> None:
        """As when the answer to the first try was lost and the writer tries again."""
        made = joined(session, step, df=counts(3))
        again = joined(elsewhere, step, df=counts(3))
        assert (again.how, again.version) == ("nothing", made.version)

    def test_a_repeated_join_never_pulls_others_back(
        self, session: Session, elsewhere: Session, store: Store, step: Version
    ) -> None:
        joined(session, step, df=counts(3))
        theirs = committed(store.session(session.id), df=counts(8))
        again = joined(elsewhere, step, df=counts(3))
        assert (again.how, again.head.version) == ("nothing", theirs.id)
        assert len(elsewhere.graph().versions) == 3

    def test_a_repeated_join_after_an_undo_is_the_redo(
        self, session: Session, elsewhere: Session, step: Version
    ) -> None:
        made = joined(session, step, df=counts(3))
        session.undo()
        again = joined(elsewhere, step, df=counts(3))
        assert (again.how, again.version) == ("redo", made.version)

    def test_a_repeated_way_back_makes_nothing(
        self, session: Session, elsewhere: Session, first: Version, step: Version
    ) -> None:
        joined(session, step, df=counts(1))
        again = joined(elsewhere, step, df=counts(1))
        assert (again.how, again.version) == ("nothing", first)

    def test_a_replaced_version_can_be_read_and_checked_out_by_its_id(
        self, session: Session, step: Version
    ) -> None:
        joined(session, step, df=counts(3))
        assert_shows_at(session, step.id, df=counts(2), by=counts(1))
        assert session.checkout(step.id) == step
        after = committed(session, df=counts(30))
        assert session.head.branch == "main-2"
        assert session.log()[:2] == [after, step]

    def test_one_whose_record_is_gone_is_named_and_head_stays(
        self, session: Session, step: Version, url: str
    ) -> None:
        made = joined(session, step, df=counts(3))
        with connect(url) as store:
            record = store._backend.read_session(session.key)
            assert record is not None
            change = Transaction("prune-0123456789", record.epoch, 60, delete_versions=[step.id])
            store._backend.transact(session.key, change)
            fresh = store.session(session.id)
            with pytest.raises(VersionNotFoundError, match=step.id[:8]):
                fresh.checkout(step.id)
            assert fresh.head == made.head
            assert fresh.graph().versions == session.graph().versions


def assert_shows_at(session: Session, ref: str, **values: object) -> None:
    """Fail unless a version holds exactly these values."""
    assert set(session.log(ref)[0].values) == set(values)
    for key, value in values.items():
        assert_identical(session.read(ref, key), value, key)
