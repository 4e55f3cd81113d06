"""The carriers between the codec and the chunks: flat arrays that can be cut by rows.

A :class:`FixedColumn` holds elements of one width, a :class:`VarColumn` elements of any length.
Both cut into *pieces* (bytes of a row range) and are put together from pieces again
(``_pieces.py``). Neither knows what the bytes mean: that stands in the codec's description.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

from streamlit_redis_session.codec._memory import epoch_of

Piece: TypeAlias = "bytes | memoryview"
ColumnSpec: TypeAlias = dict[str, Any]

LENGTH_WIDTHS = (1, 2, 4)
"""Bytes that a length may take; all lengths of a piece take as many as the longest needs."""
FIXED_KINDS = "biufcmMVSU"

_LONGEST = 2**31 - 1


@runtime_checkable
class Column(Protocol):
    """A flat array of ``rows`` elements."""

    @property
    def rows(self) -> int:
        """How many elements."""

    @property
    def nbytes(self) -> int:
        """Bytes of all pieces together, or somewhat more."""

    def spec(self) -> ColumnSpec:
        """Say what :func:`column_from_pieces` needs beside the bytes, as JSON."""

    def token(self) -> Hashable | None:
        """Name the memory this column shows, or ``None`` if it may be written to.

        Two columns of equal tokens hold equal elements as long as both sources are alive.
        """

    def piece(self, start: int, stop: int) -> Piece:
        """Give the bytes of elements ``start`` to ``stop``."""


@dataclass(frozen=True, slots=True, eq=False)
class FixedColumn:
    """Elements of one width: any NumPy dtype without Python objects, one dimension."""

    values: npt.NDArray[Any]
    frozen: bool = False
    """Nobody writes to ``values`` while this column's source is held (Copy-on-Write, Arrow)."""

    def __post_init__(self) -> None:
        if self.values.ndim != 1 or self.values.dtype.kind not in FIXED_KINDS:
            raise ValueError(f"not a flat fixed-width array: {self.values.dtype}")

    @property
    def rows(self) -> int:
        """How many elements."""
        return len(self.values)

    @property
    def nbytes(self) -> int:
        """Bytes of all pieces together."""
        return self.values.nbytes

    def spec(self) -> ColumnSpec:
        """Say kind, dtype (little-endian as in memory) and rows."""
        return {"kind": "fixed", "dtype": self.values.dtype.str, "rows": self.rows}

    def token(self) -> Hashable | None:
        """Name the memory by address, strides, dtype and length."""
        if not self.frozen:
            return None
        address, values = self.values.__array_interface__["data"][0], self.values
        return (address, values.strides, values.dtype.str, self.rows, epoch_of(address))

    def piece(self, start: int, stop: int) -> Piece:
        """Give the bytes of elements ``start`` to ``stop``."""
        part = np.ascontiguousarray(self.values[start:stop])
        return part.view(np.uint8).data if part.nbytes else b""


@dataclass(frozen=True, slots=True, eq=False)
class VarColumn:
    """Elements of any length: UTF-8 strings, bytes, numbers too big for a machine word."""

    offsets: npt.NDArray[np.int64]
    """``rows + 1`` ascending positions in ``data``; the first need not be 0."""
    data: npt.NDArray[np.uint8]
    frozen: bool = False

    @property
    def rows(self) -> int:
        """How many elements."""
        return len(self.offsets) - 1

    @property
    def nbytes(self) -> int:
        """Bytes of the data and 4 for each length: of all pieces together, or somewhat more."""
        return int(self.offsets[-1] - self.offsets[0]) + self.rows * LENGTH_WIDTHS[-1]

    def spec(self) -> ColumnSpec:
        """Say kind and rows."""
        return {"kind": "var", "rows": self.rows}

    def token(self) -> Hashable | None:
        """Name the memory of offsets and data by address and length."""
        if not self.frozen:
            return None
        offsets = self.offsets.__array_interface__["data"][0]
        data = self.data.__array_interface__["data"][0]
        return ("var", offsets, data, self.rows, epoch_of(offsets), epoch_of(data))

    def piece(self, start: int, stop: int) -> Piece:
        """Give the bytes of elements ``start`` to ``stop``, their lengths behind them."""
        return _var_piece([self.within(start, stop)])

    def within(self, start: int, stop: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
        """Give the lengths of elements ``start`` to ``stop``, and their bytes."""
        bounds = self.offsets[start : stop + 1]
        return np.diff(bounds), self.data[int(bounds[0]) : int(bounds[-1])]


@dataclass(frozen=True, slots=True, eq=False)
class SegmentedColumn:
    """Several columns of elements of any length, one behind the other, seen as one.

    An Arrow array in chunks is described by this without being copied together.
    """

    segments: tuple[VarColumn, ...]

    @property
    def rows(self) -> int:
        """How many elements."""
        return sum(segment.rows for segment in self.segments)

    @property
    def nbytes(self) -> int:
        """Bytes of all pieces together, or somewhat more."""
        return sum(segment.nbytes for segment in self.segments)

    def spec(self) -> ColumnSpec:
        """Say kind and rows: what comes back is a :class:`VarColumn`."""
        return {"kind": "var", "rows": self.rows}

    def token(self) -> Hashable | None:
        """Name the memory of all segments."""
        tokens = tuple(segment.token() for segment in self.segments)
        return None if None in tokens else tokens

    def piece(self, start: int, stop: int) -> Piece:
        """Give the bytes of elements ``start`` to ``stop``, their lengths behind them."""
        return _var_piece([s.within(*bounds) for s, bounds in self._within(start, stop)])

    def joined(self) -> VarColumn:
        """Copy the segments together."""
        lengths = np.concatenate([np.diff(segment.offsets) for segment in self.segments])
        offsets = np.zeros(len(lengths) + 1, dtype=np.int64)
        np.cumsum(lengths, out=offsets[1:])
        bodies = [s.data[int(s.offsets[0]) : int(s.offsets[-1])] for s in self.segments]
        return VarColumn(offsets, np.concatenate(bodies), frozen=True)

    def _within(self, start: int, stop: int) -> Iterator[tuple[VarColumn, tuple[int, int]]]:
        at = 0
        for segment in self.segments:
            first, last = max(start - at, 0), min(stop - at, segment.rows)
            if first < last:
                yield segment, (first, last)
            at += segment.rows


def _var_piece(parts: list[tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]]) -> Piece:
    """Write bytes, lengths in the least width that fits, and one byte that says the width.

    The bytes stand first so that a reader can open pieces one behind the other in one buffer,
    each over the lengths of the one before.
    """
    longest = max((int(lengths.max()) for lengths, _ in parts if len(lengths)), default=0)
    if longest > _LONGEST:
        raise ValueError("an element is longer than 2 GiB")
    width = next(width for width in LENGTH_WIDTHS if longest < 256**width)
    rows, size = sum(len(each) for each, _ in parts), sum(len(body) for _, body in parts)
    piece = np.empty(size + rows * width + 1, np.uint8)
    at, where = 0, size
    for lengths, body in parts:
        piece[at : at + len(body)] = body
        piece[where : where + len(lengths) * width].view(f"<u{width}")[:] = lengths
        at, where = at + len(body), where + len(lengths) * width
    piece[-1] = width
    return piece.data
