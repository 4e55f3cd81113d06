"""What a long history costs: to list it, to go far back in it, to commit at its end."""

from __future__ import annotations

from typing import Any

from benchmarks.contestants import Contestant, WorkerError
from benchmarks.data import Data
from benchmarks.peers import OURS, SEED
from benchmarks.run import Run

TITLE = "A long history"
ROUNDS = 3


def ask(run: Run) -> dict[str, Any]:
    """Give ``system -> figure -> samples`` for a history of one-cell edits."""
    data, count = Data("10000x20"), 100 if run.is_quick else 1000
    found: dict[str, Any] = {"data": data.name, "versions": count}
    with run.contestants(data, only=(OURS, SEED, "arcticdb")) as contestants:
        for contestant in contestants:
            run.say(f"{data.label}: {count} versions, {contestant.name}")
            try:
                found[contestant.name] = _history(contestant, count)
            except WorkerError as error:
                run.note(f"{contestant.name}, {count} versions", error)
    return found


def _history(contestant: Contestant, count: int) -> dict[str, list[float]]:
    empty = contestant.stored()
    begun = contestant.ask("begin")
    chain = contestant.ask("chain", name="cell", first=0, count=count)
    figures: dict[str, list[float]] = {
        "commit_first_s": chain["seconds"][10:60],
        "commit_last_s": chain["seconds"][-50:],
        "bytes": [contestant.stored() - empty],
        "graph_s": [], "far_cold_s": [], "far_warm_s": [],
    }  # fmt: skip
    for _ in range(ROUNDS):
        with contestant.fresh() as process:
            answer = process.ask("open", session=begun["session"], version=begun["version"])
            figures["far_cold_s"].append(answer["seconds"])
        answer = contestant.ask("load", version=begun["version"])
        figures["far_warm_s"].append(answer["seconds"])
        contestant.ask("load", version=chain["versions"][-1])
        figures["graph_s"] += _graph(contestant, begun["session"])
    return figures


def _graph(contestant: Contestant, session: str) -> list[float]:
    with contestant.fresh() as process:
        try:
            return [float(process.ask("graph", session=session)["seconds"])]
        except WorkerError:  # it has no history to list
            return []
