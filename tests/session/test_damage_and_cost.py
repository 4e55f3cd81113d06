"""What a real server is asked, what it holds, and what happens when it loses or changes bytes."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
import redis
from support.identical import assert_identical
from support.servers import RedisServer

from streamlit_redis_session import (
    ChunkNotFoundError,
    ConfigurationError,
    CorruptDataError,
    Session,
    Store,
    connect,
)

from .contract_parts import assert_shows, committed, frame_of
from .frames import counts, flights

ROWS = 150_000


@pytest.fixture
def client(redis_server: RedisServer) -> Iterator[redis.Redis]:
    """A look at the server from outside."""
    with redis_server.client() as client:
        yield client


@pytest.fixture
def store(redis_url: str) -> Iterator[Store]:
    with connect(redis_url) as store:
        yield store


@pytest.fixture
def session(store: Store) -> Session:
    return store.session()


class Meter:
    """Counts what a server was asked to do, by its own statistics."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._before = self._read()

    def _read(self) -> dict[str, int]:
        stats: Any = self._client.info("stats")
        return {
            "commands": stats["total_commands_processed"],
            "reads": stats["total_reads_processed"],
            "bytes": stats["total_net_input_bytes"],
        }

    def since(self) -> dict[str, int]:
        """Give the difference, without the meter's own question."""
        now = self._read()
        return {key: now[key] - self._before[key] - (key != "bytes") for key in now}


def chunks(client: redis.Redis) -> list[bytes]:
    keys: Any = client.keys("srs:c:*")
    return sorted(keys)


def lives_of_chunks(client: redis.Redis) -> list[int]:
    lives: list[Any] = [client.ttl(key) for key in chunks(client)]
    return lives


# what it costs


def test_an_unchanged_commit_sends_nothing(session: Session, client: redis.Redis) -> None:
    session["chart"] = "line"
    committed(session, df=flights())
    meter = Meter(client)
    for _ in range(10):
        assert session.commit() is None
    assert meter.since()["commands"] == 0


def test_a_small_commit_takes_one_round_trip(session: Session, client: redis.Redis) -> None:
    """One script stores the chunks first, then everything else."""
    committed(session, df=flights(), by=counts(300))
    session["note"] = "x" * 2000
    frame_of(session).loc[3, "age"] = 7
    frame_of(session, "by").loc[3, "b"] = 7
    meter = Meter(client)
    committed(session)
    assert meter.since()["reads"] == 1


def test_a_large_commit_takes_two_round_trips(session: Session, client: redis.Redis) -> None:
    committed(session, df=flights())
    noise = np.random.default_rng(1).random(60_000)
    meter = Meter(client)
    committed(session, noise=noise)
    since = meter.since()
    assert since["bytes"] > 400_000
    assert since["commands"] < 50


def test_settings_that_come_back_with_an_undo_cost_no_round_trip_of_their_own(
    session: Session, redis_url: str, client: redis.Redis
) -> None:
    committed(session, df=flights(), note="before", old=1)
    session["note"], session["new"] = "x" * 2000, 2
    del session["old"]
    committed(session, df=flights(9))
    meter = Meter(client)
    session.undo()
    assert meter.since()["reads"] == 1
    session.redo()
    assert meter.since()["reads"] <= 3
    assert (session["note"], session["new"], "old" in session) == ("x" * 2000, 2, False)
    session.undo()
    with connect(redis_url) as fresh:
        again = fresh.session(session.id)
        assert (again["note"], again["old"], "new" in again) == ("before", 1, False)


def test_an_undo_and_its_redo_take_one_round_trip_each(
    session: Session, client: redis.Redis
) -> None:
    committed(session, df=flights())
    committed(session, df=flights(9))
    meter = Meter(client)
    session.undo()
    session.redo()
    assert_shows(session, df=flights(9))
    assert meter.since()["reads"] <= 2


def test_one_cell_writes_a_small_part_of_the_frame(session: Session, client: redis.Redis) -> None:
    noise = np.random.default_rng(1).random((3, ROWS))
    meter = Meter(client)
    committed(session, df=flights(rows=ROWS).assign(x=noise[0], y=noise[1], z=noise[2]))
    whole = meter.since()["bytes"]
    frame_of(session).loc[70_000, "x"] = -1.0
    meter = Meter(client)
    committed(session)
    assert meter.since()["bytes"] < whole / 5
    assert whole < frame_of(session).memory_usage(deep=True).sum()


def test_a_new_column_writes_that_column_alone(session: Session, client: redis.Redis) -> None:
    committed(session, df=flights(rows=ROWS))
    before = set(chunks(client))
    session["df"] = frame_of(session).assign(double=lambda df: df.fare * 2)
    committed(session)
    assert len(set(chunks(client)) - before) == 3
    assert before <= set(chunks(client))


def test_dropping_or_renaming_a_column_writes_no_chunk(
    session: Session, client: redis.Redis
) -> None:
    committed(session, df=flights(rows=ROWS))
    before = chunks(client)
    session["df"] = frame_of(session).drop(columns="fare")
    committed(session)
    session["df"] = frame_of(session).rename(columns={"age": "years"})
    committed(session)
    assert chunks(client) == before


def test_sessions_that_load_the_same_file_store_it_once(store: Store, client: redis.Redis) -> None:
    committed(store.session(), df=flights(rows=ROWS))
    before = chunks(client)
    for _ in range(5):
        committed(store.session(), df=flights(rows=ROWS))
    assert chunks(client) == before


# what it holds


def test_the_id_of_a_session_is_nowhere_on_the_server_or_in_the_log(
    session: Session, client: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    committed(session, df=flights())
    committed(session, df=flights(9))
    session.undo()
    keys: Any = client.keys("*")
    dumps: list[Any] = [client.dump(key) for key in keys]
    dump, names = b"".join(dumps), b" ".join(keys)
    assert session.id.encode() not in dump + names
    assert session.id not in caplog.text
    assert session.id not in repr(session)


def test_every_key_expires(session: Session, client: redis.Redis) -> None:
    """Expiry is the garbage collector; the index alone stays and is small."""
    committed(session, df=flights(), n=1)
    keys: Any = client.keys("*")
    assert [key for key in keys if client.ttl(key) == -1] in ([], [b"srs:sessions"])


def test_chunks_outlive_the_session_even_when_it_is_told_to_live_longer(
    session: Session, client: redis.Redis
) -> None:
    committed(session, df=flights())
    session.expire(timedelta(days=400))
    committed(session, df=flights(700))
    lives: Any = client.ttl(f"{{srs:{session.key}}}:meta")
    assert lives > 399 * 86_400
    assert all(life > lives for life in lives_of_chunks(client))


def test_a_commit_renews_chunks_that_it_does_not_use(
    session: Session, redis_url: str, client: redis.Redis
) -> None:
    """A frame that nobody edits must not expire under a session that is in use every day."""
    committed(session, df=flights(), by=counts())
    for key in chunks(client):
        client.expire(key, 100)
    client.hincrby(f"{{srs:{session.key}}}:meta", "leased", -86_400)
    with connect(redis_url) as later:
        committed(later.session(session.id), by=counts(3))
    assert all(life > 86_400 for life in lives_of_chunks(client))


def test_foreign_keys_survive_everything(
    session: Session, store: Store, client: redis.Redis
) -> None:
    foreign = ["srs", "srs:", "srs:other", "{srs:*}:meta", "session:1", "*", "srsx:c:1"]
    for key in foreign:
        client.set(key, "mine")
    committed(session, df=flights())
    committed(session, df=flights(9))
    session.undo()
    session.delete()
    store.delete(store.session().id)
    assert all(client.get(key) == b"mine" for key in foreign)


# what it loses or changes


def test_a_missing_chunk_is_an_error_that_names_the_value_and_others_stay_readable(
    session: Session, redis_url: str, client: redis.Redis
) -> None:
    good = committed(session, df=flights(9), by=counts(300))
    kept = set(chunks(client))
    committed(session, df=flights(700))
    lost = set(chunks(client)) - kept
    client.delete(*lost)
    with connect(redis_url) as fresh:
        again = fresh.session(session.id)
        with pytest.raises(ChunkNotFoundError, match="'df'") as caught:
            again["df"]
        assert caught.value.value == "df"
        assert set(caught.value.chunk_ids) == {key.decode()[6:] for key in lost}
        assert_identical(again["by"], counts(300))
        assert_identical(again.read(good.id, "df"), flights(9))
        again.undo()
        assert_shows(again, df=flights(9), by=counts(300))


def test_a_lost_value_can_be_replaced(
    session: Session, redis_url: str, client: redis.Redis
) -> None:
    committed(session, df=flights())
    client.delete(*chunks(client))
    with connect(redis_url) as fresh:
        again = fresh.session(session.id)
        committed(again, df=flights(700))
    with connect(redis_url) as fresh:
        assert_shows(fresh.session(session.id), df=flights(700))


def test_what_was_lost_is_stored_again_when_it_comes_back(
    session: Session, redis_url: str, client: redis.Redis
) -> None:
    committed(session, df=flights())
    client.delete(*chunks(client))
    with connect(redis_url) as fresh:
        committed(fresh.session(), df=flights())
    with connect(redis_url) as fresh:
        assert_shows(fresh.session(session.id), df=flights())


@pytest.mark.parametrize("place", [0, 2, 3, 8, 20, 40, -1])
def test_a_damaged_chunk_is_an_error_and_never_another_frame(
    session: Session, redis_url: str, client: redis.Redis, place: int
) -> None:
    committed(session, df=flights())
    key = chunks(client)[0]
    data: Any = client.get(key)
    damaged = bytearray(data)
    damaged[place] ^= 1
    client.set(key, bytes(damaged), keepttl=True)
    with connect(redis_url) as fresh, pytest.raises(CorruptDataError):
        fresh.session(session.id)["df"]


def test_damaged_records_and_refs_are_errors(
    session: Session, redis_url: str, client: redis.Redis
) -> None:
    version = committed(session, df=flights(), n=1)
    prefix = f"{{srs:{session.key}}}"
    for name, field, damage in [
        ("refs", "HEAD", b"\xff\xfe"),
        ("refs", "HEAD", b"0" * 40 + b" main"),
        ("refs", "b:main", b"\xff"),
        ("graph", version.id, b"{}"),
    ]:
        before: Any = client.hget(f"{prefix}:{name}", field)
        client.hset(f"{prefix}:{name}", field, damage)
        with connect(redis_url) as fresh, pytest.raises(CorruptDataError):
            fresh.session(session.id)
        client.hset(f"{prefix}:{name}", field, before)
    client.delete(f"{prefix}:tables")
    client.hdel(f"{prefix}:meta", "settings")
    with connect(redis_url) as fresh, pytest.raises(CorruptDataError, match="missing"):
        fresh.session(session.id)["df"]


def test_a_record_of_another_session_does_not_open(
    session: Session, store: Store, redis_url: str, client: redis.Redis
) -> None:
    """Who can write to the server cannot hand one analyst the values of another."""
    committed(session, df=flights())
    victim = store.session()
    for name in ("graph", "refs", "tables"):
        fields: Any = client.hgetall(f"{{srs:{session.key}}}:{name}")
        client.hset(f"{{srs:{victim.key}}}:{name}", mapping=fields)
    with connect(redis_url) as fresh, pytest.raises(CorruptDataError):
        fresh.session(victim.id)


@pytest.mark.parametrize(
    "url", ["ftp://x", "redis//x", "redis://h:1/0?no_such=1", "memory://x?y=1", "nonsense", ""]
)
def test_a_url_that_cannot_be_used_is_an_error(url: str) -> None:
    with pytest.raises(ConfigurationError):
        connect(url)
