"""A proxy before a server that breaks a connection at a chosen byte of a chosen command."""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Any, Literal

import hiredis
from typing_extensions import Self

RECEIVE_BYTES = 256 * 1024

Where = Literal["before", "request", "done", "reply"]


@dataclass(frozen=True)
class Cut:
    """Where a connection breaks, counted in commands from when the cut is set.

    ``before``: nothing of the command reaches the server. ``request``: ``sent_bytes`` of it do
    (modulo its length, so that it is never whole). ``done``: the server has done it, and no byte
    of its answer comes back. ``reply``: ``sent_bytes`` of the answer come back, again never all.
    """

    command: int
    where: Where
    sent_bytes: int = 0
    then_closed: bool = False
    """Whether every further connection breaks at once, until ``open()``."""


@dataclass(eq=False)
class _Pair:
    client: socket.socket
    server: socket.socket
    waiting: bytearray = field(default_factory=bytearray)
    """What came from the client and is no whole command yet."""
    answers: Any = field(default_factory=hiredis.Reader)
    unanswered: int = 0
    doom: Cut | None = None
    """Set when the last command has been passed on whose answer will not come back."""
    kept_back: bytearray = field(default_factory=bytearray)


class CrashProxy:
    """Passes commands on, whole and one by one; knows of RESP just where a command ends."""

    def __init__(self, server_socket: Path) -> None:
        self._server_socket = str(server_socket)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self._wake, self._woken = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        self._pairs: dict[socket.socket, _Pair] = {}
        self._cuts: list[Cut] = []
        self._is_closed = False
        self._thread = Thread(target=self._work, name="crash-proxy", daemon=True)
        self.command_bytes: list[int] = []
        """The size of each command since the cut was set."""
        self.answer_delay_s = 0.0
        """How long an answer is kept back."""
        self._is_serving = Event()
        self._is_serving.set()
        self.cuts = 0
        """Connections that were broken at a command."""

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self._listener.getsockname()[1]}/0"

    @property
    def is_armed(self) -> bool:
        """Whether a cut is still to come."""
        return bool(self._cuts)

    def arm(self, *cuts: Cut) -> None:
        """Break at these points of what is sent from now on; call it while nothing is under way."""
        self.command_bytes = []
        self._cuts = list(cuts)

    def open(self) -> None:
        """Let everything through from now on."""
        self._cuts = []
        self._is_closed = False

    @contextmanager
    def swallowing(self) -> Iterator[None]:
        """Take connections and bytes, and answer nothing: a firewall that drops packets."""
        self._is_serving.clear()
        try:
            yield
        finally:
            self._is_serving.set()

    def __enter__(self) -> Self:
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._wake.send(b"x")
        self._thread.join()
        for end in [*self._pairs, self._listener, self._wake, self._woken]:
            end.close()
        self._selector.close()

    def _work(self) -> None:
        while True:
            events = self._selector.select()
            self._is_serving.wait()
            for key, _ in events:
                end: Any = key.fileobj
                if end is self._woken:
                    return
                if end is self._listener:
                    self._accept()
                elif end in self._pairs:  # not broken meanwhile
                    self._receive(end)

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        client.setblocking(True)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        server = socket.socket(socket.AF_UNIX)
        try:
            if self._is_closed:
                raise ConnectionRefusedError
            server.connect(self._server_socket)
        except OSError:
            client.close()
            server.close()
            return
        pair = _Pair(client, server)
        for end in (client, server):
            self._pairs[end] = pair
            self._selector.register(end, selectors.EVENT_READ)

    def _receive(self, end: socket.socket) -> None:
        pair = self._pairs[end]
        try:
            data = end.recv(RECEIVE_BYTES)
            if not data:
                self._break(pair)
            elif end is pair.client:
                self._pass_commands(pair, data)
            else:
                self._pass_answers(pair, data)
        except OSError:
            self._break(pair)

    def _pass_commands(self, pair: _Pair, data: bytes) -> None:
        if self._is_closed:
            self._break(pair)
            return
        pair.waiting += data
        for command in _commands(pair.waiting):
            cut = self._cut_of_next()
            self.command_bytes.append(len(command))
            if cut is not None and cut.where in ("before", "request"):
                sent = cut.sent_bytes % len(command) if cut.where == "request" else 0
                pair.server.sendall(command[:sent])
                self._break(pair)
                return
            pair.server.sendall(command)
            pair.unanswered += 1
            if cut is not None:
                pair.doom = cut
                return

    def _cut_of_next(self) -> Cut | None:
        if not self._cuts or self._cuts[0].command != len(self.command_bytes):
            return None
        cut = self._cuts.pop(0)
        self._is_closed = cut.then_closed
        self.cuts += 1
        return cut

    def _pass_answers(self, pair: _Pair, data: bytes) -> None:
        time.sleep(self.answer_delay_s)
        pair.answers.feed(data)
        whole = 0
        while pair.answers.gets() is not False:
            whole += 1
        pair.unanswered -= whole
        if pair.doom is None:
            pair.client.sendall(data)
            return
        pair.kept_back += data
        if pair.unanswered <= 0:
            if pair.doom.where == "reply":
                pair.client.sendall(pair.kept_back[: pair.doom.sent_bytes % len(pair.kept_back)])
            self._break(pair)

    def _break(self, pair: _Pair) -> None:
        for end in (pair.client, pair.server):
            self._selector.unregister(end)
            del self._pairs[end]
            end.close()


def _commands(waiting: bytearray) -> Iterator[bytes]:
    """Take whole commands off the front, each as the bytes that it came in."""
    while (end := _end_of_command(waiting)) is not None:
        command = bytes(waiting[:end])
        del waiting[:end]
        yield command


def _end_of_command(waiting: bytearray) -> int | None:
    """Find the end of ``*2\\r\\n$4\\r\\nPING\\r\\n...``; ``None`` while bytes are missing."""
    at = waiting.find(b"\r\n")
    if at < 0:
        return None
    assert waiting[:1] == b"*", bytes(waiting[:40])
    arguments, at = int(waiting[1:at]), at + 2
    for _ in range(arguments):
        header = waiting.find(b"\r\n", at)
        if header < 0:
            return None
        at = header + 2 + int(waiting[at + 1 : header]) + 2
    return at if at <= len(waiting) else None
