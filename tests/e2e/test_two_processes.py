"""Two Streamlit processes over one store: they follow each other, and neither is needed twice."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from support.apps import StreamlitApp
from support.browser import TIMEOUT_MS
from support.round_robin import RoundRobinProxy
from support.servers import RedisServer

pytestmark = [pytest.mark.browser, pytest.mark.slow]

APP = """
    import os
    import pandas as pd
    import streamlit as st
    import streamlit_redis_session as srs

    session = srs.attach(os.environ["STORE"], identity=os.environ["IDENTITY"])
    with st.sidebar:
        srs.version_graph()
    st.session_state.setdefault("df", pd.DataFrame({"a": [0]}))
    if st.button("add"):
        st.session_state.df.loc[0, "a"] += 1
    if st.button("back"):
        session.undo()
        st.rerun()
    st.text_input("note", key="note")
    st.slider("number", 0, 100, 5, key="number")
    st.write(f"value {st.session_state.df.loc[0, 'a']} in {os.getpid()}")
"""


@pytest.fixture
def identity() -> str:
    return "url"


@pytest.fixture
def servers(redis_server: RedisServer, identity: str) -> Iterator[list[StreamlitApp]]:
    env = {"STORE": redis_server.url, "IDENTITY": identity}
    with StreamlitApp(APP, env) as one, StreamlitApp(APP, env) as two:
        yield [one, two]


def shows(page: Page, value: int) -> None:
    expect(page.get_by_text(re.compile(f"^value {value} in "))).to_be_visible()


def versions(page: Page, count: int) -> None:
    expect(page.get_by_test_id("version-graph").get_by_role("option")).to_have_count(count)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def cut(page: Page, proxy: RoundRobinProxy) -> None:
    """Cut all connections, and wait for a new one: clicks before that are lost."""
    before = proxy.served.total()
    proxy.cut()
    deadline = time.monotonic() + TIMEOUT_MS / 1000
    while proxy.served.total() == before:
        assert time.monotonic() < deadline, "the browser has not come back"
        page.wait_for_timeout(20)
    app = page.get_by_test_id("stApp")
    expect(app).to_have_attribute("data-test-connection-state", "CONNECTED")


def test_what_one_process_does_shows_in_the_other_while_text_is_half_typed_there(
    context: BrowserContext, servers: list[StreamlitApp]
) -> None:
    page, other = context.new_page(), context.new_page()
    page.goto(servers[0].url)
    page.wait_for_url(re.compile("session="))
    versions(page, 1)
    other.goto(servers[1].url + "/?" + page.url.partition("?")[2])
    shows(other, 0)
    note = other.get_by_label("note")
    note.press_sequentially("half ty")

    press(page, "add")
    shows(other, 1)
    versions(other, 2)
    press(page, "back")
    shows(other, 0)
    expect(note).to_be_focused()
    expect(note).to_have_value("half ty")
    note.press_sequentially("ped")
    press(page, "add")
    shows(other, 1)
    expect(note).to_have_value("half typed")
    note.press("Enter")
    press(other, "add")
    shows(page, 2)
    versions(page, 3)

    assert all("Traceback" not in server.log() for server in servers)


@pytest.mark.parametrize("identity", ["browser"])
def test_an_analyst_behind_a_proxy_without_sticky_sessions_loses_nothing(
    context: BrowserContext, servers: list[StreamlitApp]
) -> None:
    pids = set()
    with RoundRobinProxy([server.port for server in servers]) as proxy:
        page = context.new_page()
        page.goto(proxy.url)
        shows(page, 0)
        versions(page, 1)
        slider = page.get_by_role("slider")
        slider.focus()
        slider.press("ArrowRight")
        for clicks in range(1, 7):
            press(page, "add")
            shows(page, clicks)
            pids.add(page.get_by_text(re.compile("^value ")).inner_text().rpartition(" ")[2])
            expect(page.get_by_test_id("save-state")).to_have_text("Saved")
            versions(page, clicks + 1)  # a cut page that lands elsewhere runs at the next click
            cut(page, proxy) if clicks % 2 else page.reload()
            shows(page, clicks)
            versions(page, clicks + 1)
        expect(page.get_by_role("slider")).to_have_value("6")
        press(page, "back")
        shows(page, 5)

    assert len(pids) == 2, "one process did all the work"
    assert min(proxy.served[server.port] for server in servers) > 3
    assert all("Traceback" not in server.log() for server in servers)
