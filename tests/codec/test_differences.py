"""Where two columns differ: every bit counts, in every kind of column, at every place."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamlit_redis_session.codec import Column, FixedColumn, SegmentedColumn, VarColumn
from streamlit_redis_session.codec.differences import changed_elements, changed_rows

DTYPES = ["?", "i1", "u2", "i4", "<f8", ">f8", "c16", "f2", "M8[ns]", "S3", "U2", "V5", "g"]
BLOCK_ROWS = 32 * 1024


def texts(*values: bytes, start: bytes = b"") -> VarColumn:
    """Elements whose first byte does not stand at the start of the data."""
    offsets = len(start) + np.concatenate(([0], np.cumsum([len(value) for value in values])))
    return VarColumn(offsets.astype(np.int64), np.frombuffer(start + b"".join(values), np.uint8))


def segmented(values: list[bytes], cuts: list[int]) -> Column:
    bounds = [0, *sorted(cuts), len(values)]
    parts = [values[a:b] for a, b in pairwise(bounds)]
    return SegmentedColumn(tuple(texts(*part, start=b"xy") for part in parts))


def rows_of(column: Column) -> list[bytes]:
    return [bytes(column.piece(n, n + 1)) for n in range(column.rows)]


def slowly(base: Column, column: Column) -> list[int]:
    pairs = zip(rows_of(base), rows_of(column), strict=True)
    return [n for n, (a, b) in enumerate(pairs) if a != b]


def found(base: Column, column: Column, most: int = 10**9) -> list[int] | None:
    rows = changed_rows(base, column, most=most)
    return None if rows is None else rows.tolist()


@given(st.data())
def test_every_changed_byte_of_a_fixed_column_is_found(data: st.DataObject) -> None:
    dtype = np.dtype(data.draw(st.sampled_from(DTYPES)))
    rows = data.draw(st.integers(0, 20))
    raw = bytearray(data.draw(st.binary(min_size=rows * dtype.itemsize)))[: rows * dtype.itemsize]
    edited = bytearray(raw)
    for at in data.draw(st.lists(st.integers(0, max(0, len(raw) - 1)), max_size=4)):
        if raw:
            edited[at] ^= data.draw(st.integers(1, 255))
    base, column = (FixedColumn(np.frombuffer(each, dtype)) for each in (raw, edited))

    assert found(base, column) == slowly(base, column)


LISTS = st.lists(st.binary(max_size=3), max_size=30)


@given(LISTS, st.data())
def test_every_changed_text_is_found_however_the_columns_are_cut(
    values: list[bytes], data: st.DataObject
) -> None:
    edited = list(values)
    for _ in range(data.draw(st.integers(0, 3)) if values else 0):
        edited[data.draw(st.integers(0, len(values) - 1))] = data.draw(st.binary(max_size=3))
    cuts = st.lists(st.integers(0, len(values)), max_size=3)
    forms = [texts(*values), segmented(values, data.draw(cuts))]
    edited_forms = [texts(*edited, start=b"z"), segmented(edited, data.draw(cuts))]

    for base in forms:
        for column in edited_forms:
            assert found(base, column) == [
                n for n, (a, b) in enumerate(zip(values, edited, strict=True)) if a != b
            ]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 3 * BLOCK_ROWS - 1), max_size=5, unique=True), st.booleans())
def test_changes_are_found_in_every_block(rows: list[int], is_longer: bool) -> None:
    """A text of another length moves all those behind it."""
    lengths = np.full(3 * BLOCK_ROWS, 4)
    values = np.zeros(3 * BLOCK_ROWS, dtype="u4")
    base = VarColumn(np.concatenate(([0], np.cumsum(lengths))), values.view(np.uint8))
    numbers, edited = values.copy(), lengths.copy()
    numbers[rows] = 7
    edited[rows] += is_longer
    offsets = np.concatenate(([0], np.cumsum(edited)))
    data = np.zeros(int(offsets[-1]), dtype=np.uint8)
    data[offsets[:-1][rows]] = 7
    column = VarColumn(offsets, data)

    assert found(base, column) == sorted(rows)
    assert found(FixedColumn(values), FixedColumn(numbers)) == sorted(rows)


def test_more_than_is_asked_for_is_not_counted() -> None:
    base, column = FixedColumn(np.zeros(100_000)), FixedColumn(np.ones(100_000))

    assert found(base, column, most=99_999) is None
    assert changed_rows(base, column, most=100_000) is not None
    assert found(texts(b"a", b"b"), texts(b"c", b"d"), most=1) is None
    assert found(texts(b"a", b"b"), texts(b"a", b"d"), most=1) == [1]
    assert found(base, base, most=0) == []


def test_nan_of_other_bits_and_minus_zero_are_changes() -> None:
    bits = np.array([0x7FF8000000000000, 0x7FF8000000000001, 0], dtype=np.uint64)
    other = bits.copy()
    other[1] ^= 3
    other[2] = 1 << 63

    assert found(FixedColumn(bits.view("f8")), FixedColumn(other.view("f8"))) == [1, 2]


def test_columns_of_rows_in_strides_are_compared_as_they_are() -> None:
    table = np.arange(12.0).reshape(4, 3)
    base, column = FixedColumn(table[:, 1]), FixedColumn(table[::-1, 1])

    assert found(base, column) == [0, 1, 2, 3]
    assert found(base, FixedColumn(table[:, 1].copy())) == []


@pytest.mark.parametrize(
    ("base", "column"),
    [
        (FixedColumn(np.zeros(3)), FixedColumn(np.zeros(4))),
        (FixedColumn(np.zeros(3)), FixedColumn(np.zeros(3, dtype="i8"))),
        (FixedColumn(np.zeros(3)), FixedColumn(np.zeros(3, dtype=">f8"))),
        (FixedColumn(np.zeros(3)), texts(b"", b"", b"")),
        (texts(b"a"), texts(b"a", b"b")),
    ],
)
def test_columns_of_other_kinds_are_not_compared(base: Column, column: Column) -> None:
    assert found(base, column) is None


def test_python_objects_have_no_bits_to_compare() -> None:
    values: Any = np.array([1, "a"], dtype=object)

    assert changed_elements(values, values, most=9) is None
