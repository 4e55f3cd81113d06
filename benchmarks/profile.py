"""Where the time of a commit goes.

    python -m benchmarks.profile [FRAME [EDIT]] [--rounds 20] [--lines 25]

Edits a frame, commits, undoes, again and again on a real server; prints the median of a commit
without a profiler, what its phases take, and the functions that take most. A profiler makes Python
slower: shares are to be trusted, not times. An edit may say how much it touches: ``cells:100``.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import pstats
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit_redis_session as srs
from benchmarks.data import Data
from benchmarks.edits import EDITS, Frames, edit_named
from benchmarks.goals import duration
from benchmarks.script_thread import ScriptThread
from benchmarks.servers import RedisServer
from benchmarks.timing import Spread

WARM_ROUNDS = 3
PHASES = (
    ("look at the values", "session", "stage"), ("plan: columns and digests", "history", "plan"),
    ("say what changed", "session", "changes"), ("compress and seal", "chunks", "seal_chunk"),
    ("send chunks", "storage", "put_chunks"), ("find the place", "history", "place"),
    ("move head", "storage", "transact"),
)  # fmt: skip
"""Title, room and function; a phase may contain another."""

_Functions = dict[tuple[str, int, str], tuple[int, int, float, float, Any]]


@dataclass(frozen=True)
class Commits:
    """Many commits of one edit."""

    wall: Spread
    cpu: Spread
    undo: Spread


def main(argv: list[str] | None = None) -> None:
    """Measure, then profile."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.profile", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("frame", nargs="?", default="1000000x20", help="such as 100000x20")
    parser.add_argument("edit", nargs="?", default="cell", help=", ".join(EDITS))
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--lines", type=int, default=25)
    asked = parser.parse_args(argv)
    print("\n".join(profiled(asked.frame, asked.edit, asked.rounds, asked.lines)))


def profiled(frame: str, edit: str, rounds: int, lines: int) -> Iterator[str]:
    """Give the lines of the report."""
    base: Frames = {"df": Data(frame).load()}
    with RedisServer() as server:
        plain = commits(server.url, base, edit, rounds, None)
        yield f"{Data(frame).label}, {edit_named(edit).title}, medians of {rounds} commits"
        yield f"commit    {duration(plain.wall.median):>9}  (CPU {duration(plain.cpu.median)})"
        yield f"undo      {duration(plain.undo.median):>9}"
        if edit in EDITS:
            end_s = end_of_run(server.url, base, edit, rounds)
            yield f"end of the run, on the script thread {duration(end_s)}"
        profile = cProfile.Profile()
        commits(server.url, base, edit, rounds, profile)
    stats = pstats.Stats(profile)
    functions: _Functions = vars(stats)["stats"]
    total_s = float(vars(stats)["total_tt"])
    yield f"\nphases, of {duration(total_s / rounds)} with the profiler:"
    yield from phases(functions, total_s, rounds)
    yield "\nfunctions, by their own time:"
    yield from largest(functions, total_s, rounds, lines)


def commits(
    url: str, base: Frames, edit: str, rounds: int, profile: cProfile.Profile | None
) -> Commits:
    """Commit an edit of the first frame, and undo it, ``rounds`` times."""
    wall, cpu, undo = [], [], []
    with srs.connect(url) as store:
        session = store.session()
        session["df"] = base["df"]
        session.commit()
        for number in range(-WARM_ROUNDS, rounds):
            after = edit_named(edit).apply(base, WARM_ROUNDS + number)
            gc.collect()
            if profile is not None and number >= 0:
                profile.enable()
            start_s, start_cpu_s = time.perf_counter(), time.process_time()
            for name, value in after.items():
                session[name] = value
            session.commit()
            took_s, took_cpu_s = time.perf_counter() - start_s, time.process_time() - start_cpu_s
            if profile is not None:
                profile.disable()
            start_s = time.perf_counter()
            if session.can_undo:  # an unchanged frame made no version
                session.undo()
            if number >= 0:
                wall.append(took_s)
                cpu.append(took_cpu_s)
                undo.append(time.perf_counter() - start_s)
        store.delete(session.id)
    return Commits(Spread.of(wall), Spread.of(cpu), Spread.of(undo))


def end_of_run(url: str, base: Frames, edit: str, rounds: int) -> float:
    """Take the time of the end of a run that an edit was made in."""
    thread = ScriptThread(url)
    thread.begin(dict(base))
    answers = [thread.edit(edit, number) for number in range(rounds)]
    thread.close()
    return Spread.of([answer["caller_s"] for answer in answers]).median


def phases(functions: _Functions, total_s: float, rounds: int) -> Iterator[str]:
    """Give the share of each phase that the profile has."""
    for title, room, function in PHASES:
        found = [
            (cumulative, calls)
            for (path, _, name), (_, calls, _, cumulative, _) in functions.items()
            if name == function and Path(path).parent.name == room
        ]
        if found:
            seconds, calls = max(found)
            yield (
                f"  {title:28} {duration(seconds / rounds):>9}  {seconds / total_s:4.0%}  "
                f"{calls / rounds:g} calls"
            )


def largest(functions: _Functions, total_s: float, rounds: int, lines: int) -> Iterator[str]:
    """Give the functions that took most, without what they called."""
    ordered = sorted(functions.items(), key=lambda item: -item[1][2])
    for (path, line, name), (_, calls, own_s, _, _) in ordered[:lines]:
        where = f"{Path(path).parent.name}/{Path(path).name}:{line} " if line else ""
        yield (
            f"  {duration(own_s / rounds):>9}  {own_s / total_s:4.0%}  "
            f"{calls / rounds:8g} calls  {where}{name}"
        )


if __name__ == "__main__":
    main()
