"""The systems of one run, each in a process of its own, with a server or folder of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import Timer
from typing import IO, Any

from benchmarks.servers import ROOT, RedisServer

PEERS_PYTHON = ROOT / "benchmarks" / ".venv" / "bin" / "python"
OLD_PANDAS = {"arcticdb"}
"""Systems that need an older pandas, so that they run on the packages of ``benchmarks/.venv``."""

LONGEST_S = 900.0
"""A system that has not answered by then is ended."""

Answer = dict[str, Any]


class WorkerError(Exception):
    """A system failed; the text is its own."""


class Process:
    """One worker process; see ``worker.Worker`` for the commands."""

    def __init__(self, peer: str, url: str, folder: Path, log: IO[bytes]) -> None:
        python, path = _python_of(peer)
        self._process = subprocess.Popen(
            [python, "-c", _START.format(path=path), peer, url, str(folder)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, cwd=ROOT,
            env=_environment(),
        )  # fmt: skip

    def ask(self, command: str, /, **arguments: Any) -> Answer:
        """Run a command and wait for its answer.

        Raises
        ------
        WorkerError
            The system raised something, or its process ended.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps([command, arguments]) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise WorkerError("its process has ended") from error
        timer = Timer(LONGEST_S, self._process.kill)
        timer.daemon = True  # an interrupted run must not wait for it
        timer.start()
        try:
            line = self._process.stdout.readline()
            is_late = timer.finished.is_set()
        finally:
            timer.cancel()
        if not line:
            late = f", after {LONGEST_S:.0f} s without an answer" if is_late else ""
            raise WorkerError(f"its process ended with {self._process.wait()}{late}")
        answer: Answer = json.loads(line)
        if "error" in answer:
            raise WorkerError(answer["error"])
        return answer

    def close(self) -> None:
        """Ask the process to end, and see to it that it does."""
        try:
            self.ask("close")
        except WorkerError:
            self._process.kill()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()


_START = """
import sys
sys.argv[0] = "worker"
sys.path[:0] = {path[0]!r}
sys.path += {path[1]!r}
from benchmarks.worker import main
main()
"""


def _environment() -> dict[str, str]:
    """Let bytecode be kept, as it is for users of an installed package."""
    return {name: v for name, v in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _python_of(peer: str) -> tuple[str, tuple[list[str], list[str]]]:
    """Choose an interpreter, and what goes before and behind its path."""
    site = [str(path) for path in PEERS_PYTHON.parents[1].glob("lib/python*/site-packages")]
    if peer in OLD_PANDAS and PEERS_PYTHON.exists():
        return str(PEERS_PYTHON), ([str(ROOT)], [])
    return sys.executable, ([str(ROOT)], site)


class Contestant:
    """A system with its server or folder, while it is measured on one frame."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.server = RedisServer()
        self.about: Answer = {}
        self.state: Answer = {}
        """What a question remembers between rounds."""
        self.frame_bytes = 0
        self._stack = ExitStack()

    def start(self) -> None:
        """Start the server and the process.

        Raises
        ------
        WorkerError
            The system cannot take part; the text says why.
        """
        self._stack.enter_context(self.server)
        self._client = self._stack.enter_context(self.server.client())
        self._folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        self._log = self._stack.enter_context((self._folder / "log").open("wb"))
        self.process = self._start()
        self._stack.callback(self.process.close)
        self.about = self.process.ask("hello")

    def close(self) -> None:
        """End the process and the server; harmless where they did not start."""
        self._stack.close()

    def _start(self) -> Process:
        place = self._folder / "data"
        place.mkdir(exist_ok=True)
        return Process(self.name, self.server.url, place, self._log)

    def ask(self, command: str, /, **arguments: Any) -> Answer:
        """Run a command in the system's process."""
        return self.process.ask(command, **arguments)

    def measure(self, command: str, /, **arguments: Any) -> Answer:
        """Run a command, and add the bytes that went to the server or the disk."""
        before = self.written()
        answer = self.ask(command, **arguments)
        answer["bytes"] = max(0, self.written() - before)
        return answer

    @contextmanager
    def fresh(self) -> Iterator[Process]:
        """Start another process of the system, which has seen nothing."""
        process = self._start()
        try:
            process.ask("hello")
            yield process
        finally:
            process.close()

    def written(self) -> int:
        """Count bytes: what the server has received, or what the folder occupies."""
        if self.about.get("is_on_disk"):
            return self.stored()
        return int(self._client.info("stats")["total_net_input_bytes"])

    def stored(self) -> int:
        """Count the bytes that the data occupy: memory of the server, or blocks of the disk."""
        if self.about.get("is_on_disk"):
            files = (self._folder / "data").rglob("*")
            return sum(_occupied(path) for path in files)
        return self._memory_of_keys()

    def _memory_of_keys(self) -> int:
        """Add up what the server says of each key.

        Its total would count a buffer of the size of each large value, for some seconds after.
        """
        keys = list(self._client.scan_iter(count=1000))
        with self._client.pipeline(transaction=False) as pipe:
            for key in keys:
                pipe.memory_usage(key, samples=0)
            return sum(int(count or 0) for count in pipe.execute())


def _occupied(path: Path) -> int:
    try:
        return path.stat().st_blocks * 512 if path.is_file() else 0
    except FileNotFoundError:  # a temporary file of the system
        return 0
