"""The contract of sessions in the memory of one process."""

from __future__ import annotations

import pytest

from streamlit_redis_session import StorageUnavailableError, Store, connect

from .contract import SessionContract
from .frames import counts


class TestMemory(SessionContract):
    @pytest.fixture
    def url(self, memory_url: str) -> str:
        return memory_url

    @pytest.fixture(autouse=True)
    def kept_open(self, url: str) -> object:
        """What is in memory lasts as long as one store is open."""
        return connect(url)

    def test_a_closed_store_says_so(self, store: Store) -> None:
        session = store.session()
        session["df"] = counts()
        store.close()
        with pytest.raises(StorageUnavailableError, match="closed"):
            session.commit()
