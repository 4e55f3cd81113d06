"""Writes that count only when replicas have them (``?wait_replicas=``)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.clusters import asked, wait_until
from support.servers import RedisServer

from streamlit_redis_session.errors import StorageUnavailableError
from streamlit_redis_session.storage import Backend, Outcome, open_backend

from .contract import DAY, BackendContract, change, chunk_id, new_key


@pytest.fixture(scope="module")
def primary() -> Iterator[RedisServer]:
    with RedisServer("--repl-diskless-sync-delay", "0") as server:
        yield server


@pytest.fixture(scope="module")
def replica(primary: RedisServer) -> Iterator[RedisServer]:
    with RedisServer() as server:
        asked(server, "REPLICAOF", "127.0.0.1", primary.port)
        wait_until(lambda: _connected(primary) == 1, "the replica to connect")
        yield server


def _connected(primary: RedisServer) -> int:
    return int(asked(primary, "INFO", "replication")["connected_slaves"])


@pytest.fixture
def backend(primary: RedisServer, replica: RedisServer) -> Iterator[Backend]:
    asked(replica, "PING")
    with open_backend(f"{primary.url}?wait_replicas=1", namespace="srs") as backend:
        yield backend


def test_what_was_acknowledged_is_on_the_replica(backend: Backend, replica: RedisServer) -> None:
    key = new_key()
    backend.create_session(key, ttl_s=DAY)
    epoch = BackendContract.record(backend, key).epoch
    for number in range(50):
        backend.put_chunks({chunk_id(number): b"x" * 50_000}, lease_s=DAY)
        assert asked(replica, "EXISTS", f"srs:c:{chunk_id(number)}") == 1
        backend.transact(key, change(epoch, set_refs={"main": b"%d" % number}))
        assert asked(replica, "HGET", f"{{srs:{key}}}:refs", "main") == b"%d" % number


def test_reading_does_not_wait(backend: Backend, primary: RedisServer) -> None:
    asked(primary, "CONFIG RESETSTAT")
    backend.read_seq(new_key())
    backend.get_chunks([chunk_id(1)])

    assert "cmdstat_wait" not in asked(primary, "INFO", "commandstats")


def test_too_few_replicas_are_not_saved_and_a_repeated_change_waits_again(
    backend: Backend, replica: RedisServer
) -> None:
    """The change was applied, so the repetition writes nothing, and still nobody has it."""
    key = new_key()
    backend.create_session(key, ttl_s=DAY)
    epoch = BackendContract.record(backend, key).epoch
    told = change(epoch, set_refs={"main": b"1"})
    chunk = {chunk_id(500): b"x"}
    replica.freeze()
    try:
        for _ in range(2):
            with pytest.raises(StorageUnavailableError, match="0 of 1 replicas confirmed"):
                backend.transact(key, told)
            with pytest.raises(StorageUnavailableError, match="may be made again"):
                backend.put_chunks(chunk, lease_s=DAY)
    finally:
        replica.thaw()

    assert backend.transact(key, told) is Outcome.REPEATED
    backend.put_chunks(chunk, lease_s=DAY)
    assert backend.extend_chunks([chunk_id(500), chunk_id(501)], lease_s=1) == [True, False]
    assert asked(replica, "HGET", f"{{srs:{key}}}:refs", "main") == b"1"


def test_a_chunk_with_a_longer_lease_waits_for_the_one_who_wrote_it(
    backend: Backend, primary: RedisServer, replica: RedisServer
) -> None:
    """Nothing is left to write, yet the chunk is not safe: its own write is on its way."""
    replica.freeze()
    try:
        with open_backend(primary.url, namespace="srs") as careless:
            careless.put_chunks({chunk_id(600): b"x"}, lease_s=2 * DAY)
        with pytest.raises(StorageUnavailableError):
            backend.extend_chunks([chunk_id(600)], lease_s=DAY)
    finally:
        replica.thaw()

    assert backend.extend_chunks([chunk_id(600)], lease_s=DAY) == [True]


def test_an_error_of_one_of_several_writes_is_not_taken_for_success(
    backend: Backend, primary: RedisServer
) -> None:
    asked(primary, "CONFIG SET", "maxmemory", "1mb")
    try:
        with pytest.raises(Exception, match="no memory left"):
            backend.put_chunks({chunk_id(n): b"x" * 900_000 for n in range(701, 705)}, lease_s=DAY)
    finally:
        asked(primary, "CONFIG SET", "maxmemory", "0")
