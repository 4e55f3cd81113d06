"""What 100 sessions take that start from the same data."""

from __future__ import annotations

import statistics
from functools import partial
from typing import Any

from benchmarks.contestants import Contestant
from benchmarks.data import Data
from benchmarks.peers import OURS, SEED
from benchmarks.run import Run

TITLE = "Many sessions on one data set"
SESSIONS = 100


def ask(run: Run, found: dict[str, Any]) -> None:
    """Add ``system -> figure -> sample``."""
    data = Data("10000x20" if run.is_quick else "100000x20")
    found.update({"data": data.name, "sessions": SESSIONS})
    with run.contestants(data, only=(OURS, SEED, "arrow", "diskcache")) as contestants:
        for contestant in contestants:
            run.say(f"{data.label}: {SESSIONS} sessions, {contestant.name}")
            what = f"{contestant.name}, {SESSIONS} sessions"
            measured = run.attempt(what, partial(_sessions, contestant))
            found[contestant.name] = measured or {"cannot": run.notes[what]}


def _sessions(contestant: Contestant) -> dict[str, float]:
    empty = contestant.stored()
    first = contestant.ask("begin", keep=True)
    one = contestant.stored() - empty
    more = [contestant.ask("begin", keep=True)["seconds"] for _ in range(SESSIONS - 1)]
    return {
        "one_bytes": one, "all_bytes": contestant.stored() - empty,
        "first_s": first["seconds"], "next_s": statistics.median(more),
    }  # fmt: skip
