"""The carriers between the codec and the chunks: flat arrays that can be cut by rows.

A :class:`FixedColumn` holds elements of one width, a :class:`VarColumn` elements of any length.
Both cut into *pieces* (bytes of a row range) and are put together from pieces again. Neither
knows what the bytes mean: that stands in the codec's description.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

from streamlit_redis_session.codec._memory import epoch_of
from streamlit_redis_session.errors import CorruptDataError

Piece: TypeAlias = "bytes | memoryview"
ColumnSpec: TypeAlias = dict[str, Any]

_LENGTH = np.dtype("<i4")
_FIXED_KINDS = "biufcmMVSU"


@runtime_checkable
class Column(Protocol):
    """A flat array of ``rows`` elements."""

    @property
    def rows(self) -> int:
        """How many elements."""

    @property
    def nbytes(self) -> int:
        """Bytes of all pieces together."""

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
        if self.values.ndim != 1 or self.values.dtype.kind not in _FIXED_KINDS:
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
        """Bytes of all pieces together: the data and 4 bytes of length each."""
        return int(self.offsets[-1] - self.offsets[0]) + self.rows * _LENGTH.itemsize

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
        """Give the lengths of elements ``start`` to ``stop`` (int32), then their bytes."""
        bounds = self.offsets[start : stop + 1]
        lengths = np.diff(bounds)
        if lengths.size and int(lengths.max()) > np.iinfo(_LENGTH).max:
            raise ValueError("an element is longer than 2 GiB")
        body = self.data[int(bounds[0]) : int(bounds[-1])]
        return lengths.astype(_LENGTH).tobytes() + body.tobytes()


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
        """Bytes of all pieces together."""
        return sum(segment.nbytes for segment in self.segments)

    def spec(self) -> ColumnSpec:
        """Say kind and rows: what comes back is a :class:`VarColumn`."""
        return {"kind": "var", "rows": self.rows}

    def token(self) -> Hashable | None:
        """Name the memory of all segments."""
        tokens = tuple(segment.token() for segment in self.segments)
        return None if None in tokens else tokens

    def piece(self, start: int, stop: int) -> Piece:
        """Give the lengths of elements ``start`` to ``stop`` (int32), then their bytes."""
        parts = [s.piece(*bounds) for s, bounds in self._within(start, stop)]
        heads = [4 * (stop - start) for _, (start, stop) in self._within(start, stop)]
        lengths = [part[:head] for part, head in zip(parts, heads, strict=True)]
        bodies = [part[head:] for part, head in zip(parts, heads, strict=True)]
        return b"".join((*lengths, *bodies))

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


def column_from_pieces(spec: ColumnSpec, pieces: Sequence[tuple[int, Piece]]) -> Column:
    """Put a column together from ``(rows, bytes)`` pieces in order.

    Raises
    ------
    CorruptDataError
        The bytes do not have the length that the spec and the rows demand.
    """
    if sum(rows for rows, _ in pieces) != spec["rows"]:
        raise CorruptDataError("a column", "its pieces have another number of rows")
    if spec["kind"] == "fixed":
        return _fixed_from_pieces(spec, pieces)
    if spec["kind"] == "var":
        return _var_from_pieces(pieces)
    raise CorruptDataError("a column", f"unknown kind {spec['kind']!r}")


def _fixed_from_pieces(spec: ColumnSpec, pieces: Sequence[tuple[int, Piece]]) -> FixedColumn:
    try:
        dtype = np.dtype(spec["dtype"])
    except (TypeError, ValueError) as error:
        raise CorruptDataError("a column", f"no dtype is called {spec['dtype']!r:.40}") from error
    if dtype.kind not in _FIXED_KINDS or dtype.hasobject or not dtype.itemsize:
        raise CorruptDataError("a column", f"dtype {dtype} is not allowed")
    # before the memory is asked for: the rows are only a claim until the bytes bear them out
    if any(len(data) != rows * dtype.itemsize for rows, data in pieces):
        raise CorruptDataError("a column", "a piece has another length than its rows")
    values = np.empty(spec["rows"], dtype=dtype)
    at = 0
    for rows, data in pieces:
        if data:
            values[at : at + rows] = np.frombuffer(data, dtype=dtype)
        at += rows
    return FixedColumn(values, frozen=True)


def _var_from_pieces(pieces: Sequence[tuple[int, Piece]]) -> VarColumn:
    lengths, bodies = [], []
    for rows, data in pieces:
        head = rows * _LENGTH.itemsize
        if rows < 0 or len(data) < head:
            raise CorruptDataError("a column", "a piece is shorter than its lengths")
        counts = np.frombuffer(data[:head], dtype=_LENGTH).astype(np.int64)
        body = np.frombuffer(data[head:], dtype=np.uint8)
        if len(counts) != rows or (counts < 0).any() or counts.sum() != len(body):
            raise CorruptDataError("a column", "lengths and bytes of a piece do not agree")
        lengths.append(counts)
        bodies.append(body)
    rows_total = sum(rows for rows, _ in pieces)
    offsets = np.zeros(rows_total + 1, dtype=np.int64)
    if lengths:
        np.cumsum(np.concatenate(lengths), out=offsets[1:])
    data_total = np.concatenate(bodies) if bodies else np.empty(0, dtype=np.uint8)
    return VarColumn(offsets, data_total, frozen=True)
