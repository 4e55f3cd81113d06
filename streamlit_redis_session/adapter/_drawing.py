"""What the widgets of one tab show, and which of them have to be drawn anew."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from streamlit_redis_session.adapter import _streamlit_private as private
from streamlit_redis_session.adapter._own_head import keep_branch
from streamlit_redis_session.errors import StorageError
from streamlit_redis_session.history import VersionGraph
from streamlit_redis_session.objects import DEFAULT_BRANCH, Head, VersionId

if TYPE_CHECKING:
    from streamlit_redis_session.adapter._tab import Tab

_EMPTY = VersionGraph((), {}, {}, Head(DEFAULT_BRANCH, None)), ()


class Drawing:
    """Remembers what was drawn, so that nothing is drawn twice, and nothing waits for the store."""

    def __init__(self, tab: Tab) -> None:
        self._tab = tab
        self._shown: dict[str, tuple[str, object]] = {}
        """Widget key -> the fragment that draws it, and what it showed last."""
        self._history: tuple[VersionGraph, tuple[VersionId, ...]] | None = None
        self._history_seq: int | None = None

    def forget_history(self) -> None:
        """Hear that the history is another one."""
        self._history = None

    @property
    def is_stuck(self) -> bool:
        """Whether a call of the session would wait for a store that does not answer."""
        return self._tab.hub.watch.is_out and self._tab.working_session.is_busy

    def history(self) -> tuple[VersionGraph, tuple[VersionId, ...]]:
        """Give the graph and the redo path; while something is being saved, as they were before.

        So a rerun that draws the history does not wait for the store.
        """
        tab, session = self._tab, self._tab.working_session
        if self._history is None or not (tab.hub.writer.is_waiting(tab) or self.is_stuck):
            self._history_seq = session.seen_seq  # first: what is newer than it is drawn anew
            try:
                with tab.hub.watch.asking(recall=True):
                    self._history = session.graph(), session.redo_path()
            except StorageError as error:
                tab.not_saved(str(error))
        return self._history or _EMPTY

    def drawn(self, widget_key: str, fragment_id: str | None, look: tuple[object, ...]) -> None:
        """Note what a widget shows: the look from before its payload was built, and history."""
        keep_branch(self._tab.session)
        if fragment_id is not None:
            self._shown[widget_key] = (fragment_id, (*look, self._history_seq))

    def redraw(self) -> None:
        """Draw the widgets of this tab anew, if they show something else; not the app."""
        look = (*self._tab.look(), self._tab.working_session.seen_seq)
        stale = {f for f, shown in list(self._shown.values()) if shown != look}
        for fragment_id in stale:
            private.request_rerun(self._tab.tab_id, fragment_id)
        self._tab.hub.live.asked_to_draw(self._tab, is_needed=bool(stale))

    def interrupted(self, fragment_ids: Collection[str]) -> None:
        """Hear that the widgets of these fragments may not have reached the page."""
        for widget_key, (fragment_id, _) in list(self._shown.items()):
            if fragment_id in fragment_ids:
                self._shown[widget_key] = (fragment_id, None)
                self._tab.hub.live.asked_to_draw(self._tab, is_needed=True)
