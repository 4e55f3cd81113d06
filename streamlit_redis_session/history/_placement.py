"""Where a draft belongs: on its branch, rebased, on a branch of its own, or nowhere. Pure."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import partial

from streamlit_redis_session.history._graph import is_ancestor, redo_path
from streamlit_redis_session.history._joining import may_replace, parents_in, stand_in
from streamlit_redis_session.history._refs import automatic_name
from streamlit_redis_session.objects import (
    Change,
    ChunkId,
    Head,
    ManifestId,
    RefName,
    Version,
    VersionId,
)


@dataclass(frozen=True, slots=True)
class State:
    """Refs as last read from the store."""

    epoch: str
    seq: int
    head: Head
    branches: Mapping[RefName, VersionId]
    tags: Mapping[RefName, VersionId]
    meta: Mapping[str, bytes]
    swept: bytes | None = None
    """Another value whenever somebody took away versions, manifests or chunks."""
    version_count: int = 0

    @property
    def named(self) -> set[VersionId]:
        """The versions that refs name."""
        shown = () if self.head.version is None else (self.head.version,)
        return {*self.branches.values(), *self.tags.values(), *shown}


def new_nonce() -> str:
    """Make what tells one attempt to write from all others: 14 characters, 80 random bits."""
    return secrets.token_urlsafe(10)


@dataclass(frozen=True)
class Draft:
    """A version to be made. Everything random or timed is fixed before the first try."""

    base: Head
    """What the author saw; may have been pruned since."""
    values: Mapping[str, ManifestId]
    settings: ManifestId | None
    tables: Mapping[ManifestId, bytes]
    """Sealed manifests that the session may lack."""
    message: str
    changes: tuple[Change, ...]
    chunks: Mapping[ChunkId, bytes] = field(default_factory=dict)
    """Sealed chunks that the store may lack, few and small: they are sent with the version.
    Larger ones have to be there before."""
    lease_s: int = 0
    """The lease of these chunks."""
    replaces: VersionId | None = None
    """The version whose place this one takes, where nothing else refers to that one."""
    joined_message: str = ""
    """The message, and what follows, as against the parent of the version that is replaced."""
    joined_changes: tuple[Change, ...] = ()
    author: str = ""
    nonce: str = field(default_factory=new_nonce)
    created_at: datetime = field(default_factory=lambda: datetime.now(timezone.utc))


@dataclass(frozen=True, slots=True)
class Landing:
    """Where a draft ends.

    ``how`` is ``"commit"`` (its branch goes on), ``"rebase"`` (onto what another writer
    committed), ``"join"`` (in the place of head), ``"branch"`` (a new one), ``"redo"`` (it equals
    the next redo step), ``"back"`` (it would join head and equals its parent: the step is none)
    or ``"nothing"`` (it equals head).
    """

    how: str
    branch: RefName
    version: VersionId | None
    """The parent of the new version; for ``redo`` and ``nothing`` the version itself."""
    values: Mapping[str, ManifestId]

    @property
    def makes_version(self) -> bool:
        """Whether there is something to write."""
        return self.how in ("commit", "rebase", "join", "branch")

    @property
    def moves_branch(self) -> bool:
        """Whether the branch has another tip afterwards."""
        return self.makes_version or self.how == "back"


@dataclass(frozen=True, slots=True)
class Committed:
    """What became of a draft."""

    how: str
    """As in ``Landing.how``; ``"done"``: by an earlier try, whose answer was lost."""
    head: Head
    version: Version


def place(draft: Draft, state: State, versions: Mapping[VersionId, Version]) -> Landing:
    """Apply the rules of history to a draft."""
    return _find(draft, state, versions) or _make(draft, state, versions)


def _find(draft: Draft, state: State, versions: Mapping[VersionId, Version]) -> Landing | None:
    """Find the version that a draft is already."""
    base = draft.base
    for shown in (base, state.head):
        if shown.version and versions[shown.version].values == draft.values:
            return Landing("nothing", shown.branch, shown.version, draft.values)
    tip = state.branches.get(base.branch)
    if base.version is None or tip is None or tip == base.version:
        return None
    path = redo_path(base.version, tip, partial(parents_in, versions))
    if not path:
        # its answer was lost, and it had taken the base's place
        path = _path_from(stand_in(base.version, tip, versions), tip, versions)
    if not path or versions[path[0]].values != draft.values:
        return None
    # Where others are past it already, follow them: do not pull them back.
    is_past = state.head.version in path
    head = state.head if is_past else Head(base.branch, path[0])
    return Landing("nothing" if is_past else "redo", head.branch, head.version, draft.values)


def _path_from(
    start: VersionId | None, tip: VersionId, versions: Mapping[VersionId, Version]
) -> tuple[VersionId, ...]:
    if start is None:
        return ()
    return (start, *redo_path(start, tip, partial(parents_in, versions)))


def _make(draft: Draft, state: State, versions: Mapping[VersionId, Version]) -> Landing:
    """Find the place of a new version."""
    base = draft.base
    if may_replace(draft.replaces, base, state, versions):
        return _join(draft, versions)
    tip = state.branches.get(base.branch)
    if tip == base.version and (tip or not state.branches):
        return Landing("commit", base.branch, base.version, draft.values)
    if _descends(base, state, versions):
        merged = _merge(draft, state, versions)
        if merged is not None:
            head = state.head.version
            is_there = head is not None and versions[head].values == merged
            how = "nothing" if is_there else "rebase"
            return Landing(how, base.branch, head, merged)
    name = automatic_name(base.branch, {*state.branches, *state.tags})
    root = tip or state.head.version
    if base.version is None and root is not None:
        # Two tabs made a first version at once: one root is enough, nothing is dropped.
        return Landing("branch", name, root, {**versions[root].values, **draft.values})
    return Landing("branch", name, base.version, draft.values)


def blank_version(draft: Draft, landing: Landing) -> Version:
    """Make the version that a placed draft becomes, still without an id."""
    joins = landing.how == "join"
    return Version(
        id=VersionId(""),
        parents=(landing.version,) if landing.version else (),
        message=draft.joined_message if joins else draft.message,
        created_at=draft.created_at,
        author=draft.author,
        changes=draft.joined_changes if joins else draft.changes,
        values=dict(landing.values),
        settings=draft.settings,
        replaces=draft.replaces if joins else None,
    )


def _join(draft: Draft, versions: Mapping[VersionId, Version]) -> Landing:
    """Take the place of the base; where that leaves nothing of the step, go back instead."""
    assert draft.replaces is not None
    parent = next(iter(versions[draft.replaces].parents), None)
    is_undone = parent is not None and versions[parent].values == draft.values
    how = "back" if is_undone else "join"
    return Landing(how, draft.base.branch, parent, draft.values)


def beside(draft: Draft, state: State, kept: VersionId) -> Landing:
    """Give a draft whose base was pruned a branch of its own, from the nearest that was kept."""
    name = automatic_name(draft.base.branch, {*state.branches, *state.tags})
    return Landing("branch", name, kept, draft.values)


def _descends(base: Head, state: State, versions: Mapping[VersionId, Version]) -> bool:
    """Say whether others moved head forward, on the same branch, from what the author saw."""
    shown = state.head
    if shown.version is None or shown.branch != base.branch or shown.version == base.version:
        return False
    if state.branches.get(shown.branch) != shown.version:
        return False
    if base.version is None or stand_in(base.version, shown.version, versions) is not None:
        return True
    return is_ancestor(base.version, shown.version, partial(parents_in, versions))


def _merge(
    draft: Draft, state: State, versions: Mapping[VersionId, Version]
) -> Mapping[str, ManifestId] | None:
    """Put the draft's changes over theirs; ``None`` when both changed the same value.

    Both may have changed a value to the same: that is no conflict.
    """
    assert state.head.version is not None
    before = versions[draft.base.version].values if draft.base.version else {}
    theirs = versions[state.head.version].values
    mine = {
        key
        for key in _changed_keys(before, draft.values)
        if draft.values.get(key) != theirs.get(key)
    }
    if mine & _changed_keys(before, theirs):
        return None
    merged = {key: value for key, value in theirs.items() if key not in mine}
    return merged | {key: value for key, value in draft.values.items() if key in mine}


def _changed_keys(before: Mapping[str, ManifestId], after: Mapping[str, ManifestId]) -> set[str]:
    return {key for key in {*before, *after} if before.get(key) != after.get(key)}
