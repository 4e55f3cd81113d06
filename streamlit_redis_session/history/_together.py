"""Work that the calling thread and one of the pool share, where there is enough of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import TypeVar, cast

from streamlit_redis_session.history._pool import POOL

T = TypeVar("T")
R = TypeVar("R")

LEAST_BYTES = 4 * 2**20
"""Less is done sooner than another thread has woken up."""


def together(work: Callable[[T], R], items: Sequence[T], *, nbytes: int) -> list[R]:
    """Work on every item, two at a time; what comes first is begun first.

    Parameters
    ----------
    work
        Lets other threads run while it reads memory, and never waits for another call.
    nbytes
        Bytes that it reads for all items.

    Returns
    -------
    list
        One result for each item, in the order of the items.
    """
    if nbytes < LEAST_BYTES or len(items) < 2:
        return [work(item) for item in items]
    results: list[R | None] = [None] * len(items)
    waiting = deque(enumerate(items))

    def take_turns() -> None:
        while waiting:
            try:
                number, item = waiting.popleft()
            except IndexError:  # the other one was quicker
                return
            results[number] = work(item)

    other = POOL.submit(take_turns)
    try:
        take_turns()
    finally:
        waiting.clear()
        if not other.cancel():
            other.exception()
    if not other.cancelled():
        other.result()
    return cast("list[R]", results)
