"""Whole frames as Arrow IPC, compressed with Zstandard, one key of Redis per version."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

from benchmarks.peers._base import HashPerVersion

OPTIONS = pa.ipc.IpcWriteOptions(compression="zstd")


class ArrowCopies(HashPerVersion):
    """Tables made by pandas' own way to Arrow."""

    label = "Arrow IPC + zstd"
    packages = ("pyarrow",)
    note = "whole frames by Table.from_pandas; not exact for many frames"

    def dump(self, frame: pd.DataFrame) -> memoryview:
        table = pa.Table.from_pandas(frame)
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema, options=OPTIONS) as writer:
            writer.write_table(table)
        return memoryview(sink.getvalue())

    def parse(self, data: bytes) -> pd.DataFrame:
        with pa.ipc.open_stream(data) as reader:
            frame = reader.read_all().to_pandas()
        assert isinstance(frame, pd.DataFrame)
        return frame


PEER = ArrowCopies
