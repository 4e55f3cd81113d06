"""ArcticDB on LMDB: a versioned store of frames on the local disk."""

from __future__ import annotations

import json
import shutil
from typing import Any
from uuid import uuid4

import arcticdb
import pandas as pd

from benchmarks.peers._base import Frames, Peer, Place


class Arctic(Peer):
    """One symbol per frame; ``append`` where rows were added, otherwise ``write``."""

    label = "ArcticDB (LMDB)"
    packages = ("arcticdb",)
    note = (
        "local disk; keeps no categories and no nullable integers: they are converted before, "
        "untimed"
    )
    is_on_disk = True

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self._arctic: arcticdb.Arctic | None = None
        self._library: arcticdb.version_store.library.Library | None = None
        self._session = ""
        self._first: dict[str, int] = {}

    def begin(self) -> str:
        self._session = uuid4().hex
        self._first = {}
        self._library = self._open().create_library("frames")
        return self._session

    def resume(self, session: str) -> None:
        self._session = session
        self._library = self._open()["frames"]

    def _open(self) -> arcticdb.Arctic:
        # an LMDB file never shrinks: one for each session, so that its growth tells what was added
        self._arctic = arcticdb.Arctic(f"lmdb://{self.place.folder / self._session}?map_size=60GB")
        return self._arctic

    def save(self, frames: Frames, *, appended: pd.DataFrame | None = None) -> str:
        assert self._library is not None
        versions = {}
        for name, frame in frames.items():
            if name == "df" and appended is not None:
                done = self._library.append(name, appended)
            else:
                done = self._library.write(name, frame)
            versions[name] = done.version
            self._first.setdefault(name, done.version)
        return json.dumps(versions)

    def load(self, version: str) -> Frames:
        assert self._library is not None
        return {
            name: self._library.read(name, as_of=number).data
            for name, number in json.loads(version).items()
        }

    def prepare(self, frames: Frames) -> Frames:
        return {name: _plain(frame) for name, frame in frames.items()}

    def forget(self, version: str) -> None:
        """Make the first version the latest again, so that rows can be appended to it."""
        del version
        assert self._library is not None
        for name, number in self._first.items():
            self._library._nvs.restore_version(name, as_of=number)

    def end(self) -> None:
        self._arctic = self._library = None
        shutil.rmtree(self.place.folder / self._session)


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    changed: dict[Any, Any] = {}
    for name, kind in frame.dtypes.items():
        if isinstance(kind, pd.CategoricalDtype):
            changed[name] = frame[name].astype(object)
        elif isinstance(kind, pd.api.extensions.ExtensionDtype):
            changed[name] = frame[name].astype("float64")
    plain = frame.assign(**changed)
    if isinstance(plain.columns, pd.MultiIndex):
        plain.columns = pd.Index(["_".join(map(str, label)) for label in plain.columns])
    return plain


PEER = Arctic
