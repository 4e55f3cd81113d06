"""The one place where environment variables are read."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from streamlit_redis_session.errors import ConfigurationError

URL = "STREAMLIT_REDIS_SESSION_URL"
DATA_DIR = "STREAMLIT_REDIS_SESSION_DATA_DIR"
GRACE = "STREAMLIT_REDIS_SESSION_GRACE_S"
REDIS_URL = "REDIS_URL"
UPSTASH_URL = "UPSTASH_REDIS_REST_URL"
UPSTASH_TOKEN = "UPSTASH_REDIS_REST_TOKEN"  # noqa: S105  # the variable's name, not a token
TTL = "SESSION_TTL_MINUTES"
SECRET = "STREAMLIT_REDIS_SESSION_SECRET"  # noqa: S105  # the variable's name, not a secret
DEBUG = "SRS_DEBUG"

MOST_TTL = timedelta(days=10 * 365)


@dataclass(frozen=True, slots=True)
class Environment:
    """What the environment says; an empty variable counts as not set."""

    url: str | None
    """``STREAMLIT_REDIS_SESSION_URL``."""
    redis_url: str | None
    """``REDIS_URL``, as hosting platforms set it."""
    upstash_url: str | None
    """``UPSTASH_REDIS_REST_URL``."""
    upstash_token: str | None
    """``UPSTASH_REDIS_REST_TOKEN``."""
    data_dir: Path | None
    """``STREAMLIT_REDIS_SESSION_DATA_DIR``: where the embedded server keeps its data."""
    grace_s: float | None
    """``STREAMLIT_REDIS_SESSION_GRACE_S``: how long the embedded server outlives its clients."""


def read_environment(environ: Mapping[str, str] | None = None) -> Environment:
    """Read the variables that say where the store is.

    Parameters
    ----------
    environ
        What to read; ``None``: this process's environment.

    Raises
    ------
    ConfigurationError
        A number is none.
    """
    variables = os.environ if environ is None else environ

    def text(name: str) -> str | None:
        return variables.get(name, "").strip() or None

    data_dir = text(DATA_DIR)
    return Environment(
        url=text(URL),
        redis_url=text(REDIS_URL),
        upstash_url=text(UPSTASH_URL),
        upstash_token=text(UPSTASH_TOKEN),
        data_dir=Path(data_dir).expanduser() if data_dir else None,
        grace_s=_positive(GRACE, text(GRACE)),
    )


def environment_ttl(environ: Mapping[str, str] | None = None) -> timedelta | None:
    """Give the time to live of ``SESSION_TTL_MINUTES``, or ``None`` when it is not set.

    Raises
    ------
    ConfigurationError
        The variable holds no positive number, or more than ten years.
    """
    variables = os.environ if environ is None else environ
    minutes = _positive(TTL, variables.get(TTL, "").strip() or None)
    if minutes is None:
        return None
    if minutes * 60 < 1 or minutes * 60 > MOST_TTL.total_seconds():
        raise ConfigurationError(
            f"{TTL} is {variables[TTL]!r}: it must be between one second and ten years, "
            "such as 10080 for a week."
        )
    return timedelta(minutes=minutes)


def environment_secret(environ: Mapping[str, str] | None = None) -> str | None:
    """Give ``STREAMLIT_REDIS_SESSION_SECRET``, which the command line reads, or ``None``."""
    variables = os.environ if environ is None else environ
    return variables.get(SECRET) or None


def is_debugging(environ: Mapping[str, str] | None = None) -> bool:
    """Tell whether ``SRS_DEBUG`` asks the command line for tracebacks."""
    variables = os.environ if environ is None else environ
    return bool(variables.get(DEBUG, "").strip())


def _positive(name: str, text: str | None) -> float | None:
    if text is None:
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number > 0):
        raise ConfigurationError(f"{name} is {text!r}: it must be a positive number, such as 30.")
    return number
