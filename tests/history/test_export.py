"""The graph as Graphviz, JSON and Mermaid: hostile labels stay labels."""

from __future__ import annotations

import json
import re

import pytest
from support.graphs import version, vid

from streamlit_redis_session.history import VersionGraph
from streamlit_redis_session.objects import Head, RefName

MAIN, SIDE, TAG = RefName("main"), RefName("main-2"), RefName("v1")
HOSTILE = [
    '"]; click a "javascript:alert(1)"',
    "<script>alert(1)</script>",
    "<b>bold</b>",
    'a" -> "b',
    "back\\slash\\",
    '\\"',
    "end\nsubgraph x",
    "#quot; &amp; `code` %%{init}%%",
    "\u202egnp.exe",
    "💥 ünïcode",
    "",
]


def drawn(message: str = "b") -> VersionGraph:
    # a - b   main, head
    #  \- c   main-2, tag v1
    versions = (version("c", "a"), version("b", "a", message), version("a"))
    branches = {MAIN: vid("b"), SIDE: vid("c")}
    return VersionGraph(versions, branches, {TAG: vid("c")}, Head(MAIN, vid("b")))


def test_names_of_a_version_are_its_branches_then_its_tags() -> None:
    assert drawn().names_of(vid("c")) == ["main-2", "v1"]
    assert drawn().names_of(vid("a")) == []


def test_heads_branch_comes_first() -> None:
    graph = VersionGraph(
        (version("a"),), {RefName("a"): vid("a"), MAIN: vid("a")}, {}, Head(MAIN, vid("a"))
    )
    assert graph.names_of(vid("a")) == ["main", "a"]


def test_json_says_everything() -> None:
    data = json.loads(drawn().to_json())

    assert [v["message"] for v in data["versions"]] == ["c", "b", "a"]
    assert data["versions"][0]["parents"] == [vid("a")]
    assert data["head"] == {"branch": "main", "version": vid("b")}
    assert data["branches"] == {"main": vid("b"), "main-2": vid("c")}
    assert data["tags"] == {"v1": vid("c")}


def test_a_graph_without_versions_can_be_exported() -> None:
    empty = VersionGraph((), {}, {}, Head(MAIN, None))

    assert json.loads(empty.to_json())["versions"] == []
    assert empty.to_mermaid() == "flowchart BT\n"
    assert "digraph" in empty.to_graphviz().source


@pytest.mark.parametrize("message", HOSTILE)
def test_json_gives_every_message_back(message: str) -> None:
    assert json.loads(drawn(message).to_json())["versions"][1]["message"] == message


@pytest.mark.parametrize("message", HOSTILE)
def test_a_mermaid_label_cannot_leave_its_quotes(message: str) -> None:
    plain, hostile = drawn().to_mermaid().splitlines(), drawn(message).to_mermaid().splitlines()

    assert len(hostile) == len(plain)
    for line in hostile:
        labels = re.findall(r'\["(.*)"\]$', line)
        assert line.count('"') in (0, 2)
        assert all(not set("\"<>&`%[]{}\\'") & set(label) for label in labels)


def test_mermaid_draws_every_line_and_marks_head() -> None:
    text = drawn().to_mermaid()

    assert f"v{vid('a')} --> v{vid('b')}" in text
    assert f"v{vid('a')} --> v{vid('c')}" in text
    assert f"style v{vid('b')} stroke-width" in text


def test_a_second_parent_is_dashed() -> None:
    merged = VersionGraph((version("m", "ab"),), {}, {}, Head(MAIN, None))

    assert f"v{vid('b')} -.-> v{vid('m')}" in merged.to_mermaid()
    assert "style=dashed" in merged.to_graphviz().source


def tokens(source: str) -> list[str]:
    """Take DOT apart as Graphviz does; fail on what is outside of its grammar."""
    pattern = re.compile(r'\s+|"((?:\\.|[^"\\])*)"|->|[\[\]{}=;,]|[\w.]+', re.DOTALL)
    found, at = [], 0
    while at < len(source):
        match = pattern.match(source, at)
        assert match, f"not DOT: {source[at : at + 40]!r}"
        found += [match.group(0)] if match.group(0).strip() else []
        at = match.end()
    return found


@pytest.mark.parametrize("message", HOSTILE)
def test_a_graphviz_label_cannot_leave_its_quotes(message: str) -> None:
    plain, hostile = (
        tokens(drawn().to_graphviz().source),
        tokens(drawn(message).to_graphviz().source),
    )

    assert len(hostile) == len(plain)
    assert sum(a != b for a, b in zip(plain, hostile, strict=True)) <= 1


def test_graphviz_draws_head_thicker_and_names_below_the_message() -> None:
    source = drawn().to_graphviz().source

    assert source.count("penwidth=2.5") == 1
    assert source.count("->") == 2
    assert "main-2, v1" in source
