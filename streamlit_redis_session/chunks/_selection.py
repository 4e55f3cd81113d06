"""Row selections: a column as positions into another one that is stored already.

A filter, sort, head, tail or sample of a frame costs its positions, not its rows. Positions are
kept as ranges, as a bit mask or as a list, whichever is smallest.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from streamlit_redis_session.codec.columns import Column, FixedColumn, SegmentedColumn, VarColumn
from streamlit_redis_session.errors import CorruptDataError

Positions: TypeAlias = npt.NDArray[np.int64]
Form: TypeAlias = Literal["ranges", "mask", "list"]

_SAMPLE_ROWS = 64
_BLOCK_ROWS = 64 * 1024
_WHAT = "a row selection"


def may_come_from(base: Column, positions: Positions, column: Column) -> bool:
    """Say, from a sample of rows, whether it is worth to look closer with ``comes_from``."""
    if not _same_kind(base, column) or column.rows != len(positions):
        return False
    step = max(1, len(positions) // _SAMPLE_ROWS)
    return _equal_at(base, positions[::step], column, slice(None, None, step))


def comes_from(base: Column, positions: Positions, column: Column) -> bool:
    """Say whether a column is exactly the base's elements at these positions."""
    if not may_come_from(base, positions, column):
        return False
    return all(
        _equal_at(base, positions[at : at + _BLOCK_ROWS], column, slice(at, at + _BLOCK_ROWS))
        for at in range(0, len(positions), _BLOCK_ROWS)
    )


def _same_kind(base: Column, column: Column) -> bool:
    if isinstance(base, FixedColumn) and isinstance(column, FixedColumn):
        return base.values.dtype == column.values.dtype
    return not isinstance(base, FixedColumn) and not isinstance(column, FixedColumn)


def _equal_at(base: Column, positions: Positions, column: Column, rows: slice) -> bool:
    if isinstance(base, FixedColumn) and isinstance(column, FixedColumn):
        return bool(np.array_equal(_bits(base.values.take(positions)), _bits(column.values[rows])))
    theirs, mine = _strings(base).take(pa.array(positions)), _strings(column)
    if rows.step in (None, 1):
        mine = mine.slice(rows.start or 0, len(positions))
    else:
        mine = mine.take(pa.array(np.arange(len(mine))[rows]))
    return bool(theirs.equals(mine))


def _bits(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """See elements as whole numbers, so that NaN equals itself bit by bit."""
    whole = np.ascontiguousarray(values)
    width = next(w for w in (8, 4, 2, 1) if whole.dtype.itemsize % w == 0)
    return whole.view(f"u{width}")


def _strings(column: Column) -> Any:
    """See a column of any lengths as Arrow does, without copying it."""
    segments = column.segments if isinstance(column, SegmentedColumn) else (column,)
    return pa.chunked_array([_segment(segment) for segment in segments], type=pa.large_binary())


def _segment(column: Column) -> Any:
    assert isinstance(column, VarColumn)
    buffers = [None, pa.py_buffer(column.offsets), pa.py_buffer(column.data)]
    return pa.LargeBinaryArray.from_buffers(pa.large_binary(), column.rows, buffers)


def affine_of(positions: Positions, column: Column) -> tuple[int, int] | None:
    """Find start and step such that each element is ``start + step * position``, if there are."""
    if not isinstance(column, FixedColumn) or column.values.dtype != np.int64:
        return None
    values = column.values
    if len(values) < 2 or len(values) != len(positions) or positions[0] == positions[1]:
        return None
    step = (int(values[1]) - int(values[0])) // (int(positions[1]) - int(positions[0]))
    start = int(values[0]) - step * int(positions[0])
    if max(abs(start), abs(step)) >= 2**31:
        return None
    return (start, step) if np.array_equal(values, start + step * positions) else None


def affine_column(positions: Positions, start: int, step: int, *, dtype: str) -> FixedColumn:
    """Build the column that ``affine_of`` has described."""
    if np.dtype(dtype) != np.int64 or max(abs(start), abs(step)) >= 2**31:
        raise CorruptDataError(_WHAT, "it counts in numbers that it cannot have")
    return FixedColumn(start + step * positions, frozen=True)


def take(base: Column, positions: Positions) -> Column:
    """Build the column that a selection stands for."""
    if isinstance(base, FixedColumn):
        return FixedColumn(base.values.take(positions), frozen=True)
    taken = _strings(base).take(pa.array(positions)).combine_chunks()
    _, offsets, data = taken.buffers()
    start, rows = taken.offset, len(taken)
    bounds = np.frombuffer(offsets, dtype=np.int64)[start : start + rows + 1]
    body = np.frombuffer(data, dtype=np.uint8) if data is not None else np.empty(0, np.uint8)
    return VarColumn(bounds, body, frozen=True)


def pack(positions: Positions, base_rows: int) -> tuple[Form, FixedColumn]:
    """Write positions in the smallest form."""
    if len(positions) == 0:
        return "ranges", FixedColumn(np.empty(0, dtype=np.int64))
    steps = np.diff(positions)
    if len(steps) == 0 or bool((steps > 0).all()):
        breaks = np.flatnonzero(steps != 1)
        if (len(breaks) + 1) * 16 <= base_rows // 8:
            starts = positions[np.concatenate(([0], breaks + 1))]
            stops = positions[np.concatenate((breaks, [len(positions) - 1]))] + 1
            return "ranges", FixedColumn(np.stack((starts, stops), axis=1).reshape(-1))
        mask = np.zeros(base_rows, dtype=bool)
        mask[positions] = True
        return "mask", FixedColumn(np.packbits(mask, bitorder="little"))
    narrow = np.uint32 if base_rows <= 2**32 else np.int64
    return "list", FixedColumn(positions.astype(narrow))


def unpack(form: str, column: Column, *, base_rows: int, rows: int) -> Positions:
    """Read positions, and check that they are ``rows`` positions within the base.

    Raises
    ------
    CorruptDataError
        They are not.
    """
    if not isinstance(column, FixedColumn):
        raise CorruptDataError(_WHAT, "its positions are no numbers")
    positions = _unpacked(form, column.values, base_rows, rows)
    if len(positions) != rows:
        raise CorruptDataError(_WHAT, "it has another number of rows than its column")
    if rows and (positions.min() < 0 or positions.max() >= base_rows):
        raise CorruptDataError(_WHAT, "a position lies outside of the base")
    return positions


def _unpacked(form: str, values: npt.NDArray[Any], base_rows: int, rows: int) -> Positions:
    if form == "mask" and values.dtype == np.uint8 and len(values) == -(-base_rows // 8):
        mask = np.unpackbits(values, count=base_rows, bitorder="little")
        return np.flatnonzero(mask)
    if form == "list" and values.dtype in (np.uint32, np.int64):
        return values.astype(np.int64)
    if form == "ranges" and values.dtype == np.int64 and len(values) % 2 == 0:
        return _from_ranges(values.reshape(-1, 2), rows)
    raise CorruptDataError(_WHAT, f"its form {form!r} and its positions do not agree")


def _from_ranges(ranges: npt.NDArray[np.int64], rows: int) -> Positions:
    lengths = ranges[:, 1] - ranges[:, 0]
    if (lengths < 0).any() or (lengths > rows).any() or int(lengths.sum()) != rows:
        raise CorruptDataError(_WHAT, "its ranges have another number of rows than its column")
    parts = [np.arange(start, stop, dtype=np.int64) for start, stop in ranges.tolist()]
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)
