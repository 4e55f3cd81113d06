"""The widget in a running app: a message of the browser moves head, state and page."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest
from support.tabs import (
    app,
    log_of,
    messages,
    pause,
    payloads,
    ran,
    same_session,
    script,
    send,
    session_of,
    tab_of,
)

BODY = """
if "raw" not in st.session_state:
    st.session_state.raw = pd.DataFrame({"a": range(10)})
n = st.slider("n", 0, 10, 3, key="n")
colour = st.selectbox("colour", ["red", "blue"], key="colour")
st.session_state.cut = st.session_state.raw.head(n)
with st.sidebar:
    srs.version_graph()
srs.toolbar()
st.markdown(f"{len(st.session_state.cut)} {n} {colour}")
"""


def shown(at: AppTest) -> str:
    assert not at.exception, [error.message for error in at.exception]
    return str(at.markdown[0].value)


def checkout(at: AppTest, version: str, seq: int, *, key: str = "version_graph") -> AppTest:
    message = {"kind": "checkout", "version": version, "branch": None, "client": "c", "seq": seq}
    return send(at, message, key=key)


def stepped(url: str, *cuts: int) -> AppTest:
    at = ran(app(BODY, url))
    for n in cuts:
        pause(at)
        at.slider[0].set_value(n).run()
    return at


@pytest.mark.parametrize("key", ["version_graph", "version_toolbar"])
def test_an_undo_brings_back_the_frame_and_the_slider_it_was_made_from(
    key: str, memory_url: str
) -> None:
    at = stepped(memory_url, 5, 8)
    assert shown(at) == "8 8 red"
    total = len(session_of(at).graph().versions)

    checkout(at, log_of(at)[1].id, 1, key=key)

    assert shown(at) == "5 5 red"
    assert at.slider[0].value == 5
    ran(at)
    ran(at)
    assert shown(at) == "5 5 red"
    assert len(session_of(at).graph().versions) == total
    assert session_of(at).can_redo


def test_an_undo_leaves_settings_alone_that_played_no_part(memory_url: str) -> None:
    at = stepped(memory_url, 5, 8)
    at.selectbox[0].set_value("blue").run()
    assert shown(at) == "8 8 blue"
    checkout(at, log_of(at)[1].id, 1)

    assert shown(at) == "5 5 blue"


def test_the_browser_is_told_that_its_step_was_done(memory_url: str) -> None:
    at = stepped(memory_url, 5)
    target = log_of(at)[1].id
    checkout(at, target, 4)
    sent = payloads(ran(at))["version_graph"]

    assert sent["ack"] == {"client": "c", "seq": 4, "error": None}
    assert sent["head"]["version"] == target
    assert payloads(at)["version_toolbar"]["ack"] is None


def test_redo_comes_back_to_where_undo_left(memory_url: str) -> None:
    at = stepped(memory_url, 5, 8)
    tip, parent = (version.id for version in log_of(at)[:2])
    checkout(at, parent, 1)
    (redo,) = payloads(ran(at))["version_graph"]["redo"]
    checkout(at, redo, 2)

    assert redo == tip
    assert shown(at) == "8 8 red"
    assert not session_of(at).can_redo


def test_an_edit_after_an_undo_goes_to_a_branch_and_keeps_the_old_tip(memory_url: str) -> None:
    at = stepped(memory_url, 5, 8)
    tip = log_of(at)[0].id
    checkout(at, log_of(at)[1].id, 1)
    at.slider[0].set_value(1).run()
    graph = session_of(at).graph()

    assert shown(at) == "1 1 red"
    assert graph.branches["main"] == tip  # type: ignore[index]
    assert graph.head.branch == "main-2"


def test_an_undo_survives_a_refresh(memory_url: str) -> None:
    at = stepped(memory_url, 5, 8)
    checkout(at, log_of(at)[1].id, 1)

    assert shown(ran(same_session(BODY, memory_url, at))) == "5 5 red"


def test_an_undo_in_one_tab_shows_in_the_other(memory_url: str) -> None:
    at = stepped(memory_url, 5, 8)
    other = ran(same_session(BODY, memory_url, at))
    checkout(at, log_of(at)[1].id, 1)

    assert shown(ran(other)) == "5 5 red"


def test_hostile_messages_change_nothing_in_a_running_app(memory_url: str) -> None:
    at = stepped(memory_url, 5, 8)
    foreign = stepped(memory_url, 2)
    before = session_of(at).graph()
    for seq, message in enumerate(
        [
            {"kind": "checkout", "version": log_of(foreign)[0].id, "client": "c", "seq": 1},
            {"kind": "checkout", "version": "0" * 40, "client": "c", "seq": 2},
            {"kind": "checkout", "version": "*", "client": "c", "seq": 3},
            {"kind": "checkout", "version": log_of(at)[1].id, "client": "c", "seq": -4},
            {"kind": "delete", "version": log_of(at)[1].id, "client": "c", "seq": 5},
            {"kind": "branch", "at": log_of(at)[1].id, "name": "main", "client": "c", "seq": 6},
            "text",
            [1, 2],
            None,
            {"version": "x" * 100_000},
        ]
    ):
        send(at, message)
        assert shown(at) == "8 8 red", seq
        assert session_of(at).graph() == before, seq


def test_the_error_of_a_step_that_cannot_be_done_comes_back(memory_url: str) -> None:
    at = stepped(memory_url, 5)
    checkout(at, "f" * 40, 9)
    ack = payloads(at)["version_graph"]["ack"]

    assert (ack["client"], ack["seq"]) == ("c", 9)
    assert "ffffffff" in ack["error"]


def test_a_message_sent_again_does_not_undo_what_came_after(memory_url: str) -> None:
    at = stepped(memory_url, 5, 8)
    target = log_of(at)[1].id
    checkout(at, target, 1)
    at.slider[0].set_value(2).run()
    checkout(at, target, 1)

    assert shown(at) == "2 2 red"


def test_what_an_interrupted_run_changed_is_committed_before_an_undo(memory_url: str) -> None:
    at = stepped(memory_url, 5)
    at.session_state["raw"] = at.session_state["raw"].assign(b=1)  # seen by no run yet
    checkout(at, log_of(at)[1].id, 1)
    tip = session_of(at).graph().branches["main"]  # type: ignore[index]

    assert list(at.session_state["raw"].columns) == ["a"]
    assert list(session_of(at).read(tip, "raw").columns) == ["a", "b"]  # type: ignore[attr-defined]


def test_a_label_and_the_automatic_messages_are_what_the_graph_shows(memory_url: str) -> None:
    at = stepped(memory_url, 5)
    sent = payloads(ran(at))["version_graph"]["versions"]

    assert [version["message"] for version in reversed(sent)] == messages(at)
    assert sent[0]["changes"] == ["cut: +2 rows"]


@pytest.mark.parametrize("call", ["version_graph(height=159)", "version_graph(height=-1)"])
def test_a_graph_that_is_too_low_is_reported(call: str, memory_url: str) -> None:
    at = app(f"srs.{call}", memory_url).run()

    assert "at least 160 pixels" in at.exception[0].message


def test_several_widgets_with_keys_of_their_own_may_stand_on_a_page(memory_url: str) -> None:
    at = ran(
        app(
            "srs.version_graph(); srs.version_graph(key='second'); srs.toolbar(key='third')",
            memory_url,
        )
    )

    assert set(payloads(at)) == {"version_graph", "second", "third"}
    assert set(tab_of(at).drawing._shown) == {"version_graph", "second", "third"}


def test_a_widget_shows_that_the_store_is_down() -> None:
    at = ran(
        script(
            """
            import streamlit_redis_session as srs
            srs.attach("redis://127.0.0.1:1/0")
            srs.version_graph()
            srs.toolbar()
            """
        )
    )
    send(at, {"kind": "checkout", "version": "0" * 40, "client": "c", "seq": 1})

    assert not at.exception
    sent = payloads(at)
    assert sent["version_toolbar"]["save"]["state"] == "not-saved"
    assert "127.0.0.1:1" in sent["version_graph"]["ack"]["error"]
