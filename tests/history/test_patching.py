"""Edits of cells: found among the columns of the value before, stored as what differs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pytest
from codec.roundtrip import content
from support.identical import assert_identical

import streamlit_redis_session as srs
from streamlit_redis_session import codec
from streamlit_redis_session.chunks import (
    Chunker,
    FoundColumn,
    Keys,
    Selection,
    Selections,
    StoredColumn,
    values_at,
)
from streamlit_redis_session.codec import Column, Encoded, FixedColumn, VarColumn
from streamlit_redis_session.codec.differences import changed_rows
from streamlit_redis_session.history._patching import find_patches

ROWS = 40_000
CHUNKER = Chunker(Keys.derive("a secret", namespace="srs"), rows_per_chunk=8_192)


def floats(seed: int = 0, rows: int = ROWS) -> FixedColumn:
    return FixedColumn(np.random.default_rng(seed).random(rows))


def texts(prefix: str, rows: int = ROWS) -> VarColumn:
    words = [f"{prefix} {n}".encode() for n in range(rows)]
    offsets = np.concatenate(([0], np.cumsum([len(word) for word in words])))
    return VarColumn(offsets.astype(np.int64), np.frombuffer(b"".join(words), np.uint8))


def edited(column: FixedColumn, *rows: int) -> FixedColumn:
    values = column.values.copy()
    values[list(rows)] = -1
    return FixedColumn(values)


def stored(*columns: Column) -> list[tuple[Column, StoredColumn]]:
    plan = CHUNKER.plan(Encoded.of(None, columns), {})
    return list(zip(columns, plan.manifest.columns, strict=True))


def patched_rows(found: FoundColumn) -> int:
    patch = found.stored.patch
    assert patch is not None
    count: int = patch.values.spec["rows"]
    return count


def test_a_column_with_one_cell_edited_is_its_chunks_and_the_cell() -> None:
    base = stored(floats(0), floats(1))
    found = find_patches({1: edited(floats(1), 7)}, base, CHUNKER)[1]

    assert found.stored.chunk_ids == base[1][1].chunk_ids
    assert patched_rows(found) == 1
    assert sum(side.nbytes for _, side in found.sides) < 20
    assert found.changed_rows == 1
    assert found.base is base[1][0]


def test_an_equal_column_is_what_is_stored_of_the_other() -> None:
    base = stored(floats(0), floats(1))
    found = find_patches({0: floats(0), 1: floats(0)}, base, CHUNKER)

    assert found[0].stored is found[1].stored is base[0][1]
    assert found[0].changed_rows == 0


def test_a_count_of_rows_is_given_for_the_column_in_the_same_place_alone() -> None:
    """Of another one, it would say how it differs from a column of another name."""
    base = stored(floats(0), floats(1))
    found = find_patches({0: edited(floats(1), 3)}, base, CHUNKER)[0]

    assert patched_rows(found) == 1
    assert found.changed_rows is None


def test_columns_are_found_behind_an_inserted_one() -> None:
    base = stored(*(floats(seed) for seed in range(6)))
    wanted: dict[int, Column] = {n + 1: edited(floats(n), 9) for n in range(6)}
    found = find_patches({0: floats(99), **wanted}, base, CHUNKER)

    assert set(found) == set(wanted)
    for ordinal, each in found.items():
        assert each.stored.chunk_ids == base[ordinal - 1][1].chunk_ids


def test_columns_are_found_wherever_one_was_dropped_or_inserted_however_many_there_are() -> None:
    columns = [floats(seed, rows=3_000) for seed in range(60)]
    base = stored(*columns)
    dropped: dict[int, Column] = {n: edited(columns[n + 1], 5) for n in range(59)}
    inserted: dict[int, Column] = {n + 1: edited(columns[n], 5) for n in range(60)}

    assert set(find_patches(dropped, base, CHUNKER)) == set(dropped)
    new: Column = floats(99, rows=3_000)
    assert set(find_patches({0: new, **inserted}, base, CHUNKER)) == set(inserted)


def test_a_row_edited_in_many_columns_stands_in_the_manifest_once() -> None:
    base = stored(*(floats(seed) for seed in range(5)))
    found = find_patches({n: edited(floats(n), 5, 300) for n in range(5)}, base, CHUNKER)
    places = {each.stored.patch.positions.key for each in found.values() if each.stored.patch}

    assert len(found) == 5
    assert len(places) == 1


def test_a_second_edit_takes_the_place_of_the_first_and_keeps_its_cells() -> None:
    """Patches do not pile up: each is on the chunks themselves."""
    base = stored(floats())
    once = edited(floats(), 7)
    first = find_patches({0: once}, base, CHUNKER)[0]
    twice = edited(once, 7, 9_000)
    second = find_patches({0: twice}, [(once, first.stored)], CHUNKER)[0]

    assert second.stored.chunk_ids == base[0][1].chunk_ids
    assert patched_rows(second) == 2
    assert second.changed_rows == 1
    assert second.base is None


def test_a_patch_too_large_for_the_manifest_is_known_from_the_value_before() -> None:
    once = edited(floats(), *range(0, 4_000, 2))
    selections = Selections()
    first = find_patches({0: once}, stored(floats()), CHUNKER, selections)[0]
    base = [(once, first.stored)]
    twice = edited(once, 1)

    second = find_patches({0: twice}, base, CHUNKER, selections)[0]
    assert patched_rows(second) == 2_001
    assert 0 not in find_patches({0: twice}, base, CHUNKER)


def test_after_some_edits_of_one_column_its_chunks_are_written_anew() -> None:
    """Otherwise each edit would cost more than the last one."""
    selections, column = Selections(), floats()
    base = stored(column)
    for edits in range(ROWS):
        column = edited(column, 7 * edits)
        found = find_patches({0: column}, base, CHUNKER, selections)
        if not found:
            break
        assert patched_rows(found[0]) == edits + 1
        base = [(column, found[0].stored)]

    written = sum(number * (8 + 1) for number in range(edits + 1))
    assert written <= 8 * CHUNKER.rows_per_chunk < written + 2 * edits * (8 + 1)


def test_an_edit_of_many_cells_is_not_the_end_of_a_patch() -> None:
    """It has been written once, so the chunks are still far more."""
    selections = Selections()
    first = edited(floats(), *range(2_000))
    found = find_patches({0: first}, stored(floats()), CHUNKER, selections)
    for number in range(5):
        second = edited(first, 10_000 + number)
        found = find_patches({0: second}, [(first, found[0].stored)], CHUNKER, selections)
        assert patched_rows(found[0]) == 2_001 + number
        first = second


def test_a_patch_stands_upon_rows_of_a_base() -> None:
    form, _, kept = CHUNKER.store_positions(np.arange(100, ROWS), ROWS)
    whole = floats()
    column = FixedColumn(whole.values[100:])
    chunk_ids = stored(whole)[0][1].chunk_ids
    selection = Selection(form, kept, ROWS, whole.nbytes)
    chosen = StoredColumn(column.spec(), column.nbytes, chunk_ids, None, selection)
    found = find_patches({0: edited(column, 3)}, [(column, chosen)], CHUNKER)[0]

    assert found.stored.selection == selection
    assert found.stored.nbytes == column.nbytes
    assert patched_rows(found) == 1
    assert found.base is None


def test_a_column_that_counts_is_kept_but_not_patched() -> None:
    counted = FixedColumn(np.arange(ROWS))
    form, _, kept = CHUNKER.store_positions(counted.values, ROWS)
    selection = Selection(form, kept, ROWS, counted.nbytes, affine=(0, 1))
    base = [(counted, StoredColumn(counted.spec(), counted.nbytes, (), None, selection))]

    assert find_patches({0: edited(counted, 3)}, base, CHUNKER) == {}
    assert find_patches({0: counted}, base, CHUNKER)[0].stored is base[0][1]


@pytest.mark.parametrize("rows", [ROWS // 10, ROWS])
def test_too_many_cells_are_stored_with_their_chunks(rows: int) -> None:
    wanted = {0: edited(floats(), *range(rows))}

    assert find_patches(wanted, stored(floats()), CHUNKER) == {}


def test_a_patch_as_large_as_what_it_spares_is_not_made() -> None:
    """All edits stand in one chunk, and that compresses to almost nothing."""
    zeros = FixedColumn(np.zeros(ROWS))
    values = zeros.values.copy()
    values[:1_500] = np.random.default_rng(0).random(1_500)

    assert find_patches({0: FixedColumn(values)}, stored(zeros), CHUNKER) == {}


def test_small_columns_are_stored_as_they_are() -> None:
    small = floats(rows=100)

    assert find_patches({0: edited(small, 3)}, stored(small), CHUNKER) == {}


def test_another_column_is_no_edit() -> None:
    base = stored(floats(0), texts("a"))
    columns: list[Column] = [floats(1), texts("b"), floats(2, ROWS + 1), FixedColumn(np.ones(9))]
    wanted = dict(enumerate(columns))

    assert find_patches(wanted, base, CHUNKER) == {}


def test_columns_of_few_values_do_not_pass_for_edited_ones_when_rows_were_moved() -> None:
    """Most elements are equal, but what differs says as much as the column itself."""
    flags = np.random.default_rng(0).random(20 * ROWS) < 0.01
    moved = FixedColumn(np.random.default_rng(1).permutation(flags))
    base = FixedColumn(flags)

    assert changed_rows(base, moved, most=ROWS) is not None
    assert find_patches({0: moved}, stored(base), CHUNKER) == {}


@dataclass(frozen=True, eq=False)
class StrangeColumn:
    """A column of a kind that nobody knows."""

    inner: FixedColumn = field(default_factory=floats)

    @property
    def rows(self) -> int:
        return self.inner.rows

    @property
    def nbytes(self) -> int:
        return self.inner.nbytes

    def spec(self) -> dict[str, Any]:
        return self.inner.spec()

    def token(self) -> None:
        return None

    def piece(self, start: int, stop: int) -> Any:
        return self.inner.piece(start, stop)


def test_a_column_of_an_unknown_kind_is_equal_to_nothing() -> None:
    assert changed_rows(StrangeColumn(), StrangeColumn(), most=ROWS) is None


def text_at(column: Column, row: int) -> bytes:
    assert isinstance(column, VarColumn)
    return column.data[column.offsets[row] : column.offsets[row + 1]].tobytes()


def test_texts_are_patched_as_numbers_are() -> None:
    column = texts("a")
    words = [text_at(column, n) for n in range(ROWS)]
    words[77] = b"a much longer text than before"
    offsets = np.concatenate(([0], np.cumsum([len(word) for word in words]))).astype(np.int64)
    after = VarColumn(offsets, np.frombuffer(b"".join(words), np.uint8))
    base = stored(column)
    found = find_patches({0: after}, base, CHUNKER)[0]

    assert patched_rows(found) == 1
    assert found.stored.nbytes == base[0][1].nbytes
    assert text_at(values_at(after, np.array([77])), 0) == words[77]


# through sessions

Cell = Callable[[np.random.Generator, pd.DataFrame], pd.DataFrame]


def frame(rows: int) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    numbers = rng.random((rows, 4))
    return pd.DataFrame(
        {
            "f": numbers[:, 0],
            "g": numbers[:, 1].astype("f4"),
            "i": (numbers[:, 2] * 1e6).astype("i8"),
            "flag": numbers[:, 3] < 0.2,
            "when": pd.Timestamp("2020") + pd.to_timedelta(np.arange(rows), unit="s").to_numpy(),
            "s": pd.Series([f"customer {n % 977}" for n in range(rows)], dtype="str"),
            "gaps": pd.Series(np.full(rows, "x" * 5), dtype="string").mask(numbers[:, 3] < 0.1),
            "nullable": pd.Series(np.full(rows, 7), dtype="Int64").mask(numbers[:, 0] < 0.1),
            "kind": pd.Categorical(np.where(numbers[:, 1] < 0.5, "new", "used")),
        }
    )


def with_a_cell(rng: np.random.Generator, before: pd.DataFrame) -> pd.DataFrame:
    """Write one cell: a value of another row, or nothing where a column has room for it."""
    after = before.copy()
    row, other = rng.integers(0, len(before), 2)
    column = int(rng.integers(0, before.shape[1]))
    value: Any = before.iloc[other, column]
    name = before.columns[column]
    if name in ("f", "when", "s", "gaps", "nullable", "kind") and rng.random() < 0.3:
        value = None
    elif name == "s":
        value = f"corrected by hand {row}"
    after.iloc[row, column] = value
    return after


@pytest.fixture
def session(memory_url: str) -> Iterator[srs.Session]:
    with srs.connect(memory_url) as store:
        yield store.session()


def read_cold(url: str, session_id: str, ref: str) -> object:
    """Read with nothing in memory but the store."""
    with srs.connect(url) as store:
        return store.session(session_id).read(ref, "df")


def assert_same(back: object, value: pd.DataFrame) -> None:
    """Compare all bits at once; element by element, some rows."""
    assert isinstance(back, pd.DataFrame)
    assert content(codec.encode(back, path="df")) == content(codec.encode(value, path="df"))
    assert_identical(back.head(20), value.head(20))


def steps(session: srs.Session, first: pd.DataFrame, count: int) -> list[pd.DataFrame]:
    """Commit a frame and some edits of one cell each; give what was committed."""
    rng = np.random.default_rng(7)
    committed = [first]
    session["df"] = first
    session.commit()
    for _ in range(count):
        after = with_a_cell(rng, session["df"])  # type: ignore[arg-type]
        session["df"] = after
        if session.commit() is not None:
            committed.append(after)
    return committed


def test_thirty_edited_cells_are_undone_and_redone_bit_by_bit(
    session: srs.Session, memory_url: str
) -> None:
    committed = steps(session, frame(20_000), 30)
    assert len(committed) > 20

    for value in reversed(committed[:-1]):
        session.undo()
        assert_same(read_cold(memory_url, session.id, "HEAD"), value)
    for value in committed[1:]:
        session.redo()
        assert_same(read_cold(memory_url, session.id, "HEAD"), value)


def written_bytes(session: srs.Session) -> int:
    """Count what the store holds: chunks and tables of all sessions."""
    backend: Any = session._backend._store  # type: ignore[attr-defined]
    chunks = sum(len(each.data) for each in backend.chunks.values())
    tables = (each.tables.values() for each in backend.sessions.values())
    return chunks + sum(len(data) for each in tables for data in each)


@pytest.mark.parametrize("column", ["f", "i", "flag", "s", "when", "nullable", "kind"])
def test_an_edited_cell_of_a_large_frame_costs_a_few_kilobytes(
    session: srs.Session, column: str
) -> None:
    session["df"] = before = frame(300_000)
    session.commit()
    whole = written_bytes(session)
    after = before.copy()
    full = before[column].dropna()
    after.loc[0, column] = full[full != full.iloc[0]].iloc[0] if full.nunique() > 1 else 8
    session["df"] = after
    assert session.commit() is not None

    assert written_bytes(session) - whole < 20_000


def test_cells_edited_in_a_filtered_frame_come_back(session: srs.Session, memory_url: str) -> None:
    before = frame(60_000)
    session["df"] = before
    session.commit()
    kept = before[before["f"] < 0.7]

    committed = steps(session, kept, 6)
    for number, value in enumerate(reversed(committed)):
        assert_same(read_cold(memory_url, session.id, f"HEAD~{number}"), value)


def test_a_filter_of_edited_cells_comes_back(session: srs.Session, memory_url: str) -> None:
    edited_frame = steps(session, frame(60_000), 5)[-1]
    for value in (edited_frame[edited_frame["f"] < 0.7], edited_frame.sort_values("g")):
        session["df"] = value
        session.commit()

        assert_same(read_cold(memory_url, session.id, "HEAD"), value)


def test_the_same_edit_after_an_undo_is_the_redo(session: srs.Session) -> None:
    session["df"] = frame(20_000)
    session.commit()
    session["df"] = second = frame(20_000).assign(
        f=frame(20_000)["f"].where(lambda f: f.index != 7)
    )
    version = session.commit()
    session.undo()
    session["df"] = second.copy(deep=True)

    assert session.commit() == version
    assert version is not None
    assert version.message == "df: 1 cell of f"
    assert not session.can_redo
