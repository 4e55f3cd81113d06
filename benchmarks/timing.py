"""Clocks, quartiles, exponents, and a probe of how long other threads wait."""

from __future__ import annotations

import gc
import math
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import numpy as np
from typing_extensions import Self

WAKE_S = 0.001


def timed(call: Callable[[], Any], *, collect: bool = True) -> tuple[float, Any]:
    """Run and take the time, without a collection of garbage in between."""
    if collect:
        gc.collect()
    gc.disable()
    try:
        start = time.perf_counter()
        result = call()
        return time.perf_counter() - start, result
    finally:
        gc.enable()


def touch_memory(nbytes: int) -> None:
    """Use memory and give it back at once, so that the machine has it at hand.

    A virtual machine may have returned what was free for seconds to its host, and getting it back
    costs twenty times as much as memory does otherwise: the first to need it would pay for that.
    """
    np.ones(nbytes // 8)


class StallProbe:
    """A thread that wants to run every millisecond, and notes the longest that it had to wait."""

    def __init__(self) -> None:
        self.worst_s = 0.0
        self._ends = threading.Event()
        self._runs = threading.Event()
        self._thread = threading.Thread(target=self._probe, daemon=True)

    def _probe(self) -> None:
        last = time.perf_counter()
        while not self._ends.is_set():
            time.sleep(WAKE_S)
            now = time.perf_counter()
            if self._runs.is_set():
                self.worst_s = max(self.worst_s, now - last)
            self._runs.set()
            last = now

    def __enter__(self) -> Self:
        gc.collect()
        self._thread.start()
        self._runs.wait()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        time.sleep(2 * WAKE_S)
        self._ends.set()
        self._thread.join()


@dataclass(frozen=True)
class Spread:
    """Median and quartiles of some samples."""

    median: float
    low: float
    high: float
    count: int

    @classmethod
    def of(cls, samples: Sequence[float]) -> Spread:
        """Summarise; the quartiles of fewer than two samples are the sample."""
        if len(samples) < 2:
            only = float(samples[0])
            return cls(only, only, only, 1)
        low, middle, high = statistics.quantiles(samples, n=4, method="inclusive")
        return cls(middle, low, high, len(samples))


def within_95(samples: Sequence[float]) -> float:
    """Give what 95 of 100 samples do not exceed."""
    if len(samples) < 2:
        return float(samples[0])
    return statistics.quantiles(samples, n=20, method="inclusive")[-1]


def exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """Fit ``cost = c * size ** exponent`` by least squares of the logarithms."""
    xs = [math.log(size) for size in sizes]
    ys = [math.log(max(cost, 1e-9)) for cost in costs]
    return statistics.linear_regression(xs, ys).slope
