"""One run: which frames, systems and rounds, and the systems that can take part."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from benchmarks.contestants import Answer, Contestant, WorkerError
from benchmarks.data import Data
from benchmarks.peers import OURS, SEED

T = TypeVar("T")


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

    def say(self, text: str) -> None:
        """Tell how far the run is."""
        print(f"[{time.monotonic() - self.started_s:6.1f} s] {text}", file=sys.stderr, flush=True)

    def note(self, what: str, why: object) -> None:
        """Keep a reason for the report."""
        text = " ".join(str(why).split())[:300]
        if self.notes.get(what) != text:
            self.notes[what] = text
            self.say(f"{what}: {text}")

    def attempt(self, what: str, call: Callable[[], T]) -> T | None:
        """Run; what a system cannot do becomes a note and ``None``."""
        try:
            return call()
        except WorkerError as error:
            self.note(what, error)
            return None

    def rounds_for(self, data: Data) -> int:
        """Fewer rounds for frames that take long."""
        return max(2, self.rounds // 2) if data.shape[0] > 2_000_000 else self.rounds

    @contextmanager
    def contestants(
        self, data: Data | None, only: Sequence[str] | None = None
    ) -> Iterator[list[Contestant]]:
        """Start the systems that can take part, with the frame made."""
        with ExitStack() as stack:
            found = []
            for name in self.peers:
                if only is None or name in only:
                    started = self._start(stack, name, data)
                    found += [started] if started is not None else []
            yield found

    def _start(self, stack: ExitStack, name: str, data: Data | None) -> Contestant | None:
        try:
            contestant = stack.enter_context(Contestant(name))
            self.about[name] = contestant.about
            if data is not None:
                flights = str(self.flights_path) if self.flights_path else None
                contestant.ask("data", name=data.name, flights=flights)
        except WorkerError as error:
            self.note(name, error)
            return None
        return contestant


MAIN = (OURS, SEED)
