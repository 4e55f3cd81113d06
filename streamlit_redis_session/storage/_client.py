"""A redis-py client for an address: short timeouts, no retries, no handshake it can do without."""

from __future__ import annotations

import inspect
from typing import Any, Protocol, cast

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from streamlit_redis_session.storage._deadline import bound_s, least_s
from streamlit_redis_session.storage._url import Address

SOCKET_TIMEOUT_S = 2.0
CONNECT_TIMEOUT_S = 2.0
READ_BYTES = 512 * 1024
"""Asked of the socket at once; chunks are larger than redis-py's 64 KiB."""
MAX_CONNECTIONS = 32
POOL_WAIT_S = 10.0
"""How long a thread waits for another one's connection."""


class Client(Protocol):
    """What is used of redis-py, whose own methods carry no types."""

    connection_pool: Any

    def execute_command(self, *arguments: Any) -> Any:
        """Send one command and give its answer."""

    def pipeline(self, transaction: bool = ...) -> Any:
        """Collect commands to be sent together."""

    def close(self) -> None:
        """Give the connection back."""


class Bounded:
    """A connection that keeps the deadline of the thread that connects it."""

    socket_timeout: Any
    socket_connect_timeout: Any

    def connect(self) -> None:
        """Connect, if that is still to be done."""
        connect: Any = super()
        if bound_s() is None:
            connect.connect()
            return
        usual = self.socket_timeout, self.socket_connect_timeout
        self.socket_timeout, self.socket_connect_timeout = map(least_s, usual)
        try:
            connect.connect()
        finally:
            self.socket_timeout, self.socket_connect_timeout = usual


class _Connection(Bounded, redis.Connection):
    pass


class _SSLConnection(Bounded, redis.SSLConnection):
    pass


class _UnixConnection(Bounded, redis.UnixDomainSocketConnection):
    pass


class BoundedPool(redis.BlockingConnectionPool):
    """A pool in which a thread with a deadline waits no longer for another one's connection."""

    _wait_s: float | None = None

    @property
    def timeout(self) -> float | None:  # read by redis-py at each wait
        """How long to wait for a connection."""
        return least_s(self._wait_s)

    @timeout.setter
    def timeout(self, seconds: float | None) -> None:
        self._wait_s = seconds


def make_client(address: Address) -> Client:
    """Make a client that answers bytes and connects at its first command."""
    options: dict[str, Any] = dict(address.options)
    max_connections = options.pop("max_connections", MAX_CONNECTIONS)
    options.setdefault("socket_timeout", SOCKET_TIMEOUT_S)
    options.setdefault("socket_read_size", READ_BYTES)
    options |= _place(address, options) | _no_handshake()
    pool_class: Any = BoundedPool  # untyped in redis-py
    pool = pool_class(
        max_connections=max_connections,
        timeout=POOL_WAIT_S,
        db=address.db,
        username=address.username,
        password=address.password,
        protocol=2,  # RESP3 costs a HELLO and is not needed
        decode_responses=False,
        retry=Retry(NoBackoff(), 0),  # the wire tries again; twice would be four times
        **options,
    )
    return cast("Client", redis.Redis(connection_pool=pool))


def _place(address: Address, options: dict[str, Any]) -> dict[str, Any]:
    if address.scheme == "unix":
        return {"connection_class": _UnixConnection, "path": address.path}
    network = {
        "host": address.host,
        "port": address.port,
        "socket_connect_timeout": options.get("socket_connect_timeout", CONNECT_TIMEOUT_S),
        "socket_keepalive": options.get("socket_keepalive", True),
    }
    if address.scheme == "redis":
        return network | {"connection_class": _Connection}
    verifies = options.get("ssl_cert_reqs", "required") != "none"
    checks_name = verifies and options.get("ssl_check_hostname", True)
    return network | {"connection_class": _SSLConnection, "ssl_check_hostname": checks_name}


def _no_handshake() -> dict[str, None]:
    """Leave CLIENT SETINFO out; how to say so depends on redis-py's release."""
    known = inspect.signature(redis.connection.AbstractConnection.__init__).parameters
    if "driver_info" in known:
        return {"driver_info": None}
    return {"lib_name": None, "lib_version": None}
