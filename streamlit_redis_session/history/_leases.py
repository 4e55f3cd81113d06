"""What this process knows of the chunks in the store, so that it need not ask again."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from threading import Lock

from streamlit_redis_session.chunks import StoredPart
from streamlit_redis_session.objects import ChunkId

MOST_ENTRIES = 500_000
MOST_PARTS = 20_000


class LeaseBook:
    """Remembers until when a chunk's lease runs; forgets the least recently noted.

    What is known of all chunks of a part is noted of the part: one look, not one for each chunk.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._until: OrderedDict[ChunkId, float] = OrderedDict()
        self._parts_until: OrderedDict[bytes, float] = OrderedDict()
        self._clock = clock
        self._lock = Lock()

    def note(self, chunk_ids: Iterable[ChunkId], *, lease_s: int) -> None:
        """Record that these leases run for ``lease_s`` from now."""
        until = self._clock() + lease_s
        with self._lock:
            for chunk_id in chunk_ids:
                self._until[chunk_id] = until
                self._until.move_to_end(chunk_id)
            while len(self._until) > MOST_ENTRIES:
                self._until.popitem(last=False)

    def forget(self, chunk_ids: Iterable[ChunkId]) -> None:
        """Take back what was believed of these chunks, and of every part: any may have them."""
        with self._lock:
            self._parts_until.clear()
            for chunk_id in chunk_ids:
                self._until.pop(chunk_id, None)

    def clear(self) -> None:
        """Forget everything: the server may have lost any of it."""
        with self._lock:
            self._until.clear()
            self._parts_until.clear()

    def stale(self, chunk_ids: Iterable[ChunkId], *, lease_s: int) -> list[ChunkId]:
        """List the chunks that are unknown, or whose lease has lost a tenth of ``lease_s``."""
        fresh_from = self._clock() + lease_s * 0.9
        with self._lock:
            return [c for c in chunk_ids if self._until.get(c, 0.0) < fresh_from]

    def stale_parts(self, parts: Iterable[StoredPart], *, lease_s: int) -> list[StoredPart]:
        """List the parts that have a stale chunk."""
        fresh_from = self._clock() + lease_s * 0.9
        with self._lock:
            return [p for p in parts if self._part_until(p, fresh_from) < fresh_from]

    def _part_until(self, part: StoredPart, fresh_from: float) -> float:
        until = self._parts_until.get(part.data, 0.0)
        if until < fresh_from:
            ends = (self._until.get(chunk_id, 0.0) for chunk_id in part.chunk_ids)
            until = self._parts_until[part.data] = min(ends, default=float("inf"))
            if len(self._parts_until) > MOST_PARTS:
                self._parts_until.popitem(last=False)
        return until
