"""A program run in this process, and a session that is worth looking at."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

import streamlit_redis_session as srs
from streamlit_redis_session.cli import main

ROOT = Path(__file__).resolve().parents[2]
Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither this machine's variables nor anybody's secrets.toml say which store is meant."""
    for name in ("STREAMLIT_REDIS_SESSION_URL", "STREAMLIT_REDIS_SESSION_SECRET", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_REST_TOKEN", "SRS_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run() -> Run:
    """Run a command of ours; nothing but what it prints and its exit code come back."""
    runner = CliRunner()

    def run(*arguments: str, **how: Any) -> Result:
        return runner.invoke(main, arguments, **how)

    return run


def environment(**more: str) -> dict[str, str]:
    """What a process of ours starts with; it runs this checkout, wherever it is started."""
    return {**os.environ, "PYTHONPATH": str(ROOT), **more}


def found_json(result: Result) -> Any:
    return json.loads(result.stdout)


def table_rows(result: Result) -> list[str]:
    return [" ".join(line.split()) for line in result.stdout.splitlines()]


@dataclass(frozen=True)
class Sample:
    """Four versions on three branches, and a tag; head is in the middle of a branch."""

    url: str
    session: srs.Session

    @property
    def key(self) -> str:
        return self.session.key


@pytest.fixture
def sample(redis_url: str) -> Iterator[Sample]:
    with srs.connect(redis_url) as store:
        session = store.session()
        session["df"] = pd.DataFrame({"a": np.arange(10_000), "b": 1.5})
        session["scale"] = 3
        session.commit("Loaded")
        session["df"] = pd.DataFrame({"a": np.arange(4_000), "b": 1.5})
        session.commit()
        session.tag("report")
        session.undo()
        session["extra"] = {"t": np.arange(3)}
        session.commit()
        session["df"] = pd.DataFrame({"a": np.arange(5)})
        session.commit("Only five \x1b[31mrows\x1b[0m")
        session.undo()
        yield Sample(redis_url, session)
