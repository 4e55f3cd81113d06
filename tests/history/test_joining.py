"""Rule 7 of history: where a draft takes the place of the version before it.

In the pictures ``*`` is the store's head, ``@`` what the author of the draft saw, and ``b=d`` says
that d has taken the place of b.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from support.graphs import version, vid

from streamlit_redis_session.errors import CorruptDataError
from streamlit_redis_session.history import Draft, Landing, State
from streamlit_redis_session.history._joining import may_replace, stand_in
from streamlit_redis_session.history._placement import blank_version, place
from streamlit_redis_session.history._records import version_content, version_from_record
from streamlit_redis_session.objects import Change, Head, RefName, Version, VersionId

from .test_placement import LINE, draft, graph, placed, state

MAIN = RefName("main")
C = vid("c")
JOINED = graph(
    *LINE.values(),
    replace(version("d", "b", df=4, by=1), replaces=C),
    replace(version("e", "b", df=5, by=1), replaces=vid("d")),
    version("f", "e", df=5, by=9),
)
"""a - b - f, where c=d, d=e and f was made from e."""


def joining(base: str = "c", **values: object) -> Draft:
    return replace(draft(base, "main", **values), replaces=vid(base))


def landing(drafted: Draft, where: State, versions: dict[VersionId, Version]) -> Landing:
    return place(drafted, where, versions)


def tagged(at: str) -> State:
    return replace(state("c", main="c"), tags={RefName("v1"): vid(at)})


def test_a_joining_draft_takes_the_place_of_the_tip() -> None:
    # a - b - c*@      D has the parent b
    assert placed(landing(joining(df=9, by=2), state("c", main="c"), LINE)) == ("join", "main", "b")


def test_the_new_version_says_whose_place_it_took_and_what_it_did_since_the_parent() -> None:
    change = Change("df", "removed")
    drafted = replace(joining(df=9, by=2), joined_message="both", joined_changes=(change,))
    made = blank_version(drafted, landing(drafted, state("c", main="c"), LINE))

    assert made.parents == (vid("b"),)
    assert (made.replaces, made.message, made.changes) == (C, "both", (change,))


def test_a_draft_that_does_not_join_has_its_own_message() -> None:
    drafted = replace(joining(df=9, by=2), joined_message="both")
    made = blank_version(drafted, landing(drafted, tagged("c"), LINE))

    assert (made.parents, made.replaces, made.message) == ((C,), None, "")


def test_a_draft_that_equals_the_parent_goes_back_to_it() -> None:
    found = landing(joining(df=2, by=1), state("c", main="c"), LINE)

    assert placed(found) == ("back", "main", "b")
    assert found.moves_branch
    assert not found.makes_version


def test_the_first_version_stays() -> None:
    """Who shows it still could make a second beginning of it."""
    versions = graph(version("a", df=1))
    found = placed(landing(joining("a", df=2), state("a", main="a"), versions))
    assert found == ("commit", "main", "a")


@pytest.mark.parametrize(
    "where",
    [
        pytest.param(tagged("c"), id="tagged"),
        pytest.param(state("c", main="c", side="c"), id="another branch at it"),
    ],
)
def test_a_version_with_another_name_stays(where: State) -> None:
    assert placed(landing(joining(df=9, by=2), where, LINE)) == ("commit", "main", "c")


def test_a_version_that_a_branch_or_tag_was_made_from_stays() -> None:
    versions = graph(*LINE.values(), version("g", "c", df=7, by=7), version("h", "g", df=8, by=8))
    later = {RefName("v1"): vid("h")}
    assert placed(
        landing(joining(df=9, by=2), replace(state("c", main="c"), tags=later), versions)
    ) == ("commit", "main", "c")
    assert placed(landing(joining(df=9, by=2), state("c", main="c", side="h"), versions)) == (
        "commit",
        "main",
        "c",
    )


def test_names_elsewhere_do_not_matter() -> None:
    assert may_replace(C, Head(MAIN, C), tagged("b"), LINE)
    assert may_replace(C, Head(MAIN, C), state("c", main="c", side="a"), LINE)


def test_a_version_that_is_not_shown_or_not_the_tip_stays() -> None:
    assert not may_replace(None, Head(MAIN, C), state("c", main="c"), LINE)
    assert not may_replace(C, Head(MAIN, vid("b")), state("b", main="c"), LINE)
    assert not may_replace(C, Head(MAIN, C), state("b", main="c"), LINE)
    assert not may_replace(vid("b"), Head(MAIN, vid("b")), state("b", main="c"), LINE)


def test_a_merge_and_a_version_with_a_note_stay() -> None:
    merge = graph(*LINE.values(), version("m", "ca", df=1, by=2))
    noted = graph(version("n", df=1), replace(version("m", "n", df=2), annotation="as agreed"))
    for versions in (merge, noted):
        assert not may_replace(vid("m"), Head(MAIN, vid("m")), state("m", main="m"), versions)


class Damaged(dict[VersionId, Version]):
    """Versions one of which cannot be read."""

    def __getitem__(self, version_id: VersionId) -> Version:
        if version_id == vid("a"):
            raise CorruptDataError("version a", "it was changed")
        return super().__getitem__(version_id)

    def __iter__(self) -> Iterator[VersionId]:
        return super().__iter__()


def test_next_to_what_cannot_be_read_nothing_is_replaced_and_everything_is_saved() -> None:
    versions = Damaged(LINE)
    where = state("c", main="c", side="a")

    assert placed(landing(joining(df=9, by=2), where, versions)) == ("commit", "main", "c")


# those who saw a version that was replaced


def test_what_took_a_place_is_found_on_the_way_to_the_tip() -> None:
    tip = vid("f")
    assert stand_in(C, tip, JOINED) == vid("e")
    assert stand_in(vid("d"), tip, JOINED) == vid("e")
    assert stand_in(vid("a"), tip, JOINED) is None
    assert stand_in(C, vid("b"), JOINED) is None
    assert stand_in(vid("f"), vid("a"), JOINED) is None


def test_a_brother_that_took_no_place_is_not_taken_for_one() -> None:
    # a - b - c        a branch that was deleted
    #      \- g*
    versions = graph(*LINE.values(), version("g", "b", df=7, by=1))
    assert stand_in(C, vid("g"), versions) is None
    assert placed(place(draft("c", df=2, by=8), state("g", main="g"), versions))[0] == "branch"


def test_a_first_version_can_be_stood_in_for() -> None:
    versions = graph(version("a", df=1), replace(version("b", df=2), replaces=vid("a")))
    assert stand_in(vid("a"), vid("b"), versions) == vid("b")


def test_an_edit_of_another_value_is_rebased_onto_what_took_the_place() -> None:
    # a - b - e*       c=d, d=e      c@
    found = place(draft("c", df=2, by=2, new=1), state("e", main="e"), JOINED)

    assert placed(found) == ("rebase", "main", "e")
    assert found.values == {**JOINED[vid("e")].values, **draft("c", new=1).values}


def test_an_edit_of_the_same_value_goes_on_from_what_was_replaced() -> None:
    found = place(draft("c", df=7, by=2), state("e", main="e"), JOINED)

    assert placed(found) == ("branch", "main-2", "c")


def test_a_repeated_join_is_found_where_it_is() -> None:
    # the draft is e; others went on to f
    again = joining(df=5, by=1)
    assert placed(place(again, state("e", main="e"), JOINED)) == ("nothing", "main", "e")
    assert placed(place(again, state("f", main="f"), JOINED)) == ("nothing", "main", "f")
    assert placed(place(again, state("b", main="f"), JOINED)) == ("redo", "main", "e")


# as bytes


def test_a_record_keeps_whose_place_the_version_took() -> None:
    for made in (JOINED[vid("e")], JOINED[vid("f")]):
        back, _, _ = version_from_record(made.id, version_content(made, "n"))
        assert back == made


def test_a_version_that_took_no_place_says_nothing_of_it() -> None:
    assert len(json.loads(version_content(version("a"), "n"))) == 9


@pytest.mark.parametrize("more", [b",7]", b',"a","b"]', b",null]"])
def test_a_record_with_something_else_in_that_place_is_damaged(more: bytes) -> None:
    content = version_content(version("a"), "n")[:-1] + more
    with pytest.raises(CorruptDataError):
        version_from_record(vid("a"), content)
