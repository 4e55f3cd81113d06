"""What makes a version and what does not, what is restored, and what is left out."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from support.servers import RedisServer
from support.tabs import (
    app,
    link,
    log_of,
    messages,
    ran,
    same_session,
    session_of,
    tab_of,
)

FRAME = "st.session_state.setdefault('df', pd.DataFrame({'a': range(10)}))\n"


# --- unchanged ---------------------------------------------------------------------------------


def test_an_unchanged_rerun_makes_no_version_and_writes_nothing(redis_url: str) -> None:
    at = ran(app(FRAME + "st.slider('n', 0, 9, 3, key='n')", redis_url))
    tab_of(at).hub.writer.flush(timeout_s=10)
    seq = session_of(at).seen_seq
    for _ in range(5):
        ran(at)

    assert len(log_of(at)) == 1
    assert session_of(at).seen_seq == seq
    assert not session_of(at).is_behind()


def test_an_unchanged_rerun_sends_one_small_question(
    redis_url: str, redis_server: RedisServer
) -> None:
    at = ran(app(FRAME, redis_url))
    tab_of(at).hub.writer.flush(timeout_s=10)
    with redis_server.client() as client:
        ran(at)
        client.config_resetstat()
        ran(at)
        used = {name.removeprefix("cmdstat_") for name in client.info("commandstats")}
        sent = client.info("stats")["total_net_input_bytes"]

    assert used - {"config|resetstat", "info"} <= {"hget", "hmget"}
    assert sent < 500


@pytest.mark.parametrize(
    "made",
    [
        "pd.DataFrame({'a': [[1], [2]]})",
        "pd.DataFrame({'a': [{'b': 1}, None, 'x']})",
        "np.arange(5.0)",
        "{'arrays': [np.eye(2)]}",
    ],
)
def test_values_that_only_contents_can_tell_apart_do_not_flicker(
    made: str, memory_url: str
) -> None:
    body = f"""
    import numpy as np
    if "x" not in st.session_state:
        st.session_state.x = {made}
    srs.toolbar()
    """
    at = ran(app(body, memory_url))
    ran(at)
    tab = tab_of(at)
    states: list[str] = []
    tab.drawing.redraw = lambda: states.append(tab.save_state.state)  # type: ignore[method-assign]
    for _ in range(3):
        seq = session_of(at).seen_seq
        ran(at)
        assert session_of(at).seen_seq == seq

    assert set(states) <= {"saved"}
    assert len(log_of(at)) == 1
    assert ran(same_session(body, memory_url, at)).session_state.x is not None


def test_an_equal_frame_made_anew_is_no_version(memory_url: str) -> None:
    at = ran(app("st.session_state.df = pd.DataFrame({'a': range(10)})", memory_url))
    for _ in range(3):
        ran(at)

    assert len(log_of(at)) == 1


# --- settings ----------------------------------------------------------------------------------


def test_settings_alone_make_no_version_but_are_there_after_a_refresh(memory_url: str) -> None:
    body = """
    st.session_state.setdefault("count", 0)
    if st.button("more"):
        st.session_state.count += 1
        st.session_state.notes = {"on": dt.date(2024, 1, 2), "tags": ["a", None, 1.5]}
    """
    body = "import datetime as dt\n" + FRAME + body.replace("\n    ", "\n")
    at = ran(app(body, memory_url))
    at.button[0].click().run()
    again = ran(same_session(body, memory_url, at))

    assert len(log_of(at)) == 1
    assert again.session_state.count == 1
    assert again.session_state.notes == {"on": dt.date(2024, 1, 2), "tags": ["a", None, 1.5]}


def test_a_setting_changed_in_place_is_saved(memory_url: str) -> None:
    body = """
    notes = st.session_state.setdefault("notes", [])
    if st.button("more"):
        notes.append("x")
    """
    at = ran(app(body, memory_url))
    at.button[0].click().run()

    assert ran(same_session(body, memory_url, at)).session_state.notes == ["x"]


def test_a_deleted_setting_stays_deleted(memory_url: str) -> None:
    body = """
    if st.button("set"):
        st.session_state.note = 1
    if st.button("delete"):
        del st.session_state["note"]
    """
    at = ran(app(body, memory_url))
    at.button[0].click().run()
    assert ran(same_session(body, memory_url, at)).session_state.note == 1
    at.button[1].click().run()

    assert "note" not in ran(same_session(body, memory_url, at)).session_state


WIDGETS = """
import datetime as dt
st.slider("slider", 0, 10, 3, key="slider")
st.text_input("text", "none", key="text")
st.selectbox("select", ["a", "b", "c"], key="select")
st.multiselect("multi", ["a", "b", "c"], key="multi")
st.checkbox("check", key="check")
st.radio("radio", ["a", "b"], key="radio")
st.number_input("number", 0.0, 9.0, 1.0, key="number")
st.date_input("date", dt.date(2020, 1, 1), key="date")
st.toggle("toggle", key="toggle")
st.text_area("area", key="area")
st.select_slider("range", ["x", "y", "z"], key="range")
"""


def test_keyed_widgets_show_in_a_new_tab_what_the_person_set(memory_url: str) -> None:
    at = ran(app(WIDGETS, memory_url))
    wanted: dict[str, Any] = {
        "slider": 7,
        "text": "Ada",
        "select": "c",
        "multi": ["a", "c"],
        "check": True,
        "radio": "b",
        "number": 2.5,
        "date": dt.date(2024, 2, 29),
        "toggle": True,
        "area": "two\nlines",
        "range": "y",
    }
    widgets: list[Any] = [
        *(*at.slider, *at.text_input, *at.selectbox, *at.multiselect, *at.checkbox, *at.radio),
        *(*at.number_input, *at.date_input, *at.toggle, *at.text_area, *at.select_slider),
    ]
    for widget in widgets:
        widget.set_value(wanted[widget.key])
    assert {widget.key for widget in widgets} == set(wanted)
    ran(at)
    again = ran(same_session(WIDGETS, memory_url, at))
    ran(again)

    shown = {key: again.session_state[key] for key in wanted}
    assert shown == wanted
    assert again.slider[0].value == 7
    assert again.text_input[0].value == "Ada"
    assert again.session_state["slider"] == 7
    assert log_of(again) == []


def test_buttons_editors_and_uploads_are_not_restored(memory_url: str) -> None:
    body = """
    st.session_state.setdefault("df", pd.DataFrame({"a": [1, 2]}))
    pressed = st.button("press", key="press")
    st.file_uploader("file", key="file")
    edited = st.data_editor(st.session_state.df, key="editor")
    st.markdown(str(pressed))
    """
    at = ran(app(body, memory_url))
    at.button[0].click().run()
    assert at.markdown[0].value == "True"
    again = ran(same_session(body, memory_url, at))

    assert again.markdown[0].value == "False"
    assert set(session_of(again)) == {"df"}
    assert tab_of(at).left_out == {}
    assert tab_of(again).left_out == {}


# --- include, exclude, label -------------------------------------------------------------------

MANY = """
for key in ("df", "df_raw", "tmp_df", "note", "tmp_note"):
    if key not in st.session_state:
        st.session_state[key] = pd.DataFrame({"a": [1]}) if "df" in key else 1
"""


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ("", {"df", "df_raw", "tmp_df", "note", "tmp_note"}),
        ("include=['df*']", {"df", "df_raw"}),
        ("include='df'", {"df"}),
        ("exclude=('tmp_*',)", {"df", "df_raw", "note"}),
        ("include=['*df', 'note'], exclude=['tmp?df']", {"df", "note"}),
        ("include=[]", set()),
        ("include=['DF']", set()),
    ],
)
def test_patterns_choose_what_is_kept(options: str, kept: set[str], memory_url: str) -> None:
    at = ran(app(MANY, memory_url, options=options))
    again = ran(app("", memory_url, session=link(at)))

    assert set(session_of(at)) == kept
    assert set(again._session_state.filtered_state) == kept


def test_what_another_app_of_the_session_keeps_is_left_alone(memory_url: str) -> None:
    first = ran(app(MANY, memory_url))
    other = ran(
        app(
            "st.session_state.df = pd.DataFrame({'b': [1, 2]}); st.session_state.mine = 2",
            memory_url,
            options="include=['df', 'mine']",
            session=link(first),
        )
    )
    again = ran(app("", memory_url, session=link(first)))

    assert "note" not in other.session_state
    assert messages(other)[-1] == "df: +1 row, + b, - a"
    assert again.session_state.note == 1
    assert again.session_state.mine == 2
    assert len(again.session_state.df_raw) == 1


def test_a_pattern_that_changes_while_the_app_runs_removes_nothing(memory_url: str) -> None:
    body = """
    import pandas as pd, streamlit as st, streamlit_redis_session as srs
    n = st.session_state["_n"] = st.session_state.get("_n", 0) + 1
    srs.attach(URL, identity="url", exclude=["_n"] + (["df"] if n > 1 else []))
    st.session_state.setdefault("df", pd.DataFrame({"a": [1]}))
    """
    at = AppTest.from_string(
        "\n".join(line[4:] for line in body.replace("URL", repr(memory_url)).splitlines())
    )
    ran(at)
    ran(at)
    ran(at)

    assert messages(at) == ["df: new, 1 x 1"]
    assert "df" in session_of(at)


def test_label_names_the_version_that_the_run_makes_and_no_other(memory_url: str) -> None:
    body = FRAME + (
        "if st.button('drop'):\n"
        "    st.session_state.df = st.session_state.df.head(5)\n"
        "    srs.label('Dropped   the\\nlast five')\n"
        "if st.button('nothing'):\n"
        "    srs.label('never seen')\n"
        "if st.button('more'):\n"
        "    st.session_state.df = st.session_state.df.head(2)\n"
    )
    at = ran(app(body, memory_url))
    for button in range(3):
        at.button[button].click().run()

    assert messages(at) == ["df: new, 10 x 1", "Dropped the last five", "df: -3 rows"]


@pytest.mark.parametrize("label", ["'x' * 5000", "'\\N{SNOWMAN}' * 300", "12", "''", "'  '"])
def test_any_label_makes_a_version_with_a_message(label: str, memory_url: str) -> None:
    at = ran(app(f"srs.label({label})\n{FRAME}", memory_url))

    (message,) = messages(at)
    assert 1 <= len(message) <= 200
