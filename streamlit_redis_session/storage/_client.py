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

    @property
    def connection_pool(self) -> Any:
        """Connections to the server."""

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


class PlainConnection(Bounded, redis.Connection):
    """A connection over TCP."""


class _UnixConnection(Bounded, redis.UnixDomainSocketConnection):
    pass


class TLSConnection(Bounded, redis.SSLConnection):
    """A connection over TLS."""


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
    return client_of(make_pool(address))


def client_of(pool: Any) -> Client:
    """Make a client over a pool."""
    return cast("Client", redis.Redis(connection_pool=pool))


def make_pool(address: Address, **changes: Any) -> Any:
    """Make a pool of connections to one server.

    Parameters
    ----------
    address
        Of one server; hosts and service are not looked at.
    changes
        Arguments for connections that differ from what the address says.
    """
    options: dict[str, Any] = dict(address.options)
    max_connections = options.pop("max_connections", MAX_CONNECTIONS)
    options.setdefault("socket_timeout", SOCKET_TIMEOUT_S)
    options.setdefault("socket_read_size", READ_BYTES)
    options |= _place(address, options) | _no_handshake() | changes
    login = {"db": address.db, "username": address.username, "password": address.password}
    pool_class: Any = BoundedPool  # untyped in redis-py
    return pool_class(
        max_connections=max_connections,
        timeout=POOL_WAIT_S,
        protocol=2,  # RESP3 costs a HELLO and is not needed
        decode_responses=False,
        retry=Retry(NoBackoff(), 0),  # the wire tries again; twice would be four times
        **(login | options),
    )


def _place(address: Address, options: dict[str, Any]) -> dict[str, Any]:
    if address.scheme == "unix":
        return {"connection_class": _UnixConnection, "path": address.path}
    network = {
        "host": address.host,
        "port": address.port,
        "socket_connect_timeout": options.get("socket_connect_timeout", CONNECT_TIMEOUT_S),
        "socket_keepalive": options.get("socket_keepalive", True),
    }
    if not address.is_tls:
        return network | {"connection_class": PlainConnection}
    verifies = options.get("ssl_cert_reqs", "required") != "none"
    checks_name = verifies and options.get("ssl_check_hostname", True)
    return network | {
        "connection_class": TLSConnection,
        "ssl_check_hostname": checks_name,
        "redis_connect_func": _begin_encrypted,
    }


def _begin_encrypted(connection: Any) -> None:
    """Log in, or ask for any other answer.

    After the handshake of TLS 1.3 a server sends session tickets. The pool, which looks whether
    a connection that it gives out has unread bytes, would take them for answers to somebody
    else; here they are read before the answer.
    """
    connection.on_connect()
    if not (connection.password or connection.db):
        connection.send_command("PING")
        connection.read_response()


def _no_handshake() -> dict[str, None]:
    """Leave CLIENT SETINFO out; how to say so depends on redis-py's release."""
    known = inspect.signature(redis.connection.AbstractConnection.__init__).parameters
    if "driver_info" in known:
        return {"driver_info": None}
    return {"lib_name": None, "lib_version": None}
