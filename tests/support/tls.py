"""TLS in front of a server, with a certificate that the test makes."""

from __future__ import annotations

import contextlib
import shutil
import socket
import ssl
import subprocess
from pathlib import Path

from support.relay import Relay

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


class TLSServer(Relay):
    """Ends TLS and hands what comes on to a port of this machine."""

    def __init__(self, certificate: Path, key: Path, port: int) -> None:
        super().__init__()
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate, key)
        self._target = port

    def _accepted(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError):  # a client that does not like the certificate
            plain = self._context.wrap_socket(client, server_side=True)
            server = socket.create_connection(("127.0.0.1", self._target))
            self._sockets += (plain, server)
            self._run(_copy, plain, server)
            self._run(_copy, server, plain)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for each in (source, target):
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
