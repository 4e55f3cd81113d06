"""Pickles in a Redis hash: what one writes when base64 is left out, a field for every frame."""

from __future__ import annotations

import pickle

import pandas as pd

from benchmarks.peers._base import HashPerVersion


class HashOfPickles(HashPerVersion):
    """The newest protocol of pickle."""

    label = "pickle in a Redis hash"
    note = "whole frames, the newest pickle protocol"
    packages = ("redis",)

    def dump(self, frame: pd.DataFrame) -> bytes:
        return pickle.dumps(frame, pickle.HIGHEST_PROTOCOL)

    def parse(self, data: bytes) -> pd.DataFrame:
        frame = pickle.loads(data)
        assert isinstance(frame, pd.DataFrame)
        return frame


PEER = HashOfPickles
