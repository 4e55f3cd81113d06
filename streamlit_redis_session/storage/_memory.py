"""The reference backend: a few dicts and a lock, in this process only."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TypeVar
from weakref import WeakSet

from streamlit_redis_session.errors import StorageUnavailableError
from streamlit_redis_session.objects import ChunkId, ManifestId, SessionKey, VersionId
from streamlit_redis_session.storage._base import (
    DELETED,
    Changed,
    Closing,
    Outcome,
    ServerInfo,
    SessionLives,
    SessionRecord,
    Told,
    Transaction,
)
from streamlit_redis_session.storage._keys import (
    check_seconds,
    check_transaction,
    checked_namespace,
)
from streamlit_redis_session.storage._memory_store import (
    Chunk,
    MemoryStore,
    MemorySubscription,
    Session,
)

_Id = TypeVar("_Id", bound=str)


class MemoryBackend(Closing):
    """Keep everything in this process, until the last backend of the store is closed.

    Parameters
    ----------
    namespace
        Checked as every backend does; a store of its own needs no further separation.
    clock
        The time in seconds since 1970; tests hand in their own.
    store
        What to share with other backends; ``None``: nothing.
    where
        The address to be shown.
    """

    def __init__(
        self,
        namespace: str = "srs",
        *,
        clock: Callable[[], float] = time.time,
        store: MemoryStore | None = None,
        where: str = "memory://",
    ) -> None:
        checked_namespace(namespace)
        self._clock = clock
        self._store: MemoryStore | None = store or MemoryStore()
        self._where = where
        self._subscriptions: WeakSet[MemorySubscription] = WeakSet()

    @property
    def where(self) -> str:
        """The address, fit to be shown and logged."""
        return self._where

    @property
    def connections(self) -> int:
        """None is ever made: nothing is forgotten."""
        return 0

    # chunks

    def put_chunks(self, chunks: Mapping[ChunkId, bytes], *, lease_s: int) -> None:
        """Store immutable bytes; what exists is left as it is, its lease extended."""
        check_seconds(lease_s)
        store = self._open()
        with store.lock:
            until = self._clock() + lease_s
            for chunk_id, data in chunks.items():
                if (chunk := self._chunk(store, chunk_id)) is None:
                    store.chunks[chunk_id] = Chunk(bytes(data), until)
                else:
                    chunk.expires_at = max(chunk.expires_at, until)

    def extend_chunks(self, chunk_ids: Sequence[ChunkId], *, lease_s: int) -> list[bool]:
        """Lengthen (never shorten) leases; say for each whether the chunk exists."""
        check_seconds(lease_s)
        store = self._open()
        with store.lock:
            until = self._clock() + lease_s
            chunks = [self._chunk(store, chunk_id) for chunk_id in chunk_ids]
            for chunk in chunks:
                if chunk is not None:
                    chunk.expires_at = max(chunk.expires_at, until)
            return [chunk is not None for chunk in chunks]

    def get_chunks(self, chunk_ids: Sequence[ChunkId]) -> list[bytes | None]:
        """Read chunks in order; ``None`` for each that does not exist."""
        store = self._open()
        with store.lock:
            chunks = [self._chunk(store, chunk_id) for chunk_id in chunk_ids]
            return [None if chunk is None else chunk.data for chunk in chunks]

    def chunk_sizes(self, chunk_ids: Sequence[ChunkId]) -> list[int]:
        """Say how many bytes each chunk has, as sealed; 0 where it does not exist."""
        return [len(data or b"") for data in self.get_chunks(chunk_ids)]

    def chunk_lives(self, chunk_ids: Sequence[ChunkId]) -> list[float]:
        """Say how many seconds the lease of each chunk has left; 0 where it does not exist."""
        store = self._open()
        with store.lock:
            now = self._clock()
            chunks = [self._chunk(store, chunk_id) for chunk_id in chunk_ids]
            return [0.0 if chunk is None else chunk.expires_at - now for chunk in chunks]

    def cut_leases(self, chunk_ids: Sequence[ChunkId], *, lease_s: int) -> None:
        """Shorten (never lengthen) leases."""
        check_seconds(lease_s)
        store = self._open()
        with store.lock:
            until = self._clock() + lease_s
            for chunk_id in chunk_ids:
                if (chunk := self._chunk(store, chunk_id)) is not None:
                    chunk.expires_at = min(chunk.expires_at, until)

    def drop_chunks(self, chunk_ids: Sequence[ChunkId], *, most_s: float | None = None) -> int:
        """Remove chunks at once, those whose lease ends within ``most_s``; say how many."""
        store = self._open()
        with store.lock:
            lives = dict(zip(chunk_ids, self.chunk_lives(chunk_ids), strict=True))
            due = [c for c, left_s in lives.items() if left_s and left_s <= (most_s or left_s)]
            for chunk_id in due:
                del store.chunks[chunk_id]
            return len(due)

    # what was taken away

    def read_sweep(self) -> bytes | None:
        """Read what :meth:`announce_sweep` wrote last."""
        return self._open().sweep

    def announce_sweep(self, mark: bytes) -> None:
        """Tell all who open a session from now on that chunks are taken away."""
        self._open().sweep = mark

    def mark_session(self, key: SessionKey, field: str, mark: bytes) -> bool:
        """Set a ref, whatever it was; the time to live stays. ``False``: no such session."""
        store = self._open()
        with store.lock:
            if (session := self._session(store, key)) is None:
                return False
            session.refs[field] = mark
            session.seq += 1
            return True

    # sessions

    def create_session(self, key: SessionKey, *, ttl_s: int) -> bool:
        """Start a session with a fresh epoch; ``False`` when it exists, which is untouched."""
        check_seconds(ttl_s)
        store = self._open()
        with store.lock:
            if self._session(store, key) is not None:
                return False
            now = self._clock()
            store.sessions[key] = Session(secrets.token_hex(16), now, now + ttl_s)
            return True

    def read_session(self, key: SessionKey) -> SessionRecord | None:
        """Read meta and refs; ``None`` when there is no such session."""
        store = self._open()
        with store.lock:
            if (session := self._session(store, key)) is None:
                return None
            own = {
                "epoch": session.epoch.encode(),
                "created_at": f"{session.created_at:.3f}".encode(),
                "seq": str(session.seq).encode(),
            }
            return SessionRecord(
                meta=session.meta | own,
                refs=dict(session.refs),
                version_count=len(session.versions),
                now_s=self._clock(),
            )

    def read_seq(self, key: SessionKey) -> int | None:
        """Read how many transactions were applied; ``None`` when there is no such session."""
        store = self._open()
        with store.lock:
            session = self._session(store, key)
            return None if session is None else session.seq

    def read_seqs(self, keys: Sequence[SessionKey]) -> list[int | None]:
        """Read ``seq`` of several sessions; ``None`` for each that does not exist."""
        return [self.read_seq(key) for key in keys]

    def read_versions(
        self, key: SessionKey, version_ids: Sequence[VersionId] | None = None
    ) -> dict[VersionId, bytes]:
        """Read these version records, or all; what does not exist is left out."""
        store = self._open()
        with store.lock:
            session = self._session(store, key)
            return {} if session is None else _selected(session.versions, version_ids)

    def read_tables(
        self, key: SessionKey, manifest_ids: Sequence[ManifestId] | None = None
    ) -> dict[ManifestId, bytes]:
        """Read these manifests, or all; what does not exist is left out."""
        store = self._open()
        with store.lock:
            session = self._session(store, key)
            return {} if session is None else _selected(session.tables, manifest_ids)

    def transact(self, key: SessionKey, transaction: Transaction) -> Outcome:
        """Apply a change, all or nothing."""
        check_transaction(transaction)
        store = self._open()
        with store.lock:
            session = self._session(store, key)
            if session is None or session.epoch != transaction.epoch:
                return Outcome.GONE
            if transaction.tx_id in session.applied:
                return Outcome.REPEATED
            if any(session.refs.get(name) != v for name, v in transaction.expect.items()):
                return Outcome.CONFLICT
            if transaction.expect_seq not in (None, session.seq):
                return Outcome.CONFLICT
            if transaction.put_chunks:
                self.put_chunks(transaction.put_chunks, lease_s=transaction.lease_s)
            _apply(session, transaction)
            session.expires_at = self._clock() + transaction.ttl_s
            seq = session.seq
        if transaction.event is not None:
            store.tell(key, seq, transaction.event)
        return Outcome.APPLIED

    def touch_session(self, key: SessionKey, *, ttl_s: int) -> bool:
        """Set the time to live of a session; ``False`` when there is none."""
        check_seconds(ttl_s)
        store = self._open()
        with store.lock:
            if (session := self._session(store, key)) is None:
                return False
            session.expires_at = self._clock() + ttl_s
            return True

    def delete_session(self, key: SessionKey) -> bool:
        """Remove a session at once; its chunks go when their leases end."""
        store = self._open()
        with store.lock:
            existed = self._session(store, key)
            store.sessions.pop(key, None)
        if existed is not None:
            store.tell(key, existed.seq + 1, DELETED)
        return existed is not None

    def list_sessions(self) -> list[SessionKey]:
        """List living sessions."""
        store = self._open()
        with store.lock:
            return [key for key in list(store.sessions) if self._session(store, key) is not None]

    def list_index(self) -> list[SessionKey]:
        """List what the index has: here the same as the living sessions."""
        return self.list_sessions()

    def read_lives(self, key: SessionKey) -> SessionLives:
        """Read how long each key of a session lives: here all as long as the session."""
        store = self._open()
        with store.lock:
            if (session := self._session(store, key)) is None:
                return SessionLives(None, None, None, None, None, None)
            left = session.expires_at - self._clock()
            return SessionLives(
                meta=left,
                graph=left if session.versions else None,
                refs=left if session.refs else None,
                tables=left if session.tables else None,
                events=left if session.applied else None,
                index=left,
            )

    # the server

    def info(self) -> ServerInfo:
        """Say that this is the memory of one process."""
        store = self._open()
        with store.lock:
            used = sum(len(chunk.data) for chunk in store.chunks.values())
        return ServerInfo(
            kind="memory",
            version="",
            where=self._where,
            persistent=False,
            maxmemory_policy="noeviction",
            used_memory_bytes=used,
            maxmemory_bytes=None,
        )

    def ping(self, *, writes: bool = False) -> None:
        """Answer."""
        del writes
        self._open()

    def deadline(self, seconds: float) -> AbstractContextManager[None]:
        """Bound nothing: memory does not keep anybody waiting."""
        del seconds
        return nullcontext()

    def subscribe(self, told: Told, changed: Changed) -> MemorySubscription:
        """Hear of every applied change that has an event, from the thread that makes it."""
        subscription = MemorySubscription(self._open(), told)
        self._subscriptions.add(subscription)
        changed(True)
        return subscription

    def close(self) -> None:
        """Let go of the store. The backend cannot be used afterwards."""
        for subscription in list(self._subscriptions):
            subscription.close()
        self._store = None

    # what has not expired

    def _open(self) -> MemoryStore:
        if (store := self._store) is None:
            raise StorageUnavailableError(f"{self._where} was closed. Connect again.")
        return store

    def _chunk(self, store: MemoryStore, chunk_id: ChunkId) -> Chunk | None:
        chunk = store.chunks.get(chunk_id)
        if chunk is not None and chunk.expires_at <= self._clock():
            del store.chunks[chunk_id]
            return None
        return chunk

    def _session(self, store: MemoryStore, key: SessionKey) -> Session | None:
        session = store.sessions.get(key)
        if session is not None and session.expires_at <= self._clock():
            del store.sessions[key]
            return None
        return session


def _selected(records: dict[_Id, bytes], ids: Sequence[_Id] | None) -> dict[_Id, bytes]:
    if ids is None:
        return dict(records)
    return {id_: records[id_] for id_ in ids if id_ in records}


def _apply(session: Session, transaction: Transaction) -> None:
    """Write first, then delete: what is in both lists is gone."""
    session.seq += 1
    session.applied.append(transaction.tx_id)
    session.meta.update(transaction.set_meta)
    session.refs.update(transaction.set_refs)
    session.versions.update(transaction.put_versions)
    session.tables.update(transaction.put_tables)
    for name in transaction.delete_refs:
        session.refs.pop(name, None)
    for version_id in transaction.delete_versions:
        session.versions.pop(version_id, None)
    for manifest_id in transaction.delete_tables:
        session.tables.pop(manifest_id, None)
