"""What is said of a server by what INFO told, without a server."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from streamlit_redis_session.cli._checks import examine
from streamlit_redis_session.cli._facts import Facts, Probe
from streamlit_redis_session.cli._server_checks import (
    check_clients,
    check_clock,
    check_eviction,
    check_memory,
    check_persistence,
    check_role,
    check_version,
)
from streamlit_redis_session.cli._verdicts import Finding, overall, worst
from streamlit_redis_session.storage import parse_url

NOW_S = 1_800_000_000.0
GOOD: dict[str, Any] = {
    "valkey_version": "9.1.2",
    "redis_version": "7.2.4",
    "role": "master",
    "connected_slaves": 0,
    "loading": 0,
    "aof_enabled": 1,
    "aof_last_write_status": "ok",
    "rdb_last_bgsave_status": "ok",
    "rdb_last_save_time": int(NOW_S) - 1000,
    "rdb_saves": 0,
    "uptime_in_seconds": 1000,
    "maxmemory": 2**30,
    "maxmemory_policy": "noeviction",
    "used_memory": 2**20,
    "evicted_keys": 0,
    "connected_clients": 3,
    "maxclients": 10_000,
    "rejected_connections": 0,
    "server_time_usec": int(NOW_S * 1e6),
}


def facts(url: str = "redis://127.0.0.1", **changes: Any) -> Facts:
    known = Facts(
        address=parse_url(url),
        kind="valkey",
        version="9.1.2",
        nodes=(GOOD,),
        now_s=NOW_S,
        pings_s=(0.001,) * 20,
        probe=Probe(0.01, 0.01),
        secret=None,
    )
    return replace(known, **changes)


def finding(check: str, known: Facts) -> Finding:
    (found,) = (each for each in examine(known) if each.check == check)
    return found


def test_a_good_local_server_has_no_risk() -> None:
    assert overall(examine(facts())) == "ok"


# --- versions ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "verdict"),
    [
        ({"redis_version": "6.2.20"}, "problem"),
        ({"redis_version": "7.0.15"}, "warning"),
        ({"redis_version": "7.2.10"}, "warning"),
        ({"redis_version": "7.2.11"}, "ok"),
        ({"redis_version": "7.4.5"}, "warning"),
        ({"redis_version": "8.0.4"}, "ok"),
        ({"redis_version": "8.2.1"}, "warning"),
        ({"redis_version": "8.4.0"}, "ok"),
        ({"redis_version": "7.2.4", "valkey_version": "8.1.3"}, "warning"),
        ({"redis_version": "7.2.4", "valkey_version": "8.1.4"}, "ok"),
        ({"redis_version": "7.2.4", "valkey_version": "9.0.0"}, "ok"),
        ({"redis_version": "6.2.6", "upstash_version": "1.2"}, "unknown"),
        ({"redis_version": 0}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_old_and_vulnerable_versions_are_named(told: dict[str, object], verdict: str) -> None:
    assert check_version(told).verdict == verdict


def test_advice_on_a_vulnerable_version_says_to_which_one_to_go() -> None:
    assert "7.4.6 or later" in check_version({"redis_version": "7.4.1"}).advice
    assert "a later series" in check_version({"redis_version": "7.0.15"}).advice


# --- persistence -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "verdict", "says"),
    [
        ({}, "ok", "append-only file"),
        ({"aof_enabled": 0}, "problem", "no snapshot since the start 16 min 40 s ago"),
        ({"aof_enabled": 0, "rdb_saves": 3}, "warning", "snapshots only"),
        ({"aof_last_write_status": "err"}, "problem", "aof_last_write_status"),
        ({"rdb_last_bgsave_status": "err"}, "problem", "rdb_last_bgsave_status"),
        ({"loading": 1}, "warning", "loading"),
    ],
)
def test_what_a_restart_loses_is_said(changes: dict[str, Any], verdict: str, says: str) -> None:
    found = check_persistence({**GOOD, **changes}, now_s=NOW_S)

    assert found.verdict == verdict
    assert says in found.found


def test_snapshots_of_a_server_that_does_not_count_them_are_told_by_their_time() -> None:
    told = {**GOOD, "aof_enabled": 0, "rdb_last_save_time": int(NOW_S) - 60}
    del told["rdb_saves"]

    found = check_persistence({**told, "rdb_changes_since_last_save": 12}, now_s=NOW_S)

    assert found.found == "snapshots only, the last 1 min ago, 12 changes since"


# --- memory, eviction, clients, clock, role ----------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "most", "evicted", "verdict"),
    [
        ("noeviction", 2**30, 0, "ok"),
        ("noeviction", 2**30, 7, "warning"),
        ("allkeys-lru", 2**30, 0, "problem"),
        ("volatile-ttl", 2**30, 0, "problem"),
        ("allkeys-lru", 0, 0, "warning"),
        ("allkeys-lru", 0, 1, "problem"),
        ("allkeys-lru", None, 0, "problem"),
    ],
)
def test_all_but_noeviction_may_lose_parts(
    policy: str, most: int | None, evicted: int, verdict: str
) -> None:
    told = {"maxmemory_policy": policy, "evicted_keys": evicted}
    found = check_eviction(told if most is None else {**told, "maxmemory": most})

    assert found.verdict == verdict
    assert found.data == {"policy": policy, "evicted": evicted}


@pytest.mark.parametrize(
    ("used", "most", "total", "verdict"),
    [
        (10, 100, 1000, "ok"),
        (85, 100, 1000, "warning"),
        (96, 100, 1000, "problem"),
        (100, 0, 1000, "ok"),
        (850, 0, 1000, "warning"),
        (100, 0, 0, "unknown"),
    ],
)
def test_a_store_is_named_before_it_is_full(used: int, most: int, total: int, verdict: str) -> None:
    told = {"used_memory": used, "maxmemory": most, "total_system_memory": total}

    assert check_memory(told).verdict == verdict


def test_connections_that_were_rejected_are_a_warning() -> None:
    assert check_clients(GOOD).verdict == "ok"
    assert check_clients({**GOOD, "rejected_connections": 2}).verdict == "warning"
    assert check_clients({**GOOD, "connected_clients": 9_000}).verdict == "warning"


def test_a_clock_that_is_off_is_a_warning() -> None:
    assert check_clock(GOOD, now_s=NOW_S + 2).verdict == "ok"
    assert check_clock(GOOD, now_s=NOW_S + 120).found == "-120.0 s from here"
    assert check_clock(GOOD, now_s=NOW_S - 120).verdict == "warning"


def test_a_replica_is_a_problem() -> None:
    assert check_role({"role": "slave", "master_link_status": "down"}).verdict == "problem"
    assert check_role({**GOOD, "connected_slaves": 2}).found == "primary, 2 replicas"


def test_a_server_that_tells_nothing_is_no_risk() -> None:
    """Managed services refuse INFO, or most of its fields."""
    found = examine(facts(nodes=({},)))

    assert overall(found) == "ok"
    names = {each.check for each in found if each.verdict == "unknown"}
    assert names == {
        *("version", "role", "persistence", "eviction", "memory", "clients", "clock"),
    }


# --- several servers ---------------------------------------------------------------------------


def test_of_a_cluster_the_worst_server_is_shown() -> None:
    nodes = (GOOD, {**GOOD, "used_memory": 2**30}, GOOD)

    found = finding("memory", facts(nodes=nodes))

    assert found.verdict == "problem"
    assert found.found.endswith("(1 of 3 servers)")


def test_servers_that_say_the_same_are_one() -> None:
    assert worst([Finding("role", "primary"), Finding("role", "primary")]).found == "primary"


# --- the way there, the secret, what is stored -------------------------------------------------


@pytest.mark.parametrize(
    ("url", "verdict"),
    [
        ("redis://127.0.0.1", "ok"),
        ("redis://[::1]", "ok"),
        ("redis://localhost", "ok"),
        ("unix:///run/redis.sock", "ok"),
        ("rediss://db.example.com", "ok"),
        ("redis://db.example.com", "warning"),
        ("redis://10.0.0.5", "warning"),
        ("redis+cluster://127.0.0.1,10.0.0.5", "warning"),
        ("redis+sentinel://127.0.0.1/main", "ok"),
    ],
)
def test_plain_text_to_another_machine_is_a_warning(url: str, verdict: str) -> None:
    assert finding("transport", facts(url)).verdict == verdict


@pytest.mark.parametrize(
    ("url", "secret", "verdict"),
    [
        ("redis://127.0.0.1", None, "ok"),
        ("redis://db.example.com", None, "warning"),
        ("redis://db.example.com", b"short", "warning"),
        ("redis://db.example.com", b"a" * 40, "warning"),
        ("redis://db.example.com", bytes(range(32)), "ok"),
    ],
)
def test_a_secret_that_can_be_guessed_is_a_warning(
    url: str, secret: bytes | None, verdict: str
) -> None:
    found = finding("secret", facts(url, secret=secret))

    assert found.verdict == verdict
    assert secret is None or secret.decode("latin-1") not in found.found


def test_a_secret_that_opens_nothing_is_another_one() -> None:
    assert finding("secret", facts(opened=3, refused=3)).verdict == "problem"
    assert finding("secret", facts(opened=3, refused=1)).verdict == "ok"


@pytest.mark.parametrize(("seconds", "verdict"), [(0.001, "ok"), (0.05, "warning"), (1, "problem")])
def test_a_slow_server_is_named(seconds: float, verdict: str) -> None:
    assert finding("latency", facts(pings_s=(seconds,) * 20)).verdict == verdict


def test_latency_is_told_by_median_and_all_but_the_slowest() -> None:
    pings = tuple(n / 1000 for n in range(1, 21))

    assert finding("latency", facts(pings_s=pings)).data == {"median_ms": 11.0, "p95_ms": 19.0}


def test_a_write_that_fails_or_is_slow_is_named() -> None:
    assert finding("write and read", facts(probe=Probe(error="full"))).advice == "full"
    assert finding("write and read", facts(probe=Probe(3.0, 1.0))).verdict == "warning"


def test_sessions_that_only_the_index_names_are_a_warning() -> None:
    assert finding("sessions", facts(indexed=5, living=4)).verdict == "warning"
    assert finding("sessions", facts(indexed=4, living=4)).verdict == "ok"


@pytest.mark.parametrize(
    ("free_bytes", "verdict"),
    [(10 * 2**30, "ok"), (2**29, "warning"), (2**20, "problem"), (None, "unknown")],
)
def test_the_disk_of_an_embedded_server_is_looked_at(free_bytes: int | None, verdict: str) -> None:
    known = facts("embedded:///data", folder=Path("data"), free_bytes=free_bytes)

    assert finding("disk", known).verdict == verdict


def test_a_disk_needs_room_for_twice_the_data() -> None:
    nodes = ({**GOOD, "used_memory": 6 * 2**30},)
    known = facts("embedded:///data", folder=Path("data"), free_bytes=10 * 2**30, nodes=nodes)

    assert finding("disk", known).verdict == "warning"


def test_a_store_in_memory_keeps_nothing() -> None:
    found = examine(facts("memory://x", kind="memory", nodes=()))

    assert overall(found) == "problem"
