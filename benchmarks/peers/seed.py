"""The plain way: every version is a whole copy of all tables, pickled, in base64, under SETEX."""

from __future__ import annotations

import base64
import json
import pickle
from uuid import uuid4

import pandas as pd

from benchmarks.peers._base import Frames, OnServer, must_fit


class PickledCopies(OnServer):
    """Pickles in Redis, with a JSON list of versions beside them."""

    label = "pickled copies"
    note = "base64 of pickles, whole copies of all tables per version, SETEX"

    def save(self, frames: Frames, *, appended: pd.DataFrame | None = None) -> str:
        del appended
        version = uuid4().hex
        tables = {}
        for name, frame in frames.items():
            tables[name] = f"{self._session}:{version}:{name}"
            text = base64.b64encode(self._dump(frame)).decode("ascii")
            must_fit(len(text), self._most_bytes)
            self._client.setex(tables[name], self.ttl_s, text)
        versions = json.loads(self._client.get(self._session) or "[]")
        versions.append({"id": version, "tables": tables})
        self._client.setex(self._session, self.ttl_s, json.dumps(versions))
        return version

    def load(self, version: str) -> Frames:
        versions = json.loads(self._client.get(self._session) or "[]")
        found = next(entry for entry in reversed(versions) if entry["id"] == version)
        return {
            name: self._parse(base64.b64decode(self._client.get(key) or b""))
            for name, key in found["tables"].items()
        }

    def list_versions(self) -> int:
        return len(json.loads(self._client.get(self._session) or "[]"))

    def forget(self, version: str) -> None:
        versions = json.loads(self._client.get(self._session) or "[]")
        for entry in versions:
            if entry["id"] == version:
                self._client.delete(*entry["tables"].values())
        kept = [entry for entry in versions if entry["id"] != version]
        self._client.setex(self._session, self.ttl_s, json.dumps(kept))

    @staticmethod
    def _dump(frame: pd.DataFrame) -> bytes:
        return pickle.dumps(frame)

    @staticmethod
    def _parse(data: bytes) -> pd.DataFrame:
        frame = pickle.loads(data)
        assert isinstance(frame, pd.DataFrame)
        return frame


PEER = PickledCopies
