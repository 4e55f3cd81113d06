"""How long a session and the chunks it needs live."""

from __future__ import annotations

import time
from functools import partial

from streamlit_redis_session.errors import SessionNotFoundError
from streamlit_redis_session.history import SETTINGS_FIELD, Repository, ValueStore, readable
from streamlit_redis_session.storage import Backend

LEASED_FIELD = "leased"
"""Field of a session's meta: until when all of its chunks are leased at least, in seconds since
1970 by the server's clock. Who opens the session need not ask for each chunk."""
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
        self._seen = b""
        if repository.state.head.version is None and not repository.state.branches:
            self._renewed()

    def _follow(self, leased: bytes) -> None:
        """Take over until when all chunks are leased, as whoever wrote last has noted it.

        That is when a renewal is due, a tenth of our own time to live after a renewal of ours.
        Where others lease for longer than we do, the chunks that we write end earlier.
        """
        self._seen = leased
        ttl_s, now_s = self._repository.ttl_s, self._repository.server_now_s()
        ours_s = now_s + lease_s(ttl_s)
        until_s = min(float(leased), ours_s) if leased.isdigit() else 0.0
        if until_s == ours_s:
            self._repository.note_meta(LEASED_FIELD, b"%d" % ours_s)
        self._renew_at_s = time.monotonic() + until_s - ours_s + ttl_s / _RENEWALS

    def renew_if_due(self) -> None:
        """Lengthen all leases, when a tenth of the session's time to live has passed."""
        leased = self._repository.state.meta.get(LEASED_FIELD, b"")
        if leased != self._seen:
            self._follow(leased)
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
        openings = [
            partial(self._values.open_table, key, name, data) for name, data in tables.items()
        ]
        manifests = [m for opening in openings for m in readable(opening)]
        settings = self._repository.state.meta.get(SETTINGS_FIELD)
        if settings is not None:
            manifests += readable(partial(self._values.open_settings_table, key, settings))
        self._values.extend_leases(manifests, lease_s=lease_s(self._repository.ttl_s))
        self._renewed()

    def _renewed(self) -> None:
        """Note it here, and with the next write for those who open the session later.

        A tenth of the lease may have passed since a chunk's own was lengthened: the book of
        leases asks no earlier.
        """
        ttl_s = self._repository.ttl_s
        self._renew_at_s = time.monotonic() + ttl_s / _RENEWALS
        until_s = self._repository.server_now_s() + lease_s(ttl_s)
        self._repository.note_meta(LEASED_FIELD, b"%d" % until_s)


def lease_s(ttl_s: int) -> int:
    """Give the lease of chunks: a quarter longer than sessions live, and an hour."""
    return ttl_s + ttl_s // 4 + 3600
