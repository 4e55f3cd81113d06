"""Versions that take the place of the one before them (rule 7 of history). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from streamlit_redis_session.errors import CorruptDataError
from streamlit_redis_session.history._graph import first_parents, is_ancestor
from streamlit_redis_session.objects import Head, Version, VersionId

if TYPE_CHECKING:
    from streamlit_redis_session.history._placement import State

Versions = Mapping[VersionId, Version]


def may_replace(version_id: VersionId | None, base: Head, state: State, versions: Versions) -> bool:
    """Say whether the next version may take a version's place.

    The author saw it, it is what all tabs show and the tip of its branch, and nothing else
    refers to it: no tag, no note, no other branch at it or after it. Nor is it a merge, nor the
    first of all: who still shows it would make a second beginning.
    """
    if version_id is None or base.version != version_id or state.head != base:
        return False
    if state.branches.get(base.branch) != version_id:
        return False
    others = {tip for name, tip in state.branches.items() if name != base.branch}
    others.update(state.tags.values())
    try:
        version = versions[version_id]
        if len(version.parents) != 1 or version.annotation:
            return False
        parents_of = partial(parents_in, versions)
        return not any(is_ancestor(version_id, other, parents_of) for other in others)
    except CorruptDataError:  # what cannot be read may have been made from it
        return False


def stand_in(version_id: VersionId, tip: VersionId, versions: Versions) -> VersionId | None:
    """Find what has taken a version's place on the way to a tip; ``None``: nothing has.

    Both have the same parent, so there is one place on the way to look at.
    """
    parent = next(iter(parents_in(versions, version_id)), None)
    child = None
    for at in first_parents(tip, partial(parents_in, versions)):
        if at == parent:
            break
        child = at
    else:
        child = child if parent is None else None
    return child if child is not None and _has_replaced(child, version_id, versions) else None


def _has_replaced(later: VersionId, earlier: VersionId, versions: Versions) -> bool:
    at: VersionId | None = later
    while at is not None and at in versions:
        at = versions[at].replaces
        if at == earlier:
            return True
    return False


def parents_in(versions: Versions, version_id: VersionId) -> tuple[VersionId, ...]:
    """Look up a version's parents; none where its record is missing."""
    return versions[version_id].parents if version_id in versions else ()
