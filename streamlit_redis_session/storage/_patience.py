"""How long a call waits for a failover to end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from streamlit_redis_session.storage._deadline import has_deadline
from streamlit_redis_session.storage._redis_errors import CAUGHT, is_failover

PATIENCE_S = 15.0
"""A cluster or sentinels name another primary within seconds of its loss."""
FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 0.5

_T = TypeVar("_T")


class Patience:
    """Repeats work that met a failover, with short pauses, until it succeeds or time is up.

    The work must be harmless when repeated, as every call of a backend is.

    Parameters
    ----------
    seconds
        How long to go on after the first failure; ``None``: ``PATIENCE_S``.
    is_hurried
        Tells whether this thread cannot wait; then the first failure is raised. ``None``: it
        cannot within ``Backend.deadline``.
    """

    def __init__(
        self, seconds: float | None = None, *, is_hurried: Callable[[], bool] | None = None
    ) -> None:
        self._seconds = PATIENCE_S if seconds is None else seconds
        self._is_hurried = is_hurried or has_deadline
        self._ended = threading.Event()

    def __call__(self, work: Callable[[], _T]) -> _T:
        """Do the work, again and again while a failover is what stops it.

        Raises
        ------
        redis.exceptions.RedisError, OSError
            What stopped it last.
        """
        until = 0.0
        for pause in _pauses():
            try:
                return work()
            except CAUGHT as error:
                until = until or time.monotonic() + self._seconds
                is_late = time.monotonic() + pause > until
                if is_late or not is_failover(error) or self._is_hurried():
                    raise
            if self._ended.wait(pause):
                break
        return work()

    def end(self) -> None:
        """Let nobody wait any longer."""
        self._ended.set()


def _pauses() -> Iterator[float]:
    pause = FIRST_PAUSE_S
    while True:
        yield pause
        pause = min(2 * pause, LONGEST_PAUSE_S)
