"""One way to the server: commands out, answers in, over as little of redis-py as that takes.

``redis.Redis.execute_command`` costs more than the round trip itself on a local server. What it
does for a command is done here as well: a connection of the pool, the packing, the reading, one
more try after a lost connection. Nothing is parsed: answers are what RESP2 says.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from streamlit_redis_session.storage._deadline import bound_s, least_s

Command: TypeAlias = Sequence[Any]

RETRY_PAUSE_S = 0.02
RETRY_WITHIN_S = 2.5
"""What took longer than one timeout is not tried again: nobody shall wait for three."""


class AnyWire(Protocol):
    """A way to one server, or to several."""

    @property
    def connections(self) -> int:
        """How many connections were made so far."""

    def send(self, *command: Any) -> Any:
        """Send one command and give its answer; what the server answers as an error is raised."""

    def send_all(self, commands: Sequence[Command]) -> list[Any]:
        """Send commands in one go; errors that a server answered stand among the answers."""


class Wire:
    """Sends commands over the connections of a pool. Safe to use from any thread.

    The connection used last is kept out of the pool's queue, where each visit would poll its
    socket and take locks. One that the server has closed meanwhile shows at the next read, and
    the commands are sent again: every call of a backend may be repeated.
    """

    def __init__(self, pool: Any) -> None:
        self._pool = pool
        self._spare: list[Any] = []
        self._most_spare = 1 if pool.max_connections > 1 else 0  # nobody may wait for a spare
        self._pid = os.getpid()
        self.connections = 0
        """How many were made so far."""
        self._log_in = pool.connection_kwargs.get("redis_connect_func")
        pool.connection_kwargs["redis_connect_func"] = self._connected

    def _connected(self, connection: Any) -> None:
        """Greet a server, as redis-py or the pool's owner would, and count."""
        if self._log_in is None:
            connection.on_connect()
        else:
            self._log_in(connection)
        self.connections += 1

    def send(self, *command: Any) -> Any:
        """Send one command and give its answer.

        Raises
        ------
        redis.exceptions.RedisError, OSError
            As redis-py does; an error that the server answered leaves the connection usable.
        """
        answer = self.send_all((command,))[0]
        if isinstance(answer, ResponseError):
            raise answer
        return answer

    def send_all(self, commands: Sequence[Command]) -> list[Any]:
        """Send commands in one go; errors that the server answered stand among the answers."""
        began_s = time.monotonic()
        try:
            return self._send_once(commands)
        except (RedisConnectionError, RedisTimeoutError, OSError) as error:
            if time.monotonic() - began_s > RETRY_WITHIN_S or _used_up(error):
                raise
        time.sleep(RETRY_PAUSE_S)
        return self._send_once(commands)

    def _send_once(self, commands: Sequence[Command]) -> list[Any]:
        connection = self._take()
        try:
            return _exchange(connection, commands)
        finally:
            self._give_back(connection)

    def _take(self) -> Any:
        if self._pid != os.getpid():  # a fork: the sockets are the parent's
            self._spare, self._pid = [], os.getpid()
        try:
            return self._spare.pop()
        except IndexError:
            return self._pool.get_connection()

    def _give_back(self, connection: Any) -> None:
        if len(self._spare) < self._most_spare and self._pid == connection.pid:
            self._spare.append(connection)
        else:
            self._pool.release(connection)


def _exchange(connection: Any, commands: Sequence[Command]) -> list[Any]:
    """Write all commands, then read as many answers.

    Whatever breaks in between would leave answers on the connection that belong to nobody, so
    it is closed.
    """
    packed = (
        connection.pack_command(*commands[0])
        if len(commands) == 1
        else connection.pack_commands(commands)
    )
    bound = bound_s()
    try:
        connection.connect()
        if bound is not None:
            _set_timeout(connection, least_s(connection.socket_timeout))
        connection.send_packed_command(packed)
        answers = [_answer(connection) for _ in commands]
        if bound is not None:
            _set_timeout(connection, connection.socket_timeout)
    except BaseException:
        connection.disconnect()
        raise
    return answers


def _answer(connection: Any) -> Any:
    try:
        return connection.read_response()
    except ResponseError as error:
        return error


def _set_timeout(connection: Any, seconds: float | None) -> None:
    """Set how long an open connection waits; redis-py sets it when it connects only."""
    connection._sock.settimeout(seconds)  # noqa: SLF001


def _used_up(error: Exception) -> bool:
    """Say whether this thread's deadline has passed with the error."""
    return bound_s() is not None and isinstance(error, (RedisTimeoutError, TimeoutError))
