"""Values that cannot be stored are named once, and keep nothing else from being saved."""

from __future__ import annotations

import logging

import pytest
from support.tabs import (
    app,
    link,
    log_of,
    messages,
    payloads,
    ran,
    script,
    tab_of,
)

import streamlit_redis_session as srs

ODD = {
    "a function": "lambda: 1",
    "an open file": "__import__('sys').__stderr__",
    "a frame of arbitrary objects": "pd.DataFrame({'a': [object(), 1]})",
    "a lock": "__import__('threading').Lock()",
    "a module": "pd",
    "a generator": "(n for n in 'ab')",
    "an object that raises when looked at": (
        "type('Odd', (), {'__class__': property(lambda self: 1 / 0)})()"
    ),
    "nested objects": "{'a': {'b': [object()]}}",
}


@pytest.mark.parametrize("value", ODD.values(), ids=ODD.keys())
def test_a_value_that_cannot_be_stored_is_named_once_and_the_rest_is_saved(
    value: str, memory_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    body = f"""
if "odd" not in st.session_state:
    st.session_state.odd = {value}
st.session_state.setdefault("df", pd.DataFrame({{"a": [1]}}))
st.session_state.setdefault("note", "kept")
if st.button("more"):
    st.session_state.df.loc[0, "a"] = 2
srs.toolbar()
"""
    with caplog.at_level(logging.WARNING, "streamlit_redis_session"):
        at = ran(app(body, memory_url))
        ran(at)
        at.button[0].click().run()
        ran(at)
    again = ran(app("", memory_url, session=link(at)))

    assert messages(at) == ["df: new, 1 x 1", "df: 1 cell of a"]
    assert again.session_state.note == "kept"
    assert "odd" not in again.session_state
    named = [r.message for r in caplog.records if "cannot be stored" in r.message]
    assert len(named) == 1
    assert named[0].startswith("odd")
    sent = payloads(at)["version_toolbar"]
    assert [each["key"] for each in sent["left_out"]] == ["odd"]
    assert sent["save"]["state"] == "saved"


@pytest.mark.parametrize(
    ("before", "length", "odd"),
    [
        ("pd.DataFrame({'a': [1]})", 1, "lambda: 1"),
        ("pd.DataFrame({'a': [1]})", 1, "pd.DataFrame({'a': [object()]})"),
        ("[1, 2]", 2, "lambda: 1"),
        ("[1, 2]", 2, "[1, lambda: 2, 3]"),
    ],
)
def test_a_value_that_becomes_unstorable_keeps_its_last_stored_version(
    before: str, length: int, odd: str, memory_url: str
) -> None:
    body = f"""
st.session_state.setdefault("x", {before})
if st.button("break"):
    st.session_state.x = {odd}
st.session_state.setdefault("note", 0)
st.session_state.note += 1
"""
    at = ran(app(body, memory_url))
    versions = len(log_of(at))
    at.button[0].click().run()
    ran(at)
    assert set(tab_of(at).left_out) == {"x"}
    again = ran(app("", memory_url, session=link(at)))

    assert len(log_of(at)) == versions
    assert len(again.session_state.x) == length
    assert again.session_state.note == 3


@pytest.mark.parametrize("way_out", ["st.session_state.x = 1", "del st.session_state['x']"])
@pytest.mark.parametrize("odd", ["lambda: 1", "pd.DataFrame({'a': [object()]})"])
def test_a_value_is_no_longer_named_when_it_is_mended_or_gone(
    odd: str, way_out: str, memory_url: str
) -> None:
    body = f"""
if st.button("break"):
    st.session_state.x = {odd}
if st.button("mend"):
    {way_out}
"""
    at = ran(app(body, memory_url))
    at.button[0].click().run()
    assert set(tab_of(at).left_out) == {"x"}
    at.button[1].click().run()

    assert tab_of(at).left_out == {}


def test_a_frame_that_is_mended_is_saved_and_no_longer_named(memory_url: str) -> None:
    body = """
    if st.button("break"):
        st.session_state.df = pd.DataFrame({"a": [object()]})
    if st.button("mend"):
        st.session_state.df = pd.DataFrame({"a": [1]})
    """
    at = ran(app(body, memory_url))
    at.button[0].click().run()
    at.button[1].click().run()

    assert tab_of(at).left_out == {}
    assert messages(at) == ["df: new, 1 x 1"]


def test_a_value_above_the_limit_is_left_out(memory_url: str) -> None:
    store = srs.connect(memory_url, limits=srs.Limits(value_bytes=1000))
    body = """
    st.session_state.setdefault("big", pd.DataFrame({"a": range(1000)}))
    st.session_state.setdefault("small", pd.DataFrame({"a": range(10)}))
    """
    at = script(
        "import pandas as pd, streamlit as st, streamlit_redis_session as srs\n"
        f"srs.attach(srs.connect({memory_url!r}, limits=srs.Limits(value_bytes=1000)),"
        " identity='url')\n" + "\n".join(line[4:] for line in body.splitlines())
    )
    ran(at)
    ran(at)

    assert messages(at) == ["small: new, 10 x 1"]
    assert "the limit is 1,000" in tab_of(at).left_out["big"]
    assert set(store.session(link(at))) == {"small"}


def test_a_session_that_is_full_says_so_and_the_app_goes_on(memory_url: str) -> None:
    limits = "srs.Limits(session_bytes=50_000)"
    body = f"""import numpy as np, pandas as pd, streamlit as st, streamlit_redis_session as srs
srs.attach(srs.connect({memory_url!r}, limits={limits}), identity='url')
if "df" not in st.session_state:
    st.session_state.df = pd.DataFrame({{"x": np.random.default_rng(0).random(4000)}})
if st.button("replace"):
    st.session_state.df = pd.DataFrame({{"x": np.random.default_rng(1).random(4000)}})
st.write(len(st.session_state.df))
"""
    keeper = srs.connect(memory_url)
    at = ran(script(body))
    ran(at)
    at.button[0].click().run()
    ran(at)

    state = tab_of(at).save_state
    assert state.state == "not-saved"
    assert "session.prune(keep=...)" in (state.reason or "")
    assert not at.exception
    session = keeper.session(link(at))
    assert len(session.log()) == 1
    shown = at.session_state.df
    assert not shown.equals(session["df"])
