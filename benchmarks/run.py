"""One run: which frames, systems and rounds, and the systems that can take part."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.contestants import Answer, Contestant, WorkerError
from benchmarks.data import Data

T = TypeVar("T")
STARTS_AT_ONCE = 2
BUDGET_S = 6.0
"""Who has spent this much on one measurement needs no further rounds of it."""
LEAST_ROUNDS = 2
HUGE_ROWS = 2_000_000
"""Frames beyond are measured for a few edits alone, and one system after the other."""


def _nothing() -> None:
    """Keep nothing."""


@dataclass
class Run:
    """What was asked for, and notes on what could not be done."""

    is_quick: bool
    peers: list[str]
    frames: list[Data]
    rounds: int
    flights_path: Path | None = None
    notes: dict[str, str] = field(default_factory=dict)
    """What could not be measured, and why."""
    about: dict[str, Answer] = field(default_factory=dict)
    started_s: float = field(default_factory=time.monotonic)
    absent: set[str] = field(default_factory=set)
    """Systems that could not be started; none is tried twice."""
    keep: Callable[[], None] = _nothing
    """Called whenever the results have grown."""
    only_missing: bool = False
    """Whether what the results have already is left as it is."""

    def say(self, text: str) -> None:
        """Tell how far the run is."""
        print(f"[{time.monotonic() - self.started_s:6.1f} s] {text}", file=sys.stderr, flush=True)

    def note(self, what: str, why: object) -> str:
        """Keep a reason for the report."""
        text = " ".join(str(why).split())[:300]
        if self.notes.get(what) != text:
            self.notes[what] = text
            self.say(f"{what}: {text}")
        return text

    def attempt(self, what: str, call: Callable[[], T]) -> T | None:
        """Run; what a system cannot do becomes a note and ``None``."""
        try:
            return call()
        except WorkerError as error:
            self.note(what, error)
            return None

    def rounds_for(self, data: Data) -> int:
        """Fewer rounds for frames that take long."""
        rows, columns = data.shape
        is_large = rows > 300_000 or columns > 100
        most = 1 if rows > HUGE_ROWS else 3 if is_large else self.rounds
        return min(self.rounds, most)

    def wants_more(self, taken_s: Sequence[float]) -> bool:
        """Tell whether another round is worth its time, after rounds that took this long."""
        return len(taken_s) < LEAST_ROUNDS or sum(taken_s) < BUDGET_S

    def wants(self, found: Mapping[str, Any], part: str) -> bool:
        """Tell whether this part of a question's results is still to be measured."""
        return not (self.only_missing and part in found)

    def frames_left(self, found: Mapping[str, Any]) -> Iterator[Data]:
        """Give the frames that are to be measured; what each has brought is kept."""
        for data in self.frames:
            if self.wants(found, data.name):
                yield data
                self.keep()

    @contextmanager
    def contestants(
        self, data: Data | None, only: Sequence[str] | None = None
    ) -> Iterator[list[Contestant]]:
        """Start the systems that can take part, with the frame made."""
        names = [name for name in self.peers if only is None or name in only]
        contestants = [Contestant(name) for name in names if name not in self.absent]
        with ExitStack() as stack:
            for contestant in contestants:
                stack.callback(contestant.close)
            with ThreadPoolExecutor(STARTS_AT_ONCE) as pool:
                ready = list(pool.map(lambda one: self._start(one, data), contestants))
            yield [one for one, is_ready in zip(contestants, ready, strict=True) if is_ready]

    def _start(self, contestant: Contestant, data: Data | None) -> bool:
        try:
            contestant.start()
        except WorkerError as error:
            self.note(contestant.name, error)
            self.absent.add(contestant.name)
            return False
        try:
            self.about[contestant.name] = contestant.about
            contestant.ask("warm")
            if data is not None:
                flights = str(self.flights_path) if self.flights_path else None
                made = contestant.ask("data", name=data.name, flights=flights)
                contestant.frame_bytes = int(made["nbytes"])
        except WorkerError as error:
            self.note(contestant.name, error)
            return False
        return True
