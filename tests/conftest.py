"""Fixtures that every room's tests may use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.servers import RedisServer


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """One real server for the whole run; what a test leaves in it is not its own concern."""
    with RedisServer() as server:
        yield server


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """The URL of a real and empty server."""
    with redis_server.client() as client:
        client.flushall()
    return redis_server.url


@pytest.fixture
def memory_url(request: pytest.FixtureRequest) -> str:
    """The URL of a store in this process, of this test alone."""
    return f"memory://{abs(hash(request.node.nodeid)):x}"
