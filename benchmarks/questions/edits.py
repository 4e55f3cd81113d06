"""What one edit costs: time on the caller's thread, time until it is saved, bytes, memory."""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import Any

from benchmarks.contestants import Answer, Contestant
from benchmarks.data import Data
from benchmarks.edits import EDITS
from benchmarks.peers import OURS, without_further
from benchmarks.run import HUGE_ROWS, Run

TITLE = "One edit"
HUGE = ("unchanged", "cell", "filter", "append")
"""The edits of frames that take long."""

Samples = dict[str, Any]
"""System -> figure -> samples; or system -> ``cannot`` -> the reason."""


def ask(run: Run, found: dict[str, Any]) -> None:
    """Add ``frame -> edit -> system -> figure -> samples``."""
    for data in run.frames_left(found):
        is_huge = data.shape[0] > HUGE_ROWS
        samples: dict[str, Samples] = {name: {} for name in (HUGE if is_huge else EDITS)}
        # several processes with such a frame may not fit into memory
        alone = [[peer] for peer in without_further(run.peers)]
        for group in alone if is_huge else [run.peers]:
            _frame(run, data, group, samples)
        found[data.name] = samples


def _frame(run: Run, data: Data, group: list[str], samples: dict[str, Samples]) -> None:
    cannot: dict[str, str] = {}
    with run.contestants(data, only=group) as contestants:
        for name, found in samples.items():
            run.say(f"{data.label}: {EDITS[name].title}")
            bases = {}
            for contestant in contestants:
                if contestant.name not in cannot:
                    what = f"{contestant.name}, {data.label}"
                    base = run.attempt(what, partial(_begin, contestant))
                    if base is None:
                        cannot[contestant.name] = run.notes[what]
                    else:
                        bases[contestant] = base
            found.update(_edit(run, data, name, bases))
            found.update({peer: {"cannot": reason} for peer, reason in cannot.items()})


def _edit(run: Run, data: Data, name: str, bases: dict[Contestant, str]) -> Samples:
    samples: Samples = {}
    bases = dict(bases)
    for number in range(run.rounds_for(data)):
        for contestant, base in list(bases.items()):
            figures = samples.setdefault(contestant.name, defaultdict(list))
            if not run.wants_more(figures["round_s"]):
                continue
            what = f"{contestant.name}, {data.label}, {EDITS[name].title}"
            answer = run.attempt(what, partial(_once, contestant, name, number, base))
            if answer is None:
                samples[contestant.name] = {"cannot": run.notes[what]}
                del bases[contestant]  # not again
                continue
            if not answer.pop("is_same", True):
                run.note(f"exactness of {contestant.name}", "undo gave another frame back")
            for figure, value in answer.items():
                figures[figure].append(value)
    return {peer: dict(figures) for peer, figures in samples.items()}


def _begin(contestant: Contestant) -> str:
    if contestant.name == OURS:
        contestant.ask("script", command="begin")
    return str(contestant.ask("begin")["version"])


def _once(contestant: Contestant, name: str, number: int, base: str) -> Answer:
    """Edit the first frame, save, undo."""
    stored = contestant.stored()
    saved = contestant.measure("edit", name=name, number=number)
    figures = {
        "total_s": saved["seconds"], "caller_s": saved["seconds"], "bytes": saved["bytes"],
        "memory": max(0, contestant.stored() - stored), "round_s": saved["seconds"],
    }  # fmt: skip
    if saved["version"] == base:
        contestant.ask("reset")
    else:
        undone = contestant.ask("undo", version=base)
        figures |= {"undo_s": undone["seconds"], "is_same": undone["is_same"]}
        figures["round_s"] += undone["seconds"]
        contestant.ask("forget", version=saved["version"])
    if contestant.name == OURS:
        in_app = contestant.ask("script", command="edit", name=name, number=number + 1000)
        figures["caller_s"] = in_app["caller_s"]
    return figures
