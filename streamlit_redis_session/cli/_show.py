"""``show``: one session, and one version of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import click

from streamlit_redis_session.cli._output import (
    add_row,
    console,
    json_option,
    print_json,
    say,
    table,
)
from streamlit_redis_session.cli._target import (
    NoSuchSessionError,
    Target,
    find_key,
    session_options,
    target_options,
)
from streamlit_redis_session.cli._text import age_text, bytes_text, shape_text, span_text
from streamlit_redis_session.errors import ChunkNotFoundError, CorruptDataError

if TYPE_CHECKING:
    from streamlit_redis_session.history import VersionGraph
    from streamlit_redis_session.objects import Version
    from streamlit_redis_session.session import Session, SessionInfo, ValueInfo

_MOST_VALUE_CHARS = 200


@click.command()
@target_options
@session_options
@click.argument("version", required=False)
@click.option("--values", is_flag=True, help="Show the values of settings, not only their names.")
@json_option
def show(
    target: Target,
    *,
    session: str | None,
    ask_id: bool,
    version: str | None,
    values: bool,
    as_json: bool,
) -> None:
    """Show a session: its refs, and what VERSION (or head) holds. No table is read.

    VERSION is a branch, a tag, an id or its first 4 characters, HEAD, each with ~n behind it. With
    --id it comes first and alone.
    """
    if ask_id and version is None:
        session, version = None, session
    with target.open() as store:
        key = find_key(store, session, ask_id)
        info = store.info(key)
        if info is None:
            raise NoSuchSessionError(f"Session {key[:8]} has just ended.")
        opened = store.open_key(key)
        graph = opened.graph()
        found = _content(opened, graph, version)
    if as_json:
        print_json(_as_json(info, graph, found, values=values))
        return
    _print_session(info, graph)
    if found is not None:
        _print_version(found, values=values)


@dataclass(frozen=True)
class Content:
    """What a version holds."""

    version: Version
    data: Sequence[ValueInfo]
    settings: Mapping[str, object]
    settings_error: str | None


def _content(opened: Session, graph: VersionGraph, ref: str | None) -> Content | None:
    """Look into a version; ``None``: the session has none, and nobody asked for one."""
    if ref is None and graph.head.version is None:
        return None
    (version, *_) = opened.log(ref or "HEAD")
    settings: Mapping[str, object] = {}
    reason = None
    try:
        settings = opened.settings_at(version.id)
    except (ChunkNotFoundError, CorruptDataError) as error:
        reason = str(error)
    return Content(version, opened.describe(version.id), settings, reason)


def _as_json(
    info: SessionInfo, graph: VersionGraph, found: Content | None, *, values: bool
) -> dict[str, Any]:
    return {
        "key": info.key,
        "created_at": info.created_at.isoformat(),
        "expires_at": info.expires_at.isoformat() if info.expires_at else None,
        "versions": info.versions,
        "head": {"branch": graph.head.branch, "version": graph.head.version},
        "branches": dict(graph.branches),
        "tags": dict(graph.tags),
        "version": None if found is None else _version_json(found, values=values),
    }


def _version_json(found: Content, *, values: bool) -> dict[str, object]:
    version, settings = found.version, found.settings
    return {
        "id": version.id,
        "parents": list(version.parents),
        "message": version.message,
        "annotation": version.annotation,
        "author": version.author,
        "created_at": version.created_at.isoformat(),
        "changes": [str(change) for change in version.changes],
        "values": [
            {
                "key": each.key,
                "type": each.type,
                "rows": each.rows,
                "columns": each.columns,
                "bytes": each.nbytes,
                "stored_bytes": each.stored_bytes,
                "chunks": each.chunk_count,
                "chunks_lost": each.lost_count,
                "lease_s": each.lease_s,
                "error": each.error or None,
            }
            for each in found.data
        ],
        "settings": {k: _short(v) if values else None for k, v in sorted(settings.items())},
        "settings_error": found.settings_error,
    }


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _MOST_VALUE_CHARS else text[: _MOST_VALUE_CHARS - 1] + "…"


def _print_session(info: SessionInfo, graph: VersionGraph) -> None:
    now = datetime.now(timezone.utc)
    left_s = (info.expires_at - now).total_seconds() if info.expires_at else None
    at = graph.head.version[:8] if graph.head.version else "no version"
    refs = [("branch", graph.branches), ("tag", graph.tags)]
    say(f"session   {info.key}")
    say(f"created   {age_text(info.created_at, now)}, expires in {span_text(left_s)}")
    say(f"versions  {info.versions:,}")
    say(f"head      {graph.head.branch} @ {at}")
    for kind, named in refs:
        for name, version in sorted(named.items()):
            say(f"{kind:<9} {name} @ {version[:8]}")


def _print_version(found: Content, *, values: bool) -> None:
    version, settings = found.version, found.settings
    now = datetime.now(timezone.utc)
    say()
    say(f"version   {version.id}, made {age_text(version.created_at, now)}")
    say(f"message   {version.message}")
    if version.annotation:
        say(f"note      {version.annotation}")
    if found.data:
        say()
        _print_data(found.data)
    if settings:
        say()
        say("settings  " + ("" if values else ", ".join(sorted(settings))))
        for key, value in sorted(settings.items()) if values else ():
            say(f"  {key} = {_short(value)}")
    if found.settings_error:
        say(f"settings  {found.settings_error}")


def _print_data(data: Sequence[ValueInfo]) -> None:
    right = ("rows x columns", "bytes", "stored", "chunks")
    made = table("value", "type", *right, "lease", right=right)
    for each in data:
        chunks = f"{each.chunk_count:,}"
        if each.lost_count:
            chunks += f" ({each.lost_count:,} LOST)"
        add_row(
            *(made, each.key, each.type or "DAMAGED", shape_text(each.rows, each.columns)),
            *(bytes_text(each.nbytes), bytes_text(each.stored_bytes), chunks),
            "-" if each.lease_s is None else span_text(each.lease_s),
        )
    console().print(made)
    for each in data:
        if each.error:
            say(f"{each.key}: {each.error}")
