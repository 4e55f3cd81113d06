"""Row selections: positions that are packed small, compared exactly, and checked when read."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlit_redis_session.chunks._selection import (
    affine_column,
    affine_of,
    comes_from,
    pack,
    take,
    unpack,
)
from streamlit_redis_session.codec import Column, FixedColumn, SegmentedColumn, VarColumn
from streamlit_redis_session.errors import CorruptDataError


def texts(*values: bytes) -> VarColumn:
    offsets = np.concatenate(([0], np.cumsum([len(value) for value in values])))
    return VarColumn(offsets.astype(np.int64), np.frombuffer(b"".join(values), np.uint8))


def content(column: Column) -> bytes:
    return bytes(column.piece(0, column.rows))


@given(st.data())
def test_packed_positions_come_back(data: st.DataObject) -> None:
    base_rows = data.draw(st.integers(1, 300))
    positions = np.array(
        data.draw(st.lists(st.integers(0, base_rows - 1), max_size=300)), dtype=np.int64
    )
    if data.draw(st.booleans()):
        positions = np.unique(positions)
    form, column = pack(positions, base_rows)

    assert np.array_equal(unpack(form, column, base_rows=base_rows, rows=len(positions)), positions)


@pytest.mark.parametrize(
    ("positions", "form"),
    [
        (np.arange(100, 900), "ranges"),
        (np.flatnonzero(np.arange(1000) % 3), "mask"),
        (np.arange(999, -1, -1), "list"),
    ],
)
def test_the_smallest_form_is_chosen(positions: np.ndarray, form: str) -> None:
    assert pack(positions.astype(np.int64), 1000)[0] == form


@given(st.data())
def test_what_was_taken_is_recognised_bit_by_bit(data: st.DataObject) -> None:
    numbers = data.draw(st.lists(st.floats(), min_size=1, max_size=200))
    positions = np.array(
        data.draw(st.lists(st.integers(0, len(numbers) - 1), max_size=200)), dtype=np.int64
    )
    base = FixedColumn(np.array(numbers))
    taken = take(base, positions)

    assert comes_from(base, positions, taken)
    assert isinstance(taken, FixedColumn)
    for row in range(taken.rows):
        other = taken.values.copy()
        other.view(np.uint64)[row] ^= 1
        assert not comes_from(base, positions, FixedColumn(other))


def test_texts_in_segments_are_taken_as_if_they_were_one() -> None:
    whole = texts(b"a", b"", b"ccc", b"dd")
    parts = SegmentedColumn((texts(b"a"), texts(b"", b"ccc"), texts(b"dd")))
    positions = np.array([3, 0, 0, 2, 1], dtype=np.int64)

    assert content(take(parts, positions)) == content(take(whole, positions))
    assert comes_from(parts, positions, take(whole, positions))
    assert comes_from(whole, positions, parts) is False


def test_a_counting_column_needs_no_base() -> None:
    positions = np.array([5, 2, 9], dtype=np.int64)
    counted = FixedColumn(100 + 7 * positions)

    assert affine_of(positions, counted) == (100, 7)
    assert content(affine_column(positions, 100, 7, dtype="<i8")) == content(counted)
    assert affine_of(positions, FixedColumn(np.array([100, 7, 3]))) is None


@pytest.mark.parametrize(
    ("form", "values", "rows"),
    [
        ("list", np.array([0, 10], np.uint32), 2),
        ("list", np.array([-1], np.int64), 1),
        ("list", np.array([0], np.float64), 1),
        ("mask", np.array([255], np.uint8), 8),
        ("mask", np.array([1, 255], np.uint8), 1),
        ("ranges", np.array([0, 2**40], np.int64), 2),
        ("ranges", np.array([5, 2], np.int64), 3),
        ("ranges", np.array([0, 1, 2], np.int64), 1),
        ("ranges", np.array([-2, 0], np.int64), 2),
        ("other", np.array([0], np.int64), 1),
    ],
)
def test_positions_that_lie_are_refused(form: str, values: np.ndarray, rows: int) -> None:
    with pytest.raises(CorruptDataError):
        unpack(form, FixedColumn(values), base_rows=10, rows=rows)
