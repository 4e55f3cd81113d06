"""The demo as a new user tries it, in a real browser, on both kinds of server.

One long walk on purpose: each step stands on the ones before it, as it does for a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from support.apps import StreamlitApp
from support.servers import RedisServer

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]

DEMO = Path(__file__).resolve().parents[2] / "demo_app.py"
TIMEOUT_MS = 60_000
ALL_ROWS, FLOWN_ROWS = "336,776 rows x 19", "328,521 rows x 19"
WITH_SPEED = "328,521 rows x 20"


@pytest.fixture(params=["embedded", "redis"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "embedded":
        yield f"embedded://{tmp_path / 'data'}"
        return
    with RedisServer() as server:
        yield server.url


@pytest.fixture
def app(url: str) -> Iterator[StreamlitApp]:
    env = {
        "STREAMLIT_REDIS_SESSION_URL": url,
        "STREAMLIT_REDIS_SESSION_GRACE_S": "3",
    }
    with StreamlitApp(DEMO, env=env) as running:
        yield running


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    expect.set_options(timeout=TIMEOUT_MS)
    opened = browser.new_context(viewport={"width": 1440, "height": 900})
    opened.set_default_timeout(TIMEOUT_MS)
    yield opened
    opened.close()


def graph(page: Page) -> Locator:
    return page.get_by_test_id("version-graph")


def options(page: Page) -> Locator:
    return graph(page).get_by_role("option")


def row(page: Page, message: str) -> Locator:
    return graph(page).get_by_role("option", name=re.compile(re.escape(message)))


def current(page: Page) -> Locator:
    return graph(page).locator('[role=option][aria-current="true"]')


def press(page: Page, name: str) -> None:
    graph(page).get_by_role("button", name=re.compile(f"^{name}")).first.click()


def shows(page: Page, shape: str) -> None:
    expect(page.get_by_text(re.compile(re.escape(shape))).first).to_be_visible()


def saved(page: Page, versions: int) -> None:
    expect(options(page)).to_have_count(versions)
    expect(page.get_by_test_id("save-state")).to_have_text("Saved")


def edit_first_cell(page: Page, text: str) -> None:
    """Type into the first cell of the editor's grid, which is a canvas."""
    page.get_by_role("tab", name="Edit cells").click()
    # the grid of the tab before, which cannot be edited, stays until this one is drawn
    panel = page.get_by_role("tabpanel", name="Edit cells")
    expect(panel.get_by_role("button", name="Apply edits")).to_be_visible()
    grid = panel.get_by_test_id("stDataFrame").locator("canvas").first
    expect(grid).to_be_visible()
    edited = page.get_by_text("1 cell edited")
    for _ in range(5):  # a grid that is being drawn anew forgets what is typed
        type_into_first_cell(page, grid, text)
        page.wait_for_timeout(5_000)
        if edited.is_visible():
            break
    expect(edited).to_be_visible()
    panel.get_by_role("button", name="Apply edits").click()


def type_into_first_cell(page: Page, grid: Locator, text: str) -> None:
    field = page.locator("#portal input, #portal textarea").first
    box = grid.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 40, box["y"] + 54)
    page.keyboard.press("Enter")
    page.wait_for_timeout(1_000)
    if field.is_visible():
        field.fill(text)
        page.wait_for_timeout(300)  # the grid takes the text over a moment after it shows it
        field.press("Enter")


def work(page: Page) -> None:
    """Load the flights, drop the cancelled ones, add a column."""
    shows(page, ALL_ROWS)
    saved(page, 1)
    page.get_by_role("button", name="Drop cancelled flights").click()
    shows(page, FLOWN_ROWS)
    saved(page, 2)
    page.get_by_role("button", name="Add speed column").click()
    shows(page, WITH_SPEED)
    saved(page, 3)


def undo_twice_redo_once(page: Page) -> None:
    press(page, "Undo")
    press(page, "Undo")
    shows(page, ALL_ROWS)
    press(page, "Redo")
    shows(page, FLOWN_ROWS)
    expect(current(page)).to_contain_text("Dropped cancelled flights")


def set_a_filter(page: Page) -> None:
    page.get_by_role("tab", name="Look").click()
    page.get_by_role("combobox", name="carrier").click()
    page.get_by_role("option", name="AA", exact=True).click()
    page.keyboard.press("Escape")
    filter_is_set(page)


def filter_is_set(page: Page) -> None:
    page.get_by_role("tab", name="Look").click()
    expect(page.get_by_text(re.compile("of 328,521 rows pass the filters"))).to_be_visible()


def shows_the_edit(page: Page) -> None:
    shows(page, FLOWN_ROWS)
    saved(page, 4)
    expect(graph(page)).to_contain_text("main-2")
    expect(current(page)).to_contain_text("Edit 1 cell of year")


def test_nothing_of_an_analysts_work_is_lost(app: StreamlitApp, context: BrowserContext) -> None:
    page = context.new_page()
    page.goto(app.url)
    work(page)
    undo_twice_redo_once(page)
    set_a_filter(page)

    # the undone step stays: the edit opens a second branch
    edit_first_cell(page, "2014")
    shows_the_edit(page)

    page.reload()
    shows_the_edit(page)
    filter_is_set(page)

    second = context.new_page()
    second.goto(app.url)
    shows_the_edit(second)

    app.restart(crash=True)
    third = context.new_page()
    third.goto(app.url)
    shows_the_edit(third)
    second.close()
    page.close()

    # an old version by double-click, then the other branch's tip by its button
    row(third, "Load flights").dblclick()
    shows(third, ALL_ROWS)
    expect(current(third)).to_contain_text("Load flights")
    row(third, "Added speed_mph").click()
    press(third, "Go to")
    shows(third, WITH_SPEED)
    expect(current(third)).to_contain_text("Added speed_mph")
    saved(third, 4)
