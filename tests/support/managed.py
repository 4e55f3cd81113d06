"""A managed Redis: a TCP proxy that refuses what such a service refuses, and counts commands.

The limits and their texts are those that Upstash documents. Every command of a pipeline counts.
"""

from __future__ import annotations

import contextlib
import socket
from collections import Counter
from collections.abc import Sequence
from types import TracebackType
from typing import BinaryIO

from typing_extensions import Self

from support.relay import Relay
from support.servers import RedisServer

REQUEST_BYTES = 10_000_000
RECORD_BYTES = 100_000_000
KNOWN = frozenset(
    {"AUTH", "SELECT", "PING", "INFO", "SUBSCRIBE", "EVAL", "EVALSHA", "SET", "MGET", "EXISTS"}
    | {"HGET", "HMGET", "HGETALL", "HKEYS", "WAIT", "GET", "STRLEN", "PTTL", "EXPIRE"}
)
"""What this package may send."""


class ManagedServer(Relay):
    """A real server behind the limits of a managed one.

    Parameters
    ----------
    refused
        More commands that are not available.
    request_bytes
        Of one command, or of its answer.
    record_bytes
        Of all that one key holds.
    """

    def __init__(
        self,
        *,
        refused: Sequence[str] = (),
        request_bytes: int = REQUEST_BYTES,
        record_bytes: int = RECORD_BYTES,
    ) -> None:
        super().__init__()
        self.server = RedisServer()
        self.counts: Counter[str] = Counter()
        self.largest_bytes = 0
        self._known = KNOWN - frozenset(refused)
        self._request_bytes = request_bytes
        self._record_bytes = record_bytes

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0?few_commands=1&socket_timeout=10"

    def __enter__(self) -> Self:
        self.server.start()
        return super().__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        super().__exit__(kind, error, traceback)
        self.server.stop()

    def taken(self) -> dict[str, int]:
        """Give the commands since the last time, and count anew."""
        counts, self.counts = self.counts, Counter()
        return dict(counts)

    def restart_scripts(self) -> None:
        """Lose the script cache, as a restart does."""
        with self.server.client() as client:
            client.script_flush()

    def _accepted(self, client: socket.socket) -> None:
        upstream = socket.create_connection(("127.0.0.1", self.server.port))
        self._sockets.append(upstream)
        self._run(self._serve, client, upstream)

    def _serve(self, client: socket.socket, upstream: socket.socket) -> None:
        with (
            contextlib.suppress(OSError, EOFError),
            client.makefile("rb") as requests,
            upstream.makefile("rb") as replies,
        ):
            while True:
                raw, command = _request(requests)
                refusal = self._refusal(raw, command, upstream, replies)
                if refusal is None:
                    upstream.sendall(raw)
                    reply = _reply(replies)
                    too_large = len(reply) > self._request_bytes
                    refusal = "ERR max request size exceeded" if too_large else None
                client.sendall(reply if refusal is None else f"-{refusal}\r\n".encode())

    def _refusal(
        self, raw: bytes, command: list[bytes], upstream: socket.socket, replies: BinaryIO
    ) -> str | None:
        name = command[0].decode().upper()
        self.counts[name] += 1
        self.largest_bytes = max(self.largest_bytes, len(raw))
        if name not in self._known:
            return f"ERR Command is not available: '{name}'"
        if len(raw) > self._request_bytes:
            return "ERR max request size exceeded"
        if name == "SELECT" and command[1] != b"0":
            return f"ERR Only 0th database is supported! Selected DB: {command[1].decode()}"
        keys = command[3 : 3 + int(command[2])] if name in ("EVAL", "EVALSHA") else []
        session = keys[:6] if len(keys) >= 6 else []  # reading is not affected
        for key in session:
            upstream.sendall(_packed(b"MEMORY", b"USAGE", key))
            used = _reply(replies)
            if not used.startswith(b"$") and int(used[1:]) > self._record_bytes:
                return "ERR max single record size exceeded"
        return None


def _packed(*parts: bytes) -> bytes:
    head = b"*%d\r\n" % len(parts)
    return head + b"".join(b"$%d\r\n%b\r\n" % (len(part), part) for part in parts)


def _line(stream: BinaryIO) -> bytes:
    line = stream.readline()
    if not line.endswith(b"\r\n"):
        raise EOFError
    return line


def _bulk(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size + 2)
    if len(data) < size + 2:
        raise EOFError
    return data


def _request(stream: BinaryIO) -> tuple[bytes, list[bytes]]:
    """Read one command: its bytes as sent, and its parts."""
    raw = [_line(stream)]
    parts = []
    for _ in range(int(raw[0][1:])):
        raw.append(_line(stream))
        raw.append(_bulk(stream, int(raw[-1][1:])))
        parts.append(raw[-1][:-2])
    return b"".join(raw), parts


def _reply(stream: BinaryIO) -> bytes:
    """Read one answer of RESP2, with all that it holds."""
    line = _line(stream)
    count = int(line[1:]) if line[:1] in b"$*" else -1
    if count < 0:
        return line
    if line[:1] == b"$":
        return line + _bulk(stream, count)
    return b"".join([line, *(_reply(stream) for _ in range(count))])
