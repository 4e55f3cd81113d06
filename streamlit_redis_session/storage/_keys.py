"""The names of keys in Redis, and what a namespace and a call may look like."""

from __future__ import annotations

import re

from streamlit_redis_session.errors import ConfigurationError
from streamlit_redis_session.objects import ChunkId, SessionKey
from streamlit_redis_session.storage._base import Transaction

NAMESPACE = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_TX_ID = re.compile(r"[A-Za-z0-9_-]{16}")
OWN_META = frozenset({"epoch", "created_at", "seq", "applied"})
"""Fields of a session's meta that the backend writes itself."""


class Keys:
    """The names of all keys of one namespace.

    The five keys of a session share a hash tag, so that a cluster holds them in one slot.
    """

    __slots__ = ("_chunk_prefix", "events", "index", "namespace", "probe", "sweep")

    def __init__(self, namespace: str) -> None:
        self.namespace = checked_namespace(namespace)
        self.index = f"{namespace}:sessions"
        """Sorted set: session key by the time it expires, in ms since 1970."""
        self.events = f"{namespace}:events"
        """Channel: ``<session key> <seq> <event>``."""
        self.probe = f"{namespace}:probe"
        """Empty, gone after a second: written to learn whether the server takes writes."""
        self.sweep = f"{namespace}:sweep"
        """String: another value whenever chunks are taken away before their leases end."""
        self._chunk_prefix = f"{namespace}:c:"

    def meta(self, key: SessionKey) -> str:
        """Hash: epoch, created_at, seq, applied, and callers' fields."""
        return f"{{{self.namespace}:{key}}}:meta"

    def graph(self, key: SessionKey) -> str:
        """Hash: version id to record."""
        return f"{{{self.namespace}:{key}}}:graph"

    def refs(self, key: SessionKey) -> str:
        """Hash: ref name to value."""
        return f"{{{self.namespace}:{key}}}:refs"

    def tables(self, key: SessionKey) -> str:
        """Hash: manifest id to manifest."""
        return f"{{{self.namespace}:{key}}}:tables"

    def session(self, key: SessionKey) -> tuple[str, ...]:
        """Give what the scripts call KEYS: the five keys of a session, then the index."""
        tag = f"{{{self.namespace}:{key}}}:"
        return (
            tag + "meta",
            tag + "graph",
            tag + "refs",
            tag + "tables",
            tag + "events",
            self.index,
        )

    def chunk(self, chunk_id: ChunkId) -> str:
        """Name a chunk, shared by all sessions of the namespace."""
        return self._chunk_prefix + chunk_id


def checked_namespace(namespace: str) -> str:
    """Give the namespace back, or say what one may look like."""
    if not NAMESPACE.fullmatch(namespace):
        raise ConfigurationError(
            f"Namespace {namespace!r} cannot be used: it must be 1 to 64 letters, digits, "
            "'_', '-' or '.', such as 'srs'."
        )
    return namespace


def check_seconds(seconds: int) -> None:
    """Refuse a time to live or lease that would remove what it is set on."""
    if seconds < 1:
        raise ValueError(f"A time to live must be at least 1 second, not {seconds}.")


def check_transaction(transaction: Transaction) -> None:
    """Refuse what no backend may be asked to do."""
    check_seconds(transaction.ttl_s)
    if not _TX_ID.fullmatch(transaction.tx_id):
        raise ValueError(f"{transaction.tx_id!r} is no tx_id: 16 of A-Z a-z 0-9 _ -")
    if transaction.put_chunks:
        check_seconds(transaction.lease_s)
    if own := OWN_META & transaction.set_meta.keys():
        raise ValueError(f"Meta fields {sorted(own)} belong to the backend.")
