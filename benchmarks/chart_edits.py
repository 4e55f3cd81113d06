"""The plot of the edits: how long each system takes, as bars on one logarithmic axis."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from benchmarks.data import Data
from benchmarks.goals import duration
from benchmarks.peers import OURS, PEERS
from benchmarks.results import Results, label, largest, spread
from benchmarks.svg import nothing, page, rule, text
from benchmarks.timing import Spread

PANELS = (
    ("unchanged rerun", "unchanged", "total_s"), ("one cell", "cell", "total_s"),
    ("add a column", "add", "total_s"), ("drop a column", "drop", "total_s"),
    ("filter 60 % at random", "filter", "total_s"), ("sort", "sort", "total_s"),
    ("append 1 %", "append", "total_s"), ("undo one cell", "cell", "undo_s"),
)  # fmt: skip
ACROSS, WIDTH, NAMES, VALUES, GAP = 2, 456, 172, 62, 16
HEAD, ROW, BAR, FOOT, TOP = 24, 17, 11, 16, 62

Panel = tuple[str, dict[str, Spread]]


def svg(results: Results) -> str:
    """Draw a panel per edit, a bar per system, and the quartiles as a thin line."""
    data = largest(results, "edits")
    panels = list(_panels(results, data)) if data else []
    if data is None or not panels:
        return nothing("No edit was measured.")
    found = [one for _, spreads in panels for one in spreads.values()]
    low = math.floor(math.log10(min(one.low for one in found)))
    high = max(low + 1, math.ceil(math.log10(max(one.high for one in found))))
    tall = HEAD + ROW * max(len(spreads) for _, spreads in panels) + FOOT
    title = f"Time until an edit of {data.label} is saved"
    parts = [
        text(12, 24, title, kind="title"),
        text(12, 44, "Medians, thin lines: quartiles. Logarithmic: each line is ten times more."),
    ]
    for number, panel in enumerate(panels):
        x = 12 + number % ACROSS * (WIDTH + GAP)
        y = TOP + number // ACROSS * tall
        parts += _panel(results, panel, x, y, (low, high))
    height = TOP + math.ceil(len(panels) / ACROSS) * tall
    return page(24 + ACROSS * WIDTH + GAP, height, title, parts)


def _panels(results: Results, data: Data) -> Iterator[Panel]:
    edits: dict[str, Any] = results["edits"][data.name]
    for title, name, figure in PANELS:
        spreads = {
            peer: found
            for peer in PEERS
            if (found := spread(edits.get(name, {}).get(peer), figure)) is not None
        }
        if spreads:
            yield title, spreads


def _panel(
    results: Results, panel: Panel, x: float, y: float, powers: tuple[int, int]
) -> Iterator[str]:
    title, spreads = panel
    left, right = x + NAMES, x + WIDTH - VALUES
    low, high = powers

    def at(seconds: float) -> float:
        return left + (math.log10(seconds) - low) / (high - low) * (right - left)

    yield text(left, y + 14, title, kind="head")
    bottom = y + HEAD + ROW * len(spreads)
    for power in range(low, high + 1):
        yield rule(at(10.0**power), y + HEAD - 3, at(10.0**power), bottom)
    for number, (peer, found) in enumerate(spreads.items()):
        top = y + HEAD + ROW * number
        middle, kind = top + BAR / 2, "ours" if peer == OURS else "other"
        strong = "strong" if peer == OURS else ""
        yield text(left - 8, top + 10, label(results, peer), kind=strong, anchor="end")
        yield (
            f'<rect x="{left:.1f}" y="{top:.1f}" width="{max(1.5, at(found.median) - left):.1f}" '
            f'height="{BAR}" rx="1.5" class="{kind}"/>'
        )
        yield rule(at(found.low), middle, at(found.high), middle, kind="whisker")
        end = max(at(found.high), at(found.median)) + 5
        yield text(end, top + 10, duration(found.median), kind=strong)
