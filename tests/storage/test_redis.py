from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from support.servers import RedisServer, bundled_binary, system_binary

from streamlit_redis_session.errors import (
    StorageFullError,
    StorageReadOnlyError,
    StorageUnavailableError,
)
from streamlit_redis_session.storage import Backend, Outcome, open_backend

from .contract import (
    DAY,
    BackendContract,
    change,
    chunk_id,
    manifest_id,
    new_key,
    version_id,
)

BINARIES = {"bundled": bundled_binary(), "system": system_binary()}


@pytest.fixture(scope="module", params=list(BINARIES))
def server(request: pytest.FixtureRequest) -> Iterator[RedisServer]:
    binary = BINARIES[request.param]
    if binary is None:
        pytest.skip("no redis-server on PATH")
    with RedisServer(binary=binary) as server:
        yield server


class TestRedis(BackendContract):
    @pytest.fixture
    def backend(self, server: RedisServer) -> Iterator[Backend]:
        with server.client() as client:
            client.flushall()
        with open_backend(server.unix_url, namespace="srs") as backend:
            yield backend

    def pass_time(self, seconds: float) -> None:
        time.sleep(seconds)

    @pytest.fixture
    def outside(self, server: RedisServer) -> Iterator[redis.Redis]:
        with server.client() as client:
            yield client

    def test_all_keys_of_a_session_expire_in_the_same_millisecond(
        self, backend: Backend, outside: redis.Redis
    ) -> None:
        key = new_key()
        backend.create_session(key, ttl_s=DAY)
        self.fill(backend, key, ttl_s=500)
        names = [f"{{srs:{key}}}:{part}" for part in ("meta", "graph", "refs", "tables")]
        names.append(f"{{srs:{key}}}:events")

        changed = {outside.pexpiretime(name) for name in names}
        backend.touch_session(key, ttl_s=900)
        touched = {outside.pexpiretime(name) for name in names}

        assert len(changed) == len(touched) == 1
        assert outside.zscore("srs:sessions", key) == touched.pop()
        assert set(outside.keys()) == {name.encode() for name in [*names, "srs:sessions"]}

    def test_keys_of_others_survive_everything(
        self, backend: Backend, outside: redis.Redis
    ) -> None:
        foreign = {
            "srs": b"1",
            "srs:c": b"2",
            "srs2:sessions": b"3",
            "cache:*": b"4",
            "{srs:zz}:meta": b"5",
            "streamlit:session:1": b"6",
        }
        outside.mset(foreign)
        key = new_key()
        backend.create_session(key, ttl_s=DAY)
        self.fill(backend, key)
        backend.put_chunks({chunk_id(1): b"x"}, lease_s=DAY)

        backend.list_sessions()
        backend.delete_session(key)

        assert outside.mget(list(foreign)) == list(foreign.values())
        left = {f"srs:c:{chunk_id(1)}".encode(), *(name.encode() for name in foreign)}
        assert set(outside.keys()) == left

    def test_who_may_not_publish_changes_everything_all_the_same(
        self, server: RedisServer, outside: redis.Redis
    ) -> None:
        """A script that a server breaks off has written already, and would leave no expiry."""
        outside.acl_setuser(
            "quiet", enabled=True, passwords=["+pw"], categories=["+@all"], keys=["*"],
            reset_channels=True,
        )  # fmt: skip
        url = f"redis://quiet:pw@127.0.0.1:{server.port}/0"
        key = new_key()
        with open_backend(url, namespace="srs") as quiet:
            quiet.create_session(key, ttl_s=DAY)
            self.fill(quiet, key, ttl_s=500)
            assert 0 < outside.ttl(f"{{srs:{key}}}:graph") <= 500
            assert quiet.delete_session(key)
        outside.acl_deluser("quiet")

    def test_namespaces_do_not_see_each_other(self, backend: Backend, server: RedisServer) -> None:
        key = new_key()
        backend.create_session(key, ttl_s=DAY)
        backend.put_chunks({chunk_id(1): b"x"}, lease_s=DAY)

        with open_backend(server.unix_url, namespace="srs.2") as other:
            assert other.list_sessions() == []
            assert other.read_session(key) is None
            assert other.get_chunks([chunk_id(1)]) == [None]

    def test_a_session_whose_meta_was_evicted_does_not_exist(
        self, backend: Backend, outside: redis.Redis
    ) -> None:
        key = new_key()
        backend.create_session(key, ttl_s=DAY)
        epoch = self.fill(backend, key)
        outside.delete(f"{{srs:{key}}}:meta")

        assert backend.read_session(key) is None
        assert backend.read_seq(key) is None
        assert backend.read_versions(key) == {}
        assert backend.read_versions(key, [version_id(1)]) == {}
        assert backend.read_tables(key) == {}
        assert backend.list_sessions() == []
        assert not backend.touch_session(key, ttl_s=DAY)
        assert backend.transact(key, change(epoch)) is Outcome.GONE

        assert backend.create_session(key, ttl_s=DAY)
        assert self.record(backend, key).refs == {}
        assert backend.read_versions(key) == {}
        assert backend.read_tables(key) == {}

    def test_every_applied_change_with_an_event_is_told_once(
        self, backend: Backend, outside: redis.Redis
    ) -> None:
        key = new_key()
        backend.create_session(key, ttl_s=DAY)
        epoch = self.record(backend, key).epoch
        pubsub: Any = outside.pubsub  # untyped in redis-py
        with pubsub(ignore_subscribe_messages=True) as listener:
            listener.subscribe("srs:events")
            listener.get_message(timeout=1)
            told = change(epoch, event=b"one \0 event")
            for transaction in (told, told, change(epoch), change(epoch, expect={"x": b"y"})):
                backend.transact(key, transaction)
            backend.transact(key, change(epoch, event=b"two"))
            heard = []
            while (message := listener.get_message(timeout=0.3)) is not None:
                heard.append(message["data"])

        assert heard == [f"{key} 1 ".encode() + b"one \0 event", f"{key} 3 two".encode()]
        assert outside.lrange(f"{{srs:{key}}}:events", 0, -1) == [b"3 two", b"1 one \0 event"]

    def test_the_last_events_are_kept_newest_first(
        self, backend: Backend, outside: redis.Redis
    ) -> None:
        key = new_key()
        backend.create_session(key, ttl_s=DAY)
        epoch = self.record(backend, key).epoch
        for number in range(400):
            backend.transact(key, change(epoch, event=b"%d" % number))

        kept: Any = outside.lrange(f"{{srs:{key}}}:events", 0, -1)
        assert 256 <= len(kept) <= 320
        assert kept == [b"%d %d" % (n + 1, n) for n in range(399, 399 - len(kept), -1)]

    def test_expired_sessions_leave_the_index(self, backend: Backend, outside: redis.Redis) -> None:
        for _ in range(3):
            backend.create_session(new_key(), ttl_s=1)
        time.sleep(1.1)

        key = new_key()
        backend.create_session(key, ttl_s=DAY)

        assert outside.zrange("srs:sessions", 0, -1) == [key.encode()]

    def test_a_commit_is_one_round_trip_and_an_unknown_script_is_sent_by_itself(
        self, backend: Backend, outside: redis.Redis
    ) -> None:
        key = new_key()
        backend.create_session(key, ttl_s=DAY)
        epoch = self.fill(backend, key)
        outside.config_resetstat()
        backend.transact(key, change(epoch))
        warm = outside.info("commandstats")
        outside.script_flush()
        outside.config_resetstat()

        assert backend.transact(key, change(epoch)) is Outcome.APPLIED

        cold = outside.info("commandstats")
        assert warm["cmdstat_evalsha"]["calls"] == 1
        assert "cmdstat_eval" not in warm
        assert cold["cmdstat_eval"]["calls"] == 1

    def test_connecting_costs_no_command(self, server: RedisServer, outside: redis.Redis) -> None:
        outside.config_resetstat()
        with open_backend(server.url, namespace="srs") as backend:
            assert backend.read_seq(new_key()) is None
        stats = set(outside.info("commandstats"))

        assert stats <= {"cmdstat_hget", "cmdstat_config|resetstat", "cmdstat_info"}

    def test_the_server_says_what_it_is(self, backend: Backend, outside: redis.Redis) -> None:
        info = backend.info()

        told = outside.info("server")
        kind = "valkey" if "valkey_version" in told else "redis"
        assert (info.kind, info.version) == (kind, told[f"{kind}_version"])
        assert info.where == backend.where
        assert info.persistent is None
        assert info.maxmemory_policy == "noeviction"
        assert info.used_memory_bytes is not None
        assert info.used_memory_bytes > 100_000


class TestFaults:
    @pytest.fixture
    def server(self) -> Iterator[RedisServer]:
        with RedisServer(persistent=True) as server:
            yield server

    @pytest.fixture
    def backend(self, server: RedisServer) -> Iterator[Backend]:
        with open_backend(f"{server.url}?socket_timeout=0.3", namespace="srs") as backend:
            yield backend

    def test_a_full_server_refuses_writes_and_stays_readable(
        self, server: RedisServer, backend: Backend
    ) -> None:
        key = new_key()
        backend.create_session(key, ttl_s=DAY)
        epoch = BackendContract.record(backend, key).epoch
        versions = {version_id(n): b"v" * 1000 for n in range(1000)}
        tables = {manifest_id(n): b"m" * 1000 for n in range(100)}
        backend.transact(key, change(epoch, put_versions=versions, put_tables=tables))
        before = BackendContract.record(backend, key)
        with server.client() as outside:
            outside.config_set("maxmemory", "1mb")

        with pytest.raises(StorageFullError, match="no memory left"):
            backend.put_chunks({chunk_id(1): b"x"}, lease_s=DAY)
        with pytest.raises(StorageFullError):
            backend.transact(key, change(epoch, put_versions={version_id(5000): b"x"}))
        brings = change(epoch, put_chunks={chunk_id(2): b"x"}, lease_s=DAY)
        with pytest.raises(StorageFullError):
            backend.transact(key, brings)
        with pytest.raises(StorageFullError):
            backend.create_session(new_key(), ttl_s=DAY)

        assert BackendContract.record(backend, key) == before
        assert backend.read_versions(key) == versions
        assert backend.get_chunks([chunk_id(2)]) == [None]
        assert backend.touch_session(key, ttl_s=DAY)

    def test_a_full_server_takes_changes_that_free_memory(
        self, server: RedisServer, backend: Backend
    ) -> None:
        key = new_key()
        backend.create_session(key, ttl_s=DAY)
        epoch = BackendContract.record(backend, key).epoch
        versions = {version_id(n): b"v" * 1000 for n in range(1000)}
        backend.transact(key, change(epoch, put_versions=versions))
        with server.client() as outside:
            outside.config_set("maxmemory", "1mb")

        anew = {version_id(0): b"w" * 1000, version_id(1): b"w" * 1000}
        with pytest.raises(StorageFullError):
            backend.transact(key, change(epoch, put_versions=anew))
        prune = change(
            epoch,
            put_versions=anew,
            delete_versions=list(versions)[2:],
            set_refs={"main": b"x"},
        )
        assert backend.transact(key, prune) is Outcome.APPLIED
        assert backend.read_versions(key) == anew
        assert backend.mark_session(key, "SWEPT", b"now")
        backend.announce_sweep(b"now")
        assert backend.drop_chunks([chunk_id(1)]) == 0
        assert backend.delete_session(key)

    def test_a_replica_is_read_only(self, server: RedisServer, backend: Backend) -> None:
        key = new_key()
        backend.create_session(key, ttl_s=DAY)
        with server.client() as outside:
            outside.replicaof("127.0.0.1", "1")

        with pytest.raises(StorageReadOnlyError, match="accepts no writes"):
            backend.create_session(new_key(), ttl_s=DAY)

    def test_a_frozen_server_is_given_up_soon_and_nothing_is_applied_twice(
        self, server: RedisServer, backend: Backend
    ) -> None:
        """The client sends the command twice; the server finds both when it wakes up."""
        key = new_key()
        backend.create_session(key, ttl_s=DAY)
        epoch = BackendContract.record(backend, key).epoch
        backend.transact(key, change(epoch))  # the server knows the script from here on
        transaction = change(epoch, set_refs={"main": b"1"}, event=b"e")
        server.freeze()
        started = time.monotonic()

        with pytest.raises(StorageUnavailableError, match="may be made again"):
            backend.transact(key, transaction)

        assert time.monotonic() - started < 2
        server.thaw()
        deadline = time.monotonic() + 10
        while backend.read_seq(key) == 1 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert backend.transact(key, transaction) is Outcome.REPEATED
        assert backend.read_seq(key) == 2

    def test_a_session_made_by_a_lost_call_can_be_used(
        self, server: RedisServer, backend: Backend
    ) -> None:
        key = new_key()
        server.freeze()
        with pytest.raises(StorageUnavailableError):
            backend.create_session(key, ttl_s=DAY)
        server.thaw()

        backend.create_session(key, ttl_s=DAY)

        assert backend.read_seq(key) == 0

    def test_a_server_that_comes_back_is_used_again(
        self, server: RedisServer, backend: Backend
    ) -> None:
        key = new_key()
        backend.create_session(key, ttl_s=DAY)
        time.sleep(1.2)  # appendfsync everysec
        server.kill()
        with pytest.raises(StorageUnavailableError):
            backend.read_seq(key)

        server.start()

        assert backend.read_seq(key) == 0
        assert backend.info().persistent is True

    def test_a_closed_backend_says_so(self, backend: Backend) -> None:
        backend.close()

        with pytest.raises(StorageUnavailableError, match="was closed"):
            backend.list_sessions()
