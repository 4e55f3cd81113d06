"""Where a draft belongs, also one that was made on a head of one's own. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from streamlit_redis_session.history._placement import Draft, Landing, State, place
from streamlit_redis_session.history._refs import automatic_name
from streamlit_redis_session.objects import RefName, Version, VersionId


def is_alone(home: RefName | None, state: State) -> bool:
    """Say whether writes leave the session's head alone; the first of a session never do."""
    return home is not None and bool(state.branches)


def place_for(
    home: RefName | None, draft: Draft, state: State, versions: Mapping[VersionId, Version]
) -> Landing:
    """Apply the rules of history; on a head of one's own, as if nobody else moved one.

    The branch that such a head started from and the one that the session shows are others': what
    would go on there goes to a new branch.
    """
    if not is_alone(home, state):
        return place(draft, state, versions)
    others = {home, state.head.branch} & state.branches.keys()
    if draft.base.branch in others:  # nothing there may be replaced
        draft = replace(draft, replaces=None)
    landing = place(draft, replace(state, head=draft.base), versions)
    if not landing.makes_version or landing.branch not in others:
        return landing
    name = automatic_name(landing.branch, {*state.branches, *state.tags})
    return replace(landing, how="branch", branch=name, version=draft.base.version)
