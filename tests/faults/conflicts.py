"""Pairs of tabs in processes of their own, which commit from the same version at the same time."""

from __future__ import annotations

import random
import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from support.consistency import assert_consistent
from support.crash_walk import value_of
from support.servers import RedisServer

from faults.processes import Worker
from streamlit_redis_session.objects import VersionId

ROUNDS_OF_A_SESSION = 50
"""Every second round ends in a branch, and all refs are read after a lost race."""


@dataclass
class Races:
    """What happened; a lost edit raises where it is found."""

    rounds: int = 0
    edits: int = 0
    rebased: int = 0
    branched: int = 0


def race(rounds: int, *, pairs: int = 2) -> Races:
    """Have pairs of tabs commit at the same time, all of them on one server."""
    with RedisServer() as server, ThreadPoolExecutor(pairs) as pool:
        found = Races()
        for part in pool.map(lambda n: _pair(server, rounds // pairs, n), range(pairs)):
            found.rounds += part.rounds
            found.edits += part.edits
            found.rebased += part.rebased
            found.branched += part.branched
        return found


def _pair(server: RedisServer, rounds: int, number: int) -> Races:
    rng, found = random.Random(number), Races()
    with Worker("tab", server.url) as one, Worker("tab", server.url) as other:
        while found.rounds < rounds:
            most = min(ROUNDS_OF_A_SESSION, rounds - found.rounds)
            _session(server, (one, other), most, rng, found)
    return found


def _session(
    server: RedisServer, tabs: tuple[Worker, Worker], rounds: int, rng: random.Random, found: Races
) -> None:
    session_id, serial = secrets.token_urlsafe(32), 0
    acknowledged: dict[VersionId, dict[str, int]] = {}
    for tab in tabs:
        tab.ask(f"open {session_id}")
    for tab in tabs:
        tab.answer()
    shown: dict[str, int] = {}
    for _ in range(rounds):
        keys = (rng.choice("ab"), rng.choice("ab"))
        edits = {serial + 1: keys[0], serial + 2: keys[1]}
        serial += 2
        shown = _round(tabs, edits, shown, acknowledged, found)
    values = {
        version: {key: value_of(n) for key, n in data.items()}
        for version, data in acknowledged.items()
    }
    assert assert_consistent(server.unix_url, session_id, values).versions == 2 * rounds


def _round(
    tabs: tuple[Worker, Worker],
    edits: dict[int, str],
    shown: dict[str, int],
    acknowledged: dict[VersionId, dict[str, int]],
    found: Races,
) -> dict[str, int]:
    """Both edit what is shown; give what both show then."""
    for tab, (serial, key) in zip(tabs, edits.items(), strict=True):
        tab.ask(f"edit {key} {serial}")
    answers = [tab.answer() for tab in tabs]
    saved = {answer["saved"]: answer for answer in answers}
    assert len(saved) == 2, answers
    for (serial, key), answer in zip(edits.items(), answers, strict=True):
        parents = answer["parents"]
        follows = next((p for p in parents if p in saved), None)
        both = {k: n for n, k in edits.items() if k != key} if follows else {}
        acknowledged[answer["saved"]] = {**shown, **both, key: serial}
        found.rebased += follows is not None
    for tab in tabs:
        tab.ask("follow")
    heads = [tab.answer() for tab in tabs]
    assert heads[0] == heads[1], heads
    assert heads[0]["values"] == {str(k): n for k, n in acknowledged[heads[0]["version"]].items()}
    found.branched += len({answer["branch"] for answer in answers}) == 2
    found.rounds += 1
    found.edits += 2
    return acknowledged[heads[0]["version"]]
