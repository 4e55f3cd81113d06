"""Pickles in a Redis hash: what one writes when base64 is left out, a field for every frame."""

from __future__ import annotations

import pickle
from typing import Any
from uuid import uuid4

import pandas as pd
import redis

from benchmarks.peers._base import Frames, Peer, Place, longest_value, must_fit

TTL_S = 7 * 24 * 3600


class HashOfPickles(Peer):
    """A hash per version."""

    label = "pickle in a Redis hash"
    note = "whole frames, the newest pickle protocol"
    packages = ("redis",)

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
        fields: dict[Any, Any] = {
            name: pickle.dumps(frame, pickle.HIGHEST_PROTOCOL) for name, frame in frames.items()
        }
        must_fit(max(len(field) for field in fields.values()), self._most_bytes)
        with self._client.pipeline(transaction=False) as pipe:
            pipe.hset(self._key(version), mapping=fields)
            pipe.expire(self._key(version), TTL_S)
            pipe.execute()
        return version

    def load(self, version: str) -> Frames:
        found: dict[Any, Any] = self._client.hgetall(self._key(version))
        return {name.decode(): pickle.loads(data) for name, data in found.items()}

    def forget(self, version: str) -> None:
        self._client.delete(self._key(version))

    def end(self) -> None:
        self._client.flushdb()

    def close(self) -> None:
        self._client.close()

    def _key(self, version: str) -> str:
        return f"{self._session}:{version}"


PEER = HashOfPickles
