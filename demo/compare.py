"""The Compare tab: two versions of the session, and what differs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

import streamlit_redis_session as srs
from demo import look, ui
from streamlit_redis_session.errors import NotFoundError, SessionStoreError

if TYPE_CHECKING:
    from streamlit_redis_session.objects import Version


def draw(session: srs.Session, name: str) -> None:
    """Draw the pickers of two versions and the difference between them."""
    try:
        versions = session.graph().versions
    except SessionStoreError as error:
        st.warning(f"The history cannot be read just now: {error}", icon=":material/cloud_off:")
        return
    if len(versions) < 2:
        st.info("Two versions are needed: apply a step first.", icon=":material/history:")
        return
    titles = {str(version.id): _title(version) for version in versions}
    titles |= {"HEAD": "the version shown", "HEAD~1": "the version before the one shown"}
    ids = [str(version.id) for version in versions]
    left, right = st.columns(2)
    with left:
        before = ui.pick("Before", ["HEAD~1", *ids], "compare_a", format_func=titles.__getitem__)
    with right:
        after = ui.pick("After", ["HEAD", *ids], "compare_b", format_func=titles.__getitem__)
    if before == after:
        st.info("This is one and the same version.", icon=":material/equal:")
        return
    srs.diff_view(before, after)
    if st.toggle(
        "Compare the figures of every column", key="compare_figures", persist_state="session"
    ):
        _draw_figures(session, before, after, name)


def _title(version: Version) -> str:
    return f"{version.short_id} · {version.message} · {version.created_at:%d %b %H:%M:%S} UTC"


def _draw_figures(session: srs.Session, before: str, after: str, name: str) -> None:
    try:
        old, new = (session.read(ref, name) for ref in (before, after))
    except NotFoundError:
        st.caption(f"{name} is not in both versions.")
        return
    except SessionStoreError as error:
        st.warning(str(error), icon=":material/cloud_off:")
        return
    if not isinstance(old, pd.DataFrame) or not isinstance(new, pd.DataFrame):
        return
    st.caption(f"{name}: {ui.shape_of(old)} before, {ui.shape_of(new)} after")
    st.dataframe(figures_of(old, new), hide_index=True, placeholder="")


def figures_of(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Put the figures of every column before and after side by side."""
    sides = {
        "before": look.summary(old).set_index("column"),
        "after": look.summary(new).set_index("column"),
    }
    # in the order of the newer table, what is gone at the end
    names = list(dict.fromkeys([*sides["after"].index, *sides["before"].index]))
    result = pd.DataFrame({"column": names})
    for figure in ("missing", "distinct", "mean", "min", "max"):
        for when, summary in sides.items():
            known = summary.reindex(index=names, columns=[figure])
            result[f"{figure} {when}"] = known[figure].to_numpy()
    return result
