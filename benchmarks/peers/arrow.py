"""Whole frames as Arrow IPC, compressed with Zstandard, one key of Redis per version."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pandas as pd
import pyarrow as pa
import redis

from benchmarks.peers._base import Frames, Peer, Place, longest_value, must_fit

TTL_S = 7 * 24 * 3600
OPTIONS = pa.ipc.IpcWriteOptions(compression="zstd")


class ArrowCopies(Peer):
    """A hash per version: a field for every frame."""

    label = "Arrow IPC + zstd"
    packages = ("pyarrow",)
    note = "whole frames by Table.from_pandas; not exact for many frames"

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self._client = redis.Redis.from_url(place.url)
        self._most_bytes = longest_value(self._client)
        self._session = ""

    def begin(self) -> str:
        self._session = uuid4().hex
        return self._session

    def resume(self, session: str) -> None:
        self._session = session

    def save(self, frames: Frames, *, appended: pd.DataFrame | None = None) -> str:
        del appended
        version = uuid4().hex
        fields: dict[Any, Any] = {name: _dump(frame) for name, frame in frames.items()}
        must_fit(max(len(field) for field in fields.values()), self._most_bytes)
        with self._client.pipeline(transaction=False) as pipe:
            pipe.hset(self._key(version), mapping=fields)
            pipe.expire(self._key(version), TTL_S)
            pipe.execute()
        return version

    def load(self, version: str) -> Frames:
        found: dict[Any, Any] = self._client.hgetall(self._key(version))
        return {name.decode(): _parse(data) for name, data in found.items()}

    def forget(self, version: str) -> None:
        self._client.delete(self._key(version))

    def end(self) -> None:
        self._client.flushdb()

    def close(self) -> None:
        self._client.close()

    def _key(self, version: str) -> str:
        return f"{self._session}:{version}"


def _dump(frame: pd.DataFrame) -> memoryview:
    table = pa.Table.from_pandas(frame)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=OPTIONS) as writer:
        writer.write_table(table)
    return memoryview(sink.getvalue())


def _parse(data: bytes) -> pd.DataFrame:
    with pa.ipc.open_stream(data) as reader:
        frame = reader.read_all().to_pandas()
    assert isinstance(frame, pd.DataFrame)
    return frame


PEER = ArrowCopies
