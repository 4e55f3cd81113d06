"""``kill -9`` of the app's process and of the server, at random moments."""

from __future__ import annotations

import random
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

from support.consistency import assert_consistent, inspect
from support.crash_walk import value_of
from support.power import lose_power, written_bytes
from support.servers import RedisServer

from faults.processes import Worker
from streamlit_redis_session import connect
from streamlit_redis_session.objects import VersionId

KILLS_OF_A_SESSION = 5
LONGEST_LIFE_S = 0.25
"""After the first acknowledgement: about a hundred commits."""

Values = dict[str, int]


@dataclass
class Kills:
    """What was killed, and what the server then had; wrong values raise where they are found."""

    kills: int = 0
    acknowledged: int = 0
    lost: int = 0
    """Acknowledged versions that the server does not have any more."""
    unacknowledged: int = 0
    """Versions that are there although nobody was told so."""
    reported: int = 0
    """Answers of the worker that the store failed."""
    sessions: int = 0


@dataclass
class Told:
    """What the workers of one session have said."""

    saved: dict[VersionId, Values] = field(default_factory=dict)
    tried: dict[int, Values] = field(default_factory=dict)

    def listen(self, answers: list[dict[str, Any]], found: Kills) -> None:
        """Take over what a worker said before its end."""
        for answer in answers:
            if "saved" in answer:
                self.saved[VersionId(answer["saved"])] = answer["values"]
                found.acknowledged += 1
            elif "tries" in answer:
                self.tried[answer["tries"]] = answer["values"]
            else:
                found.reported += 1

    def frames(self) -> dict[VersionId, dict[str, object]]:
        """Give what each acknowledged version must hold."""
        return {
            version: {key: value_of(serial) for key, serial in values.items()}
            for version, values in self.saved.items()
        }


def kill_apps(kills: int, *, seed: int = 1) -> Kills:
    """Kill a process that commits, start the next one on the same session, and so on."""
    found, rng = Kills(), random.Random(seed)
    with RedisServer() as server:
        while found.kills < kills:
            session_id, told = secrets.token_urlsafe(32), Told()
            for _ in range(min(KILLS_OF_A_SESSION, kills - found.kills)):
                _kill_app(server, session_id, told, rng, found)
                _nothing_is_lost(server, session_id, told, found)
            found.sessions += 1
    return found


def _kill_app(
    server: RedisServer, session_id: str, told: Told, rng: random.Random, found: Kills
) -> None:
    serial = max(told.tried, default=0) + 1
    with Worker("loop", server.url, session_id, str(serial)) as worker:
        worker.wait_for(lambda: worker.saved() > 0)
        time.sleep(rng.random() * LONGEST_LIFE_S)
        worker.kill()
        told.listen(worker.answers, found)
    found.kills += 1


def _nothing_is_lost(server: RedisServer, session_id: str, told: Told, found: Kills) -> None:
    """At most one version more than was acknowledged for each kill, and it is what was tried."""
    findings = assert_consistent(server.unix_url, session_id, told.frames())
    extra = findings.versions - len(told.saved)
    assert 0 <= extra <= 1, extra
    if extra:
        _take_over_the_unacknowledged(server, session_id, told)
        found.unacknowledged += 1


def _take_over_the_unacknowledged(server: RedisServer, session_id: str, told: Told) -> None:
    """What was tried last is there; what a session saved again by itself has another message."""
    with connect(server.unix_url) as store:
        for version in store.session(session_id).graph().versions:
            if version.id not in told.saved and version.message.isdigit():
                told.saved[version.id] = told.tried[int(version.message)]
    assert_consistent(server.unix_url, session_id, told.frames())


def kill_servers(kills: int, fsync: str, *, seed: int = 1, outlived: bool = True) -> Kills:
    """Kill the server while a process commits, and start it again with what it has kept.

    Parameters
    ----------
    fsync
        ``always`` promises that what was acknowledged is on the disk; ``everysec`` that all but
        the last second is. A killed process alone loses nothing that it has written to its file,
        so with ``everysec`` the machine loses its power, too: the end of the file is cut off.
    outlived
        Whether the process that commits goes on, and so knows more than the server does;
        otherwise it ends with the server, and another one follows.
    """
    found, rng = Kills(), random.Random(seed)
    with RedisServer("--appendfsync", fsync, persistent=True) as server:
        while found.kills < kills:
            session_id, told = secrets.token_urlsafe(32), Told()
            for _ in range(1 if outlived else KILLS_OF_A_SESSION):
                most = min(KILLS_OF_A_SESSION if outlived else 1, kills - found.kills)
                _kill_under_a_worker(server, session_id, told, most, rng, found, fsync)
                _what_is_left(server, session_id, told, found)
            found.sessions += 1
    return found


def _kill_under_a_worker(
    server: RedisServer,
    session_id: str,
    told: Told,
    kills: int,
    rng: random.Random,
    found: Kills,
    fsync: str,
) -> None:
    serial = max(told.tried, default=0) + 1
    with Worker("loop", server.url, session_id, str(serial)) as worker:
        for _ in range(kills):
            _wait_for_more(worker)
            synced = written_bytes(server)
            time.sleep(rng.random() * LONGEST_LIFE_S)
            if fsync == "always":
                server.kill()
                server.start()
            else:
                lose_power(server, synced_bytes=synced)
            found.kills += 1
        if kills > 1:  # the worker outlives the server
            _wait_for_more(worker)
        worker.kill()
        told.listen(worker.answers, found)


def _wait_for_more(worker: Worker) -> None:
    before = worker.saved()
    worker.wait_for(lambda: worker.saved() > before + 2)


def _what_is_left(server: RedisServer, session_id: str, told: Told, found: Kills) -> None:
    """Versions may be lost; what is there is whole, exact, and hangs together."""
    findings = inspect(server.unix_url, session_id, told.frames())
    found.lost += len(findings.lost)
    for version in findings.lost:
        del told.saved[VersionId(version)]
    extra = findings.versions - len(told.saved)
    found.unacknowledged += extra
    findings.lost = []
    assert findings.are_none, findings
    if extra:
        _take_over_the_unacknowledged(server, session_id, told)
