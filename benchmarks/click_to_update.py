"""From a click on Undo to the updated page, in a real browser, on the flights.

    PYTHONPATH=tests python -m benchmarks.click_to_update [--rounds 15]

Beside it a plain ``st.button`` that only reruns the same script: what Streamlit itself costs.
Both are measured in the page, from the click to the change of its text.
"""

from __future__ import annotations

import argparse
import re
import statistics
import tempfile

from playwright.sync_api import Page, expect, sync_playwright
from support.apps import StreamlitApp
from support.browser import CHROMIUM_ARGS, chromium_path

APP = """
    import streamlit as st
    import streamlit_redis_session as srs
    from demo import steps, tables

    srs.attach()
    with st.sidebar:
        srs.version_graph()
    if "df" not in st.session_state:
        st.session_state["df"] = tables.flights_table("flights")
    if st.button("Drop"):
        st.session_state["df"] = steps.drop_cancelled(st.session_state["df"])
    if st.button("Again"):
        st.session_state["times"] = st.session_state.get("times", 0) + 1
    st.text(f"{len(st.session_state['df'])} rows, {st.session_state.get('times', 0)} times")
"""

# the time until the page's line is another one than before the click
WATCH = """
    ([find, before]) => new Promise((resolve) => {
      const line = () => [...document.querySelectorAll('[data-testid=stText]')]
        .map((each) => each.textContent).find((text) => / times$/.test(text)) ?? before
      const button = find === 'Again'
        ? [...document.querySelectorAll('button')].find((b) => b.textContent === 'Again')
        : [...document.querySelectorAll('*')].map((e) => e.shadowRoot).filter(Boolean)
            .map((root) => root.querySelector(`button[aria-label^="${find}"]`)).find(Boolean)
      const start = performance.now()
      const check = () => line() !== before
        ? resolve(performance.now() - start) : requestAnimationFrame(check)
      button.click()
      check()
    })
"""


def click(page: Page, name: str) -> float:
    before = page.get_by_text(re.compile(" times$")).inner_text()
    milliseconds: float = page.evaluate(WATCH, [name, before])
    page.wait_for_timeout(500)
    return milliseconds


def measure(rounds: int) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        StreamlitApp(APP, env={"STREAMLIT_REDIS_SESSION_URL": f"embedded://{folder}"}) as app,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_ARGS)
        page = browser.new_page()
        page.goto(app.url)
        expect(page.get_by_text("336776 rows")).to_be_visible(timeout=60_000)
        page.get_by_role("button", name="Drop").click()
        expect(page.get_by_text("328521 rows")).to_be_visible(timeout=60_000)
        expect(page.get_by_test_id("save-state")).to_have_text("Saved", timeout=60_000)
        page.wait_for_timeout(2_000)
        times: dict[str, list[float]] = {"Undo": [], "Redo": [], "Again": []}
        for _ in range(rounds):
            for name, samples in times.items():
                samples.append(click(page, name))
        report(times)
        browser.close()


def report(times: dict[str, list[float]]) -> None:
    plain = statistics.median(times["Again"])
    for name, samples in times.items():
        quarters = statistics.quantiles(samples, n=4)
        print(
            f"{'plain rerun' if name == 'Again' else name:12} median {quarters[1]:5.0f} ms "
            f"(quartiles {quarters[0]:.0f} to {quarters[2]:.0f}), {quarters[1] / plain:.1f}x"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    measure(parser.parse_args().rounds)
