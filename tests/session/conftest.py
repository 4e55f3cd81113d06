"""A server of a module's own, a small session on it, and a look at its keys from outside."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis
from support.servers import RedisServer

from streamlit_redis_session import Store, connect

from .contract_parts import committed
from .frames import counts, flights


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture
def client(server: RedisServer) -> Iterator[redis.Redis]:
    with server.client() as client:
        client.flushall()
        yield client


@pytest.fixture
def url(server: RedisServer, client: redis.Redis) -> str:
    del client
    return server.url


@pytest.fixture
def session_id(url: str) -> str:
    """Three versions on two branches, a tag, and settings with a chunk of their own."""
    with connect(url) as store:
        session = store.session()
        session["note"] = "x" * 3000
        committed(session, df=flights(300), by=counts(200))
        session.tag("start")
        committed(session, df=flights(400))
        session.create_branch("side")
        session["note"] = "y" * 3000
        session.commit()
        return session.id


@pytest.fixture
def fresh(url: str) -> Iterator[Store]:
    """A process that has seen nothing of the session."""
    with connect(url) as store:
        yield store
