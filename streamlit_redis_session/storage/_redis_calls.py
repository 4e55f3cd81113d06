"""One way to a server, and how it ends: what every call of the Redis backends goes through."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from itertools import islice
from typing import Any, TypeVar
from weakref import WeakSet

from redis.exceptions import ResponseError

from streamlit_redis_session.errors import StorageUnavailableError
from streamlit_redis_session.storage._base import Changed, Closing, ServerInfo, Told
from streamlit_redis_session.storage._client import Client
from streamlit_redis_session.storage._deadline import bound_s, deadline
from streamlit_redis_session.storage._durable import DurableWire
from streamlit_redis_session.storage._keys import Keys
from streamlit_redis_session.storage._listening import RedisSubscription
from streamlit_redis_session.storage._patience import Patience
from streamlit_redis_session.storage._redis_errors import (
    CAUGHT,
    is_connection_loss,
    translated,
)
from streamlit_redis_session.storage._scripts import Script
from streamlit_redis_session.storage._server_info import read_server_info
from streamlit_redis_session.storage._wire import AnyWire, Command, Wire

_T = TypeVar("_T")


class RedisCalls(Closing):
    """Sends commands and scripts, and lets no error of redis-py out.

    Parameters
    ----------
    client
        Answers bytes (``decode_responses=False``); the backend closes it.
    namespace
        The first part of every key, see ``docs/format.md``.
    where
        The address without credentials.
    revive
        Called when nobody answers at the address, before one further try: the embedded server is
        started again here.
    wait_replicas
        How many replicas must confirm a write before it counts.
    patience
        Repeats what meets a failover; ``None``: nobody takes the server's place.
    """

    def __init__(
        self,
        client: Client,
        *,
        namespace: str,
        where: str,
        revive: Callable[[], None] | None = None,
        wait_replicas: int = 0,
        patience: Patience | None = None,
    ) -> None:
        self._client = client
        self._wire, self._writes = self._wires(client, wait_replicas)
        self._patience = patience
        self._keys = Keys(namespace)
        self._where = where
        self._revive = revive
        self._subscriptions: WeakSet[RedisSubscription] = WeakSet()
        self._is_closed = False

    @staticmethod
    def _wires(client: Client, wait_replicas: int) -> tuple[AnyWire, AnyWire]:
        """Make the ways to read and to write."""
        wire = Wire(client.connection_pool)
        return wire, (DurableWire(wire, wait_replicas) if wait_replicas else wire)

    @property
    def where(self) -> str:
        """The address without credentials, fit to be shown and logged."""
        return self._where

    @property
    def connections(self) -> int:
        """How many connections were made so far; a new one may find an older state."""
        return self._wire.connections

    # the server

    def info(self) -> ServerInfo:
        """Ask the server what it is."""
        return self._run(read_server_info, self._client, self._where)

    def ping(self, *, writes: bool = False) -> None:
        """Ask for an answer, and with ``writes`` for one short-lived write; raise without one.

        Under a deadline this call alone starts an embedded server that is gone.
        """
        if writes:
            command: Command = ("SET", self._keys.probe, b"", "EX", 1)
        else:
            command = ("PING",)
        self._run(self._wire.send, *command, may_revive=True)

    def deadline(self, seconds: float) -> AbstractContextManager[None]:
        """Bound how long this thread waits for the server, each time, until the context ends."""
        return deadline(seconds)

    def subscribe(self, told: Told, changed: Changed) -> RedisSubscription:
        """Hear of every applied change that has an event, over a connection of its own."""
        subscription = RedisSubscription(self._connection, self._keys.events, told, changed)
        self._subscriptions.add(subscription)
        return subscription

    def _connection(self) -> Any:
        """Make a connection of its own, to a server that is there now."""
        pool = self._client.connection_pool
        return pool.connection_class(**pool.connection_kwargs)

    def close(self) -> None:
        """Let go of connections. The backend cannot be used afterwards."""
        self._is_closed = True
        for subscription in list(self._subscriptions):
            subscription.close()
        if self._patience is not None:
            self._patience.end()
        self._disconnect()

    def _disconnect(self) -> None:
        self._client.close()
        self._client.connection_pool.disconnect()

    # one way to the server

    def _command(self, *arguments: Any) -> Any:
        return self._run(self._wire.send, *arguments)

    def _call(self, script: Script, keys: Sequence[str], *arguments: Any) -> Any:
        return self._run(script, self._wire, keys, *arguments)

    def _change(self, script: Script, keys: Sequence[str], *arguments: Any) -> Any:
        return self._run(script, self._writes, keys, *arguments)

    def _run(self, work: Callable[..., _T], *arguments: Any, may_revive: bool = False) -> _T:
        """Do the work; let no error of redis-py out."""
        if self._is_closed:
            raise StorageUnavailableError(f"{self._where} was closed. Connect again.")
        bound = bound_s()
        if bound == 0:
            raise StorageUnavailableError(f"{self._where} does not answer at the moment.")
        try:
            if self._patience is not None:
                return self._patience(partial(work, *arguments))
            return work(*arguments)
        except CAUGHT as error:
            may_revive |= bound is None  # a start takes its time
            if self._revive is None or not may_revive or not is_connection_loss(error):
                raise translated(error, self._where) from error
        self._revive()
        try:
            return work(*arguments)
        except CAUGHT as error:
            raise translated(error, self._where) from error

    def _pipelined(self, commands: Sequence[Command], wire: AnyWire | None = None) -> list[Any]:
        """Send commands in one go; the first error among the answers is raised."""
        return self._run(_all_or_error, wire or self._wire, commands)


def _all_or_error(wire: AnyWire, commands: Sequence[Command]) -> list[Any]:
    answers = wire.send_all(commands)
    for answer in answers:
        if isinstance(answer, ResponseError):
            raise answer
    return answers


def slices(items: Sequence[_T], most: int) -> list[list[_T]]:
    """Cut into lists of at most so many."""
    remaining = iter(items)
    return list(iter(lambda: list(islice(remaining, most)), []))
