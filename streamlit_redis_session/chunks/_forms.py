"""How the positions of a row selection or a patch are written.

========== =====================================================================================
ranges     start and stop of each unbroken run, ascending
mask       one bit for each row of the base
steps      rows left out before each position, in the narrowest unsigned integers that hold them
list       each position in as many bits as the last row of the base needs
ascending  no positions at all: a column of the base, whose order they are (a sort); equal
           elements keep their order
descending likewise, the largest first; what is not a number comes last in both
========== =====================================================================================

After ``ranges+``, ``mask+`` and ``steps+`` row 0 comes again and again, up to the column's rows:
in the places of rows that were appended, whose elements a patch brings.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from streamlit_redis_session.chunks._order import order_of
from streamlit_redis_session.chunks._rows import Positions, Rows, as_rows
from streamlit_redis_session.codec.columns import Column, FixedColumn
from streamlit_redis_session.errors import CorruptDataError

Form: TypeAlias = Literal[
    "ranges", "mask", "steps", "list", "ascending", "descending", "ranges+", "mask+", "steps+"
]
Array: TypeAlias = npt.NDArray[Any]

WHAT = "a row selection"
_RANGE_BYTES = 16
_BLOCK_ROWS = 16 * 1024
_STEPS = (np.dtype("u1"), np.dtype("<u2"), np.dtype("<u4"))
_WIDTHS = (32, 16, 8, 4, 2, 1)
_PADDED: dict[Form, Form] = {"ranges": "ranges+", "mask": "mask+", "steps": "steps+"}


def pack(chosen: Positions | Rows, base_rows: int) -> tuple[Form, FixedColumn]:
    """Write positions in the smallest form that needs no column of the base."""
    rows = as_rows(chosen)
    if not len(rows):
        return "ranges", FixedColumn(np.empty(0, dtype=np.int64))
    if rows.start is not None and min(-(-base_rows // 8), len(rows)) >= _RANGE_BYTES:
        return "ranges", FixedColumn(np.array(rows.span, dtype=np.int64))
    if rows.is_ascending:
        return _pack_ascending(rows.positions, base_rows)
    kept = rows.unpadded
    if kept is not None:
        form, column = pack(kept, base_rows)
        return _PADDED[form], column
    return "list", FixedColumn(_narrowed(rows.positions, base_rows))


def _pack_ascending(positions: Positions, base_rows: int) -> tuple[Form, FixedColumn]:
    mask_bytes = -(-base_rows // 8)
    most = min(mask_bytes, len(positions) * _STEPS[-1].itemsize)
    breaks = _breaks(positions, most // _RANGE_BYTES)
    if breaks is not None or len(positions) < mask_bytes:
        gaps = np.diff(positions, prepend=-1) - 1
        narrow = next((t for t in _STEPS if int(gaps.max()) <= np.iinfo(t).max), None)
        steps_bytes = mask_bytes if narrow is None else len(gaps) * narrow.itemsize
        if breaks is not None and (breaks + 1) * _RANGE_BYTES <= min(mask_bytes, steps_bytes):
            return "ranges", FixedColumn(_to_ranges(positions, gaps))
        if narrow is not None and steps_bytes < mask_bytes:
            return "steps", FixedColumn(gaps.astype(narrow))
    mask = np.zeros(base_rows, dtype=bool)
    mask[positions] = True
    return "mask", FixedColumn(np.packbits(mask, bitorder="little"))


def _breaks(positions: Positions, most: int) -> int | None:
    """Count the places at which a run ends, block by block; ``None`` when there are more."""
    breaks = 0
    for at in range(0, len(positions) - 1, _BLOCK_ROWS):
        block = positions[at : at + _BLOCK_ROWS + 1]
        breaks += int(np.count_nonzero(block[1:] - block[:-1] != 1))
        if breaks > most:
            return None
    return breaks


def unpack(form: str, column: Column, *, base_rows: int, rows: int) -> Positions:
    """Read positions, and check that they are ``rows`` positions within the base.

    Raises
    ------
    CorruptDataError
        They are not.
    """
    if not isinstance(column, FixedColumn):
        raise CorruptDataError(WHAT, "its positions are no numbers")
    positions = _unpacked(form, column.values, base_rows, rows)
    if len(positions) != rows:
        raise CorruptDataError(WHAT, "it has another number of rows than its column")
    if rows and (positions.min() < 0 or positions.max() >= base_rows):
        raise CorruptDataError(WHAT, "a position lies outside of the base")
    return positions


def _unpacked(form: str, values: Array, base_rows: int, rows: int) -> Positions:
    if form in _PADDED.values():
        return _padded(form, values, base_rows, rows)
    if form == "mask" and values.dtype == np.uint8 and len(values) == -(-base_rows // 8):
        return np.flatnonzero(np.unpackbits(values, count=base_rows, bitorder="little").view("?"))
    if form == "steps" and values.dtype in _STEPS and len(values) == rows < 2**31:
        return np.cumsum(values.astype(np.int64) + 1) - 1
    if form == "list" and values.dtype == np.uint8:
        return _widened(values, base_rows, rows)
    if form == "ranges" and values.dtype == np.int64 and len(values) % 2 == 0:
        return _from_ranges(values.reshape(-1, 2), base_rows, rows)
    if form in ("ascending", "descending") and len(values) == base_rows == rows:
        order = order_of(values, is_descending=form == "descending")
        if order is not None:
            return order
    raise CorruptDataError(WHAT, f"its form {form!r} and its positions do not agree")


def _padded(form: str, values: Array, base_rows: int, rows: int) -> Positions:
    """Read positions that row 0 follows, but no more often than there are others."""
    plain, count = form[:-1], 0
    if plain == "mask" and values.dtype == np.uint8:
        count = int(np.count_nonzero(np.unpackbits(values)))
    elif plain == "steps":
        count = len(values)
    elif plain == "ranges" and values.dtype == np.int64 and len(values) % 2 == 0:
        count = sum(map(int, values[1::2])) - sum(map(int, values[::2]))
    if not count < rows <= 2 * count:
        raise CorruptDataError(WHAT, f"its form {form!r} and its positions do not agree")
    kept = _unpacked(plain, values, base_rows, count)
    return np.concatenate((kept, np.zeros(rows - count, dtype=np.int64)))


def _to_ranges(positions: Positions, gaps: Positions) -> Array:
    firsts = np.concatenate(([0], np.flatnonzero(gaps[1:]) + 1))
    lasts = np.concatenate((firsts[1:], [len(positions)])) - 1
    return np.stack((positions[firsts], positions[lasts] + 1), axis=1).reshape(-1)


def _from_ranges(ranges: npt.NDArray[np.int64], base_rows: int, rows: int) -> Positions:
    starts, stops = ranges[:, 0], ranges[:, 1]
    # before their rows are asked for: ranges that ascend have no more rows than the base
    if (starts >= stops).any() or (starts[1:] < stops[:-1]).any():
        raise CorruptDataError(WHAT, "its ranges do not ascend")
    if len(ranges) and (starts[0] < 0 or stops[-1] > base_rows):
        raise CorruptDataError(WHAT, "a position lies outside of the base")
    lengths = stops - starts
    if int(lengths.sum()) != rows:
        raise CorruptDataError(WHAT, "its ranges have another number of rows than its column")
    before = np.cumsum(lengths) - lengths
    return np.repeat(starts - before, lengths) + np.arange(rows, dtype=np.int64)


def _planes(base_rows: int) -> list[int]:
    """Cut the bits of the last row's number into widths that pack without a rest."""
    bits = max(1, (base_rows - 1).bit_length())
    planes = []
    for width in _WIDTHS:
        while bits >= width:
            planes.append(width)
            bits -= width
    return planes


def _narrowed(positions: Positions, base_rows: int) -> Array:
    """Write each position in the fewest whole bits: the lowest plane of all, then the next."""
    left, written = positions.astype(np.uint64), []
    for width in _planes(base_rows):
        part = left & np.uint64(2**width - 1)
        if width >= 8:
            written.append(part.astype(f"<u{width // 8}").view(np.uint8))
        else:
            written.append(_bits_together(part.astype(np.uint8), width))
        left >>= np.uint64(width)
    return np.concatenate(written)


def _bits_together(part: npt.NDArray[np.uint8], width: int) -> Array:
    each = 8 // width
    padded = np.zeros(-(-len(part) // each) * each, dtype=np.uint8)
    padded[: len(part)] = part
    packed = padded[::each].copy()
    for place in range(1, each):
        packed |= padded[place::each] << np.uint8(place * width)
    return packed


def _widened(values: npt.NDArray[np.uint8], base_rows: int, rows: int) -> Positions:
    planes = _planes(base_rows)
    if len(values) != sum(-(-rows * width // 8) for width in planes):
        raise CorruptDataError(WHAT, "it has another number of rows than its column")
    positions = np.zeros(rows, dtype=np.int64)
    at = shift = 0
    for width in planes:
        size = -(-rows * width // 8)
        part = _bits_apart(values[at : at + size], width, rows)
        positions |= part.astype(np.int64) << np.int64(shift)
        at, shift = at + size, shift + width
    return positions


def _bits_apart(packed: npt.NDArray[np.uint8], width: int, rows: int) -> Array:
    if width >= 8:
        return np.frombuffer(packed.tobytes(), dtype=f"<u{width // 8}")
    each = 8 // width
    part = np.empty(len(packed) * each, dtype=np.uint8)
    for place in range(each):
        part[place::each] = (packed >> np.uint8(place * width)) & np.uint8(2**width - 1)
    return part[:rows]
