"""The plot of growth: time and bytes of an edit against one size each, both axes logarithmic."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.goals import duration, size
from benchmarks.peers import OURS, SEED
from benchmarks.results import Results, label
from benchmarks.svg import nothing, page, rule, text
from benchmarks.timing import exponent

PANELS = (
    ("rows", "cell"), ("columns", "cell"), ("versions", "cell"), ("sessions", "cell"),
    ("cells touched", "cells"), ("columns added", "columns"),
)  # fmt: skip
FIGURES = ((1, "time", duration), (2, "bytes", size))
LEFT, TOP, WIDTH, HEIGHT, GAP_X, GAP_Y = 70, 126, 124, 140, 16, 70
EXPLAINED = (
    "One edited cell, but for the panels of cells and columns. Both axes are logarithmic.",
    "Above each panel the fitted exponents: with 0 the cost does not grow, with 1 it grows alike.",
)

Series = dict[str, list[tuple[float, float]]]


@dataclass(frozen=True)
class Scale:
    """A logarithmic axis from one place to another."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Give the place of a value."""
        share = (math.log10(value) - self.low) / max(self.high - self.low, 1e-9)
        return self.start + share * (self.end - self.start)

    def powers(self) -> list[int]:
        """Give the powers of ten on the axis."""
        return list(range(math.ceil(self.low - 1e-9), math.floor(self.high + 1e-9) + 1))


def svg(results: Results) -> str:
    """Draw a row of panels for time and one for bytes; each line with its fitted exponent."""
    found = results.get("scaling", {})
    panels = [
        (axis, systems)
        for axis, name in PANELS
        if len((systems := found.get(axis, {}).get(name, {})).get(OURS, [])) > 1
    ]
    if not panels:
        return nothing("Growth was not measured.")
    parts = [
        text(12, 24, "How the cost of one edit grows", kind="title"),
        text(12, 44, EXPLAINED[0]),
        text(12, 60, EXPLAINED[1]),
        _key(results),
    ]
    for row, (place, name, _) in enumerate(FIGURES):
        series = [
            (axis, {peer: [(p[0], p[place]) for p in points] for peer, points in systems.items()})
            for axis, systems in panels
        ]
        parts += _row(row, name, series)
    width = LEFT + len(panels) * (WIDTH + GAP_X) + 12
    return page(max(width, 580), TOP + 2 * (HEIGHT + GAP_Y) - 34, "Scaling", parts)


def _key(results: Results) -> str:
    ours, other = label(results, OURS), label(results, SEED)
    return (
        f'<text x="12" y="80"><tspan class="strong">{ours}</tspan>'
        f'<tspan dx="14">{other}</tspan></text>'
    )


def _row(row: int, name: str, series: list[tuple[str, Series]]) -> Iterator[str]:
    show = FIGURES[row][2]
    top = TOP + row * (HEIGHT + GAP_Y)
    values = [max(y, 1e-9) for _, lines in series for line in lines.values() for _, y in line]
    low, high = math.log10(min(values)), math.log10(max(values))
    vertical = Scale(math.floor(low), math.ceil(high), top + HEIGHT, top + 8)
    yield text(LEFT - 8, top - 24, name, kind="head", anchor="end")
    for power in vertical.powers():
        y = vertical.at(10.0**power)
        yield rule(LEFT, y, LEFT + len(series) * (WIDTH + GAP_X) - GAP_X, y)
        yield text(LEFT - 8, y + 4, show(10.0**power), kind="small", anchor="end")
    for number, (axis, lines) in enumerate(series):
        yield from _panel(axis, lines, LEFT + number * (WIDTH + GAP_X), vertical)


def _panel(axis: str, lines: Series, left: float, vertical: Scale) -> Iterator[str]:
    sizes = [x for line in lines.values() for x, _ in line]
    low, high = math.log10(min(sizes)), math.log10(max(sizes))
    across = Scale(low, high, left + 6, left + WIDTH - 6)
    bottom = vertical.start
    for value, anchor in ((min(sizes), "start"), (max(sizes), "end")):
        x = left if anchor == "start" else left + WIDTH
        yield text(x, bottom + 14, _count(value), kind="small", anchor=anchor)
    yield text(left, vertical.end - 32, axis, kind="head")
    drawn = {peer: lines[peer] for peer in (OURS, SEED) if len(lines.get(peer, [])) > 1}
    for number, (peer, line) in enumerate(drawn.items()):
        yield _exponent(left + 58 * number, vertical.end - 14, line, peer == OURS)
        yield from _line(line, peer == OURS, across, vertical)


def _exponent(x: float, y: float, line: list[tuple[float, float]], is_ours: bool) -> str:
    slope = exponent([x for x, _ in line], [y for _, y in line])
    strong = "strong" if is_ours else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" class="{strong}">n<tspan dy="-5" '
        f'class="{strong} small">{slope if abs(slope) >= 0.005 else 0:.2f}</tspan></text>'
    )


def _line(
    line: list[tuple[float, float]], is_ours: bool, across: Scale, vertical: Scale
) -> Iterator[str]:
    kind = "ours" if is_ours else "other"
    places = [(across.at(x), vertical.at(max(y, 1e-9))) for x, y in line]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    yield f'<polyline points="{path}" class="line {kind}"/>'
    for x, y in places:
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" class="dot {kind}"/>'


def _count(value: float) -> str:
    for step, unit in ((10**6, "M"), (10**3, "k")):
        if value >= step:
            return f"{value / step:g}{unit}"
    return f"{value:g}"
