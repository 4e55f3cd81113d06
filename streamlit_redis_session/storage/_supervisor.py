"""Runs the embedded server as long as somebody is connected to it; a program of its own.

The launcher starts this file by its path, detached, so it must not import anything but the
standard library. Two locks of the kernel say who is alive, and cannot be left behind: the
supervisor holds ``supervisor.lock``, and the server inherits ``server.lock``, so that a second
server never writes to the same files even when the first one's supervisor was killed.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

LAUNCH_LOCK = "launch.lock"
SUPERVISOR_LOCK = "supervisor.lock"
SERVER_LOCK = "server.lock"

_ASK_TIMEOUT_S = 2.0
_LOCK_WAIT_S = 10.0
_STOP_WAIT_S = 60.0
_END_WAIT_S = 10.0


def lock(path: Path, *, wait_s: float = 0.0) -> int | None:
    """Take an exclusive lock; give its file descriptor, or ``None`` when another has it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + wait_s
    while not _try_lock(descriptor):
        if time.monotonic() >= deadline:
            os.close(descriptor)
            return None
        time.sleep(0.01)
    return descriptor


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def release(descriptor: int) -> None:
    """Let others have a lock, also where a forked process has a copy of its descriptor."""
    fcntl.flock(descriptor, fcntl.LOCK_UN)


def unlock(descriptor: int) -> None:
    """Give a lock back for good."""
    release(descriptor)
    os.close(descriptor)


def is_locked(path: Path) -> bool:
    """Tell whether a living process holds the lock."""
    descriptor = lock(path)
    if descriptor is None:
        return True
    unlock(descriptor)
    return False


def ask(socket_path: str, command: str, *, timeout_s: float = _ASK_TIMEOUT_S) -> str:
    """Send one command on a connection of its own; give the answer as it comes.

    Raises
    ------
    OSError
        Nobody listens, or nobody answers in time.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout_s)
        connection.connect(socket_path)
        connection.sendall(command.encode() + b"\r\n")
        answer = connection.recv(65_536)
        while answer.startswith(b"$") and len(answer) < _bulk_bytes(answer):
            piece = connection.recv(65_536)
            if not piece:
                break
            answer += piece
    return answer.decode("utf-8", "replace")


def _bulk_bytes(answer: bytes) -> int:
    """How long a bulk answer is, with its head and end; unknown as long as the head is cut."""
    head, end, _ = answer.partition(b"\r\n")
    return len(answer) + 1 if not end else len(head) + 2 + int(head[1:]) + 2


class Supervisor:
    """Starts or adopts the server of one folder, and stops it when it is idle.

    Parameters
    ----------
    folder
        Where data, locks and log are.
    socket_path
        Where the server listens.
    command
        The server's command line.
    grace_s
        How long the server is kept without a client.
    """

    def __init__(
        self, *, folder: str, socket_path: str, command: list[str], grace_s: float
    ) -> None:
        self._folder = Path(folder)
        self._socket_path = socket_path
        self._command = command
        self._grace_s = grace_s
        self._pause_s = min(1.0, grace_s / 4)
        self._child: subprocess.Popen[bytes] | None = None
        self._is_told_to_stop = False

    def run(self) -> None:
        """Keep the server until it has been idle for the grace period, or died."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        if not self._start():
            return
        try:
            self._watch()
        finally:
            self._end_child()  # whatever happened here: nothing is left running
        _log("The server is gone.")

    def _watch(self) -> None:
        """Wait until the server has ended, and end it when it is idle or has lost its folder."""
        busy_at = time.monotonic()
        while self._is_alive():
            self._pause()
            now = time.monotonic()
            if not self._folder.is_dir():
                _log("The data directory is gone.")
                return
            if self._is_told_to_stop:
                self._stop()
            elif self._has_clients():
                busy_at = now
            elif now - busy_at >= self._grace_s:
                busy_at = self._stop_if_idle(busy_at)

    def _start(self) -> bool:
        """Start a server, or adopt the one whose supervisor died."""
        server_lock = lock(self._folder / SERVER_LOCK)
        if server_lock is None and self._has_clients() is None:
            # dying or stuck: only when it is gone for certain may another use its files
            server_lock = lock(self._folder / SERVER_LOCK, wait_s=_LOCK_WAIT_S)
            if server_lock is None:
                _log("A server that does not answer holds the data; giving up.")
                return False
        if server_lock is None:
            _log("Adopting a running server.")
            return True
        with contextlib.suppress(FileNotFoundError):
            Path(self._socket_path).unlink()
        _log(f"Starting {self._command[0]}")
        self._child = subprocess.Popen(  # noqa: S603  # what our launcher looked up
            self._command, cwd=self._folder, stdin=subprocess.DEVNULL, pass_fds=(server_lock,)
        )
        os.close(server_lock)  # from here on the server alone holds it
        return True

    def _is_alive(self) -> bool:
        if self._child is not None:
            return self._child.poll() is None
        return is_locked(self._folder / SERVER_LOCK)

    def _pause(self) -> None:
        """Wait, but not longer than the server lives."""
        if self._child is None:
            time.sleep(self._pause_s)
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(self._pause_s)

    def _has_clients(self) -> bool | None:
        """Tell whether anybody else is connected; ``None``: no answer at all."""
        try:
            answer = ask(self._socket_path, "INFO clients")
        except OSError:
            return None
        for line in answer.splitlines():
            name, _, value = line.partition(":")
            if name == "connected_clients":
                return int(value) > 1  # one is this question
        return True  # it is loading its data

    def _stop_if_idle(self, busy_at: float) -> float:
        """Stop the server unless somebody is about to connect; say when it was busy last."""
        launch_lock = lock(self._folder / LAUNCH_LOCK)
        if launch_lock is None:
            return time.monotonic()
        try:
            clients = self._has_clients()
            if clients is None:  # frozen or overloaded, not idle
                return time.monotonic()
            if clients is False:
                self._stop()
            return busy_at if clients is False else time.monotonic()
        finally:
            unlock(launch_lock)

    def _stop(self) -> None:
        """Let the server write what it has and end."""
        _log("Stopping the server.")
        with contextlib.suppress(OSError):
            ask(self._socket_path, "SHUTDOWN NOSAVE", timeout_s=_STOP_WAIT_S)
        deadline = time.monotonic() + _STOP_WAIT_S
        while self._is_alive() and time.monotonic() < deadline:
            time.sleep(0.01)
        self._end_child()
        with contextlib.suppress(FileNotFoundError):
            Path(self._socket_path).unlink()

    def _end_child(self) -> None:
        """End the server that was started here, if it has not ended by itself."""
        if self._child is None or self._child.poll() is not None:
            return
        _log("Ending the server.")
        self._child.terminate()
        try:
            self._child.wait(_END_WAIT_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def _on_signal(self, *_: Any) -> None:
        self._is_told_to_stop = True


def _log(text: str) -> None:
    stamp = time.strftime("%Y-%m-%d %H:%M:%S")
    sys.stderr.write(f"{stamp} supervisor {os.getpid()}: {text}\n")
    sys.stderr.flush()


def main() -> int:
    """Take the supervisor's lock, go to the background, and run; 1: another one has it."""
    settings = json.loads(sys.argv[1])
    os.umask(0o077)
    held = lock(Path(settings["folder"]) / SUPERVISOR_LOCK, wait_s=_LOCK_WAIT_S)
    if held is None:
        return 1
    if os.fork():
        # the lock goes on in the child; nobody has to wait for that one
        os._exit(0)
    os.setsid()
    try:
        Supervisor(**settings).run()
    finally:
        os.close(held)
    return 0


if __name__ == "__main__":
    sys.exit(main())
