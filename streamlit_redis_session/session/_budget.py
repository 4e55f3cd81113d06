"""How much a session may hold: its bytes, and how many versions."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from streamlit_redis_session.chunks import Plan
from streamlit_redis_session.errors import LimitExceededError, SessionStoreError
from streamlit_redis_session.history import Repository, ValueStore, measured, prune
from streamlit_redis_session.objects import ChunkId, Head, Limits
from streamlit_redis_session.storage import Backend

_LOGGER = logging.getLogger(__name__)

BYTES_FIELD = "bytes"
"""Field of a session's meta: no fewer bytes than the session's chunks have together."""
_WAY_OUT = (
    "Nothing is lost: what is not saved stays as it is. Take old versions out with "
    "session.prune(keep=...), or raise the limit with connect(limits=Limits(session_bytes=...))."
)


class Budget:
    """Keeps a session within its limits, without counting anew at each commit.

    What a commit adds is counted by its bytes before compression, which is too much. When that
    sum passes the limit, everything is measured, and the true sum takes its place.
    """

    def __init__(
        self, backend: Backend, values: ValueStore, repository: Repository, limits: Limits
    ) -> None:
        self._backend = backend
        self._values = values
        self._repository = repository
        self._limits = limits

    def check(self, plans: Sequence[Plan], along: Mapping[ChunkId, bytes]) -> None:
        """See that there is room for what a commit adds.

        Parameters
        ----------
        plans
            What is to be committed.
        along
            Those of its chunks that are not stored yet, sealed.

        Raises
        ------
        LimitExceededError
            The session's chunks would be more bytes than it may have; nothing was committed.
        """
        limit = self._limits.session_bytes
        if limit is None:
            return
        known = counted_bytes(self._repository.state.meta)
        chunks = {c: p.nbytes for plan in plans for c, p in plan.chunks.items()}
        chunks |= {c: len(sealed) for c, sealed in along.items()}
        total = None if known is None else known + sum(chunks.values())
        if total is None or total > limit:
            total = measured(self._backend, self._values, self._repository.key, chunks)
        if total > limit:
            raise LimitExceededError("This session", size=total, limit=limit, hint=_WAY_OUT)
        self._repository.note_meta(BYTES_FIELD, b"%d" % total)

    def prune_if_due(self, shown: Head) -> None:
        """Take out the oldest versions when there are too many; a tenth of them at a time."""
        most = self._limits.session_versions
        if most is None or self._repository.state.version_count <= most:
            return
        try:
            report = prune(self._repository, max(1, most - most // 10), shown=shown)
        except SessionStoreError as error:  # the commit is made: the next one tries again
            _LOGGER.warning("Old versions could not be taken out: %s", error)
            return
        if report.removed:
            _LOGGER.info("Beyond %d versions: %s.", most, report)


def counted_bytes(meta: Mapping[str, bytes]) -> int | None:
    """Read how many bytes a session has at most; ``None``: nobody has counted."""
    known = meta.get(BYTES_FIELD, b"")
    return int(known) if known.isdigit() and len(known) < 20 else None
