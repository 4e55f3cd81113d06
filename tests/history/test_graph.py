"""Questions about a graph; the pictures have time running to the right."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from support.graphs import parents, vid

from streamlit_redis_session.history._graph import (
    ancestors,
    first_parents,
    is_ancestor,
    line_with,
    redo_path,
    steps_back,
)
from streamlit_redis_session.objects import VersionId

# a - b - c - d          main
#      \
#       x - y            side
#            \
#   c ------- m          merged: first parent y, second parent c
GRAPH = parents("a b<a c<b d<c x<b y<x m<y+c")


def letters(ids: object) -> str:
    assert isinstance(ids, (list, tuple, set))
    return "".join(bytes.fromhex(v[:2]).decode() for v in ids)


def test_first_parents_lead_from_a_version_to_the_root() -> None:
    assert letters(list(first_parents(vid("d"), GRAPH.__getitem__))) == "dcba"
    assert letters(list(first_parents(vid("m"), GRAPH.__getitem__))) == "myxba"
    assert list(first_parents(None, GRAPH.__getitem__)) == []


def test_steps_back_end_at_the_root() -> None:
    assert letters(steps_back(vid("d"), 2, GRAPH.__getitem__)) == "cb"
    assert letters(steps_back(vid("d"), 9, GRAPH.__getitem__)) == "cba"
    assert letters(steps_back(vid("d"), 0, GRAPH.__getitem__)) == ""
    assert steps_back(None, 3, GRAPH.__getitem__) == ()


def test_the_first_line_that_has_a_version_is_found() -> None:
    tips = {"main": vid("d"), "side": vid("y"), "merged": vid("m")}
    found = {v: line_with(vid(v), tips, GRAPH.__getitem__) for v in "abcdxym"}
    assert found == {
        **dict.fromkeys("abcd", "main"), "x": "side", "y": "side", "m": "merged"
    }  # fmt: skip
    assert line_with(vid("c"), {"merged": vid("m")}, GRAPH.__getitem__) is None


def test_each_version_is_met_once_however_many_lines_share_it() -> None:
    asked: list[VersionId] = []

    def parents_of(version: VersionId) -> tuple[VersionId, ...]:
        asked.append(version)
        return GRAPH[version]

    tips = {str(n): vid("d") for n in range(5)} | {"side": vid("y")}
    assert line_with(vid("m"), tips, parents_of) is None
    assert len(asked) <= 4 + 2


def redo(head: str | None, tip: str | None) -> str:
    start, end = (None if each is None else vid(each) for each in (head, tip))
    steps = redo_path(start, end, GRAPH.__getitem__)
    return letters(steps)


def test_redo_follows_the_path_from_head_to_the_tip() -> None:
    # head is b, the tip d:  a - b - c - d
    assert redo("b", "d") == "cd"
    assert redo("a", "d") == "bcd"


def test_there_is_nothing_to_redo_at_the_tip() -> None:
    # head is the tip:  a - b - c - d
    assert redo("d", "d") == ""


def test_there_is_nothing_to_redo_off_the_first_parents_of_the_tip() -> None:
    assert redo("x", "d") == ""
    assert redo("c", "m") == "", "c is the second parent"
    assert redo("b", None) == ""


def test_redo_before_the_first_version_is_the_whole_branch() -> None:
    assert redo(None, "c") == "abc"
    assert redo(None, None) == ""


def test_ancestors_go_through_every_parent() -> None:
    assert set(letters(ancestors([vid("m")], GRAPH.__getitem__))) == set("myxcba")
    assert ancestors([], GRAPH.__getitem__) == set()


def test_a_version_is_its_own_ancestor() -> None:
    assert is_ancestor(vid("c"), vid("m"), GRAPH.__getitem__)
    assert is_ancestor(vid("c"), vid("c"), GRAPH.__getitem__)
    assert not is_ancestor(vid("d"), vid("m"), GRAPH.__getitem__)


@given(st.data())
def test_undo_n_then_redo_n_is_the_identity_on_any_tree(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 30))
    graph: dict[VersionId, tuple[VersionId, ...]] = {}
    for number in range(count):
        older = data.draw(st.integers(0, number - 1)) if number else None
        graph[VersionId(f"{number:040x}")] = () if older is None else (VersionId(f"{older:040x}"),)
    tip = VersionId(f"{data.draw(st.integers(0, count - 1)):040x}")
    line = list(first_parents(tip, graph.__getitem__))
    steps = data.draw(st.integers(0, len(line) - 1))

    path = redo_path(line[steps], tip, graph.__getitem__)

    assert list(path) == line[:steps][::-1]
