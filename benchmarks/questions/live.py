"""How soon another process is told of a commit, and wakes the tab that shows the session."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.data import generated
from benchmarks.run import Run
from benchmarks.servers import ROOT, RedisServer
from streamlit_redis_session import Session, connect

TITLE = "Following another process"
SESSIONS = (1, 1000)
QUICK_SESSIONS = (1, 20)
COMMITS = 300
QUICK_COMMITS = 20
PAUSE_S = 0.03
"""Between commits: those that follow sooner wake a tab once, for all of them."""
ROWS, COLUMNS = 1000, 5


def ask(run: Run, found: dict[str, Any]) -> None:
    """Add ``number of sessions -> wake_s, commit_s, connections``."""
    for count in QUICK_SESSIONS if run.is_quick else SESSIONS:
        if run.wants(found, str(count)):
            run.say(f"following, {count} sessions")
            found[str(count)] = _measure(count, QUICK_COMMITS if run.is_quick else COMMITS)
            run.keep()


def _measure(count: int, commits: int) -> dict[str, Any]:
    with RedisServer() as server, connect(server.url) as store:
        sessions = [store.session() for _ in range(count)]
        for session in sessions:
            _edit(session, 0)
        with _follower(server.url, [session.id for session in sessions]) as follower:
            connections = _subscribers(server)
            taken = [_once(follower, sessions, number) for number in range(commits)]
    return {
        "wake_s": [wake for wake, _ in taken], "commit_s": [commit for _, commit in taken],
        "connections": connections,
    }  # fmt: skip


def _once(follower: subprocess.Popen[str], sessions: list[Session], number: int) -> list[float]:
    """Commit in one of the sessions; give the times from acknowledgement to wake, and before it."""
    place = number * 7 % len(sessions)
    start = time.perf_counter()
    _edit(sessions[place], 1 + number)
    acknowledged = time.perf_counter()
    woken, at = _answer(follower)
    assert woken == place
    time.sleep(PAUSE_S)
    return [at - acknowledged, acknowledged - start]


def _edit(session: Session, number: int) -> None:
    if "df" not in session:
        session["df"] = generated(ROWS, COLUMNS)
    frame = session["df"].copy(deep=False)  # type: ignore[attr-defined]
    frame.iloc[number % ROWS, 0] = frame.iloc[number % ROWS, 0] + 1
    session["df"] = frame
    session.commit()


@contextmanager
def _follower(url: str, ids: list[str]) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "benchmarks.follower", url]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdin is not None
        process.stdin.write(json.dumps(ids) + "\n")
        process.stdin.flush()
        assert _answer(process) == "ready"
        yield process
        process.stdin.close()


def _answer(process: subprocess.Popen[str]) -> Any:
    assert process.stdout is not None
    return json.loads(process.stdout.readline())


def _subscribers(server: RedisServer) -> int:
    with server.client() as client:
        listing: Any = client.execute_command("CLIENT", "LIST", "TYPE", "pubsub")
    return sum(bool(line) for line in listing.decode().splitlines())
