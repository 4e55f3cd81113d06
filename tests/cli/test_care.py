"""``verify``, ``prune``, ``delete``."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from support.servers import RedisServer

import streamlit_redis_session as srs

from .conftest import Run, Sample, found_json


def flip_a_chunk(server: RedisServer) -> None:
    with server.client() as client:
        key = min(client.keys("srs:c:*"))
        data = client.get(key)
        life = client.pttl(key)
        client.set(key, data[:-1] + bytes([data[-1] ^ 1]), px=life)


# --- verify ------------------------------------------------------------------------------------


def test_a_sound_store_ends_with_0(run: Run, sample: Sample) -> None:
    result = run("verify", "--url", sample.url)

    assert result.exit_code == 0
    assert result.stdout.startswith("1 session, 4 versions, ")
    assert result.stdout.endswith("all is sound\n")


def test_a_damaged_chunk_is_named_and_ends_with_1(
    run: Run, sample: Sample, redis_server: RedisServer
) -> None:
    flip_a_chunk(redis_server)

    for arguments in ((), (sample.key,)):
        result = run("verify", *arguments, "--url", sample.url)

        assert result.exit_code == 1
        assert "chunk-damaged" in result.stdout
        assert sample.key[:8] in result.stdout


def test_json_of_verify_has_the_keys_of_the_manual(
    run: Run, sample: Sample, redis_server: RedisServer
) -> None:
    flip_a_chunk(redis_server)

    result = run("verify", "--url", sample.url, "--json")
    found = found_json(result)

    assert result.exit_code == 1
    assert list(found) == [
        *("is_sound", "sessions", "versions", "manifests", "chunks", "read_bytes", "faults"),
    ]
    assert list(found["faults"][0]) == [
        *("kind", "session", "what", "reason", "versions"),
        *("can_repair", "is_repaired", "remedy"),
    ]
    assert not found["is_sound"]


def test_leases_that_end_too_early_are_repaired(
    run: Run, sample: Sample, redis_server: RedisServer
) -> None:
    with redis_server.client() as client:
        for key in client.keys("srs:c:*"):
            client.expire(key, 60)

    assert run("verify", "--url", sample.url).exit_code == 1
    repaired = run("verify", "--repair", "--yes", "--url", sample.url, "--json")
    again = run("verify", "--url", sample.url)

    assert repaired.exit_code == 0
    assert all(fault["is_repaired"] for fault in found_json(repaired)["faults"])
    assert again.exit_code == 0


# --- prune -------------------------------------------------------------------------------------


@pytest.fixture
def long_session(redis_url: str) -> tuple[str, str]:
    """The URL of a store, and the id of a session of six versions that lives 30 days."""
    with srs.connect(redis_url, ttl=timedelta(days=30)) as store:
        session = store.session()
        for number in range(6):
            session["a"] = np.arange(number + 1)
            session.commit()
        return redis_url, session.id


def versions(url: str, session_id: str) -> int:
    with srs.connect(url) as store:
        return len(store.session(session_id).graph().versions)


def test_old_versions_are_taken_out(run: Run, long_session: tuple[str, str]) -> None:
    url, session_id = long_session
    result = run("prune", "--id", "--keep", "2", "--yes", "--url", url, "--json", input=session_id)

    found = found_json(result)
    assert result.exit_code == 0
    assert list(found) == ["key", "removed", "kept", "reparented", "manifests"]
    assert (len(found["removed"]), found["kept"]) == (3, 3)  # the first one stays
    assert versions(url, session_id) == 3


def test_pruning_leaves_the_life_of_a_session_as_it_is(
    run: Run, long_session: tuple[str, str], redis_server: RedisServer
) -> None:
    """The app keeps its sessions for 30 days, and this program knows nothing of that."""
    url, session_id = long_session
    run("prune", "--id", "--keep", "2", "--yes", "--url", url, input=session_id)

    with redis_server.client() as client:
        lives = [client.ttl(key) for key in client.keys("{srs:*")]
    assert len(lives) > 3
    assert all(29.9 * 86_400 < life <= 30 * 86_400 for life in lives)


def test_a_time_keeps_what_was_made_since(run: Run, long_session: tuple[str, str]) -> None:
    url, session_id = long_session

    result = run("prune", "--id", "--keep", "7d", "--yes", "--url", url, input=session_id)

    assert result.exit_code == 0
    assert result.stdout.startswith("0 versions removed, 6 kept.")


@pytest.mark.parametrize("keep", ["", "x", "-1", "3y", "1.5", "7 d"])
def test_what_cannot_be_kept_is_a_usage_error(run: Run, sample: Sample, keep: str) -> None:
    result = run("prune", sample.key, f"--keep={keep}", "--yes", "--url", sample.url)

    assert result.exit_code == 2
    assert "Traceback" not in result.output


# --- delete ------------------------------------------------------------------------------------


def living(url: str) -> int:
    with srs.connect(url) as store:
        return len(store.sessions())


@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
def test_nothing_goes_without_a_yes(run: Run, sample: Sample, answer: str) -> None:
    for command in (("delete",), ("prune", "--keep", "1"), ("verify", "--repair")):
        result = run(*command, sample.key, "--url", sample.url, input=answer)

        assert result.exit_code == 1
        assert "Aborted!" in result.stderr
    assert len(sample.session.graph().versions) == 4


@pytest.mark.parametrize("how", [("--yes",), ()])
def test_a_session_is_deleted(run: Run, sample: Sample, how: tuple[str, ...]) -> None:
    result = run("delete", sample.key[:6], *how, "--url", sample.url, input="y\n")

    assert result.exit_code == 0
    assert living(sample.url) == 0
    assert run("show", sample.key, "--url", sample.url).exit_code == 4


def test_a_purge_takes_the_chunks_at_once_and_leaves_those_of_others(
    run: Run, sample: Sample, redis_server: RedisServer
) -> None:
    with srs.connect(sample.url) as store, redis_server.client() as client:
        other = store.session()
        other["own"] = np.arange(50_000)
        other.commit()
        client.set("foreign", "x")
        own_chunks = set(client.keys("srs:c:*"))

        result = run("delete", sample.key, "--purge", "--yes", "--url", sample.url, "--json")

        left = set(client.keys("srs:c:*"))
        assert found_json(result) == {"key": sample.key, "versions": 4, "purged": True}
        assert left < own_chunks
        assert left
        assert client.get("foreign") == b"x"
        assert store.verify().is_sound
