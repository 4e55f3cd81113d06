"""One browser tab: what its session state shows, and how much of that is saved."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from threading import RLock
from typing import Literal

from streamlit_redis_session import codec
from streamlit_redis_session.adapter import _streamlit_private as private
from streamlit_redis_session.adapter._identity import Identity, find_session
from streamlit_redis_session.adapter._registry import Hub
from streamlit_redis_session.adapter._saving import (
    Committed,
    SaveJob,
    SaveState,
    Snapshot,
    now,
)
from streamlit_redis_session.errors import (
    LimitExceededError,
    SessionNotFoundError,
    SessionStoreError,
    StorageError,
    UnsupportedValueError,
)
from streamlit_redis_session.objects import ManifestId, VersionId
from streamlit_redis_session.session import Session, connect

_LOGGER = logging.getLogger(__name__)

SETTLE_TIMEOUT_S = 30.0
"""How long an undo waits at most for changes that are being saved."""


@dataclass(frozen=True)
class Options:
    """What ``attach()`` was told."""

    identity: Identity
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    is_synchronous: bool

    def tracks(self, key: str) -> bool:
        """Whether an entry of session state is kept."""
        return any(fnmatchcase(key, p) for p in self.include) and not any(
            fnmatchcase(key, p) for p in self.exclude
        )


@dataclass(frozen=True, slots=True)
class Notice:
    """A line that the widget shows until it is dismissed."""

    level: str
    text: str


class Tab:
    """One tab's session, and the bookkeeping between it and ``st.session_state``.

    The script thread and the background writer meet here, under ``lock``.
    """

    def __init__(self, tab_id: str, hub: Hub, options: Options) -> None:
        self.tab_id = tab_id
        self.hub = hub
        self.options = options
        self.session: Session | None = None
        self.cookie: str | None = None
        self.lock = RLock()
        self.save_state = SaveState("saved")
        self.notices: dict[str, Notice] = {}
        self.left_out: dict[str, str] = {}
        self.label: str | None = None
        self.run_token: object = None
        self.fragments: dict[str, str] = {}
        """Widget key -> fragment that draws it."""
        self._seen: dict[str, tuple[Hashable | None, object]] = {}
        """Data values as last saved or shown: identity, and a snapshot that keeps it valid."""
        self._seen_settings: object = None
        self._offline: Session | None = None
        self._drawn: object = None
        self._shown: dict[str, ManifestId] = {}
        self._shown_version: VersionId | None = None

    @property
    def working_session(self) -> Session:
        """The session; while the store has never answered, an empty one in memory."""
        if self.session is not None:
            return self.session
        if self._offline is None:
            self._offline = connect(f"memory://offline-{self.tab_id}").session()
        return self._offline

    # opening

    def open(self, state: private.TabState, *, is_late: bool = False) -> None:
        """Find the session and restore what it holds into session state.

        When the store does not answer, the tab works without; the next runs try again, and
        then leave alone (``is_late``) what the app has made in the meantime.
        """
        try:
            found = find_session(self.hub.store, self.options.identity)
        except StorageError as error:
            self.hub.patience.failed()
            self.not_saved(str(error))
            return
        self.hub.patience.answered()
        self.session = found.session
        self.cookie = found.cookie
        if found.notice:
            self.notices["identity"] = Notice("warning", found.notice)
        found.session.settle = self._settle
        self.hub.join(found.session.key, self)
        self.save_state = SaveState("saved")
        self._restore(found.session, state, is_late=is_late)

    def _restore(self, session: Session, state: private.TabState, *, is_late: bool) -> None:
        tracked = {key for key in session if self.options.tracks(key)}
        present = state.read().keys()
        values = self._read(session, tracked - present if is_late else tracked)
        state.restore({k: v for k, v in values.items() if k not in present})
        state.write({k: v for k, v in values.items() if k in present})
        self._note_shown(session, values)
        settings = {k: v for k, v in values.items() if _is_setting(v)}
        self._seen_settings = _describe(settings) if not is_late else None

    def _read(self, session: Session, keys: Iterable[str]) -> dict[str, object]:
        """Read values; one that cannot be read is named, and kept in the store."""
        values: dict[str, object] = {}
        for key in keys:
            self._read_one(session, key, values)
        return values

    def _read_one(self, session: Session, key: str, values: dict[str, object]) -> None:
        try:
            values[key] = session[key]
            self.notices.pop(f"unreadable {key}", None)
        except SessionStoreError as error:
            _LOGGER.warning("%r could not be restored: %s", key, error)
            self.notices[f"unreadable {key}"] = Notice("error", f"{key}: {error}")

    def _note_shown(self, session: Session, values: Mapping[str, object]) -> None:
        """Record that session state shows these values of the session's head."""
        at_head = session.head_values()
        self._shown = dict(at_head)
        self._shown_version = session.shown_version
        for key, value in values.items():
            if key in at_head:
                self._seen[key] = (codec.identity(value), codec.snapshot(value))
        for key in self._seen.keys() - at_head.keys():
            del self._seen[key]

    # a run begins

    def start_run(self, state: private.TabState) -> None:
        """Follow what other tabs and processes did, before the script body runs."""
        if self.session is None:
            if self.hub.patience.is_worth_a_try:
                self.open(state, is_late=True)
            return
        if self.hub.writer.is_waiting(self):
            return
        if self.hub.patience.is_worth_a_try:
            self._refresh(self.session)
        self.sync(state)

    def _refresh(self, session: Session) -> None:
        try:
            session.refresh()
            self.hub.patience.answered()
        except SessionNotFoundError:
            self.not_saved("The session has expired or was deleted. Reload the page to go on.")
        except StorageError as error:
            self.hub.patience.failed()
            self.not_saved(str(error))

    def sync(self, state: private.TabState) -> None:
        """Bring session state to the session's head, where it shows something else."""
        session = self.session
        if session is None or session.head_values() == self._shown:
            return
        at_head = session.head_values()
        put, drop = session.settings_between(self._shown_version, session.shown_version)
        gone = self._shown.keys() - at_head.keys()
        fresh = [k for k, v in at_head.items() if self._shown.get(k) != v]
        values = self._read(session, filter(self.options.tracks, fresh))
        state.delete(k for k in (*gone, *drop) if self.options.tracks(k))
        state.write(values | {k: v for k, v in put.items() if self.options.tracks(k)})
        self._note_shown(session, values)
        self._seen_settings = None

    # a run ends

    def end_run(self, state: private.TabState) -> None:
        """Take a snapshot of what the run changed and have it saved."""
        with self.lock:
            snapshot = self._snapshot(state.read())
            snapshot.label, self.label = self.label, None
        if not snapshot:
            return
        if self.session is None:
            return
        job = SaveJob(self, self.session, snapshot)
        self._to("saving")
        self.hub.writer.submit(job)
        if self.options.is_synchronous or not private.tab_is_alive(self.tab_id):
            self.hub.writer.flush(self, timeout_s=SETTLE_TIMEOUT_S)

    def _snapshot(self, values: Mapping[str, object]) -> Snapshot:
        snapshot = Snapshot()
        settings: dict[str, tuple[object, object]] = {}
        data_keys: set[str] = set()
        for key, value in values.items():
            if not self.options.tracks(key):
                continue
            if _is_setting(value):
                self._take_setting(key, value, settings)
            else:
                data_keys.add(key)
                self._take_data(key, value, snapshot)
        unreadable = {k for k in self._shown if f"unreadable {k}" in self.notices}
        snapshot.removed = self._seen.keys() - data_keys - unreadable
        for key in snapshot.removed:
            del self._seen[key]
        described = {key: description for key, (_, description) in settings.items()}
        if described != self._seen_settings:
            self._seen_settings = described
            snapshot.settings = {k: codec.snapshot(v) for k, (v, _) in settings.items()}
        return snapshot

    def _take_data(self, key: str, value: object, snapshot: Snapshot) -> None:
        identity = codec.identity(value)
        seen = self._seen.get(key)
        if identity is not None and seen is not None and seen[0] == identity:
            return
        try:
            copy = codec.snapshot(value)
        except UnsupportedValueError as error:
            self.leave_out(key, error)
            return
        self._seen[key] = (codec.identity(copy), copy)
        snapshot.changed[key] = copy

    def _take_setting(
        self, key: str, value: object, settings: dict[str, tuple[object, object]]
    ) -> None:
        try:
            settings[key] = (value, _describe_one(key, value))
        except UnsupportedValueError as error:
            self.leave_out(key, error)

    # what the writer says

    def saved(self, snapshot: Snapshot, committed: Committed | None) -> None:
        """Hear that a snapshot is in the store."""
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
        self.hub.patience.answered()
        if committed is not None and committed.how == "branch":
            self.notices["branch"] = Notice(
                "info", f"This edit went to a branch of its own: {committed.head.branch}."
            )
        if not self.hub.writer.has_more(self):
            self._to("saved")
        if committed is not None and committed.how != "nothing":
            self.tell_others()
        if at_head != self._shown:
            private.request_rerun(self.tab_id, None)

    def not_saved(self, reason: str) -> None:
        """Hear that the store does not take what is to be saved."""
        since = self.save_state.since or now()
        if self.save_state.reason != reason:
            _LOGGER.warning("Not saved: %s", reason)
        self.save_state = SaveState("not-saved", reason, since)
        self.redraw()

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

    def look(self) -> object:
        """Give everything that the widget shows, to be compared with what it shows already."""
        graph_seq = self.session.seen_seq if self.session is not None else None
        return (self.save_state, graph_seq, tuple(self.notices), tuple(self.left_out))

    def drawn(self, widget_key: str, fragment_id: str | None) -> None:
        """Note that a widget shows the present look."""
        if fragment_id is not None:
            self.fragments[widget_key] = fragment_id
        self._drawn = self.look()

    def redraw(self) -> None:
        """Draw the widgets of this tab anew, if they show something else; not the app."""
        if self.look() != self._drawn:
            for fragment_id in set(self.fragments.values()):
                private.request_rerun(self.tab_id, fragment_id)

    def tell_others(self) -> None:
        """Have the other tabs of the session in this process follow."""
        if self.session is not None:
            for other in self.hub.others(self.session.key, self):
                private.request_rerun(other.tab_id, None)

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
        action(self.session)
        self.sync(state)
        self.tell_others()


def _is_setting(value: object) -> bool:
    return codec.classify(value) is codec.Kind.SETTING


def _describe(settings: Mapping[str, object]) -> dict[str, object]:
    return {key: _describe_one(key, value) for key, value in settings.items()}


def _describe_one(key: str, value: object) -> object:
    """Describe a setting so that equal descriptions mean equal settings."""
    encoded = codec.encode(value, path=key)
    return encoded.description, [bytes(c.piece(0, c.rows)) for c in encoded.columns]
