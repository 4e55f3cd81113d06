"""The table that README shows: a dozen lines, the systems side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.data import Data
from benchmarks.edits import EDITS
from benchmarks.goals import duration, size
from benchmarks.peers import OURS, PEERS
from benchmarks.results import Results, about_run, label, largest, spread

BEGIN, END = "<!-- benchmarks:begin -->", "<!-- benchmarks:end -->"
PEERS_SHOWN = (OURS, "seed", "arrow", "arcticdb", "kishu", "diskcache")
EDITS_SHOWN = ("unchanged", "cell", "add", "drop", "filter", "sort", "append", "group")
CANNOT, NOTHING = "cannot", "-"

Cell = Callable[[str], str]
"""System -> what stands in its column."""


@dataclass(frozen=True)
class Line:
    """One line of the table."""

    title: str
    cell: Cell


def table(head: list[str], rows: list[list[str]]) -> str:
    """Write a table of Markdown; all columns but the first stand right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def headline(results: Results) -> str:
    """Write the table, or say that there is nothing to show."""
    data = largest(results, "edits")
    if data is None:
        return "No edit was measured."
    lines = list(_lines(results, data))
    peers = [peer for peer in PEERS_SHOWN if any(line.cell(peer) != NOTHING for line in lines)]
    head = [data.label, *(_strong(label(results, peer), peer) for peer in peers)]
    rows = [[line.title, *(_strong(line.cell(peer), peer) for peer in peers)] for line in lines]
    return table(head, [row for row in rows if set(row[1:]) - {NOTHING, f"**{NOTHING}**"}])


def section(results: Results, folder: str) -> str:
    """Write what stands between the markers of README."""
    names = ", ".join(label(results, peer) for peer in PEERS if peer in results.get("systems", {}))
    return "\n\n".join(
        [
            f"{about_run(results)}. Time until an edit is saved, and bytes to the server or the "
            f"disk; medians. Measured were {names}.",
            headline(results),
            f"![Time of each edit by system]({folder}/edits.svg)",
            f"![How the cost of an edit grows]({folder}/scaling.svg)",
            f"[The whole report]({folder}/latest.md), "
            "[how to run and read it](docs/benchmarks.md).",
        ]
    )


def put_into(readme: Path, results: Results, folder: Path) -> None:
    """Replace what stands between the markers of a file.

    Raises
    ------
    ValueError
        The file does not have both markers, in this order.
    """
    text = readme.read_text()
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{readme.name} needs the lines {BEGIN} and {END}")
    place = folder.resolve().relative_to(readme.resolve().parent).as_posix()
    readme.write_text(f"{before}{BEGIN}\n{section(results, place)}\n{END}{after}")


def _lines(results: Results, data: Data) -> Iterator[Line]:
    edits: dict[str, Any] = results["edits"][data.name]
    for name in EDITS_SHOWN:
        yield Line(EDITS[name].title, _edit(edits.get(name, {})))
    yield Line("longest wait of the script, any edit", _longest_wait(edits))
    yield Line("undo of one cell", _figure(edits.get("cell", {}), "undo_s"))
    reads = results.get("reads", {}).get(data.name, {})
    yield Line("read in a fresh process", _figure(reads.get("unchanged", {}), "checkout_s"))
    stalls = results.get("stalls", {}).get(data.name, {})
    yield Line("other threads wait, one cell", _figure(stalls.get("cell", {}), "stall_s"))
    yield Line("memory of 50 versions", _memory(results.get("long_session", {}).get(data.name, {})))


def _edit(systems: dict[str, Any]) -> Cell:
    def cell(peer: str) -> str:
        found = spread(systems.get(peer), "total_s")
        count = spread(systems.get(peer), "bytes")
        if found is None or count is None:
            return _missing(systems, peer)
        return f"{duration(found.median)}, {size(count.median)}"

    return cell


def _figure(systems: dict[str, Any], figure: str) -> Cell:
    def cell(peer: str) -> str:
        found = spread(systems.get(peer), figure)
        return duration(found.median) if found else _missing(systems, peer)

    return cell


def _longest_wait(edits: dict[str, Any]) -> Cell:
    def cell(peer: str) -> str:
        found = [
            one.median
            for name, systems in edits.items()
            if name != "unchanged" and (one := spread(systems.get(peer), "caller_s"))
        ]
        return duration(max(found)) if found else NOTHING

    return cell


def _memory(systems: dict[str, Any]) -> Cell:
    def cell(peer: str) -> str:
        taken = systems.get(peer, {}).get("bytes")
        return size(taken) if taken else _missing(systems, peer)

    return cell


def _missing(systems: dict[str, Any], peer: str) -> str:
    return CANNOT if "cannot" in systems.get(peer, {}) else NOTHING


def _strong(words: str, peer: str) -> str:
    return f"**{words}**" if peer == OURS else words
