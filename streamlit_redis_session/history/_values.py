"""Values under the ids of their manifests: stored chunk by chunk, read, and remembered."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Mapping, Sequence
from functools import cached_property
from threading import Lock

from streamlit_redis_session import codec
from streamlit_redis_session.chunks import Chunker, Manifest, Plan, StoredColumn
from streamlit_redis_session.errors import (
    ChunkNotFoundError,
    CorruptDataError,
    LimitExceededError,
)
from streamlit_redis_session.history._leases import LeaseBook
from streamlit_redis_session.objects import ChunkId, Limits, ManifestId, SessionKey
from streamlit_redis_session.storage import Backend

TABLE_ROLE = "manifest"
SETTINGS_ROLE = "settings"
_BATCH_BYTES = 8 * 2**20
_PROBE_BYTES = 2**20
"""From this much on it pays to ask first which chunks the store has already."""


class Held:
    """A value as it was stored or read, held so that later edits can be told from it.

    ``value`` is a snapshot that nobody writes to: give away ``codec.snapshot(value)``.
    """

    def __init__(
        self,
        value: object,
        manifest_id: ManifestId,
        manifest: Manifest,
        by_token: Mapping[Hashable, StoredColumn] | None = None,
    ) -> None:
        self.value = value
        self.manifest_id = manifest_id
        self.manifest = manifest
        self._by_token = by_token

    @cached_property
    def identity(self) -> Hashable | None:
        """The token of the held memory, see ``codec.identity``."""
        return codec.identity(self.value)

    @cached_property
    def nbytes(self) -> int:
        """Memory of the snapshot, estimated."""
        return codec.nbytes(self.value)

    def by_token(self) -> Mapping[Hashable, StoredColumn]:
        """Pair the memory of the value's columns with what is stored of them."""
        if self._by_token is None:
            columns = codec.encode(self.value, path="value").columns
            self._by_token = {
                token: stored
                for column, stored in zip(columns, self.manifest.columns, strict=False)
                if (token := column.token()) is not None and column.spec() == stored.spec
            }
        return self._by_token


class ValueCache:
    """Recently stored and read values, at most so many bytes; shared by all sessions."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._held: OrderedDict[ManifestId, Held] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def get(self, manifest_id: ManifestId) -> Held | None:
        """Look a value up and mark it as recently used."""
        with self._lock:
            held = self._held.get(manifest_id)
            if held is not None:
                self._held.move_to_end(manifest_id)
            return held

    def put(self, held: Held) -> None:
        """Remember a value; the least recently used go when the bytes are exceeded."""
        if held.nbytes > self._most_bytes:
            return
        with self._lock:
            old = self._held.pop(held.manifest_id, None)
            self._bytes += held.nbytes - (old.nbytes if old else 0)
            self._held[held.manifest_id] = held
            while self._bytes > self._most_bytes:
                self._bytes -= self._held.popitem(last=False)[1].nbytes


class ValueStore:
    """Stores and reads values of one namespace.

    Tables (manifests) belong to a session and are written by the commit itself; chunks are
    shared, and written here, before it.
    """

    def __init__(
        self, backend: Backend, chunker: Chunker, *, lease_s: int, limits: Limits, cache_bytes: int
    ) -> None:
        self._backend = backend
        self._chunker = chunker
        self._lease_s = lease_s
        self._limits = limits
        self._leases = LeaseBook()
        self._cache = ValueCache(cache_bytes)

    def plan(self, value: object, *, path: str, before: Held | None = None) -> Plan:
        """Work out the manifest of a value. No I/O.

        Parameters
        ----------
        before
            The value that this one was made from: columns that share its memory are not read.

        Raises
        ------
        UnsupportedValueError, LimitExceededError
            The value cannot be stored exactly, or is too large.
        """
        encoded = codec.encode(value, path=path)
        size = sum(column.nbytes for column in encoded.columns)
        if size > self._limits.value_bytes:
            raise LimitExceededError(path, size=size, limit=self._limits.value_bytes)
        return self._chunker.plan(encoded, before.by_token() if before else {})

    def write_chunks(self, plan: Plan) -> int:
        """Make sure that the store has every chunk of a plan; say how many bytes were sent."""
        stale = self._leases.stale(plan.chunks, lease_s=self._lease_s)
        total = sum(plan.chunks[c].nbytes for c in stale)
        if total > _PROBE_BYTES or len(stale) > 64:
            stale = self._extend(stale)
        sent = 0
        batch: dict[ChunkId, bytes] = {}
        batch_bytes = 0
        for chunk_id in stale:
            batch[chunk_id] = self._chunker.seal_chunk(chunk_id, plan.chunks[chunk_id])
            batch_bytes += len(batch[chunk_id])
            if batch_bytes >= _BATCH_BYTES:
                sent += self._put(batch)
                batch, batch_bytes = {}, 0
        return sent + (self._put(batch) if batch else 0)

    def _put(self, batch: Mapping[ChunkId, bytes]) -> int:
        self._backend.put_chunks(batch, lease_s=self._lease_s)
        self._leases.note(batch, lease_s=self._lease_s)
        return sum(map(len, batch.values()))

    def _extend(self, chunk_ids: Sequence[ChunkId]) -> list[ChunkId]:
        """Extend leases; return the chunks that the store does not have."""
        there = self._backend.extend_chunks(chunk_ids, lease_s=self._lease_s)
        self._leases.note(
            (c for c, is_there in zip(chunk_ids, there, strict=True) if is_there),
            lease_s=self._lease_s,
        )
        missing = [c for c, is_there in zip(chunk_ids, there, strict=True) if not is_there]
        self._leases.forget(missing)
        return missing

    def extend_leases(self, manifests: Sequence[Manifest]) -> list[ChunkId]:
        """Keep the chunks of these manifests alive; return those that are lost."""
        wanted = list(dict.fromkeys(c for m in manifests for c in m.chunk_ids()))
        return self._extend(self._leases.stale(wanted, lease_s=self._lease_s))

    def remember(self, value: object, plan: Plan) -> Held:
        """Keep a snapshot that has just been stored."""
        held = Held(value, plan.manifest_id, plan.manifest, plan.by_token)
        self._cache.put(held)
        return held

    def seal_table(self, session: SessionKey, plan: Plan) -> bytes:
        """Seal a plan's manifest for the table hash of a session."""
        return self._chunker.seal_record(
            TABLE_ROLE, session, plan.manifest_id, plan.manifest.to_bytes()
        )

    def open_table(self, session: SessionKey, manifest_id: ManifestId, sealed: bytes) -> Manifest:
        """Check and parse one entry of the table hash."""
        data = self._chunker.open_record(TABLE_ROLE, session, manifest_id, sealed)
        if self._chunker.manifest_id(data) != manifest_id:
            what = f"manifest {manifest_id[:8]}"
            raise CorruptDataError(what, "its content has another digest than its name")
        return Manifest.from_bytes(data)

    def seal_settings(self, session: SessionKey, plan: Plan) -> bytes:
        """Seal the manifest of the settings of the moment."""
        data = plan.manifest.to_bytes()
        return self._chunker.seal_record(SETTINGS_ROLE, session, "current", data)

    def open_settings(self, session: SessionKey, sealed: bytes) -> object:
        """Read what :meth:`seal_settings` made."""
        data = self._chunker.open_record(SETTINGS_ROLE, session, "current", sealed)
        manifest = Manifest.from_bytes(data)
        return self._read(manifest, self._chunker.manifest_id(data), "settings").value

    def read_table(self, session: SessionKey, manifest_id: ManifestId) -> Manifest:
        """Fetch one manifest of a session."""
        tables = self._backend.read_tables(session, [manifest_id])
        if manifest_id not in tables:
            raise CorruptDataError(f"manifest {manifest_id[:8]}", "it is missing from the session")
        return self.open_table(session, manifest_id, tables[manifest_id])

    def load(self, session: SessionKey, manifest_id: ManifestId, *, path: str) -> Held:
        """Read a value, from memory where it was seen lately.

        Raises
        ------
        ChunkNotFoundError, CorruptDataError
            The value cannot be read; it never becomes an empty frame.
        """
        held = self._cache.get(manifest_id)
        if held is None:
            held = self._read(self.read_table(session, manifest_id), manifest_id, path)
            self._cache.put(held)
        return held

    def _read(self, manifest: Manifest, manifest_id: ManifestId, path: str) -> Held:
        if manifest.nbytes > self._limits.value_bytes:
            raise LimitExceededError(path, size=manifest.nbytes, limit=self._limits.value_bytes)
        chunk_ids = manifest.chunk_ids()
        sealed = self._backend.get_chunks(chunk_ids)
        lost = [c for c, data in zip(chunk_ids, sealed, strict=True) if data is None]
        if lost:
            self._leases.forget(lost)
            raise ChunkNotFoundError(lost, value=path)
        columns = self._chunker.assemble(
            manifest,
            dict(zip(chunk_ids, sealed, strict=True)),
            most_bytes=self._limits.value_bytes,
        )
        value = codec.decode(manifest.description, columns)
        return Held(value, manifest_id, manifest)
