"""Values under the ids of their manifests: stored chunk by chunk, read, and remembered."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import replace

from streamlit_redis_session import codec
from streamlit_redis_session.chunks import (
    Chunker,
    FoundColumn,
    Manifest,
    Plan,
    PlannedChunk,
    Selections,
    known_part,
)
from streamlit_redis_session.codec import Column, Encoded, Part
from streamlit_redis_session.codec.differences import changed_rows
from streamlit_redis_session.codec.positions import has_moved_rows
from streamlit_redis_session.errors import (
    ChunkNotFoundError,
    CorruptDataError,
    LimitExceededError,
    SessionNotFoundError,
)
from streamlit_redis_session.history._appending import find_appended
from streamlit_redis_session.history._cells import changed_cells
from streamlit_redis_session.history._finding import LEAST_BYTES, Finder
from streamlit_redis_session.history._healing import TABLE_ROLE, Healing
from streamlit_redis_session.history._held import Held, ValueCache
from streamlit_redis_session.history._leases import LeaseBook
from streamlit_redis_session.history._patching import find_patches
from streamlit_redis_session.history._reading import read_columns
from streamlit_redis_session.history._transfer import sealed_batches
from streamlit_redis_session.objects import ChunkId, Limits, ManifestId, SessionKey
from streamlit_redis_session.storage import Backend

SETTINGS_ROLE = "settings"
_PROBE_BYTES = 2**20
"""From this much on it pays to ask first which chunks the store has already."""


class BaseLostError(ChunkNotFoundError):
    """What a new value is stored as a selection of is gone; store it without."""


class ValueStore(Healing):
    """Stores and reads values of one namespace.

    Tables (manifests) belong to a session and are written by the commit itself; chunks are
    shared, and written here, before it.
    """

    def __init__(
        self, backend: Backend, chunker: Chunker, *, lease_s: int, limits: Limits, cache_bytes: int
    ) -> None:
        self._backend = backend
        self._chunker = self.chunker = chunker
        self._lease_s = lease_s
        self._limits = limits
        self.most_bytes = limits.value_bytes
        """Of one value, uncompressed."""
        self._leases = LeaseBook()
        self._connections = 0
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
        if before is not None and before.manifest.rows_per_chunk != self._chunker.rows_per_chunk:
            before = None  # its chunks are cut otherwise than new ones
        encoded = codec.encode(value, path=path, known=before.by_token if before else None)
        wanted, size = _wanted(encoded)
        if size > self._limits.value_bytes:
            raise LimitExceededError(path, size=size, limit=self._limits.value_bytes)
        if before is None:
            return self._chunker.plan(encoded)
        selections = Selections()
        selections.update(before.selections)
        found = self._found(wanted, before, value, selections, size)
        plan = self._chunker.plan(encoded, found)
        cells = changed_cells(plan, before.manifest, found)
        return replace(plan, selections=selections.used_by(plan.manifest), cells=cells)

    def _found(
        self,
        wanted: Mapping[int, Column],
        before: Held,
        value: object,
        selections: Selections,
        total: int,
    ) -> dict[int, FoundColumn]:
        """Look for columns that are edits of those of the value before, or rows of them."""
        if not wanted:
            return {}
        base = before.columns()
        found: dict[int, FoundColumn] = {}
        if _has_grown(before.value, value):
            found = find_appended(wanted, base, self._chunker, selections)
            wanted = _without(wanted, found)
        # first where rows have moved: then hardly a column is an edit of another
        is_first = _is_much(wanted, total) and has_moved_rows(before.value, value)
        if is_first:
            found |= Finder(self._chunker, base, selections).find(wanted, before.value, value)
            wanted = _without(wanted, found)
        found |= find_patches(wanted, base, self._chunker, selections)
        left = _without(wanted, found)
        if not is_first and _is_much(left, total):
            found |= Finder(self._chunker, base, selections).find(left, before.value, value)
        return found

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
        self._trust_or_forget()
        planned = {c: p for plan in plans for c, p in plan.chunks.items()}
        for plan in plans:
            planned |= self._stale_chunks(plan, lease_s)
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

    def _stale_chunks(self, plan: Plan, lease_s: int) -> dict[ChunkId, PlannedChunk]:
        """Give the chunks of kept parts, but of those that the store is known to have."""
        kept = {n: plan.manifest.parts[n] for n in plan.kept}
        stale = self._leases.stale_parts(kept.values(), lease_s=lease_s)
        chunks: dict[ChunkId, PlannedChunk] = {}
        if stale:
            for number, stored in kept.items():
                chunks |= self._chunker.cut_again(stored, plan.parts[number])
        return chunks

    def write_chunks_again(self, *plans: Plan, lease_s: int) -> None:
        """Make sure that the store has every chunk of some plans, whatever is known of it."""
        self._leases.clear()  # the server may have been started anew, without its last moments
        self.write_chunks(*plans, lease_s=lease_s)

    @property
    def is_in_doubt(self) -> bool:
        """Whether what is known of the store's chunks is from before the present connection."""
        return self._backend.connections != self._connections

    def _trust_or_forget(self) -> None:
        """Ask for all chunks again: a server that was started anew may have lost some."""
        connections = self._backend.connections
        if connections != self._connections:
            self._connections = connections
            self._leases.clear()

    def brought(self, chunks: Mapping[ChunkId, bytes], *, lease_s: int) -> None:
        """Note that a change has brought chunks along."""
        self._leases.note(chunks, lease_s=lease_s)

    def _put(self, batch: Mapping[ChunkId, bytes], lease_s: int) -> int:
        era = self._leases.era
        self._backend.put_chunks(batch, lease_s=lease_s)
        self._leases.note(batch, lease_s=lease_s, era=era)
        return sum(map(len, batch.values()))

    def _extend(self, chunk_ids: Sequence[ChunkId], lease_s: int) -> list[ChunkId]:
        """Extend leases; return the chunks that the store does not have."""
        era = self._leases.era
        there = self._backend.extend_chunks(chunk_ids, lease_s=lease_s)
        self._leases.note(
            (c for c, is_there in zip(chunk_ids, there, strict=True) if is_there),
            lease_s=lease_s,
            era=era,
        )
        missing = [c for c, is_there in zip(chunk_ids, there, strict=True) if not is_there]
        self._leases.forget(missing)
        return missing

    def extend_leases(
        self, manifests: Sequence[Manifest], *, lease_s: int | None = None
    ) -> list[ChunkId]:
        """Keep the chunks of these manifests alive; return those that are lost."""
        lease_s = lease_s or self._lease_s
        self._trust_or_forget()
        wanted = list(dict.fromkeys(c for m in manifests for c in m.chunk_ids()))
        stale = self._leases.stale(wanted, lease_s=lease_s)
        return self._extend(stale, lease_s) if stale else []

    def remember(
        self,
        value: object,
        plan: Plan,
        *,
        stamp: int,
        memory: frozenset[Hashable] | None = None,
    ) -> Held:
        """Keep a snapshot that has just been stored.

        Parameters
        ----------
        stamp
            ``codec.memory_stamp()`` from before the value was planned.
        memory
            What ``codec.note_memory`` said of it.
        """
        held = Held(
            value,
            plan.manifest_id,
            plan.manifest,
            plan.parts,
            plan.selections,
            stamp=stamp,
            memory=memory,
        )
        held.release()
        self._cache.put(held)
        return held

    def start_sweep(self) -> None:
        """Have the memory of remembered values looked at anew, by :meth:`sweep`."""
        self._cache.start_sweep()

    def sweep(self, stop: Callable[[], bool], *, but: Iterable[object] = ()) -> bool:
        """Look for writes around pandas to remembered values; ``True``: all are looked at."""
        return self._cache.sweep(stop, but=but)

    def is_same(self, session: SessionKey, plan: Plan, manifest_id: ManifestId) -> bool:
        """Say whether a planned value is, bit for bit, what another manifest stands for."""
        known = self._cache.get(manifest_id)
        other = known.manifest if known else self.read_table(session, manifest_id)
        if not (plan.manifest.is_derived or other.is_derived):
            return False  # plain manifests of the same content are the same
        mine, theirs = plan.manifest.parts, other.parts
        if len(mine) != len(theirs):
            return False
        differing = [n for n, part in enumerate(mine) if part.data != theirs[n].data]
        if not all(mine[n].is_described_as(theirs[n]) for n in differing):
            return False
        held = self.load(session, manifest_id, path="value")
        return bool(held.parts) and all(
            _are_equal(plan.parts[n].columns, held.parts[n].columns) for n in differing
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
        manifest = self.open_settings_table(session, sealed)
        return self._read(
            manifest, self._chunker.manifest_id(manifest.to_bytes()), "settings"
        ).value

    def open_settings_table(self, session: SessionKey, sealed: bytes) -> Manifest:
        """Check and parse the manifest of the settings of the moment."""
        data = self._chunker.open_record(SETTINGS_ROLE, session, "current", sealed)
        return Manifest.from_bytes(data)

    def read_table(self, session: SessionKey, manifest_id: ManifestId) -> Manifest:
        """Fetch one manifest of a session."""
        tables = self._backend.read_tables(session, [manifest_id])
        if manifest_id not in tables:
            if self._backend.read_seq(session) is None:
                raise SessionNotFoundError
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
        lent = self._cache.lenders(manifest)
        missing = [p for n, p in enumerate(manifest.parts) if n not in lent]
        own = Manifest(manifest.rows_per_chunk, tuple(missing)) if lent else manifest
        columns, selections = self._read_own(own, path)
        for held, _ in lent.values():
            selections.update(held.selections)
        at = 0
        parts: list[codec.Stored | Part] = []
        for number, stored in enumerate(manifest.parts):
            if number in lent:
                held, place = lent[number]
                parts.append(held.parts[place])
            else:
                parts.append((stored.description, columns[at : at + len(stored.columns)]))
                at += len(stored.columns)
        value = codec.decode_parts(parts)
        return Held(value, manifest_id, _sharing(manifest, lent), selections=selections)

    def _read_own(self, manifest: Manifest, path: str) -> tuple[list[Column], Selections]:
        """Read the columns of parts that no value in memory has.

        Chunks that are lost, and that another value in memory has, are stored again.
        """
        most = self._limits.value_bytes
        try:
            return read_columns(self._backend, self._chunker, manifest, most_bytes=most)
        except ChunkNotFoundError as error:
            lost = [ChunkId(chunk_id) for chunk_id in error.chunk_ids]
            if still_lost := set(lost) - self.heal(lost):
                raise ChunkNotFoundError(sorted(still_lost), value=path) from None
        return read_columns(self._backend, self._chunker, manifest, most_bytes=most)


def _sharing(manifest: Manifest, lent: Mapping[int, tuple[Held, int]]) -> Manifest:
    """Name shared parts by the same objects, so that their memory counts once."""
    parts = list(manifest.parts)
    for number, (held, place) in lent.items():
        parts[number] = held.manifest.parts[place]
    return Manifest(manifest.rows_per_chunk, tuple(parts))


def _is_much(columns: Mapping[int, Column], total: int) -> bool:
    """Say whether columns are enough, and enough of the value, to look for rows of others."""
    nbytes = sum(column.nbytes for column in columns.values())
    return nbytes >= LEAST_BYTES and 2 * nbytes >= total


def _has_grown(before: object, after: object) -> bool:
    """Say whether a value has more rows than the one before."""
    rows, more = codec.describe_shape(before)[0], codec.describe_shape(after)[0]
    return rows is not None and more is not None and 0 < rows < more


def _without(
    columns: Mapping[int, Column], found: Mapping[int, FoundColumn]
) -> Mapping[int, Column]:
    return {ordinal: column for ordinal, column in columns.items() if ordinal not in found}


def _wanted(encoded: Encoded) -> tuple[dict[int, Column], int]:
    """Give the columns of new parts by their ordinal, and the bytes of all columns."""
    wanted: dict[int, Column] = {}
    at = size = 0
    for part in encoded.parts:
        stored = known_part(part)
        if stored is None:
            wanted |= enumerate(part.columns, start=at)
            at += len(part.columns)
            size += sum(column.nbytes for column in part.columns)
        else:
            at += len(stored.columns)
            size += stored.nbytes
    return wanted, size


def _are_equal(mine: Sequence[Column], theirs: Sequence[Column]) -> bool:
    pairs = zip(mine, theirs, strict=False)
    return len(mine) == len(theirs) and all(
        changed_rows(one, other, most=0) is not None for one, other in pairs
    )
