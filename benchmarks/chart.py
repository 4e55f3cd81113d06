"""The plot: how long each edit of the largest frame takes, on a logarithmic axis, as SVG."""

from __future__ import annotations

import math
from html import escape

from benchmarks.edits import EDITS
from benchmarks.goals import duration
from benchmarks.peers import OURS, PEERS
from benchmarks.results import Results, largest, spread

COLOURS = {
    OURS: "#1f77b4", "seed": "#d62728", "arrow": "#ff7f0e", "arcticdb": "#2ca02c",
    "kishu": "#9467bd", "diskcache": "#8c564b", "langgraph": "#7f7f7f",
}  # fmt: skip
LEFT, TOP, WIDTH, ROW, RADIUS = 170, 70, 620, 26, 5
STYLE = (
    "text{font:12px sans-serif;fill:#444}.t{font-size:15px;font-weight:600}"
    ".g{stroke:#8884;stroke-width:1}@media(prefers-color-scheme:dark){text{fill:#ccc}}"
)


def svg(results: Results) -> str:
    """Draw the medians as dots and the quartiles as lines behind them."""
    data = largest(results, "edits")
    if data is None:
        return _page(60, ['<text x="20" y="30">Edits were not measured.</text>'])
    edits = results["edits"][data.name]
    peers = [peer for peer in PEERS if any(peer in systems for systems in edits.values())]
    spreads = {
        (name, peer): found
        for name, systems in edits.items()
        for peer in peers
        if (found := spread(systems.get(peer), "total_s")) is not None
    }
    if not spreads:
        return _page(60, ['<text x="20" y="30">No edit could be measured.</text>'])
    low = math.floor(math.log10(min(found.low for found in spreads.values())))
    high = math.ceil(math.log10(max(found.high for found in spreads.values())))

    def x(seconds: float) -> float:
        return LEFT + (math.log10(seconds) - low) / (high - low) * WIDTH

    height = TOP + ROW * len(edits) + 30
    title = f"Time to save one edit of a frame of {data.label}"
    parts = [f'<text class="t" x="20" y="24">{title}</text>']
    parts += _legend(results, peers)
    for power in range(low, high + 1):
        at = x(10.0**power)
        parts.append(f'<line class="g" x1="{at:.1f}" x2="{at:.1f}" y1="{TOP}" y2="{height - 30}"/>')
        label = duration(10.0**power)
        parts.append(f'<text x="{at:.1f}" y="{height - 12}" text-anchor="middle">{label}</text>')
    for number, name in enumerate(edits):
        y = TOP + ROW * number + ROW / 2
        parts.append(f'<text x="{LEFT - 12}" y="{y + 4}" text-anchor="end">{_title(name)}</text>')
        for peer in peers:
            if (name, peer) in spreads:
                found = spreads[name, peer]
                parts.append(_mark(COLOURS[peer], y, x(found.low), x(found.median), x(found.high)))
    return _page(height, parts)


def _mark(colour: str, y: float, low: float, middle: float, high: float) -> str:
    return (
        f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{y}" y2="{y}" stroke="{colour}" '
        f'stroke-width="3" stroke-opacity="0.4"/>'
        f'<circle cx="{middle:.1f}" cy="{y}" r="{RADIUS}" fill="{colour}"/>'
    )


def _legend(results: Results, peers: list[str]) -> list[str]:
    parts, at = [], 20.0
    for peer in peers:
        label = str(results["systems"].get(peer, {}).get("label", peer))
        parts.append(f'<circle cx="{at + 5}" cy="46" r="{RADIUS}" fill="{COLOURS[peer]}"/>')
        parts.append(f'<text x="{at + 15}" y="50">{escape(label)}</text>')
        at += 32 + 6.4 * len(label)
    return parts


def _title(name: str) -> str:
    return escape(EDITS[name].title)


def _page(height: float, parts: list[str]) -> str:
    width = LEFT + WIDTH + 40
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="Time to save one edit"><style>{STYLE}</style>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )
