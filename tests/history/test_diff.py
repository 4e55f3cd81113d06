"""What happened to a value: in words for every commit, so it must never fail, and in cells."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from codec.shapes import SHAPES
from support.graphs import version

from streamlit_redis_session.codec.compare import FrameDiff, compare
from streamlit_redis_session.errors import RefNotFoundError
from streamlit_redis_session.history import Diff

BEFORE = pd.DataFrame({"a": [1, 2, 3], "b": [1.0, None, 3.0]}, index=["x", "y", "z"])


def variants(value: Any) -> Iterator[Any]:
    """Make what an edit may make of a frame."""
    yield value
    yield value.copy(deep=True)
    yield value.iloc[::-1]
    yield value.iloc[1:]
    yield value.iloc[:0]
    if value.ndim == 2:
        yield value.iloc[:, ::-1]
        yield value.iloc[:, 1:]


@pytest.mark.parametrize("name", SHAPES)
def test_no_shape_of_frame_breaks_a_comparison(name: str) -> None:
    """A commit writes its message from this; odd labels and dtypes must not stop it."""
    value = SHAPES[name]()
    edits = variants(value) if isinstance(value, (pd.DataFrame, pd.Series)) else [value]
    for edit in edits:
        for before, after in ((value, edit), (edit, value)):
            assert str(compare("df", before, after)).startswith("df: ")
            diff = FrameDiff.of(before, after)
            if diff is not None:
                assert len(diff.cells()) == min(diff.count_cells(), 1_000)
                assert len(diff.rows_added()) <= len(after)
                assert len(diff.rows_removed()) <= len(before)


ODD = [name for name in SHAPES if name.startswith(("column labels", "rows: b", "rows: m"))]


@pytest.mark.parametrize("name", ODD)
def test_frames_of_odd_labels_compare_with_each_other(name: str) -> None:
    value = SHAPES[name]()
    for other in (SHAPES[each]() for each in ODD[::3]):
        if isinstance(value, pd.DataFrame) and isinstance(other, pd.DataFrame):
            assert str(compare("df", value, other))
            FrameDiff(value, other).cells()


def test_a_copy_has_no_changed_cell() -> None:
    change = compare("df", BEFORE, BEFORE.copy(deep=True))
    assert change.cells_changed is None
    assert str(change) == "df: changed"


def test_missing_equals_missing_and_nothing_else() -> None:
    after = BEFORE.copy()
    after.loc["y", "b"] = 0.0
    assert compare("df", BEFORE, BEFORE.copy()).cells_changed is None
    assert str(compare("df", BEFORE, after)) == "df: 1 cell of b"
    assert str(compare("df", after, BEFORE)) == "df: 1 cell of b"


def test_true_is_another_label_than_one() -> None:
    flags, numbers = pd.DataFrame({True: [1]}), pd.DataFrame({1: [1]})
    assert str(compare("df", flags, numbers)) == "df: + 1, - True"


def test_rows_are_matched_by_label_where_labels_are_unique() -> None:
    after = BEFORE.iloc[[2, 0]].copy()
    after.loc["x", "a"] = 9
    after.loc["new"] = [5, 5.0]
    diff = FrameDiff(BEFORE, after)
    assert diff.is_by_label
    assert list(diff.rows_added().index) == ["new"]
    assert list(diff.rows_removed().index) == ["y"]
    assert diff.cells().to_numpy().tolist() == [["x", "a", 1, 9]]


def test_rows_are_matched_by_position_where_labels_repeat() -> None:
    before = BEFORE.set_axis(["x", "x", "y"])
    diff = FrameDiff(before, before.iloc[:2])
    assert not diff.is_by_label
    assert list(diff.rows_removed().index) == ["y"]
    assert diff.count_cells() == 0


def test_cells_stop_at_the_number_asked_for() -> None:
    before = pd.DataFrame(np.zeros((100, 3)))
    assert len(FrameDiff(before, before + 1).cells(most=7)) == 7
    assert FrameDiff(before, before + 1).count_cells() == 300


def test_a_diff_reads_only_what_differs_and_only_when_asked() -> None:
    reads: list[tuple[str, str]] = []

    def read(ref: str, key: str) -> object:
        reads.append((ref[:2], key))
        return BEFORE if ref.startswith("61") else BEFORE.assign(c=1)

    diff = Diff(version("a", df=1, same=1), version("b", df=2, same=1), read)
    assert diff
    assert diff.keys == ["df"]
    assert reads == []
    assert [str(change) for change in diff] == ["df: + c"]
    assert reads == [("61", "df"), ("62", "df")]
    with pytest.raises(RefNotFoundError):
        Diff(version("a", df=1), version("b", df=2), read, key="nobody")
