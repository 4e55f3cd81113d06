"""The Edit tab: cells of a page of rows, written back by a button."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import streamlit as st

from demo import cells, look, ui
from demo.memo import remembered

PAGE_ROWS = 200


def draw(frame: pd.DataFrame, name: str) -> None:
    """Draw an editor over one page of the rows that pass the filters of the Look tab."""
    mask = look.saved_filters(frame)
    positions = remembered(frame, ("positions", mask.tobytes()), lambda: np.flatnonzero(mask))
    if not len(positions):
        st.info("No row passes the filters of the Look tab.", icon=":material/filter_alt_off:")
        return
    pages = math.ceil(len(positions) / PAGE_ROWS)
    page = min(st.session_state.get("edit_page", 1), pages)
    shown = positions[(page - 1) * PAGE_ROWS : page * PAGE_ROWS]
    before = frame.iloc[shown]
    st.caption(
        f"{len(positions):,} rows pass the filters of the Look tab; page {page:,} of {pages:,}. "
        "Nothing changes before the edits are applied."
    )
    # without a key: the page's content is its identity, so edits never land on other rows
    edited = st.data_editor(before, num_rows="fixed", hide_index=True, height=480)
    count = cells.count_edits(before, edited)
    words = f"{count:,} cell" if count == 1 else f"{count:,} cells"
    with st.container(horizontal=True, vertical_alignment="center"):
        pressed = st.button(
            "Apply edits", key="edit_apply", type="primary", icon=":material/check:"
        )
        st.caption(f"{words} edited" if count else "No cell edited yet")
    if pages > 1:
        st.pagination(pages, key="edit_page", persist_state="session")
    if pressed:
        ui.apply(
            lambda: cells.edit_cells(frame, shown, edited),
            to=name,
            message=f"Edit {words} of {_edited_columns(before, edited)}",
        )


def _edited_columns(before: pd.DataFrame, edited: pd.DataFrame) -> str:
    names = [
        name for name in ui.names_of(before) if cells.count_edits(before[[name]], edited[[name]])
    ]
    return ui.listed(names)
