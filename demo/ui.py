"""What all tabs share: widgets whose saved choice may be gone, and the way a step is applied."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import streamlit as st

import streamlit_redis_session as srs

GREATEST_EXACT = 2**53 - 1  # whole numbers that a browser holds exactly


def apply(step: Callable[[], pd.DataFrame], *, to: str, message: str) -> None:
    """Put the result of a step in the place of a table, or say why it is not possible.

    Parameters
    ----------
    step
        Gives the new table, or raises ``ValueError`` with a sentence to show.
    to
        The key of the table in ``st.session_state``.
    message
        What the version graph shall say.
    """
    try:
        result = step()
    except ValueError as error:
        st.error(str(error), icon=":material/error:")
        return
    st.session_state[to] = result
    srs.label(message)
    st.toast(f"{message}: {shape_of(result)}", icon=":material/check:")
    st.rerun()


def shape_of(frame: pd.DataFrame) -> str:
    """Say ``336,776 rows x 19 columns``."""
    return f"{len(frame):,} rows x {frame.shape[1]:,} columns"


def listed(names: Sequence[str], most: int = 3) -> str:
    """Name the first few, count the rest: ``a, b, c and 4 more``."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def names_of(frame: pd.DataFrame) -> list[str]:
    """List the columns' names."""
    return [str(label) for label in frame.columns]


def pick(label: str, options: Sequence[Any], key: str, *, default: Any = None, **more: Any) -> Any:
    """Draw a select box that forgets a saved choice which is no option any more.

    An undo can take a column away while a select box still holds its name.
    """
    if options and (key not in st.session_state or st.session_state[key] not in options):
        st.session_state[key] = default if default in options else options[0]
    return st.selectbox(label, options, key=key, persist_state="session", **more)


def pick_many(
    label: str, options: Sequence[Any], key: str, *, default: Sequence[Any] = (), **more: Any
) -> list[Any]:
    """Draw a multiselect that forgets those saved choices which are no options any more."""
    saved = st.session_state.get(key, default)
    possible = [each for each in saved if each in options]
    if key not in st.session_state or possible != list(saved):
        st.session_state[key] = possible
    return st.multiselect(label, options, key=key, persist_state="session", **more)


def pick_one(
    label: str, options: Sequence[str], key: str, *, hidden_label: bool = True, **more: Any
) -> str:
    """Draw a row of buttons, one of which is always chosen."""
    if st.session_state.get(key) not in options:
        st.session_state[key] = options[0]
    chosen = st.segmented_control(
        label,
        options,
        key=key,
        required=True,
        persist_state="session",
        label_visibility="collapsed" if hidden_label else "visible",
        **more,
    )
    return chosen or options[0]


def pick_range(label: str, low: Any, high: Any, key: str) -> tuple[Any, Any]:
    """Draw a slider with two ends, whose saved ends are brought within ``low`` and ``high``."""
    # written on every run: a slider whose bounds have changed starts anew otherwise
    st.session_state[key] = within(st.session_state.get(key, (low, high)), low, high)
    chosen: tuple[Any, Any] = st.slider(label, low, high, key=key, persist_state="session")
    return chosen


def within(saved: Sequence[Any], low: Any, high: Any) -> tuple[Any, Any]:
    """Bring two saved ends within two bounds; ends of another type are given up."""
    kind = float if isinstance(low, (int, float)) else type(low)
    try:
        ends = sorted(min(max(each, low), high) for each in saved)
    except TypeError:
        return (low, high)
    if len(ends) != 2 or not all(isinstance(each, (kind, int)) for each in ends):
        return (low, high)
    return (type(low)(ends[0]), type(low)(ends[1])) if kind is float else (ends[0], ends[1])


def type_text(label: str, key: str, **more: Any) -> str:
    """Draw a text input that keeps its text while its tab is closed."""
    return st.text_input(label, key=key, persist_state="session", **more) or ""
