"""Row selections: positions that are packed small, compared exactly, and checked when read."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamlit_redis_session.chunks._order import is_order_of, order_of
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


@settings(deadline=None)
@given(st.data())
def test_packed_positions_come_back(data: st.DataObject) -> None:
    base_rows = data.draw(st.integers(1, 300))
    positions = np.array(
        data.draw(st.lists(st.integers(0, base_rows - 1), max_size=300)), dtype=np.int64
    )
    if data.draw(st.booleans()):
        positions = np.unique(positions)
        more = data.draw(st.integers(0, 9))
        positions = np.append(positions, np.zeros(more, dtype=np.int64))
    form, column = pack(positions, base_rows)

    assert np.array_equal(unpack(form, column, base_rows=base_rows, rows=len(positions)), positions)


@pytest.mark.parametrize(
    ("positions", "form"),
    [
        (np.arange(100, 900), "ranges"),
        (np.arange(0, 1000, 11), "steps"),
        (np.flatnonzero(np.arange(1000) % 3), "mask"),
        (np.arange(999, -1, -1), "list"),
        (np.arange(7, 8), "steps"),
        (np.arange(100, 116), "ranges"),
        (np.arange(100, 115), "steps"),
        (np.append(np.arange(400), 999), "ranges"),
        (np.delete(np.arange(1000), np.arange(10, 80, 10)), "mask"),
        (np.delete(np.arange(1000), np.arange(10, 70, 10)), "ranges"),
        (np.append(np.arange(1000), np.zeros(9)), "ranges+"),
        (np.append(np.arange(0, 1000, 11), np.zeros(40)), "steps+"),
        (np.append(np.flatnonzero(np.arange(1000) % 3), np.zeros(1)), "mask+"),
        (np.append(np.arange(100, 200), np.zeros(101)), "list"),
    ],
)
def test_the_smallest_form_is_chosen(positions: np.ndarray, form: str) -> None:
    assert pack(positions.astype(np.int64), 1000)[0] == form


@settings(deadline=None)
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


@settings(deadline=None)
@given(st.data())
def test_texts_that_were_taken_are_recognised(data: st.DataObject) -> None:
    """Runs, ascending rows, short and long texts are compared in ways of their own."""
    rows = data.draw(st.sampled_from([5, 300, 20_000]))
    length = data.draw(st.sampled_from([3, 12, 13, 40]))
    rng = np.random.default_rng(data.draw(st.integers(0, 9)))
    lengths = rng.integers(0, length + 1, rows)
    offsets = np.concatenate(([0], np.cumsum(lengths)))
    base = VarColumn(offsets, rng.integers(0, 3, offsets[-1]).astype(np.uint8))
    positions = rng.permutation(rows)[: data.draw(st.integers(1, rows))]
    kind = data.draw(st.sampled_from(["any", "ascending", "run"]))
    if kind != "any":
        positions = np.sort(positions)
    if kind == "run":
        positions = np.arange(positions[0], rows)
    taken = take(base, positions)
    assert isinstance(taken, VarColumn)

    expected = [content_of(base, place) for place in positions.tolist()]
    assert [content_of(taken, place) for place in range(taken.rows)] == expected
    assert comes_from(base, positions, taken)
    if len(taken.data):
        other = taken.data.copy()
        other[int(rng.integers(taken.offsets[0], taken.offsets[-1]))] ^= 1
        assert not comes_from(base, positions, VarColumn(taken.offsets, other))


def content_of(column: VarColumn, place: int) -> bytes:
    return column.data[column.offsets[place] : column.offsets[place + 1]].tobytes()


@pytest.mark.parametrize("dtype", ["?", "i1", "<u2", "<f4", "<i8", "<c16", "S3", "<U2", "<M8[ns]"])
@pytest.mark.parametrize("rows", [50, 20_000])
def test_numbers_of_every_width_are_compared(dtype: str, rows: int) -> None:
    rng = np.random.default_rng(1)
    width = np.dtype(dtype).itemsize
    values = rng.integers(0, 2, rows * width).astype(np.uint8).view(dtype)
    positions = rng.permutation(rows)
    taken = values[positions]

    assert comes_from(FixedColumn(values), positions, FixedColumn(taken))
    taken.view(np.uint8)[-1] ^= 1
    assert not comes_from(FixedColumn(values), positions, FixedColumn(taken))


def test_a_position_outside_of_the_base_is_refused_before_memory_is_read() -> None:
    for base in (FixedColumn(np.arange(3)), texts(b"a", b"b", b"c")):
        for place in (-1, 3, 2**40):
            with pytest.raises(CorruptDataError):
                take(base, np.array([0, place]))


@settings(deadline=None)
@given(
    st.lists(st.one_of(st.floats(width=32), st.sampled_from([0.0, -0.0, 1.0])), max_size=60),
    st.booleans(),
    st.sampled_from(["<f4", "<f8"]),
)
def test_the_order_of_numbers_is_the_one_of_pandas(
    numbers: list[float], is_descending: bool, dtype: str
) -> None:
    """Equal elements as they stand, the two zeros are equal, what is no number comes last."""
    values = np.array(numbers, dtype=dtype)
    order = order_of(values, is_descending=is_descending)
    by_pandas = pd.Series(values).sort_values(kind="stable", ascending=not is_descending)

    assert order is not None
    assert order.tolist() == by_pandas.index.tolist()
    if len(values) > 1:
        assert is_order_of(values, order, is_descending=is_descending)


@settings(deadline=None)
@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=2, max_size=60), st.booleans())
def test_the_order_of_whole_numbers_is_exact(numbers: list[int], is_descending: bool) -> None:
    values = np.array(numbers, dtype=np.int64)
    order = order_of(values, is_descending=is_descending)
    expected = sorted(
        range(len(numbers)), key=lambda n: -numbers[n] if is_descending else numbers[n]
    )

    assert order is not None
    assert order.tolist() == expected
    other = order[::-1].copy()
    assert is_order_of(values, other, is_descending=is_descending) == (expected == other.tolist())
    assert not is_order_of(values, np.zeros_like(order), is_descending=is_descending)


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
        ("list", np.array([0x3C, 0], np.uint8), 3),
        ("list", np.array([0xF0], np.uint8), 2),
        ("list", np.array([0], np.uint32), 1),
        ("list", np.array([], np.uint8), 2**50),
        ("steps", np.array([5, 4], np.uint8), 2),
        ("steps", np.array([5, 3], np.uint8), 3),
        ("steps", np.array([-1, 3], np.int8), 2),
        ("steps", np.array([255] * 2, np.uint32), 2),
        ("ascending", np.array([3, 1, 2], np.int64), 3),
        ("descending", np.array([1.5] * 10), 3),
        ("ascending", np.array([b"a"] * 10), 10),
        ("ascending", np.array([1j] * 10), 10),
        ("mask", np.array([255], np.uint8), 8),
        ("mask", np.array([1, 255], np.uint8), 1),
        ("ranges", np.array([0, 2**40], np.int64), 2),
        ("ranges", np.array([5, 2], np.int64), 3),
        ("ranges", np.array([0, 1, 2], np.int64), 1),
        ("ranges", np.array([-2, 0], np.int64), 2),
        ("ranges", np.array([0, 5, 4, 8], np.int64), 9),
        ("ranges", np.array([0, 5, 5, 5], np.int64), 5),
        ("ranges", np.array([-(2**63), 2**63 - 1], np.int64), 2**63),
        ("ranges", np.array([0, 10] * 1000, np.int64), 10_000),
        ("ranges+", np.array([0, 5], np.int64), 5),
        ("ranges+", np.array([0, 5], np.int64), 11),
        ("ranges+", np.array([0, 5], np.int64), 2**50),
        ("ranges+", np.array([5, 2], np.int64), 4),
        ("ranges+", np.array([0, 2**40], np.int64), 2**40 + 1),
        ("ranges+", np.array([-(2**63), 2**63 - 1], np.int64), 2**63),
        ("ranges+", np.array([0, 5], np.int32), 6),
        ("ranges+", np.array([0, 5, 6], np.int64), 7),
        ("mask+", np.array([255], np.uint8), 9),
        ("mask+", np.array([1, 255], np.uint8), 10),
        ("mask+", np.array([1, 1], np.uint16), 3),
        ("steps+", np.array([5, 4], np.uint8), 3),
        ("steps+", np.array([], np.uint8), 1),
        ("list+", np.array([0x32], np.uint8), 3),
        ("+", np.array([0], np.int64), 1),
        ("other", np.array([0], np.int64), 1),
    ],
)
def test_positions_that_lie_are_refused(form: str, values: np.ndarray, rows: int) -> None:
    with pytest.raises(CorruptDataError):
        unpack(form, FixedColumn(values), base_rows=10, rows=rows)
