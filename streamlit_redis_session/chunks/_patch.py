"""Patches: a column as another one that is stored already, with some elements replaced.

An edited cell costs itself, not the chunk that it stands in.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from streamlit_redis_session.chunks._selection import Positions, take
from streamlit_redis_session.codec.columns import Column, FixedColumn, SegmentedColumn, VarColumn
from streamlit_redis_session.errors import CorruptDataError

PatchForm: TypeAlias = Literal["gaps", "mask"]

MOST_PATCHED_ROWS = 2**31
"""Longer columns are not patched: sums of gaps stay far within a machine word."""
_FEW = 2_000
"""So few texts are put in one by one; more are left to Arrow."""
_GAPS = tuple(np.dtype(f"<u{width}") for width in (1, 2, 4))
_WHAT = "a patch"


def apply_patch(
    column: Column, positions: Positions, values: Column, *, in_place: bool = False
) -> Column:
    """Give a column with ``values`` at ``positions``.

    Parameters
    ----------
    positions
        Strictly ascending.
    in_place
        Nobody else has the column's memory: it may be written to, where it can be.

    Raises
    ------
    CorruptDataError
        The positions or the values do not fit the column.
    """
    _check(positions, column.rows, values.rows)
    if isinstance(column, FixedColumn) and isinstance(values, FixedColumn):
        if column.values.dtype != values.values.dtype:
            raise CorruptDataError(_WHAT, "its values have another dtype than the column")
        is_free = in_place and column.values.flags.writeable
        patched = column.values if is_free else column.values.copy()
        patched[positions] = values.values
        return FixedColumn(patched, frozen=True)
    if isinstance(column, FixedColumn) or isinstance(values, FixedColumn):
        raise CorruptDataError(_WHAT, "its values are of another kind than the column")
    splice = _spliced if len(positions) <= _FEW else _replaced
    return splice(_joined(column), positions, _joined(values))


def values_at(column: Column, positions: Positions) -> Column:
    """Take the elements that a patch is made of, in memory of their own."""
    return take(column, positions)


def remapped(
    positions: Positions, values: Column, chosen: Positions
) -> tuple[Positions, Column] | None:
    """Say what becomes of a patch when rows are taken from the patched column.

    Parameters
    ----------
    positions, values
        The patch.
    chosen
        Row by row of the selection, the row of the patched column.

    Returns
    -------
    tuple of ndarray and Column, or None
        The patch of the selection; ``None`` when no patched row is among its rows.
    """
    if not len(positions) or not len(chosen):
        return None
    is_patched = np.zeros(max(int(positions[-1]), int(chosen.max())) + 1, dtype=bool)
    is_patched[positions] = True
    rows = np.flatnonzero(is_patched.take(chosen))
    if not len(rows):
        return None
    return rows, take(values, np.searchsorted(positions, chosen[rows]).astype(np.int64))


def pack_rows(positions: Positions, rows: int) -> tuple[PatchForm, FixedColumn]:
    """Write strictly ascending positions within ``rows`` as gaps or as a bit mask."""
    gaps = np.diff(positions, prepend=0)
    most = int(gaps.max()) if len(gaps) else 0
    narrow = next(each for each in _GAPS if most <= np.iinfo(each).max)
    if len(gaps) * narrow.itemsize <= -(-rows // 8):
        return "gaps", FixedColumn(gaps.astype(narrow))
    mask = np.zeros(rows, dtype=bool)
    mask[positions] = True
    return "mask", FixedColumn(np.packbits(mask, bitorder="little"))


def unpack_rows(form: str, column: Column, *, rows: int, count: int) -> Positions:
    """Read what ``pack_rows`` wrote: ``count`` strictly ascending positions within ``rows``.

    Raises
    ------
    CorruptDataError
        They are not.
    """
    if not isinstance(column, FixedColumn):
        raise CorruptDataError(_WHAT, "its positions are no numbers")
    positions = _unpacked(form, column.values, rows)
    _check(positions, rows, count)
    return positions


def _unpacked(form: str, values: npt.NDArray[Any], rows: int) -> Positions:
    if form == "mask" and values.dtype == np.uint8 and len(values) == -(-rows // 8):
        return np.flatnonzero(np.unpackbits(values, count=rows, bitorder="little"))
    if form == "gaps" and values.dtype in _GAPS:
        return np.cumsum(values, dtype=np.int64)
    raise CorruptDataError(_WHAT, f"its form {form!r} and its positions do not agree")


def _check(positions: Positions, rows: int, count: int) -> None:
    if len(positions) != count:
        raise CorruptDataError(_WHAT, "it has another number of positions than of values")
    if not count:
        return
    if positions[0] < 0 or positions[-1] >= rows or (positions[1:] <= positions[:-1]).any():
        raise CorruptDataError(_WHAT, "its positions do not ascend within the column")


def _joined(column: Column) -> VarColumn:
    if isinstance(column, SegmentedColumn):
        return column.joined()
    assert isinstance(column, VarColumn)
    return column


def _spliced(column: VarColumn, positions: Positions, values: VarColumn) -> VarColumn:
    """Copy the runs between patched rows as they are."""
    lengths = np.diff(column.offsets)
    lengths[positions] = np.diff(values.offsets)
    offsets = np.zeros(column.rows + 1, dtype=np.int64)
    np.cumsum(lengths, out=offsets[1:])
    data = np.empty(int(offsets[-1]), dtype=np.uint8)
    firsts, stops = column.offsets[positions].tolist(), column.offsets[positions + 1].tolist()
    bounds = values.offsets.tolist()
    read, write = int(column.offsets[0]), 0
    for place, (first, stop) in enumerate(zip(firsts, stops, strict=True)):
        run, value = first - read, bounds[place + 1] - bounds[place]
        data[write : write + run] = column.data[read:first]
        write += run
        data[write : write + value] = values.data[bounds[place] : bounds[place + 1]]
        read, write = stop, write + value
    data[write:] = column.data[read : int(column.offsets[-1])]
    return VarColumn(offsets, data, frozen=True)


def _replaced(column: VarColumn, positions: Positions, values: VarColumn) -> VarColumn:
    mask = np.zeros(column.rows, dtype=bool)
    mask[positions] = True
    made = pc.replace_with_mask(_binaries(column), pa.array(mask), _binaries(values))
    _, offsets, data = made.buffers()
    bounds = np.frombuffer(offsets, dtype=np.int64)[made.offset : made.offset + len(made) + 1]
    body = np.frombuffer(data, dtype=np.uint8) if data is not None else np.empty(0, np.uint8)
    return VarColumn(bounds, body, frozen=True)


def _binaries(column: VarColumn) -> Any:
    buffers = [None, pa.py_buffer(column.offsets), pa.py_buffer(column.data)]
    return pa.LargeBinaryArray.from_buffers(pa.large_binary(), column.rows, buffers)
