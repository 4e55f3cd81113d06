"""Chunks between memory and store, with encoding and decoding beside the transfer.

Two threads seal or open chunks while the calling one talks to the store. Hashing, compression
and copying release the interpreter's lock, piece by piece of at most about a megabyte.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

from streamlit_redis_session.chunks import Chunker, Manifest, PlannedChunk, StoredColumn
from streamlit_redis_session.codec import Column
from streamlit_redis_session.errors import ChunkNotFoundError
from streamlit_redis_session.objects import ChunkId
from streamlit_redis_session.storage import Backend

THREADS = 2
BATCH_BYTES = 4 * 2**20
AHEAD_CHUNKS = 32
"""Sealed chunks that wait for the wire at most: a bound on memory."""
GROUP_CHUNKS = 32
"""Chunks fetched at once."""
FEW_CHUNKS = 3
"""So few are not worth a thread."""


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
    if len(planned) <= FEW_CHUNKS:
        for chunk_id, chunk in planned.items():
            yield chunk_id, chunker.seal_chunk(chunk_id, chunk)
        return
    waiting: deque[tuple[ChunkId, Future[bytes]]] = deque()
    with ThreadPoolExecutor(THREADS, thread_name_prefix="srs-seal") as pool:
        for chunk_id, chunk in planned.items():
            waiting.append((chunk_id, pool.submit(chunker.seal_chunk, chunk_id, chunk)))
            if len(waiting) >= AHEAD_CHUNKS:
                first, future = waiting.popleft()
                yield first, future.result()
        while waiting:
            first, future = waiting.popleft()
            yield first, future.result()


def read_columns(
    backend: Backend, chunker: Chunker, manifest: Manifest, *, most_bytes: int
) -> list[Column]:
    """Fetch and open the chunks of ``manifest.all_columns()``, one column for each.

    Raises
    ------
    ChunkNotFoundError
        Naming all chunks that the store does not have.
    CorruptDataError
        Some bytes are not what was written.
    """
    columns = manifest.all_columns()
    rows_per_chunk = manifest.rows_per_chunk
    with ThreadPoolExecutor(THREADS, thread_name_prefix="srs-open") as pool:
        futures: list[Future[Column]] = []
        lost: list[ChunkId] = []
        for group in _groups(columns):
            wanted = list(dict.fromkeys(c for column in group for c in column.chunk_ids))
            found = backend.get_chunks(wanted) if wanted else []
            sealed = dict(zip(wanted, found, strict=True))
            lost += [c for c, data in sealed.items() if data is None]
            if not lost:
                futures += [
                    pool.submit(
                        chunker.build, column, rows_per_chunk, sealed, most_bytes=most_bytes
                    )
                    for column in group
                ]
        if lost:
            raise ChunkNotFoundError(lost)
        return [future.result() for future in futures]


def _groups(columns: list[StoredColumn]) -> Iterator[list[StoredColumn]]:
    """Group columns so that each group is fetched at once."""
    group: list[StoredColumn] = []
    count = 0
    for column in columns:
        group.append(column)
        count += len(column.chunk_ids)
        if count >= GROUP_CHUNKS:
            yield group
            group, count = [], 0
    if group:
        yield group
