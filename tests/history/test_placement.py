"""Where a draft lands: rules 2, 3 and 4 of history, one by one.

In the pictures ``*`` is the store's head, ``@`` what the author of the draft saw.
"""

from __future__ import annotations

from support.graphs import manifest, version, vid

from streamlit_redis_session.history import Draft, Landing, State
from streamlit_redis_session.history._placement import place
from streamlit_redis_session.objects import Head, RefName, Version, VersionId

MAIN = RefName("main")


def state(head: str | None, branch: str = "main", **tips: str) -> State:
    branches = {RefName(name.replace("_", "-")): vid(letter) for name, letter in tips.items()}
    shown = Head(RefName(branch), vid(head) if head else None)
    return State("epoch", 1, shown, branches, {}, {})


def draft(base: str | None, branch: str = "main", **values: object) -> Draft:
    return Draft(
        base=Head(RefName(branch), vid(base) if base else None),
        values={key: manifest(content) for key, content in values.items()},
        settings=None,
        tables={},
        message="",
        changes=(),
    )


def graph(*versions: Version) -> dict[VersionId, Version]:
    return {v.id: v for v in versions}


LINE = graph(version("a", df=1, by=1), version("b", "a", df=2, by=1), version("c", "b", df=2, by=2))


def placed(landing: Landing) -> tuple[str, str, str]:
    letter = bytes.fromhex(landing.version[:2]).decode() if landing.version else "-"
    return landing.how, landing.branch, letter


def test_the_first_version_starts_main() -> None:
    assert placed(place(draft(None, df=1), state(None), {})) == ("commit", "main", "-")


def test_a_draft_at_the_tip_extends_the_branch() -> None:
    # a - b - c*@ - D
    assert placed(place(draft("c", df=3, by=2), state("c", main="c"), LINE)) == (
        "commit",
        "main",
        "c",
    )


def test_a_draft_equal_to_head_makes_nothing() -> None:
    landing = place(draft("c", df=2, by=2), state("c", main="c"), LINE)

    assert placed(landing) == ("nothing", "main", "c")
    assert not landing.makes_version


def test_a_draft_equal_to_the_next_redo_step_is_that_redo() -> None:
    # a*@ - b - c      the draft is b again
    assert placed(place(draft("a", df=2, by=1), state("a", main="c"), LINE)) == (
        "redo",
        "main",
        "b",
    )


def test_a_draft_equal_to_a_later_redo_step_is_an_edit_like_any_other() -> None:
    # a*@ - b - c      the draft is c, but b comes first
    assert placed(place(draft("a", df=2, by=2), state("a", main="c"), LINE)) == (
        "branch",
        "main-2",
        "a",
    )


def test_an_edit_after_undo_opens_a_branch_and_the_old_tip_stays() -> None:
    # a*@ - b - c
    #  \- D
    assert placed(place(draft("a", df=9, by=1), state("a", main="c"), LINE)) == (
        "branch",
        "main-2",
        "a",
    )


def test_the_next_such_branch_gets_the_next_number() -> None:
    taken = state("a", main="c", main_2="b")
    assert placed(place(draft("a", df=9, by=1), taken, LINE))[1] == "main-3"


def test_an_automatic_branch_never_takes_the_name_of_a_tag() -> None:
    tagged = State(
        "e", 1, Head(MAIN, vid("a")), {MAIN: vid("c")}, {RefName("main-2"): vid("a")}, {}
    )
    assert placed(place(draft("a", df=9, by=1), tagged, LINE))[1] == "main-3"


def test_edits_of_different_values_are_rebased_and_both_are_kept() -> None:
    # a - b@ - c*      theirs changed "by", mine changes "df"
    landing = place(draft("b", df=9, by=1), state("c", main="c"), LINE)

    assert placed(landing) == ("rebase", "main", "c")
    assert landing.values == {"df": manifest(9), "by": manifest(2)}


def test_edits_of_the_same_value_go_to_a_branch_of_their_own() -> None:
    # a@ - b - c*      both changed "df"
    landing = place(draft("a", df=9, by=1), state("c", main="c"), LINE)

    assert placed(landing) == ("branch", "main-2", "a")
    assert landing.values == {"df": manifest(9), "by": manifest(1)}


def test_a_new_value_is_rebased_over_an_edit() -> None:
    landing = place(draft("b", df=2, by=1, new=5), state("c", main="c"), LINE)

    assert placed(landing)[0] == "rebase"
    assert landing.values == {"df": manifest(2), "by": manifest(2), "new": manifest(5)}


def test_a_removed_value_is_removed_from_theirs() -> None:
    # mine removes "df", theirs changed "by"
    landing = place(draft("b", by=1), state("c", main="c"), LINE)

    assert placed(landing)[0] == "rebase"
    assert landing.values == {"by": manifest(2)}


def test_a_value_removed_here_and_changed_there_is_a_conflict() -> None:
    assert placed(place(draft("b", df=2), state("c", main="c"), LINE))[0] == "branch"


def test_what_others_did_already_is_not_done_twice() -> None:
    # a - b@ - c*      the draft is c
    assert placed(place(draft("b", df=2, by=2), state("c", main="c"), LINE)) == (
        "nothing",
        "main",
        "c",
    )


def test_a_repeated_edit_never_pulls_others_back() -> None:
    """The answer to a commit was lost, and somebody went on from it: follow, do not redo."""
    # a@ - b - c*      the draft is b
    assert placed(place(draft("a", df=2, by=1), state("c", main="c"), LINE)) == (
        "nothing",
        "main",
        "c",
    )


def test_others_on_another_branch_do_not_disturb_the_tip() -> None:
    # a - b@      main
    #      \- c*  side
    assert placed(place(draft("b", df=9, by=1), state("c", "side", main="b", side="c"), LINE)) == (
        "commit",
        "main",
        "b",
    )


def test_an_undo_by_others_does_not_swallow_an_edit() -> None:
    # a - b* - c@       they went back, I edited the tip
    assert placed(place(draft("c", df=9, by=2), state("b", main="c"), LINE)) == (
        "commit",
        "main",
        "c",
    )


def test_two_first_versions_share_one_root() -> None:
    # a*      @ saw nothing
    versions = graph(version("a", df=1))

    disjoint = place(draft(None, other=1), state("a", main="a"), versions)
    assert placed(disjoint) == ("rebase", "main", "a")
    assert disjoint.values == {"df": manifest(1), "other": manifest(1)}
    conflict = place(draft(None, df=2), state("a", main="a"), versions)
    assert placed(conflict) == ("branch", "main-2", "a")


def test_there_is_one_root_even_when_main_was_renamed_meanwhile() -> None:
    # a*  work      @ saw nothing, on "main"
    landing = place(draft(None, df=2), state("a", "work", work="a"), graph(version("a", df=1)))

    assert placed(landing) == ("branch", "main-2", "a")


def test_a_branch_deleted_meanwhile_does_not_lose_the_edit() -> None:
    # a - b*  main      c@  side, deleted
    assert placed(place(draft("c", "side", df=9), state("b", main="b"), LINE)) == (
        "branch",
        "side-2",
        "c",
    )
