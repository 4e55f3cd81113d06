"""Every exception of the package, grouped by what a handler would do.

::

    SessionStoreError
    ├── ConfigurationError      fix the code or the URL       (also ValueError)
    ├── UnsupportedValueError   leave this value out          (also TypeError)
    ├── NotFoundError           show what exists              (also KeyError)
    │   └── VersionNotFoundError, RefNotFoundError, ChunkNotFoundError, SessionNotFoundError
    ├── HistoryStateError       disable the button
    │   └── NothingToUndoError, NothingToRedoError, RefExistsError
    ├── ConflictError           reload head, try again
    ├── LimitExceededError      make it smaller, or raise the limit
    ├── StorageError            the environment; often passes
    │   └── StorageUnavailableError, StorageFullError, StorageReadOnlyError
    └── CorruptDataError        stop; never guess

Facts are attributes; the class builds the sentence and ends it with the way out.
"""

from __future__ import annotations

from collections.abc import Iterable


class SessionStoreError(Exception):
    """The base of everything that this package raises on purpose."""


# --- the code or the URL ---------------------------------------------------------------------


class ConfigurationError(SessionStoreError, ValueError):
    """A URL, an argument or an environment variable cannot be used as given."""


class UnsupportedValueError(SessionStoreError, TypeError):
    """A value cannot be stored exactly, so it is not stored at all.

    Attributes
    ----------
    path
        Where the value stands: ``"df"``, ``"df['age']"``, ``"results['q1'][0]"``.
    reason
        Why it is refused, without a full stop.
    """

    def __init__(self, path: str, reason: str, *, hint: str | None = None) -> None:
        self.path = path
        self.reason = reason
        way_out = hint or "Keep it out of the session, or teach it with register_codec()."
        super().__init__(f"{path} cannot be stored exactly: {reason}. {way_out}")


# --- what was asked for is not there ---------------------------------------------------------


class NotFoundError(SessionStoreError, KeyError):
    """What was asked for does not exist."""

    def __str__(self) -> str:
        """Give the sentence itself; a plain ``KeyError`` would quote it."""
        return str(self.args[0]) if self.args else ""


class SessionNotFoundError(NotFoundError):
    """No session has this id: it never existed, expired, or was deleted."""

    def __init__(self) -> None:
        super().__init__(
            "No session has this id: it never existed, has expired, or was deleted. "
            "Start a new one with store.session()."
        )


class VersionNotFoundError(NotFoundError):
    """No version of this session has this id."""

    def __init__(self, ref: str, *, reason: str = "") -> None:
        self.ref = ref
        why = f" {reason}" if reason else ""
        super().__init__(f"No version {ref!r} in this session.{why} See session.log().")


class RefNotFoundError(NotFoundError):
    """No branch or tag has this name."""

    def __init__(self, name: str, *, known: Iterable[str] = ()) -> None:
        self.name = name
        self.known = tuple(sorted(known))
        hint = f" Known refs: {', '.join(self.known)}." if self.known else ""
        super().__init__(f"No ref named {name!r}.{hint}")


class ChunkNotFoundError(NotFoundError):
    """Bytes that a version needs are gone from the store (evicted or expired).

    The versions that need them are unreadable; all others are untouched.
    """

    def __init__(self, chunk_ids: Iterable[str], *, value: str | None = None) -> None:
        self.chunk_ids = tuple(chunk_ids)
        self.value = value
        of = f" of {value!r}" if value else ""
        super().__init__(
            f"{len(self.chunk_ids)} chunk(s){of} are missing from the store, evicted or expired. "
            "Other versions are untouched; check the server's eviction policy."
        )


# --- history is not in a state for this ------------------------------------------------------


class HistoryStateError(SessionStoreError):
    """The history is fine, but this step is not possible from here."""


class NothingToUndoError(HistoryStateError):
    """Head has fewer ancestors than the steps asked for; nothing has moved."""

    def __init__(self, steps: int = 1, *, available: int = 0) -> None:
        self.steps = steps
        self.available = available
        super().__init__(f"Cannot undo {steps} step(s): {available} available.")


class NothingToRedoError(HistoryStateError):
    """Head is as close to its branch's tip as the steps allow; nothing has moved."""

    def __init__(self, steps: int = 1, *, available: int = 0) -> None:
        self.steps = steps
        self.available = available
        super().__init__(f"Cannot redo {steps} step(s): {available} available.")


class RefExistsError(HistoryStateError):
    """A branch or tag of this name exists already; it is as it was."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"A ref named {name!r} exists already. Choose another name.")


# --- races, limits, the environment, damage --------------------------------------------------


class ConflictError(SessionStoreError):
    """Another writer was first; nothing was written. Call refresh() and try again."""


class LimitExceededError(SessionStoreError):
    """A value, session or message is larger than ``Limits`` allows; nothing was written."""

    def __init__(
        self, what: str, *, size: int, limit: int, unit: str = "bytes", hint: str | None = None
    ) -> None:
        self.what = what
        self.size = size
        self.limit = limit
        self.unit = unit
        way_out = hint or "Make it smaller, or raise it with connect(limits=Limits(...))."
        super().__init__(f"{what} is {size:,} {unit}; the limit is {limit:,}. {way_out}")


class StorageError(SessionStoreError):
    """The store answered with an error; often it passes."""


class StorageUnavailableError(StorageError):
    """The store did not answer within its deadline; the same call may be made again."""


class StorageFullError(StorageError):
    """The store has no memory left for writes; what is stored stays readable."""


class StorageReadOnlyError(StorageError):
    """The store accepts no writes (a replica, or a failover under way)."""


class CorruptDataError(SessionStoreError):
    """Stored bytes are not what was written. They are never guessed at."""

    def __init__(self, what: str, reason: str) -> None:
        self.what = what
        self.reason = reason
        super().__init__(
            f"{what} is damaged: {reason}. It is not used; other versions are untouched."
        )
