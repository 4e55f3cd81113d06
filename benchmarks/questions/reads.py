"""What a fresh process pays to show a session, and to undo in it."""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import Any

from benchmarks.contestants import Contestant
from benchmarks.data import Data
from benchmarks.edits import EDITS
from benchmarks.run import Run

TITLE = "Reading in a fresh process"
AFTER = ("unchanged", "cell", "filter", "sort")
"""The last edit before the session is opened anew."""
QUICK = ("unchanged", "filter")
TOUCH_TIMES = 8
"""How often the frame fits into the memory that is made ready: no system needs more to read it."""
TOUCH_MOST_BYTES = 2 * 2**30


def ask(run: Run, found: dict[str, Any]) -> None:
    """Add ``frame -> edit -> system -> figure -> samples``."""
    for data in run.frames_left(found):
        with run.contestants(data) as contestants:
            measured = {}
            for name in QUICK if run.is_quick else AFTER:
                run.say(f"{data.label}: fresh process after {EDITS[name].title}")
                measured[name] = _after(run, data, contestants, name)
        found[data.name] = measured


def _after(run: Run, data: Data, contestants: list[Contestant], name: str) -> dict[str, Any]:
    samples: Any = defaultdict(lambda: defaultdict(list))
    for number in range(1 if run.is_quick else run.rounds_for(data)):
        for contestant in contestants:
            figures = samples[contestant.name]
            if run.wants_more(figures["checkout_s"]):
                what = f"{contestant.name}, {data.label}, fresh process"
                run.attempt(what, partial(_once, contestant, name, number, figures))
    return {peer: dict(figures) for peer, figures in samples.items() if figures["checkout_s"]}


def _once(contestant: Contestant, name: str, number: int, samples: dict[str, list[float]]) -> None:
    if number == 0:
        contestant.state = contestant.ask("begin")
        base = contestant.state["version"]
        if name != "unchanged":
            contestant.state["version"] = contestant.ask("edit", name=name, number=0)["version"]
        contestant.state["base"] = base
    state = contestant.state
    with contestant.fresh() as process:
        opened = process.ask(
            "open",
            session=state["session"],
            version=state["version"],
            touch_bytes=min(TOUCH_TIMES * contestant.frame_bytes, TOUCH_MOST_BYTES),
        )
        samples["checkout_s"].append(opened["seconds"])
        if name != "unchanged":
            samples["undo_s"].append(process.ask("undo", version=state["base"])["seconds"])
            process.ask("load", version=state["version"])
