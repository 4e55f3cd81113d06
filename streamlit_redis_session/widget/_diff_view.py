"""``diff_view()``: what changed between two versions, as tables in the main area."""

from __future__ import annotations

import streamlit as st

from streamlit_redis_session.adapter import current_tab
from streamlit_redis_session.codec.compare import FrameDiff
from streamlit_redis_session.errors import (
    ConfigurationError,
    SessionStoreError,
    StorageUnavailableError,
)
from streamlit_redis_session.history import Diff

MOST_ROWS = 500
"""Rows and cells shown of each kind; the headings say how many there are."""


def diff_view(a: str = "HEAD~1", b: str = "HEAD") -> None:
    """Show what changed from one version to another: columns, rows and cells.

    Parameters
    ----------
    a, b
        Refs of the earlier and the later version, as for ``session.diff()``. One that names
        nothing gives a message in the page.

    Raises
    ------
    ConfigurationError
        ``attach()`` was not called before.
    """
    tab = current_tab()
    if tab is None:
        raise ConfigurationError("diff_view() needs attach() before it.")
    watch = tab.hub.watch
    try:
        if tab.drawing.is_stuck:
            raise StorageUnavailableError(watch.reason)
        with watch.asking(recall=True):
            diff = tab.working_session.diff(a, b)
            _show(diff)
    except SessionStoreError as error:
        st.info(str(error))


def _show(diff: Diff) -> None:
    st.caption(
        f"From **{diff.before.short_id}** to **{diff.after.short_id}**, "
        f"{diff.before.created_at:%Y-%m-%d %H:%M} to {diff.after.created_at:%Y-%m-%d %H:%M} UTC"
    )
    if not diff:
        st.info("These two versions hold the same data.")
        return
    for change in diff.changes:
        with st.container(border=True):
            st.text(str(change))
            frames = diff.frames(change.key)
            if frames is not None:
                _show_frames(frames)


def _show_frames(frames: FrameDiff) -> None:
    added, removed = frames.rows_added(), frames.rows_removed()
    cells = frames.cells(most=MOST_ROWS + 1)
    columns = st.columns(4)
    columns[0].metric(
        "Rows", f"{len(frames.after):,}", f"{len(frames.after) - len(frames.before):,}"
    )
    columns[1].metric(
        "Columns", frames.after.shape[1], frames.after.shape[1] - frames.before.shape[1]
    )
    columns[2].metric("Rows added / removed", f"{len(added):,} / {len(removed):,}")
    columns[3].metric("Cells changed", f"{frames.count_cells():,}")
    for title, labels in (
        ("Columns added", frames.columns_added),
        ("Columns removed", frames.columns_removed),
    ):
        if labels:
            st.text(f"{title}: {', '.join(map(str, labels))}")
    for title, rows in (("Rows added", added), ("Rows removed", removed)):
        if len(rows):
            st.text(_heading(title, len(rows)))
            st.dataframe(rows.head(MOST_ROWS))
    if len(cells):
        st.text(_heading("Cells changed", frames.count_cells()))
        shown = cells.head(MOST_ROWS)
        st.dataframe(shown.astype(str), hide_index=True)


def _heading(title: str, count: int) -> str:
    more = f", the first {MOST_ROWS}" if count > MOST_ROWS else ""
    return f"{title}: {count:,}{more}"
