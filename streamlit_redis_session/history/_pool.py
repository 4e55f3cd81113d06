"""Two threads of the process that seal and open chunks, whoever asks.

They start with the first large value and stay: starting threads for every value costs more than
opening a small one. They are daemons, so that a process can end at any time, and a forked child
starts its own.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeVar

THREADS = 2

T = TypeVar("T")


class Pool:
    """Runs calls in a few daemon threads. A call must never wait for another one of them."""

    def __init__(self, threads: int = THREADS) -> None:
        self._threads = threads
        self._start_afresh()
        os.register_at_fork(after_in_child=self._start_afresh)

    def _start_afresh(self) -> None:
        self._calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = SimpleQueue()
        self._lock = threading.Lock()
        self._is_running = False

    def submit(self, call: Callable[[], T]) -> Future[T]:
        """Have a call made, as soon as a thread is free."""
        future: Future[T] = Future()
        self._calls.put((future, call))
        if not self._is_running:
            self._start()
        return future

    def _start(self) -> None:
        with self._lock:
            if self._is_running:
                return
            for number in range(self._threads):
                name = f"srs-chunks-{number}"
                threading.Thread(target=_work, args=(self._calls,), name=name, daemon=True).start()
            self._is_running = True


def _work(calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]]]) -> None:
    while True:
        future, call = calls.get()
        if future.set_running_or_notify_cancel():
            _answer(future, call)
        del future, call  # nothing large is kept while waiting


def _answer(future: Future[Any], call: Callable[[], Any]) -> None:
    try:
        result = call()
    except BaseException as error:  # noqa: BLE001 (whoever waits for it has to learn of it)
        future.set_exception(error)
    else:
        future.set_result(result)


POOL = Pool()
