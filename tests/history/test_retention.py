"""Which versions stay, as pictures: a line of three is ``"c<b b<a a"``."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.graphs import START, version, vid

from streamlit_redis_session.errors import ConfigurationError
from streamlit_redis_session.history._graph import ancestors
from streamlit_redis_session.history._retention import kept, new_parents, wanted
from streamlit_redis_session.objects import Version, VersionId

LETTERS = "abcdefghij"


def history(picture: str) -> dict[VersionId, Version]:
    made = [word.partition("<") for word in picture.split()]
    return {vid(own): version(own, parents.replace("+", "")) for own, _, parents in made}


def letters(ids: Any) -> str:
    return "".join(letter for letter in LETTERS if vid(letter) in set(ids))


def pruned(picture: str, wanted: str = "", named: str = "") -> str:
    """Draw what is left: each version that stays, with its parents."""
    versions = history(picture)
    stays = kept(versions, map(vid, wanted), map(vid, named))
    parents = {v: versions[v].parents for v in stays} | new_parents(versions, stays)
    drawn = []
    for letter in letters(stays):
        own = "+".join(letters([p]) or "?" for p in parents[vid(letter)])
        drawn.append(f"{letter}<{own}" if own else letter)
    return " ".join(drawn)


def test_a_line_keeps_its_first_and_what_is_named() -> None:
    assert pruned("a b<a c<b d<c e<d", named="e") == "a e<a"
    assert pruned("a b<a c<b d<c e<d", wanted="c", named="e") == "a c<a e<c"


def test_where_lines_part_stays() -> None:
    assert pruned("a b<a c<b d<c e<c f<e", named="df") == "a c<a d<c f<c"


def test_a_line_that_nothing_names_goes_and_its_fork_too() -> None:
    assert pruned("a b<a c<b d<c e<c f<e", named="f") == "a f<a"


def test_a_merge_keeps_both_sides_as_far_as_they_differ() -> None:
    assert pruned("a b<a c<b d<a e<c+d f<e", named="f") == "a f<a"
    assert pruned("a b<a c<b d<a e<c+d f<e", wanted="c", named="f") == "a c<a f<c+a"


def test_two_first_versions_stay_two() -> None:
    assert pruned("a b<a c d<c", named="bd") == "a b<a c d<c"


def test_a_parent_that_is_missing_already_is_left_alone() -> None:
    assert pruned("b<a c<b d<c", named="d") == "b<a d<b"


@given(st.lists(st.sets(st.integers(0, 8), max_size=2), min_size=1, max_size=10), st.data())
def test_what_stays_has_the_same_ancestors_among_what_stays(
    above: list[set[int]], data: st.DataObject
) -> None:
    versions = {
        vid(LETTERS[n]): version(LETTERS[n], "".join(LETTERS[p] for p in sorted(ps) if p < n))
        for n, ps in enumerate(above)
    }
    named = data.draw(st.sets(st.sampled_from(list(versions)), min_size=1))
    stays = kept(versions, [], named)
    changed = new_parents(versions, stays)
    assert named <= stays

    def now(version_id: VersionId) -> tuple[VersionId, ...]:
        return changed.get(version_id, versions[version_id].parents)

    for own in stays:
        assert set(now(own)) <= stays
        before = ancestors([own], lambda v: versions[v].parents)
        assert ancestors([own], now) == before & stays


def test_keep_is_a_number_a_time_or_a_function() -> None:
    versions = tuple(reversed(list(history("a b<a c<b d<c").values())))
    now = START + timedelta(minutes=ord("d"))

    assert letters(wanted(versions, 2, now=now)) == "cd"
    assert letters(wanted(versions, 0, now=now)) == ""
    assert letters(wanted(versions, timedelta(minutes=2), now=now)) == "bcd"
    assert letters(wanted(versions, lambda v: v.message == "b", now=now)) == "b"


@pytest.mark.parametrize("keep", [-1, True, None, "7 days", timedelta(-1), 1.5])
def test_other_things_are_refused(keep: Any) -> None:
    with pytest.raises(ConfigurationError, match="keep="):
        wanted((), keep, now=START)
