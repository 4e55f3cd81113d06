from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from streamlit_redis_session.errors import ConfigurationError
from streamlit_redis_session.storage import environment_ttl
from streamlit_redis_session.storage._environment import read_environment


@pytest.mark.parametrize(
    ("text", "ttl"),
    [
        ("60", timedelta(hours=1)),
        ("0.5", timedelta(seconds=30)),
        (" 10080 ", timedelta(days=7)),
        ("", None),
        (" ", None),
    ],
)
def test_the_time_to_live_is_in_minutes(text: str, ttl: timedelta | None) -> None:
    assert environment_ttl({"SESSION_TTL_MINUTES": text}) == ttl


def test_no_variable_is_no_time_to_live() -> None:
    assert environment_ttl({}) is None


@pytest.mark.parametrize("text", ["soon", "0", "-5", "inf", "nan", "1e300", "0.0001", "1h"])
def test_a_strange_time_to_live_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match=f"SESSION_TTL_MINUTES is '{text}'"):
        environment_ttl({"SESSION_TTL_MINUTES": text})


def test_this_process_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SESSION_TTL_MINUTES", "5")
    monkeypatch.setenv("STREAMLIT_REDIS_SESSION_DATA_DIR", "~/x")

    assert environment_ttl() == timedelta(minutes=5)
    assert read_environment().data_dir == Path.home() / "x"


def test_a_strange_grace_period_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="STREAMLIT_REDIS_SESSION_GRACE_S is 'x'"):
        read_environment({"STREAMLIT_REDIS_SESSION_GRACE_S": "x"})
