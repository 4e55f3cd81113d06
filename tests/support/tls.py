"""TLS in front of a server, with a certificate that the test makes."""

from __future__ import annotations

import contextlib
import shutil
import socket
import ssl
import subprocess
import threading
from pathlib import Path
from types import TracebackType

from typing_extensions import Self

OPENSSL = shutil.which("openssl")


def make_certificate(folder: Path, name: str = "localhost") -> tuple[Path, Path]:
    """Make a certificate that signs itself; give it and its key."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    assert OPENSSL is not None, "needs openssl"
    name_of = ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"]
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    places = ["-keyout", str(key), "-out", str(certificate)]
    command = [OPENSSL, "req", "-x509", *kind, *name_of, *places]
    subprocess.run(command, check=True, capture_output=True)
    return certificate, key


class TLSServer:
    """Ends TLS and hands what comes on to a port of this machine."""

    def __init__(self, certificate: Path, key: Path, port: int) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate, key)
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def __enter__(self) -> Self:
        self._run(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for each in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in list(self._threads):
            thread.join()
        for each in (self._listener, *self._open):
            each.close()

    def _run(self, target: object, *arguments: object) -> None:
        assert callable(target)
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(plain)
            with contextlib.suppress(OSError):  # a client that does not like the certificate
                client = self._context.wrap_socket(plain, server_side=True)
                server = socket.create_connection(("127.0.0.1", self._target))
                self._open += (client, server)
                self._run(_copy, client, server)
                self._run(_copy, server, client)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for each in (source, target):
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
