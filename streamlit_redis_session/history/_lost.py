"""What it means that a server has forgotten what it had acknowledged."""

from __future__ import annotations

from collections.abc import Sequence

from streamlit_redis_session.errors import ConflictError
from streamlit_redis_session.objects import VersionId


class VersionsLostError(ConflictError):
    """The server has gone back to an earlier state, as after a crash or a failover."""

    def __init__(self, versions: Sequence[VersionId]) -> None:
        self.versions = tuple(versions)
        super().__init__(
            "The server has lost its last changes. What was shown here is saved again; look at "
            "the history and try again."
        )
