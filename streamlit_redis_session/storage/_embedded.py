"""The embedded server: one real server on this machine, shared by all processes of a folder.

A unix socket in a folder that only this user can enter; nothing listens on the network. Data are
in an append-only file, written every second and loaded again at the next start.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from platformdirs import user_data_dir

from streamlit_redis_session.errors import ConfigurationError, StorageUnavailableError
from streamlit_redis_session.storage import _supervisor as supervisor
from streamlit_redis_session.storage._base import Backend
from streamlit_redis_session.storage._binary import find_binary
from streamlit_redis_session.storage._client import make_client
from streamlit_redis_session.storage._environment import Environment
from streamlit_redis_session.storage._redis import RedisBackend
from streamlit_redis_session.storage._url import Address

GRACE_S = 30.0
"""How long the server outlives its last client."""
START_WAIT_S = 60.0
"""How long a start may take, most of it for loading the data."""
LEAST_MAXMEMORY_BYTES = 256 * 2**20
MOST_SOCKET_PATH_BYTES = 103  # macOS; Linux allows 107
MOST_LOG_BYTES = 2**20


def open_embedded(address: Address, *, namespace: str, environment: Environment) -> Backend:
    """Open the store of a folder, starting its server when it does not run.

    Parameters
    ----------
    address
        Names the folder, or none for the default one.
    environment
        Says where the default folder is, and the grace period.

    Raises
    ------
    ConfigurationError
        No server program is installed, or the folder cannot be used.
    """
    options = dict(address.options)
    grace_s = float(options.pop("grace_s", environment.grace_s or GRACE_S))
    folder = Path(address.path) if address.path else default_folder(environment)
    launcher = Launcher(folder, grace_s=grace_s)
    with contextlib.suppress(StorageUnavailableError):
        launcher.ensure()  # otherwise the first call tries again, and tells
    client = make_client(
        replace(address, scheme="unix", path=launcher.socket_path, options=options)
    )
    where = f"embedded://{folder}"
    return RedisBackend(client, namespace=namespace, where=where, revive=launcher.ensure)


def default_folder(environment: Environment) -> Path:
    """Where data are when the URL names no folder."""
    return environment.data_dir or Path(user_data_dir("streamlit-redis-session"))


class Launcher:
    """Makes sure that the server of a folder runs, however many processes ask at once.

    Parameters
    ----------
    folder
        Whose ``server`` subfolder holds data, locks and log.
    grace_s
        How long a server that is started now outlives its last client.
    """

    def __init__(self, folder: Path, *, grace_s: float = GRACE_S) -> None:
        self.folder = _private_folder(folder.absolute() / "server")
        self.socket_path = str(_short_socket_path(self.folder))
        self._grace_s = grace_s

    @property
    def log_path(self) -> Path:
        """What the server and its supervisor say."""
        return self.folder / "server.log"

    def ensure(self) -> None:
        """Return when the server answers: at once when it runs, else after starting it.

        Raises
        ------
        StorageUnavailableError
            It did not start, or did not finish loading in time; the data are as they were.
        ConfigurationError
            No server program is installed.
        """
        deadline = time.monotonic() + START_WAIT_S
        with self._launch_lock():
            if self._answers() and self._is_supervised():
                return
            # a server whose supervisor was killed gets a new one, too
            self._start_supervisor()
            while not self._answers():
                if not self._is_supervised():
                    raise self._failure("did not start")
                if time.monotonic() > deadline:
                    raise self._failure(f"did not answer within {START_WAIT_S:.0f} seconds")
                time.sleep(0.005)

    @contextlib.contextmanager
    def _launch_lock(self) -> Iterator[None]:
        path = self.folder / supervisor.LAUNCH_LOCK
        descriptor = supervisor.lock(path, wait_s=START_WAIT_S)
        if descriptor is None:
            raise self._failure("is being started by another process that does not finish")
        try:
            yield
        finally:
            supervisor.unlock(descriptor)

    def _answers(self) -> bool:
        """Tell whether the server takes commands; not while it loads its data."""
        try:
            return supervisor.ask(self.socket_path, "PING").startswith("+PONG")
        except OSError:
            return False

    def _is_supervised(self) -> bool:
        return supervisor.is_locked(self.folder / supervisor.SUPERVISOR_LOCK)

    def _start_supervisor(self) -> None:
        settings = {
            "folder": str(self.folder),
            "socket_path": self.socket_path,
            "command": server_command(find_binary(), self.folder, self.socket_path),
            "grace_s": self._grace_s,
        }
        # isolated and without site: a few milliseconds, whatever is installed
        program = [sys.executable, "-I", "-S", supervisor.__file__, json.dumps(settings)]
        with _log_file(self.log_path) as log:
            ran = subprocess.run(  # noqa: S603  # our own program with our own settings
                program, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False
            )
        if ran.returncode != 0:
            raise self._failure("has a supervisor that does not answer")

    def _failure(self, what: str) -> StorageUnavailableError:
        return StorageUnavailableError(
            f"The embedded server {what}. Its log is {self.log_path}; the data are as they were."
        )


def server_command(binary: Path, folder: Path, socket_path: str) -> list[str]:
    """Give the server's command line: no network, durable, and it never evicts."""
    options = {
        "port": "0",
        "unixsocket": socket_path,
        "unixsocketperm": "700",
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory": str(maxmemory_bytes()),
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
    }
    return [
        str(binary),
        *(word for name, value in options.items() for word in (f"--{name}", value)),
    ]


def maxmemory_bytes() -> int:
    """Half of the memory that this machine or container has, at least 256 MiB."""
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    with contextlib.suppress(OSError, ValueError):  # no control groups, or no limit ("max")
        total = min(total, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return max(total // 2, LEAST_MAXMEMORY_BYTES)


def _private_folder(folder: Path) -> Path:
    """Make a folder that only this user can enter, or make sure that it is one."""
    try:
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            raise ConfigurationError(
                f"{folder} is not a folder of this user, so nothing is kept there. "
                "Name another one with embedded:///some/dir."
            )
        if stat.S_IMODE(found.st_mode) != 0o700:
            folder.chmod(0o700)
    except OSError as error:
        raise ConfigurationError(
            f"The embedded server cannot keep data in {folder} ({error.strerror}). "
            "Name another folder with embedded:///some/dir."
        ) from error
    return folder


def _short_socket_path(folder: Path) -> Path:
    """Put the socket beside the data, or in the temporary directory where that is too long."""
    beside = folder / "socket"
    if len(os.fsencode(beside)) <= MOST_SOCKET_PATH_BYTES:
        return beside
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    short = Path(tempfile.gettempdir()) / f"srs-{os.getuid()}-{digest}"
    if len(os.fsencode(short / "socket")) > MOST_SOCKET_PATH_BYTES:
        short = Path("/tmp") / short.name  # noqa: S108  # owner and mode are checked
    return _private_folder(short) / "socket"


@contextlib.contextmanager
def _log_file(path: Path) -> Iterator[int]:
    """Open the log to append to; one that has grown large starts anew."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_size > MOST_LOG_BYTES:
            flags |= os.O_TRUNC
    descriptor = os.open(path, flags, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
