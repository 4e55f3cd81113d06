"""A real cluster of three primaries: the contract of every backend, and what is its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from redis.crc import key_slot
from support.clusters import RedisCluster, asked, wait_until
from support.servers import RedisServer

from streamlit_redis_session.errors import StorageError, StorageUnavailableError
from streamlit_redis_session.objects import SessionKey
from streamlit_redis_session.storage import Backend, Outcome, open_backend

from .contract import DAY, BackendContract, change, chunk_id, manifest_id, new_key, version_id


@pytest.fixture(scope="module")
def cluster() -> Iterator[RedisCluster]:
    with RedisCluster() as cluster:
        yield cluster


def move_slot(cluster: RedisCluster, slot: int, key: str) -> tuple[RedisServer, RedisServer]:
    """Begin to move a slot to another node; give where it is and where it goes."""
    here = cluster.primary_of(key)
    there = next(server for server in cluster.primaries if server is not here)
    asked(there, "CLUSTER SETSLOT", slot, "IMPORTING", cluster.id_of(here))
    asked(here, "CLUSTER SETSLOT", slot, "MIGRATING", cluster.id_of(there))
    return here, there


def end_move(cluster: RedisCluster, slot: int, there: RedisServer) -> None:
    for server in (there, *cluster.primaries):
        asked(server, "CLUSTER SETSLOT", slot, "NODE", cluster.id_of(there))


class TestCluster(BackendContract):
    @pytest.fixture
    def backend(self, cluster: RedisCluster) -> Iterator[Backend]:
        cluster.flush()
        with open_backend(cluster.url, namespace="srs") as backend:
            yield backend

    def pass_time(self, seconds: float) -> None:
        time.sleep(seconds)

    def test_a_session_lies_in_one_slot_and_chunks_on_all_nodes(
        self, backend: Backend, cluster: RedisCluster, key: SessionKey
    ) -> None:
        self.fill(backend, key)
        chunks = {chunk_id(n): b"x" for n in range(60)}
        backend.put_chunks(chunks, lease_s=DAY)

        own = {name for name in cluster.keys() if name.startswith("{")}  # noqa: SIM118
        assert own == {
            f"{{srs:{key}}}:{part}" for part in ("meta", "graph", "refs", "tables", "events")
        }
        assert len({key_slot(name.encode()) for name in own}) == 1
        counts = [asked(server, "DBSIZE") for server in cluster.primaries]
        assert all(count >= 10 for count in counts)

    def test_a_living_session_is_in_the_index_even_after_a_crash_in_between(
        self, backend: Backend, cluster: RedisCluster
    ) -> None:
        """The entry comes first: what a crash leaves is an entry that nobody shows."""
        key = new_key()
        home = cluster.primary_of("srs:sessions")
        asked(home, "ZADD", "srs:sessions", 1e15, new_key())

        assert backend.list_sessions() == []
        backend.create_session(key, ttl_s=DAY)
        assert backend.list_sessions() == [key]
        known = float(asked(home, "ZSCORE", "srs:sessions", key))
        expires = asked(cluster.primary_of(f"{{srs:{key}}}"), "PEXPIRETIME", f"{{srs:{key}}}:meta")
        assert known > expires

    def test_the_index_follows_a_longer_life(self, backend: Backend, key: SessionKey) -> None:
        short = new_key()
        backend.create_session(short, ttl_s=1)
        for ttl_s in (DAY, 20 * DAY):
            backend.touch_session(short, ttl_s=ttl_s)
        time.sleep(1.1)

        assert set(backend.list_sessions()) == {short, key}

    def test_a_deleted_session_leaves_the_index_unless_it_is_born_again(
        self, backend: Backend, cluster: RedisCluster, key: SessionKey
    ) -> None:
        home = cluster.primary_of("srs:sessions")
        backend.delete_session(key)
        assert asked(home, "ZCARD", "srs:sessions") == 0

        backend.create_session(key, ttl_s=DAY)
        with open_backend(cluster.url, namespace="srs") as other:
            other.delete_session(key)
        assert not backend.touch_session(key, ttl_s=DAY)
        backend.create_session(key, ttl_s=DAY)
        assert backend.list_sessions() == [key]

    def test_entries_of_sessions_that_are_over_leave_the_index(
        self, backend: Backend, cluster: RedisCluster
    ) -> None:
        home = cluster.primary_of("srs:sessions")
        asked(home, "ZADD", "srs:sessions", 1, "long ago")

        backend.create_session(new_key(), ttl_s=DAY)

        assert asked(home, "ZCARD", "srs:sessions") == 1

    def test_commands_follow_a_slot_that_has_moved(
        self, backend: Backend, cluster: RedisCluster, key: SessionKey
    ) -> None:
        name = f"{{srs:{key}}}:meta"
        epoch = self.fill(backend, key)
        slot = key_slot(name.encode())
        here, there = move_slot(cluster, slot, name)
        moved: Any = asked(here, "CLUSTER GETKEYSINSLOT", slot, 100)
        asked(here, "MIGRATE", "127.0.0.1", there.port, "", 0, 5000, "KEYS", *moved)
        end_move(cluster, slot, there)

        assert backend.read_seq(key) == 1
        assert backend.transact(key, change(epoch, set_refs={"main": b"2"})) is Outcome.APPLIED
        assert self.record(backend, key).refs["main"] == b"2"

    def test_commands_find_keys_while_their_slot_is_moving(
        self, backend: Backend, cluster: RedisCluster
    ) -> None:
        chunks = {chunk_id(n): b"%d" % n for n in range(40)}
        backend.put_chunks(chunks, lease_s=DAY)
        name = f"srs:c:{chunk_id(7)}"
        slot = key_slot(name.encode())
        here, there = move_slot(cluster, slot, name)
        asked(here, "MIGRATE", "127.0.0.1", there.port, name, 0, 5000)
        try:
            assert backend.get_chunks(list(chunks)) == list(chunks.values())
            assert all(backend.extend_chunks(list(chunks), lease_s=2 * DAY))
        finally:
            end_move(cluster, slot, there)

    def test_a_change_waits_for_the_keys_of_its_session_to_come_together(
        self, backend: Backend, cluster: RedisCluster, key: SessionKey
    ) -> None:
        """Half of the keys have moved: the nodes answer TRYAGAIN until all have."""
        name = f"{{srs:{key}}}:meta"
        epoch = self.fill(backend, key)
        slot = key_slot(name.encode())
        here, there = move_slot(cluster, slot, name)
        asked(here, "MIGRATE", "127.0.0.1", there.port, f"{{srs:{key}}}:refs", 0, 5000)
        outcomes: list[Outcome] = []
        adding = change(epoch, set_refs={"x": b"1"})
        thread = threading.Thread(target=lambda: outcomes.append(backend.transact(key, adding)))
        thread.start()
        time.sleep(0.3)
        assert outcomes == []
        rest: Any = asked(here, "CLUSTER GETKEYSINSLOT", slot, 100)
        asked(here, "MIGRATE", "127.0.0.1", there.port, "", 0, 5000, "KEYS", *rest)
        end_move(cluster, slot, there)
        thread.join()

        assert outcomes == [Outcome.APPLIED]
        assert self.record(backend, key).refs == {"main": b"r1", "x": b"1"}

    def test_one_known_node_is_enough(self, backend: Backend, cluster: RedisCluster) -> None:
        chunks = {chunk_id(n): b"%d" % n for n in range(20)}
        url = f"redis+cluster://127.0.0.1:1,127.0.0.1:{cluster.primaries[2].port}"
        with open_backend(url, namespace="srs") as other:
            other.put_chunks(chunks, lease_s=DAY)

        assert backend.get_chunks(list(chunks)) == list(chunks.values())

    def test_what_is_published_is_heard_at_every_node(
        self, backend: Backend, cluster: RedisCluster, key: SessionKey
    ) -> None:
        heard = []
        epoch = self.record(backend, key).epoch
        for server in cluster.primaries:
            with server.client() as client:
                pubsub: Any = client.pubsub()
                pubsub.subscribe("srs:events")
                pubsub.get_message(timeout=1)
                backend.transact(key, change(epoch, event=b"told"))
                heard.append(pubsub.get_message(ignore_subscribe_messages=True, timeout=2))
                pubsub.close()

        assert [told["data"].split()[-1] for told in heard] == [b"told"] * 3

    def test_info_is_that_of_all_nodes(self, backend: Backend, cluster: RedisCluster) -> None:
        info = backend.info()

        alone = asked(cluster.primaries[0], "INFO", "memory")["used_memory"]
        assert info.used_memory_bytes is not None
        assert info.used_memory_bytes > 2 * alone
        assert info.persistent is None
        assert info.where == cluster.url


def test_a_plain_server_is_no_cluster_and_a_node_no_plain_server(
    redis_url: str, cluster: RedisCluster
) -> None:
    node = f"redis://127.0.0.1:{cluster.primaries[0].port}"
    with (
        open_backend(redis_url.replace("redis:", "redis+cluster:")[:-2], namespace="srs") as plain,
        pytest.raises(StorageError, match=r"is no cluster.*redis://"),
    ):
        plain.list_sessions()
    chunks = {chunk_id(n): b"x" for n in range(20)}  # some of them lie elsewhere
    with (
        open_backend(node, namespace="srs") as alone,
        pytest.raises(StorageError, match=r"node of a cluster.*redis\+cluster://"),
    ):
        alone.put_chunks(chunks, lease_s=DAY)


def test_nobody_at_any_address_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamlit_redis_session.storage._patience.PATIENCE_S", 0.2)
    with (
        open_backend("redis+cluster://127.0.0.1:1,127.0.0.1:2", namespace="srs") as backend,
        pytest.raises(StorageUnavailableError, match="may be made again"),
    ):
        backend.list_sessions()


def test_closing_ends_a_wait_for_a_failover() -> None:
    backend = open_backend("redis+cluster://127.0.0.1:1", namespace="srs")
    failures: list[BaseException] = []

    def ask() -> None:
        try:
            backend.list_sessions()
        except StorageUnavailableError as error:
            failures.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    time.sleep(0.2)
    backend.close()
    thread.join(3)

    assert not thread.is_alive()
    assert len(failures) == 1


def test_a_large_change_and_many_records_fit(cluster: RedisCluster) -> None:
    with open_backend(cluster.url, namespace="large") as backend:
        key = new_key()
        backend.create_session(key, ttl_s=DAY)
        epoch = BackendContract.record(backend, key).epoch
        versions = {version_id(n): b"v" * 500 for n in range(2500)}
        tables = {manifest_id(n): b"m" * 500 for n in range(2500)}
        chunks = {chunk_id(n): bytes([n]) * 100_000 for n in range(30)}
        filling = change(
            epoch, put_versions=versions, put_tables=tables, put_chunks=chunks, lease_s=DAY
        )

        assert backend.transact(key, filling) is Outcome.APPLIED
        assert backend.read_versions(key) == versions
        assert backend.read_tables(key, list(tables)) == tables
        assert backend.get_chunks(list(chunks)) == list(chunks.values())


@pytest.mark.slow
def test_a_cluster_is_found_again_after_all_of_it_was_away() -> None:
    with (
        RedisCluster("--appendonly", "yes", "--appendfsync", "always") as cluster,
        open_backend(cluster.url, namespace="srs") as backend,
    ):
        key = new_key()
        backend.create_session(key, ttl_s=DAY)
        for server in cluster.primaries:
            server.kill()
        for server in cluster.primaries:
            server.start()
        wait_until(cluster.is_whole, "the cluster to be whole again")

        assert backend.read_seq(key) == 0
