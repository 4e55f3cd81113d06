"""What a rerun of the app pays that touched nothing, and an undo in the widget."""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import Any

from benchmarks.contestants import Contestant
from benchmarks.peers import OURS
from benchmarks.run import Run

TITLE = "Reruns of an app"
UNDONE = ("cell", "add", "filter")


def ask(run: Run, found: dict[str, Any]) -> None:
    """Add ``frame -> figure -> samples``, of this package alone."""
    for data in run.frames_left(found):
        with run.contestants(data, only=(OURS,)) as contestants:
            run.say(f"{data.label}: reruns")
            for contestant in contestants:
                reruns = partial(_reruns, contestant, run.rounds_for(data))
                found[data.name] = run.attempt(f"reruns, {data.label}", reruns) or {}


def _reruns(contestant: Contestant, rounds: int) -> dict[str, list[float]]:
    samples = defaultdict(list)
    contestant.ask("script", command="begin")
    for number in range(rounds):
        answer = contestant.ask("script", command="rerun", number=number)
        for figure, value in answer.items():
            samples[figure].append(value)
        for name in UNDONE:
            answer = contestant.ask("script", command="undo", name=name, number=number)
            samples[f"undo_{name}_s"].append(answer["undo_s"])
    return dict(samples)
