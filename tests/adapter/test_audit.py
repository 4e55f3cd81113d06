"""Writes around pandas: found after the run, saved as a step, and never taken for what was."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest
from support.tabs import app, messages, ran, same_session, session_of, tab_of

from streamlit_redis_session import codec

pytestmark = pytest.mark.skipif(
    int(pd.__version__.partition(".")[0]) < 3, reason="pandas 2 is compared by content"
)

APP = """
if "df" not in st.session_state:
    st.session_state.df = pd.DataFrame({"n": pd.array([1, 2, 3], dtype="Int64"), "k": 0})
if st.button("around"):
    st.session_state.df["n"].array[0] = 9
if st.button("through"):
    st.session_state.df.loc[1, "n"] = 7
if st.button("both"):
    st.session_state.df["n"].array[0] = 9
    st.session_state.df.loc[1, "n"] = 7
if st.button("another"):
    st.session_state.df["k"] = 5
st.markdown(str([int(each) for each in st.session_state.df["n"]]))
"""
AROUND, THROUGH, BOTH, ANOTHER = range(4)


def test_a_write_around_pandas_becomes_a_step(memory_url: str) -> None:
    at = ran(app(APP, memory_url))

    _click(at, AROUND)

    assert messages(at)[1:] == ["df: 1 cell of n"]
    assert _numbers(at, "HEAD") == [9, 2, 3]
    assert _numbers(at, "HEAD~1") == [1, 2, 3]


def test_the_version_before_a_write_around_pandas_is_as_it_was_stored(memory_url: str) -> None:
    """The frame in memory has been written to: an undo must not bring that back."""
    at = ran(app(APP, memory_url))
    _click(at, AROUND)

    session_of(at).undo()
    ran(at)

    assert at.markdown[-1].value == "[1, 2, 3]"


def test_a_write_around_pandas_and_one_through_it_are_both_stored(memory_url: str) -> None:
    """What the second moves to other memory has the first in it already."""
    at = ran(app(APP, memory_url))

    _click(at, BOTH)

    assert _numbers(at, "HEAD") == [9, 7, 3]
    assert _numbers(at, "HEAD~1") == [1, 2, 3]
    other = ran(same_session(APP, memory_url, at))
    assert other.markdown[-1].value == "[9, 7, 3]"


def test_a_write_around_pandas_to_a_column_that_an_edit_leaves_alone(memory_url: str) -> None:
    body = APP.replace('st.session_state.df["k"] = 5', AROUND_AND_ANOTHER)
    at = ran(app(body, memory_url))

    _click(at, ANOTHER)

    assert _numbers(at, "HEAD") == [9, 2, 3]
    assert session_of(at).read("HEAD", "df")["k"].tolist() == [5, 5, 5]  # type: ignore[index]


AROUND_AND_ANOTHER = """st.session_state.df["n"].array[0] = 9
    st.session_state.df["k"] = 5"""


def test_several_writes_around_pandas_are_as_many_steps(memory_url: str) -> None:
    body = APP.replace("array[0] = 9", "array[0] += 1")
    at = ran(app(body, memory_url))
    for _ in range(4):
        _click(at, AROUND)

    assert [_numbers(at, f"HEAD~{n}")[0] for n in range(5)] == [5, 4, 3, 2, 1]


def test_a_run_that_changes_nothing_makes_no_step(memory_url: str) -> None:
    at = ran(app(APP, memory_url))
    for _ in range(3):
        ran(at)

    assert len(messages(at)) == 1


def test_a_frame_over_an_array_that_the_app_keeps(memory_url: str) -> None:
    at = ran(
        app(
            """
            import numpy as np
            if "df" not in st.session_state:
                st.session_state._srs_kept = np.zeros(4)
                st.session_state.df = pd.DataFrame(st.session_state._srs_kept, copy=False)
            if st.button("write"):
                st.session_state._srs_kept[2] = 8.0
            """,
            memory_url,
        )
    )

    _click(at, 0)

    frame = session_of(at).read("HEAD", "df")
    assert frame[0].tolist() == [0, 0, 8, 0]  # type: ignore[index]
    assert len(messages(at)) == 2


def test_what_was_restored_is_looked_at_from_its_first_run_on(memory_url: str) -> None:
    first = ran(app(APP, memory_url))
    session = session_of(first)
    session._values._cache.clear()  # as in a fresh process
    writes = APP.replace('if st.button("another")', 'st.session_state.df["n"].array[0] = 4\nif 0')

    second = ran(same_session(writes, memory_url, first))

    assert _numbers(second, "HEAD") == [4, 2, 3]
    assert _numbers(second, "HEAD~1") == [1, 2, 3]


def test_a_tab_that_begins_a_run_stops_the_look_of_the_run_before(memory_url: str) -> None:
    at = ran(app(APP, memory_url))
    tab = tab_of(at)
    looked: list[bool] = []
    run = tab.audit._runs
    tab.audit.stop()
    frame = codec.snapshot(session_of(at)["df"])
    frame["n"].array[0] = 77  # type: ignore[index]
    looked.append(codec.check_memory(frame, stop=lambda: tab.audit._runs != run))

    assert looked == [False]


def test_memory_that_is_only_read_is_never_found_to_be_written_to() -> None:
    frame = pd.DataFrame({"a": np.arange(5.0), "s": list("abcde")})
    held = codec.snapshot(frame)
    codec.note_memory(held)

    frame["a"].sum()
    frame.sort_values("s", ascending=False)
    frame.loc[0, "a"] = 5.0

    assert not codec.check_memory(held)


def _click(at: AppTest, button: int) -> None:
    at.button[button].click()
    ran(at)


def _numbers(at: AppTest, ref: str) -> list[int]:
    frame = session_of(at).read(ref, "df")
    return [int(each) for each in frame["n"]]  # type: ignore[index]


def test_a_session_does_not_see_what_another_one_writes_around_pandas(memory_url: str) -> None:
    """Both hold the same content, so one memory: the one of the first comes to the second."""
    one = ran(app(APP, memory_url))
    other = ran(app(APP, memory_url))
    other = ran(same_session(APP, memory_url, other))
    shared = session_of(other)["df"]
    assert np.shares_memory(
        shared["n"].array._data,  # type: ignore[index]
        tab_of(other)._seen._data["df"].copy["n"].array._data,  # type: ignore[index]
    )

    shared["n"].array[0] = 9  # type: ignore[index]
    assert codec.check_memory(shared)
    ran(other)

    assert other.markdown[-1].value == "[1, 2, 3]"
    assert len(messages(other)) == 1
    assert len(messages(one)) == 1


def test_frozen_memory_makes_a_write_around_pandas_raise_where_it_is_made(memory_url: str) -> None:
    at = ran(app(APP, memory_url, options="detect='freeze'"))

    at.button[AROUND].click().run()

    assert "read-only" in at.exception[0].message
    ran(at)
    _click(at, THROUGH)
    assert _numbers(at, "HEAD") == [1, 7, 3]
    assert len(messages(at)) == 2


def test_frozen_memory_does_not_get_into_the_way_of_ordinary_edits(memory_url: str) -> None:
    at = ran(app(APP, memory_url, options="detect='freeze'"))
    for button in (THROUGH, ANOTHER):
        _click(at, button)
    session_of(at).undo()
    ran(at)
    _click(at, THROUGH)
    _click(at, ANOTHER)

    frame = session_of(at).read("HEAD", "df")
    assert frame["k"].tolist() == [5, 5, 5]  # type: ignore[index]


def test_a_write_around_pandas_to_a_version_that_is_not_shown(memory_url: str) -> None:
    """The app keeps the frame of before, and writes to it: an undo shows what was stored."""
    body = """
        if "df" not in st.session_state:
            st.session_state.df = pd.DataFrame({"n": pd.array([1, 2, 3], dtype="Int64")})
        if st.button("edit"):
            st.session_state._srs_before = st.session_state.df
            st.session_state.df = st.session_state.df * 10
        if st.button("around"):
            st.session_state._srs_before["n"].array[0] = 99
        st.markdown(str([int(each) for each in st.session_state.df["n"]]))
        """
    at = ran(app(body, memory_url))
    _click(at, 0)
    _click(at, 1)
    hub = tab_of(at).hub
    while hub.writer.is_idle_due(hub.sweep):
        hub.writer.finish_idle(hub.sweep)

    session_of(at).undo()
    ran(at)

    assert at.markdown[-1].value == "[1, 2, 3]"
    assert len(messages(at)) == 1
