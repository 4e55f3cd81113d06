"""Parquet: a folder per version, a file for every frame, as `DataFrame.to_parquet` writes it."""

from __future__ import annotations

import shutil
from pathlib import Path
from uuid import uuid4

import pandas as pd

from benchmarks.peers._base import Frames, NamedVersions


class ParquetFiles(NamedVersions):
    """Whole frames in files."""

    label = "Parquet files"
    note = "whole frames on the local disk, compressed with Snappy; not exact for many frames"
    packages = ("pyarrow",)
    is_on_disk = True

    def save(self, frames: Frames, *, appended: pd.DataFrame | None = None) -> str:
        del appended
        version = uuid4().hex
        folder = self._folder(version)
        folder.mkdir(parents=True)
        for name, frame in frames.items():
            frame.to_parquet(folder / f"{name}.parquet")
        return version

    def load(self, version: str) -> Frames:
        return {
            path.stem: pd.read_parquet(path) for path in self._folder(version).glob("*.parquet")
        }

    def list_versions(self) -> int:
        return sum(1 for _ in (self.place.folder / self._session).iterdir())

    def forget(self, version: str) -> None:
        shutil.rmtree(self._folder(version))

    def end(self) -> None:
        shutil.rmtree(self.place.folder / self._session)

    def _folder(self, version: str) -> Path:
        return self.place.folder / self._session / version


PEER = ParquetFiles
