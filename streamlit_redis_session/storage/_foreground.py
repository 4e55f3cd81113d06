"""The embedded server in the foreground: it runs, however idle, until it is told to stop."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path

from streamlit_redis_session.errors import ConfigurationError, StorageUnavailableError
from streamlit_redis_session.storage import _supervisor as supervisor
from streamlit_redis_session.storage._binary import find_binary
from streamlit_redis_session.storage._embedded import START_WAIT_S, Launcher, server_command


def serve(folder: Path, ready: Callable[[int], None]) -> None:
    """Run the server of a folder in this process's foreground, until a signal ends it.

    Parameters
    ----------
    folder
        As in ``embedded:///some/dir``.
    ready
        Told the server's process id, once it answers.

    Raises
    ------
    ConfigurationError
        A server of this folder runs already, or none is installed.
    StorageUnavailableError
        The server did not start; the data are as they were.
    """
    launcher = Launcher(folder)
    held = supervisor.lock(launcher.folder / supervisor.LAUNCH_LOCK, wait_s=START_WAIT_S)
    if held is None:
        raise ConfigurationError(f"The server of embedded://{folder} is being started elsewhere.")
    try:
        _serve(launcher, folder, ready, held)
    finally:
        supervisor.unlock(held)


def _serve(launcher: Launcher, folder: Path, ready: Callable[[int], None], launch: int) -> None:
    own = supervisor.lock(launcher.folder / supervisor.SUPERVISOR_LOCK)
    if own is None:
        raise ConfigurationError(
            f"A server runs already in {folder}. Use it with embedded://{folder}; it ends by "
            "itself when its clients are gone."
        )
    try:
        server = _Foreground(launcher, launch, ready)
        server.run()
        if not server.was_ready:
            raise StorageUnavailableError(
                f"The embedded server did not start. Its log is {launcher.log_path}; "
                "the data are as they were."
            )
    finally:
        supervisor.unlock(own)


class _Foreground(supervisor.Supervisor):
    """Keeps the server however idle it is, and says when it answers."""

    def __init__(self, launcher: Launcher, launch: int, ready: Callable[[int], None]) -> None:
        command = server_command(find_binary(), launcher.folder, launcher.socket_path)
        super().__init__(
            folder=str(launcher.folder),
            socket_path=launcher.socket_path,
            command=[*command, "--logfile", str(launcher.log_path)],
            grace_s=math.inf,
        )
        self.was_ready = False
        self._launch = launch
        self._ready = ready

    def _watch(self) -> None:
        """Say that the server answers, and let others connect that wait for it."""
        while self._is_alive() and not self._is_told_to_stop and not self._answers():
            time.sleep(0.01)
        if self._is_alive():
            self.was_ready = True
            supervisor.release(self._launch)
            self._ready(self._child.pid if self._child is not None else 0)
        super()._watch()

    def _answers(self) -> bool:
        try:
            return supervisor.ask(self._socket_path, "PING").startswith("+PONG")
        except OSError:
            return False
