"""Ways to damage a small session, and what must still be readable then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import redis
from support.identical import assert_identical

from streamlit_redis_session import (
    ChunkNotFoundError,
    CorruptDataError,
    Fault,
    Store,
    VerifyReport,
)

from .frames import counts, flights


def verified(store: Store, session_id: str | None = None, **how: Any) -> VerifyReport:
    return store.verify(session_id, **how)


def kinds(report: VerifyReport) -> list[str]:
    return [fault.kind for fault in report.faults]


def only(report: VerifyReport) -> Fault:
    (fault,) = report.faults
    return fault


# --- ways to damage sealed bytes ---------------------------------------------------------------


def flipped(at: float) -> Callable[[bytes], bytes]:
    def flip(data: bytes) -> bytes:
        place = min(int(len(data) * at), len(data) - 1)
        return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]

    return flip


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "first byte": flipped(0),
    "header": lambda data: data[:9] + bytes([data[9] ^ 1]) + data[10:],
    "tag": lambda data: data[:20] + bytes([data[20] ^ 0x80]) + data[21:],
    "middle": flipped(0.5),
    "last byte": flipped(1),
    "cut": lambda data: data[:-1],
    "cut to nothing": lambda _: b"",
    "longer": lambda data: data + b"\0",
}


def chunk_keys(client: redis.Redis) -> list[bytes]:
    found: Any = client.keys("srs:c:*")
    return sorted(found)


def hash_of(client: redis.Redis, key: str, name: str) -> tuple[str, dict[bytes, bytes]]:
    full = f"{{srs:{key}}}:{name}"
    found: Any = client.hgetall(full)
    return full, found


def key_of(store: Store) -> str:
    (info,) = store.sessions()
    return info.key


def assert_the_rest_reads(store: Store, session_id: str, lost: set[tuple[str, str]]) -> None:
    """Read every value of every version: those that are lost raise, all others are exact."""
    session = store.session(session_id)
    for version in session.graph().versions:
        for key in version.values:
            if (version.id, key) in lost:
                with pytest.raises((ChunkNotFoundError, CorruptDataError)):
                    session.read(version.id, key)
            else:
                value: Any = session.read(version.id, key)
                rows = len(value)
                whole = counts(rows) if key == "by" else flights(rows)
                assert_identical(value, whole, key)


def users_of(store: Store, session_id: str) -> dict[str, set[tuple[str, str]]]:
    """Say which values of which versions need a chunk or manifest."""
    session = store.session(session_id)
    found: dict[str, set[tuple[str, str]]] = {}
    for version in session.graph().versions:
        for key, manifest_id in version.values.items():
            manifest = store._values.read_table(session.key, manifest_id)
            for name in (manifest_id, *manifest.chunk_ids()):
                found.setdefault(name, set()).add((version.id, key))
    return found
