"""The embedded server's folder, and that server in the foreground; imports what it needs late."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from streamlit_redis_session.errors import ConfigurationError
from streamlit_redis_session.storage._environment import read_environment


def embedded_folder(folder: Path | None = None) -> Path:
    """Give the folder whose data ``embedded://`` shows, or the absolute path of another one."""
    if folder is None:
        from streamlit_redis_session.storage._embedded import (  # noqa: PLC0415  # lazy redis
            default_folder,
        )

        folder = default_folder(read_environment())
    return folder.expanduser().absolute()


def serve_embedded(folder: Path, ready: Callable[[int], None]) -> None:
    """Run the server of a folder in the foreground; see ``_foreground.serve``."""
    if sys.platform == "win32":
        raise ConfigurationError("The embedded server needs Linux or macOS.")
    from streamlit_redis_session.storage import _foreground  # noqa: PLC0415  # lazy redis

    _foreground.serve(folder, ready)
