"""How long other threads of the app wait while something is saved."""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import Any

from benchmarks.contestants import Contestant
from benchmarks.peers import OURS
from benchmarks.run import Run

TITLE = "Worst wait of another thread"
WHAT = ("first", "cell", "filter", "sort", "append")


def ask(run: Run) -> dict[str, Any]:
    """Give ``frame -> what -> system -> figure -> samples``."""
    found: dict[str, Any] = {}
    for data in run.frames:
        with run.contestants(data) as contestants:
            found[data.name] = {}
            for what in WHAT:
                run.say(f"{data.label}: waits during {what}")
                samples: Any = defaultdict(lambda: defaultdict(list))
                for number in range(run.rounds_for(data)):
                    for contestant in contestants:
                        stall_s = run.attempt(
                            f"{contestant.name}, {data.label}, waits",
                            partial(_once, contestant, what, number),
                        )
                        if stall_s is not None:
                            samples[contestant.name]["stall_s"].append(stall_s)
                found[data.name][what] = {peer: dict(found) for peer, found in samples.items()}
    return found


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
