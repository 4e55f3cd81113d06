"""Bytes and refs under names: memory, Redis or Valkey, and the embedded server.

Redis is imported only when a URL needs it.
"""

from streamlit_redis_session.storage._base import (
    DELETED,
    Backend,
    Closing,
    Outcome,
    ServerInfo,
    SessionLives,
    SessionRecord,
    Subscription,
    Transaction,
)
from streamlit_redis_session.storage._environment import (
    Environment,
    environment_secret,
    environment_ttl,
    is_debugging,
    read_environment,
)
from streamlit_redis_session.storage._open import open_backend
from streamlit_redis_session.storage._serving import embedded_folder, serve_embedded
from streamlit_redis_session.storage._url import Address, parse_url, resolve_url

__all__ = [
    "DELETED",
    "Address",
    "Backend",
    "Closing",
    "Environment",
    "Outcome",
    "ServerInfo",
    "SessionLives",
    "SessionRecord",
    "Subscription",
    "Transaction",
    "embedded_folder",
    "environment_secret",
    "environment_ttl",
    "is_debugging",
    "open_backend",
    "parse_url",
    "read_environment",
    "resolve_url",
    "serve_embedded",
]
