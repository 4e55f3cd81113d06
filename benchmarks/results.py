"""Looking things up in what was measured."""

from __future__ import annotations

from typing import Any

from benchmarks.data import Data
from benchmarks.peers import OURS, SEED
from benchmarks.timing import Spread

Results = dict[str, Any]


def frames(results: Results, question: str) -> list[Data]:
    """List the frames of a question, as measured."""
    return [Data(name) for name in results.get(question, {})]


def label(results: Results, peer: str) -> str:
    """Name a system for people."""
    return str(results.get("systems", {}).get(peer, {}).get("label", peer))


def about_run(results: Results) -> str:
    """Say how and on what was measured."""
    machine = results["machine"]
    versions = ", ".join(f"{name} {value}" for name, value in list(machine.items())[4:])
    kind = "make bench-quick" if results["is_quick"] else "make bench"
    minutes = sum(results.get("took_s", {}).values()) / 60
    return (
        f"`{kind}` ({minutes:.0f} min, up to {results['rounds']} rounds) on "
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory']}, "
        f"{machine['system']}; {versions}, {results.get('server', '')}"
    )


def largest(results: Results, question: str) -> Data | None:
    """Choose the frame of 20 columns that the goals speak of: a million rows, or the most."""
    found = [d for d in frames(results, question) if d.name.endswith("x20")]
    million = [data for data in found if data.shape[0] == 10**6]
    chosen = million or sorted(found, key=lambda data: data.shape[0])
    return chosen[-1] if chosen else None


def spread(samples: dict[str, Any] | None, figure: str) -> Spread | None:
    """Summarise the samples of a figure, if there are any."""
    values = (samples or {}).get(figure)
    return Spread.of(values) if isinstance(values, list) and values else None


def median(results: Results, question: str, data: Data, what: str, peer: str, figure: str) -> float:
    """Give a median.

    Raises
    ------
    LookupError
        It was not measured.
    """
    samples = results[question][data.name][what][peer]
    found = spread(samples, figure)
    if found is None:
        raise LookupError(figure)
    return found.median


def ratio(
    results: Results, question: str, data: Data, what: str, figure: str, *, other: str = SEED
) -> float:
    """Tell how many times as much another system needs."""
    ours = median(results, question, data, what, OURS, figure)
    return median(results, question, data, what, other, figure) / max(ours, 1e-9)
