"""Rule 7: what one slider or text input does within two seconds is one step."""

from __future__ import annotations

from datetime import date

import pytest
from streamlit.testing.v1 import AppTest
from support.tabs import app, log_of, messages, ran, same_session, send, session_of, tab_of

APP = """
base = pd.DataFrame({"x": range(100)})
least = st.slider("least", 0, 100, 0, key="least")
word = st.text_input("word", key="word")
st.number_input("factor", 0, 10, 1, key="factor")
st.selectbox("choice", [0, 1, 2], key="choice")
if st.button("more"):
    st.session_state.more = st.session_state.get("more", 0) + 1
df = base[base["x"] >= least]
df = df * st.session_state.factor + st.session_state.choice + st.session_state.get("more", 0)
st.session_state.df = df.assign(word=word)
st.markdown(str(len(st.session_state.df)))
"""


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def a_tab(url: str, body: str = APP) -> tuple[AppTest, Clock]:
    at = ran(app(body, url))
    tab_of(at).steps.clock = clock = Clock()
    return at, clock


def drag(at: AppTest, clock: Clock, *values: int, every_s: float = 0.2) -> None:
    for value in values:
        clock.now += every_s
        at.slider[0].set_value(value).run()
        assert not at.exception, [error.message for error in at.exception]


def rows(at: AppTest) -> int:
    return int(at.markdown[0].value)


def graph_size(at: AppTest) -> int:
    return len(session_of(at).graph().versions)


def test_a_drag_is_one_version(memory_url: str) -> None:
    at, clock = a_tab(memory_url)
    drag(at, clock, 1, 2, 3, 4, 5)

    assert messages(at)[1:] == ["df: -5 rows"]
    assert graph_size(at) == 2
    assert rows(at) == 95


def test_a_pause_of_more_than_two_seconds_begins_another_step(memory_url: str) -> None:
    at, clock = a_tab(memory_url)
    drag(at, clock, 1, 2, 3, every_s=2.5)

    assert messages(at)[1:] == ["df: -1 row"] * 3


def test_a_long_drag_is_one_step_as_long_as_it_goes_on(memory_url: str) -> None:
    at, clock = a_tab(memory_url)
    drag(at, clock, 1, 2, 3, 4, every_s=2.0)

    assert messages(at)[1:] == ["df: -4 rows"]


def test_undo_after_a_drag_goes_to_before_it_and_redo_to_its_end(memory_url: str) -> None:
    at, clock = a_tab(memory_url)
    drag(at, clock, 10, 20, 30)
    session = session_of(at)
    session.undo()
    ran(at)

    assert rows(at) == 100
    assert session.can_redo
    session.redo()
    assert len(session["df"]) == 70  # type: ignore[arg-type]


def test_a_drag_that_ends_where_it_began_leaves_no_step(memory_url: str) -> None:
    at, clock = a_tab(memory_url)
    first = session_of(at).head
    drag(at, clock, 10, 20, 0)

    assert session_of(at).head == first
    assert graph_size(at) == 1
    drag(at, clock, 7)
    assert messages(at)[1:] == ["df: -7 rows"]


def test_clicks_on_a_button_are_never_joined(memory_url: str) -> None:
    at, _ = a_tab(memory_url)
    at.button[0].click().run()
    at.button[0].click().run()

    assert len(log_of(at)) == 3


def test_a_choice_is_a_click(memory_url: str) -> None:
    at, _ = a_tab(memory_url)
    at.selectbox[0].set_value(1).run()
    at.selectbox[0].set_value(2).run()

    assert len(log_of(at)) == 3


def test_typing_is_one_step(memory_url: str) -> None:
    at, _ = a_tab(memory_url)
    for text in ("h", "he", "hello"):
        at.text_input[0].set_value(text).run()

    assert len(log_of(at)) == 2
    assert session_of(at)["df"]["word"].unique().tolist() == ["hello"]  # type: ignore[index]


def test_a_number_that_is_stepped_up_is_one_step(memory_url: str) -> None:
    at, _ = a_tab(memory_url)
    for _ in range(4):
        at.number_input[0].increment().run()

    assert len(log_of(at)) == 2


def test_two_widgets_make_two_steps(memory_url: str) -> None:
    at, clock = a_tab(memory_url)
    drag(at, clock, 1, 2)
    at.text_input[0].set_value("a").run()
    drag(at, clock, 3, 4)

    assert len(log_of(at)) == 4


def test_a_click_between_two_drags_parts_them(memory_url: str) -> None:
    at, clock = a_tab(memory_url)
    drag(at, clock, 1, 2)
    at.button[0].click().run()
    drag(at, clock, 3, 4)

    assert len(log_of(at)) == 4


def test_two_widgets_at_once_are_no_drag(memory_url: str) -> None:
    at, clock = a_tab(memory_url)
    drag(at, clock, 1)
    at.text_input[0].set_value("a")
    drag(at, clock, 2)

    assert len(log_of(at)) == 3


@pytest.mark.parametrize("name", ["tag", "create_branch"])
def test_what_has_a_name_is_not_replaced(memory_url: str, name: str) -> None:
    at, clock = a_tab(memory_url)
    drag(at, clock, 1, 2)
    getattr(session_of(at), name)("kept")
    drag(at, clock, 3, 4)

    assert messages(at)[1:] == ["df: -2 rows", "df: -2 rows"]
    assert len(session_of(at).read("kept", "df")) == 98  # type: ignore[arg-type]


def test_a_note_keeps_a_version(memory_url: str) -> None:
    at, clock = a_tab(memory_url)
    drag(at, clock, 1, 2)
    session_of(at).annotate("HEAD", "as agreed")
    drag(at, clock, 3)

    assert [v.annotation for v in log_of(at)][:2] == ["", "as agreed"]


def test_what_another_tab_shows_is_not_replaced(memory_url: str) -> None:
    at, clock = a_tab(memory_url)
    other = ran(same_session(APP, memory_url, at))
    drag(at, clock, 1, 2)
    other.slider[0].set_value(2)
    ran(other)
    drag(at, clock, 3, 4)

    assert messages(at)[1:] == ["df: -2 rows", "df: -2 rows"]


def test_after_an_undo_a_drag_is_one_step_on_a_branch_of_its_own(memory_url: str) -> None:
    at, clock = a_tab(memory_url)
    drag(at, clock, 10)
    session_of(at).undo()
    ran(at)
    drag(at, clock, 20, 21, 22)

    graph = session_of(at).graph()
    assert set(graph.branches) == {"main", "main-2"}
    assert len(graph.versions) == 3


def test_a_label_wins_over_the_automatic_message(memory_url: str) -> None:
    body = APP + "\nif least: srs.label('least: ' + str(least))"
    at, clock = a_tab(memory_url, body)
    drag(at, clock, 1, 2)

    assert messages(at)[1:] == ["least: 2"]


def test_the_label_of_an_earlier_step_stays(memory_url: str) -> None:
    body = APP + "\nif least == 1: srs.label('Only what counts')"
    at, clock = a_tab(memory_url, body)
    drag(at, clock, 1, 2, 3)

    assert messages(at)[1:] == ["Only what counts"]


def test_a_drag_inside_a_fragment_is_one_step(memory_url: str) -> None:
    body = """
    @st.fragment
    def part():
        least = st.slider("least", 0, 100, 0)
        st.session_state.df = pd.DataFrame({"x": range(100 - least)})
        st.markdown(str(len(st.session_state.df)))
    part()
    """
    at, clock = a_tab(memory_url, body)
    drag(at, clock, 1, 2, 3)

    assert messages(at)[1:] == ["df: -3 rows"]


def test_a_callback_that_asks_for_a_rerun_does_not_part_a_drag(memory_url: str) -> None:
    body = """
    def moved():
        st.session_state.due = True
        st.rerun()

    least = st.slider("least", 0, 100, 0, key="least", on_change=moved)
    if st.session_state.pop("due", False) or "df" not in st.session_state:
        st.session_state.df = pd.DataFrame({"x": range(100 - least)})
        st.rerun()
    """
    at, clock = a_tab(memory_url, body)
    drag(at, clock, 1, 2, 3)

    assert messages(at)[1:] == ["df: -3 rows"]


def test_an_undo_and_a_redo_end_a_drag(memory_url: str) -> None:
    at, clock = a_tab(memory_url, APP + "\nsrs.version_graph()")
    drag(at, clock, 1, 2)
    tip, before = log_of(at)
    ran(send(at, _checkout(before.id)))
    ran(send(at, _checkout(tip.id, seq=2)))
    drag(at, clock, 3)

    assert log_of(at)[1:] == [tip, before]


def test_a_run_that_another_tab_has_asked_for_is_no_drag(memory_url: str) -> None:
    at, clock = a_tab(memory_url)
    drag(at, clock, 1)
    tab_of(at).is_woken = True
    drag(at, clock, 2)

    assert len(log_of(at)) == 3


def test_widgets_that_are_dragged_or_typed_into_are_told_from_those_that_are_clicked(
    memory_url: str,
) -> None:
    """Keyed or not; Streamlit may move its modules, and then nothing is joined any more."""
    body = """
    st.session_state.df = pd.DataFrame({"a": [1]})
    st.slider("a", 0, 9), st.select_slider("b", [1, 2, 3]), st.number_input("c", 0, 9, key="c")
    st.text_input("d"), st.text_area("e", key="e")
    st.checkbox("f"), st.radio("g", [1, 2]), st.multiselect("h", [1, 2]), st.toggle("i")
    st.button("j"), st.date_input("k", "2026-01-01")
    """
    at, _ = a_tab(memory_url, body)
    gradual = [
        at.slider[0].set_value(3),
        at.select_slider[0].set_value(2),
        at.number_input[0].set_value(3),
        at.text_input[0].set_value("x"),
        at.text_area[0].set_value("x"),
    ]
    clicked = [
        at.checkbox[0].check(),
        at.radio[0].set_value(2),
        at.multiselect[0].select(2),
        at.toggle[0].set_value(True),
        at.button[0].click(),
        at.date_input[0].set_value(date(2026, 1, 2)),
    ]
    seen: list[dict[str, bool]] = []
    steps = tab_of(at).steps
    real, steps.run_ended = steps.run_ended, lambda run: seen.append(run.state.moved_widgets())  # type: ignore[method-assign]
    ran(at)
    ran(at)
    steps.run_ended = real  # type: ignore[method-assign]

    moved, later = seen
    assert moved == {
        **{widget.proto.id: True for widget in gradual},
        **{widget.proto.id: False for widget in clicked},
    }
    assert later == {}


def test_an_undo_clicked_on_a_step_that_was_replaced_goes_there(memory_url: str) -> None:
    """The page may still show it; it can be read until somebody prunes."""
    at, clock = a_tab(memory_url, APP + "\nsrs.version_graph()")
    drag(at, clock, 1)
    replaced = log_of(at)[0]
    drag(at, clock, 2)
    assert replaced not in session_of(at).graph().versions
    ran(send(at, _checkout(replaced.id)))

    assert session_of(at).shown_version == replaced.id
    assert replaced in session_of(at).graph().versions


def _checkout(version: str, seq: int = 1) -> dict[str, object]:
    return {"kind": "checkout", "version": version, "branch": "main", "client": "c", "seq": seq}
