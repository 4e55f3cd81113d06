"""Sealed chunks -> a column, each chunk decompressed straight to its place.

Order of the checks: every tag, then all lengths against the limit and the rows, and only then
memory is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from streamlit_redis_session.chunks._keys import digest
from streamlit_redis_session.chunks._parts import piece_ranges
from streamlit_redis_session.chunks._seal import Sealed, check
from streamlit_redis_session.chunks._stored import StoredColumn
from streamlit_redis_session.codec import Column, column_from_pieces, column_from_sources
from streamlit_redis_session.errors import (
    ChunkNotFoundError,
    CorruptDataError,
    LimitExceededError,
)
from streamlit_redis_session.objects import ChunkId

CHUNK_ROLE = "chunk"


def open_column(
    key: bytes,
    column: StoredColumn,
    rows_per_chunk: int,
    sealed: Mapping[ChunkId, bytes | None],
    *,
    most_bytes: int,
) -> Column:
    """Put a column together from its chunks.

    Raises
    ------
    ChunkNotFoundError
        Some chunks are ``None`` or absent.
    CorruptDataError, LimitExceededError
        Some bytes are not what was written, or would be more than ``most_bytes``.
    """
    spec = column.pieces_spec
    if column.inline is not None:
        return column_from_pieces(spec, [(spec["rows"], column.inline)])
    chunks = _checked(key, column, sealed)
    most_bytes = min(most_bytes, column.pieces_nbytes + len(chunks))
    total = sum(chunk.length for chunk in chunks)
    if total > most_bytes:
        raise LimitExceededError("a column", size=total, limit=most_bytes)
    ranges = piece_ranges(spec["rows"], rows_per_chunk)
    pieces = [(stop - at, chunk) for chunk, (at, stop) in zip(chunks, ranges, strict=True)]
    return column_from_sources(spec, pieces)


def _checked(
    key: bytes, column: StoredColumn, sealed: Mapping[ChunkId, bytes | None]
) -> list[Sealed]:
    """Check the tag of each chunk."""
    missing = [c for c in column.chunk_ids if sealed.get(c) is None]
    if missing:
        raise ChunkNotFoundError(missing)
    return [check_tag(key, c, sealed[c] or b"") for c in column.chunk_ids]


def check_tag(key: bytes, chunk_id: ChunkId, sealed: bytes) -> Sealed:
    """Check that bytes were sealed under this id."""
    return check(sealed, key=key, role=CHUNK_ROLE, name=chunk_id, what=_what(chunk_id))


def check_chunk(key: bytes, chunk_id: ChunkId, sealed: bytes, *, most_bytes: int) -> None:
    """Check a chunk's tag, length, content and name."""
    chunk = check_tag(key, chunk_id, sealed)
    if chunk.length > most_bytes:
        raise LimitExceededError(chunk.what, size=chunk.length, limit=most_bytes)
    content = np.empty(chunk.length, np.uint8)
    chunk.open_into(content)
    if digest(key, content.data) != chunk_id:
        raise CorruptDataError(chunk.what, "its content has another digest than its name")


def _what(chunk_id: ChunkId) -> str:
    return f"chunk {chunk_id[:8]}"
