"""The systems of one run, each in a process of its own, with a server or folder of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from typing_extensions import Self

from benchmarks.servers import ROOT, RedisServer

PEERS_PYTHON = ROOT / "benchmarks" / ".venv" / "bin" / "python"
OLD_PANDAS = {"arcticdb"}
"""Systems that need an older pandas, so that they run on the packages of ``benchmarks/.venv``."""

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
        line = self._process.stdout.readline()
        if not line:
            raise WorkerError(f"its process ended with {self._process.wait()}")
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

    def __enter__(self) -> Self:
        self.server.start()
        self._client = self.server.client()
        self._folder = tempfile.TemporaryDirectory(prefix="bench-")
        self._log = (Path(self._folder.name) / "log").open("wb")
        self.process = self._start()
        try:
            self.about = self.process.ask("hello")
        except WorkerError:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.process.close()
        self._log.close()
        self._client.close()
        self.server.stop()
        self._folder.cleanup()

    def _start(self) -> Process:
        place = Path(self._folder.name) / "data"
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
            files = (Path(self._folder.name) / "data").rglob("*")
            return sum(_occupied(path) for path in files)
        self._client.memory_purge()
        info = self._client.info("memory")
        # for two seconds after a large value a connection keeps a buffer of its size
        return int(info["used_memory"]) - int(info["mem_clients_normal"])


def _occupied(path: Path) -> int:
    try:
        return path.stat().st_blocks * 512 if path.is_file() else 0
    except FileNotFoundError:  # a temporary file of the system
        return 0
