"""What a fresh process pays to show a session, and to undo in it."""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import Any

from benchmarks.contestants import Contestant
from benchmarks.edits import EDITS
from benchmarks.run import Run

TITLE = "Reading in a fresh process"
AFTER = ("unchanged", "cell", "add", "filter", "sort")
"""The last edit before the session is opened anew."""
QUICK = ("unchanged", "filter")


def ask(run: Run) -> dict[str, Any]:
    """Give ``frame -> edit -> system -> figure -> samples``."""
    found: dict[str, Any] = {}
    for data in run.frames:
        with run.contestants(data) as contestants:
            found[data.name] = {}
            for name in QUICK if run.is_quick else AFTER:
                run.say(f"{data.label}: fresh process after {EDITS[name].title}")
                samples: Any = defaultdict(lambda: defaultdict(list))
                for number in range(1 if run.is_quick else run.rounds_for(data)):
                    for contestant in contestants:
                        run.attempt(
                            f"{contestant.name}, {data.label}, fresh process",
                            partial(_once, contestant, name, number, samples[contestant.name]),
                        )
                found[data.name][name] = {
                    peer: dict(figures) for peer, figures in samples.items() if figures
                }
    return found


def _once(contestant: Contestant, name: str, number: int, samples: dict[str, list[float]]) -> None:
    if number == 0:
        contestant.state = contestant.ask("begin")
        base = contestant.state["version"]
        if name != "unchanged":
            contestant.state["version"] = contestant.ask("edit", name=name, number=0)["version"]
        contestant.state["base"] = base
    state = contestant.state
    with contestant.fresh() as process:
        opened = process.ask("open", session=state["session"], version=state["version"])
        samples["checkout_s"].append(opened["seconds"])
        if name != "unchanged":
            samples["undo_s"].append(process.ask("undo", version=state["base"])["seconds"])
            process.ask("load", version=state["version"])
