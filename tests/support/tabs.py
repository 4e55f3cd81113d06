"""Browser tabs of an app, as far as AppTest goes: scripts, widget messages, what is saved."""

from __future__ import annotations

import json
from functools import cache
from textwrap import dedent
from typing import Any

from streamlit.components.v2.bidi_component.main import _make_trigger_id
from streamlit.components.v2.component_manager import BidiComponentManager
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.testing.v1 import AppTest

from streamlit_redis_session.adapter import Tab
from streamlit_redis_session.adapter._streamlit_private import TabState
from streamlit_redis_session.objects import Version
from streamlit_redis_session.session import Session

HEAD = """
import pandas as pd
import streamlit as st
import streamlit_redis_session as srs
srs.attach({url!r}, identity="url"{options})
"""


def app(body: str, url: str, *, options: str = "", session: str | None = None) -> AppTest:
    """A tab that has not run yet, of an app whose first line is ``attach(url)``."""
    opening = HEAD.format(url=url, options=f", {options}" if options else "")
    return script(opening + dedent(body), session=session)


def script(text: str, *, session: str | None = None) -> AppTest:
    at = AppTest.from_string(dedent(text), default_timeout=30)
    at._bidi_component_manager = _components()
    if session is not None:
        at.query_params["session"] = session
    return at


@cache
def _components() -> BidiComponentManager:
    """Look for components once: AppTest would read every installed package's metadata anew."""
    manager = BidiComponentManager()
    manager.discover_and_register_components(start_file_watching=False)
    return manager


def link(at: AppTest) -> str:
    """The session id in a tab's address."""
    found = at.query_params["session"]
    assert isinstance(found, str)
    return found


def same_session(body: str, url: str, at: AppTest, *, options: str = "") -> AppTest:
    """Another tab with the same link; also what a refresh of the page is."""
    return app(body, url, options=options, session=link(at))


def tab_of(at: AppTest) -> Tab:
    tab = TabState(at._session_state).slot["tab"]
    assert isinstance(tab, Tab)
    return tab


def session_of(at: AppTest) -> Session:
    session = tab_of(at).session
    assert session is not None, "the store has not answered yet"
    return session


def log_of(at: AppTest) -> list[Version]:
    return session_of(at).log()


def messages(at: AppTest) -> list[str]:
    """The messages of the versions behind head, oldest first."""
    return [version.message for version in reversed(log_of(at))]


def ran(at: AppTest) -> AppTest:
    """Run, and insist on no exception in the app."""
    at.run()
    assert not at.exception, [error.message for error in at.exception]
    return at


def pause(at: AppTest, seconds: float = 2.5) -> None:
    """Let time pass by the clock that tells whether two steps are one drag."""
    steps = tab_of(at).steps
    before = steps.clock
    steps.clock = lambda: before() + seconds


def payloads(at: AppTest) -> dict[str, Any]:
    """What the widgets of a tab were last sent, by key."""
    found = {}
    for element in at._tree:
        proto = getattr(element, "proto", None)
        if getattr(proto, "component_name", "").endswith(".version_graph"):
            assert proto is not None
            key = proto.id.rpartition("-")[2]
            found[key] = json.loads(_json_of(proto))
    return found


def _json_of(proto: Any) -> str:
    which = proto.WhichOneof("data")
    return str(proto.mixed.json if which == "mixed" else proto.json)


def send(at: AppTest, message: object, *, key: str = "version_graph") -> AppTest:
    """Run with a message of the browser side, as a click in the widget sends it."""
    states = at._tree.get_widget_states()
    ids = [
        element.proto.id
        for element in at._tree
        if getattr(getattr(element, "proto", None), "id", "").endswith(f"-{key}")
    ]
    trigger = states.widgets.add()
    trigger.id = _make_trigger_id(ids[0], "events")
    trigger.json_trigger_value = json.dumps([{"event": "action", "value": message}])
    return at._run(WidgetStates(widgets=states.widgets))
