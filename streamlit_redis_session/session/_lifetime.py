"""How long a session and the chunks it needs live."""

from __future__ import annotations

import time

from streamlit_redis_session.errors import SessionNotFoundError
from streamlit_redis_session.history import Repository, ValueStore
from streamlit_redis_session.storage import Backend

_RENEWALS = 10
"""Times that leases are renewed while a session lives; asking the store costs a round trip."""


class Lifetime:
    """Keeps the leases of a session's chunks ahead of the session's own time to live.

    Every write starts the session's time to live anew, but touches only the chunks it uses: the
    others, of values that nobody edits, would expire under a session that is in use every day.
    """

    def __init__(self, backend: Backend, values: ValueStore, repository: Repository) -> None:
        self._backend = backend
        self._values = values
        self._repository = repository
        self._renew_at_s = time.monotonic()
        if not repository.versions:
            self._renewed()

    def renew_if_due(self) -> None:
        """Lengthen all leases, when a tenth of the session's time to live has passed."""
        if time.monotonic() >= self._renew_at_s:
            self._extend_chunks()

    def touch(self) -> None:
        """Start the session's time to live anew, and that of its chunks."""
        repository = self._repository
        if not self._backend.touch_session(repository.key, ttl_s=repository.ttl_s):
            raise SessionNotFoundError
        self._extend_chunks()

    def _extend_chunks(self) -> None:
        key = self._repository.key
        tables = self._backend.read_tables(key)
        self._values.extend_leases(
            [self._values.open_table(key, name, data) for name, data in tables.items()],
            lease_s=lease_s(self._repository.ttl_s),
        )
        self._renewed()

    def _renewed(self) -> None:
        self._renew_at_s = time.monotonic() + self._repository.ttl_s / _RENEWALS


def lease_s(ttl_s: int) -> int:
    """Give the lease of chunks: a quarter longer than sessions live, and an hour."""
    return ttl_s + ttl_s // 4 + 3600
