"""A graph of versions as lines of text, as ``git log --graph`` draws one. Pure.

A lane is a column that waits for one version. Lanes that wait for the same version join at once,
so that each version is met by one lane.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

Id = TypeVar("Id", bound=str)
Parents = Mapping[Id, Sequence[Id]]


def in_order(parents: Parents[Id]) -> list[Id]:
    """List children before parents, each line in one piece.

    Parameters
    ----------
    parents
        Of each version; the newest version first. Parents that are not there are left out.
    """
    children = Counter(p for each in parents.values() for p in each if p in parents)
    waiting = [v for v in reversed(list(parents)) if not children[v]]
    found = []
    while waiting:
        version = waiting.pop()
        found.append(version)
        for parent in parents[version]:
            if parent not in parents:
                continue
            children[parent] -= 1
            if not children[parent]:
                waiting.append(parent)
    return found


def draw(parents: Parents[Id]) -> Iterator[tuple[str, Id | None]]:
    """Draw line by line; a line has the version that it shows, or ``None``.

    Parameters
    ----------
    parents
        In the order of :func:`in_order`.
    """
    lanes: list[Id] = []
    for version, named in parents.items():
        if version not in lanes:
            lanes.append(version)
        at = lanes.index(version)
        yield " ".join("*" if n == at else "|" for n in range(len(lanes))), version
        onwards = [p for p in dict.fromkeys(named) if p in parents]
        for line in _go_on(lanes, at, onwards):
            yield line, None


def _go_on(lanes: list[Id], at: int, onwards: Sequence[Id]) -> Iterator[str]:
    """Let the lane of a version wait for its parents."""
    if not onwards:
        del lanes[at]
        if at < len(lanes):
            yield _line(lanes, moved_from=at)
        return
    lanes[at] = onwards[0]
    beside = at + 1
    for parent in reversed(onwards[1:]):  # each leaves from this lane: others stand for others
        if parent in lanes[beside : beside + 1]:
            yield _line(lanes, marks={2 * at + 1: "\\"})
            continue
        lanes.insert(beside, parent)
        marks = {2 * n - 1: "\\" for n in range(beside, len(lanes))}
        yield _line(lanes[:beside], marks=marks)
    yield from _join(lanes)


def _join(lanes: list[Id]) -> Iterator[str]:
    """Lead each lane that waits for the same version as one to its left over to that one."""
    at = 0
    while at < len(lanes):
        to = lanes.index(lanes[at])
        if to == at:
            at += 1
            continue
        del lanes[at]
        bridge = dict.fromkeys(range(2 * to + 3, 2 * at - 1, 2), "_")
        yield _line(lanes, moved_from=at, marks={**bridge, 2 * at - 1: "/"})
        if to < at - 1:
            yield _line(lanes, marks={2 * to + 1: "/"})


def _line(
    lanes: Sequence[str], *, moved_from: int | None = None, marks: Mapping[int, str] | None = None
) -> str:
    """Write one line: lanes that stay, lanes that move one place to the left, other marks."""
    stay = len(lanes) if moved_from is None else moved_from
    cells = {2 * n: "|" for n in range(stay)}
    cells |= {2 * n + 1: "/" for n in range(stay, len(lanes))}
    cells |= marks or {}
    return "".join(cells.get(x, " ") for x in range(max(cells, default=-1) + 1))
