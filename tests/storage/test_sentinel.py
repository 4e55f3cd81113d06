"""A primary that sentinels watch: the contract of every backend, and what is its own."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from support.clusters import SentinelTrio, asked

from streamlit_redis_session.errors import StorageError, StorageUnavailableError
from streamlit_redis_session.storage import Backend, open_backend

from .contract import BackendContract, new_key


@pytest.fixture(scope="module")
def trio() -> Iterator[SentinelTrio]:
    with SentinelTrio(password="for sentinels") as trio:
        yield trio


@pytest.fixture(scope="module")
def url(trio: SentinelTrio) -> str:
    return f"{trio.url}?sentinel_password=for%20sentinels"


class TestSentinel(BackendContract):
    @pytest.fixture
    def backend(self, trio: SentinelTrio, url: str) -> Iterator[Backend]:
        asked(trio.primary, "FLUSHALL")
        with open_backend(url, namespace="srs") as backend:
            yield backend

    def pass_time(self, seconds: float) -> None:
        time.sleep(seconds)


def test_another_sentinel_is_asked_when_the_first_is_gone(trio: SentinelTrio, url: str) -> None:
    first = f"127.0.0.1:{trio.sentinels[0].port}"
    with open_backend(url.replace(first, "127.0.0.1:1"), namespace="srs") as backend:
        assert backend.read_seq(new_key()) is None


def test_a_service_that_nobody_watches_is_said_at_once(url: str) -> None:
    with (
        open_backend(url.replace("/mymaster", "/other"), namespace="srs") as backend,
        pytest.raises(StorageError, match="no such service: other"),
    ):
        backend.list_sessions()


def test_a_wrong_login_for_the_sentinels_is_said_at_once(trio: SentinelTrio) -> None:
    for url in (trio.url, f"{trio.url}?sentinel_password=wrong"):
        with (
            open_backend(url, namespace="srs") as backend,
            pytest.raises(StorageError, match="refused the login") as refused,
        ):
            backend.list_sessions()
        assert "wrong" not in str(refused.value)


def test_nobody_at_any_sentinel_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamlit_redis_session.storage._patience.PATIENCE_S", 0.2)
    with (
        open_backend("redis+sentinel://127.0.0.1:1/mymaster", namespace="srs") as backend,
        pytest.raises(StorageUnavailableError, match="may be made again"),
    ):
        backend.list_sessions()
