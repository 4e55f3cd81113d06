"""How time and bytes grow with rows, columns, versions, sessions, and with what was touched."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.contestants import Contestant, WorkerError
from benchmarks.data import Data
from benchmarks.peers import OURS, SEED
from benchmarks.run import Run

TITLE = "Scaling"
ROWS = (10_000, 30_000, 100_000, 300_000, 1_000_000)
COLUMNS = (20, 100, 500)
CELLS = (1, 10, 100, 1000, 10_000)
NEW_COLUMNS = (1, 2, 4, 8, 16)
EDITS = ("cell", "add", "filter", "sort", "append")
QUICK = ("cell", "filter")
MARKS = (30, 100, 300, 1000, 3000, 10_000)
"""Numbers of versions and of sessions at which a commit is measured."""
MOST_COPIES = 1000
"""Beyond, whole copies would fill the server."""
WINDOW = 30
MEASURED_SESSIONS = 1000

Points = list[list[float]]


def ask(run: Run, found: dict[str, Any]) -> None:
    """Add ``axis -> what -> system -> [[size, seconds, bytes], ...]``."""
    names = QUICK if run.is_quick else EDITS
    rows = [Data(f"{count}x20") for count in (ROWS[:3] if run.is_quick else ROWS)]
    columns = [Data(f"5000x{count}") for count in (COLUMNS[:2] if run.is_quick else COLUMNS)]
    axes: dict[str, Callable[[], dict[str, Any]]] = {
        "rows": lambda: _frames(run, rows, 0, names),
        "columns": lambda: _frames(run, columns, 1, names),
        "cells touched": lambda: _touched(run, "cells", CELLS),
        "columns added": lambda: _touched(run, "columns", NEW_COLUMNS),
        "versions": lambda: _versions(run),
        "sessions": lambda: _sessions(run),
    }
    for axis, measure in axes.items():
        if run.wants(found, axis):
            found[axis] = measure()
            run.keep()


def _frames(run: Run, frames: list[Data], axis: int, names: Sequence[str]) -> dict[str, Any]:
    found: dict[str, dict[str, Points]] = {name: {} for name in names}
    for data in frames:
        run.say(f"{data.label}: scaling")
        with run.contestants(data, only=(OURS, SEED)) as contestants:
            for name in names:
                for contestant in contestants:
                    points = found[name].setdefault(contestant.name, [])
                    points += _point(run, data, contestant, name, data.shape[axis])
    return found


def _touched(run: Run, kind: str, counts: Sequence[int]) -> dict[str, Any]:
    """Touch more and more of one frame."""
    data = Data("100000x20" if run.is_quick else "1000000x20")
    points: dict[str, Points] = {}
    run.say(f"{data.label}: {kind} touched")
    with run.contestants(data, only=(OURS, SEED)) as contestants:
        for count in counts[:3] if run.is_quick else counts:
            for contestant in contestants:
                point = _point(run, data, contestant, f"{kind}:{count}", count)
                points[contestant.name] = points.get(contestant.name, []) + point
    return {kind: points}


def _point(run: Run, data: Data, contestant: Contestant, name: str, size: int) -> Points:
    try:
        return [[size, *_median(run, data, contestant, name)]]
    except WorkerError as error:
        run.note(f"{contestant.name}, {data.label}, {name}, scaling", error)
        return []


def _median(run: Run, data: Data, contestant: Contestant, name: str) -> tuple[float, float]:
    base = contestant.ask("begin")["version"]
    answers: list[Any] = []
    for number in range(run.rounds_for(data)):
        if run.wants_more([2 * answer["seconds"] for answer in answers]):
            saved = contestant.measure("edit", name=name, number=number)
            answers.append(saved)
            contestant.ask("undo", version=base)
            contestant.ask("forget", version=saved["version"])
    return _middle(answers)


def _middle(answers: list[Any]) -> tuple[float, float]:
    return (
        statistics.median(answer["seconds"] for answer in answers),
        statistics.median(answer["bytes"] for answer in answers),
    )


def _marks(run: Run, contestant: Contestant, most: int) -> list[int]:
    most = most if contestant.name == OURS else min(most, MOST_COPIES)
    return [mark for mark in MARKS if mark <= (most // 10 if run.is_quick else most)]


def _versions(run: Run) -> dict[str, Any]:
    """Commit one cell again and again; the size is the number of versions before."""
    points: dict[str, Points] = {}
    with run.contestants(Data("10000x20"), only=(OURS, SEED)) as contestants:
        for contestant in contestants:
            run.say(f"versions, {contestant.name}")
            try:
                points[contestant.name] = _chain(contestant, _marks(run, contestant, MARKS[-1]))
            except WorkerError as error:
                run.note(f"{contestant.name}, versions, scaling", error)
    return {"cell": points}


def _chain(contestant: Contestant, marks: Sequence[int]) -> Points:
    points: Points = []
    contestant.ask("begin")
    done = 0
    for mark in marks:
        contestant.ask("chain", name="cell", first=done, count=mark - done)
        before = contestant.written()
        window = contestant.ask("chain", name="cell", first=mark, count=WINDOW)
        bytes_each = (contestant.written() - before) / WINDOW
        points.append([mark, statistics.median(window["seconds"]), bytes_each])
        done = mark + WINDOW
    return points


def _sessions(run: Run) -> dict[str, Any]:
    """Commit one cell in a new session; the size is the number of sessions before."""
    points: dict[str, Points] = {}
    with run.contestants(Data("10000x20"), only=(OURS, SEED)) as contestants:
        for contestant in contestants:
            run.say(f"sessions, {contestant.name}")
            try:
                marks = _marks(run, contestant, MEASURED_SESSIONS)
                points[contestant.name] = _crowd(contestant, marks)
            except WorkerError as error:
                run.note(f"{contestant.name}, sessions, scaling", error)
    return {"cell": points}


def _crowd(contestant: Contestant, marks: Sequence[int]) -> Points:
    points: Points = []
    done = 0
    for mark in marks:
        while done < mark:
            contestant.ask("begin", keep=True)
            done += 1
        answers = [contestant.measure("edit", name="cell", number=done + n) for n in range(7)]
        points.append([mark, *_middle(answers)])
    return points
