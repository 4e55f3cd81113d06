"""What was measured, as Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benchmarks.data import Data
from benchmarks.edits import EDITS
from benchmarks.goals import duration, goals, size, times
from benchmarks.headline import CANNOT, NOTHING, headline, table
from benchmarks.peers import OURS, PEERS, SEED
from benchmarks.results import Results, about_run, frames, label, largest, spread
from benchmarks.timing import Spread, exponent, within_95

FIRST = "the first save"
NAMES = {
    "first": FIRST, "cells": "many cells", "columns": "many new columns",
}  # fmt: skip
FIGURES = (
    ("bytes", "bytes to the server or the disk"), ("memory", "memory of the server, or disk"),
    ("undo_s", "undo of it in the same process"),
)  # fmt: skip


def markdown(results: Results) -> str:
    """Write the whole report, of whatever was measured."""
    parts = [
        "# Benchmarks", _about(results), headline(results),
        "![Time of each edit by system](edits.svg)", "![How the cost grows](scaling.svg)",
        "## Goals", _goals(results), *_systems(results), *_edits(results),
        *_per_frame(results, "reads", "Checkout in a fresh process", "checkout_s"),
        *_per_frame(results, "reads", "Undo in a fresh process that shows the head", "undo_s"),
        *_per_frame(results, "stalls", "Worst wait of another thread during a save", "stall_s"),
        *_reruns(results), *_long_sessions(results), *_sharing(results), *_history(results),
        *_scaling(results), *_live(results), *_notes(results),
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def _about(results: Results) -> str:
    return (
        f"{about_run(results)}. Medians; the small figures after them are the quartiles. The "
        "systems take turns, each in a process of its own with a server or folder of its own. "
        "Ratios say how many times as much a system needs as this package."
    )


def _goals(results: Results) -> str:
    return table(["", "goal", "measured", "verdict"], [[*goal.row()] for goal in goals(results)])


def _peers_in(found: dict[str, Any]) -> list[str]:
    return [name for name in PEERS if any(name in systems for systems in found.values())]


def _folded(title: str, content: str, *, is_open: bool = False) -> str:
    start = "<details open>" if is_open else "<details>"
    return f"{start}<summary>{title}</summary>\n\n{content}\n\n</details>"


def _systems(results: Results) -> Iterator[str]:
    """Put the systems side by side, for one cell of the largest frame."""
    data = largest(results, "edits")
    if data is None:
        return
    cell = results["edits"][data.name].get("cell", {})
    stalls = results.get("stalls", {}).get(data.name, {}).get("cell", {})
    yield f"## The systems, one cell of {data.label}"
    figures = (
        ("caller_s", duration), ("total_s", duration), ("bytes", size), ("memory", size),
        ("undo_s", duration),
    )  # fmt: skip
    rows = []
    for peer in (peer for peer in PEERS if peer in cell):
        if "cannot" in cell[peer]:
            continue
        found = [(spread(cell[peer], figure), show) for figure, show in figures]
        found.append((spread(stalls.get(peer), "stall_s"), duration))
        shown = [show(one.median) if one else NOTHING for one, show in found]
        rows.append([label(results, peer), *shown])
    head = ["caller's thread", "saved after", "bytes", "memory", "undo", "another thread waits"]
    yield table(["", *head], rows)


def _edits(results: Results) -> Iterator[str]:
    if results.get("edits"):
        yield "## One edit"
    for data in frames(results, "edits"):
        found = results["edits"][data.name]
        peers = _peers_in(found)
        head = ["", f"{label(results, OURS)}: script thread"]
        head += ["saved after" if peer == OURS else label(results, peer) for peer in peers]
        rows = [_edit_row(name, found[name], peers) for name in found]
        is_open = data == largest(results, "edits")
        yield _folded(f"{data.label}: time until it is saved", table(head, rows), is_open=is_open)
        head = ["", *(label(results, peer) for peer in peers)]
        for figure, what in FIGURES:
            rows = [_figure_row(name, found[name], peers, figure) for name in found]
            rows = [row for row in rows if set(row[1:]) - {NOTHING}]
            yield _folded(f"{data.label}: {what}", table(head, rows))


def _edit_row(name: str, samples: dict[str, Any], peers: list[str]) -> list[str]:
    caller = spread(samples.get(OURS), "caller_s")
    row = [_title(name), duration(caller.median) if caller else NOTHING]
    return row + _figure_row(name, samples, peers, "total_s")[1:]


def _title(name: str) -> str:
    return EDITS[name].title if name in EDITS else NAMES.get(name, name)


def _figure_row(name: str, samples: dict[str, Any], peers: list[str], figure: str) -> list[str]:
    row = [_title(name)]
    ours = spread(samples.get(OURS), figure)
    for peer in peers:
        found = spread(samples.get(peer), figure)
        if found is None:
            row.append(CANNOT if "cannot" in samples.get(peer, {}) else NOTHING)
        elif figure in ("bytes", "memory"):
            row.append(size(found.median) + _by(found.median, ours, peer))
        else:
            row.append(_time(found) + _by(found.median, ours, peer))
    return row


def _time(found: Spread) -> str:
    quartiles = f" <sub>{duration(found.low)} - {duration(found.high)}</sub>"
    return duration(found.median) + (quartiles if found.count > 1 else "")


def _by(value: float, ours: Any, peer: str) -> str:
    if peer == OURS or ours is None or not ours.median:
        return ""
    return f", {times(value / ours.median)}"


def _per_frame(results: Results, question: str, title: str, figure: str) -> Iterator[str]:
    if results.get(question):
        yield f"## {title}"
    for data in frames(results, question):
        found = results[question][data.name]
        peers = _peers_in(found)
        rows = [_figure_row(name, found[name], peers, figure) for name in found]
        for row in rows:
            row[0] = FIRST if row[0] == EDITS["unchanged"].title else row[0]
        head = ["", *(label(results, peer) for peer in peers)]
        yield f"### {data.label}"
        yield table(head, [row for row in rows if set(row[1:]) - {NOTHING}])


def _reruns(results: Results) -> Iterator[str]:
    if not results.get("reruns"):
        return
    yield "## Reruns of an app"
    titles = {
        "end_s": "unchanged: end of the run", "start_s": "start of the run (one round trip)",
        "undo_cell_s": "undo of one cell", "undo_add_s": "undo of a new column",
        "undo_filter_s": "undo of a filter",
    }  # fmt: skip
    rows = []
    for data in frames(results, "reruns"):
        found = [spread(results["reruns"][data.name], figure) for figure in titles]
        rows.append([data.label, *(duration(one.median) if one else NOTHING for one in found)])
    yield table(["", *titles.values()], rows)


def _long_sessions(results: Results) -> Iterator[str]:
    found = results.get("long_session", {})
    if not found:
        return
    yield "## A session of 50 versions: memory, and time of all commits"
    peers = _peers_in(found)
    head = ["", *(label(results, peer) for peer in peers)]
    yield table(
        head,
        [
            [Data(name).label, *(_long_session(systems, peer) for peer in peers)]
            for name, systems in found.items()
        ],
    )


def _long_session(systems: dict[str, Any], peer: str) -> str:
    taken, ours = systems.get(peer, {}), systems.get(OURS, {}).get("bytes")
    if "bytes" not in taken:
        return CANNOT if taken else NOTHING
    by = f", {times(taken['bytes'] / ours)}" if ours and peer != OURS else ""
    return f"{size(taken['bytes'])}{by}, {duration(taken['seconds'])}"


def _sharing(results: Results) -> Iterator[str]:
    found = results.get("sharing", {})
    if not found:
        return
    yield f"## {found['sessions']} sessions on one data set ({Data(found['data']).label})"
    head = ["", "one session", f"{found['sessions']} sessions", "ratio", "next session"]
    yield table(head, [
        [
            label(results, peer), size(found[peer]["one_bytes"]), size(found[peer]["all_bytes"]),
            times(found[peer]["all_bytes"] / found[peer]["one_bytes"]),
            duration(found[peer]["next_s"]),
        ]
        for peer in PEERS if "one_bytes" in found.get(peer, {})
    ])  # fmt: skip


def _history(results: Results) -> Iterator[str]:
    found = results.get("history", {})
    if not found:
        return
    yield f"## A history of {found['versions']} versions ({Data(found['data']).label})"
    titles = {
        "commit_first_s": "commit at its beginning", "commit_last_s": "commit at its end",
        "graph_s": "all versions, fresh process", "far_warm_s": "checkout of the first",
        "far_cold_s": "the same, fresh process", "bytes": "memory",
    }  # fmt: skip
    rows = []
    for peer in (peer for peer in PEERS if peer in found):
        figures = [(name, spread(found[peer], name)) for name in titles]
        shown = [
            (size if name == "bytes" else duration)(one.median) if one else NOTHING
            for name, one in figures
        ]
        rows.append([label(results, peer), *shown])
    yield table(["", *titles.values()], rows)


def _scaling(results: Results) -> Iterator[str]:
    found = results.get("scaling", {})
    if not found:
        return
    yield "## How it grows"
    rows = []
    for axis, edits in found.items():
        for name, systems in edits.items():
            for peer in (OURS, SEED):
                points = systems.get(peer, [])
                if len(points) < 2:
                    continue
                sizes = [point[0] for point in points]
                rows.append([
                    f"{_title(name)}, {label(results, peer)}", axis,
                    f"{sizes[0]:,} - {sizes[-1]:,}",
                    f"{duration(points[0][1])} - {duration(points[-1][1])}",
                    f"{exponent(sizes, [point[1] for point in points]):.2f}",
                    f"{size(points[0][2])} - {size(points[-1][2])}",
                    f"{exponent(sizes, [point[2] for point in points]):.2f}",
                ])  # fmt: skip
    yield "The exponent e of cost ~ size^e: 0 does not grow, 1 grows with it."
    yield table(["", "with", "from - to", "time", "e", "bytes", "e"], rows)


def _live(results: Results) -> Iterator[str]:
    found = results.get("live", {})
    if not found:
        return
    yield "## Following another process"
    yield "From the acknowledgement of a commit to the wake of a tab in another process."
    head = ["sessions shown there", "median", "95 of 100 within", "connections that listen"]
    yield table(head, [
        [
            f"{int(count):,}", _time(Spread.of(one["wake_s"])),
            duration(within_95(one["wake_s"])), str(one["connections"]),
        ]
        for count, one in found.items()
    ])  # fmt: skip


def _notes(results: Results) -> Iterator[str]:
    yield "## Notes"
    lines = []
    systems = results.get("systems", {})
    for about in (systems[peer] for peer in PEERS if peer in systems):
        versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
        lines.append(f"* {about['label']} ({versions})" + _after(about["note"]))
    lines += [f"* {what}: {why}" for what, why in results.get("notes", {}).items()]
    yield "\n".join(lines)


def _after(note: str) -> str:
    return f": {note}." if note else "."
