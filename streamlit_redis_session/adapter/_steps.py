"""Which widget made a step, and whether the step goes on from the last one (rule 7 of history)."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from streamlit_redis_session.adapter import _streamlit_private as private
from streamlit_redis_session.adapter._saving import Committed, Snapshot
from streamlit_redis_session.objects import VersionId

WITHIN_S = 2.0
"""Steps of one widget that are no further apart are one step."""


@dataclass(frozen=True, slots=True)
class Step:
    """The last version that this tab made, and what made it."""

    version: VersionId
    widget_id: str
    ended_at: float


class Steps:
    """Tells drags and typing from clicks, for one tab.

    The script thread marks snapshots, in the order of the runs; the writer asks about them, in
    the same order.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._run: private.Run | None = None
        self._carried: dict[str, bool] = {}
        """Widgets that moved in a run which gave way to the one after it."""
        self._last: Step | None = None

    # the script thread

    def run_ended(self, run: private.Run) -> None:
        """Hear that a run has ended, before its snapshot is taken."""
        self._run = run
        if run.ended_for_rerun or not run.has_body_run:
            self._carried = {**self._carried, **run.state.moved_widgets()}

    def mark(self, snapshot: Snapshot) -> None:
        """Note in a snapshot which widget alone made the run, if it is dragged or typed into."""
        run, self._run = self._run, None
        if run is None:
            return
        carried, self._carried = self._carried, self._carried if run.ended_for_rerun else {}
        if not snapshot or snapshot.is_echo:
            return
        moved = {**carried, **run.state.moved_widgets()}
        snapshot.ended_at = self.clock()
        if len(moved) == 1 and all(moved.values()):
            (snapshot.widget_id,) = moved

    def forget(self) -> None:
        """Let nothing go on from the last step: the person has moved head."""
        self._last = None

    # the writer

    def replaces(
        self, snapshot: Snapshot, shown_elsewhere: Collection[VersionId | None]
    ) -> VersionId | None:
        """Give the version whose place this step takes; ``None``: it is a step of its own."""
        last = self._last
        if last is None or snapshot.widget_id != last.widget_id:
            return None
        if snapshot.ended_at - last.ended_at > WITHIN_S or last.version in shown_elsewhere:
            return None
        return last.version

    def made(self, snapshot: Snapshot, committed: Committed | None) -> None:
        """Hear what became of a snapshot."""
        if committed is None:
            return
        version = committed.head.version
        is_new = committed.how not in ("nothing", "redo", "back")
        goes_on = self._last is not None and self._last.version == version
        if snapshot.widget_id is None or version is None or not (is_new or goes_on):
            self._last = None
        else:
            self._last = Step(version, snapshot.widget_id, snapshot.ended_at)
