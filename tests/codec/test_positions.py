"""Guesses where the rows of a frame come from."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamlit_redis_session.codec._join import find_rows, is_found, row_keys
from streamlit_redis_session.codec.positions import candidates, has_moved_rows


@settings(deadline=None)
@given(
    st.integers(1, 3000), st.integers(1, 10**6), st.integers(0, 50), st.booleans(), st.booleans()
)
def test_a_join_finds_a_place_of_an_equal_key(
    rows: int, most: int, seed: int, is_ascending: bool, has_strangers: bool
) -> None:
    rng = np.random.default_rng(seed)
    before = rng.integers(0, most, rows)
    places = rng.integers(0, rows, rng.integers(1, rows + 1))
    after = before[np.unique(places) if is_ascending else places]
    if has_strangers:
        after = np.append(after, most + 1)
    old, new = row_keys([before]), row_keys([after])
    found = find_rows(old, new)

    assert is_found(old, new).tolist() == np.isin(after, before).tolist()
    if has_strangers:
        assert found is None
    else:
        assert found is not None
        assert before[found].tolist() == after.tolist()


def test_rows_of_several_columns_are_told_apart() -> None:
    left, right = np.divmod(np.arange(10_000), 100)
    keys = row_keys([left, right.astype(np.float32), left > 3])

    assert len(np.unique(keys)) == 10_000


def frame(rows: int = 5000) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "one": rng.integers(0, 7, rows),
            "two": rng.integers(0, rows // 3, rows).astype("float32"),
            "three": rng.random(rows).round(2),
            "when": pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(rows) // 9, unit="h"),
            "text": [f"text {n}" for n in rng.integers(0, 9, rows)],
        }
    )


INDEXES: dict[str, Callable[[int], pd.Index]] = {
    "range": lambda rows: pd.RangeIndex(5, 5 + 3 * rows, 3),
    "numbers": lambda rows: pd.Index(np.random.default_rng(1).permutation(rows)),
    "times": lambda rows: pd.date_range("2020-01-01", periods=rows, freq="s"),
    "texts": lambda rows: pd.Index([f"row {n}" for n in range(rows)]),
    "pairs": lambda rows: pd.MultiIndex.from_arrays([np.arange(rows) // 7, np.arange(rows) % 7]),
}


@pytest.mark.parametrize("name", INDEXES)
@pytest.mark.parametrize("seed", [1, 2])
def test_labels_name_the_rows(name: str, seed: int) -> None:
    before = frame().set_axis(INDEXES[name](5000))
    places = np.random.default_rng(seed).permutation(5000)[:4000]
    if seed == 2:
        places = np.sort(places)
    after = before.iloc[places]

    assert np.array_equal(next(candidates(before, after)), places)


@pytest.mark.parametrize("kind", ["filter", "sort", "head", "middle", "sample"])
def test_content_names_the_rows_when_labels_are_new(kind: str) -> None:
    before = frame()
    places = {
        "filter": np.flatnonzero(before["two"] < 900),
        "sort": np.argsort(before["three"].to_numpy(), kind="stable"),
        "head": np.arange(3000),
        "middle": np.arange(1000, 3000),
        "sample": np.random.default_rng(3).permutation(5000)[:2500],
    }[kind]
    after = before.iloc[places].reset_index(drop=True)

    assert any(
        before.iloc[guess].reset_index(drop=True).equals(after)
        for guess in candidates(before, after)
    )


def test_equal_rows_that_stay_are_found_in_order() -> None:
    """Positions that ascend are a mask, a tenth of the size of a list."""
    before = pd.DataFrame({"a": np.arange(3000) // 2, "b": np.arange(3000) // 2 * 0.5})
    after = before[before["a"] % 3 > 0].reset_index(drop=True)

    guess = list(candidates(before, after))[-1]
    assert np.array_equal(guess, np.flatnonzero(before["a"] % 3 > 0))


def test_one_edited_column_does_not_hide_the_rows() -> None:
    before = frame().assign(id=np.arange(5000))
    after = before[before["two"] < 900].assign(three=0.5).reset_index(drop=True)
    guesses = list(candidates(before, after))

    assert any(np.array_equal(before["id"].to_numpy()[guess], after["id"]) for guess in guesses)


@pytest.mark.parametrize("after", [frame().head(0), frame()["one"], {"no": "frame"}, None])
def test_there_is_no_guess_for_anything_else(after: object) -> None:
    assert list(candidates(frame(), after)) == []
    assert list(candidates(after, frame())) == []


def test_columns_of_one_name_are_no_keys() -> None:
    before = frame()[["one", "two", "one"]]

    assert len(list(candidates(before, before.iloc[::-1].reset_index(drop=True)))) <= 1


@pytest.mark.parametrize("step", [1, -3, 7])
@pytest.mark.parametrize("kind", ["int64", "int16", "datetime64[ns]"])
def test_a_column_that_counts_names_the_rows_at_once(step: int, kind: str) -> None:
    before = frame(3000).assign(id=(20 + step * np.arange(3000)).astype(kind))
    places = np.random.default_rng(5).permutation(3000)[:2000]
    after = before.iloc[places].reset_index(drop=True)

    by_label, by_count = islice(candidates(before, after), 2)
    assert np.array_equal(by_label, np.arange(2000))
    assert np.array_equal(by_count, places)


@pytest.mark.parametrize("first", [-(2**63), 2**63 - 9, 2**31])
def test_a_column_that_counts_beyond_bounds_is_compared_like_any_other(first: int) -> None:
    before = frame(100).assign(id=np.arange(100) * 2**40 + np.int64(min(first, 2**63 - 2**50)))
    after = before.iloc[::-1].reset_index(drop=True)

    assert any(np.array_equal(guess, np.arange(99, -1, -1)) for guess in candidates(before, after))


def test_a_column_that_only_seems_to_count_names_no_rows() -> None:
    numbers = np.arange(3000)
    numbers[1501] = 7
    before = pd.DataFrame({"id": numbers, "x": np.random.default_rng(1).random(3000)})
    after = before.iloc[1400:1600].sample(frac=1, random_state=2).reset_index(drop=True)

    assert any(
        before.iloc[guess].reset_index(drop=True).equals(after)
        for guess in candidates(before, after)
    )


@pytest.mark.parametrize("name", ["range", "numbers", "times"])
def test_labels_tell_whether_rows_have_moved(name: str) -> None:
    before = frame().set_axis(INDEXES[name](5000))

    assert has_moved_rows(before, before.iloc[::-1])
    assert has_moved_rows(before, before.head(4999))
    assert not has_moved_rows(before, before.assign(one=3))
    assert not has_moved_rows(before, pd.concat([before, before]))


@pytest.mark.parametrize("other", [None, 3, [1], np.arange(5000), frame(0)])
def test_rows_of_anything_else_have_not_moved(other: object) -> None:
    assert not has_moved_rows(other, frame())
    assert not has_moved_rows(frame(0), other)
