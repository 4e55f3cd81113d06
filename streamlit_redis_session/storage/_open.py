"""From a URL to a backend; Redis is imported only when the URL needs it."""

from __future__ import annotations

import sys

from streamlit_redis_session.errors import ConfigurationError
from streamlit_redis_session.storage._base import Backend
from streamlit_redis_session.storage._environment import read_environment
from streamlit_redis_session.storage._keys import checked_namespace
from streamlit_redis_session.storage._memory import MemoryBackend
from streamlit_redis_session.storage._memory_store import shared_store
from streamlit_redis_session.storage._url import (
    CLUSTER_SCHEMES,
    SENTINEL_SCHEMES,
    Address,
    parse_url,
)


def open_backend(url: str, *, namespace: str) -> Backend:
    """Open the store at a URL; nothing is sent before the first call.

    Parameters
    ----------
    url
        ``redis://``, ``rediss://``, ``unix://``, ``redis+cluster://``, ``rediss+cluster://``,
        ``redis+sentinel://``, ``rediss+sentinel://``, ``embedded://``, ``embedded:///some/dir``,
        ``memory://``. All backends of one ``memory://`` URL and namespace in a process share
        their data, which goes when the last of them is closed.
    namespace
        The first part of every key: 1 to 64 letters, digits, ``_``, ``-`` or ``.``.

    Raises
    ------
    ConfigurationError
        The URL or the namespace cannot be used, or no server for ``embedded://`` is installed.
    """
    checked_namespace(namespace)
    address = parse_url(url)
    if address.scheme == "memory":
        store = shared_store(address.host, namespace)
        return MemoryBackend(namespace, store=store, where=address.where)
    if address.scheme == "embedded":
        return _open_embedded(address, namespace)
    if address.scheme in CLUSTER_SCHEMES:
        return _open_cluster(address, namespace)
    if address.scheme in SENTINEL_SCHEMES:
        return _open_sentinel(address, namespace)
    return _open_redis(address, namespace)


def _open_redis(address: Address, namespace: str) -> Backend:
    from streamlit_redis_session.storage._client import make_client  # noqa: PLC0415  # lazy redis
    from streamlit_redis_session.storage._redis import RedisBackend  # noqa: PLC0415  # lazy redis

    kind = RedisBackend
    if address.few_commands:
        from streamlit_redis_session.storage._few_commands import (  # noqa: PLC0415  # lazy redis
            FewCommandsBackend,
        )

        kind = FewCommandsBackend
    return kind(
        make_client(address),
        namespace=namespace,
        where=address.where,
        wait_replicas=address.wait_replicas,
    )


def _open_sentinel(address: Address, namespace: str) -> Backend:
    from streamlit_redis_session.storage._client import client_of  # noqa: PLC0415  # lazy redis
    from streamlit_redis_session.storage._patience import Patience  # noqa: PLC0415  # lazy redis
    from streamlit_redis_session.storage._redis import RedisBackend  # noqa: PLC0415  # lazy redis
    from streamlit_redis_session.storage._sentinel import (  # noqa: PLC0415  # lazy redis
        make_sentinel_pool,
    )

    return RedisBackend(
        client_of(make_sentinel_pool(address)),
        namespace=namespace,
        where=address.where,
        wait_replicas=address.wait_replicas,
        patience=Patience(),
    )


def _open_cluster(address: Address, namespace: str) -> Backend:
    from streamlit_redis_session.storage._cluster_backend import (  # noqa: PLC0415  # lazy redis
        ClusterBackend,
        ClusterClient,
    )
    from streamlit_redis_session.storage._patience import Patience  # noqa: PLC0415  # lazy redis

    return ClusterBackend(
        ClusterClient(address),
        namespace=namespace,
        where=address.where,
        wait_replicas=address.wait_replicas,
        patience=Patience(),
    )


def _open_embedded(address: Address, namespace: str) -> Backend:
    if sys.platform == "win32":
        raise ConfigurationError(
            "embedded:// needs Linux or macOS. Use the redis:// URL of a server, or memory:// "
            "to keep nothing."
        )
    from streamlit_redis_session.storage._embedded import (  # noqa: PLC0415  # lazy redis
        open_embedded,
    )

    return open_embedded(address, namespace=namespace, environment=read_environment())
