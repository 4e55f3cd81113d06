"""Patches: what differs is enough to make the one column of the other, and lies are refused."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from chunks.reading import columns_of
from hypothesis import given, settings
from hypothesis import strategies as st

from streamlit_redis_session.chunks import (
    Chunker,
    FoundColumn,
    Keys,
    Manifest,
    Patch,
    Plan,
    Selection,
    StoredColumn,
    apply_patch,
    pack_rows,
    remapped,
    values_at,
)
from streamlit_redis_session.chunks import _patch as module
from streamlit_redis_session.chunks._patch import unpack_rows
from streamlit_redis_session.chunks._selection import take
from streamlit_redis_session.codec import Column, Encoded, FixedColumn, SegmentedColumn, VarColumn
from streamlit_redis_session.codec.differences import changed_rows
from streamlit_redis_session.errors import CorruptDataError, LimitExceededError

DTYPES = ["?", "i1", "<i4", ">f8", "c16", "M8[ns]", "S3", "U2", "V5"]
CHUNKER = Chunker(Keys.derive("a secret", namespace="srs"), rows_per_chunk=100)


def texts(*values: bytes) -> VarColumn:
    offsets = 2 + np.concatenate(([0], np.cumsum([len(value) for value in values])))
    return VarColumn(offsets.astype(np.int64), np.frombuffer(b"xy" + b"".join(values), np.uint8))


def segmented(*values: bytes) -> SegmentedColumn:
    middle = len(values) // 2
    return SegmentedColumn((texts(*values[:middle]), texts(*values[middle:])))


def content(column: Column) -> bytes:
    return bytes(column.piece(0, column.rows))


def at(*positions: int) -> np.ndarray:
    return np.array(positions, dtype=np.int64)


@st.composite
def fixed(draw: st.DrawFn, rows: int) -> list[Column]:
    dtype = np.dtype(draw(st.sampled_from(DTYPES)))
    size = rows * dtype.itemsize
    raw = st.binary(min_size=size, max_size=size).map(lambda data: np.frombuffer(data, dtype))
    return [FixedColumn(draw(raw)) for _ in range(2)]


@st.composite
def variable(draw: st.DrawFn, rows: int) -> list[Column]:
    lists = st.lists(st.binary(max_size=4), min_size=rows, max_size=rows)
    makes: list[Callable[..., Column]] = [texts, segmented]
    make = st.sampled_from(makes)
    return [draw(make)(*draw(lists)) for _ in range(2)]


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Column, Column]:
    """Draw two columns of one spec."""
    rows = draw(st.integers(0, 30))
    base, column = draw(st.one_of(fixed(rows), variable(rows)))
    return base, column


@pytest.mark.parametrize("few", [0, 10**6])
@given(pair=pairs(), in_place=st.booleans())
def test_what_differs_makes_the_one_column_of_the_other(
    few: int, pair: tuple[Column, Column], in_place: bool
) -> None:
    """Both ways of putting texts in, one by one and all at once, come to the same."""
    base, column = pair
    positions = changed_rows(base, column, most=base.rows)
    assert positions is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_FEW", few)
        made = apply_patch(base, positions, values_at(column, positions), in_place=in_place)

    assert content(made) == content(column)
    assert made.spec() == column.spec()


def test_a_patch_writes_to_no_memory_but_its_own() -> None:
    values = np.zeros(5)
    patched = apply_patch(FixedColumn(values), at(2), FixedColumn(np.ones(1)))

    assert content(patched) != content(FixedColumn(values))
    assert not values.any()


def test_a_patch_in_place_needs_no_other_memory() -> None:
    values = np.zeros(5)
    patched = apply_patch(FixedColumn(values), at(2), FixedColumn(np.ones(1)), in_place=True)

    assert isinstance(patched, FixedColumn)
    assert patched.values is values


def test_memory_that_cannot_be_written_to_is_copied() -> None:
    values = np.zeros(5)
    values.flags.writeable = False
    patched = apply_patch(FixedColumn(values), at(2), FixedColumn(np.ones(1)), in_place=True)

    assert isinstance(patched, FixedColumn)
    assert patched.values.tolist() == [0, 0, 1, 0, 0]


@given(st.data())
def test_packed_rows_come_back(data: st.DataObject) -> None:
    rows = data.draw(st.sampled_from([1, 9, 300, 70_000, 2**31 - 1]))
    chosen = data.draw(st.lists(st.integers(0, rows - 1), max_size=80, unique=True))
    positions = at(*sorted(chosen))
    form, packed = pack_rows(positions, rows)

    assert packed.nbytes <= max(4, 4 * len(positions))
    back = unpack_rows(form, packed, rows=rows, count=len(positions))
    assert back.tolist() == positions.tolist()


@pytest.mark.parametrize(
    ("positions", "form"),
    [(np.arange(0, 1000, 100), "gaps"), (np.arange(0, 1000, 5), "mask"), (np.arange(9), "gaps")],
)
def test_the_smaller_form_of_rows_is_chosen(positions: np.ndarray, form: str) -> None:
    assert pack_rows(positions.astype(np.int64), 1000)[0] == form


@pytest.mark.parametrize(
    ("form", "values", "count"),
    [
        ("gaps", np.array([3, 0], np.uint8), 2),
        ("gaps", np.array([3, 7], np.uint8), 2),
        ("gaps", np.array([3], np.uint8), 2),
        ("gaps", np.array([2**32 - 1] * 3, np.uint32), 3),
        ("gaps", np.array([1], np.int64), 1),
        ("gaps", np.array([1.0]), 1),
        ("mask", np.array([255, 255], np.uint8), 11),
        ("mask", np.array([255], np.uint8), 8),
        ("mask", np.array([255, 1], np.uint16), 9),
        ("list", np.array([1], np.uint32), 1),
    ],
)
def test_rows_that_lie_are_refused(form: str, values: np.ndarray, count: int) -> None:
    with pytest.raises(CorruptDataError):
        unpack_rows(form, FixedColumn(values), rows=10, count=count)


def test_rows_written_as_texts_are_refused() -> None:
    with pytest.raises(CorruptDataError):
        unpack_rows("gaps", texts(b"a"), rows=10, count=1)


@pytest.mark.parametrize(
    ("column", "positions", "values"),
    [
        (FixedColumn(np.zeros(3)), at(1), FixedColumn(np.zeros(1, "i8"))),
        (FixedColumn(np.zeros(3)), at(1), texts(b"a")),
        (texts(b"a", b"b"), at(1), FixedColumn(np.zeros(1))),
        (FixedColumn(np.zeros(3)), at(1, 2), FixedColumn(np.zeros(1))),
        (FixedColumn(np.zeros(3)), at(3), FixedColumn(np.zeros(1))),
        (FixedColumn(np.zeros(3)), at(-1), FixedColumn(np.zeros(1))),
        (FixedColumn(np.zeros(3)), at(2, 1), FixedColumn(np.zeros(2))),
        (texts(b"a", b"b"), at(1, 1), texts(b"a", b"b")),
        (texts(b"a", b"b"), at(2), texts(b"a")),
    ],
)
def test_patches_that_do_not_fit_are_refused(
    column: Column, positions: np.ndarray, values: Column
) -> None:
    with pytest.raises(CorruptDataError):
        apply_patch(column, positions, values)


@given(pairs(), st.data())
def test_rows_of_a_patched_column_are_a_patch_of_the_rows(
    pair: tuple[Column, Column], data: st.DataObject
) -> None:
    base, column = pair
    positions = changed_rows(base, column, most=base.rows)
    assert positions is not None
    rows = st.lists(st.integers(0, max(0, base.rows - 1)), max_size=40 if base.rows else 0)
    chosen = at(*data.draw(rows))
    left = remapped(positions, values_at(column, positions), chosen)

    made = take(base, chosen) if left is None else apply_patch(take(base, chosen), *left)
    assert content(made) == content(take(column, chosen))
    assert (left is None) == (not set(positions.tolist()) & set(chosen.tolist()))


# through a manifest and sealed chunks


def patched_plan(column: Column, *, chosen: np.ndarray | None, edited: Column) -> Plan:
    """Store a column, rows of it, and a patch on these."""
    stored = CHUNKER.plan(Encoded.of(None, (column,)), {}).manifest.columns[0]
    sides: list[tuple[StoredColumn, Column]] = []
    if chosen is not None:
        form, packed, kept = CHUNKER.store_positions(chosen, column.rows)
        selection = Selection(form, kept, column.rows, column.nbytes)
        stored = replace(stored, spec=edited.spec(), nbytes=edited.nbytes, selection=selection)
        sides.append((kept, packed))
    before = column if chosen is None else take(column, chosen)
    positions = changed_rows(before, edited, most=edited.rows)
    assert positions is not None
    form_of_rows, rows = pack_rows(positions, edited.rows)
    values = values_at(edited, positions)
    kept_rows, kept_values = CHUNKER.store_side(rows), CHUNKER.store_side(values)
    sides += [(kept_rows, rows), (kept_values, values)]
    patched = replace(stored, patch=Patch(form_of_rows, kept_rows, kept_values))
    found = FoundColumn(patched, column, tuple(sides))
    return CHUNKER.plan(Encoded.of(None, (edited,)), {0: found})


def read(plan: Plan, data: bytes) -> Column:
    sealed = {name: CHUNKER.seal_chunk(name, chunk) for name, chunk in plan.chunks.items()}
    return columns_of(CHUNKER, Manifest.from_bytes(data), sealed)[0]


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 500), st.booleans(), st.booleans(), st.data())
def test_a_patch_on_rows_of_a_column_comes_back_from_the_store(
    rows: int, is_text: bool, is_selected: bool, data: st.DataObject
) -> None:
    numbers = np.arange(rows, dtype=np.int64) * 7
    column: Column = texts(*map(bytes, map(str.encode, map(str, numbers))))
    column = column if is_text else FixedColumn(numbers)
    chosen = np.flatnonzero(numbers % 3) if is_selected else None
    before = column if chosen is None else take(column, chosen)
    places = (
        data.draw(st.lists(st.integers(0, before.rows - 1), unique=True)) if before.rows else []
    )
    new = FixedColumn(np.full(len(places), -1))
    values = texts(*(b"edited %d" % n for n in places)) if is_text else new
    edited = apply_patch(before, np.sort(at(*places)), values)

    plan = patched_plan(column, chosen=chosen, edited=edited)

    assert content(read(plan, plan.manifest.to_bytes())) == content(edited)


Damage = Callable[[list[Any], dict[str, Any]], None]
"""Of a patch (form, positions, values) and of the column that has it."""

DAMAGES: dict[str, Damage] = {
    "sides in the place of each other": lambda patch, _: patch.append(patch.pop(1)),
    "values that are positions": lambda patch, _: _set(patch, 2, patch[1]),
    "positions that are values": lambda patch, _: _set(patch, 1, patch[2]),
    "another form": lambda patch, _: _set(patch, 0, "mask"),
    "no form": lambda patch, _: _set(patch, 0, None),
    "a side that is a number": lambda patch, _: _set(patch, 2, 1),
    "a side that is missing": lambda patch, _: _set(patch, 2, "0" * 32),
    "a part of it": lambda patch, _: _set(patch, slice(1, None), []),
    "a number in place of the patch": lambda _, column: column.update(p=1),
    "a column with fewer rows": lambda _, column: column.update(n=80),
}


def _set(patch: list[Any], place: int | slice, value: Any) -> None:
    patch[place] = value


def damaged(manifest: Manifest, damage: Damage | None) -> bytes:
    """Write a manifest whose only patch is damaged."""
    number = next(n for n, part in enumerate(manifest.parts) if part.is_derived)
    data = manifest.to_bytes()
    (length,) = struct.unpack_from("<I", data)
    head, rest = json.loads(data[4 : 4 + length]), data[4 + length :]
    at = sum(head["parts"][:number])
    old = rest[at : at + head["parts"][number]]
    (length,) = struct.unpack_from("<I", old)
    entry = json.loads(old[4 : 4 + length])
    if damage is not None:
        (column,) = entry["c"]
        damage(column["p"], column)
    text = json.dumps(entry).encode()
    new = struct.pack("<I", len(text)) + text + old[4 + length :]
    head["parts"][number] = len(new)
    text = json.dumps(head).encode()
    rest = rest[:at] + new + rest[at + len(old) :]
    return struct.pack("<I", len(text)) + text + rest


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_patch_never_becomes_a_column(name: str) -> None:
    column = FixedColumn(np.arange(100))
    values = column.values.copy()
    values[[3, 50, 99]] = -1
    plan = patched_plan(column, chosen=None, edited=FixedColumn(values))

    assert content(read(plan, damaged(plan.manifest, None))) == content(FixedColumn(values))
    with pytest.raises((CorruptDataError, LimitExceededError)):
        read(plan, damaged(plan.manifest, DAMAGES[name]))
