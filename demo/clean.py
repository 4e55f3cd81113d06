"""The Clean tab: missing values, duplicates, and columns."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from demo import steps, ui
from demo.conditions import parse_value
from demo.memo import remembered


def draw(frame: pd.DataFrame, name: str) -> None:
    """Draw one small form per step."""
    left, right = st.columns(2)
    with left:
        _draw_drop_missing(frame, name)
        _draw_fill(frame, name)
        _draw_duplicates(frame, name)
    with right:
        _draw_rename(frame, name)
        _draw_retype(frame, name)
        _draw_drop_columns(frame, name)


def missing_of(frame: pd.DataFrame) -> pd.Series[int]:
    """Count the missing values of every column that has some, most first."""
    counts = remembered(frame, "missing", lambda: frame.isna().sum())
    return counts[counts > 0].sort_values(ascending=False)


def _draw_drop_missing(frame: pd.DataFrame, name: str) -> None:
    with st.container(border=True):
        st.markdown("**Drop rows with missing values**")
        columns = ui.pick_many(
            "Missing in",
            ui.names_of(frame),
            "clean_missing_in",
            placeholder="any column",
        )
        if st.button("Drop rows", key="clean_drop_missing", icon=":material/delete_sweep:"):
            where = " or ".join(columns) if columns else "any column"
            ui.apply(
                lambda: steps.drop_missing(frame, columns),
                to=name,
                message=f"Drop rows where {where} is missing",
            )


def _draw_fill(frame: pd.DataFrame, name: str) -> None:
    with st.container(border=True):
        st.markdown("**Fill missing values**")
        counts = missing_of(frame)
        if counts.empty:
            st.caption("No value is missing.")
            return
        left, middle, right = st.columns(3)
        options = [str(label) for label in counts.index]
        with left:
            column = ui.pick("Column", options, "clean_fill_column")
        with middle:
            how = ui.pick("With", steps.FILLINGS, "clean_fill_how")
        with right:
            text = ui.type_text("Value", "clean_fill_value", disabled=how != "a value")
        st.caption(f"{counts[column]:,} values of {column} are missing.")
        if st.button("Fill", key="clean_fill", icon=":material/format_color_fill:"):
            with_what = text.strip() if how == "a value" else f"the {how}"
            ui.apply(
                lambda: steps.fill_missing(frame, column, how, _filling(frame, column, how, text)),
                to=name,
                message=f"Fill missing {column} with {with_what}",
            )


def _filling(frame: pd.DataFrame, column: str, how: str, text: str) -> object:
    return parse_value(frame[column], text) if how == "a value" and text.strip() else None


def _draw_duplicates(frame: pd.DataFrame, name: str) -> None:
    with st.container(border=True):
        st.markdown("**Drop duplicate rows**")
        columns = ui.pick_many(
            "Equal in", ui.names_of(frame), "clean_equal_in", placeholder="all columns"
        )
        if st.button("Drop duplicates", key="clean_duplicates", icon=":material/content_copy:"):
            where = ui.listed(columns) if columns else "all columns"
            ui.apply(
                lambda: steps.drop_duplicates(frame, columns),
                to=name,
                message=f"Drop duplicates by {where}",
            )


def _draw_rename(frame: pd.DataFrame, name: str) -> None:
    with st.container(border=True):
        st.markdown("**Rename a column**")
        left, right = st.columns(2)
        with left:
            column = ui.pick("Column", ui.names_of(frame), "clean_rename_column")
        with right:
            to = ui.type_text("New name", "clean_rename_to")
        if st.button("Rename", key="clean_rename", icon=":material/edit:"):
            ui.apply(
                lambda: steps.rename(frame, column, to),
                to=name,
                message=f"Rename {column} to {to.strip()}",
            )


def _draw_retype(frame: pd.DataFrame, name: str) -> None:
    with st.container(border=True):
        st.markdown("**Change a column's type**")
        left, right = st.columns(2)
        with left:
            column = ui.pick("Column", ui.names_of(frame), "clean_retype_column")
        with right:
            to = ui.pick("Type", steps.TYPES, "clean_retype_to")
        st.caption(f"{column} is {frame[column].dtype} now.")
        if st.button("Change type", key="clean_retype", icon=":material/swap_horiz:"):
            ui.apply(
                lambda: steps.retype(frame, column, to),
                to=name,
                message=f"Turn {column} into {to}",
            )


def _draw_drop_columns(frame: pd.DataFrame, name: str) -> None:
    with st.container(border=True):
        st.markdown("**Drop columns**")
        columns = ui.pick_many("Columns", ui.names_of(frame), "clean_drop_columns")
        if st.button("Drop columns", key="clean_drop", icon=":material/remove:"):
            ui.apply(
                lambda: steps.drop_columns(frame, columns),
                to=name,
                message=f"Drop {ui.listed(columns)}",
            )
