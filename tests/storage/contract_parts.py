"""What the parts of the contract need: a backend, time that passes, names, a filled session."""

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

import pytest

from streamlit_redis_session.objects import ChunkId, ManifestId, SessionKey, VersionId
from streamlit_redis_session.storage import Backend, Outcome, SessionRecord, Transaction

DAY = 86_400
ALL_BYTES = bytes(range(256))


def new_key() -> SessionKey:
    return SessionKey(secrets.token_hex(16))


def chunk_id(number: int) -> ChunkId:
    return ChunkId(f"{number:040x}")


def version_id(number: int) -> VersionId:
    return VersionId(f"{number:040x}")


def manifest_id(number: int) -> ManifestId:
    return ManifestId(f"{number:040x}")


def change(epoch: str, **parts: Any) -> Transaction:
    return Transaction(secrets.token_hex(8), epoch, **{"ttl_s": DAY, **parts})


class ContractParts(ABC):
    @pytest.fixture
    @abstractmethod
    def backend(self) -> Iterator[Backend]:
        """An empty backend."""

    @abstractmethod
    def pass_time(self, seconds: float) -> None:
        """Let this much time pass for the backend."""

    @pytest.fixture
    def key(self, backend: Backend) -> SessionKey:
        key = new_key()
        assert backend.create_session(key, ttl_s=DAY)
        return key

    @pytest.fixture
    def epoch(self, backend: Backend, key: SessionKey) -> str:
        return self.record(backend, key).epoch

    @staticmethod
    def record(backend: Backend, key: SessionKey) -> SessionRecord:
        record = backend.read_session(key)
        assert record is not None
        return record

    def fill(self, backend: Backend, key: SessionKey, *, ttl_s: int = DAY) -> str:
        """Put something under every key of the session; give its epoch."""
        epoch: str = self.record(backend, key).epoch
        filling = change(
            epoch,
            ttl_s=ttl_s,
            set_refs={"main": b"r1"},
            put_versions={version_id(1): b"v1"},
            put_tables={manifest_id(1): b"m1"},
            event=b"filled",
        )
        assert backend.transact(key, filling) is Outcome.APPLIED
        return epoch
