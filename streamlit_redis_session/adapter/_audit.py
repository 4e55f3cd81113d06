"""The look after each run: whether anybody wrote to what is saved around pandas."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import RLock

from streamlit_redis_session import codec
from streamlit_redis_session.adapter._saving import Snapshot
from streamlit_redis_session.adapter._seen import Seen
from streamlit_redis_session.session import Writer

_LOGGER = logging.getLogger(__name__)


class Audit:
    """Reads the memory of one tab's values when nothing else is to be done, and saves changes.

    Copy-on-Write shows every write through pandas by an address. What bypasses it
    (``series.array[0] = 1``, an array that the app has kept) is found here.
    """

    def __init__(
        self, writer: Writer, lock: RLock, seen: Seen, save: Callable[[Snapshot], None]
    ) -> None:
        self._writer = writer
        self._lock = lock
        self._seen = seen
        self._save = save
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

    def _look(self, run: int) -> None:
        with self._lock:
            copies = self._seen.copies()
        codec.check_memory(*copies, stop=lambda: self._runs != run)
        with self._lock:
            if self._runs != run or not self._seen.tampered():
                return
            snapshot = self._seen.take_tampered()
        _LOGGER.info("Changed around pandas, and saved: %s", ", ".join(map(repr, snapshot.changed)))
        self._save(snapshot)
