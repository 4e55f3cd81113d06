"""The look after each run: whether anybody wrote to what is saved around pandas."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from threading import RLock

from streamlit_redis_session import codec
from streamlit_redis_session.adapter._saving import Snapshot
from streamlit_redis_session.adapter._seen import Seen
from streamlit_redis_session.session import Store, Writer

_LOGGER = logging.getLogger(__name__)

SLICE_S = 0.004
"""How long values in memory are looked at in a row; then jobs and other looks have their turn."""


class Sweep:
    """Reads the memory of values that no tab shows, in slices, while nothing else is to be done.

    An undo shows such values again, and must not give back what somebody has written to around
    pandas: what is found here is read anew then. One for all tabs of a store.

    What tabs show is left to their own looks: who wrote to it can only be told at a run's end.
    """

    def __init__(self, writer: Writer, store: Store, shown: Callable[[], Iterable[object]]) -> None:
        self._writer = writer
        self._store = store
        self._shown = shown

    def ask(self) -> None:
        """Hear that a run, which may have written to anything, has ended and was looked at."""
        self._store.start_sweep()
        self._go_on()

    def _go_on(self) -> None:
        self._writer.when_idle(self, self._look)

    def _look(self) -> None:
        until_s = time.monotonic() + SLICE_S
        is_done = self._store.sweep(lambda: time.monotonic() >= until_s, but=self._shown())
        if not (is_done or self._store.is_closed):
            self._go_on()


class Audit:
    """Reads the memory of one tab's values when nothing else is to be done, and saves changes.

    Copy-on-Write shows every write through pandas by an address. What bypasses it
    (``series.array[0] = 1``, an array that the app has kept) is found here.
    """

    def __init__(
        self,
        writer: Writer,
        lock: RLock,
        seen: Seen,
        save: Callable[[Snapshot], None],
        sweep: Sweep,
    ) -> None:
        self._writer = writer
        self._lock = lock
        self._seen = seen
        self._save = save
        self._sweep = sweep
        self._runs = 0

    def stop(self) -> None:
        """Hear that a run begins: it may write at any time, and its end asks anew."""
        self._runs += 1

    def ask(self, *, wakes: bool = True) -> None:
        """Hear that a run has ended; returns at once. See ``Writer.when_idle``."""
        run = self._runs
        self._writer.when_idle(self, lambda: self._look(run), wakes=wakes)

    @property
    def is_due(self) -> bool:
        """Whether what the last run wrote has not been looked at yet."""
        return self._writer.is_idle_due(self)

    def finish(self) -> None:
        """Look now, if a look is due: before values are left that nobody would look at again."""
        self._writer.finish_idle(self)

    def copies(self) -> list[object]:
        """Give the snapshots of what the tab shows."""
        with self._lock:
            return self._seen.copies()

    def _look(self, run: int) -> None:
        codec.check_memory(*self.copies(), stop=lambda: self._runs != run)
        if self._runs == run:
            self._sweep.ask()  # what is shown was first
        with self._lock:
            if self._runs != run or not self._seen.tampered():
                return
            snapshot = self._seen.take_tampered()
        _LOGGER.info("Changed around pandas, and saved: %s", ", ".join(map(repr, snapshot.changed)))
        self._save(snapshot)
