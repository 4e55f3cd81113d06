"""A deterministic scheduler: clients that take turns, one store call at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from threading import Condition, Thread
from typing import Any, cast

from streamlit_redis_session.storage import Backend

ORDERLESS = frozenset({"put_chunks", "extend_chunks", "get_chunks"})
"""Calls that commute with all others: chunks never change, and none goes while a test runs."""
WAIT_S = 20.0
"""After which a client that neither calls the store nor ends has a deadlock."""


class Turnstile:
    """Lets exactly one of several threads go on, from one call of the store to its next."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._waiting: set[int] = set()
        self._alive: set[int] = set()
        self._turn: int | None = None
        self.is_open = True
        """Everybody passes: nothing is scheduled yet, or any more."""

    def enter(self, client: int) -> None:
        """Wait for a turn; called before each store call."""
        if self.is_open:
            return
        with self._changed:
            self._waiting.add(client)
            self._turn = None
            self._changed.notify_all()
            assert self._changed.wait_for(lambda: self._turn == client, WAIT_S)
            self._waiting.discard(client)

    def run(self, programs: Sequence[Callable[[], None]], choose: Callable[[int], int]) -> None:
        """Run programs to their ends; ``choose(n)`` says which of ``n`` is next."""
        failures: list[BaseException] = []
        self.is_open = False
        threads = [
            Thread(target=self._work, args=(n, program, failures), daemon=True)
            for n, program in enumerate(programs)
        ]
        self._alive = set(range(len(programs)))
        for thread in threads:
            thread.start()
        with self._changed:
            while True:
                self._wait_until_all_wait()
                if not self._alive:
                    break
                ready = sorted(self._waiting)
                self._turn = ready[choose(len(ready))]
                self._changed.notify_all()
                assert self._changed.wait_for(lambda: self._turn is None, WAIT_S), "deadlock"
        for thread in threads:
            thread.join(WAIT_S)
        self.is_open = True
        if failures:
            raise failures[0]

    def _wait_until_all_wait(self) -> None:
        assert self._changed.wait_for(lambda: self._waiting == self._alive, WAIT_S), "deadlock"

    def _work(
        self, client: int, program: Callable[[], None], failures: list[BaseException]
    ) -> None:
        try:
            program()
        except BaseException as error:  # noqa: BLE001 (raised again by run)
            failures.append(error)
        with self._changed:
            self._alive.discard(client)
            self._turn = None
            self._changed.notify_all()


@dataclass
class Stepped:
    """A backend whose every call waits for its turn."""

    backend: Backend
    turnstile: Turnstile
    client: int
    orderless: frozenset[str] = ORDERLESS
    """Calls that need no turn."""

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.backend, name)
        if not callable(found):
            return found

        def call(*args: object, **kwargs: object) -> object:
            if name not in self.orderless:
                self.turnstile.enter(self.client)
            return found(*args, **kwargs)

        return call


def stepped(
    backend: Backend, turnstile: Turnstile, client: int, *, orderless: Iterable[str] = ()
) -> Backend:
    """Wrap a backend; typed as what it stands for."""
    free = ORDERLESS.union(orderless)
    return cast("Backend", Stepped(backend, turnstile, client, free))


def interleavings(run: Callable[[Callable[[int], int]], None]) -> Iterator[tuple[int, ...]]:
    """Run something in every order of its choices; gives each order after it was run.

    ``run`` is handed ``choose`` and must do the same whenever it is given the same choices.
    """
    order: list[int] = []
    while True:
        taken: list[tuple[int, int]] = []

        def choose(
            count: int, order: list[int] = order, taken: list[tuple[int, int]] = taken
        ) -> int:
            choice = order[len(taken)] if len(taken) < len(order) else 0
            taken.append((choice, count))
            return choice

        run(choose)
        yield tuple(choice for choice, _ in taken)
        while taken and taken[-1][0] + 1 == taken[-1][1]:
            taken.pop()
        if not taken:
            return
        order = [choice for choice, _ in taken]
        order[-1] += 1
