"""What the browser side is sent: plain JSON, a window, and hints that do not jump."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest
from support.tabs import app, link, payloads, ran, session_of, tab_of

import streamlit_redis_session as srs
from streamlit_redis_session import Session
from streamlit_redis_session.widget._payload import (
    WINDOW_ROWS,
    branch_of_versions,
    build_payload,
)

BODY = """
st.session_state.setdefault("df", pd.DataFrame({"a": [0]}))
srs.version_graph(height=300)
srs.toolbar()
"""
PLAIN = (str, int, float, bool, type(None))


def odd_parts(value: object, path: str = "payload") -> list[str]:
    """Name everything that is not exactly a plain JSON type."""
    if type(value) in PLAIN:
        return []
    if type(value) is list:
        return [odd for n, each in enumerate(value) for odd in odd_parts(each, f"{path}[{n}]")]
    if type(value) is dict:
        keys = [f"{path} key {key!r}" for key in value if type(key) is not str]
        return keys + [odd for k, each in value.items() for odd in odd_parts(each, f"{path}.{k}")]
    return [f"{path}: {type(value).__name__}"]


def build(at: AppTest) -> dict[str, Any]:
    return build_payload(tab_of(at), key="version_graph", mode="graph", height=300, ack=None)


def commit(session: Session, *rows: int) -> list[str]:
    ids = []
    for n in rows:
        session["df"] = pd.DataFrame({"a": range(n)})
        version = session.commit()
        assert version is not None
        ids.append(str(version.id))
    return ids


def test_the_payload_is_plain_json_throughout(memory_url: str) -> None:
    body = """
    import numpy as np
    st.session_state.setdefault("odd", lambda: 1)
    st.session_state.setdefault("df", pd.DataFrame({"a": [0.5, np.nan], 7: [1, 2], ("x", 1): 3}))
    if st.button("edit"):
        st.session_state.df[np.int64(9)] = np.float32("nan")
    srs.version_graph()
    """
    at = ran(app(body, memory_url))
    at.button[0].click().run()
    session_of(at).tag("tagged")
    payload = build(ran(at))

    assert odd_parts(payload) == []
    assert json.loads(json.dumps(payload, allow_nan=False)) == payload
    assert payload["tags"] == {"tagged": payload["head"]["version"]}
    assert [each["key"] for each in payload["left_out"]] == ["odd"]


def test_the_browser_is_sent_what_was_built(memory_url: str) -> None:
    at = ran(app(BODY, memory_url))
    ran(at)
    sent = payloads(at)

    assert sent["version_graph"]["mode"] == "graph"
    assert sent["version_graph"]["height"] == 300
    assert sent["version_toolbar"]["mode"] == "toolbar"
    assert sent["version_graph"]["total"] == 1
    assert sent["version_graph"]["versions"][0]["message"] == "df: new, 1 x 1"


def test_an_empty_session_has_a_payload_too(memory_url: str) -> None:
    payload = build(ran(app("srs.version_graph()", memory_url)))

    assert payload["head"] == {"branch": "main", "version": None}
    assert payload["versions"] == []
    assert payload["redo"] == []


@pytest.mark.parametrize("session_id", [True, False])
def test_the_session_id_is_sent_only_as_the_value_of_its_cookie(
    session_id: bool, memory_url: str
) -> None:
    identity = "browser" if session_id else "url"
    at = AppTest.from_string(
        "import streamlit_redis_session as srs\n"
        f"srs.attach({memory_url!r}, identity={identity!r})\nsrs.version_graph()\n",
        default_timeout=30,
    )
    payload = build(ran(at))

    assert (session_of(at).id in json.dumps(payload)) is session_id
    if session_id:
        name = payload["cookie"].pop("name")
        assert tab_of(at).cookie == (name, session_of(at).id)
        assert payload["cookie"] == {"value": session_of(at).id, "max_age_s": 7 * 86_400}
    else:
        assert payload["cookie"] is None


def test_a_password_in_the_url_is_never_sent() -> None:
    at = app(BODY, "redis://ada:opensesame@127.0.0.1:1/0")

    assert "opensesame" not in json.dumps(build(ran(at)))


def test_where_says_how_long_things_are_kept(memory_url: str) -> None:
    assert "7 days after the last use" in build(ran(app("", memory_url)))["where"]


# --- the window --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def long_tab() -> AppTest:
    """A tab of a session with 1,000 versions."""
    url = "memory://a-long-history"
    session = srs.connect(url).session()
    commit(session, *range(1, 1001))
    return ran(app("srs.version_graph()", url, session=session.id))


def test_only_a_window_of_a_long_history_is_sent(long_tab: AppTest) -> None:
    payload = build(long_tab)

    assert payload["total"] == 1000
    assert len(payload["versions"]) == WINDOW_ROWS
    assert payload["versions"][0]["id"] == payload["head"]["version"]
    assert len(json.dumps(payload)) < 120_000


@pytest.mark.parametrize("steps", [299, 300, 301, 700, 999])
def test_head_and_its_neighbours_are_in_the_window_wherever_head_is(
    steps: int, long_tab: AppTest
) -> None:
    session = session_of(long_tab)
    log = session.log("main")
    session.checkout(log[steps].id)
    payload = build(long_tab)
    sent = [version["id"] for version in payload["versions"]]

    assert payload["head"]["version"] == log[steps].id
    assert {version.id for version in log[max(0, steps - 1) : steps + 2]} <= set(sent)
    assert WINDOW_ROWS <= len(sent) <= WINDOW_ROWS + 10
    assert payload["redo"][0] == log[steps - 1].id
    order = [version.id for version in log if version.id in set(sent)]
    assert sent == order
    assert len(json.dumps(payload)) < 200_000
    session.checkout("main")


# --- branch hints ------------------------------------------------------------------------------


def test_a_version_keeps_its_branch_when_history_grows(memory_url: str) -> None:
    session = srs.connect(memory_url).session()
    known: dict[str, str] = {}

    def check() -> None:
        hints = branch_of_versions(session.graph())
        assert {k: v for k, v in hints.items() if k in known} == known
        known.update({str(k): str(v) for k, v in hints.items()})

    first = commit(session, 1, 2, 3)
    check()
    for fork in range(12):
        session.checkout(first[fork % 3], branch="main")
        commit(session, 100 + fork)
        check()
        commit(session, 200 + fork, 300 + fork)
        check()
    session.switch("main")
    commit(session, 4)
    check()

    assert set(known.values()) == set(session.graph().branches)
    assert len(session.graph().branches) == 12
    assert len(known) == len(session.graph().versions)


def test_the_hint_is_the_branch_that_a_version_was_made_on(memory_url: str) -> None:
    session = srs.connect(memory_url).session()
    one, two = commit(session, 1, 2)
    session.undo()
    (other,) = commit(session, 3)

    assert branch_of_versions(session.graph()) == {one: "main", two: "main", other: "main-2"}


# --- not waiting -------------------------------------------------------------------------------


def test_the_history_is_drawn_as_it_was_while_something_is_being_saved(memory_url: str) -> None:
    """A rerun that draws the widget must not wait for a slow save."""
    at = ran(app(BODY, memory_url))
    tab, session = tab_of(at), session_of(at)
    before = build(at)
    stop = _stalled(tab)
    try:
        during = build(at)
        assert during["versions"] == before["versions"]
    finally:
        stop()
    assert tab.hub.writer.flush(timeout_s=10)
    commit(session, 5)
    assert build(at)["total"] == before["total"] + 1
    assert link(at) == session.id


def test_a_widget_that_is_drawn_anew_as_soon_as_a_save_is_done_shows_the_new_version(
    memory_url: str,
) -> None:
    """The writer tells the tab before it takes the job off its queue."""
    at = ran(app(BODY, memory_url))
    tab, totals = tab_of(at), list[int]()
    build(at)
    waiting: list[bool] = []

    def redraw() -> None:
        waiting.append(tab.hub.writer.is_waiting(tab))
        totals.append(build(at)["total"])

    tab.drawing.redraw = redraw  # type: ignore[method-assign]
    at.session_state["df"] = pd.DataFrame({"a": [1, 2, 3]})
    ran(at)

    assert waiting == [True]
    assert totals == [2]


def _stalled(tab: Any) -> Any:
    """Have the tab's save hang until told."""
    from threading import Event  # noqa: PLC0415

    go, started = Event(), Event()

    class Stall:
        owner, nbytes = tab, 0

        def run(self) -> None:
            started.set()
            go.wait(10)

        def absorb(self, later: object) -> None: ...
        def delayed(self, error: object) -> None: ...
        def dropped(self, error: object) -> None: ...

    tab.hub.writer.submit(Stall())
    assert started.wait(5)
    return go.set
