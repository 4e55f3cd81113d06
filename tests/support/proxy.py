"""A TCP proxy before a server: a network that fails in the ways in which networks fail."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from types import TracebackType

from typing_extensions import Self

from support.servers import free_port

_CHUNK_BYTES = 65536
_ACCEPT_S = 0.05


class Proxy:
    """Passes bytes to a port of this machine until it is told otherwise.

    Use it as a context. What it is told holds for open connections and new ones.
    """

    def __init__(self, target_port: int) -> None:
        self.port = free_port()
        self.answers = 0
        """Pieces of answers that were passed on."""
        self._target_port = target_port
        self._open = threading.Event()
        self._delay_s = 0.0
        self._answers_to_pass = 0
        self._loses_answers = False
        self._listener: socket.socket | None = None
        self._sockets: set[socket.socket] = set()
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def __enter__(self) -> Self:
        self.restore()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.refuse()
        self._open.set()

    # how the network is

    def restore(self) -> None:
        """Pass everything at once; what was held is delivered now, however late."""
        self._delay_s = 0.0
        self._loses_answers = False
        self._open.set()
        if self._listener is None:
            self._listen()

    def refuse(self) -> None:
        """Close every connection and accept none."""
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.close()
        self._cut()

    def swallow(self) -> None:
        """Accept everything and deliver nothing, as a router that has lost its way."""
        self._open.clear()

    def delay(self, seconds: float) -> None:
        """Deliver each request late."""
        self._delay_s = seconds

    def lose_answers(self, *, after: int = 0) -> None:
        """Deliver requests, but close the connection in place of the answers after the next."""
        self._answers_to_pass, self._loses_answers = after, True

    # connections

    def _listen(self) -> None:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(64)
        listener.settimeout(_ACCEPT_S)
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        while listener is self._listener:
            try:
                client, _ = listener.accept()
            except OSError:
                continue
            client.settimeout(None)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()
        listener.close()

    def _serve(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self._target_port))
        except OSError:
            client.close()
            return
        for each in (client, server):
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            self._sockets |= {client, server}
        answers = threading.Thread(target=self._pump, args=(server, client, True), daemon=True)
        answers.start()
        self._pump(client, server, False)
        answers.join()
        with self._lock:
            self._sockets -= {client, server}
        for each in (client, server):
            each.close()

    def _pump(self, source: socket.socket, sink: socket.socket, is_answer: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_CHUNK_BYTES):
                self._open.wait()
                if is_answer:
                    if self._loses_this():
                        break
                    self.answers += 1
                elif self._delay_s:
                    time.sleep(self._delay_s)
                sink.sendall(data)
        for each in (source, sink):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR if is_answer else socket.SHUT_WR)

    def _loses_this(self) -> bool:
        with self._lock:
            self._answers_to_pass -= 1
            return self._loses_answers and self._answers_to_pass < 0

    def _cut(self) -> None:
        with self._lock:
            open_now = list(self._sockets)
        for each in open_now:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
