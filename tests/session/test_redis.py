"""The contract of sessions on a real server."""

from __future__ import annotations

import pytest

from .contract import SessionContract


class TestRedis(SessionContract):
    @pytest.fixture
    def url(self, redis_url: str) -> str:
        return redis_url
