"""What this process knows of the chunks in the store, so that it need not ask again."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from threading import Lock

from streamlit_redis_session.objects import ChunkId

MOST_ENTRIES = 500_000


class LeaseBook:
    """Remembers until when a chunk's lease runs; forgets the least recently noted."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._until: OrderedDict[ChunkId, float] = OrderedDict()
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
        """Take back what was believed of these chunks."""
        with self._lock:
            for chunk_id in chunk_ids:
                self._until.pop(chunk_id, None)

    def stale(self, chunk_ids: Iterable[ChunkId], *, lease_s: int) -> list[ChunkId]:
        """List the chunks that are unknown, or whose lease has lost a tenth of ``lease_s``."""
        fresh_from = self._clock() + lease_s * 0.9
        with self._lock:
            return [c for c in chunk_ids if self._until.get(c, 0.0) < fresh_from]
