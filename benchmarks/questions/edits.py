"""What one edit costs: time on the caller's thread, time until it is saved, bytes."""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import Any

from benchmarks.contestants import Answer, Contestant
from benchmarks.data import Data
from benchmarks.edits import EDITS
from benchmarks.peers import OURS
from benchmarks.run import Run

TITLE = "One edit"

Samples = dict[str, dict[str, list[float]]]
"""System -> figure -> samples."""


def ask(run: Run) -> dict[str, Any]:
    """Give ``frame -> edit -> system -> figure -> samples``."""
    found: dict[str, Any] = {}
    for data in run.frames:
        with run.contestants(data) as contestants:
            found[data.name] = {}
            for name in EDITS:
                run.say(f"{data.label}: {EDITS[name].title}")
                found[data.name][name] = _edit(run, data, contestants, name)
    return found


def _edit(run: Run, data: Data, contestants: list[Contestant], name: str) -> Samples:
    samples: Samples = defaultdict(lambda: defaultdict(list))
    bases = {}
    for contestant in contestants:
        begin = partial(_begin, contestant)
        bases[contestant.name] = run.attempt(f"{contestant.name}, {data.label}", begin)
    for number in range(run.rounds_for(data)):
        for contestant in contestants:
            base = bases[contestant.name]
            if base is None:
                continue
            once = partial(_once, contestant, name, number, base)
            what = f"{contestant.name}, {data.label}, {EDITS[name].title}"
            answer = run.attempt(what, once)
            if answer is None:
                bases[contestant.name] = None  # not again
            elif not answer.pop("is_same", True):
                run.note(f"exactness of {contestant.name}", "undo gave another frame back")
            for figure, value in (answer or {}).items():
                samples[contestant.name][figure].append(value)
    return {peer: dict(figures) for peer, figures in samples.items()}


def _begin(contestant: Contestant) -> str:
    if contestant.name == OURS:
        contestant.ask("script", command="begin")
    return str(contestant.ask("begin")["version"])


def _once(contestant: Contestant, name: str, number: int, base: str) -> Answer:
    """Edit the first frame, save, undo."""
    saved = contestant.measure("edit", name=name, number=number)
    figures = {"total_s": saved["seconds"], "caller_s": saved["seconds"], "bytes": saved["bytes"]}
    if saved["version"] == base:
        contestant.ask("reset")
    else:
        undone = contestant.ask("undo", version=base)
        figures |= {"undo_s": undone["seconds"], "is_same": undone["is_same"]}
        contestant.ask("forget", version=saved["version"])
    if contestant.name == OURS:
        in_app = contestant.ask("script", command="edit", name=name, number=number + 1000)
        figures["caller_s"] = in_app["caller_s"]
    return figures
