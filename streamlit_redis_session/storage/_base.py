"""What a backend must do: bytes and refs under names, and one all-or-nothing transaction.

A backend knows no frame, no codec and no rule of history. Memory is the reference; every other
backend must be indistinguishable from it (``tests/storage/contract.py``).
"""

from __future__ import annotations

import enum
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, TypeAlias

from typing_extensions import Self

from streamlit_redis_session.objects import ChunkId, ManifestId, SessionKey, VersionId

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Transaction:
    """A change of one session: everything in it happens, or nothing does.

    Order of the checks: the session is alive and has ``epoch`` (otherwise ``GONE``); ``tx_id``
    was not applied before (otherwise ``REPEATED``, and nothing is written again); every field of
    ``expect`` and ``expect_seq`` hold (otherwise ``CONFLICT``).
    """

    tx_id: str
    """Made before the first try and kept for every further one, 16 safe characters."""
    epoch: str
    """The incarnation of the session that the caller knows."""
    ttl_s: int
    """The session's new time to live."""
    expect: Mapping[str, bytes | None] = field(default_factory=dict)
    """Refs that must have this value; ``None``: must be absent."""
    expect_seq: int | None = None
    """How many transactions must have been applied before; ``None``: any number."""
    set_refs: Mapping[str, bytes] = field(default_factory=dict)
    delete_refs: Sequence[str] = ()
    put_versions: Mapping[VersionId, bytes] = field(default_factory=dict)
    delete_versions: Sequence[VersionId] = ()
    put_tables: Mapping[ManifestId, bytes] = field(default_factory=dict)
    delete_tables: Sequence[ManifestId] = ()
    set_meta: Mapping[str, bytes] = field(default_factory=dict)
    event: bytes | None = None
    """One entry of the session's list of events; ``None``: nothing worth telling."""
    put_chunks: Mapping[ChunkId, bytes] = field(default_factory=dict)
    """Chunks that the change refers to, as for ``Backend.put_chunks``: all of them are there
    before anything else of the change is. A change that is refused may have stored them."""
    lease_s: int = 0
    """The lease of these chunks."""


class Outcome(enum.Enum):
    """How a transaction ended."""

    APPLIED = "applied"
    REPEATED = "repeated"
    """The same ``tx_id`` had been applied; as good as ``APPLIED``."""
    CONFLICT = "conflict"
    GONE = "gone"
    """The session expired, was deleted, or is another incarnation."""


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """The small state of a session, read in one round trip."""

    meta: Mapping[str, bytes]
    """Own fields: ``epoch``, ``created_at``, ``seq`` (transactions applied), and callers'."""
    refs: Mapping[str, bytes]
    version_count: int
    """How many version records there are."""
    now_s: float = field(compare=False)
    """The server's time in seconds since 1970."""

    @property
    def epoch(self) -> str:
        """The incarnation of the session."""
        return self.meta["epoch"].decode()

    @property
    def seq(self) -> int:
        """How many transactions were applied; grows with every change."""
        return int(self.meta["seq"])


@dataclass(frozen=True, slots=True)
class SessionLives:
    """How many seconds the keys of a session have left; ``None``: there is no such key."""

    meta: float | None
    graph: float | None
    refs: float | None
    tables: float | None
    events: float | None
    index: float | None
    """By the index of sessions."""


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """What a server says of itself; ``None`` where it does not tell."""

    kind: str
    """``"memory"``, ``"redis"`` or ``"valkey"``."""
    version: str
    where: str
    """The address without credentials, fit to be shown."""
    persistent: bool | None
    """Whether writes reach an append-only file; ``None`` also where snapshots may be written."""
    maxmemory_policy: str | None
    used_memory_bytes: int | None
    maxmemory_bytes: int | None
    told: Sequence[Mapping[str, object]] = field(default=(), repr=False, compare=False)
    """All fields of INFO, of each server; fields come and go with versions and services."""


Told: TypeAlias = Callable[[SessionKey, int, bytes], None]
"""Hears of a change that has an event: session, ``seq`` after it, event."""
Changed: TypeAlias = Callable[[bool], None]
"""Hears whether changes are told from now on (``True``) or may be missed (``False``)."""

DELETED = b"deleted"
"""The event that a backend tells by itself, of a session that was removed."""


class Subscription(Protocol):
    """Changes of all sessions of a namespace, told as they happen."""

    @property
    def is_live(self) -> bool:
        """Whether changes are told at the moment, as far as is known."""

    def close(self) -> None:
        """Hear no more. Does not wait: a call that is under way goes on to its end."""


class Backend(Protocol):
    """Bytes and refs under names. All methods are safe to call from any thread.

    Every method may raise ``StorageUnavailableError``, ``StorageFullError`` or
    ``StorageReadOnlyError``; nothing of redis-py ever leaves. Repeating any call is harmless.
    """

    @property
    def where(self) -> str:
        """The address without credentials, fit to be shown and logged."""

    @property
    def connections(self) -> int:
        """How many connections were made so far.

        When it has grown, the server may have been started again, or be another one, and may have
        gone back to what it had some moments ago: acknowledged writes may be missing.
        """

    # chunks: shared by all sessions of the namespace

    def put_chunks(self, chunks: Mapping[ChunkId, bytes], *, lease_s: int) -> None:
        """Store immutable bytes; what exists is left as it is, its lease extended."""

    def extend_chunks(self, chunk_ids: Sequence[ChunkId], *, lease_s: int) -> list[bool]:
        """Lengthen (never shorten) leases; say for each whether the chunk exists."""

    def get_chunks(self, chunk_ids: Sequence[ChunkId]) -> list[bytes | None]:
        """Read chunks in order; ``None`` for each that does not exist."""

    def chunk_sizes(self, chunk_ids: Sequence[ChunkId]) -> list[int]:
        """Say how many bytes each chunk has, as sealed; 0 where it does not exist."""

    def chunk_lives(self, chunk_ids: Sequence[ChunkId]) -> list[float]:
        """Say how many seconds the lease of each chunk has left; 0 where it does not exist."""

    def cut_leases(self, chunk_ids: Sequence[ChunkId], *, lease_s: int) -> None:
        """Shorten (never lengthen) leases."""

    def drop_chunks(self, chunk_ids: Sequence[ChunkId], *, most_s: float | None = None) -> int:
        """Remove chunks at once, those whose lease ends within ``most_s``; say how many."""

    # what was taken away

    def read_sweep(self) -> bytes | None:
        """Read what :meth:`announce_sweep` wrote last."""

    def announce_sweep(self, mark: bytes) -> None:
        """Tell all who open a session from now on that chunks are taken away."""

    def mark_session(self, key: SessionKey, field: str, mark: bytes) -> bool:
        """Set a ref, whatever it was; the time to live stays. ``False``: no such session."""

    # sessions

    def create_session(self, key: SessionKey, *, ttl_s: int) -> bool:
        """Start a session with a fresh epoch; ``False`` when it exists, which is untouched."""

    def read_session(self, key: SessionKey) -> SessionRecord | None:
        """Read meta and refs in one round trip; ``None`` when there is no such session."""

    def read_seq(self, key: SessionKey) -> int | None:
        """Read how many transactions were applied: the cheapest 'did anything move?'."""

    def read_seqs(self, keys: Sequence[SessionKey]) -> list[int | None]:
        """Read ``seq`` of several sessions at once; ``None`` for each that does not exist."""

    def read_versions(
        self, key: SessionKey, version_ids: Sequence[VersionId] | None = None
    ) -> dict[VersionId, bytes]:
        """Read these version records, or all; what does not exist is left out."""

    def read_tables(
        self, key: SessionKey, manifest_ids: Sequence[ManifestId] | None = None
    ) -> dict[ManifestId, bytes]:
        """Read these manifests, or all; what does not exist is left out."""

    def transact(self, key: SessionKey, transaction: Transaction) -> Outcome:
        """Apply a change, all or nothing; in one round trip unless it brings many bytes."""

    def touch_session(self, key: SessionKey, *, ttl_s: int) -> bool:
        """Set the time to live of all keys of a session; ``False`` when there is none."""

    def delete_session(self, key: SessionKey) -> bool:
        """Remove a session at once; its chunks go when their leases end."""

    def list_sessions(self) -> list[SessionKey]:
        """List living sessions of the namespace from an index, never by scanning keys."""

    def list_index(self) -> list[SessionKey]:
        """List what the index has, also where the session itself is gone."""

    def read_lives(self, key: SessionKey) -> SessionLives:
        """Read how long each key of a session lives."""

    # the server

    def info(self) -> ServerInfo:
        """Ask the server what it is."""

    def ping(self, *, writes: bool = False) -> None:
        """Ask for an answer, and with ``writes`` for one short-lived write; raise without one."""

    def deadline(self, seconds: float) -> AbstractContextManager[None]:
        """Bound how long this thread waits for the server, each time, until the context ends.

        A wait that is longer raises ``StorageUnavailableError`` and is not tried again. With 0
        nothing is sent at all: what needs the server raises at once.
        """

    def subscribe(self, told: Told, changed: Changed) -> Subscription:
        """Hear of every applied change that has an event, of all sessions of the namespace.

        Returns at once. ``changed(True)`` says, after each connecting, that changes are told from
        then on: what happened before has to be read. ``changed(False)`` says that some may be
        missed. A silent connection is noticed within six seconds. Both are called from a thread
        of the subscription, or from the one that makes the change, and must not take long.
        """

    def close(self) -> None:
        """Let go of connections. The backend cannot be used afterwards."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...


def call_listener(listener: Callable[..., None], *arguments: object) -> None:
    """Call one who listens; a fault there must end neither the thread nor the change."""
    try:
        listener(*arguments)
    except Exception:
        _LOGGER.exception("What was heard of a change could not be used.")


class Closing(ABC):
    """What is closed at the end of a ``with`` block."""

    @abstractmethod
    def close(self) -> None:
        """Let go of everything."""

    def __enter__(self) -> Self:
        """Give the object itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()


def batches(items: Iterable[tuple[ChunkId, int]], most_bytes: int) -> Iterator[list[ChunkId]]:
    """Group ids so that no group's bytes exceed ``most_bytes`` (a group has at least one)."""
    group: list[ChunkId] = []
    total = 0
    for chunk_id, size in items:
        if group and total + size > most_bytes:
            yield group
            group, total = [], 0
        group.append(chunk_id)
        total += size
    if group:
        yield group
