"""Reading, restoring and writing one tab's session state, seen through AppTest."""

# ruff: noqa: PLC0415
# AppTest runs the source text of a function, so its imports stand inside.

from __future__ import annotations

import datetime as dt
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import FunctionType

import pytest
from streamlit.testing.v1 import AppTest

from streamlit_redis_session.adapter._streamlit_private import Run, WidgetKind

Runs = list[Run]


def app(script: Callable[[], None]) -> AppTest:
    assert isinstance(script, FunctionType)
    return AppTest.from_function(script, default_timeout=20)


# --- reading ----------------------------------------------------------------------------------


def every_widget() -> None:
    import pandas as pd
    import streamlit as st

    st.session_state["df"] = [1]
    st.session_state["_srs_own"] = "internal"
    st.slider("a slider without a key", 0, 10)
    st.slider("s", 0, 10, key="slider")
    st.select_slider("s", ["low", "high"], key="select_slider")
    st.text_input("s", key="text_input")
    st.text_area("s", key="text_area")
    st.number_input("s", key="number_input")
    st.selectbox("s", ["a", "b"], key="selectbox")
    st.multiselect("s", ["a", "b"], key="multiselect")
    st.checkbox("s", key="checkbox")
    st.toggle("s", key="toggle")
    st.radio("s", ["a", "b"], key="radio")
    st.date_input("s", key="date_input")
    st.time_input("s", key="time_input")
    st.color_picker("s", key="color_picker")
    st.segmented_control("s", ["a", "b"], key="segmented_control")
    st.pills("s", ["a", "b"], key="pills")
    st.feedback(key="feedback")
    st.button("s", key="button")
    st.download_button("s", b"", key="download_button")
    st.chat_input("s", key="chat_input")
    st.file_uploader("s", key="file_uploader")
    st.camera_input("s", key="camera_input")
    st.audio_input("s", key="audio_input")
    frame = pd.DataFrame({"x": [1, 2]})
    st.data_editor(frame, key="data_editor")
    st.dataframe(frame, key="dataframe", on_select="rerun")
    st.vega_lite_chart(
        frame,
        {
            "mark": "point",
            "params": [{"name": "p", "select": "point"}],
            "encoding": {"x": {"field": "x"}},
        },
        key="vega",
        on_select="rerun",
    )
    with st.form("form"):
        st.text_input("s", key="in_form")
        st.form_submit_button("s", key="form_submit")


RESTORABLE = {
    *("slider", "select_slider", "text_input", "text_area", "number_input", "selectbox"),
    *("multiselect", "checkbox", "toggle", "radio", "date_input", "time_input"),
    *("color_picker", "segmented_control", "pills", "feedback", "in_form"),
}


def test_the_app_s_entries_and_its_keyed_settings_are_read_and_nothing_else(runs: Runs) -> None:
    at = app(every_widget).run()

    assert not at.exception
    values = runs[-1].state.read()
    assert values.keys() == {"df"} | RESTORABLE
    assert values["slider"] == 0
    assert values["toggle"] is False
    assert isinstance(values["date_input"], dt.date)


def test_only_settings_are_restorable_never_triggers_uploads_or_editors(runs: Runs) -> None:
    app(every_widget).run()

    kinds = runs[-1].state.widget_kinds()
    assert {key for key, kind in kinds.items() if kind.is_restorable} == RESTORABLE
    assert kinds["button"] is WidgetKind.TRIGGER
    assert kinds["download_button"] is WidgetKind.TRIGGER
    assert kinds["form_submit"] is WidgetKind.TRIGGER
    assert kinds["chat_input"] is WidgetKind.TRIGGER
    assert kinds["file_uploader"] is WidgetKind.UPLOAD
    assert kinds["camera_input"] is WidgetKind.UPLOAD
    assert kinds["audio_input"] is WidgetKind.UPLOAD
    assert kinds["data_editor"] is WidgetKind.EDITOR
    assert kinds["dataframe"] is WidgetKind.SELECTION
    assert kinds["vega"] is WidgetKind.SELECTION


def test_a_pressed_button_is_not_read(runs: Runs) -> None:
    at = app(every_widget).run()
    at.button(key="button").click().run()

    assert runs[-1].state.read().keys() == {"df"} | RESTORABLE


def test_what_the_person_chose_is_read_also_after_the_run_failed(runs: Runs) -> None:
    def script() -> None:
        import streamlit as st

        if st.slider("n", 0, 10, key="n") > 5:
            raise ValueError("too many")
        st.text_input("name", key="name")

    at = app(script).run()
    at.text_input(key="name").set_value("Ada")
    at.slider(key="n").set_value(7).run()

    assert runs[-1].state.read() == {"n": 7, "name": "Ada"}


def test_the_values_read_are_the_live_objects(runs: Runs) -> None:
    def script() -> None:
        import streamlit as st

        if "df" not in st.session_state:
            st.session_state["df"] = object()

    at = app(script).run()
    at.run()

    first, second = (run.state.read()["df"] for run in runs)
    assert first is second


# --- restoring and writing --------------------------------------------------------------------


def restored_app() -> None:
    import streamlit as st

    from streamlit_redis_session.adapter import _streamlit_private as private

    if not private.tab_slot().get("is_restored"):
        private.tab_slot()["is_restored"] = True
        private.restore_state(
            {"n": 7, "name": "Ada", "pick": "b", "tick": True, "df": [1], "later": "kept"}
        )
    n = st.slider("n", 0, 10, 3, key="n")
    name = st.text_input("name", "nobody", key="name")
    pick = st.selectbox("pick", ["a", "b"], key="pick")
    tick = st.checkbox("tick", key="tick")
    st.write(f"{n} {name} {pick} {tick} {st.session_state['df']}")


def test_restored_settings_show_and_return_the_saved_values(
    runs: Runs, caplog: pytest.LogCaptureFixture
) -> None:
    at = app(restored_app).run()

    assert not at.exception
    assert at.markdown[0].value == "7 Ada b True [1]"
    assert at.slider(key="n").value == 7
    assert at.checkbox(key="tick").value is True
    assert runs[-1].state.read()["later"] == "kept"
    assert "default value" not in caplog.text


def test_a_restored_setting_gives_way_to_what_the_person_sets_next(runs: Runs) -> None:
    at = app(restored_app).run()
    at.slider(key="n").set_value(2).run()

    assert at.markdown[0].value == "2 Ada b True [1]"
    assert runs[-1].state.read()["n"] == 2
    at.run()
    assert at.markdown[0].value == "2 Ada b True [1]"


def test_a_restored_value_does_not_come_back_when_its_widget_was_hidden(runs: Runs) -> None:
    def script() -> None:
        import streamlit as st

        from streamlit_redis_session.adapter import _streamlit_private as private

        slot = private.tab_slot()
        if slot.setdefault("runs", 0) == 0:
            private.restore_state({"n": 7})
        slot["runs"] += 1
        st.checkbox("hide", key="hide")
        if not st.session_state["hide"]:
            st.slider("n", 0, 10, 3, key="n")

    at = app(script).run()
    at.slider(key="n").set_value(2).run()
    at.checkbox(key="hide").check().run()
    at.checkbox(key="hide").uncheck().run()

    # as any other slider without persist_state: back to its default
    assert at.slider(key="n").value == 3
    assert runs[-1].state.read()["n"] == 3


def test_a_saved_setting_whose_key_is_a_button_now_does_not_stay_pressed(runs: Runs) -> None:
    def script() -> None:
        import streamlit as st

        from streamlit_redis_session.adapter import _streamlit_private as private

        slot = private.tab_slot()
        if slot.setdefault("runs", 0) == 0:
            private.restore_state({"go": 7})
        slot["runs"] += 1
        st.write(f"pressed: {bool(st.button('go', key='go'))}")

    at = app(script).run()
    at.run()

    assert not at.exception
    assert at.markdown[0].value == "pressed: False"
    assert runs[-1].state.read() == {}
    assert "go" not in runs[-1].state._state._old_state


def test_a_callback_may_set_and_remove_what_the_body_then_sees(runs: Runs) -> None:
    def script() -> None:
        import streamlit as st

        from streamlit_redis_session.adapter import _streamlit_private as private

        def undo() -> None:
            st.session_state["was_callback"] = private.is_callback()
            st.session_state["refused"] = private.write_state({"df": [1], "n": 3, "undo": True})
            private.delete_state(["extra", "never there"])

        st.session_state.setdefault("df", [1, 2])
        if "n" not in st.session_state:
            st.session_state["extra"] = 1
        st.slider("n", 0, 10, key="n")
        st.button("undo", key="undo", on_click=undo)

    at = app(script).run()
    at.slider(key="n").set_value(9).run()
    at.button(key="undo").click().run()

    assert not at.exception
    assert at.slider(key="n").value == 3
    assert runs[-1].state.read() == {
        "df": [1],
        "n": 3,
        "was_callback": True,
        "refused": ("undo",),
    }


@pytest.mark.usefixtures("switch_threads_often")
def test_reading_while_another_thread_moves_entries_never_misses_one(runs: Runs) -> None:
    """A newer run compacts the same state while the end of the older one is read."""
    app(restored_app).run()
    tab = runs[-1].state

    def set_and_compact() -> None:
        for n in range(300):
            tab._state._new_session_state[f"value {n}"] = n
            time.sleep(0)
            tab._state._compact_state()

    mover = threading.Thread(target=set_and_compact)
    mover.start()
    seen: set[str] = set()
    lost: set[str] = set()
    while mover.is_alive():
        keys = tab.read().keys()
        lost |= seen - keys
        seen |= keys
    mover.join()

    assert not lost
    assert len(seen) > 100


@pytest.fixture
def switch_threads_often() -> Iterator[None]:
    before_s = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before_s)
