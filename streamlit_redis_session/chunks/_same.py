"""Which chunks of a stored column a new one has, byte by byte, without naming them again."""

from __future__ import annotations

from streamlit_redis_session.chunks._parts import piece_ranges
from streamlit_redis_session.chunks._selection import same_bytes, same_texts
from streamlit_redis_session.chunks._stored import StoredColumn
from streamlit_redis_session.codec.columns import Column, FixedColumn, SegmentedColumn, VarColumn
from streamlit_redis_session.objects import ChunkId


def same_chunks(
    base: Column, stored: StoredColumn, column: Column, rows_per_chunk: int
) -> list[ChunkId | None]:
    """Give, for each chunk of a column, the name that the base's equal chunk has.

    Comparing memory is several times faster than a digest of it.

    Parameters
    ----------
    base, stored
        A column in memory, and what is stored of it.
    column
        A column of the same kind, of any number of rows.

    Returns
    -------
    list
        One entry for each chunk of ``column``; ``None`` where it is new.
    """
    mine = piece_ranges(column.rows, rows_per_chunk)
    if stored.selection is not None or stored.patch is not None or not stored.chunk_ids:
        return [None] * len(mine)
    theirs = piece_ranges(base.rows, rows_per_chunk)
    named = dict(zip(theirs, stored.chunk_ids, strict=True))
    return [
        named[bounds] if bounds in named and _is_same(base, column, *bounds) else None
        for bounds in mine
    ]


def _is_same(base: Column, column: Column, start: int, stop: int) -> bool:
    if isinstance(base, FixedColumn) and isinstance(column, FixedColumn):
        if base.values.dtype != column.values.dtype:
            return False
        return same_bytes(base.values[start:stop], column.values[start:stop])
    theirs, mine = _segment(base, start, stop), _segment(column, start, stop)
    if theirs is None or mine is None:
        return False
    return same_texts(*theirs, *mine, stop - start)


def _segment(column: Column, start: int, stop: int) -> tuple[VarColumn, int] | None:
    """Find the piece of memory that holds these rows, and where in it they start."""
    if isinstance(column, VarColumn):
        return column, start
    at = 0
    for segment in column.segments if isinstance(column, SegmentedColumn) else ():
        if at <= start and stop <= at + segment.rows:
            return segment, start - at
        at += segment.rows
    return None
