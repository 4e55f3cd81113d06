"""The contract of sessions on a real cluster of three primaries."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.clusters import RedisCluster

from .contract import SessionContract


@pytest.fixture(scope="module")
def cluster() -> Iterator[RedisCluster]:
    with RedisCluster() as cluster:
        yield cluster


class TestCluster(SessionContract):
    @pytest.fixture
    def url(self, cluster: RedisCluster) -> str:
        cluster.flush()
        return cluster.url
