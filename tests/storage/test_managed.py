"""A managed server: limits, missing commands, and what each operation costs in commands."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from support.managed import KNOWN, ManagedServer

from streamlit_redis_session.errors import StorageError
from streamlit_redis_session.storage import Backend, Outcome, open_backend
from streamlit_redis_session.storage._url import parse_url

from .contract import DAY, BackendContract, change, chunk_id, manifest_id, new_key, version_id


@pytest.fixture(scope="module")
def managed() -> Iterator[ManagedServer]:
    with ManagedServer() as managed:
        yield managed


class TestManaged(BackendContract):
    @pytest.fixture
    def backend(self, managed: ManagedServer) -> Iterator[Backend]:
        with managed.server.client() as client:
            client.flushall()
        with open_backend(managed.url, namespace="srs") as backend:
            yield backend

    def pass_time(self, seconds: float) -> None:
        time.sleep(seconds)

    def test_many_chunks_are_one_command_of_a_size_that_is_taken(
        self, backend: Backend, managed: ManagedServer
    ) -> None:
        backend.put_chunks({chunk_id(0): b""}, lease_s=DAY)  # the server knows the script now
        chunks = {chunk_id(n): bytes([n]) * 200_000 for n in range(1, 121)}  # 24 MB
        tiny = {chunk_id(n): b"x" for n in range(1000, 61_000)}  # keys are the most of it
        managed.taken()

        backend.put_chunks(chunks, lease_s=DAY)
        assert managed.taken() == {"EVALSHA": 3}
        backend.put_chunks(tiny, lease_s=DAY)
        assert managed.taken() == {"EVALSHA": 2}
        assert managed.largest_bytes < 10_000_000
        assert backend.get_chunks(list(chunks)[:16]) == list(chunks.values())[:16]

    def test_a_server_that_has_lost_its_scripts_is_given_them_again(
        self, backend: Backend, managed: ManagedServer
    ) -> None:
        key = new_key()
        backend.create_session(key, ttl_s=DAY)
        epoch = self.fill(backend, key)
        managed.restart_scripts()
        managed.taken()

        assert backend.transact(key, change(epoch)) is Outcome.APPLIED
        assert managed.taken() == {"EVALSHA": 1, "EVAL": 1}
        assert backend.transact(key, change(epoch)) is Outcome.APPLIED
        assert managed.taken() == {"EVALSHA": 1}

    def test_nothing_is_sent_that_is_not_on_the_list(
        self, backend: Backend, managed: ManagedServer
    ) -> None:
        managed.taken()
        backend.info()
        backend.list_sessions()

        assert set(managed.taken()) <= KNOWN


def test_the_server_may_even_refuse_to_say_what_it_is() -> None:
    with ManagedServer(refused=["INFO"]) as managed, open_backend(managed.url, namespace="s") as b:
        info = b.info()

        assert (info.version, info.persistent, info.used_memory_bytes) == ("", None, None)
        assert managed.taken() == {"INFO": 1, "PING": 1}


def test_records_that_are_too_many_for_one_answer_are_read_in_parts() -> None:
    with (
        ManagedServer(request_bytes=40_000) as managed,
        open_backend(managed.url, namespace="s") as backend,
    ):
        key = new_key()
        backend.create_session(key, ttl_s=DAY)
        epoch = BackendContract.record(backend, key).epoch
        versions = {version_id(n): b"%d" % n * 1000 for n in range(90)}
        for id_, data in versions.items():
            backend.transact(key, change(epoch, put_versions={id_: data}))

        assert backend.read_versions(key) == versions
        asked = [*list(versions)[::2], version_id(1000)]
        assert backend.read_versions(key, asked) == {id_: versions[id_] for id_ in asked[:-1]}


def test_a_session_that_is_too_large_for_the_service_is_said() -> None:
    """All manifests of a session are one record, and so are all its versions."""
    with (
        ManagedServer(record_bytes=50_000) as managed,
        open_backend(managed.url, namespace="s") as backend,
    ):
        key = new_key()
        backend.create_session(key, ttl_s=DAY)
        epoch = BackendContract.record(backend, key).epoch
        tables = {manifest_id(n): bytes([n]) * 1000 for n in range(80)}
        backend.transact(key, change(epoch, put_tables=tables))

        with pytest.raises(StorageError, match="takes no request or record of this size"):
            backend.transact(key, change(epoch, put_tables={manifest_id(99): b"x"}))
        assert backend.read_tables(key) == tables


def test_a_server_that_bills_commands_is_known_by_its_name() -> None:
    assert parse_url("rediss://:pw@name-1.upstash.io").few_commands
    assert not parse_url("rediss://:pw@name-1.upstash.io?few_commands=0").few_commands
    assert not parse_url("rediss://:pw@elsewhere.io").few_commands
