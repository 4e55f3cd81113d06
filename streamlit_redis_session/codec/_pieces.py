"""From pieces back to columns: each is written straight to its place in the column's memory.

What a piece is depends on who has it: bytes, or something compressed that says its length and
can open itself. Nothing is allocated before the lengths have borne out the rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from streamlit_redis_session.codec.allocation import empty
from streamlit_redis_session.codec.columns import (
    FIXED_KINDS,
    LENGTH_WIDTHS,
    Column,
    ColumnSpec,
    FixedColumn,
    Piece,
    VarColumn,
)
from streamlit_redis_session.errors import CorruptDataError

_WHAT = "a column"


class Source(Protocol):
    """A piece that is opened where it belongs."""

    @property
    def length(self) -> int:
        """Bytes of the piece."""

    def open_into(self, out: npt.NDArray[np.uint8], /) -> None:
        """Write exactly ``length`` bytes."""


class _Bytes:
    """A piece that is there already."""

    def __init__(self, content: Piece) -> None:
        self._content = content
        self.length = len(content)

    def open_into(self, out: npt.NDArray[np.uint8], /) -> None:
        if self.length:
            out[:] = np.frombuffer(self._content, np.uint8)


def column_from_pieces(spec: ColumnSpec, pieces: Sequence[tuple[int, Piece]]) -> Column:
    """Put a column together from ``(rows, bytes)`` pieces in order.

    Raises
    ------
    CorruptDataError
        The bytes do not have the length that the spec and the rows demand.
    """
    return column_from_sources(spec, [(rows, _Bytes(content)) for rows, content in pieces])


def column_from_sources(spec: ColumnSpec, pieces: Sequence[tuple[int, Source]]) -> Column:
    """Put a column together from ``(rows, source)`` pieces in order.

    Raises
    ------
    CorruptDataError
        The pieces do not have the length that the spec and the rows demand. When their lengths
        say so already, nothing was allocated.
    """
    if sum(rows for rows, _ in pieces) != spec["rows"] or any(rows < 0 for rows, _ in pieces):
        raise CorruptDataError(_WHAT, "its pieces have another number of rows")
    if spec["kind"] == "fixed":
        return _fixed(_dtype(spec), pieces)
    if spec["kind"] == "var":
        return _var(pieces)
    raise CorruptDataError(_WHAT, f"unknown kind {spec['kind']!r}")


def _dtype(spec: ColumnSpec) -> np.dtype[Any]:
    try:
        dtype = np.dtype(spec["dtype"])
    except (TypeError, ValueError) as error:
        raise CorruptDataError(_WHAT, f"no dtype is called {spec['dtype']!r:.40}") from error
    if dtype.kind not in FIXED_KINDS or dtype.hasobject or dtype.subdtype or not dtype.itemsize:
        raise CorruptDataError(_WHAT, f"dtype {dtype} is not allowed")
    return dtype


def _fixed(dtype: np.dtype[Any], pieces: Sequence[tuple[int, Source]]) -> FixedColumn:
    width = dtype.itemsize
    if any(source.length != rows * width for rows, source in pieces):
        raise CorruptDataError(_WHAT, "a piece has another length than its rows")
    values = empty(sum(rows for rows, _ in pieces), dtype)
    place = values.view(np.uint8) if len(values) else np.empty(0, np.uint8)
    at = 0
    for _, source in pieces:
        source.open_into(place[at : at + source.length])
        at += source.length
    return FixedColumn(values, frozen=True)


def _var(pieces: Sequence[tuple[int, Source]]) -> VarColumn:
    if any(source.length < 1 + rows for rows, source in pieces):
        raise CorruptDataError(_WHAT, "a piece is shorter than its lengths")
    offsets = empty(sum(rows for rows, _ in pieces) + 1, np.int64)
    data = empty(_room(pieces), np.uint8)
    offsets[0] = 0
    row = end = 0
    for rows, source in pieces:
        piece = data[end : end + source.length]
        source.open_into(piece)
        end = _add_lengths(offsets[row : row + rows + 1], piece)
        row += rows
    return VarColumn(offsets, data[:end], frozen=True)


def _room(pieces: Sequence[tuple[int, Source]]) -> int:
    """Count the bytes that opening needs: a piece begins where the bytes of the one before end."""
    end = most = 0
    for rows, source in pieces:
        most = max(most, end + source.length)
        end += source.length - rows - 1
    return most


def _add_lengths(offsets: npt.NDArray[np.int64], piece: npt.NDArray[np.uint8]) -> int:
    """Fill the offsets behind the first by the lengths of a piece; give the last."""
    rows, width = len(offsets) - 1, int(piece[-1])
    size = len(piece) - 1 - rows * width
    if width not in LENGTH_WIDTHS or size < 0:
        raise CorruptDataError(_WHAT, "a piece is shorter than its lengths")
    start = int(offsets[0])
    if rows:
        ends = offsets[1:]
        ends[:] = piece[size:-1].view(f"<u{width}")
        ends[0] += start
        np.cumsum(ends, out=ends)
    if int(offsets[-1]) - start != size:
        raise CorruptDataError(_WHAT, "lengths and bytes of a piece do not agree")
    return start + size
