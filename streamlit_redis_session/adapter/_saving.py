"""One rerun's changes on their way to the store, and how far they are."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from streamlit_redis_session import codec
from streamlit_redis_session.errors import (
    LimitExceededError,
    SessionStoreError,
    StorageError,
    StorageUnavailableError,
    UnsupportedValueError,
)
from streamlit_redis_session.history import Committed
from streamlit_redis_session.session import Job, Session

if TYPE_CHECKING:
    from streamlit_redis_session.adapter._tab import Tab


@dataclass(frozen=True, slots=True)
class SaveState:
    """What the widget says about saving."""

    state: Literal["saved", "saving", "not-saved"] = "saved"
    reason: str | None = None
    """Why not, as a sentence."""
    since: float | None = None
    """Seconds since the epoch at which saving began to fail."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A line that the widget shows until it is dismissed."""

    level: str
    text: str


@dataclass(eq=False)
class Snapshot:
    """What one rerun changed, in copies that the app does not reach."""

    changed: dict[str, object] = field(default_factory=dict)
    """New and changed data values."""
    settings: dict[str, object] | None = None
    """All settings, when any differs; otherwise ``None``."""
    removed: set[str] = field(default_factory=set)
    """Data values that are gone."""
    label: str | None = None
    unstorable: set[str] = field(default_factory=set)
    """Keys whose values cannot be stored; what was stored of them last stays."""
    own_settings: set[str] = field(default_factory=set)
    """Settings that the run itself changed, as far as that is known."""
    is_certain: bool = False
    """Whether something differs for sure; otherwise only a comparison of contents can tell."""
    is_echo: bool = False
    """Whether the run was only asked for because another tab had saved something."""
    widget_id: str | None = None
    """The widget that made the run, where it is one that people drag or type into."""
    ended_at: float = 0.0
    """When the run ended, by a clock that only goes forward; in seconds."""

    def __bool__(self) -> bool:
        return bool(self.changed or self.removed or self.settings is not None)

    def absorb(self, later: Snapshot) -> None:
        """Become what both did, one after the other."""
        self.changed = {k: v for k, v in self.changed.items() if k not in later.removed}
        self.changed |= later.changed
        self.removed = (self.removed - later.changed.keys()) | later.removed
        self.settings = later.settings if later.settings is not None else self.settings
        self.label = later.label or self.label
        self.unstorable = later.unstorable
        self.own_settings |= later.own_settings
        self.is_certain |= later.is_certain
        self.is_echo &= later.is_echo
        self.widget_id = later.widget_id if later.widget_id == self.widget_id else None
        self.ended_at = later.ended_at


class SaveJob:
    """Puts a snapshot into the session's working values and commits them."""

    def __init__(self, tab: Tab, session: Session, snapshot: Snapshot) -> None:
        self._tab = tab
        self._session = session
        self.snapshot = snapshot
        self._nbytes: int | None = None

    def __str__(self) -> str:
        keys = ", ".join(map(repr, (*self.snapshot.changed, *self.snapshot.removed)))
        return f"{keys or 'settings'} of session {self._session.key[:8]}"

    @property
    def owner(self) -> Hashable:
        """The tab: its jobs may absorb each other."""
        return self._tab

    @property
    def nbytes(self) -> int:
        """Memory that the snapshot holds, estimated."""
        if self._nbytes is None:
            self._nbytes = sum(map(codec.nbytes, self.snapshot.changed.values()))
        return self._nbytes

    def run(self) -> None:
        """Commit, and tell the tab."""
        refused: set[str] = set()

        def refuse(key: str, error: UnsupportedValueError | LimitExceededError) -> None:
            refused.add(key)
            self._tab.leave_out(key, error)

        apply(self.snapshot, self._session, self._tab.options.tracks)
        tab, snapshot = self._tab, self.snapshot
        replaces = tab.steps.replaces(snapshot, tab.hub.shown_elsewhere(tab))
        with self._session.quietly(snapshot.is_echo):
            committed = self._session.commit_staged(
                snapshot.label, refuse=refuse, replaces=replaces
            )
        tab.steps.made(snapshot, committed)
        tab.saved(snapshot, committed, refused)

    def absorb(self, later: Job) -> None:
        """Take a later snapshot of the tab into this one."""
        assert isinstance(later, SaveJob)
        self.snapshot.absorb(later.snapshot)
        self._nbytes = None

    def delayed(self, error: StorageError) -> None:
        """Say why it is not saved yet."""
        if isinstance(error, StorageUnavailableError):
            self._tab.hub.watch.failed(error)
        self._tab.not_saved(str(error))

    def dropped(self, error: Exception) -> None:
        """Say why it will never be saved."""
        self._tab.lost(error)


class TouchJob:
    """Starts a session's time to live anew, and that of the chunks it needs."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def __str__(self) -> str:
        return f"the time to live of session {self._session.key[:8]}"

    @property
    def owner(self) -> Hashable:
        """Nobody's: no tab waits for it."""
        return self

    @property
    def nbytes(self) -> int:
        """Nothing worth counting."""
        return 0

    def run(self) -> None:
        """Touch."""
        self._session.touch()

    def absorb(self, later: Job) -> None:
        """Never called: each has an owner of its own."""

    def delayed(self, error: StorageError) -> None:
        """Wait: what is to be saved tells the person."""

    def dropped(self, error: Exception) -> None:
        """Leave it: the tab finds out by itself that the session is gone."""


def apply(snapshot: Snapshot, session: Session, tracks: Callable[[str], bool]) -> None:
    """Make a session's working values those of a snapshot; untracked ones are left alone."""
    gone = snapshot.removed & set(session)
    if snapshot.settings is not None:
        gone |= session.setting_keys() - snapshot.settings.keys() - snapshot.unstorable
    for key in filter(tracks, gone):
        del session[key]  # pop() would read it
    session.update(snapshot.settings or {})
    session.update(snapshot.changed)


def with_branch(notices: Mapping[str, Notice], branch: str) -> dict[str, Notice]:
    """Add that an edit went to a branch of its own, in place of what was said of an earlier one."""
    others = {k: v for k, v in list(notices.items()) if not k.startswith("branch ")}
    notice = Notice("info", f"This edit went to a branch of its own: {branch}.")
    return others | {f"branch {branch}": notice}


def sentence_of(error: Exception) -> str:
    """Say why something will never be saved."""
    if isinstance(error, SessionStoreError):
        return str(error)
    return f"An error in the package: {type(error).__name__}: {error}"


def now() -> float:
    """Seconds since the epoch."""
    return time.time()


__all__ = [
    "Committed",
    "Notice",
    "SaveJob",
    "SaveState",
    "Snapshot",
    "TouchJob",
    "apply",
    "now",
    "sentence_of",
    "with_branch",
]
