"""Chunks between memory and store, with encoding and decoding beside the transfer.

Two threads seal or open chunks while the calling one talks to the store. Hashing, compression
and copying release the interpreter's lock, piece by piece of at most about a megabyte.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from functools import partial

from streamlit_redis_session.chunks import (
    Chunker,
    Manifest,
    PlannedChunk,
    StoredColumn,
    Way,
    load_compression,
)
from streamlit_redis_session.codec import Column
from streamlit_redis_session.errors import ChunkNotFoundError
from streamlit_redis_session.history._pool import POOL
from streamlit_redis_session.objects import ChunkId
from streamlit_redis_session.storage import Backend

BATCH_BYTES = 4 * 2**20
AHEAD_CHUNKS = 32
"""Sealed chunks that wait for the wire at most: a bound on memory."""
FETCH_BYTES = 12 * 2**20
"""Content of the chunks that are fetched at once; sealed they are a third of it or so."""
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
        way = self._ways.get(id(chunk.column))
        if way is None:  # two threads may choose for the same column: no harm
            way = self._ways[id(chunk.column)] = self._chunker.choose_way(chunk)
        return self._chunker.seal_chunk(chunk_id, chunk, way=way)


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
    build = partial(chunker.build, rows_per_chunk=manifest.rows_per_chunk, most_bytes=most_bytes)
    calls = (
        (place, partial(build, columns[place], sealed=sealed))
        for place, sealed in _fetched(backend, columns)
    )
    if sum(column.pieces_nbytes for column in columns) < SMALL_BYTES:
        built = {place: build() for place, build in calls}
        return [built[place] for place in range(len(columns))]
    return _build_beside(calls, len(columns))


def _build_beside(calls: Iterable[tuple[int, Callable[[], Column]]], count: int) -> list[Column]:
    """Have columns built by the pool while the next ones are fetched."""
    built: dict[int, Future[Column]] = {}
    POOL.submit(load_compression)
    try:
        for place, build in calls:
            built[place] = POOL.submit(build)
        return [built[place].result() for place in range(count)]
    finally:
        for future in built.values():
            future.cancel()


def _fetched(
    backend: Backend, columns: Sequence[StoredColumn]
) -> Iterator[tuple[int, dict[ChunkId, bytes | None]]]:
    """Give each column's place and chunks as soon as they are there, the largest column first."""
    places = sorted(range(len(columns)), key=lambda n: -columns[n].pieces_nbytes)
    uses = Counter(c for column in columns for c in column.chunk_ids)
    batches = _batches([columns[place] for place in places])
    sealed: dict[ChunkId, bytes | None] = {}
    lost: list[ChunkId] = []
    for place in places:
        wanted = columns[place].chunk_ids
        while not all(c in sealed for c in wanted):
            batch = next(batches)
            sealed.update(zip(batch, backend.get_chunks(batch), strict=True))
            lost += [c for c in batch if sealed[c] is None]
        if not lost:
            yield place, {c: sealed[c] for c in wanted}
        _forget(sealed, uses, wanted)
    if lost:
        raise ChunkNotFoundError(lost)


def _forget(
    sealed: dict[ChunkId, bytes | None], uses: Counter[ChunkId], done: Sequence[ChunkId]
) -> None:
    """Drop what no column needs any more."""
    uses.subtract(done)
    for chunk_id in done:
        if not uses[chunk_id]:
            sealed.pop(chunk_id, None)


def _batches(columns: Sequence[StoredColumn]) -> Iterator[list[ChunkId]]:
    """Cut the chunks of some columns, each named once, into batches to fetch at once."""
    batch: dict[ChunkId, None] = {}
    seen: set[ChunkId] = set()
    size = 0
    for column in columns:
        each = column.pieces_nbytes // max(1, len(column.chunk_ids))
        for chunk_id in column.chunk_ids:
            if chunk_id in seen:
                continue
            seen.add(chunk_id)
            batch[chunk_id] = None
            size += each
            if size >= FETCH_BYTES:
                yield list(batch)
                batch, size = {}, 0
    if batch:
        yield list(batch)
