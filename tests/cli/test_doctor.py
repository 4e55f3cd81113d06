"""``doctor`` against real servers, good and bad ones."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.managed import ManagedServer
from support.servers import RedisServer

import streamlit_redis_session as srs
from streamlit_redis_session.cli import _checks

from .conftest import Run, Sample, found_json, table_rows

DURABLE = ("--appendonly", "yes")


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine of the tests is, no server of theirs is slow."""
    for name in ("SLOW_S", "VERY_SLOW_S", "SLOW_PROBE_S"):
        monkeypatch.setattr(_checks, name, math.inf)


def checks(run: Run, url: str, *more: str, code: int) -> dict[str, dict[str, Any]]:
    """Run doctor; give its checks by name."""
    result = run("doctor", "--url", url, "--json", *more)
    assert result.exit_code == code, result.output
    return {each["check"]: each for each in found_json(result)["checks"]}


def risks(found: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {k: c["verdict"] for k, c in found.items() if c["verdict"] in ("warning", "problem")}


def keys_on(server: RedisServer) -> set[bytes]:
    with server.client() as client:
        return set(client.keys("*"))


def fill(server: RedisServer, share: float) -> None:
    """Fill a server's memory, in small pieces: what is on its way counts, too."""
    with server.client() as client:
        for number in range(10_000):
            memory: dict[str, Any] = client.info("memory")
            if memory["used_memory"] >= share * memory["maxmemory"]:
                return
            client.set(f"foreign:{number}", b"x" * 100_000)
    raise AssertionError("never full")


def protect(server: RedisServer, password: str) -> None:
    with server.client() as client:
        client.config_set("requirepass", password)


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_server_that_keeps_everything_is_well(run: Run) -> None:
    with RedisServer(*DURABLE) as server:
        found = checks(run, server.url, code=0)

        assert risks(found) == {}
        assert found["version"]["data"]["kind"] == "valkey"
        assert found["write and read"]["data"]["write_ms"] > 0
        assert keys_on(server) == set()


def test_a_server_without_persistence_loses_everything(run: Run) -> None:
    with RedisServer() as server:
        assert risks(checks(run, server.url, code=1)) == {"persistence": "problem"}


def test_a_server_with_snapshots_alone_loses_the_last_minutes(run: Run) -> None:
    with RedisServer() as server:
        with server.client() as client:
            client.set("foreign", "x")
            client.save()

        assert risks(checks(run, server.url, code=1)) == {"persistence": "warning"}
        assert keys_on(server) == {b"foreign"}


def test_a_server_that_evicts_is_a_problem(run: Run) -> None:
    lru = ("--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru")
    with RedisServer(*DURABLE, *lru) as server:
        found = checks(run, server.url, code=1)

    assert risks(found) == {"eviction": "problem"}
    assert "noeviction" in found["eviction"]["advice"]


def test_a_server_that_is_nearly_full_is_named_and_not_filled(run: Run) -> None:
    with RedisServer(*DURABLE, "--maxmemory", "20mb") as server:
        fill(server, 0.85)
        before = keys_on(server)

        assert risks(checks(run, server.url, code=1)) == {"memory": "warning"}
        assert keys_on(server) == before


def test_a_full_server_saves_nothing(run: Run) -> None:
    with RedisServer(*DURABLE, "--maxmemory", "20mb") as server:
        fill(server, 0.99)
        found = checks(run, server.url, code=1)

    assert risks(found) == {"memory": "problem", "write and read": "problem"}
    assert "no memory left" in found["write and read"]["advice"]


def test_a_replica_is_named(run: Run) -> None:
    with (
        RedisServer(*DURABLE) as primary,
        RedisServer(*DURABLE, "--replicaof", f"127.0.0.1 {primary.port}") as replica,
        replica.client() as client,
    ):
        wait_until(lambda: client.info("replication")["master_link_status"] == "up")
        found = checks(run, replica.url, code=1)

    assert risks(found) == {"role": "problem", "write and read": "problem"}


def test_a_frozen_server_is_unreachable(run: Run) -> None:
    with RedisServer() as server:
        server.freeze()
        try:
            found = checks(run, server.url, code=3)
        finally:
            server.thaw()

    assert risks(found) == {"reachable": "problem"}
    assert "did not answer" in found["reachable"]["advice"]


def test_nobody_there_is_unreachable(run: Run) -> None:
    result = run("doctor", "--url", "redis://127.0.0.1:1/0")

    assert result.exit_code == 3
    assert "did not answer" in result.stdout


def test_a_wrong_password_is_refused_and_not_shown(run: Run) -> None:
    with RedisServer() as server:
        protect(server, "right-one")
        url = f"redis://:hunter2-wrong@127.0.0.1:{server.port}/0"
        result = run("doctor", "--url", url)

    assert result.exit_code == 3
    assert "refused the login" in result.output
    assert "hunter2" not in result.output


def test_a_right_password_is_not_shown_either(run: Run) -> None:
    with RedisServer(*DURABLE) as server:
        protect(server, "right-one")
        url = f"redis://:right-one@127.0.0.1:{server.port}/0"
        for arguments in (("doctor",), ("doctor", "--json"), ("sessions",), ("sessions", "--json")):
            result = run(*arguments, "--url", url)

            assert result.exit_code == 0, result.output
            assert "right-one" not in result.output


def test_a_managed_server_that_refuses_info_tells_little(run: Run) -> None:
    with ManagedServer(refused=["INFO"]) as server:
        found = checks(run, server.url, code=0)

    assert found["version"]["found"] == "not told"
    assert found["persistence"]["verdict"] == "unknown"


def test_a_store_in_memory_is_for_tests(run: Run, memory_url: str) -> None:
    assert risks(checks(run, memory_url, code=1)) == {"persistence": "problem"}


def test_an_embedded_server_is_well_and_shows_its_disk(run: Run, tmp_path: Path) -> None:
    result = run("doctor", "--url", f"embedded://{tmp_path}/store?grace_s=0.5", "--json")
    found = {each["check"]: each for each in found_json(result)["checks"]}

    assert set(risks(found)) <= {"disk"}, result.output  # how full this machine is
    assert found["disk"]["data"]["folder"] == f"{tmp_path}/store"
    assert found["transport"]["found"] == "does not leave this machine"


def test_another_secret_is_told_from_the_records(run: Run, redis_url: str, tmp_path: Path) -> None:
    with srs.connect(redis_url, secret="the secret of the app, long enough") as store:
        session = store.session()
        session["array"] = np.arange(3)
        session.commit()
    secret_file = tmp_path / "secret"
    secret_file.write_text("the secret of the app, long enough\n")

    without = checks(run, redis_url, code=1)
    with_it = checks(run, redis_url, "--secret-file", str(secret_file), code=1)

    assert without["secret"]["verdict"] == "problem"
    assert with_it["secret"]["verdict"] == "ok"


def test_a_session_that_lost_its_keys_is_seen_in_the_index(
    run: Run, sample: Sample, redis_server: RedisServer
) -> None:
    with redis_server.client() as client:
        client.delete(f"{{srs:{sample.key}}}:meta")

    assert checks(run, sample.url, code=1)["sessions"]["data"] == {"living": 0, "indexed": 1}


def test_the_table_says_what_to_do(run: Run) -> None:
    with RedisServer() as server:
        result = run("doctor", "--url", server.url)

    assert "1 of 13 checks need a look." in result.stdout
    (row,) = (line for line in table_rows(result) if line.startswith("persistence"))
    assert "problem A restart loses everything." in row


def test_json_has_the_keys_of_the_manual(run: Run, redis_url: str) -> None:
    found = found_json(run("doctor", "--url", redis_url, "--json"))

    assert list(found) == ["where", "source", "namespace", "verdict", "checks"]
    assert {tuple(each) for each in found["checks"]} == {
        ("check", "found", "verdict", "advice", "data")
    }
    assert (found["where"], found["source"]) == (redis_url, "--url")


@pytest.mark.parametrize("name", ["STREAMLIT_REDIS_SESSION_URL", "REDIS_URL"])
def test_the_store_is_found_in_the_environment(
    run: Run, redis_url: str, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, redis_url)

    assert found_json(run("doctor", "--json"))["source"] == name


def test_the_store_is_found_in_the_secrets_of_an_app(
    run: Run, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1")
    (tmp_path / ".streamlit").mkdir()
    secrets = tmp_path / ".streamlit" / "secrets.toml"
    secrets.write_text(f'[connections.redis_session]\nurl = "{redis_url}"\n')

    found = found_json(run("doctor", "--json"))

    assert (found["source"], found["where"]) == (".streamlit/secrets.toml", redis_url)
