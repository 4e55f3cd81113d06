"""Writes that count only when replicas have them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from redis.exceptions import RedisError, ResponseError

from streamlit_redis_session.storage._wire import AnyWire

WAIT_MS = 1000
"""How long one WAIT may take; the timeout of a socket is longer."""

_TOUCH = (
    "local at = redis.call('PEXPIRETIME', KEYS[1]) "
    "if at > 0 then redis.call('PEXPIREAT', KEYS[1], at) end"
)
"""Writes what is there already. WAIT waits for the last write of its own connection, and a write
that is repeated over another one may find that it has nothing left to do."""


class TooFewReplicasError(RedisError):
    """A write is done, but fewer replicas than asked for have confirmed it in time."""

    def __init__(self, wanted: int, confirmed: int) -> None:
        super().__init__(f"{confirmed} of {wanted} replicas confirmed the write")


class DurableWire:
    """Sends commands to one server and waits until replicas have what they wrote.

    Parameters
    ----------
    wire
        To the server.
    replicas
        How many must confirm.
    """

    def __init__(self, wire: AnyWire, replicas: int) -> None:
        self._wire = wire
        self._replicas = replicas

    @property
    def connections(self) -> int:
        """How many connections were made so far."""
        return self._wire.connections

    def send(self, *command: Any) -> Any:
        """Send one command and give its answer, as ``Wire.send`` does."""
        answer = self.send_all((command,))[0]
        if isinstance(answer, ResponseError):
            raise answer
        return answer

    def send_all(self, commands: Sequence[Sequence[Any]]) -> list[Any]:
        """Send commands in one go, with the waiting at their end.

        Raises
        ------
        TooFewReplicasError
            The writes are done, and may be lost with the server. They may be repeated.
        redis.exceptions.ResponseError
            One of several commands was answered with an error.
        """
        touches = ("EVAL", _TOUCH, 1, key_of(commands[-1]))
        waits = ("WAIT", self._replicas, WAIT_MS)
        *answers, touched, confirmed = self._wire.send_all([*commands, touches, waits])
        if len(answers) == 1 and isinstance(answers[0], ResponseError):
            return answers
        for answer in (*answers, touched, confirmed):
            if isinstance(answer, ResponseError):
                raise answer  # some were written, and nobody would wait for those
        if confirmed < self._replicas:
            raise TooFewReplicasError(self._replicas, confirmed)
        return answers


def key_of(command: Sequence[Any]) -> str | None:
    """Give the first key of a command that this package sends; ``None`` when it has none."""
    if command[0] in ("EVALSHA", "EVAL"):
        return str(command[3]) if command[2] else None
    return None if command[0] in _KEYLESS else str(command[1])


_KEYLESS = frozenset({"CLUSTER", "INFO", "PING", "PUBLISH", "TIME", "WAIT"})
