"""Worker processes, seen from the campaign that kills or races them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Any

from typing_extensions import Self

TESTS = Path(__file__).resolve().parents[1]
ANSWER_S = 60.0


class Worker:
    """``python -m faults.worker``; its answers are read as they come."""

    def __init__(self, *arguments: str) -> None:
        self.answers: list[dict[str, Any]] = []
        path = os.pathsep.join([str(TESTS), str(TESTS.parent)])
        self._process = subprocess.Popen(
            [sys.executable, "-m", "faults.worker", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
            cwd=TESTS.parent,
        )
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.endswith("\n"):  # the last one may be cut off by the end
                self.answers.append(json.loads(line))

    def ask(self, command: str) -> None:
        """Send a command; ``answer`` waits for what comes back."""
        assert self._process.stdin is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        """Take the next answer."""
        self.wait_for(lambda: bool(self.answers))
        return self.answers.pop(0)

    def wait_for(self, claim: Callable[[], bool]) -> None:
        """Wait until something holds that the answers bring about."""
        deadline = time.monotonic() + ANSWER_S
        while not claim():
            assert self._process.poll() is None, "the worker has ended by itself"
            assert time.monotonic() < deadline, "the worker does not answer"
            time.sleep(0.0005)

    def saved(self) -> int:
        """How many versions were acknowledged so far."""
        return sum("saved" in answer for answer in self.answers)

    def kill(self) -> None:
        """``kill -9``, then read what it had said."""
        self._process.kill()
        self._process.wait()
        self._reader.join()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.kill()
