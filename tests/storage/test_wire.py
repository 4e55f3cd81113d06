"""Commands go over few connections, and a broken one is never used for another answer."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from support.servers import RedisServer

from streamlit_redis_session.errors import StorageError, StorageUnavailableError
from streamlit_redis_session.storage import Backend, open_backend

from .contract_parts import DAY, chunk_id, new_key


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture
def outside(server: RedisServer) -> Iterator[redis.Redis]:
    with server.client() as client:
        yield client


@pytest.fixture
def backend(server: RedisServer) -> Iterator[Backend]:
    with open_backend(server.url, namespace="srs") as backend:
        yield backend


def connections(outside: redis.Redis) -> int:
    made: Any = outside.info("stats")
    return int(made["total_connections_received"])


def test_calls_of_one_thread_share_a_connection(backend: Backend, outside: redis.Redis) -> None:
    key = new_key()
    backend.create_session(key, ttl_s=DAY)
    before = connections(outside)
    for _ in range(20):
        backend.read_seq(key)
        backend.get_chunks([chunk_id(1), chunk_id(2)])
        backend.read_versions(key)

    assert connections(outside) == before


def test_a_backend_knows_when_it_had_to_connect_again(
    backend: Backend, outside: redis.Redis
) -> None:
    """Another connection may lead to a server that has lost what this one had acknowledged."""
    key = new_key()
    assert backend.connections == 0
    backend.create_session(key, ttl_s=DAY)
    backend.read_seq(key)
    assert backend.connections == 1
    outside.client_kill_filter(_type="normal", skipme=True)
    backend.read_seq(key)
    assert backend.connections == 2


def test_a_connection_that_the_server_closed_is_replaced(
    backend: Backend, outside: redis.Redis
) -> None:
    key = new_key()
    backend.create_session(key, ttl_s=DAY)
    for _ in range(3):
        outside.client_kill_filter(_type="normal", skipme=True)
        assert backend.read_seq(key) == 0


def test_an_answered_error_does_not_shift_the_answers_behind_it(
    server: RedisServer, backend: Backend, outside: redis.Redis
) -> None:
    key, other = new_key(), new_key()
    backend.create_session(key, ttl_s=DAY)
    backend.create_session(other, ttl_s=DAY)
    outside.set(f"{{srs:{key}}}:graph", "no hash")
    for _ in range(3):
        with pytest.raises(StorageError, match="WRONGTYPE"):
            backend.read_versions(key)
        assert backend.read_versions(other) == {}
        assert backend.read_seq(other) == 0
    assert server.pid


def test_an_answer_that_nobody_waited_for_is_never_given_to_another_call(
    server: RedisServer,
) -> None:
    """The server answers after the client gave up; that answer must not be the next one's."""
    with (
        RedisServer() as slow,
        open_backend(f"{slow.url}?socket_timeout=0.2", namespace="srs") as backend,
    ):
        key = new_key()
        backend.create_session(key, ttl_s=DAY)
        backend.put_chunks({chunk_id(1): b"one"}, lease_s=DAY)
        slow.freeze()
        with pytest.raises(StorageUnavailableError):
            backend.get_chunks([chunk_id(1)])
        slow.thaw()
        assert backend.read_seq(key) == 0
        assert backend.get_chunks([chunk_id(2)]) == [None]
    assert server.pid


@pytest.mark.parametrize("most", [1, 2, 3])
def test_many_threads_share_few_connections(server: RedisServer, most: int) -> None:
    url = f"{server.url}?max_connections={most}"
    with open_backend(url, namespace=f"few-{most}") as backend:
        chunks = {chunk_id(n): b"%d" % n for n in range(8)}
        backend.put_chunks(chunks, lease_s=DAY)
        wrong: list[object] = []

        def read(number: int) -> None:
            for _ in range(100):
                found = backend.get_chunks([chunk_id(number)])
                if found != [b"%d" % number]:
                    wrong.append(found)

        threads = [threading.Thread(target=read, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert wrong == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_process_does_not_use_its_parents_connection(backend: Backend) -> None:
    backend.put_chunks({chunk_id(1): b"parent", chunk_id(2): b"child"}, lease_s=DAY)
    child = os.fork()
    if child == 0:
        right = all(backend.get_chunks([chunk_id(2)]) == [b"child"] for _ in range(200))
        os._exit(0 if right else 1)
    right = all(backend.get_chunks([chunk_id(1)]) == [b"parent"] for _ in range(200))
    _, status = os.waitpid(child, 0)

    assert right
    assert status == 0
