"""The program as a whole: errors, exit codes, how it is started, what it imports."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import streamlit_redis_session as srs
from streamlit_redis_session.cli import _sessions, main

from .conftest import Run, Sample, environment

COMMANDS = ["delete", "doctor", "log", "prune", "serve", "sessions", "show", "verify"]


def test_these_are_the_commands() -> None:
    assert sorted(main.commands) == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_says_what_it_does(run: Run, command: str) -> None:
    result = run(command, "--help")

    assert result.exit_code == 0
    assert "--json" in result.stdout


def test_the_help_says_what_exit_codes_mean(run: Run) -> None:
    result = run("--help")

    for line in ("0 good", "1 something", "2 the command", "3 the store", "4 there is no"):
        assert line in " ".join(result.stdout.split())


def test_help_warns_of_passwords_in_command_lines(run: Run) -> None:
    assert "can read a password in a command line" in " ".join(
        run("sessions", "--help").stdout.split()
    )


def test_the_version_is_that_of_the_package(run: Run) -> None:
    assert srs.__version__ in run("--version").stdout


# --- errors ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("nothing",), 2, "No such command"),
        (("sessions", "--url", "http://x"), 2, "redis://"),
        (("sessions", "--url", "redis://x?tiemout=1"), 2, "Unknown query argument"),
        (("sessions", "--url", "redis://127.0.0.1:1"), 3, "did not answer"),
        (("sessions", "--url", "memory://x", "--namespace", "a b"), 2, "Namespace"),
        (("sessions", "--url", "memory://x", "--secret-file", "none"), 2, "cannot be read"),
        (("sessions", "--url", "memory://x", "--sort", "size"), 2, "--sort"),
        (("show", "abcd", "--url", "memory://x"), 4, "No session"),
    ],
)
def test_errors_are_a_sentence_and_an_exit_code(
    run: Run, arguments: tuple[str, ...], code: int, says: str
) -> None:
    result = run(*arguments)

    assert result.exit_code == code
    assert says in result.stderr
    assert result.stdout == ""
    assert "Traceback" not in result.stderr


def test_an_empty_secret_file_is_no_secret(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")

    result = run("sessions", "--url", "memory://x", "--secret-file", str(tmp_path / "empty"))

    assert result.exit_code == 2
    assert "is empty" in result.stderr


def test_a_fault_of_ours_is_a_sentence_without_credentials(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise KeyError("hunter2-secret is bad")

    monkeypatch.setattr(_sessions, "_rows", fail)
    arguments = ("sessions", "--url", "redis://:hunter2-secret@127.0.0.1:1")

    short = run(*arguments)
    monkeypatch.setenv("SRS_DEBUG", "1")
    long = run(*arguments)

    assert short.exit_code == long.exit_code == 1
    assert short.stderr == "Error: Unexpected KeyError: '*** is bad'. SRS_DEBUG=1 shows where.\n"
    assert "Traceback" in long.stderr
    assert "hunter2" not in long.output


def test_a_secret_in_the_environment_is_used(
    run: Run, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with srs.connect(redis_url, secret="from the environment") as store:
        session = store.session()
        session["a"] = srs_frame()
        session.commit()

    assert run("show", session.key, "--url", redis_url).exit_code == 1
    monkeypatch.setenv("STREAMLIT_REDIS_SESSION_SECRET", "from the environment")
    assert run("show", session.key, "--url", redis_url).exit_code == 0


def srs_frame() -> object:
    import pandas as pd  # noqa: PLC0415  # only here

    return pd.DataFrame({"a": [1]})


# --- how it is started -------------------------------------------------------------------------


def started(*arguments: str, url: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "streamlit_redis_session", *arguments],
        env=environment(STREAMLIT_REDIS_SESSION_URL=url),
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_module_is_a_program(sample: Sample) -> None:
    listed = started("sessions", url=sample.url)
    missing = started("show", "zzzz", url=sample.url)

    assert (listed.returncode, listed.stderr) == (0, "")
    assert sample.key[:8] in listed.stdout
    assert missing.returncode == 4
    assert missing.stderr.startswith("Error: No session")


def test_a_reader_that_has_seen_enough_is_no_fault(sample: Sample) -> None:
    command = f"{sys.executable} -m streamlit_redis_session sessions --json | head -1"
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        env=environment(STREAMLIT_REDIS_SESSION_URL=sample.url),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout == "{\n"
    assert "Traceback" not in done.stderr


def test_help_imports_neither_pandas_nor_redis_nor_streamlit() -> None:
    code = (
        "import sys\nfrom streamlit_redis_session.cli import main\n"
        "main(['--help'], standalone_mode=False)\nprint(*sorted(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(), check=True, capture_output=True, text=True
    )
    loaded = set(done.stderr.split())

    assert "rich.console" in loaded
    assert not {"pandas", "pyarrow", "redis", "streamlit"} & loaded
