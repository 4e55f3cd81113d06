from __future__ import annotations

import pandas as pd
import pytest

from demo.conditions import Condition, keep_rows, mask_of, view_of


@pytest.mark.parametrize(
    ("column", "operator", "value", "rows"),
    [
        ("carrier", "=", "UA", [0, 1, 5]),
        ("carrier", "≠", "UA", [2, 3, 4, 6, 7]),
        ("carrier", "is one of", "AA, EV", [2, 7]),
        ("carrier", "contains", "a", [0, 1, 2, 5]),
        ("carrier", "starts with", "b", [3, 6]),
        ("carrier", "ends with", "v", [7]),
        ("dep_delay", ">", "0", [0, 1]),
        ("dep_delay", "≤", "-4", [4, 5, 6]),
        ("dep_delay", "≠", "2", [1, 3, 4, 5, 6, 7]),
        ("dep_delay", "is missing", "", [2]),
        ("dep_delay", "is not missing", "", [0, 1, 3, 4, 5, 6, 7]),
        ("distance", "≥", "1,416", [1, 3]),
        ("distance", "contains", "76", [3, 4]),
    ],
)
def test_a_condition_keeps_the_rows_it_says(
    flights: pd.DataFrame, column: str, operator: str, value: str, rows: list[int]
) -> None:
    result = keep_rows(flights, [Condition(column, operator, value)])

    assert result.index.tolist() == rows


def test_conditions_are_joined_by_all_or_any(flights: pd.DataFrame) -> None:
    both = [Condition("carrier", "=", "UA"), Condition("dep_delay", "<", "0")]

    assert mask_of(flights, both, match_all=True).sum() == 1
    assert mask_of(flights, both, match_all=False).sum() == 7


def test_dates_categories_and_truth_are_read_as_such() -> None:
    frame = pd.DataFrame(
        {
            "when": pd.to_datetime(["2013-01-01", "2013-07-31"]).tz_localize("UTC"),
            "kind": pd.Categorical(["x", "y"]),
            "late": [True, False],
            "maybe": pd.array([None, True], dtype="boolean"),
        }
    )

    assert keep_rows(frame, [Condition("when", ">", "2013-02-01")]).index.tolist() == [1]
    assert keep_rows(frame, [Condition("kind", "<", "y")]).index.tolist() == [0]
    assert keep_rows(frame, [Condition("late", "=", "no")]).index.tolist() == [1]
    assert keep_rows(frame, [Condition("maybe", "=", "true")]).index.tolist() == [1]


@pytest.mark.parametrize(
    ("condition", "sentence"),
    [
        (Condition("gone", "=", "1"), "There is no column 'gone'"),
        (Condition("distance", ">", "far"), "'far' is none"),
        (Condition("distance", "like", "1"), "is not an operator"),
        (Condition("carrier", "contains", ""), "Write the text"),
        (Condition("carrier", "is one of", " , "), "Name the values"),
    ],
)
def test_a_condition_that_makes_no_sense_says_why(
    flights: pd.DataFrame, condition: Condition, sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        keep_rows(flights, [condition])


def test_a_view_passes_over_columns_that_are_gone(flights: pd.DataFrame) -> None:
    """An undo may take a column away while its filter is still set."""
    mask = view_of(flights, {"gone": ["x"], "carrier": ["UA"]}, {"lost": (0, 1), "month": (1, 2)})

    assert mask.tolist() == [True, True, False, False, False, False, False, False]


def test_a_condition_reads_as_a_sentence() -> None:
    assert str(Condition("carrier", "=", " UA ")) == "carrier = UA"
    assert str(Condition("dep_time", "is missing", "x")) == "dep_time is missing"
