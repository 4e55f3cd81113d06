"""One rerun's changes on their way to the store, and how far they are."""

from __future__ import annotations

import time
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from streamlit_redis_session import codec
from streamlit_redis_session.errors import (
    SessionNotFoundError,
    SessionStoreError,
    StorageError,
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

    def __bool__(self) -> bool:
        return bool(self.changed or self.removed or self.settings is not None)

    def absorb(self, later: Snapshot) -> None:
        """Become what both did, one after the other."""
        self.changed = {k: v for k, v in self.changed.items() if k not in later.removed}
        self.changed |= later.changed
        self.removed = (self.removed - later.changed.keys()) | later.removed
        self.settings = later.settings if later.settings is not None else self.settings
        self.label = later.label or self.label


class SaveJob:
    """Puts a snapshot into the session's working values and commits them."""

    def __init__(self, tab: Tab, session: Session, snapshot: Snapshot) -> None:
        self._tab = tab
        self._session = session
        self.snapshot = snapshot

    @property
    def owner(self) -> Hashable:
        """The tab: its jobs may absorb each other."""
        return self._tab

    @property
    def nbytes(self) -> int:
        """Memory that the snapshot holds, estimated."""
        return sum(codec.nbytes(value) for value in self.snapshot.changed.values())

    def run(self) -> None:
        """Commit, and tell the tab."""
        apply(self.snapshot, self._session)
        committed = self._session.commit_staged(self.snapshot.label, refuse=self._tab.leave_out)
        self._tab.saved(self.snapshot, committed)

    def absorb(self, later: Job) -> None:
        """Take a later snapshot of the tab into this one."""
        assert isinstance(later, SaveJob)
        self.snapshot.absorb(later.snapshot)

    def delayed(self, error: StorageError) -> None:
        """Say why it is not saved yet."""
        self._tab.not_saved(str(error))

    def dropped(self, error: Exception) -> None:
        """Say why it will never be saved."""
        if isinstance(error, SessionNotFoundError):
            self._tab.not_saved("The session has expired or was deleted. Reload the page.")
        elif isinstance(error, SessionStoreError):
            self._tab.not_saved(str(error))
        else:
            self._tab.not_saved(f"An error in the package: {type(error).__name__}: {error}")


def apply(snapshot: Snapshot, session: Session) -> None:
    """Make a session's working values those of a snapshot."""
    for key in snapshot.removed:
        session.pop(key, None)
    if snapshot.settings is not None:
        for key in session.setting_keys() - snapshot.settings.keys():
            session.pop(key, None)
        session.update(snapshot.settings)
    session.update(snapshot.changed)


def now() -> float:
    """Seconds since the epoch."""
    return time.time()


__all__ = ["Committed", "SaveJob", "SaveState", "Snapshot", "apply", "now"]
