"""What a change is called, against a slow and simple way that says the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from codec.shapes import SHAPES
from codec.test_roundtrip_hypothesis import columns
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streamlit_redis_session.codec import lay_out, snapshot
from streamlit_redis_session.codec._cells import count_elements, differs, unshared_columns
from streamlit_redis_session.codec.compare import compare
from streamlit_redis_session.objects import Change

RELAXED = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
PANDAS_3 = int(pd.__version__.partition(".")[0]) >= 3


def slowly(before: pd.DataFrame, after: pd.DataFrame) -> dict[str, Any]:
    """Say what changed between frames of plain text labels, column by column, cell by cell."""
    old, new = list(before.columns), list(after.columns)
    both = [label for label in new if label in old]
    retyped = [label for label in both if before[label].dtype != after[label].dtype]
    said: dict[str, Any] = {
        "columns_added": tuple(label for label in new if label not in old),
        "columns_removed": tuple(label for label in old if label not in new),
        "columns_retyped": tuple(retyped),
        "columns_changed": (),
        "cells_changed": None,
        "rows_reordered": False,
    }
    if not before.index.equals(after.index):
        is_reordered = sorted(before.index) == sorted(after.index)
        return said | {"rows_reordered": is_reordered}
    counts = {
        label: int(differs(before[label], after[label]).sum())
        for label in both
        if label not in retyped
    }
    changed = tuple(label for label, count in counts.items() if count)
    is_comparable = len(both) == len(old) == len(new) and not retyped
    cells = (sum(counts.values()) or None) if is_comparable else None
    return said | {"columns_changed": changed, "cells_changed": cells}


def fields(change: Change, names: dict[str, Any]) -> dict[str, Any]:
    return {name: getattr(change, name) for name in names}


@st.composite
def edited(draw: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw a frame and what a few edits make of it."""
    rows = draw(st.integers(0, 12))
    arrays = draw(st.lists(columns(rows), max_size=5))
    before = pd.DataFrame({f"c{n}": array for n, array in enumerate(arrays)}, range(rows))
    after = snapshot(before)
    assert isinstance(after, pd.DataFrame)
    for edit in draw(st.lists(st.sampled_from(EDITS), max_size=3)):
        after = edit(draw, after)
    return before, after


def _copied(_draw: Any, frame: pd.DataFrame) -> pd.DataFrame:
    return frame.copy(deep=True)


def _one_column_anew(draw: Any, frame: pd.DataFrame) -> pd.DataFrame:
    array = draw(columns(len(frame)))
    place = draw(st.integers(0, frame.shape[1]))
    return frame.assign(**{f"c{place}": pd.Series(array, index=frame.index)})


def _cells_moved(draw: Any, frame: pd.DataFrame) -> pd.DataFrame:
    """Put some cells of a column where others were: the dtype stays."""
    if frame.empty:
        return frame
    label = draw(st.sampled_from(list(frame.columns)))
    order = draw(st.lists(st.integers(0, len(frame) - 1), min_size=len(frame), max_size=len(frame)))
    return frame.assign(**{label: frame[label].take(order).set_axis(frame.index)})


def _columns_back_to_front(_draw: Any, frame: pd.DataFrame) -> pd.DataFrame:
    return frame.iloc[:, ::-1]


def _first_column_away(_draw: Any, frame: pd.DataFrame) -> pd.DataFrame:
    return frame.iloc[:, 1:]


def _renamed(_draw: Any, frame: pd.DataFrame) -> pd.DataFrame:
    return frame if "other" in frame else frame.rename(columns={"c0": "other"})


def _reordered(_draw: Any, frame: pd.DataFrame) -> pd.DataFrame:
    return frame.iloc[::-1]


EDITS = [
    _copied, _one_column_anew, _cells_moved, _columns_back_to_front, _first_column_away,
    _renamed, _reordered,
]  # fmt: skip


@RELAXED
@given(edited())
def test_it_says_what_the_slow_way_says(pair: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    for before, after in (pair, pair[::-1]):
        expected = slowly(before, after)

        assert fields(compare("df", before, after), expected) == expected


@RELAXED
@given(edited())
def test_what_stands_for_the_columns_in_a_store_spares_the_look_at_them(
    pair: tuple[pd.DataFrame, pd.DataFrame],
) -> None:
    before, after = pair
    known: dict[Any, object] = {}
    forms = tuple(
        [known.setdefault(part.token, part) if part.token else part for part in lay_out(each).parts]
        for each in pair
    )

    assert compare("df", before, after, forms=forms) == compare("df", before, after)  # type: ignore[arg-type]


@RELAXED
@given(st.data())
def test_arrays_are_counted_as_pandas_counts_them(data: st.DataObject) -> None:
    """Or not at all: ``None`` leaves it to pandas."""
    rows = data.draw(st.integers(0, 12))
    left = pd.Series(data.draw(columns(rows)))
    order = data.draw(st.lists(st.integers(0, max(0, rows - 1)), min_size=rows, max_size=rows))
    right = left.take(order).reset_index(drop=True)
    count = count_elements(left.array, right.array)

    if isinstance(left.array, pd.arrays.NumpyExtensionArray):
        count = count_elements(left.to_numpy(), right.to_numpy())
    assert count is None or count == int(differs(left, right).sum())


@pytest.mark.parametrize("name", [name for name in SHAPES if name.startswith("column")])
def test_a_column_of_every_kind_against_itself_back_to_front(name: str) -> None:
    value = SHAPES[name]()
    if not isinstance(value, pd.DataFrame) or not value.columns.is_unique:
        return
    after = value.iloc[::-1].set_axis(value.index)
    said = compare("df", value, after)

    pairs = ((value.iloc[:, i], after.iloc[:, i]) for i in range(value.shape[1]))
    assert said.cells_changed == (sum(int(differs(a, b).sum()) for a, b in pairs) or None)


def test_known_columns_are_not_read() -> None:
    """What the store counted is taken as it is, for the columns that it named."""
    before = pd.DataFrame({"a": np.arange(5.0), "b": np.arange(5.0)})
    after = before.assign(a=before["a"] + 1, b=before["b"] + 1)

    said = compare("df", before, after, cells={0: 3})

    assert str(said) == "df: 8 cells of a, b"
    assert str(compare("df", before, after, cells={0: 3, 1: 0})) == "df: 3 cells of a"


def test_a_known_count_is_not_used_for_a_column_that_moved_or_has_another_type() -> None:
    before = pd.DataFrame({"a": np.arange(5.0), "b": np.arange(5.0)})
    moved = before[["b", "a"]].assign(a=before["a"] + 1)
    retyped = before.assign(a=before["a"].astype("i8"))

    assert str(compare("df", before, moved, cells={1: 2})) == "df: 5 cells of a"
    assert str(compare("df", before, retyped, cells={0: 2})) == "df: retyped a"


def test_nan_of_other_bits_is_no_changed_cell() -> None:
    bits = np.array([0x7FF8000000000000, 0x7FF8000000000001], dtype=np.uint64)
    one, other = (pd.DataFrame({"a": bits[[n]].view(np.float64)}) for n in (0, 1))

    assert compare("df", one, other).cells_changed is None


def test_zero_and_minus_zero_are_the_same_to_a_reader() -> None:
    one, other = pd.DataFrame({"a": [0.0, 1.0]}), pd.DataFrame({"a": [-0.0, 1.0]})

    assert compare("df", one, other).cells_changed is None


@pytest.mark.skipif(not PANDAS_3, reason="only with Copy-on-Write does an edit leave the rest")
def test_only_the_column_that_was_written_to_is_looked_at() -> None:
    before = pd.DataFrame(
        {
            **{f"f{n}": np.arange(4.0) for n in range(5)},
            "s": list("abcd"),
            "when": pd.date_range("2020", periods=4),
            "i": pd.array([1, None, 3, 4], dtype="Int64"),
            "c": pd.Categorical(list("xyxy")),
        }
    )
    places = [(n, n) for n in range(before.shape[1])]
    for place in (2, 5, 6, 7, 8):
        after = before.copy(deep=False)
        cell: Any = (0, place)
        value: Any = before.iloc[1, place]
        after.iloc[cell] = value

        assert [j for _, j, *_ in unshared_columns(before, after, places)] == [place]


def test_views_of_other_rows_of_one_array_are_other_columns() -> None:
    """Same length, same strides, same owner: only the address tells them apart."""
    whole = pd.DataFrame({"a": np.arange(10), "b": np.arange(10)})
    first, second = whole.iloc[:5], whole.iloc[5:].reset_index(drop=True)

    assert str(compare("df", first, second)) == "df: 10 cells of a, b"


def test_categories_in_another_order_are_the_same_cells() -> None:
    one = pd.DataFrame({"a": pd.Categorical(["x", "y"], categories=["x", "y"])})
    other = pd.DataFrame({"a": pd.Categorical(["x", "x"], categories=["y", "x"])})

    assert compare("df", one, other).cells_changed == 1
