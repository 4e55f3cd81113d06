# mypy: disable-error-code="assignment, call-overload, arg-type, misc, unused-ignore, attr-defined"
# pandas-stubs know fewer values than pandas takes
"""Equal tokens must prove that nothing changed, so every real change must change the token."""

from __future__ import annotations

import timeit
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from codec.shapes import SHAPES
from support.identical import assert_identical

from streamlit_redis_session.codec import _pandas_private as private
from streamlit_redis_session.codec import (
    check_memory,
    check_part,
    encode,
    identity,
    is_same_memory,
    is_same_setting,
    is_tampered_with,
    mark_of,
    memory_of,
    memory_stamp,
    note_memory,
    snapshot,
)

pytestmark = [
    pytest.mark.skipif(
        int(pd.__version__.partition(".")[0]) < 3, reason="tokens need Copy-on-Write"
    ),
    # pandas 3.1 discourages inplace=; people use it all the same
    pytest.mark.filterwarnings("ignore:The inplace keyword"),
    pytest.mark.filterwarnings("ignore::pandas.errors.ChainedAssignmentError"),
]


def _frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "i": [1, 2, 3],
            "j": [4, 5, 6],
            "f": [0.5, np.nan, 2.5],
            "s": ["a", None, "c"],
            "c": pd.Categorical(["x", "y", "x"]),
            "t": pd.date_range("2020", periods=3),
            "z": pd.date_range("2020", periods=3, tz="UTC"),
            "m": pd.array([1, None, 3], dtype="Int64"),
            "o": pd.Series([1, "a", None], dtype=object),
            "p": pd.period_range("2020", periods=3, freq="M"),
            "v": pd.interval_range(0, 3),
            "y": pd.array(["a", None, "c"], dtype="string[python]"),
            "a": pd.array([1, None, 3], dtype="int64[pyarrow]"),
        },
        index=pd.Index(["r", "s", "t"], name="rows"),
    )


def _set(name: str, value: Any) -> Callable[[pd.DataFrame], Any]:
    return lambda frame: frame.__setitem__(name, value)


def _sort(frame: pd.DataFrame) -> None:
    frame.sort_values("i", ascending=False, inplace=True)


CHANGES: dict[str, Callable[[pd.DataFrame], Any]] = {
    "loc": lambda frame: frame.loc.__setitem__(("r", "i"), 9),
    "iloc": lambda frame: frame.iloc.__setitem__((0, 0), 9),
    "at": lambda frame: frame.at.__setitem__(("r", "f"), 9.0),
    "iat": lambda frame: frame.iat.__setitem__((0, 3), "z"),
    "loc of a mask": lambda frame: frame.loc.__setitem__((frame["i"] > 1, "f"), 0.0),
    "a text": lambda frame: frame.loc.__setitem__(("r", "s"), "changed"),
    "a category": lambda frame: frame.loc.__setitem__(("r", "c"), "y"),
    "a date": lambda frame: frame.loc.__setitem__(("r", "t"), pd.Timestamp("1999")),
    "a date of a zone": lambda frame: frame.loc.__setitem__(("r", "z"), pd.NaT),
    "a masked value": lambda frame: frame.loc.__setitem__(("r", "m"), pd.NA),
    "an object": lambda frame: frame.loc.__setitem__(("r", "o"), "b"),
    "a list as an object": lambda frame: frame.at.__setitem__(("r", "o"), [1]),
    "a period": lambda frame: frame.loc.__setitem__(("r", "p"), pd.Period("1999-01", "M")),
    "an interval": lambda frame: frame.loc.__setitem__(("r", "v"), pd.Interval(5, 6)),
    "a python text": lambda frame: frame.loc.__setitem__(("r", "y"), "changed"),
    "an Arrow value": lambda frame: frame.loc.__setitem__(("r", "a"), 9),
    "a new column": _set("new", 1),
    "a replaced column": _set("i", [7, 8, 9]),
    "another dtype": _set("i", np.array([1, 2, 3], dtype="int32")),
    "insert": lambda frame: frame.insert(0, "new", 5),
    "pop": lambda frame: frame.pop("i"),
    "del": lambda frame: frame.__delitem__("f"),
    "drop": lambda frame: frame.drop(columns="i", inplace=True),
    "drop rows": lambda frame: frame.drop(index="r", inplace=True),
    "rename": lambda frame: frame.rename(columns={"i": "I"}, inplace=True),
    "rename rows": lambda frame: frame.rename(index={"r": "R"}, inplace=True),
    "columns": lambda frame: setattr(frame, "columns", [*"abcdefghijklm"]),
    "swapped columns": lambda frame: setattr(frame, "columns", ["j", "i", *frame.columns[2:]]),
    "index": lambda frame: setattr(frame, "index", [1, 2, 3]),
    "index name": lambda frame: setattr(frame.index, "name", "other"),
    "columns name": lambda frame: setattr(frame.columns, "name", "other"),
    "index name to True": lambda frame: setattr(frame.index, "name", True),
    "reset_index": lambda frame: frame.reset_index(inplace=True),
    "set_index": lambda frame: frame.set_index("i", inplace=True),
    "sort_values": _sort,
    "sort_index": lambda frame: frame.sort_index(ascending=False, inplace=True),
    "fillna": lambda frame: frame.fillna({"f": 0.0}, inplace=True),
    "replace": lambda frame: frame.replace({"i": {1: 100}}, inplace=True),
    "clip": lambda frame: frame.isetitem(0, frame["i"].clip(2)),
    "dropna": lambda frame: frame.dropna(inplace=True),
    "update": lambda frame: frame.update(pd.DataFrame({"i": [50]}, index=["r"])),
    "eval": lambda frame: frame.eval("k = i + j", inplace=True),
    "append a row": lambda frame: frame.loc.__setitem__("new", frame.iloc[0]),
    "attrs": lambda frame: frame.attrs.__setitem__("k", 1),
    "flags": lambda frame: setattr(frame.flags, "allows_duplicate_labels", False),
    "categories": lambda frame: frame.isetitem(4, frame["c"].cat.rename_categories(["u", "w"])),
    "ordered": lambda frame: frame.isetitem(4, frame["c"].cat.as_ordered()),
    "isetitem": lambda frame: frame.isetitem(1, [0, 0, 0]),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_changes_the_token_and_leaves_the_snapshot_as_it_was(name: str) -> None:
    frame, pristine = _frame(), _frame()
    held = snapshot(frame)
    before, mark = identity(held), mark_of(frame, held)
    assert before is not None
    assert mark is not None
    assert identity(frame) == before
    assert is_same_memory(frame, held)
    assert mark.matches(frame)

    CHANGES[name](frame)

    assert identity(frame) != before
    assert not is_same_memory(frame, held)
    assert not mark.matches(frame)
    assert identity(held) == before
    assert_identical(held, pristine)


@pytest.mark.parametrize("name", CHANGES)
def test_a_second_snapshot_notices_the_same_change(name: str) -> None:
    """After a commit the first snapshot goes, and with it what protected the memory."""
    frame = _frame()
    held: Any = snapshot(frame)
    del held
    held = snapshot(frame)

    CHANGES[name](frame)

    assert identity(frame) != identity(held)


READS: dict[str, Callable[[pd.DataFrame], Any]] = {
    "nothing": lambda frame: frame,
    "sum": lambda frame: frame["i"].sum(),
    "a column": lambda frame: frame["i"],
    "describe": lambda frame: frame.describe(),
    "a new frame": lambda frame: frame.assign(k=1),
    "sorted": lambda frame: frame.sort_values("i"),
    "to_numpy": lambda frame: frame.to_numpy(),
    "loc": lambda frame: frame.loc["r", "i"],
    "labels": lambda frame: (frame.index.is_unique, frame.columns.get_loc("i")),
    "group-by": lambda frame: frame.groupby("i")["f"].sum(),
    "a write to a part": lambda frame: frame[["i"]].assign(i=0).iloc.__setitem__((0, 0), 5),
    "a write to a column": lambda frame: frame["i"].copy(deep=False).iloc.__setitem__(0, 5),
}


@pytest.mark.parametrize("name", READS)
def test_reading_keeps_the_token(name: str) -> None:
    frame = _frame()
    held = snapshot(frame)
    mark = mark_of(frame, held)
    assert mark is not None

    READS[name](frame)

    assert identity(frame) == identity(held)
    assert is_same_memory(frame, held)
    assert mark.matches(frame)


SERIES_CHANGES: dict[str, Callable[[Any], Any]] = {
    "iloc": lambda series: series.iloc.__setitem__(0, 9),
    "name": lambda series: setattr(series, "name", "other"),
    "index": lambda series: setattr(series, "index", [5, 6, 7]),
    "index name": lambda series: setattr(series.index, "name", "n"),
    "attrs": lambda series: series.attrs.__setitem__("k", 1),
    "flags": lambda series: setattr(series.flags, "allows_duplicate_labels", False),
    "sort": lambda series: series.sort_values(ascending=False, inplace=True),
}


@pytest.mark.parametrize("name", SERIES_CHANGES)
def test_a_change_of_a_series_changes_its_token(name: str) -> None:
    series = pd.Series([1, 2, 3], name="s")
    held = snapshot(series)
    assert identity(series) == identity(held)

    assert is_same_memory(series, held)

    SERIES_CHANGES[name](series)

    assert identity(series) != identity(held)
    assert not is_same_memory(series, held)


def test_the_freq_of_an_index_is_part_of_its_token() -> None:
    index = pd.date_range("2020", periods=3, freq="D")
    frame = pd.DataFrame({"a": [1, 2, 3]}, index=index)
    held, held_frame = snapshot(index), snapshot(frame)
    assert identity(frame) == identity(held_frame)

    frame.index.freq = None  # type: ignore[attr-defined]

    assert identity(frame) != identity(held_frame)
    index.freq = None
    assert identity(index) != identity(held)


def test_names_of_a_multi_index_are_part_of_its_token() -> None:
    index = pd.MultiIndex.from_product([[1, 2], ["a"]], names=["x", "y"])
    frame = pd.DataFrame({"v": [1, 2]}, index=index)
    held: Any = snapshot(frame)
    assert identity(frame) == identity(held)

    frame.index.names = ["x", "z"]

    assert identity(frame) != identity(held)
    assert list(held.index.names) == ["x", "y"]


def test_containers_combine_the_tokens_of_what_they_hold() -> None:
    value = {"a": pd.DataFrame({"x": [1]}), "b": [1, "two"], "t": pa.table({"c": [1]})}
    held = snapshot(value)
    assert identity(value) == identity(held)
    assert identity(value) is not None

    value["a"].loc[0, "x"] = 5  # type: ignore[union-attr,call-overload]

    assert identity(value) != identity(held)
    assert not is_same_memory(value, held)


def test_a_mark_knows_a_shallow_copy_as_the_same() -> None:
    frame = _frame()
    held = snapshot(frame)
    mark = mark_of(frame, held)
    assert mark is not None
    other = frame.copy(deep=False)

    assert mark.matches(other)
    assert mark.matches(frame)
    other.loc["r", "i"] = 9
    assert not mark.matches(other)
    assert mark.matches(frame)


def test_columns_of_mutable_objects_are_never_the_same_memory() -> None:
    frame = pd.DataFrame({"a": [1], "l": [[1]]})
    held = snapshot(frame)

    assert mark_of(frame, held) is None
    assert not is_same_memory(frame, held)


def test_memory_that_was_tampered_with_has_another_token_and_says_so() -> None:
    """Nothing stored of the memory may be taken for what stands there now."""
    frame = _frame()
    held, stamp = snapshot(frame), memory_stamp()
    note_memory(held)
    before = [each.token() for each in encode(held, path="df").columns]
    token = identity(held)

    frame["i"].array[0] = 9

    assert check_memory(held)
    assert is_tampered_with(held, since=stamp)
    assert not is_tampered_with(held, since=memory_stamp())
    assert identity(held) != token
    after = [each.token() for each in encode(held, path="df").columns]
    assert sum(a != b for a, b in zip(before, after, strict=True)) in (1, 2)  # i and j: one block
    assert not check_memory(held)


@pytest.mark.parametrize("name", SHAPES)
def test_memory_has_the_same_names_whoever_names_it(name: str) -> None:
    held = snapshot(SHAPES[name]())

    assert note_memory(held) == memory_of(held)
    if isinstance(held, pd.DataFrame):
        arrays = private.flat_arrays(held)
        for token, array in zip(private.column_tokens(held), arrays, strict=True):
            assert token is None or token == private.memory_token(array)


def test_a_block_that_an_edit_cuts_is_known_column_by_column() -> None:
    frame = pd.DataFrame(np.zeros((100, 4)))
    held = snapshot(frame)
    note_memory(held)
    frame.iloc[3, 1] = 1.0

    assert len(note_memory(snapshot(frame)) - memory_of(held)) == 1


def test_a_check_of_a_part_finds_writes_in_that_part_alone() -> None:
    frame = _frame()
    held = snapshot(frame)
    memory = note_memory(held)
    frame["i"].array[0] = 9
    others = memory_of(frame[["f", "s", "m"]])

    assert not check_part(held, others & memory)
    assert check_part(held, memory - others)


def test_memory_that_several_threads_read_is_known_like_any_other() -> None:
    frame, sizes = _frame(), []

    def together(work: Callable[[Any], bool], items: Sequence[Any], *, nbytes: int) -> list[bool]:
        sizes.append(nbytes)
        return [work(item) for item in items]

    held = snapshot(frame)
    memory = note_memory(held, together=together)
    assert memory == note_memory(held, together=together) == memory_of(held)
    assert sizes[0] > sizes[1] == 0  # the second time nothing is left to read
    assert not check_part(held, memory, together=together)

    frame["i"].array[0] = 9
    assert check_part(held, memory, together=together)
    assert not check_memory(held)


def test_a_check_that_is_stopped_finds_nothing() -> None:
    frame = _frame()
    held = snapshot(frame)
    note_memory(held)
    frame["i"].array[0] = 9

    assert not check_memory(held, stop=lambda: True)
    assert check_memory(held)


@pytest.mark.parametrize(
    ("one", "other"),
    [(1, True), (1, 1.0), (0.0, -0.0), ("1", 1), (1, 2), ([1], [1]), (None, 0), (b"a", "a")],
)
def test_settings_that_differ_are_not_the_same(one: Any, other: Any) -> None:
    assert not is_same_setting(one, other)


@pytest.mark.parametrize("value", [1, 1.5, float("nan"), "a", None, True, b"x", 1j])
def test_equal_settings_are_the_same(value: Any) -> None:
    assert is_same_setting(value, value)
    assert is_same_setting(float("nan"), float("nan"))


@pytest.mark.parametrize(
    "value",
    [np.arange(3), {"a": np.arange(3)}, pd.Series([[1]], dtype=object), [object()]],
    ids=["ndarray", "dict of ndarray", "lists in cells", "object"],
)
def test_what_must_be_compared_by_content_has_no_token(value: Any) -> None:
    assert identity(value) is None


def test_the_token_of_a_frame_of_20_columns_is_cheap() -> None:
    """A generous limit: a token takes some ten microseconds, a comparison milliseconds."""
    frame = pd.DataFrame({str(each): np.arange(100_000.0) for each in range(20)})

    assert min(timeit.repeat(lambda: identity(frame), number=20, repeat=5)) / 20 < 0.001


def test_only_memory_that_the_source_keeps_alive_has_a_column_token() -> None:
    """An address is free again when buffers made for encoding go; a token would then lie."""
    whole = pd.DataFrame({"s": pd.Series(["a", "b"], dtype="string[pyarrow]")})
    parts = pd.concat([whole, whole], ignore_index=True)
    nested = pa.table({"l": [[1, 2], None, [3]]})

    (kept,) = encode(whole, path="df").columns[-1:]
    assert kept.token() == encode(whole, path="df").columns[-1].token() is not None
    assert parts["s"].array.__arrow_array__().num_chunks == 2  # type: ignore[attr-defined]
    in_place = [each for each in encode(parts, path="df").columns if each.rows == 4]
    again = [each for each in encode(parts, path="df").columns if each.rows == 4]
    assert [c.token() for c in in_place] == [c.token() for c in again] != [None]
    assert {each.token() for each in encode(nested, path="t").columns} == {None}


def test_a_text_column_in_chunks_is_cut_as_if_it_were_one() -> None:
    whole = pd.Series(["a", "", None, "ddd", "ee", "f"], dtype="str")
    parts = pd.concat([whole.iloc[:2], whole.iloc[2:3], whole.iloc[3:]])

    one = encode(whole, path="s").columns[-1]
    many = encode(parts, path="s").columns[-1]

    for start in range(7):
        for stop in range(start, 7):
            assert bytes(one.piece(start, stop)) == bytes(many.piece(start, stop))
