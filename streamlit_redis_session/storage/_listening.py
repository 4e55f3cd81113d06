"""Hearing of changes over Redis's channel: one connection, one thread, and it keeps trying."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from threading import Event, Thread
from typing import Any

from redis.exceptions import ConnectionError as RedisConnectionError

from streamlit_redis_session.errors import StorageUnavailableError
from streamlit_redis_session.objects import SessionKey
from streamlit_redis_session.storage._base import Changed, Told, call_listener
from streamlit_redis_session.storage._redis_errors import CAUGHT, translated

SILENCE_S = 4.0
"""After so much silence the server is asked whether it is still there (a managed one bills it)."""
ANSWER_S = 1.5
"""How long it may take to answer that."""
SLICE_S = 0.5
"""How long a closed subscription may go on reading."""
FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 2.0
REFUSED_PAUSE_S = 30.0
"""Before the next try at a server that takes no SUBSCRIBE."""

_LOGGER = logging.getLogger(__name__)


class RedisSubscription:
    """One channel, heard until ``close()``; a lost connection is replaced.

    Parameters
    ----------
    connect
        Makes a connection of redis-py that nobody else uses: to the server, or to any node of a
        cluster, since each of them passes on what is published at another.
    channel
        Its messages are ``<session key> <seq> <event>``; others are passed over.
    told, changed
        As for ``Backend.subscribe``.
    """

    def __init__(
        self, connect: Callable[[], Any], channel: str, told: Told, changed: Changed
    ) -> None:
        self._connect = connect
        self._channel = channel
        self._told = told
        self._changed = changed
        self._is_live = False
        self._closed = Event()
        Thread(target=self._listen, name="streamlit-redis-session-live", daemon=True).start()

    @property
    def is_live(self) -> bool:
        """Whether changes are told at the moment, as far as is known."""
        return self._is_live and not self._closed.is_set()

    def close(self) -> None:
        """Hear no more; the connection is closed within half a second."""
        self._closed.set()

    def _listen(self) -> None:
        pause_s = FIRST_PAUSE_S
        while not self._closed.is_set():
            try:
                self._listen_once()
            except CAUGHT as error:
                if self._is_live:
                    pause_s = FIRST_PAUSE_S
                self._to(is_live=False)
                _LOGGER.debug("Changes are not heard at the moment: %s", error)
                if not isinstance(translated(error, ""), StorageUnavailableError):
                    pause_s = REFUSED_PAUSE_S
            self._closed.wait(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    def _listen_once(self) -> None:
        """Connect and hear until closed.

        Raises
        ------
        redis.exceptions.RedisError, OSError
            The connection is lost, silent, or refused.
        """
        connection = self._connect()
        try:
            connection.connect()
            _send(connection, "SUBSCRIBE", self._channel)
            self._hear(connection)
        finally:
            connection.disconnect()

    def _hear(self, connection: Any) -> None:
        heard_at, asked_at = time.monotonic(), 0.0
        while not self._closed.is_set():
            if connection.can_read(timeout=SLICE_S):
                self._take(connection.read_response())
                heard_at, asked_at = time.monotonic(), 0.0
                continue
            now = time.monotonic()
            if asked_at and now - asked_at > ANSWER_S:
                raise RedisConnectionError("No answer to PING.")
            if not asked_at and now - heard_at > SILENCE_S:
                _send(connection, "PING")
                asked_at = now

    def _take(self, answer: Any) -> None:
        """Take what the channel sends: a confirmation, a message, or an answer to PING."""
        if not isinstance(answer, list) or len(answer) < 3 or self._closed.is_set():
            return
        if answer[0] == b"subscribe":
            self._to(is_live=True)
        elif answer[0] == b"message":
            try:
                key, seq, event = answer[2].split(b" ", 2)
                change = SessionKey(key.decode("ascii")), int(seq), event
            except ValueError:  # whoever may publish can send anything
                return
            call_listener(self._told, *change)

    def _to(self, *, is_live: bool) -> None:
        was_live, self._is_live = self._is_live, is_live
        if is_live or was_live:
            call_listener(self._changed, is_live)


def _send(connection: Any, *command: str) -> None:
    """Send without redis-py's own look at the connection's health, which expects other answers."""
    connection.send_packed_command(connection.pack_command(*command), check_health=False)
