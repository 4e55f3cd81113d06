"""What was measured, as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from benchmarks.data import Data
from benchmarks.edits import EDITS
from benchmarks.goals import duration, goals, size, times
from benchmarks.peers import OURS, PEERS, SEED
from benchmarks.results import Results, frames, spread
from benchmarks.timing import exponent

NAMES = {"first": "the first save", "unchanged": "the first save"}


def markdown(results: Results) -> str:
    """Write the whole report."""
    parts = [
        "# Benchmarks", _about(results), "![Chart](chart.svg)", "## Goals", _goals(results),
        *_edits(results),
        *_per_frame(results, "reads", "Checkout in a fresh process", "checkout_s"),
        *_per_frame(results, "reads", "Undo in a fresh process that shows the head", "undo_s"),
        *_per_frame(results, "stalls", "Worst wait of another thread during a save", "stall_s"),
        *_reruns(results), *_long_sessions(results), *_sharing(results), *_history(results),
        *_scaling(results), *_notes(results),
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def _about(results: Results) -> str:
    machine = results["machine"]
    versions = ", ".join(f"{name} {value}" for name, value in list(machine.items())[4:])
    kind, option = ("quick", " --quick") if results["is_quick"] else ("full", "")
    return (
        f"`python -m benchmarks{option}` ({kind}, {results['rounds']} rounds, "
        f"{results['seconds'] / 60:.0f} min) on {machine['processor']}, "
        f"{machine['cores']} cores, {machine['memory']}, {machine['system']}; {versions}, "
        f"{results.get('server', '')}. Medians; in brackets the quartiles. The systems take turns, "
        "each in a process of its own with a server or folder of its own. Ratios say how many "
        "times as much a system needs as this package."
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _goals(results: Results) -> str:
    return table(["", "goal", "measured", "verdict"], [goal.row() for goal in goals(results)])


def _peers_in(found: dict[str, Any]) -> list[str]:
    return [name for name in PEERS if any(name in systems for systems in found.values())]


def _label(results: Results, peer: str) -> str:
    return str(results["systems"].get(peer, {}).get("label", peer))


def _edits(results: Results) -> Iterator[str]:
    if results.get("edits"):
        yield "## One edit"
    for data in frames(results, "edits"):
        found = results["edits"][data.name]
        peers = _peers_in(found)
        yield f"### {data.label}: time until it is saved"
        head = ["", f"{_label(results, OURS)}: script thread"]
        head += ["saved after" if peer == OURS else _label(results, peer) for peer in peers]
        yield table(head, [_edit_row(name, found[name], peers) for name in found])
        yield f"### {data.label}: bytes to the server or disk"
        head = [""] + [_label(results, peer) for peer in peers]
        yield table(head, [_figure_row(name, found[name], peers, "bytes") for name in found])
        yield f"### {data.label}: undo of it in the same process"
        rows = [_figure_row(name, found[name], peers, "undo_s") for name in found]
        yield table(head, [row for row in rows if set(row[1:]) - {"-"}])


def _edit_row(name: str, samples: dict[str, Any], peers: list[str]) -> list[str]:
    caller = spread(samples.get(OURS), "caller_s")
    row = [_title(name), duration(caller.median) if caller else "-"]
    return row + _figure_row(name, samples, peers, "total_s")[1:]


def _title(name: str) -> str:
    return EDITS[name].title if name in EDITS else NAMES.get(name, name)


def _figure_row(name: str, samples: dict[str, Any], peers: list[str], figure: str) -> list[str]:
    row = [_title(name)]
    ours = spread(samples.get(OURS), figure)
    for peer in peers:
        found = spread(samples.get(peer), figure)
        if found is None:
            row.append("-")
        elif figure == "bytes":
            row.append(size(found.median) + _by(found.median, ours, peer))
        else:
            quartiles = f" ({duration(found.low)} - {duration(found.high)})"
            row.append(duration(found.median) + quartiles + _by(found.median, ours, peer))
    return row


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
        yield f"### {data.label}"
        yield table(
            [""] + [_label(results, peer) for peer in peers],
            [row for row in rows if set(row[1:]) - {"-"}],
        )


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
        rows.append([data.label, *(duration(one.median) if one else "-" for one in found)])
    yield table(["", *titles.values()], rows)


def _long_sessions(results: Results) -> Iterator[str]:
    found = results.get("long_session", {})
    if not found:
        return
    yield "## Memory of a session of 50 versions"
    peers = _peers_in(found)
    rows = []
    for name, systems in found.items():
        ours = systems.get(OURS, {}).get("bytes")
        row = [Data(name).label]
        for peer in peers:
            taken = systems.get(peer)
            by = f", {times(taken['bytes'] / ours)}" if taken and ours and peer != OURS else ""
            row.append(
                f"{size(taken['bytes'])}{by}, {duration(taken['seconds'])}" if taken else "-"
            )
        rows.append(row)
    yield table(["", *(_label(results, peer) for peer in peers)], rows)


def _sharing(results: Results) -> Iterator[str]:
    found = results.get("sharing", {})
    if not found:
        return
    yield f"## {found['sessions']} sessions on one data set ({Data(found['data']).label})"
    head = ["", "one session", f"{found['sessions']} sessions", "ratio", "next session"]
    yield table(head, [
        [
            _label(results, peer), size(found[peer]["one_bytes"]), size(found[peer]["all_bytes"]),
            times(found[peer]["all_bytes"] / found[peer]["one_bytes"]),
            duration(found[peer]["next_s"]),
        ]
        for peer in PEERS if peer in found
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
            "-" if one is None else size(one.median) if name == "bytes" else duration(one.median)
            for name, one in figures
        ]
        rows.append([_label(results, peer), *shown])
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
                    f"{_title(name)}, {_label(results, peer)}", axis,
                    f"{sizes[0]:,} - {sizes[-1]:,}",
                    f"{duration(points[0][1])} - {duration(points[-1][1])}",
                    f"{exponent(sizes, [point[1] for point in points]):.2f}",
                    f"{size(points[0][2])} - {size(points[-1][2])}",
                    f"{exponent(sizes, [point[2] for point in points]):.2f}",
                ])  # fmt: skip
    yield "The exponent e of cost ~ size^e: 0 does not grow, 1 grows with it."
    yield table(["", "with", "from - to", "time", "e", "bytes", "e"], rows)


def _notes(results: Results) -> Iterator[str]:
    yield "## Notes"
    lines = [
        f"* {about['label']} (pandas {about['pandas']})"
        + (f": {about['note']}." if about["note"] else ".")
        for about in results["systems"].values()
    ]
    lines += [f"* {what}: {why}" for what, why in results["notes"].items()]
    yield "\n".join(lines)
