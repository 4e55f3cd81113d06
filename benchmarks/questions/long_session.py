"""How much memory a session of 50 versions takes."""

from __future__ import annotations

from typing import Any

from benchmarks.contestants import Contestant, WorkerError
from benchmarks.data import Data
from benchmarks.run import Run

TITLE = "A session of 50 versions"
VERSIONS = 50
MOST_BYTES = 4 * 2**30
"""What would take more is measured version by version, each deleted after it was measured."""


def ask(run: Run) -> dict[str, Any]:
    """Give ``frame -> system -> figure -> sample``; one session each."""
    found: dict[str, Any] = {}
    for data in run.frames:
        with run.contestants(data) as contestants:
            found[data.name] = {}
            for contestant in contestants:
                run.say(f"{data.label}: {VERSIONS} versions, {contestant.name}")
                try:
                    found[data.name][contestant.name] = _session(data, contestant)
                except WorkerError as error:
                    run.note(f"{contestant.name}, {data.label}, {VERSIONS} versions", error)
    return found


def _session(data: Data, contestant: Contestant) -> dict[str, float]:
    empty = contestant.stored()
    begun = contestant.ask("begin")
    first = contestant.stored() - empty
    seconds, total = 0.0, first
    is_by_one = first * VERSIONS > MOST_BYTES and not contestant.about["is_on_disk"]
    is_by_one = is_by_one and contestant.name in ("seed", "arrow")
    last = begun["version"]
    for number in range(VERSIONS - 1):
        if is_by_one:
            contestant.ask("forget", version=last)
        answer = contestant.ask("step", number=number)
        seconds, last = seconds + answer["seconds"], answer["version"]
        if is_by_one:
            total += contestant.stored() - empty
    if not is_by_one:
        total = contestant.stored() - empty
    return {"first_bytes": first, "bytes": total, "seconds": seconds, "rows": data.shape[0]}
