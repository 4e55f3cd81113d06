"""Chunks from the store, opened beside the transfer.

Two threads open chunks and put columns together while the calling one talks to the store. All
but the copying of a column's rows releases the interpreter's lock within a millisecond or so.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeAlias, TypeVar

from streamlit_redis_session.chunks import (
    Chunker,
    Manifest,
    Selections,
    StoredColumn,
    load_compression,
)
from streamlit_redis_session.codec import Column
from streamlit_redis_session.errors import ChunkNotFoundError
from streamlit_redis_session.history._pool import POOL
from streamlit_redis_session.objects import ChunkId
from streamlit_redis_session.storage import Backend

T = TypeVar("T")
Sealed: TypeAlias = dict[ChunkId, bytes | None]

FETCH_BYTES = 4 * 2**20
"""Content of the chunks that are fetched at once; sealed they are a third of it or so."""
AHEAD_BYTES = 24 * 2**20
"""Content that waits to be opened at most: what is freed in time is used again, and memory that
the process has already costs less than new memory."""
SMALL_BYTES = 4 * 2**20
"""So little is not worth a thread."""


def read_columns(
    backend: Backend, chunker: Chunker, manifest: Manifest, *, most_bytes: int
) -> tuple[list[Column], Selections]:
    """Fetch and open a value's chunks, and put its columns together.

    Returns
    -------
    tuple of list of Column and Selections
        One for each of ``manifest.columns``, and the positions that they needed.

    Raises
    ------
    ChunkNotFoundError
        Naming all chunks that the store does not have.
    CorruptDataError
        Some bytes are not what was written.
    """
    columns = manifest.all_columns()
    if sum(column.pieces_nbytes for column in columns) >= SMALL_BYTES:
        return _Reading(chunker, manifest, most_bytes).read(backend)
    places = range(len(columns))
    built = [
        chunker.build(columns[place], manifest.rows_per_chunk, sealed, most_bytes=most_bytes)
        for place, sealed in _fetched(backend, columns, places)
    ]
    return chunker.assemble(manifest, built)


class _Reading:
    """Has columns made by the pool while the next ones are fetched.

    Side columns come first. A column that is rows of a base is taken from it as soon as the
    positions are known, so that few bases are in memory together.
    """

    def __init__(self, chunker: Chunker, manifest: Manifest, most_bytes: int) -> None:
        self._chunker = chunker
        self._manifest = manifest
        self._most_bytes = most_bytes
        self._columns = manifest.all_columns()
        self._side_keys = {side.key for side in manifest.side_columns()}
        self._sides: dict[int, Sealed] = {}
        self._selections: Future[Selections] | None = None
        self._calls: deque[tuple[int, Future[Any]]] = deque()
        self._ahead_bytes = 0
        self._bases: dict[int, Future[Column] | None] = {}
        """Of columns that wait for their positions; ``None``: it is a side column, too."""
        self._made: dict[int, Future[Column]] = {}

    def read(self, backend: Backend) -> tuple[list[Column], Selections]:
        """Give the value's columns, and the positions that they needed."""
        POOL.submit(load_compression)
        count = len(self._manifest.columns)
        places = sorted(range(len(self._columns)), key=self._turn)
        try:
            for place, sealed in _fetched(backend, self._columns, places):
                if place >= count:
                    self._sides[place] = sealed
                else:
                    self._start(place, sealed)
            selections = self._positions().result()
            self._take_waiting(selections)
            return [self._made[place].result() for place in range(count)], selections
        finally:
            for _, future in self._calls:
                future.cancel()

    def _turn(self, place: int) -> tuple[bool, int]:
        """Put side columns first, and of others the largest."""
        return place < len(self._manifest.columns), -self._columns[place].pieces_nbytes

    def _positions(self) -> Future[Selections]:
        if self._selections is None:
            self._selections = self._submit(self._unpack)
        return self._selections

    def _unpack(self) -> Selections:
        count = len(self._manifest.columns)
        sides = [self._build(n, self._sides[n]) for n in range(count, len(self._columns))]
        self._sides.clear()
        return self._chunker.unpack(self._manifest, sides)

    def _start(self, place: int, sealed: Sealed) -> None:
        """Have a column made, as far as can be by now."""
        column, positions = self._columns[place], self._positions()
        nbytes = column.pieces_nbytes
        build = partial(self._build, place, sealed)
        if column.selection is None and column.patch is None:
            self._made[place] = self._submit(build, nbytes)
        elif column.selection is not None and column.pieces_key in self._side_keys:
            self._bases[place] = None
        elif positions.done():
            make = partial(self._make, column, build, positions.result())
            self._made[place] = self._submit(make, nbytes)
        else:
            self._bases[place] = self._submit(build, nbytes)
        if positions.done():
            self._take_waiting(positions.result())

    def _build(self, place: int, sealed: Sealed) -> Column:
        return self._chunker.build(
            self._columns[place],
            self._manifest.rows_per_chunk,
            sealed,
            most_bytes=self._most_bytes,
        )

    def _make(
        self, column: StoredColumn, build: Callable[[], Column], selections: Selections
    ) -> Column:
        return self._chunker.finish(column, build(), selections)

    def _take_waiting(self, selections: Selections) -> None:
        """Have those columns taken whose bases were opened before their positions."""
        for place, future in list(self._bases.items()):
            del self._bases[place]
            column = self._columns[place]
            base = partial(selections.packed, column.pieces_key)
            build = base if future is None else future.result
            self._made[place] = self._submit(
                partial(self._make, column, build, selections), column.nbytes
            )

    def _submit(self, call: Callable[[], T], nbytes: int = 0) -> Future[T]:
        """Have a call made by the pool, but let no more wait for it than is good."""
        future = POOL.submit(call)
        self._calls.append((nbytes, future))
        self._ahead_bytes += nbytes
        while self._ahead_bytes > AHEAD_BYTES or self._calls[0][1].done():
            nbytes, first = self._calls.popleft()
            self._ahead_bytes -= nbytes
            first.result()
            if not self._calls:
                break
        return future


def _fetched(
    backend: Backend, columns: Sequence[StoredColumn], places: Sequence[int]
) -> Iterator[tuple[int, Sealed]]:
    """Give each column's place and chunks, in this order, as soon as they are there."""
    uses = Counter(c for column in columns for c in column.chunk_ids)
    batches = _batches([columns[place] for place in places])
    sealed: Sealed = {}
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


def _forget(sealed: Sealed, uses: Counter[ChunkId], done: Sequence[ChunkId]) -> None:
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
