from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from demo.chart_data import BINS, MOST_BARS, MOST_COLOURS, SAMPLE_ROWS, Chart, marks_of


@pytest.fixture
def many() -> pd.DataFrame:
    rows = 50_000
    random = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "hour": np.arange(rows) % 24,
            "delay": random.normal(size=rows),
            "place": [f"p{each % 100}" for each in range(rows)],
        }
    )


def test_a_scatter_chart_draws_a_sample_and_the_same_one_each_time(many: pd.DataFrame) -> None:
    chart = Chart("Scatter", "hour", "delay", colour="place")

    first, second = marks_of(many, chart), marks_of(many, chart)

    assert len(first.data) == SAMPLE_ROWS
    assert "4,000 of 50,000 rows" in first.note
    pd.testing.assert_frame_equal(first.data, second.data)
    assert first.data["colour"].nunique() <= MOST_COLOURS + 1


def test_a_line_draws_one_point_for_a_value_of_x(many: pd.DataFrame) -> None:
    data = marks_of(many, Chart("Line", "hour", "delay")).data

    assert len(data) == 24
    expected = many.loc[many["hour"] == 5, "delay"].mean()
    assert data.loc[data["x"] == 5, "y"].item() == pytest.approx(expected)


def test_bars_count_rows_and_are_not_too_many(many: pd.DataFrame) -> None:
    marks = marks_of(many, Chart("Bar", "place"))

    assert len(marks.data) == MOST_BARS
    assert marks.data["y"].tolist() == [500] * MOST_BARS
    assert "largest 40 of 100" in marks.note


def test_a_histogram_counts_every_value_once(many: pd.DataFrame) -> None:
    assert marks_of(many, Chart("Histogram", "delay")).data["y"].sum() == 50_000
    assert len(marks_of(many, Chart("Histogram", "delay")).data) == BINS
    assert len(marks_of(many, Chart("Histogram", "hour")).data) == 24


def test_a_histogram_of_a_column_without_values_is_empty() -> None:
    frame = pd.DataFrame({"a": [np.nan, np.nan]})

    assert marks_of(frame, Chart("Histogram", "a")).data["y"].sum() == 0


def test_what_cannot_be_drawn_says_why(many: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="place is not a number"):
        marks_of(many, Chart("Histogram", "place"))
    with pytest.raises(ValueError, match="place is not a number; it has no mean"):
        marks_of(many, Chart("Line", "hour", "place"))
    with pytest.raises(ValueError, match="lists or mixed"):
        marks_of(pd.DataFrame({"a": [[1], [2]]}), Chart("Bar", "a"))
