"""Encrypted connections: a certificate that is known is taken, every other one is refused."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.servers import RedisServer
from support.tls import OPENSSL, TLSServer, make_certificate

from streamlit_redis_session.errors import StorageUnavailableError
from streamlit_redis_session.storage import Outcome, open_backend

from .contract import DAY, BackendContract, change, chunk_id, new_key

pytestmark = pytest.mark.skipif(OPENSSL is None, reason="needs openssl")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def certificate(folder: Path) -> Path:
    return make_certificate(folder)[0]


@pytest.fixture(scope="module")
def server(redis_server: RedisServer, folder: Path, certificate: Path) -> Iterator[TLSServer]:
    with TLSServer(certificate, folder / "localhost.key", redis_server.port) as server:
        yield server


def test_a_server_with_a_known_certificate_is_used(server: TLSServer, certificate: Path) -> None:
    url = f"rediss://localhost:{server.port}?ssl_ca_certs={certificate}"
    with open_backend(url, namespace="tls") as backend:
        key = new_key()
        backend.create_session(key, ttl_s=DAY)
        epoch = BackendContract.record(backend, key).epoch
        chunks = {chunk_id(n): bytes([n]) * 300_000 for n in range(20)}
        filling = change(epoch, set_refs={"main": b"1"}, put_chunks=chunks, lease_s=DAY)

        assert backend.transact(key, filling) is Outcome.APPLIED
        assert backend.get_chunks(list(chunks)) == list(chunks.values())
        assert backend.where == f"rediss://localhost:{server.port}/0"


@pytest.mark.parametrize("query", ["", "?ssl_cert_reqs=optional", "?ssl_check_hostname=false"])
def test_a_certificate_that_nobody_vouches_for_is_refused(server: TLSServer, query: str) -> None:
    with (
        open_backend(f"rediss://localhost:{server.port}{query}", namespace="tls") as backend,
        pytest.raises(StorageUnavailableError, match=r"(?i)certificate"),
    ):
        backend.list_sessions()


def test_a_certificate_of_another_name_is_refused(redis_server: RedisServer, folder: Path) -> None:
    other, key = make_certificate(folder, "elsewhere")
    with (
        TLSServer(other, key, redis_server.port) as server,
        contextlib.ExitStack() as stack,
    ):
        place = f"rediss://localhost:{server.port}?ssl_ca_certs={other}"
        backend = stack.enter_context(open_backend(place, namespace="tls"))
        unnamed = f"{place}&ssl_check_hostname=false"
        lenient = stack.enter_context(open_backend(unnamed, namespace="tls"))

        with pytest.raises(StorageUnavailableError, match=r"(?i)hostname mismatch"):
            backend.list_sessions()
        assert lenient.read_seq(new_key()) is None


def test_a_new_connection_is_taken_as_it_is(server: TLSServer, certificate: Path) -> None:
    """After the handshake a server may send session tickets, which are no answers."""
    url = f"rediss://localhost:{server.port}?ssl_ca_certs={certificate}&max_connections=4"
    for _ in range(10):
        with open_backend(url, namespace="tls") as backend:
            assert backend.read_seq(new_key()) is None


def test_a_cluster_and_sentinels_check_certificates_too(server: TLSServer) -> None:
    """Without patience for it: another try would find the same certificate."""
    for path in ("redis+cluster", "redis+sentinel"):
        url = path.replace("redis", "rediss") + f"://localhost:{server.port}"
        url += "/mymaster" if "sentinel" in path else ""
        with (
            open_backend(url, namespace="tls") as backend,
            pytest.raises(StorageUnavailableError, match=r"(?i)certificate"),
        ):
            backend.list_sessions()
