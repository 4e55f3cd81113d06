"""Connections to the server that sentinels name the primary."""

from __future__ import annotations

import time
from typing import Any

from redis.exceptions import (
    ConnectionError as RedisConnectionError,
)
from redis.exceptions import (
    NoPermissionError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)

from streamlit_redis_session.storage._client import PlainConnection, TLSConnection, make_pool
from streamlit_redis_session.storage._url import Address
from streamlit_redis_session.storage._wire import Wire

SENTINEL_TIMEOUT_S = 0.5
"""For one sentinel; another one may answer when this one does not."""


LATE_S = 0.5
"""An answer that took longer is believed when sentinels still name the server that gave it: one
that was frozen takes itself for the primary for some seconds after it has been replaced."""


class UnknownServiceError(ResponseError):
    """All sentinels that answer know no service of this name."""


class Sentinels:
    """The sentinels of one service.

    Parameters
    ----------
    address
        Their hosts, their login, and the name of the service.
    """

    def __init__(self, address: Address) -> None:
        self._service = address.service
        self._wires = [Wire(_sentinel_pool(address, host, port)) for host, port in address.hosts]

    def primary(self) -> tuple[str, int]:
        """Ask one sentinel after the other where the primary is.

        Raises
        ------
        redis.exceptions.RedisError, OSError
            No sentinel answered, or they know no such service.
        """
        failure: Exception | None = None
        for wire in list(self._wires):
            try:
                found = wire.send("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._service)
            except (RedisError, OSError) as error:
                failure = failure or error
                continue
            if found is not None:
                self._ask_first(wire)
                return found[0].decode(), int(found[1])
            failure = UnknownServiceError(f"no such service: {self._service}")
        assert failure is not None, "an address has at least one host"
        raise failure from failure.__context__  # which this raise would lose

    def _ask_first(self, wire: Wire) -> None:
        if self._wires[0] is not wire:
            self._wires = [wire, *(other for other in self._wires if other is not wire)]


def make_sentinel_pool(address: Address) -> Any:
    """Make a pool whose connections go to the primary, wherever that is when they connect."""
    sentinels = Sentinels(address)
    kind = _TLSPrimaryConnection if address.is_tls else _PrimaryConnection
    return make_pool(
        address,
        connection_class=kind,
        sentinels=sentinels,
        redis_connect_func=_log_in_and_check_the_role,
    )


def _sentinel_pool(address: Address, host: str, port: int) -> Any:
    timeout_s = min(SENTINEL_TIMEOUT_S, float(address.options.get("socket_timeout", 60)))
    return make_pool(
        address.at(host, port),
        db=0,
        username=address.sentinel_username,
        password=address.sentinel_password,
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
    )


def _log_in_and_check_the_role(connection: Any) -> None:
    """Refuse a server that is no primary any more, or not yet: sentinels may be behind."""
    connection.on_connect()
    connection.send_command("ROLE")
    try:
        role = connection.read_response()[0]
    except NoPermissionError:
        return  # writes to a replica are refused in any case
    if role != b"master":
        raise RedisConnectionError(f"{connection.host}:{connection.port} is not the primary now")


class _ToPrimary:
    """What a connection does when it connects, and when its server stops being the primary."""

    def __init__(self, *, sentinels: Sentinels, **options: Any) -> None:
        self._sentinels = sentinels
        self._asked_at = 0.0
        super().__init__(**options)

    def _connect(self) -> Any:
        self.host, self.port = self._sentinels.primary()
        return super()._connect()  # type: ignore[misc]

    def send_packed_command(self, *arguments: Any, **options: Any) -> None:
        """Send commands, and note when."""
        self._asked_at = time.monotonic()
        super().send_packed_command(*arguments, **options)  # type: ignore[misc]

    def read_response(self, *arguments: Any, **options: Any) -> Any:
        """Read an answer; a server that is no primary any more is left."""
        try:
            return super().read_response(*arguments, **options)  # type: ignore[misc]
        except ReadOnlyError as error:
            raise RedisConnectionError(f"{self.host}:{self.port} is a replica now") from error
        finally:
            self._check_if_late()

    def _check_if_late(self) -> None:
        now = time.monotonic()
        if now - self._asked_at <= LATE_S:
            return
        self._asked_at = now
        if self._sentinels.primary() != (self.host, self.port):
            raise RedisConnectionError(f"{self.host}:{self.port} has been replaced")


class _PrimaryConnection(_ToPrimary, PlainConnection):
    pass


class _TLSPrimaryConnection(_ToPrimary, TLSConnection):
    pass
