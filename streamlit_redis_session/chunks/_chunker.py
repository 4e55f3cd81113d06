"""Encoded value -> manifest and chunks to write, and back. No I/O."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

import numpy as np

from streamlit_redis_session.chunks._compression import Way, choose
from streamlit_redis_session.chunks._keys import Keys, digest
from streamlit_redis_session.chunks._manifest import Manifest
from streamlit_redis_session.chunks._opening import CHUNK_ROLE, check_chunk, open_column
from streamlit_redis_session.chunks._parts import StoredPart, piece_ranges
from streamlit_redis_session.chunks._seal import seal, seal_record, unseal
from streamlit_redis_session.chunks._selection import (
    Positions,
    Rows,
    pack,
)
from streamlit_redis_session.chunks._selections import Selections, chosen, patched
from streamlit_redis_session.chunks._stored import StoredColumn
from streamlit_redis_session.codec import Encoded, Part
from streamlit_redis_session.codec.columns import (
    Column,
    FixedColumn,
)
from streamlit_redis_session.objects import ChunkId, ManifestId, SessionKey, VersionId

ROWS_PER_CHUNK = 64 * 1024
INLINE_BYTES = 512
"""A column of at most this many bytes stands in the manifest itself."""
SMALL_COLUMN_BYTES = 256 * 1024
"""Up to here the size of a column counts more than the time to open it."""
RECORD_BYTES_MOST = 256 * 2**20
"""No record (manifest, version, settings) may open to more than this."""


@dataclass(frozen=True, slots=True)
class PlannedChunk:
    """A chunk of a value: where to cut it from when the store lacks it."""

    column: Column | None
    """``None``: a base that is not in memory and cannot be cut again."""
    start: int = 0
    stop: int = 0

    @property
    def is_lent(self) -> bool:
        """Whether only the store has the bytes."""
        return self.column is None

    @property
    def nbytes(self) -> int:
        """Bytes before compression, as an estimate for a column of varying lengths."""
        if self.column is None:
            return 0
        return self.column.nbytes * (self.stop - self.start) // max(1, self.column.rows)


_LENT = PlannedChunk(None)


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that has to be in the store for a value to be readable."""

    manifest: Manifest
    manifest_id: ManifestId
    chunks: Mapping[ChunkId, PlannedChunk]
    """Those of new parts, also where an older version has them."""
    parts: tuple[Part, ...] = field(repr=False, default=())
    """The planned value's parts, in the order of the manifest's."""
    kept: frozenset[int] = frozenset()
    """Numbers of the parts that are stored already, as far as is known."""
    selections: Selections | None = field(repr=False, default=None)
    """Positions that are known, for the next value made from this one."""
    cells: Mapping[int, int] = field(default_factory=dict)
    """How many rows of a frame's column differ from the value before, by the column's position,
    where that was found out."""

    @property
    def by_token(self) -> dict[Hashable, StoredPart]:
        """Stored parts by the memory they were read from, valid while the parts are held."""
        pairs = zip(self.parts, self.manifest.parts, strict=True)
        return {part.token: stored for part, stored in pairs if part.token is not None}


@dataclass(frozen=True, slots=True)
class FoundColumn:
    """Something stored that stands for a column."""

    stored: StoredColumn
    base: Column | None
    """What the stored pieces were cut from; ``None``: not in memory."""
    sides: tuple[tuple[StoredColumn, Column], ...] = ()
    """Side columns that are new, and what to cut them from."""
    changed_rows: int | None = None
    """How many rows differ from the column before, where that was found out."""


def known_part(part: Part) -> StoredPart | None:
    """Give what is stored of a part, where the encoder was told."""
    return part.known_as if isinstance(part.known_as, StoredPart) else None


class Chunker:
    """Cuts values into chunks and puts them together again, under one set of keys."""

    def __init__(self, keys: Keys, *, rows_per_chunk: int = ROWS_PER_CHUNK) -> None:
        self._keys = keys
        self.rows_per_chunk = rows_per_chunk

    def plan(
        self,
        encoded: Encoded,
        found: Mapping[int, FoundColumn] | None = None,
    ) -> Plan:
        """Name every chunk of a value's new parts.

        Parameters
        ----------
        encoded
            Parts that are known as a stored part are not read.
        found
            Columns, by their ordinal in the whole value, for which something stored already
            stands.
        """
        found = found or {}
        stored: list[StoredPart] = []
        kept: set[int] = set()
        chunks: dict[ChunkId, PlannedChunk] = {}
        at = 0
        for number, part in enumerate(encoded.parts):
            own = known_part(part)
            if own is not None:
                kept.add(number)
            else:
                finds = {n - at: found[n] for n in range(at, at + len(part.columns)) if n in found}
                own = self._store_part(part, finds, chunks)
            at += len(own.columns)
            stored.append(own)
        manifest = Manifest(self.rows_per_chunk, tuple(stored))
        return Plan(
            manifest,
            self.manifest_id(manifest.to_bytes()),
            chunks,
            parts=encoded.parts,
            kept=frozenset(kept),
        )

    def _store_part(
        self, part: Part, found: Mapping[int, FoundColumn], chunks: dict[ChunkId, PlannedChunk]
    ) -> StoredPart:
        columns = []
        sides: dict[Hashable, Column] = {}
        for ordinal, column in enumerate(part.columns):
            find = found.get(ordinal)
            stored = self._store_column(column) if find is None else find.stored
            self._add_chunks(stored, column if find is None else find.base, chunks)
            columns.append(stored)
            if find is not None:
                sides |= {side.key: source for side, source in find.sides}
        for side in (side for column in columns for side in column.sides()):
            self._add_chunks(side, sides.get(side.key), chunks)
        return StoredPart(part.description, tuple(columns))

    def is_named(self, chunk_id: ChunkId, planned: PlannedChunk) -> bool:
        """Say whether a chunk that would be cut now has this name."""
        assert planned.column is not None
        piece = planned.column.piece(planned.start, planned.stop)
        return digest(self._keys.chunk, piece) == chunk_id

    def cut_again(
        self, stored: StoredPart, part: Part, selections: Selections | None = None
    ) -> dict[ChunkId, PlannedChunk]:
        """Say how to make the chunks of a stored part anew, as far as they are held.

        ``selections`` may have the side columns.
        """
        chunks: dict[ChunkId, PlannedChunk] = {}
        for own, column in zip_longest(stored.columns, part.columns[: len(stored.columns)]):
            is_plain = own.selection is None and own.patch is None
            is_same = column is not None and column.spec() == own.spec
            self._add_chunks(own, column if is_plain and is_same else None, chunks)
        for side in stored.sides.values():
            packed = selections.find(side.column.key) if selections else None
            self._add_chunks(side.column, packed, chunks)
        return chunks

    def _add_chunks(
        self, stored: StoredColumn, column: Column | None, chunks: dict[ChunkId, PlannedChunk]
    ) -> None:
        if column is None:
            for chunk_id in stored.chunk_ids:
                chunks.setdefault(chunk_id, _LENT)
            return
        for chunk_id, (start, stop) in zip(stored.chunk_ids, self._ranges(column), strict=False):
            chunks[chunk_id] = PlannedChunk(column, start, stop)

    def store_positions(
        self, positions: Positions | Rows, base_rows: int
    ) -> tuple[str, FixedColumn, StoredColumn]:
        """Pack positions and name their chunks."""
        form, column = pack(positions, base_rows)
        return form, column, self.store_side(column)

    def store_side(self, column: Column, *, most_inline: int = INLINE_BYTES) -> StoredColumn:
        """Name the chunks of a side column; ``FoundColumn.sides`` sees to their bytes."""
        return self._store_column(column, most_inline)

    def store_again(self, column: Column, kept: Sequence[ChunkId | None]) -> StoredColumn:
        """Name a column's chunks, where ``kept`` has names of some already; others are read."""
        ranges = self._ranges(column)
        ids = (
            known or ChunkId(digest(self._keys.chunk, column.piece(start, stop)))
            for known, (start, stop) in zip(kept, ranges, strict=True)
        )
        return StoredColumn(column.spec(), column.nbytes, tuple(ids))

    def _ranges(self, column: Column) -> list[tuple[int, int]]:
        return piece_ranges(column.rows, self.rows_per_chunk)

    def _store_column(self, column: Column, most_inline: int = INLINE_BYTES) -> StoredColumn:
        if column.nbytes <= most_inline:
            inline = bytes(column.piece(0, column.rows))
            return StoredColumn(column.spec(), column.nbytes, (), inline)
        ids = (
            ChunkId(digest(self._keys.chunk, column.piece(start, stop)))
            for start, stop in self._ranges(column)
        )
        return StoredColumn(column.spec(), column.nbytes, tuple(ids))

    def manifest_id(self, data: bytes) -> ManifestId:
        """Name a manifest's bytes."""
        return ManifestId(digest(self._keys.record, b"manifest\0", data))

    def version_id(self, content: bytes) -> VersionId:
        """Name a version's content."""
        return VersionId(digest(self._keys.record, b"version\0", content))

    def seal_chunk(
        self, chunk_id: ChunkId, planned: PlannedChunk, *, way: Way | None = None
    ) -> bytes:
        """Cut, compress and tag one chunk; ``way`` is what ``choose_way`` chose."""
        assert planned.column is not None
        content = planned.column.piece(planned.start, planned.stop)
        width = _width(planned.column.spec())
        key = self._keys.chunk
        return seal(content, key=key, role=CHUNK_ROLE, name=chunk_id, width=width, way=way)

    @staticmethod
    def choose_way(planned: PlannedChunk) -> Way:
        """Choose how to compress a column's chunks by one of them."""
        assert planned.column is not None
        content = planned.column.piece(planned.start, planned.stop)
        is_small = planned.column.nbytes <= SMALL_COLUMN_BYTES
        return choose(content, _width(planned.column.spec()), is_small=is_small)

    def check_chunk(self, chunk_id: ChunkId, sealed: bytes, *, most_bytes: int) -> None:
        """Open a chunk and compare its content with its name, for those who verify a store.

        Reading a value checks the tag alone, which binds content and name under the same key.

        Raises
        ------
        CorruptDataError, LimitExceededError
            It is not what was written, or would be larger than ``most_bytes``.
        """
        check_chunk(self._keys.chunk, chunk_id, sealed, most_bytes=most_bytes)

    def build(
        self,
        column: StoredColumn,
        rows_per_chunk: int,
        sealed: Mapping[ChunkId, bytes | None],
        *,
        most_bytes: int,
    ) -> Column:
        """Open a column's chunks and put its pieces together, without its selection.

        Raises
        ------
        ChunkNotFoundError
            Some chunks are ``None`` or absent.
        CorruptDataError
            Some bytes are not what was written.
        """
        if column.selection is not None and column.selection.affine is not None:
            return FixedColumn(np.empty(0, dtype=np.int64))  # it is counted, not read
        return open_column(self._keys.chunk, column, rows_per_chunk, sealed, most_bytes=most_bytes)

    @staticmethod
    def unpack(manifest: Manifest, sides: Sequence[Column]) -> Selections:
        """Read the positions that a value's columns need, so that many threads may use them.

        Parameters
        ----------
        sides
            What ``build`` made of ``manifest.side_columns()``.

        Raises
        ------
        CorruptDataError
            Positions do not fit what they select from.
        """
        stored = manifest.side_columns()
        packed = {side.key: column for side, column in zip(stored, sides, strict=True)}
        selections = Selections(packed)
        for column in manifest.columns:
            if column.selection is not None:
                selections.rows(column.selection, column.spec["rows"])
        return selections

    @staticmethod
    def finish(column: StoredColumn, base: Column, selections: Selections) -> Column:
        """Give a column from what ``build`` made of it: its rows, and the edits of them.

        Raises
        ------
        CorruptDataError
            Positions do not fit what they select from.
        """
        return patched(column, chosen(column, base, selections), selections)

    @staticmethod
    def assemble(manifest: Manifest, built: Sequence[Column]) -> tuple[list[Column], Selections]:
        """Give a value's columns from what ``build`` made of ``manifest.all_columns()``.

        Raises
        ------
        CorruptDataError
            Positions do not fit what they select from.
        """
        selections = Chunker.unpack(manifest, built[len(manifest.columns) :])
        pairs = zip(manifest.columns, built, strict=False)
        return [Chunker.finish(column, base, selections) for column, base in pairs], selections

    # records: manifests, versions, settings

    def seal_record(self, role: str, session: SessionKey, name: str, content: bytes) -> bytes:
        """Seal a record so that it opens in this role, session and name alone."""
        return seal_record(content, key=self._keys.record, role=f"{role}\0{session}", name=name)

    def open_record(self, role: str, session: SessionKey, name: str, sealed: bytes) -> bytes:
        """Open what :meth:`seal_record` made."""
        return unseal(
            sealed,
            key=self._keys.record,
            role=f"{role}\0{session}",
            name=name,
            most_bytes=RECORD_BYTES_MOST,
            what=f"{role} {name[:8]}",
        )


def _width(spec: dict[str, object]) -> int:
    """Give the bytes of one element, 0 where they differ."""
    return np.dtype(str(spec["dtype"])).itemsize if spec["kind"] == "fixed" else 0
