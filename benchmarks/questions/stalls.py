"""How long other threads of the app wait while something is saved."""

from __future__ import annotations

from functools import partial
from typing import Any

from benchmarks.contestants import Contestant
from benchmarks.data import Data
from benchmarks.peers import OURS
from benchmarks.run import Run

TITLE = "Worst wait of another thread"
WHAT = ("first", "cell", "filter", "sort")
ROUNDS_OF_OTHERS = 2


def ask(run: Run, found: dict[str, Any]) -> None:
    """Add ``frame -> what -> system -> figure -> samples``."""
    for data in run.frames_left(found):
        with run.contestants(data) as contestants:
            measured = {}
            for what in WHAT:
                run.say(f"{data.label}: waits during {what}")
                measured[what] = _during(run, data, contestants, what)
        found[data.name] = measured


def _during(run: Run, data: Data, contestants: list[Contestant], what: str) -> dict[str, Any]:
    samples: dict[str, dict[str, list[float]]] = {}
    for number in range(run.rounds_for(data)):
        for contestant in contestants:
            if number >= ROUNDS_OF_OTHERS and contestant.name != OURS:
                continue
            once = partial(_once, contestant, what, number)
            stall_s = run.attempt(f"{contestant.name}, {data.label}, waits", once)
            if stall_s is not None:
                figures = samples.setdefault(contestant.name, {"stall_s": []})
                figures["stall_s"].append(stall_s)
    return samples


def _once(contestant: Contestant, what: str, number: int) -> float:
    if contestant.name == OURS:  # as in an app: saved in the background
        begun = contestant.ask("script", command="begin", probe=what == "first", anew=True)
        if what == "first":
            return float(begun["stall_s"])
        answer = contestant.ask("script", command="edit", name=what, number=number, probe=True)
    else:
        begun = contestant.ask("begin", probe=what == "first")
        if what == "first":
            return float(begun["stall_s"])
        answer = contestant.ask("edit", name=what, number=number, probe=True)
    return float(answer["stall_s"])
