"""The Look tab: the table, its columns in numbers, and what is missing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st
from pandas.api import types

from demo import ui
from demo.conditions import Mask, view_of
from demo.memo import remembered
from demo.steps import is_number

PAGE_ROWS = 500
_FAVOURITES = ("carrier", "month")
_MOST_CHOICES = 500
_NUMBER = st.column_config.NumberColumn
_SUMMARY = {
    "missing": _NUMBER(format="localized"),
    "missing %": st.column_config.ProgressColumn(min_value=0, max_value=100, format="%.2f %%"),
    "distinct": _NUMBER(format="localized"),
    **{name: _NUMBER(format="%.4g") for name in ("mean", "std", "min", "median", "max")},
}


def draw(frame: pd.DataFrame) -> None:
    """Draw the tab; nothing in it changes the table."""
    mask = filters(frame)
    count = int(mask.sum())
    left, right = st.columns([3, 2], vertical_alignment="center")
    with left:
        show = ui.pick_one("Show", ("Rows", "Summary", "Missing values"), "look_show")
    share = f"{count:,} of {len(frame):,} rows pass the filters"
    right.caption(
        share if count < len(frame) else f"All {len(frame):,} rows", text_alignment="right"
    )
    view = view_named(frame, mask)
    if show == "Rows":
        _draw_rows(view)
    elif show == "Summary":
        st.dataframe(
            summary(view), hide_index=True, height="content", placeholder="", column_config=_SUMMARY
        )
    else:
        _draw_missing(view)


def view_named(frame: pd.DataFrame, mask: Mask) -> pd.DataFrame:
    """Give the rows of a mask, the same frame for the same mask."""
    if mask.all():
        return frame
    return remembered(frame, ("view", mask.tobytes()), lambda: frame[mask])


# --- filters ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Filter:
    """What one column of the view must be."""

    column: str
    values: tuple[Any, ...] = ()
    """One of these; empty: any."""
    ends: tuple[Any, Any] | None = None
    """Between these; ``None``: any."""


def filters(frame: pd.DataFrame) -> Mask:
    """Draw the filters of the view and say which rows pass them."""
    columns = ui.names_of(frame)
    default = [each for each in _FAVOURITES if each in columns] or columns[:1]
    chosen = []
    with st.container(border=True):
        places = st.columns(4)
        with places[0]:
            names = ui.pick_many("Filter by", columns, "look_filters", default=default)
        for number, column in enumerate(names):
            with places[1 + number % 3]:
                chosen.append(_draw_filter(frame, column))
    return _mask(frame, chosen)


def saved_filters(frame: pd.DataFrame) -> Mask:
    """Say which rows pass the filters as they were last drawn, without drawing them."""
    chosen = []
    for column in st.session_state.get("look_filters", ()):
        saved = st.session_state.get(f"look_{column}")
        if column not in frame.columns or not saved:
            continue
        bounds = _bounds(frame, column)
        if bounds is None:
            chosen.append(Filter(column, values=tuple(saved)))
        elif ui.within(saved, *bounds) != bounds:
            chosen.append(Filter(column, ends=ui.within(saved, *bounds)))
    return _mask(frame, chosen)


def _mask(frame: pd.DataFrame, chosen: Sequence[Filter]) -> Mask:
    choices = {each.column: each.values for each in chosen if each.values}
    ranges = {each.column: each.ends for each in chosen if each.ends is not None}
    name = ("mask", tuple(choices.items()), tuple(ranges.items()))
    return remembered(frame, name, lambda: view_of(frame, choices, ranges))


def _draw_filter(frame: pd.DataFrame, column: str) -> Filter:
    key = f"look_{column}"
    bounds = _bounds(frame, column)
    if bounds is not None:
        chosen = ui.pick_range(column, *bounds, key)
        return Filter(column, ends=chosen if chosen != bounds else None)
    values = remembered(frame, ("values", column), lambda: _values(frame[column]))
    if not values:
        st.caption(f"{column} has nothing to choose from.")
        return Filter(column)
    return Filter(column, values=tuple(ui.pick_many(column, values, key, placeholder="all")))


def _bounds(frame: pd.DataFrame, column: str) -> tuple[Any, Any] | None:
    return remembered(frame, ("bounds", column), lambda: _bounds_of(frame[column]))


def _bounds_of(column: pd.Series[Any]) -> tuple[Any, Any] | None:
    """Give the ends of a slider, or ``None`` where a slider makes no sense."""
    if types.is_datetime64_dtype(column.dtype):
        low, high = column.min(), column.max()
        return None if pd.isna(low) or low == high else (low.to_pydatetime(), high.to_pydatetime())
    if not is_number(column):
        return None
    values = column.to_numpy(dtype="float64", na_value=math.nan)
    values = values[np.isfinite(values)]
    if not len(values) or values.min() == values.max():
        return None
    low, high = float(values.min()), float(values.max())
    if max(-low, high) > ui.GREATEST_EXACT:
        return None
    return (int(low), int(high)) if (values % 1 == 0).all() else (low, high)


def _values(column: pd.Series[Any]) -> list[Any]:
    """List the values that a multiselect offers, the most frequent ones if there are many."""
    try:
        counts = column.value_counts()
    except TypeError:
        return []
    frequent = counts.index[:_MOST_CHOICES].tolist()
    plain = [each for each in frequent if isinstance(each, (str, bool, int, float))]
    return sorted(plain, key=lambda each: (str(type(each)), each))


# --- rows, summary, missing ------------------------------------------------------------------


def _draw_rows(view: pd.DataFrame) -> None:
    pages = max(1, math.ceil(len(view) / PAGE_ROWS))
    page = min(st.session_state.get("look_page", 1), pages)
    start = (page - 1) * PAGE_ROWS
    st.dataframe(view.iloc[start : start + PAGE_ROWS], height=520, placeholder="")
    if pages > 1:
        left, right = st.columns([3, 2], vertical_alignment="center")
        with left:
            st.pagination(pages, key="look_page", persist_state="session")
        stop = min(start + PAGE_ROWS, len(view))
        right.caption(f"Rows {start + 1:,} to {stop:,} of {len(view):,}", text_alignment="right")


def summary(frame: pd.DataFrame) -> pd.DataFrame:
    """Describe every column in one row: type, missing, distinct, and figures of numbers."""
    return remembered(
        frame,
        "summary",
        lambda: pd.DataFrame([_summary_row(str(label), frame[label]) for label in frame.columns]),
    )


def _summary_row(name: str, column: pd.Series[Any]) -> Mapping[str, Any]:
    missing = int(column.isna().sum())
    row: dict[str, Any] = {
        "column": name,
        "type": str(column.dtype),
        "missing": missing,
        "missing %": round(100 * missing / max(len(column), 1), 2),
        "distinct": _distinct(column),
    }
    if is_number(column):
        values = column.to_numpy(dtype="float64", na_value=math.nan)
        values = values[~np.isnan(values)]
        if len(values):
            low, median, high = np.percentile(values, [0, 50, 100])
            row |= {"mean": values.mean(), "std": values.std(), "min": low}
            row |= {"median": median, "max": high}
    return row


def _distinct(column: pd.Series[Any]) -> int | None:
    try:
        return int(column.nunique())
    except TypeError:
        return None


def _draw_missing(view: pd.DataFrame) -> None:
    counts = remembered(view, "missing", lambda: view.isna().sum())
    counts = counts[counts > 0]
    if counts.empty:
        st.success("No value is missing.", icon=":material/check_circle:")
        return
    data = pd.DataFrame(
        {
            "column": counts.index.astype(str),
            "missing": counts.to_numpy(),
            "share": counts.to_numpy() / len(view),
        }
    )
    bars = (
        alt.Chart(data)
        .mark_bar(cornerRadiusEnd=3)
        .encode(
            x=alt.X("share:Q", axis=alt.Axis(format=".1%"), title="share of the rows"),
            y=alt.Y("column:N", sort="-x", title=None),
            tooltip=[
                "column",
                alt.Tooltip("missing:Q", format=","),
                alt.Tooltip("share:Q", format=".2%"),
            ],
        )
        .properties(height=28 * len(data) + 40)
    )
    st.altair_chart(bars)
