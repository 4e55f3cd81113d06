"""History -> what the component is sent. Plain JSON: one odd type and all of it becomes text."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from streamlit_redis_session.adapter import Tab
from streamlit_redis_session.history import VersionGraph
from streamlit_redis_session.objects import DEFAULT_BRANCH, JSON, RefName, Version, VersionId

PROTOCOL = 1
WINDOW_ROWS = 300
"""Versions sent at once, the newest; head and its neighbours are among them in any case."""


def build_payload(tab: Tab, *, key: str, mode: str, height: int, ack: JSON) -> dict[str, Any]:
    """Collect everything that one draw of the widget shows."""
    graph, redo = tab.drawing.history()
    save = tab.save_state
    return {
        "protocol": PROTOCOL,
        "key": key,
        "mode": mode,
        "height": height,
        "head": {"branch": graph.head.branch, "version": graph.head.version},
        "branches": dict(graph.branches),
        "tags": dict(graph.tags),
        "versions": _versions(graph, redo),
        "total": len(graph.versions),
        "redo": list(redo),
        "save": {"state": save.state, "reason": save.reason, "since": save.since},
        "notices": [
            {"id": key, "level": notice.level, "text": notice.text}
            for key, notice in list(tab.notices.items())
        ],
        "left_out": [{"key": key, "reason": reason} for key, reason in list(tab.left_out.items())],
        "ack": ack,
        "cookie": _cookie(tab),
        "where": _where(tab),
        "now": time.time(),
    }


def _versions(graph: VersionGraph, redo: tuple[VersionId, ...]) -> list[JSON]:
    owners = branch_of_versions(graph)
    near = {graph.head.version, *redo[:5]}
    parents = [v.parents[:1] for v in graph.versions if v.id == graph.head.version]
    near.update(p for group in parents for p in group)
    return [
        _version(version, owners.get(version.id))
        for number, version in enumerate(graph.versions)
        if number < WINDOW_ROWS or version.id in near
    ]


def _version(version: Version, branch: RefName | None) -> JSON:
    return {
        "id": version.id,
        "parents": list(version.parents),
        "message": version.message,
        "at": version.created_at.timestamp(),
        "author": version.author,
        "changes": [str(change) for change in version.changes],
        "branch": branch,
    }


def branch_of_versions(graph: VersionGraph) -> Mapping[VersionId, RefName]:
    """Give each version the branch that it was most likely made on.

    The default branch comes first and takes its whole first-parent path, then the others in the
    order of their age, so that a version keeps its branch when history grows.
    """
    parents = {v.id: v.parents for v in graph.versions}
    owners: dict[VersionId, RefName] = {}
    order = sorted(graph.branches, key=lambda b: (b != DEFAULT_BRANCH, len(b), b))
    for branch in order:
        at: VersionId | None = graph.branches[branch]
        while at is not None and at not in owners:
            owners[at] = branch
            first = parents.get(at, ())
            at = first[0] if first else None
    return owners


def _cookie(tab: Tab) -> JSON:
    if tab.cookie is None:
        return None
    seconds = int(tab.hub.store.ttl.total_seconds())
    name, value = tab.cookie
    return {"name": name, "value": value, "max_age_s": seconds}


def _where(tab: Tab) -> str:
    days = tab.hub.store.ttl.total_seconds() / 86_400
    kept = f"{days:g} days" if days >= 1 else f"{days * 24:g} hours"
    return f"Kept in {tab.hub.store.where}, {kept} after the last use"
