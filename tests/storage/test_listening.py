"""The connection that changes are heard over: lost, silent, refused, and closed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from support.servers import RedisServer

from streamlit_redis_session.storage import Backend, _listening, open_backend

from .contract_parts import DAY, ContractParts, change, new_key
from .live_contract import Ear, listening


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with RedisServer(persistent=True) as server:
        yield server


@pytest.fixture
def backend(server: RedisServer) -> Iterator[Backend]:
    with open_backend(f"{server.url}?socket_timeout=0.5", namespace="srs") as backend:
        yield backend


def subscribers(server: RedisServer) -> int:
    with server.client() as client:
        answer: Any = client.execute_command("PUBSUB", "NUMSUB", "srs:events")
        return int(answer[1])


def test_one_connection_hears_of_all_sessions(server: RedisServer, backend: Backend) -> None:
    ear = Ear()
    with listening(backend, ear):
        for _ in range(20):
            key = new_key()
            backend.create_session(key, ttl_s=DAY)
            epoch = ContractParts.record(backend, key).epoch
            backend.transact(key, change(epoch, event=b"e"))
        ear.wait(lambda: len(ear.changes) == 20)
        assert subscribers(server) == 1


def test_a_restarted_server_is_heard_again_and_the_gap_is_said(
    server: RedisServer, backend: Backend
) -> None:
    ear = Ear()
    key = new_key()
    backend.create_session(key, ttl_s=DAY)
    with listening(backend, ear) as subscription:
        server.kill()
        ear.wait(lambda: ear.lives == [True, False])
        assert not subscription.is_live
        server.start()
        ear.wait_live(2)
        epoch = ContractParts.record(backend, key).epoch
        backend.transact(key, change(epoch, event=b"after"))
        ear.wait(lambda: bool(ear.changes))

        assert subscription.is_live
        assert ear.changes == [(key, 1, b"after")]
        assert ear.lives == [True, False, True]


def test_a_cut_connection_is_replaced(server: RedisServer, backend: Backend) -> None:
    ear = Ear()
    with listening(backend, ear):
        with server.client() as client:
            killing: Any = client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
            assert killing == 1
        ear.wait_live(2)

    assert ear.lives == [True, False, True]


@pytest.mark.slow
def test_a_server_that_stays_silent_is_noticed(server: RedisServer, backend: Backend) -> None:
    """The connection is still there, and nobody answers: a half-open one looks the same."""
    ear = Ear()
    with listening(backend, ear):
        server.freeze()
        ear.wait(lambda: ear.lives == [True, False])
        server.thaw()
        ear.wait_live(2)


def test_a_silent_channel_is_not_a_lost_one(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_listening, "SILENCE_S", 0.05)
    monkeypatch.setattr(_listening, "SLICE_S", 0.05)
    ear = Ear()
    key = new_key()
    with listening(backend, ear):
        backend.create_session(key, ttl_s=DAY)
        epoch = ContractParts.record(backend, key).epoch
        for number in range(5):
            backend.transact(key, change(epoch, event=b"%d" % number))
            time.sleep(0.2)  # several times the silence after which the server is asked
        ear.wait(lambda: len(ear.changes) == 5)

    assert ear.lives == [True]


def test_messages_of_strangers_are_passed_over(server: RedisServer, backend: Backend) -> None:
    ear = Ear()
    key = new_key()
    backend.create_session(key, ttl_s=DAY)
    epoch = ContractParts.record(backend, key).epoch
    with listening(backend, ear), server.client() as client:
        for message in (b"", b"x", b"a b", b"k x e", b"\xff 1 e", b"k " + b"9" * 5000 + b" e"):
            client.publish("srs:events", message)
        client.publish("srs:eventss", b"k 1 e")
        backend.transact(key, change(epoch, event=b"real"))
        ear.wait(lambda: bool(ear.changes))

    assert ear.changes == [(key, 1, b"real")]


def test_a_closed_backend_lets_go_of_its_listeners(server: RedisServer) -> None:
    ear = Ear()
    backend = open_backend(server.url, namespace="srs")
    subscription = backend.subscribe(ear.told, ear.changed)
    ear.wait_live()
    backend.close()

    assert not subscription.is_live
    for _ in range(100):
        if subscribers(server) == 0:
            break
        time.sleep(0.1)
    assert subscribers(server) == 0


def test_an_address_where_nobody_answers_is_tried_until_somebody_does() -> None:
    server = RedisServer(persistent=True)
    ear = Ear()
    with open_backend(server.url, namespace="srs") as backend:
        subscription = backend.subscribe(ear.told, ear.changed)
        assert not subscription.is_live
        with server:
            ear.wait_live()
            assert subscription.is_live
            subscription.close()
