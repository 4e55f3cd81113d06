"""``serve``: the embedded server in the foreground, as a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

import streamlit_redis_session as srs

from .conftest import Run, environment


@contextmanager
def served(folder: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, object]]]:
    """Run the server of a folder; gives the process and what it printed."""
    command = [sys.executable, "-m", "streamlit_redis_session", "serve", "--dir", str(folder)]
    with subprocess.Popen(
        [*command, "--json"],
        env=environment(STREAMLIT_REDIS_SESSION_GRACE_S="0.2"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            printed = ""
            while not printed.endswith("}\n"):
                line = process.stdout.readline()
                assert line, process.stderr and process.stderr.read()
                printed += line
            yield process, json.loads(printed)
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=30)


def is_alive(pid: object) -> bool:
    assert isinstance(pid, int)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_server_is_there_until_ctrl_c_and_its_data_are_kept(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    with served(folder) as (process, printed):
        url = str(printed["url"])
        with srs.connect(url) as store:
            session = store.session()
            session["a"] = np.arange(5)
            session.commit()
        assert is_alive(printed["pid"])

    assert process.returncode == 0
    assert not is_alive(printed["pid"])
    with served(folder), srs.connect(url) as store:
        kept = store.session(session.id)["a"]
        assert isinstance(kept, np.ndarray)
        assert kept.tolist() == [0, 1, 2, 3, 4]


def test_it_waits_for_clients_without_end(tmp_path: Path) -> None:
    """An app's own server would end a fifth of a second after its last client."""
    with served(tmp_path / "store") as (process, _):
        time.sleep(1.5)
        assert process.poll() is None


def test_a_second_server_of_the_folder_is_refused(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "store"
    with served(folder):
        result = run("serve", "--dir", str(folder))

    assert result.exit_code == 2
    assert f"A server runs already in {folder}" in result.stderr
    assert f"embedded://{folder}" in result.stderr


def test_a_server_that_an_app_has_started_is_left_alone(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "store"
    with srs.connect(f"embedded://{folder}?grace_s=0.5") as store:
        key = store.session().key
        result = run("serve", "--dir", str(folder))

        assert result.exit_code == 2
        assert [info.key for info in store.sessions()] == [key]


def test_doctor_sees_a_server_that_is_served(run: Run, tmp_path: Path) -> None:
    with served(tmp_path / "store") as (_, printed):
        result = run("doctor", "--url", str(printed["url"]), "--json")

    found = json.loads(result.stdout)
    verdicts = {each["check"]: each["verdict"] for each in found["checks"]}
    assert verdicts["persistence"] == verdicts["eviction"] == verdicts["reachable"] == "ok"


def test_a_folder_that_cannot_be_used_is_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    result = run("serve", "--dir", str(tmp_path / "file" / "below"))

    assert result.exit_code == 2
    assert "cannot keep data" in result.stderr
