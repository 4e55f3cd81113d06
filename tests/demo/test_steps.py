from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from demo import cells, steps


class TestEveryStep:
    @pytest.mark.parametrize(
        "step",
        [
            steps.drop_cancelled,
            steps.add_speed,
            steps.drop_duplicates,
            lambda frame: steps.fill_missing(frame, "dep_delay", "mean"),
            lambda frame: steps.rename(frame, "month", "m"),
            lambda frame: steps.retype(frame, "dep_time", "whole number"),
            lambda frame: steps.sort(frame, ["distance"]),
            lambda frame: steps.drop_columns(frame, ["month"]),
            lambda frame: steps.summarise(frame, ["carrier"], ["distance"], ["mean"]),
        ],
    )
    def test_leaves_the_frame_it_was_given_as_it_was(
        self, flights: pd.DataFrame, step: Callable[[pd.DataFrame], pd.DataFrame]
    ) -> None:
        before = flights.copy(deep=True)

        result = step(flights)

        assert result is not flights
        pd.testing.assert_frame_equal(flights, before)

    @pytest.mark.parametrize(
        "step",
        [
            lambda frame: steps.drop_missing(frame, ["gone"]),
            lambda frame: steps.drop_duplicates(frame, ["gone"]),
            lambda frame: steps.drop_columns(frame, ["gone"]),
            lambda frame: steps.fill_missing(frame, "gone", "mean"),
            lambda frame: steps.rename(frame, "gone", "here"),
            lambda frame: steps.retype(frame, "gone", "text"),
            lambda frame: steps.sort(frame, ["gone"]),
            lambda frame: steps.derive(frame, "new", "gone + 1"),
            lambda frame: steps.summarise(frame, ["gone"], [], []),
        ],
    )
    def test_names_a_column_that_is_not_there(
        self, flights: pd.DataFrame, step: Callable[[pd.DataFrame], pd.DataFrame]
    ) -> None:
        with pytest.raises(ValueError, match="There is no column 'gone'"):
            step(flights)


class TestCleaning:
    def test_a_cancelled_flight_is_one_without_departure(self, flights: pd.DataFrame) -> None:
        result = steps.drop_cancelled(flights)

        assert len(result) == 7
        assert result["dep_time"].notna().all()

    def test_speed_is_miles_in_an_hour(self, flights: pd.DataFrame) -> None:
        speed = steps.add_speed(flights)["speed_mph"]

        assert speed[0] == pytest.approx(1400 / 227 * 60)
        assert np.isnan(speed[2])

    def test_missing_values_are_filled_in_every_way(self, flights: pd.DataFrame) -> None:
        filled = {
            how: steps.fill_missing(flights, "dep_delay", how, 7.0)["dep_delay"][2]
            for how in steps.FILLINGS
        }

        known = flights["dep_delay"].dropna()
        assert filled == {
            "a value": 7.0,
            "mean": pytest.approx(known.mean()),
            "median": -3.0,
            "most frequent": -6.0,
            "previous row": 4.0,
            "next row": -1.0,
        }

    def test_a_text_has_no_mean(self, flights: pd.DataFrame) -> None:
        with pytest.raises(ValueError, match="carrier is not a number; it has no mean"):
            steps.fill_missing(flights, "carrier", "mean")

    def test_filling_needs_a_value(self, flights: pd.DataFrame) -> None:
        with pytest.raises(ValueError, match="Write the value"):
            steps.fill_missing(flights, "dep_delay", "a value", None)

    def test_duplicates_are_judged_by_the_columns_named(self, flights: pd.DataFrame) -> None:
        assert steps.drop_duplicates(flights, ["carrier"])["carrier"].tolist() == [
            "UA",
            "AA",
            "B6",
            "DL",
            "EV",
        ]

    def test_a_name_is_not_given_twice(self, flights: pd.DataFrame) -> None:
        with pytest.raises(ValueError, match="'carrier' already"):
            steps.rename(flights, "month", " carrier ")

    def test_the_last_column_stays(self, flights: pd.DataFrame) -> None:
        with pytest.raises(ValueError, match="at least one column"):
            steps.drop_columns(flights, list(flights.columns))

    @pytest.mark.parametrize(
        ("values", "to", "expected"),
        [
            (["1", "2"], "whole number", "int64"),
            ([1.0, None], "whole number", "Int64"),
            (["1.5", "2"], "decimal number", "float64"),
            (["yes", "0"], "true / false", "bool"),
            (["true", None], "true / false", "boolean"),
            (["a", "b"], "category", "category"),
        ],
    )
    def test_a_column_takes_the_type_asked_for(
        self, values: list[object], to: str, expected: str
    ) -> None:
        result = steps.retype(pd.DataFrame({"a": values}), "a", to)

        assert str(result["a"].dtype) == expected

    def test_dates_and_texts_are_types_too(self) -> None:
        frame = pd.DataFrame({"when": ["2013-01-01", "2013-07-31"], "n": [1, 2]})

        assert steps.retype(frame, "when", "date and time")["when"].dt.month.tolist() == [1, 7]
        assert steps.retype(frame, "n", "text")["n"].tolist() == ["1", "2"]

    @pytest.mark.parametrize("to", ["whole number", "date and time", "true / false"])
    def test_a_value_that_does_not_fit_the_type_is_refused(
        self, flights: pd.DataFrame, to: str
    ) -> None:
        with pytest.raises(ValueError, match=f"carrier is not all {to}"):
            steps.retype(flights, "carrier", to)


class TestTransforming:
    def test_sorting_keeps_the_order_of_equal_rows(self, flights: pd.DataFrame) -> None:
        result = steps.sort(flights, ["carrier"], ascending=False)

        assert result.index[:3].tolist() == [0, 1, 5]

    def test_groups_become_rows_with_their_figures(self, flights: pd.DataFrame) -> None:
        result = steps.summarise(flights, ["carrier"], ["distance"], ["mean", "max"])

        assert list(result.columns) == ["carrier", "rows", "distance_mean", "distance_max"]
        united = result[result["carrier"] == "UA"].iloc[0]
        assert united["rows"] == 3
        assert united["distance_mean"] == pytest.approx((1400 + 1416 + 719) / 3)

    def test_a_text_has_no_sum(self, flights: pd.DataFrame) -> None:
        with pytest.raises(ValueError, match="carrier is not a number; it has no sum"):
            steps.summarise(flights, ["month"], ["carrier"], ["sum"])

    def test_a_join_keeps_rows_order_and_names(self, flights: pd.DataFrame) -> None:
        airlines = pd.DataFrame({"code": ["UA", "AA"], "month": ["x", "y"], "name": ["U", "A"]})

        result = steps.join(
            flights, airlines, left_on=["carrier"], right_on=["code"], suffix="_airlines"
        )

        assert list(result.columns) == [*flights.columns, "month_airlines", "name"]
        assert result["distance"].tolist() == flights["distance"].tolist()
        assert result["name"].iloc[:3].tolist() == ["U", "U", "A"]
        assert result["name"].iloc[3:5].isna().all()

    def test_an_inner_join_keeps_rows_with_a_partner(self, flights: pd.DataFrame) -> None:
        airlines = pd.DataFrame({"carrier": ["UA"], "name": ["United"]})

        result = steps.join(
            flights, airlines, left_on=["carrier"], right_on=["carrier"], how="inner"
        )

        assert len(result) == 3

    def test_a_join_that_would_fill_the_memory_is_refused(self) -> None:
        frame = pd.DataFrame({"key": np.zeros(3_000, dtype="int64")})

        with pytest.raises(ValueError, match="9,000,000 rows"):
            steps.join(frame, frame.assign(more=1), left_on=["key"], right_on=["key"])

    def test_keys_of_different_types_do_not_fit(self, flights: pd.DataFrame) -> None:
        with pytest.raises(ValueError, match="do not fit"):
            steps.join(flights, flights, left_on=["carrier"], right_on=["month"])


class TestCells:
    def test_an_edit_changes_its_cells_alone(self, flights: pd.DataFrame) -> None:
        positions = np.array([1, 5])
        page = flights.iloc[positions].copy()
        page.loc[5, "carrier"] = "XX"
        page.loc[1, "dep_delay"] = np.nan

        result = cells.edit_cells(flights, positions, page)

        expected = flights.copy()
        expected.loc[5, "carrier"] = "XX"
        expected.loc[1, "dep_delay"] = np.nan
        pd.testing.assert_frame_equal(result, expected)

    def test_types_stay(self) -> None:
        frame = pd.DataFrame(
            {"a": pd.Categorical(["x", "y"]), "b": [1, 2], "c": pd.array([1, None], dtype="Int64")}
        )
        page = frame.iloc[[0]].assign(a="y", b=5, c=7)

        result = cells.edit_cells(frame, np.array([0]), page)

        assert result.dtypes.tolist() == frame.dtypes.tolist()
        assert result.iloc[0].tolist() == ["y", 5, 7]

    @pytest.mark.parametrize(("column", "value"), [("n", None), ("n", 1.5), ("c", "z")])
    def test_a_value_that_a_column_cannot_hold_is_refused(self, column: str, value: Any) -> None:
        frame = pd.DataFrame({"n": [1, 2], "c": pd.Categorical(["x", "y"])})
        page = frame.iloc[[0]].astype("object")
        page.loc[0, column] = value

        with pytest.raises(ValueError, match=r"cannot hold|is no category"):
            cells.edit_cells(frame, np.array([0]), page)

    def test_an_untouched_page_is_no_edit(self, flights: pd.DataFrame) -> None:
        page = flights.iloc[[2, 3]]

        assert cells.count_edits(page, page.copy()) == 0
        with pytest.raises(ValueError, match="No cell differs"):
            cells.edit_cells(flights, np.array([2, 3]), page)

    def test_cells_that_hold_arrays_can_stand_beside_edits(self) -> None:
        frame = pd.DataFrame({"a": [np.array([1, 2]), np.array([3])], "b": [1, 2]})
        page = frame.iloc[[0]].assign(b=9)

        assert cells.edit_cells(frame, np.array([0]), page)["b"].tolist() == [9, 2]
