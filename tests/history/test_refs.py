"""What names mean, and what may be a name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.graphs import parents, vid

from streamlit_redis_session.errors import (
    ConfigurationError,
    LimitExceededError,
    NotFoundError,
    RefNotFoundError,
    SessionStoreError,
    VersionNotFoundError,
)
from streamlit_redis_session.history import automatic_name, check_name
from streamlit_redis_session.history._refs import RefContext, resolve
from streamlit_redis_session.objects import Head, RefName, VersionId

# a - b - c - d     main, tag "v1" at b
#      \   \
#       x - m       side: first parent x, second parent c
MAIN, SIDE = RefName("main"), RefName("side")
GRAPH = parents("a b<a c<b d<c x<b m<x+c")


def lookups(graph: Mapping[VersionId, tuple[VersionId, ...]]) -> dict[str, Any]:
    return {
        "parents_of": graph.__getitem__,
        "with_prefix": lambda prefix: [v for v in graph if v.startswith(prefix)],
    }


CONTEXT = RefContext(
    head=Head(MAIN, vid("d")),
    branches={MAIN: vid("d"), SIDE: vid("m"), RefName("Größe"): vid("a")},
    tags={RefName("v1"): vid("b"), RefName("dead"): vid("a")},
    **lookups(GRAPH),
)


@pytest.mark.parametrize(
    ("ref", "letter"),
    [
        ("HEAD", "d"),
        ("main", "d"),
        ("side", "m"),
        ("v1", "b"),
        (vid("c"), "c"),
        (vid("c")[:8], "c"),
        (vid("c")[:4], "c"),
        ("HEAD~", "c"),
        ("HEAD~1", "c"),
        ("HEAD~3", "a"),
        ("HEAD~0", "d"),
        ("HEAD~~~", "a"),
        ("HEAD~1~1", "b"),
        ("HEAD~000000000001", "c"),
        ("HEAD^", "c"),
        ("HEAD^0", "d"),
        ("HEAD^^", "b"),
        ("side^1", "x"),
        ("side^2", "c"),
        ("side^2~1", "b"),
        ("side~1^1", "b"),
        ("~1", "c"),
        ("v1~1", "a"),
        ("Größe", "a"),
        ("Gro\u0308ße", "a"),
        (vid("m")[:6] + "^2", "c"),
    ],
)
def test_a_ref_names_a_version_as_in_git(ref: str, letter: str) -> None:
    assert resolve(ref, CONTEXT) == vid(letter)


def test_a_name_wins_over_a_version_that_begins_so() -> None:
    assert resolve("dead", CONTEXT) == vid("a")


@pytest.mark.parametrize(
    "ref", ["HEAD~4", "HEAD~99999999999999999999", "HEAD^2", "side^3", "v1^^^", "main~2~2"]
)
def test_a_walk_out_of_the_graph_is_an_error(ref: str) -> None:
    with pytest.raises(VersionNotFoundError):
        resolve(ref, CONTEXT)


@pytest.mark.parametrize(
    "ref",
    ["", "nobody", "HEAD~x", "HEAD^{}", "HEAD~-1", "head", "abc", "main ", "HEAD~٣", "*", ":"],
)
def test_a_malformed_or_unknown_name_is_an_error(ref: str) -> None:
    with pytest.raises(RefNotFoundError):
        resolve(ref, CONTEXT)


def test_an_unknown_name_comes_with_the_known_ones() -> None:
    with pytest.raises(RefNotFoundError) as caught:
        resolve("mian", CONTEXT)

    assert {"main", "side", "v1", "HEAD"} <= set(caught.value.known)


def test_a_prefix_of_two_versions_is_ambiguous_and_a_prefix_of_none_is_unknown() -> None:
    twins = {VersionId("abcd" + "0" * 36): (), VersionId("abcd" + "1" * 36): ()}
    context = RefContext(Head(MAIN, None), {}, {}, **lookups(twins))

    with pytest.raises(VersionNotFoundError, match="2 versions begin so"):
        resolve("abcd", context)
    with pytest.raises(VersionNotFoundError):
        resolve("abce", context)
    assert resolve("abcd1", context).startswith("abcd1")


def test_head_names_nothing_before_the_first_commit() -> None:
    with pytest.raises(VersionNotFoundError, match="Nothing has been committed yet"):
        resolve("HEAD", RefContext(Head(MAIN, None), {}, {}, **lookups({})))


HOSTILE = st.one_of(
    st.text(max_size=200),
    st.text(alphabet="~^0123456789HEADmain\u0308\ud800", max_size=60),
    st.builds(lambda base, n: f"{base}~{n}", st.sampled_from(["HEAD", "main"]), st.integers()),
)


@given(HOSTILE)
@example("~" * 1000)
@example("^" * 100_000)
@example("HEAD~" + "9" * 5000)
@example("\ud800")
def test_no_ref_breaks_anything(ref: str) -> None:
    try:
        found = resolve(ref, CONTEXT)
    except NotFoundError:
        return
    assert found in GRAPH


@given(HOSTILE)
@example("\u037e")
@example("HEAD")
def test_a_name_is_refused_or_can_be_resolved(name: str) -> None:
    try:
        checked = check_name(name, most_chars=100)
    except SessionStoreError:
        return
    only = lookups({vid("a"): ()})
    context = RefContext(Head(checked, vid("a")), {checked: vid("a")}, {}, **only)
    assert resolve(checked, context) == vid("a")
    assert resolve(name, context) == vid("a")


BAD_NAMES = ["a~1", "a^", "a:b", "a?", "a*", "[a", "a\\b", "a..b", "-a", ".a", "a.", "a/", "/a"]
BAD_NAMES += ["a//b", "HEAD", "a@{1}"]
UNPRINTABLE = ["", "a b", "a\n", "a\0", "a\x7f", "\u202eab", "\ud800", "a\u00a0b"]


@pytest.mark.parametrize("name", [*BAD_NAMES, *UNPRINTABLE])
def test_names_that_git_refuses_are_refused(name: str) -> None:
    with pytest.raises(ConfigurationError):
        check_name(name, most_chars=100)


def test_a_name_has_a_limit_in_characters_not_bytes() -> None:
    assert check_name("ü" * 100, most_chars=100) == "ü" * 100
    with pytest.raises(LimitExceededError) as caught:
        check_name("a" * 101, most_chars=100)
    assert caught.value.unit == "characters"


def test_names_are_stored_in_composed_form() -> None:
    assert check_name("Gro\u0308ße", most_chars=100) == "Größe"


@pytest.mark.parametrize(
    ("base", "taken", "expected"),
    [
        ("main", ["main"], "main-2"),
        ("main", ["main", "main-2", "main-3"], "main-4"),
        ("main-2", ["main", "main-2"], "main-3"),
        ("sales-2026", ["main", "sales-2026"], "sales-2026-2"),
        ("main-2", ["main-2"], "main-2-2"),
    ],
)
def test_a_divergent_edit_gets_the_next_free_number(
    base: str, taken: list[str], expected: str
) -> None:
    assert automatic_name(RefName(base), [RefName(name) for name in taken]) == expected
