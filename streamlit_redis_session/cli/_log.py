"""``log``: the history of a session as a graph."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timezone
from itertools import islice
from typing import TYPE_CHECKING

import click
from rich.text import Text

from streamlit_redis_session.cli._lanes import draw, in_order
from streamlit_redis_session.cli._output import json_option, print_json, say
from streamlit_redis_session.cli._target import Target, find_key, session_options, target_options
from streamlit_redis_session.cli._text import age_text, printable

if TYPE_CHECKING:
    from streamlit_redis_session.history import VersionGraph
    from streamlit_redis_session.objects import Version


@click.command()
@target_options
@session_options
@click.option("--limit", type=click.IntRange(min=1), help="Show no more lines than that.")
@json_option
def log(
    target: Target, *, session: str | None, ask_id: bool, limit: int | None, as_json: bool
) -> None:
    """Draw the history of a session, as `git log --graph --oneline` does."""
    with target.open() as store:
        graph = store.open_key(find_key(store, session, ask_id)).graph()
    if as_json:
        print_json(json.loads(graph.to_json()))
        return
    if not graph.versions:
        say("This session has no version yet.")
    for line in islice(lines(graph, now=datetime.now(timezone.utc)), limit):
        say(line)


def lines(graph: VersionGraph, *, now: datetime) -> Iterator[Text]:
    """Draw a graph, one line for each version and for each place where lines part or meet."""
    versions = {version.id: version for version in graph.versions}
    parents = {version.id: version.parents for version in graph.versions}
    ordered = {version_id: parents[version_id] for version_id in in_order(parents)}
    for drawn, version_id in draw(ordered):
        line = Text(drawn, style="cyan")
        if version_id is not None:
            line.append_text(_words(versions[version_id], graph, now))
        yield line


def _words(version: Version, graph: VersionGraph, now: datetime) -> Text:
    words = Text(style="default")
    words.append(f" {version.short_id}", style="yellow")
    refs = _refs(version, graph)
    if refs:
        words.append(f" ({printable(', '.join(refs))})", style="bold green")
    words.append(f" {printable(version.message)}")
    words.append(f"  {age_text(version.created_at, now)}", style="dim")
    return words


def _refs(version: Version, graph: VersionGraph) -> list[str]:
    """Name what points at a version: ``HEAD -> main``, or ``HEAD`` where the branch goes on."""
    branches = sorted(str(name) for name, at in graph.branches.items() if at == version.id)
    found = [name for name in branches if name != graph.head.branch]
    if graph.head.branch in branches:
        found.insert(0, graph.head.branch)
    if version.id == graph.head.version:
        if graph.head.branch in branches:
            found[0] = f"HEAD -> {graph.head.branch}"
        else:
            found.insert(0, f"HEAD on {graph.head.branch}")
    tags = sorted(name for name, at in graph.tags.items() if at == version.id)
    return [*found, *(f"tag: {name}" for name in tags)]
