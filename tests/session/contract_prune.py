"""What is pruned, what stays, and how sessions that were open elsewhere go on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from streamlit_redis_session import (
    ConfigurationError,
    Session,
    Store,
    Version,
    VersionNotFoundError,
    connect,
)
from streamlit_redis_session.objects import RefName

from .contract_parts import SessionParts, assert_shows, committed
from .frames import counts


def line_of(session: Session, *numbers: int) -> list[Version]:
    """Commit a frame of so many rows for each number; oldest first."""
    return [committed(session, df=counts(number)) for number in numbers]


def ids(versions: Any) -> list[str]:
    return [v if isinstance(v, str) else v.id for v in versions]


class PruneContract(SessionParts):
    def test_the_newest_stay_and_are_made_from_the_first(self, session: Session) -> None:
        versions = line_of(session, 1, 2, 3, 4, 5)

        report = session.prune(keep=2)

        assert ids(report.removed) == ids([versions[2], versions[1]])
        assert (report.kept_count, report.manifest_count) == (3, 2)
        assert report.reparented == (versions[3].id,)
        assert ids(session.log()) == ids([versions[4], versions[3], versions[0]])
        assert "2 versions removed, 3 kept" in str(report)

    def test_a_second_time_there_is_nothing_to_prune(self, session: Session) -> None:
        line_of(session, 1, 2, 3, 4)
        session.prune(keep=1)

        assert session.prune(keep=1).removed == ()

    def test_undo_and_redo_step_over_what_is_gone(self, session: Session) -> None:
        versions = line_of(session, 1, 2, 3, 4)
        session.prune(keep=1)

        assert session.undo().id == versions[0].id
        assert_shows(session, df=counts(1))
        assert session.redo().id == versions[3].id
        assert_shows(session, df=counts(4))

    def test_tags_branch_tips_head_and_branch_points_stay(self, session: Session) -> None:
        a, b, c, d, e = line_of(session, 1, 2, 3, 4, 5)
        session.tag("good", at=b.id)
        session.checkout(d.id)
        f, g = line_of(session, 6, 7)
        session.undo()

        report = session.prune(keep=0)

        assert ids(report.removed) == [c.id]
        graph = session.graph()
        parents = {v.id: v.parents for v in graph.versions}
        assert parents == {
            a.id: (),
            b.id: (a.id,),
            d.id: (b.id,),
            e.id: (d.id,),
            f.id: (d.id,),
            g.id: (f.id,),
        }
        assert ids(session.redo_path()) == [g.id]

    def test_versions_that_nothing_names_go(self, session: Session) -> None:
        a, b = line_of(session, 1, 2)
        session.undo()
        c = committed(session, df=counts(3))
        session.delete_branch("main")

        assert ids(session.prune(keep=0).removed) == [b.id]
        assert ids(session.log()) == ids([c, a])

    def test_a_time_or_a_function_says_what_stays(self, session: Session) -> None:
        versions = line_of(session, 1, 2, 3, 4)

        assert session.prune(keep=timedelta(hours=1)).removed == ()
        report = session.prune(keep=lambda version: version.id == versions[1].id)
        assert ids(report.removed) == [versions[2].id]

    @pytest.mark.parametrize("keep", [-1, True, timedelta(days=-1), "all", None])
    def test_what_makes_no_sense_prunes_nothing(self, session: Session, keep: Any) -> None:
        line_of(session, 1, 2, 3)

        with pytest.raises(ConfigurationError, match="keep="):
            session.prune(keep=keep)
        assert len(session.log()) == 3

    def test_a_fresh_process_sees_the_same_history(self, session: Session, url: str) -> None:
        line_of(session, 1, 2, 3, 4)
        session.annotate("HEAD", "checked")
        session.prune(keep=1)
        session.annotate("HEAD", "checked twice")

        with connect(url) as fresh:
            again = fresh.session(session.id)
            assert ids(again.log()) == ids(session.log())
            assert [v.annotation for v in again.log()] == ["checked twice", ""]
            assert again.undo().parents == ()

    def test_what_is_gone_has_no_name_any_more(self, session: Session) -> None:
        versions = line_of(session, 1, 2, 3)
        session.prune(keep=1)

        with pytest.raises(VersionNotFoundError):
            session.read(versions[1].id, "df")

    def test_a_session_that_is_open_elsewhere_undoes_to_what_was_kept(
        self, session: Session, url: str
    ) -> None:
        versions = line_of(session, 1, 2, 3, 4)
        with connect(url) as store:
            other = store.session(session.id)
            assert ids(other.log()) == ids(versions[::-1])
            session.prune(keep=1)

            assert other.undo().id == versions[0].id
            assert_shows(other, df=counts(1))
            assert other.redo().id == versions[3].id
            assert len(other.graph().versions) == 2

    def test_what_is_undone_to_is_read_from_the_store_if_need_be(
        self, session: Session, url: str
    ) -> None:
        versions = line_of(session, 1, 2, 3, 4)
        with connect(url) as store:
            other = store.session(session.id)
            assert other.can_undo
            session.prune(keep=1)
            assert other.undo().id == versions[0].id
            assert_shows(other, df=counts(1))

    def test_a_pruned_history_is_sound(self, session: Session, store: Store) -> None:
        line_of(session, 1, 2, 3, 4)
        session.undo(2)
        line_of(session, 5, 6)
        session.prune(keep=0)
        assert store.verify(session.id).faults == ()

    def test_a_commit_on_a_pruned_version_gets_a_branch_of_its_own(
        self, session: Session, url: str
    ) -> None:
        """Its values are whole, also those that only the pruned version had a manifest of."""
        line_of(session, 1)
        committed(session, df=counts(2), by=counts(20))
        with connect(url) as store:
            other = store.session(session.id)
            assert_shows(other, df=counts(2), by=counts(20))
            session.update(by=counts(21))
            last = line_of(session, 3, 4)[-1]
            session.prune(keep=1)
            other["df"] = counts(9)

            made = other.commit()

            assert made is not None
            assert made.parents == (session.log()[-1].id,)
            assert other.head.branch == "main-2"
            assert session.graph().branches[RefName("main")] == last.id
        with connect(url) as store:
            assert_shows(store.session(session.id), df=counts(9), by=counts(20))

    def test_a_value_that_nobody_ever_read_is_named_when_it_is_gone(
        self, session: Session, url: str
    ) -> None:
        line_of(session, 1)
        committed(session, df=counts(2), by=counts(20))
        with connect(url) as store:
            other = store.session(session.id)
            session["by"] = counts(21)
            line_of(session, 3)
            session.prune(keep=1)
            other["df"] = counts(9)

            with pytest.raises(Exception, match="'by' is damaged: it was pruned"):
                other.commit()

    def test_a_tag_made_meanwhile_keeps_its_version(self, session: Session, url: str) -> None:
        versions = line_of(session, 1, 2, 3, 4)
        with connect(url) as store:
            store.session(session.id).tag("kept", at=versions[1].id)
        assert ids(session.prune(keep=1).removed) == [versions[2].id]

    def test_settings_saved_elsewhere_do_not_stop_it(self, session: Session, url: str) -> None:
        line_of(session, 1, 2, 3)
        with connect(url) as store:
            other = store.session(session.id)
            other["chart"] = "line"
            other.commit()
        assert len(session.prune(keep=1).removed) == 1
