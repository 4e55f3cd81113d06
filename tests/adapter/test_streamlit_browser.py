"""Fragments, reruns and restored widgets on a real server in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from support.apps import StreamlitApp

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FRAGMENT_APP = """
    import threading, time
    import streamlit as st
    from streamlit_redis_session.adapter import _streamlit_private as private

    def note(run):
        slot = run.state.slot
        line = "fragment" if run.is_fragment else "stopped" if run.ended_early else "whole"
        print("ENDED", line, run.is_superseded, sorted(run.state.read()), flush=True)
        if slot.pop("ask", None):
            target = slot["fragment"]
            threading.Thread(
                target=lambda: (time.sleep(0.5), private.request_rerun(run.tab_id, target))
            ).start()

    private.install_end_of_run(note)
    counts = private.tab_slot().setdefault("counts", {"body": 0, "fragment": 0})
    counts["body"] += 1

    @st.fragment
    def graph():
        counts["fragment"] += 1
        private.tab_slot()["fragment"] = private.current_fragment_id()
        st.write(f"body {counts['body']} fragment {counts['fragment']}")
        st.button("inside")

    graph()
    st.write(f"outside {counts['body']} q={st.query_params.get('session')}")
    st.text_input("name", key="name")
    if st.button("ask"):
        private.tab_slot()["ask"] = True
    if st.button("stop"):
        st.stop()
"""


def test_a_background_thread_reruns_one_fragment_and_nothing_else(page: Page) -> None:
    with StreamlitApp(FRAGMENT_APP) as server:
        page.goto(f"{server.url}/?session=abc")
        expect(page.get_by_text("body 1 fragment 1")).to_be_visible()

        page.get_by_role("button", name="inside").click()
        expect(page.get_by_text("body 1 fragment 2")).to_be_visible()
        assert server.log().count("ENDED fragment") == 1

        page.get_by_role("button", name="ask").click()
        expect(page.get_by_text("body 2 fragment 4")).to_be_visible()
        expect(page.get_by_text("outside 2 q=abc")).to_be_visible()
        assert "session=abc" in page.url

        page.get_by_role("button", name="stop").click()
        expect(page.get_by_text("outside 3 q=abc")).to_be_visible()
        assert server.log().count("ENDED stopped") == 1
        assert "Traceback" not in server.log()


FOLLOW_APP = """
    import threading, time
    import streamlit as st
    from streamlit_redis_session.adapter import _streamlit_private as private

    private.install_end_of_run(lambda run: None)
    slot = private.tab_slot()
    slot["runs"] = slot.get("runs", 0) + 1
    tab = private.current_tab_id()
    if slot["runs"] == 1:
        # asked for while the first run is still going on
        for _ in range(5):
            threading.Thread(target=private.request_rerun, args=(tab, None)).start()
        time.sleep(1)
        st.session_state["finished"] = True
    st.write(f"runs {slot['runs']} q={st.query_params.get('session')}")
    st.write(f"finished {st.session_state.get('finished')} alive {private.tab_is_alive(tab)}")
    st.write(f"tabs {len(private.active_tabs())}")
"""


def test_a_rerun_of_the_whole_app_waits_for_the_running_script_and_keeps_the_link(
    page: Page,
) -> None:
    with StreamlitApp(FOLLOW_APP) as server:
        page.goto(f"{server.url}/?session=abc")
        expect(page.get_by_text("runs 2 q=abc")).to_be_visible()
        expect(page.get_by_text("finished True alive True")).to_be_visible()
        expect(page.get_by_text("tabs 1")).to_be_visible()
        page.wait_for_timeout(500)
        expect(page.get_by_text("runs 2 q=abc")).to_be_visible()


RESTORE_APP = """
    import streamlit as st
    from streamlit_redis_session.adapter import _streamlit_private as private

    private.install_end_of_run(lambda run: None)
    if not private.tab_slot().get("is_restored"):
        private.tab_slot()["is_restored"] = True
        private.restore_state({"n": 7, "name": "Ada", "pick": "b", "tick": True})
    n = st.slider("n", 0, 10, 3, key="n")
    name = st.text_input("name", "nobody", key="name")
    pick = st.selectbox("pick", ["a", "b"], key="pick")
    tick = st.checkbox("tick", key="tick")
    st.write(f"values {n} {name} {pick} {tick}")
    if st.button("again"):
        st.write("pressed")
"""


def test_restored_widgets_show_the_saved_values_in_the_browser_and_keep_them(page: Page) -> None:
    with StreamlitApp(RESTORE_APP) as server:
        page.goto(server.url)
        expect(page.get_by_text("values 7 Ada b True")).to_be_visible()
        expect(page.get_by_label("name")).to_have_value("Ada")
        expect(page.get_by_role("slider")).to_have_value("7")
        expect(page.get_by_role("checkbox", name="tick")).to_be_checked()

        page.get_by_role("button", name="again").click()
        expect(page.get_by_text("pressed")).to_be_visible()
        expect(page.get_by_text("values 7 Ada b True")).to_be_visible()

        page.get_by_label("name").fill("Grace")
        page.get_by_label("name").press("Enter")
        expect(page.get_by_text("values 7 Grace b True")).to_be_visible()
        assert "default value" not in server.log()
        assert "Traceback" not in server.log()

        server.restart(crash=True)
        # the open tab reconnects by itself: what the person set last wins over what was saved
        expect(page.get_by_text("values 7 Grace b True")).to_be_visible()
        expect(page.get_by_label("name")).to_have_value("Grace")


PAGES_APP = """
    import threading, time
    import streamlit as st
    from streamlit_redis_session.adapter import _streamlit_private as private

    private.install_end_of_run(lambda run: None)
    slot = private.tab_slot()

    def ask(fragment):
        target = private.current_tab_id(), slot["fragment"] if fragment else None
        threading.Thread(target=lambda: (time.sleep(0.5), private.request_rerun(*target))).start()

    def first():
        st.write("the first page")

    def second():
        @st.fragment
        def graph():
            slot["fragment"] = private.current_fragment_id()
            slot["count"] = slot.get("count", 0) + 1
            st.write(f"fragment {slot['count']}")

        graph()
        slot["body"] = slot.get("body", 0) + 1
        st.write(f"the second page {slot['body']} {st.text_input('note')}")
        if st.button("fragment"):
            ask(True)
        if st.button("whole"):
            ask(False)

    st.navigation([st.Page(first), st.Page(second)]).run()
"""


def test_reruns_stay_on_the_page_that_the_person_is_on(page: Page) -> None:
    with StreamlitApp(PAGES_APP) as server:
        page.goto(f"{server.url}/second")
        page.get_by_label("note").fill("typed")
        page.get_by_label("note").press("Enter")
        expect(page.get_by_text("the second page 2 typed")).to_be_visible()

        page.get_by_role("button", name="fragment").click()
        expect(page.get_by_text("fragment 4")).to_be_visible()
        expect(page.get_by_text("the second page 3 typed")).to_be_visible()

        page.get_by_role("button", name="whole").click()
        expect(page.get_by_text("the second page 5 typed")).to_be_visible()
        assert page.url.endswith("/second")
        assert "Traceback" not in server.log()


INTERRUPTED_APP = """
    import time
    import streamlit as st
    from streamlit_redis_session.adapter import _streamlit_private as private

    def note(run):
        print("ENDED", run.ended_early, run.is_superseded, run.state.read(), flush=True)

    private.install_end_of_run(note)
    n = st.slider("n", 0, 10, key="n")
    st.session_state["started"] = n
    for _ in range(30 if n == 1 else 0):
        time.sleep(0.1)
        st.write("busy")
    time.sleep(1 if n == 2 else 0)
    st.session_state["finished"] = n
    st.write(f"finished {n}")
"""


def test_a_run_that_a_newer_one_interrupts_still_ends_and_says_so(page: Page) -> None:
    with StreamlitApp(INTERRUPTED_APP) as server:
        page.goto(server.url)
        expect(page.get_by_text("finished 0")).to_be_visible()
        page.get_by_role("slider").press("ArrowRight")
        expect(page.get_by_text("busy").first).to_be_visible()
        page.get_by_role("slider").press("ArrowRight")
        expect(page.get_by_text("finished 2")).to_be_visible()

        ended = [line for line in server.log().splitlines() if line.startswith("ENDED")]
        assert [line.split()[1:3] for line in ended] == [
            ["False", "False"],
            ["True", "True"],
            ["False", "False"],
        ]
        assert "'finished': 2" in ended[-1]
