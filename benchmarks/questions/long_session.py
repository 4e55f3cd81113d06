"""How much memory a session of 50 versions takes."""

from __future__ import annotations

from functools import partial
from typing import Any

from benchmarks.contestants import Contestant
from benchmarks.data import Data
from benchmarks.run import Run

TITLE = "A session of 50 versions"
VERSIONS = 50
MOST_BYTES = 4 * 2**30
"""What would take more is measured version by version, each deleted after it was measured."""
WHOLE_COPIES = ("seed", "arrow", "diskcache")
"""Systems whose versions share nothing, so that their sum is what the session takes."""


def ask(run: Run, found: dict[str, Any]) -> None:
    """Add ``frame -> system -> figure -> sample``; one session each."""
    for data in run.frames_left(found):
        with run.contestants(data) as contestants:
            measured: dict[str, Any] = {}
            for contestant in contestants:
                run.say(f"{data.label}: {VERSIONS} versions, {contestant.name}")
                what = f"{contestant.name}, {data.label}, {VERSIONS} versions"
                session = run.attempt(what, partial(_session, data, contestant))
                measured[contestant.name] = session or {"cannot": run.notes[what]}
        found[data.name] = measured


def _session(data: Data, contestant: Contestant) -> dict[str, float]:
    empty = contestant.stored()
    begun = contestant.ask("begin")
    first = contestant.stored() - empty
    seconds, total = 0.0, first
    is_by_one = first * VERSIONS > MOST_BYTES and contestant.name in WHOLE_COPIES
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
