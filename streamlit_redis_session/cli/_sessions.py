"""``sessions``: what there is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import click

from streamlit_redis_session.cli._output import (
    add_row,
    console,
    json_option,
    print_json,
    progress,
    say,
    table,
)
from streamlit_redis_session.cli._target import Target, target_options
from streamlit_redis_session.cli._text import age_text, bytes_text, span_text

if TYPE_CHECKING:
    from streamlit_redis_session.session import SessionInfo, Store

SHORT_KEY_CHARS = 8
_NEVER = datetime.max.replace(tzinfo=timezone.utc)
_SORTS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "created": lambda row: -row["info"].created_at.timestamp(),
    "expires": lambda row: row["info"].expires_at or _NEVER,
    "versions": lambda row: -row["info"].versions,
    "bytes": lambda row: -(row["bytes"] or 0),
}


@click.command()
@target_options
@click.option("--sort", type=click.Choice(list(_SORTS)), default="created", show_default=True)
@click.option("--limit", type=click.IntRange(min=1), help="List no more than that.")
@click.option("--measure", is_flag=True, help="Count bytes; reads the manifests of all sessions.")
@json_option
def sessions(target: Target, *, sort: str, limit: int | None, measure: bool, as_json: bool) -> None:
    """List living sessions, the newest first.

    A session's secret id is stored nowhere; its key is a hash of it, which gives nobody access.
    Bytes are counted where Limits.session_bytes is set, or with --measure; sessions share chunks,
    so the sum may be more than what the server holds.
    """
    with target.open() as store:
        rows = _rows(store, measure)
        where = store.where
    shown = sorted(rows, key=_SORTS[sort])[:limit]
    if as_json:
        print_json(
            {
                "where": where,
                "namespace": target.namespace,
                "total": len(rows),
                "sessions": [_as_json(row) for row in shown],
            }
        )
        return
    _print(shown, len(rows), f"{where}, namespace {target.namespace}")


def _rows(store: Store, measure: bool) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    keys = store.list_keys()
    with progress("Looking at sessions") as told:
        for number, key in enumerate(keys):
            told(number, len(keys))
            info = store.info(key)
            if info is not None:
                size = store.measure(key) if measure else info.stored_bytes
                rows.append({"info": info, "bytes": size})
    return rows


def _as_json(row: dict[str, Any]) -> dict[str, object]:
    info: SessionInfo = row["info"]
    return {
        "key": info.key,
        "created_at": info.created_at.isoformat(),
        "expires_at": info.expires_at.isoformat() if info.expires_at else None,
        "versions": info.versions,
        "branches": info.branches,
        "head": {"branch": info.head.branch, "version": info.head.version},
        "bytes": row["bytes"],
    }


def short_length(keys: Sequence[str]) -> int:
    """Say how many characters tell these keys apart, at least 8."""
    length = SHORT_KEY_CHARS
    while len({key[:length] for key in keys}) < len(keys):
        length += 1
    return length


def _print(rows: Sequence[dict[str, Any]], total: int, where: str) -> None:
    if not rows:
        say(f"No sessions in {where}.")
        return
    right = ("versions", "branches", "bytes")
    columns = ("session", "created", "expires in", *right[:2], "head", right[2])
    made = table(*columns, right=right)
    now = datetime.now(timezone.utc)
    length = short_length([row["info"].key for row in rows])
    for row in rows:
        info: SessionInfo = row["info"]
        left_s = (info.expires_at - now).total_seconds() if info.expires_at else None
        at = f" @ {info.head.version[:8]}" if info.head.version else " (no version)"
        add_row(
            *(made, info.key[:length], age_text(info.created_at, now), span_text(left_s)),
            *(f"{info.versions:,}", f"{info.branches:,}", info.head.branch + at),
            bytes_text(row["bytes"]),
        )
    console().print(made)
    say(f"{len(rows):,} of {total:,} in {where}")
