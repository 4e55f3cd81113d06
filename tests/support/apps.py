"""A real ``streamlit run`` server for tests."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from typing_extensions import Self

REPOSITORY = Path(__file__).resolve().parents[2]


def free_port() -> int:
    """Find a loopback port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class StreamlitApp:
    """Serve a script on a free port of the loopback, as a context manager.

    Parameters
    ----------
    script
        A path, or the text of the script (indented text is fine).
    env
        Environment variables on top of this process's own.
    directory
        Where the server runs; a fresh temporary one unless given.
    """

    def __init__(
        self,
        script: str | Path,
        env: Mapping[str, str] | None = None,
        *,
        directory: Path | None = None,
        timeout_s: float = 60,
    ) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="srs-app-")
        self.directory = directory or Path(self._temporary.name)
        self.script = script if isinstance(script, Path) else self._write(script)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None
        self._env = {**os.environ, **(env or {})}
        self._env["PYTHONPATH"] = os.pathsep.join(
            part for part in (str(REPOSITORY), self._env.get("PYTHONPATH", "")) if part
        )
        self._log_path = Path(self._temporary.name) / "server.log"
        self._timeout_s = timeout_s

    def _write(self, text: str) -> Path:
        path = Path(self._temporary.name) / "app.py"
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return path

    def start(self) -> None:
        """Start the server and wait until it is healthy."""
        with self._log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "streamlit", "run", str(self.script)),
                    *("--server.port", str(self.port), "--server.address", "127.0.0.1"),
                    *("--server.headless", "true", "--server.fileWatcherType", "none"),
                    *("--browser.gatherUsageStats", "false", "--client.toolbarMode", "minimal"),
                ],
                cwd=self.directory,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._wait_until_healthy()

    def _wait_until_healthy(self) -> None:
        assert self.process is not None
        deadline = time.monotonic() + self._timeout_s
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=2) as answer:
                    if answer.status == 200:
                        return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        log = self.log()
        self.kill9()
        raise AssertionError(f"The Streamlit server did not start:\n{log}")

    def log(self) -> str:
        """Everything the server has written so far."""
        return self._log_path.read_text(encoding="utf-8", errors="replace")

    def kill9(self) -> None:
        """Crash the server: nothing in it gets a chance to clean up."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def stop(self) -> None:
        """Stop the server as an operator would, with SIGTERM."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def restart(self, *, crash: bool = False) -> None:
        """Stop (or crash) the server and start it again on the same port."""
        if crash:
            self.kill9()
        else:
            self.stop()
        self.start()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        self._temporary.cleanup()
