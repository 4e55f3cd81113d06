"""diskcache: pickles in files behind an SQLite table."""

from __future__ import annotations

from uuid import uuid4

import diskcache
import pandas as pd

from benchmarks.peers._base import Frames, NamedVersions, Place

SIZE_LIMIT_BYTES = 200 * 2**30


class DiskCache(NamedVersions):
    """One entry per version."""

    label = "diskcache"
    packages = ("diskcache",)
    note = "whole frames, pickled into files on the local disk: no server, one machine"
    is_on_disk = True

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self._cache = diskcache.Cache(str(place.folder), size_limit=SIZE_LIMIT_BYTES)

    def save(self, frames: Frames, *, appended: pd.DataFrame | None = None) -> str:
        del appended
        version = uuid4().hex
        self._cache.set(f"{self._session}:{version}", frames, expire=7 * 24 * 3600)
        return version

    def load(self, version: str) -> Frames:
        found: Frames = self._cache[f"{self._session}:{version}"]
        return found

    def forget(self, version: str) -> None:
        self._cache.delete(f"{self._session}:{version}")

    def end(self) -> None:
        self._cache.clear()

    def close(self) -> None:
        self._cache.close()


PEER = DiskCache
