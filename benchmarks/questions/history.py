"""What a long history costs: to list it, to go far back in it, to commit at its end."""

from __future__ import annotations

from functools import partial
from typing import Any

from benchmarks.contestants import Contestant, WorkerError
from benchmarks.data import Data
from benchmarks.peers import OURS, SEED
from benchmarks.run import Run

TITLE = "A long history"
ROUNDS = 3
VERSIONS, QUICK_VERSIONS = 1000, 100
SYSTEMS = (OURS, SEED, "arrow", "arcticdb", "diskcache")
"""Kishu writes some minutes at a history of this length."""
QUICK_SYSTEMS = (OURS, SEED, "arcticdb")


def ask(run: Run, found: dict[str, Any]) -> None:
    """Add ``system -> figure -> samples`` for a history of one-cell edits."""
    data, count = Data("10000x20"), QUICK_VERSIONS if run.is_quick else VERSIONS
    found.update({"data": data.name, "versions": count})
    with run.contestants(data, only=QUICK_SYSTEMS if run.is_quick else SYSTEMS) as contestants:
        for contestant in contestants:
            run.say(f"{data.label}: {count} versions, {contestant.name}")
            what = f"{contestant.name}, {count} versions"
            measured = run.attempt(what, partial(_history, run, contestant, count))
            found[contestant.name] = measured or {"cannot": run.notes[what]}


def _history(run: Run, contestant: Contestant, count: int) -> dict[str, list[float]]:
    empty = contestant.stored()
    begun = contestant.ask("begin")
    chain = contestant.ask("chain", name="cell", first=0, count=count)
    figures: dict[str, list[float]] = {
        "commit_first_s": chain["seconds"][10:60],
        "commit_last_s": chain["seconds"][-50:],
        "bytes": [contestant.stored() - empty],
        "graph_s": [], "far_cold_s": [], "far_warm_s": [],
    }  # fmt: skip
    for _ in range(1 if run.is_quick else ROUNDS):
        with contestant.fresh() as process:
            answer = process.ask("open", session=begun["session"], version=begun["version"])
            figures["far_cold_s"].append(answer["seconds"])
        answer = contestant.ask("load", version=begun["version"])
        figures["far_warm_s"].append(answer["seconds"])
        if not answer["is_base"]:
            run.note(f"exactness of {contestant.name}", "a version far back was another frame")
        contestant.ask("load", version=chain["versions"][-1])
        figures["graph_s"] += _graph(contestant, begun["session"])
    return figures


def _graph(contestant: Contestant, session: str) -> list[float]:
    with contestant.fresh() as process:
        try:
            return [float(process.ask("graph", session=session)["seconds"])]
        except WorkerError:  # it has no history to list
            return []
