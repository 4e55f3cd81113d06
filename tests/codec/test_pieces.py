"""Pieces are written straight to their place, and nothing is allocated on a claim alone."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlit_redis_session.codec import (
    Column,
    SegmentedColumn,
    VarColumn,
    column_from_pieces,
    column_from_sources,
)
from streamlit_redis_session.errors import CorruptDataError

VAR = {"kind": "var"}


def var(parts: list[bytes], *, before: bytes = b"") -> VarColumn:
    """A column that may begin somewhere inside of its buffer."""
    ends = np.cumsum([len(before), *map(len, parts)]).astype(np.int64)
    return VarColumn(ends, np.frombuffer(before + b"".join(parts), np.uint8))


def elements(column: Column) -> list[bytes]:
    assert isinstance(column, VarColumn)
    data, ends = column.data.tobytes(), column.offsets.tolist()
    return [data[a:b] for a, b in pairwise(ends)]


def cut(column: Column, step: int) -> list[tuple[int, bytes]]:
    ranges = [(at, min(at + step, column.rows)) for at in range(0, column.rows, step)]
    return [(stop - at, bytes(column.piece(at, stop))) for at, stop in ranges]


@given(
    st.lists(st.one_of(st.binary(max_size=5), st.integers(250, 70_000).map(bytes)), max_size=12),
    st.integers(1, 5),
    st.binary(max_size=3),
)
def test_elements_of_any_length_come_back_in_pieces_of_any_width(
    parts: list[bytes], step: int, before: bytes
) -> None:
    column = var(parts, before=before)

    back = column_from_pieces(column.spec(), cut(column, step))

    assert elements(back) == parts
    assert sum(len(piece) for _, piece in cut(column, step)) <= column.nbytes + len(parts)


@given(st.lists(st.binary(max_size=300), max_size=9), st.integers(0, 9), st.integers(1, 9))
def test_segments_have_the_pieces_of_one_column(parts: list[bytes], middle: int, step: int) -> None:
    """Otherwise the same texts would have two names."""
    whole = var(parts)
    segmented = SegmentedColumn((var(parts[:middle]), var(parts[middle:], before=b"xy")))

    assert cut(segmented, step) == cut(whole, step)


@pytest.mark.parametrize(
    ("length", "width"), [(0, 1), (255, 1), (256, 2), (65_535, 2), (65_536, 4)]
)
def test_lengths_take_the_least_width_that_fits_the_longest(length: int, width: int) -> None:
    column = var([b"ab", bytes(length), b""])

    piece = bytes(column.piece(0, 3))

    lengths = b"".join(n.to_bytes(width, "little") for n in (2, length, 0))
    assert piece == b"ab" + bytes(length) + lengths + bytes([width])


@pytest.mark.parametrize(
    "piece",
    [
        b"",
        b"\x01",
        b"ab\x01\x01",
        b"ab\x02\x00",
        b"ab\x01\x02\x01",
        b"ab\x01\x00\x01",
        b"ab\x02\x00\x00",
        b"ab\x02\x00\x03",
        b"ab\x02\x00\x08",
        b"ab\x02\x00\x04",
        b"\xff\xff\xff\xff\xff\xff\xff\xff\x04",
    ],
)
def test_a_piece_whose_lengths_do_not_fit_its_bytes_is_refused(piece: bytes) -> None:
    with pytest.raises(CorruptDataError):
        column_from_pieces({**VAR, "rows": 2}, [(2, piece)])


@dataclass
class Claim:
    """A source that claims a length and must not be opened."""

    length: int

    def open_into(self, _out: npt.NDArray[np.uint8], /) -> None:
        pytest.fail("memory was asked for")


@pytest.mark.parametrize(
    ("spec", "rows", "length"),
    [
        ({"kind": "fixed", "dtype": "<f8", "rows": 10**12}, 10**12, 8 * 10**11),
        ({"kind": "fixed", "dtype": "<f8", "rows": 2**50}, 2**50, 100),
        ({"kind": "fixed", "dtype": "(2,)<i4", "rows": 2}, 2, 16),
        ({"kind": "fixed", "dtype": "<f8", "rows": 0}, -1, -8),
        ({"kind": "var", "rows": 2**50}, 2**50, 2**50),
        ({"kind": "var", "rows": 10**12}, 10**12, 2**20),
        ({"kind": "other", "rows": 1}, 1, 10),
    ],
)
def test_nothing_is_allocated_for_rows_that_no_length_bears_out(
    spec: dict[str, Any], rows: int, length: int
) -> None:
    with pytest.raises(CorruptDataError):
        column_from_sources(spec, [(rows, Claim(length))])
    with pytest.raises(CorruptDataError):
        column_from_sources(spec, [(rows, Claim(length)), (1, Claim(8))])
