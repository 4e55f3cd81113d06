"""Chunks to the store, sealed beside the transfer.

Two threads seal chunks while the calling one talks to the store. Hashing, compression and
copying release the interpreter's lock, piece by piece of at most about a megabyte.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from functools import partial

from streamlit_redis_session.chunks import MOST_SMALL_BYTES, Chunker, PlannedChunk, Way
from streamlit_redis_session.history._pool import POOL
from streamlit_redis_session.objects import ChunkId

BATCH_BYTES = 4 * 2**20
AHEAD_CHUNKS = 32
"""Sealed chunks that wait for the wire at most: a bound on memory."""
SMALL_BYTES = 4 * 2**20
"""So little is not worth a thread."""
SEAL_BYTES = 2 * 2**20
"""Nor is so little, when a way to compress it has to be found as well."""


def sealed_batches(
    chunker: Chunker, planned: Mapping[ChunkId, PlannedChunk]
) -> Iterator[dict[ChunkId, bytes]]:
    """Seal chunks in order and give them in batches of some megabytes."""
    batch: dict[ChunkId, bytes] = {}
    size = 0
    for chunk_id, data in _sealed(chunker, planned):
        batch[chunk_id] = data
        size += len(data)
        if size >= BATCH_BYTES:
            yield batch
            batch, size = {}, 0
    if batch:
        yield batch


def _sealed(
    chunker: Chunker, planned: Mapping[ChunkId, PlannedChunk]
) -> Iterator[tuple[ChunkId, bytes]]:
    sealer = _Sealer(chunker)
    if sum(chunk.nbytes for chunk in planned.values()) < SEAL_BYTES or len(planned) < 2:
        yield from ((chunk_id, sealer.seal(chunk_id, chunk)) for chunk_id, chunk in planned.items())
        return
    waiting: deque[tuple[ChunkId, Future[bytes]]] = deque()
    try:
        for chunk_id, chunk in planned.items():
            waiting.append((chunk_id, POOL.submit(partial(sealer.seal, chunk_id, chunk))))
            if len(waiting) >= AHEAD_CHUNKS:
                first, future = waiting.popleft()
                yield first, future.result()
        while waiting:
            first, future = waiting.popleft()
            yield first, future.result()
    finally:
        for _, future in waiting:
            future.cancel()


class _Sealer:
    """Seals the chunks of some columns, each column's in one way."""

    def __init__(self, chunker: Chunker) -> None:
        self._chunker = chunker
        self._ways: dict[int, Way] = {}
        """By the address of the column, which the planned chunks keep alive."""

    def seal(self, chunk_id: ChunkId, chunk: PlannedChunk) -> bytes:
        if chunk.nbytes <= MOST_SMALL_BYTES:  # all ways that it could get are tried anyway
            return self._chunker.seal_chunk(chunk_id, chunk)
        way = self._ways.get(id(chunk.column))
        if way is None:  # two threads may choose for the same column: no harm
            way = self._ways[id(chunk.column)] = self._chunker.choose_way(chunk)
        return self._chunker.seal_chunk(chunk_id, chunk, way=way)
