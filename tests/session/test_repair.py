"""What is lost is mended from memory or led around, and the rest goes on."""

from __future__ import annotations

from typing import Any

import pytest
import redis
from support.identical import assert_identical

from streamlit_redis_session import (
    ChunkNotFoundError,
    Session,
    Store,
    connect,
)

from .contract_parts import committed
from .damage import (
    DAMAGES,
    assert_the_rest_reads,
    chunk_keys,
    hash_of,
    kinds,
    only,
    users_of,
    verified,
)
from .frames import counts, flights

# --- what is mended ----------------------------------------------------------------------------


def open_everything(store: Store, session_id: str) -> Session:
    session = store.session(session_id)
    for version in session.graph().versions:
        for key in version.values:
            session.read(version.id, key)
    session.checkout("HEAD")
    return session


@pytest.mark.parametrize("damage", [None, "middle"])
def test_what_this_process_holds_mends_each_key(
    fresh: Store, session_id: str, client: redis.Redis, damage: str | None
) -> None:
    session = open_everything(fresh, session_id)
    needed = users_of(fresh, session_id)
    names = [n for n in chunk_keys(client) if n.decode().rpartition(":")[2] in needed]
    for name in names:
        data: Any = client.get(name)
        client.delete(name) if damage is None else client.set(name, DAMAGES[damage](data))
        assert only(verified(fresh, session_id)).can_repair
        assert verified(fresh, session_id, repair=True).is_sound
    for part in ("graph", "tables"):
        full, fields = hash_of(client, session.key, part)
        for record, data in fields.items():
            bad = None if damage is None else DAMAGES[damage](data)
            client.hdel(full, record) if bad is None else client.hset(full, record, bad)
            report = verified(fresh, session_id, repair=True)
            assert len(report.faults) == 1
            if report.is_sound:
                assert client.hget(full, record) == data
            else:
                client.hset(full, record, data)
    assert verified(fresh, session_id).faults == ()
    with connect(fresh.where) as other:
        assert_the_rest_reads(other, session_id, set())


def test_a_damaged_chunk_that_nobody_holds_makes_room_for_a_good_one(
    fresh: Store, session_id: str, client: redis.Redis
) -> None:
    for name in chunk_keys(client):
        client.set(name, b"nonsense", keepttl=True)
    report = verified(fresh, session_id, repair=True)
    assert set(kinds(report)) == {"chunk-damaged"}
    assert not report.is_sound
    assert set(kinds(verified(fresh, session_id, repair=True))) == {"chunk-lost"}

    with connect(fresh.where) as other:
        again = other.session()
        committed(again, df=flights(400), by=counts(200))
    with connect(fresh.where) as other:
        assert_identical(other.session(session_id)["df"], flights(400), "df")


@pytest.mark.parametrize("lost", [0, 1, 2, 3])
def test_a_version_that_is_lost_for_good_is_led_around(
    url: str, client: redis.Redis, lost: int
) -> None:
    with connect(url) as store:
        session = store.session()
        versions = [committed(session, df=flights(100 + n)) for n in range(4)]
        session.undo()
        client.hdel(f"{{srs:{session.key}}}:graph", versions[lost].id)
    with connect(url) as store:
        report = verified(store, session.id, repair=True)
        assert only(report).is_repaired
        assert verified(store, session.id).faults == ()
        again = store.session(session.id)
        kept = [v.id for n, v in enumerate(versions) if n != lost]
        assert {v.id for v in again.graph().versions} == set(kept)
        again.switch("main")
        assert [v.id for v in again.log()] == kept[::-1]


def test_nothing_is_done_under_another_secret(url: str, client: redis.Redis) -> None:
    with connect(url, secret="one") as store:
        session = store.session()
        committed(session, df=flights())
        _, before = hash_of(client, session.key, "graph")
    with connect(url, secret="two") as store:
        report = verified(store, repair=True)
        assert report.faults
        assert not report.is_sound
    _, after = hash_of(client, session.key, "graph")
    assert after == before
    with connect(url, secret="one") as store:
        assert verified(store).faults == ()


def test_settings_that_are_lost_do_not_keep_the_data_from_being_shown(
    fresh: Store, session_id: str, client: redis.Redis
) -> None:
    needed = users_of(fresh, session_id)
    for name in chunk_keys(client):
        if name.decode().rpartition(":")[2] not in needed:
            client.delete(name)
    with connect(fresh.where) as other:
        session = other.session(session_id)
        assert "note" not in session
        assert_identical(session["df"], flights(400), "df")
        session.undo()
        assert_identical(session["df"], flights(300), "df")
        assert session.redo()


# --- reading -----------------------------------------------------------------------------------


def drop_chunks_of(client: redis.Redis, session: Session, key: str, ref: str = "HEAD") -> None:
    """Take away what only this value needs."""
    graph = session.graph().versions
    at = session._repository.resolve(ref, session.head)
    read = session._values.read_table
    others: set[str] = set()
    wanted: set[str] = set()
    for version in graph:
        for name, manifest_id in version.values.items():
            is_it = version.id == at and name == key
            (wanted if is_it else others).update(read(session.key, manifest_id).chunk_ids())
    assert wanted - others
    client.delete(*(f"srs:c:{chunk_id}" for chunk_id in wanted - others))


def test_undo_onto_a_version_that_lost_a_value_raises_and_head_stays(
    fresh: Store, session_id: str, client: redis.Redis
) -> None:
    session = fresh.session(session_id)
    drop_chunks_of(client, session, "df", "start")
    with connect(fresh.where) as other:
        again = other.session(session_id)
        head = again.head
        with pytest.raises(ChunkNotFoundError, match="'df'"):
            again.undo()
        with pytest.raises(ChunkNotFoundError, match="'df'"):
            again.checkout("start")
        assert again.head == head
        assert other.session(session_id).head == head
        assert_identical(again["df"], flights(400), "df")
        assert again.checkout("start", keys=["by"])
        with pytest.raises(ChunkNotFoundError, match="'df'"):
            again.read("start", "df")


def test_a_session_whose_head_lost_a_value_opens_and_goes_on(
    fresh: Store, session_id: str, client: redis.Redis
) -> None:
    drop_chunks_of(client, fresh.session(session_id), "df")
    with connect(fresh.where) as other:
        again = other.session(session_id)
        assert_identical(again["by"], counts(200), "by")
        with pytest.raises(ChunkNotFoundError, match="'df'"):
            again["df"]
        committed(again, by=counts(5))
        again.undo(2)
        assert_identical(again["df"], flights(300), "df")


def test_a_read_that_misses_a_chunk_stores_it_again_from_memory(
    fresh: Store, client: redis.Redis
) -> None:
    """A value that shares columns with the lost one is held."""
    with connect(fresh.where) as store:
        session = store.session()
        committed(session, df=flights(500))
        held: Any = session["df"]
        committed(session, df=held.assign(more=held["age"] * 2))
        client.delete(*chunk_keys(client))
        assert_identical(session.undo() and session["df"], flights(500), "df")
        assert store.verify(session.id, repair=True).is_sound
    with connect(fresh.where) as store:
        assert_identical(store.session(session.id)["df"], flights(500), "df")
