"""Questions about a graph of versions. Pure: every function is handed its lookup."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from streamlit_redis_session.objects import VersionId

ParentsOf: TypeAlias = Callable[[VersionId], tuple[VersionId, ...]]


def first_parents(start: VersionId | None, parents_of: ParentsOf) -> Iterator[VersionId]:
    """Walk from a version to the root, first parents only, the start included."""
    at = start
    while at is not None:
        yield at
        parents = parents_of(at)
        at = parents[0] if parents else None


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
    """Say whether ``newer`` was made from ``older``, directly or not (or is it)."""
    return older in ancestors([newer], parents_of)
