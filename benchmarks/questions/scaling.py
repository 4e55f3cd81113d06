"""How time and bytes grow with rows, columns, versions and sessions."""

from __future__ import annotations

import statistics
from typing import Any

from benchmarks.contestants import Contestant, WorkerError
from benchmarks.data import Data
from benchmarks.peers import OURS, SEED
from benchmarks.run import Run

TITLE = "Scaling"
ROWS = (10_000, 30_000, 100_000, 300_000, 1_000_000)
COLUMNS = (20, 100, 500)
EDITS = ("cell", "add", "filter", "sort", "append")
QUICK = ("cell", "filter")


def ask(run: Run) -> dict[str, Any]:
    """Give ``axis -> what -> system -> [[size, seconds, bytes], ...]``."""
    rows = [Data(f"{count}x20") for count in (ROWS[:3] if run.is_quick else ROWS)]
    columns = [Data(f"5000x{count}") for count in COLUMNS]
    return {
        "rows": _frames(run, rows, 0),
        "columns": _frames(run, columns, 1),
        "versions": _versions(run),
        "sessions": _sessions(run),
    }


def _frames(run: Run, frames: list[Data], axis: int) -> dict[str, Any]:
    names = QUICK if run.is_quick else EDITS
    found: dict[str, Any] = {name: {} for name in names}
    for data in frames:
        run.say(f"{data.label}: scaling")
        with run.contestants(data, only=(OURS, SEED)) as contestants:
            for name in names:
                for contestant in contestants:
                    points = found[name].setdefault(contestant.name, [])
                    try:
                        points.append([data.shape[axis], *_median(run, data, contestant, name)])
                    except WorkerError as error:
                        run.note(f"{contestant.name}, {data.label}, {name}, scaling", error)
    return found


def _median(run: Run, data: Data, contestant: Contestant, name: str) -> tuple[float, float]:
    base = contestant.ask("begin")["version"]
    answers = []
    for number in range(run.rounds_for(data)):
        saved = contestant.measure("edit", name=name, number=number)
        answers.append(saved)
        contestant.ask("undo", version=base)
        contestant.ask("forget", version=saved["version"])
    return (
        statistics.median(answer["seconds"] for answer in answers),
        statistics.median(answer["bytes"] for answer in answers),
    )


def _versions(run: Run) -> dict[str, Any]:
    """Commit one cell again and again; the size is the number of versions before."""
    marks = (100, 300, 1000) if run.is_quick else (100, 300, 1000, 3000, 10_000)
    points: list[list[float]] = []
    with run.contestants(Data("10000x20"), only=(OURS,)) as contestants:
        for contestant in contestants:
            contestant.ask("begin")
            done = 0
            for mark in marks:
                run.say(f"{mark} versions")
                contestant.ask("chain", name="cell", first=done, count=mark - done)
                before = contestant.written()
                window = contestant.ask("chain", name="cell", first=mark, count=50)
                bytes_each = (contestant.written() - before) / 50
                points.append([mark, statistics.median(window["seconds"]), bytes_each])
                done = mark + 50
    return {"cell": {OURS: points}}


def _sessions(run: Run) -> dict[str, Any]:
    """Commit one cell in a new session; the size is the number of sessions before."""
    marks = (10, 30, 100) if run.is_quick else (10, 30, 100, 300, 1000)
    points: list[list[float]] = []
    with run.contestants(Data("10000x20"), only=(OURS,)) as contestants:
        for contestant in contestants:
            done = 0
            for mark in marks:
                run.say(f"{mark} sessions")
                while done < mark:
                    contestant.ask("begin", keep=True)
                    done += 1
                answers = [
                    contestant.measure("edit", name="cell", number=done + number)
                    for number in range(7)
                ]
                points.append(
                    [
                        mark,
                        statistics.median(answer["seconds"] for answer in answers),
                        statistics.median(answer["bytes"] for answer in answers),
                    ]
                )
    return {"cell": {OURS: points}}
