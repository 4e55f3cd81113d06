"""Bytes and refs under names: memory, Redis or Valkey, and the embedded server.

Redis is imported only when a URL needs it.
"""

from streamlit_redis_session.storage._base import (
    DELETED,
    Backend,
    Outcome,
    ServerInfo,
    SessionLives,
    SessionRecord,
    Subscription,
    Transaction,
)
from streamlit_redis_session.storage._environment import environment_ttl
from streamlit_redis_session.storage._open import open_backend
from streamlit_redis_session.storage._url import resolve_url

__all__ = [
    "DELETED",
    "Backend",
    "Outcome",
    "ServerInfo",
    "SessionLives",
    "SessionRecord",
    "Subscription",
    "Transaction",
    "environment_ttl",
    "open_backend",
    "resolve_url",
]
