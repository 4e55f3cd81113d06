"""Rule 7 with what a real browser sends while somebody drags, types and clicks."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from support.apps import StreamlitApp
from support.servers import RedisServer

from streamlit_redis_session import connect

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SCRIPT = """
    import os
    import pandas as pd
    import streamlit as st
    import streamlit_redis_session as srs
    from streamlit_redis_session.adapter import _steps

    _steps.WITHIN_S = 60.0  # a loaded machine takes its time between two keys
    srs.attach(os.environ["STORE"], identity="url")
    with st.sidebar:
        srs.version_graph()
    least = st.slider("least", 0, 100, 0)
    if st.button("more"):
        st.session_state.more = st.session_state.get("more", 0) + 1
    frame = pd.DataFrame({"x": range(least, 100)})
    st.session_state.df = frame + st.session_state.get("more", 0)
    st.write(f"shown {st.session_state.df['x'].iloc[0]}")
"""


def test_a_drag_in_a_browser_is_one_version_and_two_clicks_are_two(
    page: Page, redis_server: RedisServer
) -> None:
    with StreamlitApp(SCRIPT, {"STORE": redis_server.url}) as server:
        page.goto(server.url)
        expect(page.get_by_text("shown 0")).to_be_visible()
        for value in range(1, 5):
            page.get_by_role("slider").press("ArrowRight")
            expect(page.get_by_text(f"shown {value}")).to_be_visible()
        for clicks in (1, 2):
            page.get_by_role("button", name="more").click()
            expect(page.get_by_text(f"shown {4 + clicks}")).to_be_visible()
        expect(page).to_have_url(re.compile("session="))
        (session_id,) = re.findall("session=([^&]+)", page.url)
        page.wait_for_timeout(1000)
        with connect(redis_server.url) as store:
            found = [str(version) for version in store.session(session_id).log()]
        assert len(found) == 4, found
        assert "Traceback" not in server.log()
