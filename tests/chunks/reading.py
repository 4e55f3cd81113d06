"""From a manifest and sealed chunks back to a value's columns, all in one go."""

from __future__ import annotations

from collections.abc import Mapping

from streamlit_redis_session.chunks import Chunker, Manifest
from streamlit_redis_session.codec import Column
from streamlit_redis_session.objects import ChunkId


def columns_of(
    chunker: Chunker,
    manifest: Manifest,
    sealed: Mapping[ChunkId, bytes | None],
    most_bytes: int = 2**30,
) -> list[Column]:
    """Open every column, then put the value's own together."""
    rows = manifest.rows_per_chunk
    built = [
        chunker.build(column, rows, sealed, most_bytes=most_bytes)
        for column in manifest.all_columns()
    ]
    return chunker.assemble(manifest, built)[0]
