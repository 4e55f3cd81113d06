"""What the memory backend keeps, and who listens to it."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

from streamlit_redis_session.objects import ChunkId, ManifestId, SessionKey, VersionId
from streamlit_redis_session.storage._base import (
    Told,
    call_listener,
)

REMEMBERED = 64
"""Transactions whose repetition is recognised."""


@dataclass(slots=True)
class Chunk:
    """Immutable bytes and their lease."""

    data: bytes
    expires_at: float


@dataclass(slots=True)
class Session:
    """What the five keys of a session hold."""

    epoch: str
    created_at: float
    expires_at: float
    seq: int = 0
    applied: deque[str] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    meta: dict[str, bytes] = field(default_factory=dict)
    refs: dict[str, bytes] = field(default_factory=dict)
    versions: dict[VersionId, bytes] = field(default_factory=dict)
    tables: dict[ManifestId, bytes] = field(default_factory=dict)


@dataclass  # no slots: they would forbid weak references before Python 3.11
class MemoryStore:
    """What several memory backends of one process share."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    chunks: dict[ChunkId, Chunk] = field(default_factory=dict)
    sessions: dict[SessionKey, Session] = field(default_factory=dict)
    listeners: list[MemorySubscription] = field(default_factory=list)
    sweep: bytes | None = None

    def tell(self, key: SessionKey, seq: int, event: bytes) -> None:
        """Tell all who listen; the lock is not held."""
        for listener in list(self.listeners):
            call_listener(listener.told, key, seq, event)


class MemorySubscription:
    """Changes told by the thread that makes them, once they are made."""

    def __init__(self, store: MemoryStore, told: Told) -> None:
        self._store: MemoryStore | None = store
        self.told = told
        store.listeners.append(self)

    @property
    def is_live(self) -> bool:
        """Whether changes are told."""
        return self._store is not None

    def close(self) -> None:
        """Hear no more."""
        store, self._store = self._store, None
        if store is not None:
            with store.lock:
                store.listeners.remove(self)


_shared: WeakValueDictionary[tuple[str, str], MemoryStore] = WeakValueDictionary()
_shared_lock = threading.Lock()


def shared_store(name: str, namespace: str) -> MemoryStore:
    """Give the store of this name; it lives as long as a backend that uses it is open."""
    with _shared_lock:
        store = _shared.get((name, namespace))
        if store is None:
            store = _shared[name, namespace] = MemoryStore()
        return store
