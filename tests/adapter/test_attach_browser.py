"""Background saving and following in a real browser: nothing wakes itself for ever."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from support.apps import StreamlitApp
from support.servers import RedisServer

pytestmark = [pytest.mark.browser, pytest.mark.slow]

COUNTING = """
    import os, random
    import pandas as pd
    import streamlit as st
    import streamlit_redis_session as srs
    from streamlit_redis_session.adapter import _streamlit_private as private

    def note(run):
        print("ENDED", "fragment" if run.is_fragment else "whole", flush=True)

    private.install_end_of_run(note)
    session = srs.attach(os.environ["STORE"], identity="url")
    with st.sidebar:
        srs.version_graph()
    srs.toolbar()
"""


def runs(server: StreamlitApp) -> int:
    return server.log().count("ENDED")


def settles(page: Page, server: StreamlitApp, *, within: int = 12) -> int:
    """Wait until two seconds pass without a run; say how many there were."""
    for _ in range(within):
        before = runs(server)
        page.wait_for_timeout(2000)
        if runs(server) == before:
            return before
    raise AssertionError(f"still running after {runs(server)} runs")


def test_values_compared_by_content_do_not_keep_the_widgets_redrawing(
    page: Page, redis_server: RedisServer
) -> None:
    script = (
        COUNTING
        + """
    if "odd" not in st.session_state:
        st.session_state.odd = pd.DataFrame({"a": [[n] for n in range(20_000)]})
    if st.button("edit"):
        st.session_state.odd["a"].iloc[0].append(1)
    st.write(f"shown {len(st.session_state.odd['a'].iloc[0])}")
"""
    )
    with StreamlitApp(script, {"STORE": redis_server.url}) as server:
        page.goto(server.url)
        expect(page.get_by_text("shown 1")).to_be_visible()
        assert settles(page, server) < 12
        for clicks in range(2, 5):
            page.get_by_role("button", name="edit").click()
            expect(page.get_by_text(f"shown {clicks}")).to_be_visible()
        assert settles(page, server) < 40
        assert "Traceback" not in server.log()


def test_two_tabs_of_an_app_that_makes_a_new_frame_in_every_run_do_not_wake_each_other_for_ever(
    page: Page, redis_server: RedisServer
) -> None:
    script = (
        COUNTING
        + """
    st.session_state.df = pd.DataFrame({"a": [random.random()]})
    st.button("again")
    st.write("drawn")
"""
    )
    with StreamlitApp(script, {"STORE": redis_server.url}) as server:
        page.goto(server.url)
        page.wait_for_url(re.compile("session="))
        settles(page, server)
        other = page.context.new_page()
        other.goto(page.url)
        expect(other.get_by_text("drawn")).to_be_visible()
        settled = settles(page, server)
        page.get_by_role("button", name="again").click()
        assert settles(page, server) - settled < 25
        assert "Traceback" not in server.log()


def test_an_edit_in_one_tab_shows_in_the_other_by_itself(
    page: Page, redis_server: RedisServer
) -> None:
    script = (
        COUNTING
        + """
    st.session_state.setdefault("df", pd.DataFrame({"a": [0]}))
    if st.button("add"):
        st.session_state.df.loc[0, "a"] += 1
    st.write(f"value {st.session_state.df.loc[0, 'a']}")
"""
    )
    with StreamlitApp(script, {"STORE": redis_server.url}) as server:
        page.goto(server.url)
        page.wait_for_url(re.compile("session="))
        other = page.context.new_page()
        other.goto(page.url)
        expect(other.get_by_text("value 0")).to_be_visible()
        page.get_by_role("button", name="add").click()
        expect(other.get_by_text("value 1")).to_be_visible()
        other.get_by_role("button", name="add").click()
        expect(page.get_by_text("value 2")).to_be_visible()

        server.restart(crash=True)
        page.reload()
        expect(page.get_by_text("value 2")).to_be_visible()
        assert "Traceback" not in server.log()
