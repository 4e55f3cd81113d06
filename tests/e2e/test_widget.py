"""The widget in a real browser, over a small app."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from support.apps import StreamlitApp
from support.servers import RedisServer

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TIMEOUT_MS = 45_000

APP = """
    import numpy as np
    import pandas as pd
    import streamlit as st
    import streamlit_redis_session as srs

    srs.attach()
    with st.sidebar:
        srs.version_graph()
    if "df" not in st.session_state:
        st.session_state.df = pd.DataFrame({"a": np.arange(100)})
    number = st.slider("number", 0, 100, 5, key="number")
    if st.button("Add"):
        frame = st.session_state.df
        st.session_state.df = frame.assign(**{f"c{frame.shape[1]}": number})
    if st.button("Odd"):
        st.session_state.odd = lambda: None
    st.text(f"columns: {st.session_state.df.shape[1]}")
"""


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with RedisServer() as running:
        yield running


@pytest.fixture(scope="module")
def app(server: RedisServer) -> Iterator[StreamlitApp]:
    with StreamlitApp(APP, env={"STREAMLIT_REDIS_SESSION_URL": server.url}) as running:
        yield running


@pytest.fixture
def page(context: BrowserContext, app: StreamlitApp) -> Page:
    opened = context.new_page()
    opened.goto(app.url)
    versions(opened, 1)
    return opened


def versions(page: Page, count: int) -> None:
    expect(page.get_by_test_id("version-graph").get_by_role("option")).to_have_count(count)
    expect(page.get_by_test_id("save-state")).to_have_text("Saved")


def columns(page: Page, count: int) -> None:
    expect(page.get_by_text(f"columns: {count}", exact=True)).to_be_visible()


def add(page: Page, times: int) -> None:
    for number in range(times):
        page.get_by_role("button", name="Add", exact=True).click()
        columns(page, 2 + number)


def press(page: Page, name: str) -> None:
    page.get_by_test_id("version-graph").get_by_role("button", name=re.compile(f"^{name}")).click()


@pytest.mark.parametrize("_round", range(3))
def test_five_quick_undos_end_where_five_undos_end(page: Page, _round: int) -> None:
    add(page, 6)
    versions(page, 7)

    for _ in range(5):
        press(page, "Undo")

    columns(page, 2)
    current = page.locator('[role=option][aria-current="true"]')
    expect(current).to_contain_text("+ c1")
    page.wait_for_timeout(1_000)
    columns(page, 2)
    versions(page, 7)
    press(page, "Redo")
    columns(page, 3)


def test_each_of_many_quick_clicks_is_a_version_of_its_own(page: Page) -> None:
    add(page, 8)

    versions(page, 9)


def test_a_slider_comes_back_with_the_step_it_belonged_to(page: Page) -> None:
    slider = page.get_by_role("slider")
    add(page, 1)
    slider.focus()
    slider.press("ArrowRight")
    expect(slider).to_have_attribute("value", "6")
    page.get_by_role("button", name="Add", exact=True).click()
    versions(page, 3)

    press(page, "Undo")

    columns(page, 2)
    expect(slider).to_have_attribute("value", "5")
    press(page, "Redo")
    expect(slider).to_have_attribute("value", "6")
    columns(page, 3)
    versions(page, 3)


def test_a_second_tab_follows_without_being_touched(page: Page, app: StreamlitApp) -> None:
    other = page.context.new_page()
    other.goto(app.url)
    versions(other, 1)

    add(page, 2)
    columns(other, 3)
    versions(other, 3)
    press(other, "Undo")
    columns(page, 2)


def test_a_branch_is_named_in_the_widget_and_switched_to(page: Page) -> None:
    add(page, 1)
    versions(page, 2)
    press(page, "Branch")
    page.keyboard.type("trial")
    page.keyboard.press("Enter")

    expect(page.get_by_test_id("version-graph")).to_contain_text("trial")
    add_one_more(page)
    versions(page, 3)
    expect(page.locator('[role=option][aria-current="true"]')).to_contain_text("trial")


def add_one_more(page: Page) -> None:
    page.get_by_role("button", name="Add", exact=True).click()
    columns(page, 3)


def test_what_cannot_be_stored_is_named_and_the_rest_is_saved(page: Page) -> None:
    page.get_by_role("button", name="Odd").click()
    add(page, 1)
    versions(page, 2)

    expect(page.get_by_test_id("version-graph")).to_contain_text("odd")


def test_a_malformed_cookie_starts_a_new_session(browser: Browser, app: StreamlitApp) -> None:
    with browser.new_context() as fresh:
        first = fresh.new_page()
        first.goto(app.url)
        versions(first, 1)
        (cookie,) = [c for c in fresh.cookies() if c["name"].startswith("srs_session_")]
        assert re.fullmatch("[A-Za-z0-9_-]{43}", cookie["value"])
        fresh.add_cookies([{**cookie, "value": "../../etc/passwd*"}])  # type: ignore[typeddict-item]

        first.reload()

        versions(first, 1)
        expect(first.get_by_test_id("version-graph")).to_contain_text("new session")


def test_a_server_that_goes_and_comes_back_loses_nothing(browser: Browser) -> None:
    with RedisServer(persistent=True) as server:
        env = {"STREAMLIT_REDIS_SESSION_URL": server.url}
        with StreamlitApp(APP, env=env) as app, browser.new_context() as fresh:
            page = fresh.new_page()
            page.goto(app.url)
            versions(page, 1)
            server.kill()
            page.get_by_role("button", name="Add", exact=True).click()
            columns(page, 2)
            expect(page.get_by_test_id("save-state")).to_have_text("Not saved")

            server.start()

            versions(page, 2)


def test_an_unreachable_server_is_said_in_the_widget(browser: Browser) -> None:
    env = {"STREAMLIT_REDIS_SESSION_URL": "redis://127.0.0.1:1"}
    with StreamlitApp(APP, env=env) as app, browser.new_context() as fresh:
        page = fresh.new_page()
        started = time.monotonic()
        page.goto(app.url)
        columns(page, 1)

        assert time.monotonic() - started < 40
        expect(page.get_by_test_id("save-state")).to_have_text("Not saved")
        expect(page.get_by_test_id("version-graph")).to_contain_text("127.0.0.1:1")


def test_a_typing_error_in_the_url_is_named(browser: Browser) -> None:
    env = {"STREAMLIT_REDIS_SESSION_URL": "redis://127.0.0.1:6379?sokcet_timeout=1"}
    with StreamlitApp(APP, env=env) as app, browser.new_context() as fresh:
        page = fresh.new_page()
        page.goto(app.url)

        expect(page.get_by_text("sokcet_timeout").first).to_be_visible(timeout=TIMEOUT_MS)
