"""``connect()``: from a URL to a store."""

from __future__ import annotations

import sys
from datetime import timedelta

from streamlit_redis_session.chunks import Keys
from streamlit_redis_session.errors import ConfigurationError
from streamlit_redis_session.objects import Limits
from streamlit_redis_session.session._store import Store
from streamlit_redis_session.storage import environment_ttl, open_backend, resolve_url

DEFAULT_TTL = timedelta(days=7)


def connect(
    url: str | None = None,
    *,
    namespace: str = "srs",
    ttl: timedelta | None = None,
    secret: str | bytes | None = None,
    encrypt: bool = False,
    limits: Limits | None = None,
) -> Store:
    """Open a store of sessions. Nothing is sent before the first use.

    Parameters
    ----------
    url
        ``redis://``, ``rediss://``, ``unix://``, ``redis+cluster://``, ``rediss+cluster://``,
        ``redis+sentinel://``, ``rediss+sentinel://``, ``embedded://`` (a server of this machine's
        user, started when needed), ``embedded:///some/dir`` or ``memory://`` (this process
        alone). ``None``: the environment variable ``STREAMLIT_REDIS_SESSION_URL``, then
        Streamlit's ``secrets.toml`` (``[connections.redis_session] url``) when Streamlit runs,
        then ``REDIS_URL``, then ``UPSTASH_REDIS_REST_URL`` with ``UPSTASH_REDIS_REST_TOKEN``,
        then ``embedded://``.
    namespace
        The first part of every key; namespaces of one server share nothing.
    ttl
        How long a session lives after its last use; ``None``: ``SESSION_TTL_MINUTES`` from the
        environment, otherwise 7 days.
    secret
        Keys the digests of everything stored. All programs of one product use the same.
    encrypt
        Reserved; this release stores values compressed, not encrypted.
    limits
        How much a session may hold.

    Raises
    ------
    ConfigurationError
        The URL has an unknown scheme or query argument, or another argument cannot be used.
    """
    if encrypt:
        raise ConfigurationError(
            "encrypt=True is not available in this release. Use rediss:// and a server with "
            "encrypted disks, or leave it out."
        )
    if ttl is None:
        ttl = environment_ttl() or DEFAULT_TTL
    if ttl < timedelta(seconds=1):
        raise ConfigurationError(f"ttl must be at least one second, not {ttl}.")
    backend = open_backend(
        resolve_url(url, streamlit_secret=_streamlit_secret), namespace=namespace
    )
    keys = Keys.derive(secret, namespace=namespace)
    return Store(backend, keys, namespace=namespace, ttl=ttl, limits=limits or Limits())


def _streamlit_secret() -> str | None:
    """Read the URL from ``secrets.toml``, but only in a program that runs Streamlit already."""
    streamlit = sys.modules.get("streamlit")
    if streamlit is None or not streamlit.runtime.exists():
        return None
    try:
        url = streamlit.secrets["connections"]["redis_session"]["url"]
    except (KeyError, FileNotFoundError):  # StreamlitSecretNotFoundError is a FileNotFoundError
        return None
    return str(url)
