"""The Chart tab."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd
import streamlit as st
from pandas.api import types

from demo import look, steps, ui
from demo.chart_data import Chart, Marks, marks_of
from demo.memo import remembered

_KINDS = ("Line", "Bar", "Scatter", "Histogram")
_COUNT = "number of rows"
_NONE = "none"
_HEIGHT = 440


def draw(frame: pd.DataFrame) -> None:
    """Draw the pickers and the chart of the rows that pass the filters of the Look tab."""
    chart = _draw_pickers(frame)
    mask = look.saved_filters(frame)
    view = look.view_named(frame, mask)
    if view.empty:
        st.info("No row passes the filters of the Look tab.", icon=":material/filter_alt_off:")
        return
    try:
        marks = remembered(view, ("marks", chart), lambda: marks_of(view, chart))
    except ValueError as error:
        st.warning(str(error), icon=":material/bar_chart_off:")
        return
    st.altair_chart(_drawn(chart, marks))
    filtered = "" if mask.all() else " that pass the filters of the Look tab"
    st.caption(f"{marks.note}{filtered}.")


def _draw_pickers(frame: pd.DataFrame) -> Chart:
    columns = ui.names_of(frame)
    numbers = [each for each in columns if types.is_numeric_dtype(frame[each].dtype)]
    kind = ui.pick_one("Kind of chart", _KINDS, "chart_kind")
    places = st.columns(4)
    with places[0]:
        first = _first(columns, "hour", "carrier")
        if kind == "Histogram":
            first = _first(numbers or columns, "distance")
        x = ui.pick("Along x", columns, "chart_x", default=first)
    y, how = None, "mean"
    if kind != "Histogram":
        counted = [] if kind == "Scatter" else [_COUNT]
        with places[1]:
            default = _first(numbers or columns, "dep_delay")
            y = ui.pick("Along y", [*counted, *columns], "chart_y", default=default)
    if kind in ("Line", "Bar"):
        with places[2]:
            how = ui.pick("Figure", list(steps.AGGREGATES), "chart_how", disabled=y == _COUNT)
    with places[3]:
        colour = ui.pick(
            "Colour", [_NONE, *columns], "chart_colour", default=_first([_NONE, *columns], "origin")
        )
    return Chart(kind, x, None if y == _COUNT else y, how, colour if colour in columns else None)


def _first(columns: list[str], *favourites: str) -> str:
    """Give the first favourite that is there, else the first column."""
    return next((each for each in favourites if each in columns), columns[0])


def _drawn(chart: Chart, marks: Marks) -> Any:
    base = alt.Chart(marks.data).properties(height=_HEIGHT)
    x = alt.X("x", title=chart.x, type=_kind_of(marks.data["x"]))
    y_title = "rows" if chart.y is None else f"{chart.how} of {chart.y}"
    y = alt.Y("y:Q", title=y_title)
    colour: dict[str, Any] = {}
    if chart.colour is not None:
        colour["color"] = alt.Color("colour:N", title=chart.colour)
    tips = [alt.Tooltip("x", title=chart.x), alt.Tooltip("y", title=y_title, format=",.4~g")]
    if colour:
        tips.append(alt.Tooltip("colour:N", title=chart.colour))
    match chart.kind:
        case "Line":
            return base.mark_line(point=len(marks.data) <= 200).encode(
                x=x, y=y, tooltip=tips, **colour
            )
        case "Bar":
            bars = alt.X("x:N", title=chart.x, sort=_bar_order(marks.data))
            # parts of a count or sum add up to the bar; means and the like stand side by side
            if colour and chart.y is not None and chart.how not in ("sum", "count"):
                colour["xOffset"] = "colour:N"
            return base.mark_bar().encode(x=bars, y=y, tooltip=tips, **colour)
        case "Scatter":
            dots = base.mark_circle(size=22, opacity=0.45)
            y = alt.Y("y", title=chart.y, type=_kind_of(marks.data["y"]))
            return dots.encode(x=x, y=y, tooltip=tips, **colour).interactive()
        case _:
            bins = alt.X("x:Q", title=chart.x, bin="binned")
            rows = alt.Y("y:Q", title="rows")
            return base.mark_bar().encode(x=bins, x2="until", y=rows, tooltip=tips, **colour)


def _bar_order(data: pd.DataFrame) -> list[str]:
    """Sort bars by number where all names are numbers, by height otherwise."""
    names = [str(each) for each in data["x"].unique()]
    try:
        return sorted(names, key=float)
    except ValueError:
        heights = data.groupby("x")["y"].sum().sort_values(ascending=False)
        return [str(each) for each in heights.index]


def _kind_of(column: pd.Series[Any]) -> Any:
    if types.is_datetime64_any_dtype(column.dtype):
        return "temporal"
    return "quantitative" if types.is_numeric_dtype(column.dtype) else "nominal"
