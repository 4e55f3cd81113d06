"""Values under the ids of their manifests: stored chunk by chunk, read, and remembered."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace

from streamlit_redis_session import codec
from streamlit_redis_session.chunks import (
    Chunker,
    FoundColumn,
    Manifest,
    Plan,
    Selections,
    StoredColumn,
)
from streamlit_redis_session.codec import Column
from streamlit_redis_session.codec.differences import changed_rows
from streamlit_redis_session.errors import (
    ChunkNotFoundError,
    CorruptDataError,
    LimitExceededError,
)
from streamlit_redis_session.history._finding import LEAST_BYTES, Finder
from streamlit_redis_session.history._held import Held, ValueCache
from streamlit_redis_session.history._leases import LeaseBook
from streamlit_redis_session.history._patching import find_patches
from streamlit_redis_session.history._transfer import read_columns, sealed_batches
from streamlit_redis_session.objects import ChunkId, Limits, ManifestId, SessionKey
from streamlit_redis_session.storage import Backend

TABLE_ROLE = "manifest"
SETTINGS_ROLE = "settings"
_PROBE_BYTES = 2**20
"""From this much on it pays to ask first which chunks the store has already."""


class BaseLostError(ChunkNotFoundError):
    """What a new value is stored as a selection of is gone; store it without."""


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
        if before is None:
            return self._chunker.plan(encoded, {})
        known = self._known(before)
        selections = Selections()
        selections.update(before.selections)
        wanted = {n: c for n, c in enumerate(encoded.columns) if c.token() not in known}
        found = self._find(wanted, before, value, selections, size)
        plan = self._chunker.plan(encoded, known, found)
        return replace(plan, selections=selections.used_by(plan.manifest))

    def _find(
        self,
        wanted: Mapping[int, Column],
        before: Held,
        value: object,
        selections: Selections,
        total: int,
    ) -> dict[int, FoundColumn]:
        """Look for columns that are edits of those of the value before, or rows of them."""
        if not wanted or before.manifest.rows_per_chunk != self._chunker.rows_per_chunk:
            return {}
        base = before.columns()
        patches = find_patches(wanted, base, self._chunker, selections)
        left = {n: column for n, column in wanted.items() if n not in patches}
        fresh = sum(column.nbytes for column in left.values())
        if fresh < LEAST_BYTES or 2 * fresh < total:
            return patches
        finder = Finder(self._chunker, base, selections)
        return patches | finder.find(left, before.value, value)

    def _known(self, before: Held) -> Mapping[Hashable, StoredColumn]:
        """Give what is stored of a value, unless its chunks are cut otherwise than new ones."""
        is_cut_so = before.manifest.rows_per_chunk == self._chunker.rows_per_chunk
        return before.by_token() if is_cut_so else {}

    def write_chunks(
        self,
        *plans: Plan,
        lease_s: int | None = None,
        along: dict[ChunkId, bytes] | None = None,
    ) -> int:
        """Make sure that the store has every chunk of some plans; say how many bytes were sent.

        Parameters
        ----------
        lease_s
            How long the chunks are kept; ``None``: as the store was told.
        along
            Takes the chunks instead of the store where they are few and small: the change that
            refers to them brings them along. Call :meth:`brought` when that is done.
        """
        lease_s = lease_s or self._lease_s
        planned = {c: p for plan in plans for c, p in plan.chunks.items()}
        stale = self._leases.stale(planned, lease_s=lease_s)
        total = sum(planned[c].nbytes for c in stale)
        if total > _PROBE_BYTES or len(stale) > 64 or any(planned[c].is_lent for c in stale):
            stale = self._extend(stale, lease_s)
        lost = [c for c in stale if planned[c].is_lent]
        if lost:
            raise BaseLostError(lost)
        sent = 0
        for batch in sealed_batches(self._chunker, {c: planned[c] for c in stale}):
            if along is not None and total <= _PROBE_BYTES:
                along.update(batch)
            else:
                sent += self._put(batch, lease_s)
        return sent

    def brought(self, chunks: Mapping[ChunkId, bytes], *, lease_s: int) -> None:
        """Note that a change has brought chunks along."""
        self._leases.note(chunks, lease_s=lease_s)

    def _put(self, batch: Mapping[ChunkId, bytes], lease_s: int) -> int:
        self._backend.put_chunks(batch, lease_s=lease_s)
        self._leases.note(batch, lease_s=lease_s)
        return sum(map(len, batch.values()))

    def _extend(self, chunk_ids: Sequence[ChunkId], lease_s: int) -> list[ChunkId]:
        """Extend leases; return the chunks that the store does not have."""
        there = self._backend.extend_chunks(chunk_ids, lease_s=lease_s)
        self._leases.note(
            (c for c, is_there in zip(chunk_ids, there, strict=True) if is_there),
            lease_s=lease_s,
        )
        missing = [c for c, is_there in zip(chunk_ids, there, strict=True) if not is_there]
        self._leases.forget(missing)
        return missing

    def extend_leases(
        self, manifests: Sequence[Manifest], *, lease_s: int | None = None
    ) -> list[ChunkId]:
        """Keep the chunks of these manifests alive; return those that are lost."""
        lease_s = lease_s or self._lease_s
        wanted = list(dict.fromkeys(c for m in manifests for c in m.chunk_ids()))
        stale = self._leases.stale(wanted, lease_s=lease_s)
        return self._extend(stale, lease_s) if stale else []

    def remember(self, value: object, plan: Plan, *, stamp: int) -> Held:
        """Keep a snapshot that has just been stored.

        Parameters
        ----------
        stamp
            ``codec.memory_stamp()`` from before the value was planned.
        """
        held = Held(
            value, plan.manifest_id, plan.manifest, plan.by_token, plan.selections, stamp=stamp
        )
        self._cache.put(held)
        return held

    def is_same(
        self, session: SessionKey, plan: Plan, value: object, manifest_id: ManifestId
    ) -> bool:
        """Say whether a planned value is, bit for bit, what another manifest stands for."""
        known = self._cache.get(manifest_id)
        other = known.manifest if known else self.read_table(session, manifest_id)
        if not (plan.manifest.is_derived or other.is_derived):
            return False  # plain manifests of the same content are the same
        if other.description != plan.manifest.description:
            return False
        pairs = zip(plan.manifest.columns, other.columns, strict=False)
        unlike = [n for n, (mine, theirs) in enumerate(pairs) if mine != theirs]
        columns = codec.encode(value, path="value").columns
        theirs = self.load(session, manifest_id, path="value").columns()
        return len(columns) == len(theirs) and all(
            changed_rows(columns[n], theirs[n][0], most=0) is not None for n in unlike
        )

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
        size = max(manifest.nbytes, manifest.pieces_nbytes)
        if size > self._limits.value_bytes:
            raise LimitExceededError(path, size=size, limit=self._limits.value_bytes)
        try:
            built = read_columns(
                self._backend, self._chunker, manifest, most_bytes=self._limits.value_bytes
            )
        except ChunkNotFoundError as error:
            self._leases.forget(map(ChunkId, error.chunk_ids))
            raise ChunkNotFoundError(error.chunk_ids, value=path) from None
        columns, selections = self._chunker.assemble(manifest, built)
        value = codec.decode(manifest.description, columns)
        return Held(value, manifest_id, manifest, selections=selections)
