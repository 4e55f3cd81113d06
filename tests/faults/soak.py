"""A thousand sessions that live in one process, and commits at a steady pace."""

from __future__ import annotations

import gc
import random
import resource
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.consistency import assert_consistent
from support.crash_walk import value_of
from support.servers import RedisServer

from streamlit_redis_session import Session, Store, connect
from streamlit_redis_session.objects import VersionId

SAMPLES = 20
"""Times that memory and connections are looked at."""


@dataclass
class Soak:
    """What a process and its server needed."""

    commits: int = 0
    late_s: float = 0.0
    """How far behind its pace the process was at most."""
    latencies_s: list[float] = field(default_factory=list)
    process_mb: list[float] = field(default_factory=list)
    server_mb: list[float] = field(default_factory=list)
    connections: list[int] = field(default_factory=list)

    def percentile_ms(self, share: float) -> float:
        """Give the latency that so many commits stayed below."""
        ordered = sorted(self.latencies_s)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    @property
    def growth_kb_per_commit(self) -> float:
        """How much the process grew in its second half."""
        half = len(self.process_mb) // 2
        grown = self.process_mb[-1] - self.process_mb[half]
        return 1024 * grown / (self.commits * (1 - half / (len(self.process_mb) - 1)))


def soak(*, sessions: int, per_second: float, seconds: float) -> Soak:
    """Commit to random sessions at a pace, then look at some of them from outside."""
    found, rng = Soak(), random.Random(1)
    with RedisServer() as server, connect(server.url) as store:
        opened = [_begun(store) for _ in range(sessions)]
        told: dict[str, dict[VersionId, int]] = {session.id: {} for session in opened}
        total = int(per_second * seconds)
        gc.collect()
        began = time.monotonic()
        for number in range(total):
            if number % max(1, total // SAMPLES) == 0:
                _sample(server, found)
            due = began + number / per_second
            time.sleep(max(0.0, due - time.monotonic()))
            found.late_s = max(found.late_s, time.monotonic() - due)
            session = rng.choice(opened)
            told[session.id][_committed(session, number, found)] = number
        _sample(server, found)
        for session in rng.sample(opened, min(25, sessions)):
            _look(server, session.id, told[session.id])
    return found


def _begun(store: Store) -> Session:
    session = store.session()
    session["df"] = value_of(0)
    session.commit()
    return session


def _committed(session: Session, number: int, found: Soak) -> VersionId:
    session["df"] = value_of(number)
    began = time.perf_counter()
    version = session.commit()
    found.latencies_s.append(time.perf_counter() - began)
    found.commits += 1
    head = version.id if version else session.head.version
    assert head is not None
    return head


def _sample(server: RedisServer, found: Soak) -> None:
    with server.client() as client:
        info: dict[str, Any] = client.info()
    found.connections.append(info["connected_clients"] - 1)
    found.server_mb.append(info["used_memory"] / 2**20)
    found.process_mb.append(_resident_bytes() / 2**20)


def _resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def _look(server: RedisServer, session_id: str, versions: dict[VersionId, int]) -> None:
    values = {version: {"df": value_of(number)} for version, number in versions.items()}
    assert_consistent(server.unix_url, session_id, values)
