"""How long a thread waits for a server: bounded where it asks for it, and never for ever."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import redis
from support.outages import Site, site

from streamlit_redis_session.errors import (
    StorageFullError,
    StorageReadOnlyError,
    StorageUnavailableError,
)
from streamlit_redis_session.storage import Backend, open_backend
from streamlit_redis_session.storage._client import BoundedPool
from streamlit_redis_session.storage._deadline import bound_s, deadline, least_s

from .contract_parts import DAY, chunk_id, new_key

SHORT_S = 0.1
USUAL_S = 2.0
"""The timeout of a call without a deadline."""


@pytest.fixture
def place() -> Iterator[Site]:
    with site() as place:
        yield place


@pytest.fixture
def backend(place: Site) -> Iterator[Backend]:
    with open_backend(place.proxy.url, namespace="srs") as backend:
        backend.ping()
        yield backend


def seconds_until_it_gives_up(backend: Backend) -> float:
    began_s = time.monotonic()
    with pytest.raises(StorageUnavailableError):
        backend.read_seq(new_key())
    return time.monotonic() - began_s


def test_bounds_nest_and_the_shortest_holds() -> None:
    assert bound_s() is None
    assert least_s(3) == 3
    assert least_s(None) is None
    with deadline(2):
        with deadline(1):
            assert bound_s() == 1
            assert least_s(None) == 1
            with deadline(5):
                assert least_s(3) == 1
        assert bound_s() == 2
        with pytest.raises(ZeroDivisionError), deadline(1):
            raise ZeroDivisionError
        assert bound_s() == 2
    assert bound_s() is None


def test_a_bound_is_of_one_thread_alone() -> None:
    seen: list[float | None] = []
    with deadline(1):
        thread = threading.Thread(target=lambda: seen.append(bound_s()))
        thread.start()
        thread.join()

    assert seen == [None]


@pytest.mark.parametrize("how", ["frozen", "swallowed", "delayed"])
def test_a_call_under_a_deadline_gives_up_early_and_once(
    how: str, backend: Backend, place: Site
) -> None:
    if how == "frozen":
        place.server.freeze()
    elif how == "swallowed":
        place.proxy.swallow()
    else:
        place.proxy.delay(1.0)
    with backend.deadline(SHORT_S):
        waited_s = seconds_until_it_gives_up(backend)
    place.server.thaw()
    place.proxy.restore()

    assert SHORT_S <= waited_s < USUAL_S
    backend.ping()


def test_without_a_deadline_a_call_waits_twice_and_no_more(backend: Backend, place: Site) -> None:
    place.proxy.swallow()
    assert 2 * USUAL_S - 0.1 <= seconds_until_it_gives_up(backend) < 3 * USUAL_S


def test_after_a_deadline_calls_wait_as_long_as_ever(backend: Backend, place: Site) -> None:
    """The timeout of a connection that stays open is what it was."""
    with backend.deadline(SHORT_S):
        backend.ping()
    place.proxy.delay(3 * SHORT_S)
    backend.ping()


def test_a_connection_made_under_a_deadline_waits_as_long_as_ever_later(place: Site) -> None:
    with open_backend(place.proxy.url, namespace="srs") as backend:
        with backend.deadline(SHORT_S):
            backend.ping()
        place.proxy.delay(3 * SHORT_S)
        backend.ping()


def test_a_deadline_of_nothing_sends_nothing(backend: Backend, place: Site) -> None:
    before = place.proxy.answers
    with backend.deadline(0):
        for call in (backend.ping, backend.list_sessions, lambda: backend.read_seq(new_key())):
            with pytest.raises(StorageUnavailableError, match="at the moment"):
                call()

    assert place.proxy.answers == before
    backend.ping()
    assert place.proxy.answers == before + 1


def test_a_connection_that_is_not_made_counts_too() -> None:
    """Nobody answers the handshake: the listener's queue is full."""
    with socket.socket() as listener, ExitStack() as stack:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        url = f"redis://127.0.0.1:{port}/0"
        with open_backend(url, namespace="srs") as backend, backend.deadline(SHORT_S):
            assert seconds_until_it_gives_up(backend) < USUAL_S


def test_a_thread_with_a_deadline_does_not_wait_for_anothers_connection(place: Site) -> None:
    url = f"{place.proxy.url}?max_connections=1"
    with open_backend(url, namespace="srs") as backend:
        backend.ping()
        place.proxy.swallow()
        other = threading.Thread(target=lambda: seconds_until_it_gives_up(backend))
        other.start()
        time.sleep(SHORT_S)
        with backend.deadline(SHORT_S):
            assert seconds_until_it_gives_up(backend) < USUAL_S
        other.join()


def test_the_pools_own_wait_is_what_it_was_without_a_deadline() -> None:
    pool = BoundedPool(max_connections=1, timeout=7)  # type: ignore[no-untyped-call]
    assert pool.timeout == 7
    with deadline(1):
        assert pool.timeout == 1
    assert pool.timeout == 7


def test_a_lost_connection_is_replaced_under_a_deadline_too(backend: Backend, place: Site) -> None:
    backend.put_chunks({chunk_id(1): b"one"}, lease_s=DAY)
    with place.server.client() as client:
        client.client_kill_filter(_type="normal", skipme=True)
    with backend.deadline(1):
        assert backend.get_chunks([chunk_id(1)]) == [b"one"]


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"maxmemory": "1mb", "maxmemory-policy": "noeviction"}, StorageFullError),
        ({"replicaof": "127.0.0.1 1"}, StorageReadOnlyError),
    ],
)
def test_a_ping_may_ask_for_writes(
    settings: dict[str, str], error: type[Exception], backend: Backend, place: Site
) -> None:
    with place.server.client() as client:
        for name, value in settings.items():
            if name == "replicaof":
                client.replicaof(*value.split())
            else:
                client.config_set(name, value)
    backend.ping()
    with pytest.raises(error):
        backend.ping(writes=True)


def test_a_ping_that_writes_leaves_nothing(backend: Backend, place: Site) -> None:
    backend.ping(writes=True)
    with place.server.client() as client:
        for key in client.keys("*"):
            assert 0 < client.pttl(key) <= 1000


def test_redis_py_does_not_try_again_by_itself(backend: Backend) -> None:
    """Its own tries would multiply with ours."""
    connection: redis.Connection = backend._wire._pool.get_connection()  # type: ignore[attr-defined]
    assert connection.retry.get_retries() == 0
    backend._wire._pool.release(connection)  # type: ignore[attr-defined]
