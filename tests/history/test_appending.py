"""A few rows more cost themselves: the rows of before are not written again."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
import pytest
from support.identical import assert_identical

import streamlit_redis_session as srs
from streamlit_redis_session.chunks import Chunker, FoundColumn, Keys, Selections, StoredColumn
from streamlit_redis_session.codec import Column, FixedColumn, VarColumn
from streamlit_redis_session.codec.columns import SegmentedColumn
from streamlit_redis_session.history._appending import find_appended
from streamlit_redis_session.history._patching import find_patches

CHUNKER = Chunker(Keys.derive("secret", namespace="srs"), rows_per_chunk=8192)
ROWS = 5_000


def numbers(rows: int = ROWS) -> FixedColumn:
    return FixedColumn(np.random.default_rng(3).random(rows))


def texts(rows: int = ROWS, start: int = 0) -> VarColumn:
    words = [f"row {n}".encode() for n in range(start, rows)]
    offsets = np.cumsum([0, *map(len, words)], dtype=np.int64)
    return VarColumn(offsets, np.frombuffer(b"".join(words), np.uint8))


def stored(column: Column) -> tuple[Column, StoredColumn]:
    return column, CHUNKER.store_side(column)


def found(
    column: Column, base: tuple[Column, StoredColumn], selections: Selections
) -> FoundColumn | None:
    return find_appended({0: column}, [base], CHUNKER, selections).get(0)


def rebuilt(find: FoundColumn, whole: Column, selections: Selections) -> bytes:
    """Read what was found, with the chunks of the first base."""
    pieces = {side.key: source for side, source in find.sides}
    selections._packed.update(pieces)
    column = CHUNKER.finish(find.stored, whole, selections)
    return bytes(column.piece(0, column.rows))


def content(column: Column) -> bytes:
    return bytes(column.piece(0, column.rows))


@pytest.mark.parametrize("make", [numbers, texts])
def test_new_rows_are_all_that_is_written(make: Callable[[int], Column]) -> None:
    selections = Selections()
    base = stored(make(ROWS))
    find = found(make(ROWS + 100), base, selections)

    assert find is not None
    assert find.stored.chunk_ids == base[1].chunk_ids
    assert sum(source.nbytes for _, source in find.sides) < 100 * 20
    assert rebuilt(find, base[0], selections) == content(make(ROWS + 100))


def test_texts_in_segments_are_neither_joined_nor_copied() -> None:
    selections = Selections()
    base = stored(texts())
    grown = SegmentedColumn((texts(2_000), texts(ROWS, 2_000), texts(ROWS + 40, ROWS)))
    find = found(grown, base, selections)

    assert find is not None
    values = find.sides[-1][1]
    assert isinstance(values, VarColumn)
    assert values.data is grown.segments[-1].data
    assert rebuilt(find, base[0], selections) == content(texts(ROWS + 40))


def test_rows_appended_again_and_again_are_one_patch_until_it_is_too_large() -> None:
    selections = Selections()
    base = first = stored(numbers())
    for count in range(1, 9):
        column = numbers(ROWS + 50 * count)
        find = found(column, base, selections)
        if find is None:
            break
        assert find.stored.chunk_ids == first[1].chunk_ids
        assert rebuilt(find, first[0], selections) == content(column)
        base = column, find.stored

    assert count == 7  # 7 * 50 rows are more than a sixteenth
    assert base[1].patch is not None
    assert base[1].patch.values.spec["rows"] == 6 * 50


def test_a_cell_edited_before_or_after_stays_edited() -> None:
    selections = Selections()
    first = stored(numbers())
    edited = numbers()
    edited.values[7] = -1
    patch = find_patches({0: edited}, [first], CHUNKER, selections)[0]
    longer = numbers(ROWS + 10)
    longer.values[7] = -1
    grown = found(longer, (edited, patch.stored), selections)
    assert grown is not None
    assert rebuilt(grown, first[0], selections) == content(longer)

    last = FixedColumn(longer.values.copy())
    last.values[[9, ROWS + 2]] = -2
    again = find_patches({0: last}, [(longer, grown.stored)], CHUNKER, selections)[0]
    assert again.stored.patch is not None
    assert again.stored.patch.values.spec["rows"] == 12
    assert rebuilt(again, first[0], selections) == content(last)


@pytest.mark.parametrize("rows", [ROWS, ROWS - 1, ROWS + ROWS // 14, 2 * ROWS])
def test_a_column_of_as_many_or_of_many_more_rows_is_stored_with_its_chunks(rows: int) -> None:
    assert found(numbers(rows), stored(numbers()), Selections()) is None


def test_a_column_that_begins_otherwise_is_another_one() -> None:
    other, wide = numbers(ROWS + 10), numbers(ROWS + 10)
    other.values[0] = np.nextafter(other.values[0], 1)

    assert found(other, stored(numbers()), Selections()) is None
    assert found(FixedColumn(wide.values.view(np.int64)), stored(numbers()), Selections()) is None
    assert found(texts(ROWS + 10), stored(numbers()), Selections()) is None


def test_full_chunks_need_no_patch() -> None:
    """Chunks that are full stay as they are, and new rows get chunks of their own."""
    full = CHUNKER.rows_per_chunk
    assert found(numbers(full + 10), stored(numbers(full)), Selections()) is None


# --- whole frames ------------------------------------------------------------------------------


def frame(rows: int) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "number": rng.random(rows),
            "text": [f"a text {n}" for n in rng.integers(0, 10**6, rows)],
            "nullable": pd.array(rng.integers(0, 9, rows), dtype="Int64"),
            "kind": pd.Categorical(rng.choice(["one", "two"], rows)),
            "when": pd.Timestamp("2020") + pd.to_timedelta(rng.permutation(rows), unit="s"),
        }
    )


@pytest.fixture
def session(memory_url: str) -> Iterator[srs.Session]:
    with srs.connect(memory_url) as store:
        yield store.session()


def used_bytes(session: srs.Session) -> int:
    return session._backend.info().used_memory_bytes or 0


Step = Callable[[pd.DataFrame], pd.DataFrame]

STEPS: dict[str, Step] = {
    "append": lambda d: pd.concat([d, frame(90)], ignore_index=True),
    "append, labels kept": lambda d: pd.concat([d, frame(80)]),
    "cell": lambda d: d.assign(number=d["number"].where(np.arange(len(d)) != 70, -1.0)),
    "last cell": lambda d: d.assign(number=d["number"].where(np.arange(len(d)) < len(d) - 1, 5)),
    "filter": lambda d: d[d["number"] < 0.9],
    "tail": lambda d: d.tail(len(d) // 2),
    "new rows alone": lambda d: d.tail(90),
    "sort": lambda d: d.sort_values("number"),
    "one more column": lambda d: d.assign(more=1),
}


@pytest.mark.parametrize("after", STEPS)
@pytest.mark.parametrize("before", ["append", "cell", "filter", "sort"])
def test_what_was_appended_comes_back_whatever_is_done_before_and_after(
    session: srs.Session, memory_url: str, before: str, after: str
) -> None:
    value = frame(12_000)
    expected = []
    for step in (None, STEPS[before], STEPS["append"], STEPS[after], STEPS["append"]):
        value = value if step is None else step(value)
        session["df"] = value
        if session.commit() is not None:
            expected.append(value)

    with srs.connect(memory_url) as other:
        for steps, each in enumerate(reversed(expected)):
            assert_identical(other.session(session.id).read(f"HEAD~{steps}", "df"), each)


def test_an_append_costs_the_new_rows_and_a_filter_of_it_one_bit_for_each_row(
    session: srs.Session,
) -> None:
    value = frame(20_000)
    session["df"] = value
    session.commit()
    first = used_bytes(session)
    session["df"] = value = STEPS["append"](value)
    session.commit()
    second = used_bytes(session)
    session["df"] = STEPS["filter"](value)
    session.commit()

    assert second - first < first / 20
    assert used_bytes(session) - second < 20_000 / 8 + first / 40


def test_the_same_rows_appended_after_an_undo_are_the_redo(session: srs.Session) -> None:
    session["df"] = frame(20_000)
    session.commit()
    session["df"] = STEPS["append"](frame(20_000))
    made = session.commit()
    session.undo()
    session["df"] = STEPS["append"](frame(20_000))

    assert session.commit() == made
