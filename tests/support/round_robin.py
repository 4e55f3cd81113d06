"""A proxy without sticky sessions: each connection goes to the next server in turn."""

from __future__ import annotations

import contextlib
import itertools
import socket
from collections import Counter
from collections.abc import Sequence
from threading import Lock, Thread
from types import TracebackType

from typing_extensions import Self

PIECE_BYTES = 65_536


class RoundRobinProxy:
    """Passes bytes on, HTTP and WebSocket alike, as a context manager.

    Parameters
    ----------
    ports
        Of servers on the loopback.
    """

    def __init__(self, ports: Sequence[int]) -> None:
        self._turns = itertools.cycle(ports)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock = Lock()
        self._open: list[tuple[socket.socket, socket.socket, int]] = []
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.served: Counter[int] = Counter()
        """Connections by the port of the server that got them."""

    def cut(self) -> None:
        """Close all connections, as a proxy that is restarted does; new ones are accepted."""
        with self._lock:
            pairs, self._open = self._open, []
        for ours, theirs, _ in pairs:
            _close(ours)
            _close(theirs)

    def __enter__(self) -> Self:
        Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _close(self._listener)
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                ours, _ = self._listener.accept()
            except OSError:  # closed
                return
            port = next(self._turns)
            try:
                theirs = socket.create_connection(("127.0.0.1", port))
            except OSError:
                _close(ours)
                continue
            with self._lock:
                self.served[port] += 1
                self._open.append((ours, theirs, port))
            for source, target in ((ours, theirs), (theirs, ours)):
                Thread(target=_pass_on, args=(source, target), daemon=True).start()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(PIECE_BYTES):
            target.sendall(data)
    _close(source)
    _close(target)


def _close(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
