"""Questions about a graph of versions. Pure: every function is handed its lookup."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import TypeAlias, TypeVar

from streamlit_redis_session.objects import VersionId

ParentsOf: TypeAlias = Callable[[VersionId], tuple[VersionId, ...]]

Name = TypeVar("Name", bound=str)


def first_parents(start: VersionId | None, parents_of: ParentsOf) -> Iterator[VersionId]:
    """Walk from a version to the root, first parents only, the start included."""
    at = start
    while at is not None:
        yield at
        parents = parents_of(at)
        at = parents[0] if parents else None


def steps_back(start: VersionId | None, steps: int, parents_of: ParentsOf) -> tuple[VersionId, ...]:
    """List up to so many first-parent ancestors, the nearest first."""
    return tuple(islice(first_parents(start, parents_of), 1, 1 + steps))


def redo_path(
    head: VersionId | None, tip: VersionId | None, parents_of: ParentsOf
) -> tuple[VersionId, ...]:
    """List the steps from head up to the branch's tip, the next one first.

    Empty when head is the tip, or does not lie on the tip's first-parent path.
    """
    path: list[VersionId] = []
    for version in first_parents(tip, parents_of):
        if version == head:
            return tuple(reversed(path))
        path.append(version)
    return tuple(reversed(path)) if head is None else ()


def line_with(
    version: VersionId, tips: Mapping[Name, VersionId], parents_of: ParentsOf
) -> Name | None:
    """Find the first name whose first-parent line has a version; each version is met once."""
    seen: set[VersionId] = set()
    for name, tip in tips.items():
        for at in first_parents(tip, parents_of):
            if at == version:
                return name
            if at in seen:
                break
            seen.add(at)
    return None


def ancestors(starts: Iterable[VersionId], parents_of: ParentsOf) -> set[VersionId]:
    """Collect every version reachable from the starts, the starts included."""
    seen: set[VersionId] = set()
    todo = list(starts)
    while todo:
        version = todo.pop()
        if version not in seen:
            seen.add(version)
            todo.extend(parents_of(version))
    return seen


def is_ancestor(older: VersionId, newer: VersionId, parents_of: ParentsOf) -> bool:
    """Say whether ``newer`` was made from ``older``, directly or not (or is it).

    Stops at ``older``, which mostly is near.
    """
    seen = {newer}
    todo = deque(seen)
    while todo:
        version = todo.popleft()
        if version == older:
            return True
        fresh = [p for p in parents_of(version) if p not in seen]
        seen.update(fresh)
        todo.extend(fresh)
    return False
