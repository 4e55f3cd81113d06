"""Quick checks of the protocol on a real server, beside the reference in memory."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from streamlit_redis_session.objects import ChunkId, ManifestId, VersionId
from streamlit_redis_session.storage import Backend, Transaction, open_backend
from streamlit_redis_session.storage._memory import MemoryBackend
from support.clients import KEYS, NAMESPACE
from support.servers import RedisServer

FIRST, SECOND = VersionId("aa" * 20), VersionId("bb" * 20)
TABLE = ManifestId("cc" * 20)
CHUNK, OTHER = ChunkId("dd" * 20), ChunkId("ee" * 20)
KEY = KEYS.session_key("protocol")


def change(number: int, epoch: str, **parts: Any) -> Transaction:
    return Transaction(f"{number:016d}", epoch, 1000, **parts)


def changes(epoch: str) -> list[Transaction]:
    """Changes of every kind, each of which the next ones depend on."""
    first = change(
        1,
        epoch,
        expect={"HEAD": None},
        set_refs={"HEAD": b"1", "b:main": b"1", "t:x": b"1"},
        put_versions={FIRST: b"first"},
        put_tables={TABLE: b"table"},
        put_chunks={CHUNK: b"chunk"},
        lease_s=5000,
        set_meta={"settings": b"s"},
        event=b"commit",
    )
    return [
        first,
        first,
        change(2, epoch, expect={"HEAD": None}, set_refs={"HEAD": b"lost"}),
        change(3, epoch, expect={"HEAD": b"0"}, set_refs={"HEAD": b"lost"}),
        change(4, "another epoch", set_refs={"HEAD": b"lost"}),
        change(5, epoch, put_versions={SECOND: b"second"}, put_chunks={CHUNK: b"!"}, lease_s=60),
        change(6, epoch, delete_refs=["t:x"], delete_versions=[FIRST], delete_tables=[TABLE]),
        replace(first, epoch=epoch),
    ]


def the_server_answers_as_the_reference(server: RedisServer) -> None:
    with server.client() as client:
        client.flushall()
    reference = MemoryBackend()
    with open_backend(server.url, namespace=NAMESPACE) as real:
        for backend in (reference, real):
            backend.create_session(KEY, ttl_s=50)
        for mine, theirs in zip(changes(_epoch(reference)), changes(_epoch(real)), strict=True):
            assert real.transact(KEY, theirs) == reference.transact(KEY, mine)
            assert real.read_seq(KEY) == reference.read_seq(KEY)
            assert _refs(real) == _refs(reference)
            assert real.read_versions(KEY) == reference.read_versions(KEY)
            assert real.read_tables(KEY) == reference.read_tables(KEY)
            assert real.get_chunks([CHUNK]) == reference.get_chunks([CHUNK])
        with server.client() as client:
            for name in client.scan_iter():
                ttl_s = client.ttl(name)
                if b":c:" in name:
                    assert ttl_s > 4000
                elif b"{" in name:
                    assert 900 < ttl_s <= 1000
        real.extend_chunks([CHUNK], lease_s=10)
        with server.client() as client:
            assert all(client.ttl(n) > 4000 for n in client.scan_iter() if b":c:" in n)


def nothing_is_left_of_a_deleted_session(server: RedisServer) -> None:
    with server.client() as client:
        client.flushall()
    with open_backend(server.url, namespace=NAMESPACE) as real:
        real.create_session(KEY, ttl_s=50)
        real.transact(KEY, changes(_epoch(real))[0])
        with server.client() as client:
            kept = [name for name in client.scan_iter() if KEY.encode() in name]
            real.delete_session(KEY)
            assert client.exists(*kept) == 0
            client.hset(next(n for n in kept if n.endswith(b"graph")), FIRST, b"left behind")
        real.create_session(KEY, ttl_s=50)
        assert real.read_versions(KEY) == {}
        assert real.list_sessions() == [KEY]


def _epoch(backend: Backend) -> str:
    record = backend.read_session(KEY)
    assert record is not None
    return record.epoch


def _refs(backend: Backend) -> dict[str, bytes]:
    record = backend.read_session(KEY)
    assert record is not None
    settings = record.meta.get("settings", b"")
    return {**record.refs, "settings": settings}
