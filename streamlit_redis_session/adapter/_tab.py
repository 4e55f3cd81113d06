"""One browser tab: what its session state shows, and how much of that is saved."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Mapping
from threading import RLock
from typing import Literal

from streamlit_redis_session.adapter import _streamlit_private as private
from streamlit_redis_session.adapter._audit import Audit
from streamlit_redis_session.adapter._identity import find_session
from streamlit_redis_session.adapter._live import News
from streamlit_redis_session.adapter._options import Options
from streamlit_redis_session.adapter._own_head import keep_branch, take_head
from streamlit_redis_session.adapter._reading import let_go, read_values
from streamlit_redis_session.adapter._registry import Hub
from streamlit_redis_session.adapter._saving import (
    Committed,
    Notice,
    SaveJob,
    SaveState,
    Snapshot,
    TouchJob,
    apply,
    now,
    sentence_of,
    with_branch,
)
from streamlit_redis_session.adapter._seen import Seen, is_setting
from streamlit_redis_session.errors import (
    ConfigurationError,
    LimitExceededError,
    SessionNotFoundError,
    SessionStoreError,
    StorageError,
    UnsupportedValueError,
)
from streamlit_redis_session.history import VersionGraph
from streamlit_redis_session.objects import ManifestId, VersionId
from streamlit_redis_session.session import Session, connect

_LOGGER = logging.getLogger(__name__)

EXPIRED = "The session has expired or was deleted. Reload the page to go on."
TOUCHES = 10
"""How often the time to live of a session is started anew while it lives."""
_UNSAVED = ManifestId("")
SETTLE_TIMEOUT_S = 30.0
"""How long an undo waits at most for changes that are being saved."""


class Tab:
    """One tab's session, and the bookkeeping between it and ``st.session_state``.

    The script thread and the background writer meet here, under ``lock``.
    """

    def __init__(self, tab_id: str, hub: Hub, options: Options) -> None:
        self.tab_id = tab_id
        self.hub = hub
        self.options = options
        self.session: Session | None = None
        self.cookie: tuple[str, str] | None = None
        self.lock = RLock()
        self.save_state = SaveState("saved")
        self.notices: dict[str, Notice] = {}
        self.left_out: dict[str, str] = {}
        self.label: str | None = None
        self.run_token: object = None
        self.is_woken = False
        """Whether a run was asked for because another tab had saved something."""
        self.news = News()
        self._is_echo = False
        self._drawn: dict[str, tuple[str, object]] = {}
        """Widget key -> the fragment that draws it, and what it showed last."""
        self._seen = Seen()
        self._seen.freezes = options.is_frozen
        self.audit = Audit(hub.writer, self.lock, self._seen, self._save, hub.sweep)
        self._pending = Snapshot()
        """What a callback or an interrupted run changed, not yet given to the writer."""
        self._has_lost = False
        self._offline: Session | None = None
        self._history: tuple[VersionGraph, tuple[VersionId, ...]] | None = None
        self._history_seq: int | None = None
        self._shown: dict[str, ManifestId] = {}
        self._shown_version: VersionId | None = None
        self._touch_at = 0.0

    @property
    def working_session(self) -> Session:
        """The session; while the store has never answered, an empty one in memory."""
        if self.session is not None:
            return self.session
        if self._offline is None:
            self._offline = connect(f"memory://offline-{self.tab_id}").session()
        return self._offline

    def history(self) -> tuple[VersionGraph, tuple[VersionId, ...]]:
        """Give the graph and the redo path; while something is being saved, as they were before.

        So a rerun that draws the history does not wait for the store.
        """
        if self._history is None or not self.hub.writer.is_waiting(self):
            session = self.working_session
            self._history_seq = session.seen_seq  # first: what is newer than it is drawn anew
            self._history = session.graph(), session.redo_path()
        return self._history

    # opening

    def open(self, state: private.TabState, *, is_late: bool = False) -> None:
        """Find the session and restore what it holds into session state.

        When the store does not answer, the tab works without; the next runs try again, and
        then leave alone (``is_late``) what the app has made in the meantime.
        """
        try:
            found = find_session(self.hub.store, self.options.identity)
            take_head(found.session, follows=self.options.follows)
            values = self._read_all(found.session, state, is_late=is_late)
        except ConfigurationError:
            raise
        except SessionStoreError as error:
            self.hub.patience.failed()
            self.not_saved(str(error))
            return
        self.hub.patience.answered()
        self.session = found.session
        self.cookie = found.cookie
        if found.notice:
            self.notices["identity"] = Notice("warning", found.notice)
        found.session.settle = self._settle
        self.hub.join(self)
        self.save_state, self._has_lost = SaveState("saved"), False
        self._history = None
        self._restore(found.session, state, values, is_late=is_late)
        self._touch(found.session)

    def _read_all(
        self, session: Session, state: private.TabState, *, is_late: bool
    ) -> dict[str, object]:
        keys = {key for key in session if self.options.tracks(key)}
        return read_values(session, keys - state.read().keys() if is_late else keys, self.notices)

    def _restore(
        self,
        session: Session,
        state: private.TabState,
        values: Mapping[str, object],
        *,
        is_late: bool,
    ) -> None:
        present = state.read().keys()
        state.restore({k: v for k, v in values.items() if k not in present})
        state.write_undrawn({k: v for k, v in values.items() if k in present})
        self._seen.forget()
        self._note_shown(session, values)
        self._seen.note_settings(None if is_late else values)

    def _touch(self, session: Session) -> None:
        """Keep a session that is only looked at from expiring."""
        if time.monotonic() >= self._touch_at:
            self._touch_at = time.monotonic() + self.hub.store.ttl.total_seconds() / TOUCHES
            self.hub.writer.submit(TouchJob(session))

    def _note_shown(self, session: Session, values: Mapping[str, object]) -> None:
        """Record that session state shows these values of the session's head."""
        at_head = session.head_values()
        self._shown = dict(at_head)
        self._shown_version = session.shown_version
        self._seen.note(values, at_head=at_head.keys(), copies=session.held_copies(values))

    def belongs_to_another(self, session_id: str) -> bool:
        """Whether somebody else has signed in since this tab was opened."""
        return self.session is not None and self.session.id != session_id

    def leave(self, state: private.TabState) -> None:
        """Take out of session state what belongs to this session, before it shows another's.

        Settings that have just changed stay: who signs in says so by one.
        """
        self.audit.finish()
        seen = self._seen.keys()
        snapshot = self._take(state)
        snapshot.settings = None
        if snapshot and self.session is not None:
            self.hub.writer.submit(SaveJob(self, self.session, snapshot))
        self._settle()
        state.delete(seen - snapshot.own_settings)

    # a run begins

    def start_run(self, state: private.TabState) -> None:
        """Follow what other tabs and processes did, before the script body runs."""
        if self.session is not None and self.session.follows != self.options.follows:
            self.session.follows = self.options.follows
            self.news.doubt(None)
        self._follow(state)
        keep_branch(self.session)
        self.audit.stop()

    def _follow(self, state: private.TabState) -> None:
        self._is_echo, self.is_woken = self.is_woken, False
        if self.session is None:
            if self.hub.patience.is_worth_a_try:
                self.open(state, is_late=True)
            return
        if self.hub.writer.is_waiting(self):
            return
        try:
            if not self.audit.is_due:  # what is found now was written by another tab
                self._shown |= dict.fromkeys(let_go(self._seen, self.session, state), _UNSAVED)
            if self.hub.patience.is_worth_a_try:
                self._refresh(self.session, state)
            self.sync(state, except_for=self._pending.own_settings)
        except SessionNotFoundError:
            self.session = None  # what session state holds goes into a new one
            self.open(state, is_late=True)
        except SessionStoreError as error:
            self.hub.patience.failed()
            self.not_saved(str(error))

    def _refresh(self, session: Session, state: private.TabState) -> None:
        if self.save_state.state != "not-saved" and self.hub.live.vouches_for(self):
            return
        self.news.asks()
        if session.is_behind():
            self.audit.finish()
            self._hold_edits(session, state)
            if session.refresh():
                self._pending = Snapshot(own_settings=self._pending.own_settings)
        self.hub.patience.answered()
        self._touch(session)
        if self.save_state.state == "not-saved" and not self._has_lost:
            self._to("saved")

    def _hold_edits(self, session: Session, state: private.TabState) -> None:
        """Keep what a callback or an interrupted run changed from being overwritten."""
        self._pending.absorb(self._take(state))
        if self._pending:
            apply(self._pending, session, self.options.tracks)

    def sync(self, state: private.TabState, *, except_for: Collection[str] = ()) -> None:
        """Bring session state to the session's head, where it shows something else."""
        session = self.session
        if session is None or session.head_values() == self._shown:
            return
        at_head = session.head_values()
        put, drop = session.settings_between(self._shown_version, session.shown_version)
        gone = self._shown.keys() - at_head.keys()
        fresh = [k for k, v in at_head.items() if self._shown.get(k) != v]
        values = read_values(session, filter(self.options.tracks, fresh), self.notices)
        settings = {k: v for k, v in put.items() if k not in except_for and self.options.tracks(k)}
        state.delete(k for k in (*gone, *drop) if self.options.tracks(k) and k not in except_for)
        state.write_undrawn(values | settings)
        self._note_shown(session, values)
        self._seen.note_settings(None)

    # a run ends

    def end_run(self, state: private.TabState) -> None:
        """Take a snapshot of what the run changed and have it saved."""
        with self.lock:
            snapshot = self._take(state)
            if self._pending or self._pending.own_settings:
                pending, self._pending = self._pending, Snapshot()
                pending.absorb(snapshot)
                snapshot = pending
            snapshot.label, self.label = self.label, None
            snapshot.is_echo, self._is_echo = self._is_echo, False
        self.audit.ask(wakes=not snapshot or self.session is None)
        self._save(snapshot)  # last: from here on the writer competes with this thread
        if self.options.is_synchronous or not private.tab_is_alive(self.tab_id):
            self.audit.finish()
            self.hub.writer.flush(self, timeout_s=SETTLE_TIMEOUT_S)

    def _save(self, snapshot: Snapshot) -> None:
        if not snapshot or self.session is None:
            return
        if snapshot.is_certain:
            self._to("saving")
        self.hub.writer.submit(SaveJob(self, self.session, snapshot))

    def _take(self, state: private.TabState) -> Snapshot:
        values = {k: v for k, v in state.read().items() if self.options.tracks(k)}
        snapshot = self._seen.changes(values, self.leave_out)
        if not self.left_out:
            return snapshot
        gone = self.left_out.keys() - values.keys()
        storable = {k for k in values if k not in snapshot.unstorable and is_setting(values[k])}
        for key in gone | (self.left_out.keys() & storable):
            self.left_out.pop(key, None)
        return snapshot

    # what the writer says

    def saved(
        self, snapshot: Snapshot, committed: Committed | None, refused: Collection[str]
    ) -> None:
        """Hear that a snapshot is in the store, except for some values."""
        session = self.session
        assert session is not None
        with self.lock:
            at_head = session.head_values()
            for key in snapshot.changed:
                if key in at_head:
                    self._shown[key] = at_head[key]
            for key in snapshot.removed:
                self._shown.pop(key, None)
            self._shown_version = session.shown_version
        for key in snapshot.changed.keys() - set(refused):
            self.left_out.pop(key, None)
            self.notices.pop(f"unreadable {key}", None)
        self.hub.patience.answered()
        self._has_lost = False
        if committed is not None and committed.how == "branch":
            self.notices = with_branch(self.notices, committed.head.branch)
        if not self.hub.writer.has_more(self):
            self._history = None  # this job counts as waiting until it returns
            self._to("saved")
        if committed is not None and committed.how != "nothing" and not snapshot.is_echo:
            self.hub.tell_others(self)
        if at_head != self._shown:
            private.request_rerun(self.tab_id, None)
        self.hub.live.look_again(self)

    def not_saved(self, reason: str) -> None:
        """Hear that the store does not take what is to be saved."""
        since = self.save_state.since or now()
        if self.save_state.reason != reason:
            _LOGGER.warning("Not saved: %s", reason)
        self.save_state = SaveState("not-saved", reason, since)
        self.redraw()

    def lost(self, error: Exception) -> None:
        """Hear that a snapshot will not be saved by trying again."""
        self._has_lost = True
        if isinstance(error, SessionNotFoundError):
            self.not_saved(EXPIRED)
        else:
            self.not_saved(sentence_of(error))

    def leave_out(self, key: str, error: UnsupportedValueError | LimitExceededError) -> None:
        """Name a value that cannot be kept: in the widget, and once in the log."""
        reason = str(error)
        if self.left_out.get(key) != reason:
            self.left_out[key] = reason
            _LOGGER.warning("%s", reason)

    def _to(self, state: Literal["saved", "saving"]) -> None:
        if state == "saved" or self.save_state.state != "not-saved":
            self.save_state = SaveState(state)
        if state == "saved":
            self.redraw()

    def look(self) -> tuple[object, ...]:
        """Give everything that the widget shows, to be compared with what it shows already."""
        return (self.save_state, tuple(self.notices), tuple(self.left_out))

    def drawn(self, widget_key: str, fragment_id: str | None, look: tuple[object, ...]) -> None:
        """Note what a widget shows: the look from before its payload was built, and history."""
        keep_branch(self.session)
        if fragment_id is not None:
            self._drawn[widget_key] = (fragment_id, (*look, self._history_seq))

    def redraw(self) -> None:
        """Draw the widgets of this tab anew, if they show something else; not the app."""
        look = (*self.look(), self.working_session.seen_seq)
        stale = {f for f, shown in list(self._drawn.values()) if shown != look}
        for fragment_id in stale:
            private.request_rerun(self.tab_id, fragment_id)
        self.hub.live.asked_to_draw(self, is_needed=bool(stale))

    def interrupted(self, fragment_ids: Collection[str]) -> None:
        """Hear that the widgets of these fragments may not have reached the page."""
        for widget_key, (fragment_id, _) in list(self._drawn.items()):
            if fragment_id in fragment_ids:
                self._drawn[widget_key] = (fragment_id, None)
                self.hub.live.asked_to_draw(self, is_needed=True)

    @property
    def is_open(self) -> bool:
        """Whether a browser shows this tab right now."""
        return private.tab_is_alive(self.tab_id)

    def wake(self) -> None:
        """Run the app of this tab anew, so that it follows."""
        self.is_woken = True
        if not private.request_rerun(self.tab_id, None):
            self.is_woken = False

    def _settle(self) -> bool:
        return self.hub.writer.flush(self, timeout_s=SETTLE_TIMEOUT_S)

    # what the person does in the widget

    def act(self, action: Callable[[Session], None], state: private.TabState) -> None:
        """Move head and bring session state there.

        Raises
        ------
        SessionStoreError
            The step is not possible; session state is as it was.
        """
        if self.session is None:
            raise StorageError(self.save_state.reason or "The store does not answer.")
        self.audit.finish()
        if self._settle():
            self._hold_edits(self.session, state)
        action(self.session)
        self._forget_pending()
        self.sync(state)
        self.hub.tell_others(self)

    def _forget_pending(self) -> None:
        """Note that session state shows edits which head, having moved, may not have."""
        self._shown |= dict.fromkeys(self._pending.changed, _UNSAVED)
        for key in self._pending.removed:
            self._shown.pop(key, None)
        self._pending = Snapshot()
