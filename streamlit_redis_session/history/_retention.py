"""Which versions a pruned history keeps, and what they are made from then. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeAlias

from streamlit_redis_session.errors import ConfigurationError
from streamlit_redis_session.history._graph import ancestors
from streamlit_redis_session.objects import Version, VersionId

Keep: TypeAlias = int | timedelta | Callable[[Version], bool]
"""The newest so many, those made since, or those that a function says ``True`` of."""


def wanted(newest_first: Sequence[Version], keep: Keep, *, now: datetime) -> set[VersionId]:
    """List the versions that ``keep`` speaks for.

    Raises
    ------
    ConfigurationError
        It is a negative number or time, or of another type.
    """
    if isinstance(keep, timedelta) and keep >= timedelta(0):
        return {v.id for v in newest_first if now - v.created_at <= keep}
    if isinstance(keep, int) and not isinstance(keep, bool) and keep >= 0:
        return {v.id for v in newest_first[:keep]}
    if isinstance(keep, (int, timedelta)) or not callable(keep):
        raise ConfigurationError(
            f"keep={keep!r} cannot be used: give how many of the newest versions to keep, a "
            "timedelta, or a function of a version."
        )
    return {v.id for v in newest_first if keep(v)}


def kept(
    versions: Mapping[VersionId, Version], wanted: Iterable[VersionId], named: Iterable[VersionId]
) -> set[VersionId]:
    """List what stays: what is wanted, what refs name, and where lines begin and part.

    Every version that goes has then an ancestor that stays, unless nothing comes from it.
    """
    chosen = {v for v in (*wanted, *named) if v in versions}
    line = ancestors(chosen, lambda v: _known_parents(v, versions))
    children = Counter(p for v in line for p in _known_parents(v, versions))
    roots = {v for v in line if not _known_parents(v, versions)}
    return chosen | roots | {v for v, count in children.items() if count > 1}


def _known_parents(
    version: VersionId, versions: Mapping[VersionId, Version]
) -> tuple[VersionId, ...]:
    return tuple(p for p in versions[version].parents if p in versions)


def new_parents(
    versions: Mapping[VersionId, Version], staying: Collection[VersionId]
) -> dict[VersionId, tuple[VersionId, ...]]:
    """Give the parents of those that lose some: the nearest ancestors that stay, in order."""
    found = {}
    for version in staying:
        parents = versions[version].parents
        if any(p in versions and p not in staying for p in parents):
            found[version] = tuple(dict.fromkeys(_nearest(parents, versions, staying)))
    return found


def _nearest(
    parents: Sequence[VersionId],
    versions: Mapping[VersionId, Version],
    staying: Collection[VersionId],
) -> Iterable[VersionId]:
    seen: set[VersionId] = set()
    todo = list(reversed(parents))
    while todo:
        version = todo.pop()
        if version in staying or version not in versions:
            yield version
        elif version not in seen:
            seen.add(version)
            todo.extend(reversed(versions[version].parents))
