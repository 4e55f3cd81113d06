"""Graphs of versions, drawn: the tests are pictures."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from streamlit_redis_session.cli._lanes import draw, in_order


def picture(text: str) -> str:
    """Draw ``child<parent,parent`` words, the newest first; each version stands at its line."""
    parents = {}
    for each in text.split():
        version, _, above = each.partition("<")
        parents[version] = above.split(",") if above else []
    ordered = {version: parents[version] for version in in_order(parents)}
    return "\n".join(f"{line} {version or ''}".rstrip() for line, version in draw(ordered))


def drawn(*lines: str) -> str:
    return "\n".join(lines)


def test_a_line_is_a_column() -> None:
    assert picture("c<b b<a a") == drawn("* c", "* b", "* a")


def test_an_edit_after_undo_is_a_branch() -> None:
    assert picture("c<a b<a a") == drawn(
        "* c",
        "| * b",
        "|/",
        "* a",
    )


def test_branches_of_one_version_meet_one_after_the_other() -> None:
    assert picture("e<a d<a c<a a") == drawn(
        "* e",
        "| * d",
        "|/",
        "| * c",
        "|/",
        "* a",
    )


def test_a_long_branch_stays_in_one_piece_however_its_versions_were_made() -> None:
    assert picture("f<d e<c d<b c<b b<a a") == drawn(
        "* f",
        "* d",
        "| * e",
        "| * c",
        "|/",
        "* b",
        "* a",
    )


def test_branches_of_branches() -> None:
    assert picture("z<a y<b x<c c<b b<a a") == drawn(
        "* z",
        "| * y",
        "| | * x",
        "| | * c",
        "| |/",
        "| * b",
        "|/",
        "* a",
    )


def test_a_merge_and_the_branch_that_it_took_in() -> None:
    assert picture("m<b,c c<a b<a a") == drawn(
        "* m",
        "|\\",
        "| * c",
        "* | b",
        "|/",
        "* a",
    )


def test_a_merge_of_three() -> None:
    assert picture("m<b,c,d d<a c<a b<a a") == drawn(
        "* m",
        "|\\",
        "|\\ \\",
        "| | * d",
        "| * | c",
        "| |/",
        "* | b",
        "|/",
        "* a",
    )


def test_a_merge_in_a_branch_crosses_no_other_lane_unseen() -> None:
    """The second parent of m goes on as r, which waits in the first lane, beyond that of b."""
    assert picture("x<r m<b,y y<r b<r r") == drawn(
        "* x",
        "| * m",
        "| |\\",
        "| | * y",
        "| |/",
        "|/|",
        "| * b",
        "|/",
        "* r",
    )


def test_a_lane_passes_below_those_between() -> None:
    """Of the three that m was made from, d goes on as r, in the first lane."""
    assert picture("x<r m<b,c,d d<r c<r b<r r") == drawn(
        "* x",
        "| * m",
        "| |\\",
        "| |\\ \\",
        "| | | * d",
        "| |_|/",
        "|/| |",
        "| | * c",
        "| |/",
        "|/|",
        "| * b",
        "|/",
        "* r",
    )


def test_versions_without_anything_in_common_stand_one_below_the_other() -> None:
    assert picture("b a") == drawn("* b", "* a")


def test_the_lanes_beside_a_first_version_move_in() -> None:
    assert picture("m<a,b a b") == drawn("* m", "|\\", "| * b", "* a")
    assert picture("m<b,a b a") == drawn("* m", "|\\", "| * a", "* b")


def test_a_parent_that_is_not_there_ends_the_line() -> None:
    assert picture("c<b b<gone") == drawn("* c", "* b")


# --- whatever the graph is, the picture says what the graph says ------------------------------


Lines = list[tuple[str, "str | None"]]


def traced(lines: Lines) -> dict[str, set[str]]:
    """Follow the lanes of a picture from each version down to those that it leads to."""
    found: dict[str, set[str]] = {}
    carried: dict[int, set[str]] = {}
    """Where lanes are above the line looked at, and which versions they come from."""
    for number, (line, version) in enumerate(lines):
        below: dict[int, set[str]] = {}
        if version is not None:
            at = line.index("*")
            for origin in carried.pop(at, set()):
                found[origin].add(version)
            found[version] = set()
            below = {**carried, at: {version}}
        else:
            under = lines[number + 1][0] if number + 1 < len(lines) else ""
            for x, come in carried.items():
                for to in ways(line, under, x):
                    below.setdefault(to, set()).update(come)
        carried = below
    return found


def ways(line: str, under: str, x: int) -> list[int]:
    """Where a lane goes on below one line without a version."""
    mark = dict(enumerate(line)).get
    found = [x] if mark(x) == "|" else []
    if mark(x + 1) == "\\":
        found.append(x + 2)
    if mark(x) != "|" and mark(x - 1) == "/":
        crossing = under.find("/|")  # the same move goes on in the next line, below other lanes
        is_first = x - 1 == line.index("/")
        found.append(crossing - 1 if is_first and crossing >= 0 else x - 2)
    return found


@st.composite
def histories(draw_from: st.DrawFn, most_parents: int) -> dict[str, list[str]]:
    """Versions made from earlier ones; the newest first."""
    count = draw_from(st.integers(1, 14))
    parents: dict[str, list[str]] = {}
    for number in reversed(range(count)):
        earlier = st.integers(0, number - 1) if number else st.nothing()
        made_from = st.lists(earlier, max_size=most_parents, unique=True)
        parents[f"v{number}"] = [f"v{at}" for at in draw_from(made_from)] if number else []
    return parents


@settings(max_examples=200, deadline=None)
@given(histories(most_parents=1) | histories(most_parents=2) | histories(most_parents=4))
def test_each_lane_of_a_random_history_leads_to_a_parent(parents: dict[str, list[str]]) -> None:
    ordered = {version: parents[version] for version in in_order(parents)}
    place = {version: number for number, version in enumerate(ordered)}

    lines = list(draw(ordered))

    assert [version for _, version in lines if version is not None] == list(ordered)
    assert set(ordered) == set(parents)
    assert all(place[v] < place[p] for v, above in parents.items() for p in above)
    drawn_edges = traced(lines)
    assert {v: set(above) for v, above in parents.items() if above} == {
        v: above for v, above in drawn_edges.items() if parents[v]
    }
