"""Chunks that the store has lost, made again from values in memory."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence

from streamlit_redis_session.chunks import Chunker, Manifest, Plan, PlannedChunk
from streamlit_redis_session.errors import ChunkNotFoundError, CorruptDataError
from streamlit_redis_session.history._held import Held, ValueCache
from streamlit_redis_session.history._leases import LeaseBook
from streamlit_redis_session.objects import ChunkId, ManifestId, SessionKey
from streamlit_redis_session.storage import Backend

TABLE_ROLE = "manifest"


class Healing(ABC):
    """What a store of values does about chunks that were lost or taken away."""

    _backend: Backend
    _chunker: Chunker
    _leases: LeaseBook
    _cache: ValueCache
    _lease_s: int
    _sweep: bytes | None = None

    @abstractmethod
    def write_chunks(self, *plans: Plan) -> int:
        """Make sure that the store has every chunk of some plans."""

    @abstractmethod
    def open_table(self, session: SessionKey, manifest_id: ManifestId, sealed: bytes) -> Manifest:
        """Check and parse one entry of the table hash."""

    @abstractmethod
    def extend_leases(self, manifests: Sequence[Manifest]) -> list[ChunkId]:
        """Keep the chunks of these manifests alive; return those that are lost."""

    @abstractmethod
    def _extend(self, chunk_ids: Sequence[ChunkId], lease_s: int) -> list[ChunkId]:
        """Extend leases; return the chunks that the store does not have."""

    @abstractmethod
    def _put(self, batch: Mapping[ChunkId, bytes], lease_s: int) -> int:
        """Store sealed chunks."""

    def lengthen(self, chunk_ids: Sequence[ChunkId]) -> None:
        """Give chunks their full lease again."""
        self._extend(chunk_ids, self._lease_s)

    def hear_of_sweeps(self) -> None:
        """Take nothing for stored any more, if chunks were taken away since the last time.

        For a session that is opened now: those that were open then were marked.
        """
        if self._leases.is_empty:
            return  # what is asked for from now on counts
        sweep = self._backend.read_sweep() or b""
        if sweep != self._sweep:
            self._sweep = sweep
            self._leases.clear()

    def forget_leases(self) -> None:
        """Take nothing for stored any more: somebody took chunks away."""
        self._leases.clear()

    def table_again(self, session: SessionKey, key: str, held: Held | None) -> bytes:
        """Seal the manifest of a held value anew, whose version was pruned.

        Raises
        ------
        CorruptDataError
            Nobody holds the value.
        """
        if held is None:
            raise CorruptDataError(
                repr(key), "it was pruned with its version before anybody had read it"
            )
        if not held.parts and (lost := self.extend_leases([held.manifest])):
            raise ChunkNotFoundError(lost, value=key)
        self.write_chunks(held.as_plan())
        return self.seal_manifest(session, held.manifest_id, held.manifest)

    def known_manifest(self, manifest_id: ManifestId) -> Manifest | None:
        """Give the manifest of a value that is in memory."""
        held = self._cache.get(manifest_id)
        return held.manifest if held else None

    def seal_manifest(
        self, session: SessionKey, manifest_id: ManifestId, manifest: Manifest
    ) -> bytes:
        """Seal a manifest for the table hash of a session."""
        data = manifest.to_bytes()
        return self._chunker.seal_record(TABLE_ROLE, session, manifest_id, data)

    def heal(
        self, lost: Sequence[ChunkId], *, damaged: bool = False, dry: bool = False
    ) -> set[ChunkId]:
        """Store chunks again that values in memory have; say which.

        Parameters
        ----------
        damaged
            The store has bytes under these names which are not theirs: they are taken away.
        dry
            Store nothing, only say which could be.
        """
        self._leases.forget(lost)
        found = remade(self._chunker, lost, self._cache.all())
        if not dry:
            if damaged:
                self._backend.drop_chunks(list(found))
            if found:
                self._put(found, self._lease_s)
        return set(found)

    def check_there(self, session: SessionKey, wanted: Mapping[str, ManifestId]) -> None:
        """See that the store has every chunk of values that are not in memory.

        Raises
        ------
        ChunkNotFoundError, CorruptDataError
            A manifest or chunk is lost; the value is named.
        """
        unknown = {k: m for k, m in wanted.items() if self._cache.get(m) is None}
        if not unknown:
            return
        tables = self._backend.read_tables(session, list(dict.fromkeys(unknown.values())))
        for key, manifest_id in unknown.items():
            if manifest_id not in tables:
                raise CorruptDataError(repr(key), "its manifest is missing from the session")
            table = self.open_table(session, manifest_id, tables[manifest_id])
            lost = self._extend(table.chunk_ids(), self._lease_s)
            if still_lost := set(lost) - self.heal(lost) if lost else None:
                raise ChunkNotFoundError(sorted(still_lost), value=key)


def remade(
    chunker: Chunker, wanted: Iterable[ChunkId], known: Iterable[Held]
) -> dict[ChunkId, bytes]:
    """Seal as many of the wanted chunks as values in memory have.

    Each is digested anew: memory that somebody wrote to around pandas makes no chunk.
    """
    left = set(wanted)
    found: dict[ChunkId, bytes] = {}
    for held in known:
        if not left:
            break
        for chunk_id, planned in _chunks_of(chunker, held, left):
            if chunk_id in left and chunker.is_named(chunk_id, planned):
                found[chunk_id] = chunker.seal_chunk(chunk_id, planned)
                left.discard(chunk_id)
    return found


def _chunks_of(
    chunker: Chunker, held: Held, wanted: set[ChunkId]
) -> Iterator[tuple[ChunkId, PlannedChunk]]:
    for part, stored in zip(held.parts, held.manifest.parts, strict=False):
        if wanted.isdisjoint(stored.chunk_ids):
            continue
        cut = chunker.cut_again(stored, part, held.selections)
        yield from ((c, planned) for c, planned in cut.items() if not planned.is_lent)
