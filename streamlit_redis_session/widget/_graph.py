"""``version_graph()`` and ``toolbar()``: the history in the page, and clicks in it."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from streamlit_redis_session.adapter import (
    Tab,
    current_fragment_id,
    current_state,
    current_tab,
)
from streamlit_redis_session.errors import ConfigurationError
from streamlit_redis_session.widget._actions import Inbox
from streamlit_redis_session.widget._component import component
from streamlit_redis_session.widget._payload import build_payload

LEAST_HEIGHT = 160
_INBOXES = "inboxes"
_RERUN = "rerun"

Mode = Literal["graph", "toolbar"]


def version_graph(*, height: int = 420, key: str = "version_graph") -> None:
    """Draw the session's history: click to look, double-click or Enter to go there.

    Shows one row per version, newest on top, with lanes for branches, undo, redo and branch
    buttons, and whether everything is saved. At home in the sidebar, from 240 px of width.

    Parameters
    ----------
    height
        Of the whole widget, in pixels, at least 160.
    key
        Tells several graphs on one page apart.

    Raises
    ------
    ConfigurationError
        ``attach()`` was not called before, or the height is too small.
    """
    if height < LEAST_HEIGHT:
        raise ConfigurationError(f"height must be at least {LEAST_HEIGHT} pixels, not {height}.")
    _draw("graph", height, key)


def toolbar(*, key: str = "version_toolbar") -> None:
    """Draw undo, redo and the save state in one row.

    Parameters
    ----------
    key
        Tells several toolbars on one page apart.

    Raises
    ------
    ConfigurationError
        ``attach()`` was not called before.
    """
    _draw("toolbar", 0, key)


def _draw(mode: Mode, height: int, key: str) -> None:
    if _tab() is None:
        name = "version_graph" if mode == "graph" else "toolbar"
        raise ConfigurationError(f"{name}() needs attach() before it, as the script's first line.")
    _fragment(mode, height, key)


@st.fragment
def _fragment(mode: Mode, height: int, key: str) -> None:
    """Draw one widget; rerun alone when something was saved, the app when head has moved."""
    tab = _tab()
    if tab is None:
        return
    look = tab.look()  # before the payload: what is saved in between is drawn anew
    payload = build_payload(tab, key=key, mode=mode, height=height, ack=_inbox(key).ack)
    tab.drawing.drawn(key, current_fragment_id(), look)
    component()(key=key, data=payload, on_action_change=lambda: _on_action(key))
    if current_state().slot.pop(_RERUN, False):
        st.rerun()  # after drawing: a fragment that draws nothing may lose its place in the page


def _tab() -> Tab | None:
    return current_tab()


def _inbox(key: str) -> Inbox:
    inboxes: dict[str, Inbox] = current_state().slot.setdefault(_INBOXES, {})
    return inboxes.setdefault(key, Inbox())


def _on_action(key: str) -> None:
    """Take what a click asked for, before the script body runs."""
    tab = _tab()
    message = getattr(st.session_state.get(key), "action", None)
    if tab is None or message is None:
        return
    state = current_state()
    if _inbox(key).take(message, lambda action: tab.act(action, state)):
        state.slot[_RERUN] = True
