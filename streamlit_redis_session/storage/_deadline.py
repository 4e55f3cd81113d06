"""How long calls of one thread may wait for the server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class _Bound(threading.local):
    seconds: float | None = None


_bound = _Bound()


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Bound how long each wait of this thread for a server may take; see ``Backend.deadline``."""
    before = _bound.seconds
    _bound.seconds = seconds if before is None else min(seconds, before)
    try:
        yield
    finally:
        _bound.seconds = before


def bound_s() -> float | None:
    """Give the bound of this thread; ``None``: none."""
    return _bound.seconds


def has_deadline() -> bool:
    """Say whether this thread has a bound."""
    return _bound.seconds is not None


def least_s(seconds: float | None) -> float | None:
    """Give the shorter of a timeout and the bound of this thread."""
    if _bound.seconds is None:
        return seconds
    return _bound.seconds if seconds is None else min(seconds, _bound.seconds)
