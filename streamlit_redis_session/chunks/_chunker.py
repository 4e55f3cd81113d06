"""Encoded value -> manifest and chunks to write, and back. No I/O."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from streamlit_redis_session.chunks._keys import Keys, digest
from streamlit_redis_session.chunks._manifest import Manifest, StoredColumn, piece_ranges
from streamlit_redis_session.chunks._seal import seal, unseal
from streamlit_redis_session.codec import Encoded
from streamlit_redis_session.codec.columns import Column, Piece, column_from_pieces
from streamlit_redis_session.errors import ChunkNotFoundError, CorruptDataError
from streamlit_redis_session.objects import ChunkId, ManifestId, SessionKey

ROWS_PER_CHUNK = 64 * 1024
INLINE_BYTES = 512
"""A column of at most this many bytes stands in the manifest itself."""
RECORD_BYTES_MOST = 256 * 2**20
"""No record (manifest, version, settings) may open to more than this."""

_CHUNK_ROLE = "chunk"


@dataclass(frozen=True, slots=True)
class PlannedChunk:
    """A chunk of a value: where to cut it from when the store lacks it."""

    column: Column
    start: int
    stop: int

    @property
    def nbytes(self) -> int:
        """Bytes before compression, as an estimate for a column of varying lengths."""
        return self.column.nbytes * (self.stop - self.start) // max(1, self.column.rows)


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that has to be in the store for a value to be readable."""

    manifest: Manifest
    manifest_id: ManifestId
    chunks: Mapping[ChunkId, PlannedChunk]
    """All chunks of the manifest, also those that older versions share."""
    by_token: Mapping[Hashable, StoredColumn] = field(repr=False, default_factory=dict)
    """Columns by the memory they were read from, valid while the encoded value is held."""


class Chunker:
    """Cuts values into chunks and puts them together again, under one set of keys."""

    def __init__(self, keys: Keys, *, rows_per_chunk: int = ROWS_PER_CHUNK) -> None:
        self._keys = keys
        self.rows_per_chunk = rows_per_chunk

    def plan(self, encoded: Encoded, known: Mapping[Hashable, StoredColumn]) -> Plan:
        """Name every chunk of a value; columns whose memory is ``known`` are not read."""
        stored: list[StoredColumn] = []
        chunks: dict[ChunkId, PlannedChunk] = {}
        by_token: dict[Hashable, StoredColumn] = {}
        for column in encoded.columns:
            token = column.token()
            found = known.get(token) if token is not None else None
            kept = found if found is not None else self._store_column(column)
            if token is not None:
                by_token[token] = kept
            stored.append(kept)
            for chunk_id, (start, stop) in zip(kept.chunk_ids, self._ranges(column), strict=False):
                chunks[chunk_id] = PlannedChunk(column, start, stop)
        manifest = Manifest(encoded.description, self.rows_per_chunk, tuple(stored))
        return Plan(manifest, self.manifest_id(manifest.to_bytes()), chunks, by_token)

    def _ranges(self, column: Column) -> list[tuple[int, int]]:
        return piece_ranges(column.rows, self.rows_per_chunk)

    def _store_column(self, column: Column) -> StoredColumn:
        if column.nbytes <= INLINE_BYTES:
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

    def seal_chunk(self, chunk_id: ChunkId, planned: PlannedChunk) -> bytes:
        """Cut, compress and tag one chunk."""
        content = planned.column.piece(planned.start, planned.stop)
        width = _width(planned.column.spec())
        return seal(content, key=self._keys.chunk, role=_CHUNK_ROLE, name=chunk_id, width=width)

    def assemble(
        self, manifest: Manifest, sealed: Mapping[ChunkId, bytes | None], *, most_bytes: int
    ) -> list[Column]:
        """Open the chunks of a manifest and put its columns together.

        Raises
        ------
        ChunkNotFoundError
            Some chunks are ``None`` or absent.
        CorruptDataError
            Some bytes are not what was written.
        """
        missing = [c for c in manifest.chunk_ids() if sealed.get(c) is None]
        if missing:
            raise ChunkNotFoundError(missing)
        columns = []
        for column in manifest.columns:
            pieces = list(self._open_pieces(column, manifest.rows_per_chunk, sealed, most_bytes))
            columns.append(column_from_pieces(column.spec, pieces))
        return columns

    def _open_pieces(
        self,
        column: StoredColumn,
        rows_per_chunk: int,
        sealed: Mapping[ChunkId, bytes | None],
        most_bytes: int,
    ) -> Iterator[tuple[int, Piece]]:
        rows = column.spec["rows"]
        if column.inline is not None:
            yield rows, column.inline
            return
        left = min(column.nbytes, most_bytes)
        for chunk_id, (start, stop) in zip(
            column.chunk_ids, piece_ranges(rows, rows_per_chunk), strict=True
        ):
            content = self._open_chunk(chunk_id, sealed[chunk_id] or b"", left)
            left -= len(content)
            yield stop - start, content

    def _open_chunk(self, chunk_id: ChunkId, sealed: bytes, most_bytes: int) -> bytes:
        what = f"chunk {chunk_id[:8]}"
        content = unseal(
            sealed,
            key=self._keys.chunk,
            role=_CHUNK_ROLE,
            name=chunk_id,
            most_bytes=most_bytes,
            what=what,
        )
        if digest(self._keys.chunk, content) != chunk_id:
            raise CorruptDataError(what, "its content has another digest than its name")
        return content

    # records: manifests, versions, settings

    def seal_record(self, role: str, session: SessionKey, name: str, content: bytes) -> bytes:
        """Seal a record so that it opens in this role, session and name alone."""
        return seal(content, key=self._keys.record, role=f"{role}\0{session}", name=name)

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
    """Give the element width where a byte shuffle may pay, otherwise 1."""
    if spec["kind"] != "fixed":
        return 1
    width = np.dtype(str(spec["dtype"])).itemsize
    return width if width in (2, 4, 8, 16) else 1
