"""Several tabs of one session: they follow each other, and nobody's work is overwritten."""

from __future__ import annotations

import time

import pytest
from streamlit.testing.v1 import AppTest
from support.tabs import app, link, log_of, messages, ran, same_session, session_of, tab_of

BODY = """
def triple():
    st.session_state.a = st.session_state.a * 3

if "a" not in st.session_state:
    st.session_state.a = pd.DataFrame({"x": [1, 2]})
    st.session_state.b = pd.DataFrame({"y": [1, 2]})
if st.button("a"):
    st.session_state.a = st.session_state.a + 1
if st.button("b"):
    st.session_state.b = st.session_state.b + 10
if st.button("undo"):
    srs.attach(URL, identity="url").undo()
    st.rerun()
st.button("triple a", on_click=triple)
st.slider("n", 0, 100, 3, key="n")
st.markdown(f"{st.session_state.a['x'].tolist()} {st.session_state.b['y'].tolist()}")
"""


@pytest.fixture(params=["memory", "redis"])
def url(request: pytest.FixtureRequest) -> str:
    found = request.getfixturevalue(f"{request.param}_url")
    assert isinstance(found, str)
    return found


def two_tabs(url: str) -> tuple[AppTest, AppTest]:
    body = BODY.replace("URL", repr(url))
    one = ran(app(body, url))
    return one, ran(same_session(body, url, one))


def shown(at: AppTest) -> str:
    assert not at.exception, [error.message for error in at.exception]
    return str(at.markdown[0].value)


def test_an_edit_shows_in_the_other_tab_at_its_next_run(url: str) -> None:
    one, other = two_tabs(url)
    other.button[0].click().run()
    ran(one)

    assert shown(one) == shown(other) == "[2, 3] [1, 2]"
    assert len(log_of(one)) == 2
    assert tab_of(one).notices == {}


def test_an_undo_shows_in_the_other_tab(url: str) -> None:
    one, other = two_tabs(url)
    one.button[0].click().run()
    ran(other)
    other.button[2].click().run()
    ran(one)

    assert shown(one) == shown(other) == "[1, 2] [1, 2]"
    assert session_of(one).can_redo


def test_edits_in_turn_stay_on_one_branch(url: str) -> None:
    one, other = two_tabs(url)
    for _ in range(3):
        one.button[0].click().run()
        other.button[0].click().run()
    ran(one)

    assert shown(one) == "[7, 8] [1, 2]"
    assert set(session_of(one).graph().branches) == {"main"}
    assert len(log_of(one)) == 7


def test_edits_of_different_values_are_both_kept(url: str) -> None:
    """Both tabs edit before either has seen what the other did."""
    one, other = two_tabs(url)
    session_of(one)["a"] = session_of(one)["a"] + 1  # type: ignore[operator]
    session_of(one).commit()
    other.session_state["b"] = other.session_state["b"] + 10
    other.run()
    ran(one)
    ran(other)

    assert shown(one) == shown(other) == "[2, 3] [11, 12]"
    assert set(session_of(one).graph().branches) == {"main"}
    assert len(log_of(other)) == 3


def test_edits_of_the_same_value_go_to_a_branch_and_the_tab_says_so(url: str) -> None:
    one, other = two_tabs(url)
    one.button[0].click().run()
    other.session_state["a"] = other.session_state["a"] * 100
    other.run()

    graph = session_of(other).graph()
    assert set(graph.branches) == {"main", "main-2"}
    assert shown(other) == "[100, 200] [1, 2]"
    assert session_of(other).read("main", "a")["x"].tolist() == [2, 3]  # type: ignore[index]
    (notice,) = tab_of(other).notices.values()
    assert notice.level == "info"
    assert "main-2" in notice.text
    ran(one)
    assert shown(one) == "[100, 200] [1, 2]"


def test_a_callback_s_edit_is_not_overwritten_by_what_another_tab_did(url: str) -> None:
    """Callbacks run before the script's first line, so before the tab follows the other one."""
    one, other = two_tabs(url)
    other.button[0].click().run()
    one.button[3].click().run()

    assert shown(one) == "[3, 6] [1, 2]"
    assert set(session_of(one).graph().branches) == {"main", "main-2"}
    assert session_of(one).read("main", "a")["x"].tolist() == [2, 3]  # type: ignore[index]
    assert session_of(one).read("main-2", "a")["x"].tolist() == [3, 6]  # type: ignore[index]


def test_a_callback_and_the_body_after_it_are_one_version(url: str) -> None:
    one, other = two_tabs(url)
    other.button[1].click().run()
    one.button[3].click().run()
    ran(one)

    assert shown(one) == "[3, 6] [11, 12]"
    assert set(session_of(one).graph().branches) == {"main"}
    assert len(log_of(one)) == 3


def test_a_slider_that_a_person_has_just_moved_stays_there(url: str) -> None:
    one, other = two_tabs(url)
    other.slider[0].set_value(50)
    other.button[0].click().run()
    one.slider[0].set_value(7).run()

    assert one.slider[0].value == 7
    assert shown(one) == "[2, 3] [1, 2]"


def test_what_another_program_commits_shows_in_the_tab(url: str) -> None:
    one, _ = two_tabs(url)
    program = tab_of(one).hub.store.session(link(one))
    program["a"] = program["a"].head(1)  # type: ignore[attr-defined]
    del program["b"]
    program.commit("From outside")
    one.run()

    assert "b" not in one.session_state
    assert len(one.session_state["a"]) == 1
    assert messages(one)[-1] == "From outside"


def test_a_session_that_is_deleted_under_a_tab_goes_on_as_a_new_one(url: str) -> None:
    one, _ = two_tabs(url)
    one.button[0].click().run()
    before = link(one)
    tab_of(one).hub.store.delete(before)
    ran(one)

    assert link(one) != before
    assert shown(one) == "[2, 3] [1, 2]"
    assert tab_of(one).save_state.state == "saved"
    assert "does not exist" in tab_of(one).notices["identity"].text
    again = ran(app("", url, session=link(one)))
    assert again.session_state["a"]["x"].tolist() == [2, 3]


def test_values_that_only_contents_can_tell_apart_follow_too(url: str) -> None:
    body = """
    import numpy as np
    st.session_state.setdefault("array", np.zeros(3))
    if st.button("edit"):
        st.session_state.array[0] += 1
    st.markdown(str(st.session_state.array.tolist()))
    """
    one = ran(app(body, url))
    other = ran(same_session(body, url, one))
    for _ in range(2):
        other.button[0].click().run()
        ran(one)
        assert shown(one) == shown(other)

    assert shown(one) == "[2.0, 0.0, 0.0]"
    assert len(log_of(one)) == 3


def test_a_value_left_out_does_not_keep_a_tab_from_following(url: str) -> None:
    body = """
    st.session_state.setdefault("odd", pd.DataFrame({"a": [object()]}))
    st.session_state.setdefault("df", pd.DataFrame({"a": [1]}))
    if st.button("edit"):
        st.session_state.df = st.session_state.df + 1
    st.markdown(str(st.session_state.df["a"].tolist()))
    """
    one = ran(app(body, url))
    other = ran(same_session(body, url, one))
    other.button[0].click().run()
    ran(one)

    assert shown(one) == "[2]"
    assert tab_of(one).save_state.state == "saved"


def test_tabs_that_are_gone_are_forgotten(memory_url: str) -> None:
    one, other = two_tabs(memory_url)
    hub = tab_of(one).hub
    assert len(hub.others(tab_of(one))) == 1
    hub.writer.flush(timeout_s=10)
    del other
    import gc  # noqa: PLC0415

    gc.collect()
    assert hub.others(tab_of(one)) == []


def test_a_tab_of_a_session_that_is_still_empty_hears_of_the_first_value(memory_url: str) -> None:
    one = ran(app("st.session_state.get('df')", memory_url))
    two = ran(same_session("st.session_state.get('df')", memory_url, one))

    assert not session_of(two)
    assert tab_of(one).hub.others(tab_of(one)) == [tab_of(two)]


def test_a_run_that_others_caused_is_told_as_nobody_s_work(url: str) -> None:
    """Otherwise two processes whose app makes a new frame in every run would never rest."""
    one = ran(
        app("import random\nst.session_state.df = pd.DataFrame({'a': [random.random()]})", url)
    )
    hub, heard = tab_of(one).hub, []
    subscription = hub.store.subscribe(lambda *change: heard.append(change[2]), lambda _: None)
    for is_woken in (False, True, False):
        tab_of(one).is_woken = is_woken
        ran(one)
        hub.writer.flush(timeout_s=10)
        deadline = time.monotonic() + 20
        while not heard and time.monotonic() < deadline:
            time.sleep(0.01)
        told = heard.pop()
        assert (told.kind, told.moves_head, told.is_quiet) == (b"commit", True, is_woken)
    subscription.close()
