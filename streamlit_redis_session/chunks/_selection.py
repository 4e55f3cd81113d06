"""Row selections: a column as positions into another one that is stored already.

A filter, sort, head, tail or sample of a frame costs its positions, not its rows.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from streamlit_redis_session.chunks._forms import Form, pack, unpack
from streamlit_redis_session.chunks._rows import Positions, Rows, Run, as_rows
from streamlit_redis_session.codec.allocation import empty
from streamlit_redis_session.codec.columns import Column, FixedColumn, SegmentedColumn, VarColumn
from streamlit_redis_session.errors import CorruptDataError

__all__ = [
    "Form",
    "Positions",
    "Rows",
    "Run",
    "affine_column",
    "affine_of",
    "as_rows",
    "comes_from",
    "pack",
    "same_bytes",
    "same_texts",
    "sample_of",
    "take",
    "unpack",
]

_BLOCK_ROWS = 64 * 1024
_BLOCK_BYTES = 2**20
"""No more is compared at once, so that no other thread waits for long."""
_FEW_ROWS = 16 * 1024
"""So few rows NumPy takes faster than Arrow."""
_SHORT_BYTES = 12
"""Texts of at most so many bytes stand in Arrow's views themselves."""
_WHAT = "a row selection"
_WHOLE = {1: pa.uint8(), 2: pa.uint16(), 4: pa.uint32(), 8: pa.uint64()}


# --- is a column a selection? ----------------------------------------------------------------


def sample_of(column: Column, places: Positions) -> Hashable:
    """Give the elements at a few places: columns of other elements are not equal."""
    if isinstance(column, FixedColumn):
        return column.values.dtype.str, column.values.take(places).tobytes()
    if isinstance(column, VarColumn):
        return tuple(_elements(column, places))
    assert isinstance(column, SegmentedColumn)
    ends = np.cumsum([segment.rows for segment in column.segments])
    numbers = np.searchsorted(ends, places, side="right").tolist()
    return tuple(
        element
        for number, place in zip(numbers, places.tolist(), strict=True)
        for element in _elements(column.segments[number], np.array([place - ends[number]]))
    )


def _elements(column: VarColumn, places: Positions) -> list[bytes]:
    """Give elements by their places, or by their distances from the end."""
    firsts = np.where(places < 0, column.rows + places, places)
    starts, stops = column.offsets.take(firsts).tolist(), column.offsets.take(firsts + 1).tolist()
    memory = column.data.data
    return [bytes(memory[start:stop]) for start, stop in zip(starts, stops, strict=True)]


def comes_from(base: Column, positions: Positions | Rows, column: Column) -> bool:
    """Say whether a column is exactly the base's elements at these positions.

    The positions must lie within the base.
    """
    rows = as_rows(positions)
    if column.rows != len(rows):
        return False
    if isinstance(base, FixedColumn) and isinstance(column, FixedColumn):
        if base.values.dtype != column.values.dtype:
            return False
        return _numbers_come_from(base.values, rows, column.values)
    if isinstance(base, FixedColumn) or isinstance(column, FixedColumn):
        return False
    return _texts_come_from(texts(base), rows, texts(column))


def _numbers_come_from(base: npt.NDArray[Any], rows: Rows, values: npt.NDArray[Any]) -> bool:
    if rows.start is not None:
        return same_bytes(base[rows.start : rows.start + len(rows)], values)
    taken = _arrow_numbers(base) if len(rows) > _FEW_ROWS else None
    for at in range(0, len(rows), _BLOCK_ROWS):
        mine = values[at : at + _BLOCK_ROWS]
        if taken is None:
            theirs = base.take(rows.positions[at : at + _BLOCK_ROWS])
        else:
            chosen = pc.take(taken, rows.indices.slice(at, _BLOCK_ROWS), boundscheck=False)
            theirs = np.frombuffer(chosen.buffers()[1], dtype=base.dtype, count=len(mine))
        if not same_bytes(theirs, mine):
            return False
    return True


def _arrow_numbers(values: npt.NDArray[Any]) -> Any | None:
    """See elements as whole numbers of Arrow; ``None`` where it has none so wide."""
    kind = _WHOLE.get(values.dtype.itemsize)
    if kind is None:
        return None
    whole = np.ascontiguousarray(values)
    return pa.Array.from_buffers(kind, len(whole), [None, pa.py_buffer(whole.view(np.uint8))])


def same_bytes(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> bool:
    """Compare arrays of one dtype bit by bit, NaN with NaN."""
    if len(one) != len(other):
        return False
    block = max(1, _BLOCK_BYTES // max(1, one.dtype.itemsize))
    if len(one) <= block:
        return bool(_buffer(one).equals(_buffer(other)))
    return all(
        bool(_buffer(one[at : at + block]).equals(_buffer(other[at : at + block])))
        for at in range(0, len(one), block)
    )


def _buffer(values: npt.NDArray[Any]) -> Any:
    return pa.py_buffer(np.ascontiguousarray(values).view(np.uint8))


def texts(column: Column) -> VarColumn:
    """See a column of any lengths as one piece of memory, which segments are copied into."""
    if isinstance(column, SegmentedColumn):
        return column.joined()
    assert isinstance(column, VarColumn)
    return column


def _texts_come_from(base: VarColumn, rows: Rows, column: VarColumn) -> bool:
    if rows.start is not None:
        return same_texts(base, rows.start, column, 0, len(rows))
    if not rows.is_ascending and column.rows > _FEW_ROWS:
        short = _both_short(base, column)
        if short is not None:
            return _numbers_come_from_short(*short, rows)
    views = None if rows.is_ascending or len(rows) <= _FEW_ROWS else _views(base)
    theirs = arrow_texts(base) if views is None else None
    for at in range(0, len(rows), _BLOCK_ROWS):
        indices = rows.indices.slice(at, _BLOCK_ROWS)
        if views is not None:
            chosen = _texts_of(views, indices)
        else:
            chosen = pc.take(theirs, indices, boundscheck=False)
        if not same_texts(column_of(chosen), 0, column, at, len(chosen)):
            return False
    return True


def same_texts(one: VarColumn, start: int, other: VarColumn, at: int, count: int) -> bool:
    """Compare ``count`` elements from two places on."""
    for done in range(0, count, _BLOCK_ROWS):
        rows = min(_BLOCK_ROWS, count - done)
        mine = one.offsets[start + done : start + done + rows + 1]
        theirs = other.offsets[at + done : at + done + rows + 1]
        if not np.array_equal(mine - mine[0], theirs - theirs[0]):
            return False
        if not same_bytes(one.data[mine[0] : mine[-1]], other.data[theirs[0] : theirs[-1]]):
            return False
    return True


def _both_short(base: VarColumn, column: VarColumn) -> tuple[Any, Any] | None:
    mine = _short(column)
    theirs = None if mine is None else _short(base)
    return None if theirs is None else (theirs, mine)


def _short(column: VarColumn) -> Any | None:
    """See short texts as elements of 16 bytes: length, text, zeros."""
    if not column.rows or int(np.diff(column.offsets).max()) > _SHORT_BYTES:
        return None
    views = _views(column)
    return None if views is None else _wide(views)


def _views(column: VarColumn) -> Any | None:
    """See texts through views of 16 bytes that tell where each stands; ``None``: Arrow cannot."""
    if not hasattr(pa, "binary_view"):
        return None
    try:
        return arrow_texts(column).cast(pa.binary_view())
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):  # older Arrow, or more than 2 GiB
        return None


def _wide(views: Any) -> Any:
    """See views as a type of 16 bytes that Arrow takes from."""
    return pa.Array.from_buffers(pa.decimal128(38, 0), len(views), views.buffers()[:2])


def _texts_of(views: Any, indices: Any) -> Any:
    """Take texts through views: in any order, faster than Arrow copies them itself."""
    chosen = pc.take(_wide(views), indices, boundscheck=False).buffers()[:2]
    taken = pa.Array.from_buffers(pa.binary_view(), len(indices), [*chosen, *views.buffers()[2:]])
    return taken.cast(pa.large_binary())


def _numbers_come_from_short(base: Any, column: Any, rows: Rows) -> bool:
    mine = column.buffers()[1]
    for at in range(0, len(rows), _BLOCK_ROWS):
        chosen = pc.take(base, rows.indices.slice(at, _BLOCK_ROWS), boundscheck=False)
        size = 16 * len(chosen)
        if not chosen.buffers()[1].slice(0, size).equals(mine.slice(16 * at, size)):
            return False
    return True


def arrow_texts(column: VarColumn) -> Any:
    """See elements of any length as Arrow does, without copying them."""
    buffers = [None, pa.py_buffer(column.offsets), pa.py_buffer(column.data)]
    return pa.LargeBinaryArray.from_buffers(pa.large_binary(), column.rows, buffers)


def column_of(array: Any) -> VarColumn:
    """See Arrow's large binary elements as a column."""
    _, offsets, data = array.buffers()
    bounds = np.frombuffer(offsets, dtype=np.int64)[array.offset : array.offset + len(array) + 1]
    body = np.frombuffer(data, dtype=np.uint8) if data is not None else np.empty(0, np.uint8)
    return VarColumn(bounds, body, frozen=True)


# --- counting columns ------------------------------------------------------------------------


def affine_of(positions: Positions | Rows, column: Column) -> tuple[int, int] | None:
    """Find start and step such that each element is ``start + step * position``, if there are."""
    places = as_rows(positions).positions
    if not isinstance(column, FixedColumn) or column.values.dtype != np.int64:
        return None
    values = column.values
    if len(values) < 2 or len(values) != len(places) or places[0] == places[1]:
        return None
    step = (int(values[1]) - int(values[0])) // (int(places[1]) - int(places[0]))
    start = int(values[0]) - step * int(places[0])
    if max(abs(start), abs(step)) >= 2**31:
        return None
    for at in range(0, len(values), _BLOCK_ROWS):
        block = slice(at, at + _BLOCK_ROWS)
        if not np.array_equal(values[block], start + step * places[block]):
            return None
    return start, step


def affine_column(positions: Positions, start: int, step: int, *, dtype: str) -> FixedColumn:
    """Build the column that ``affine_of`` has described."""
    if np.dtype(dtype) != np.int64 or max(abs(start), abs(step)) >= 2**31:
        raise CorruptDataError(_WHAT, "it counts in numbers that it cannot have")
    return FixedColumn(start + step * positions, frozen=True)


# --- what a selection stands for -------------------------------------------------------------


def take(base: Column, positions: Positions | Rows) -> Column:
    """Build the column that a selection stands for.

    Raises
    ------
    CorruptDataError
        A position lies outside of the base.
    """
    if isinstance(base, FixedColumn) and len(positions) <= _FEW_ROWS:
        return _few_of(base, as_rows(positions).positions)
    rows = as_rows(positions)
    if not 0 <= rows.span[0] <= rows.span[1] <= base.rows:
        raise CorruptDataError(_WHAT, "a position lies outside of the base")
    if isinstance(base, FixedColumn):
        if rows.start is not None:
            return FixedColumn(base.values[rows.start : rows.start + len(rows)].copy(), frozen=True)
        taken = empty(len(rows), base.values.dtype)
        base.values.take(rows.positions, mode="clip", out=taken)
        return FixedColumn(taken, frozen=True)
    whole = texts(base)
    if rows.start is not None:
        return _run_of(whole, rows.start, len(rows))
    views = None if rows.is_ascending or len(rows) <= _BLOCK_ROWS else _views(whole)
    if views is not None:
        return column_of(_texts_of(views, rows.indices))
    return column_of(pc.take(arrow_texts(whole), rows.indices, boundscheck=False))


def _few_of(base: FixedColumn, positions: Positions) -> FixedColumn:
    try:
        taken = base.values.take(positions)
    except IndexError as error:
        raise CorruptDataError(_WHAT, "a position lies outside of the base") from error
    if len(positions) and int(positions.min()) < 0:
        raise CorruptDataError(_WHAT, "a position lies outside of the base")
    return FixedColumn(taken, frozen=True)


def _run_of(column: VarColumn, start: int, count: int) -> VarColumn:
    bounds = column.offsets[start : start + count + 1]
    body = column.data[int(bounds[0]) : int(bounds[-1])].copy()
    return VarColumn(bounds - bounds[0], body, frozen=True)
