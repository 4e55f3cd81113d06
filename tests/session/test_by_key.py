"""Sessions of which only the key is known: what operators do, without the secret id."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import numpy as np
import pandas as pd
import pytest
from support.servers import RedisServer

import streamlit_redis_session as srs
from streamlit_redis_session import (
    ConfigurationError,
    SessionNotFoundError,
    Store,
    VersionNotFoundError,
)
from streamlit_redis_session.objects import SessionKey

NOBODY = SessionKey("0" * 32)


@pytest.fixture(params=["memory", "redis"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    with srs.connect(request.getfixturevalue(f"{request.param}_url")) as store:
        yield store


def test_a_session_opened_by_its_key_is_the_same_one(store: Store) -> None:
    session = store.session()
    session["a"] = np.arange(3)
    session.commit()

    opened = store.open_key(session.key)

    assert opened.head == session.head
    assert opened.graph().versions == session.graph().versions
    assert store.key_of(session.id) == session.key
    assert store.list_keys() == [session.key]


def test_its_id_is_not_known(store: Store) -> None:
    session = store.session()

    with pytest.raises(ConfigurationError, match="by its key alone"):
        _ = store.open_key(session.key).id


def test_nobody_has_this_key(store: Store) -> None:
    store.session()

    with pytest.raises(SessionNotFoundError):
        store.open_key(NOBODY)
    with pytest.raises(SessionNotFoundError):
        store.delete_key(NOBODY)
    assert store.info(NOBODY) is None
    assert len(store.sessions()) == 1


def test_what_is_written_by_key_leaves_the_time_to_live_as_it_is(store: Store) -> None:
    session = store.session()
    session["a"] = np.arange(3)
    session.commit()
    session.expire(timedelta(days=30))

    store.open_key(session.key).tag("kept")

    (info,) = store.sessions()
    assert info.expires_at is not None
    left = info.expires_at - datetime.now(timezone.utc)
    assert timedelta(days=29, hours=23) < left < timedelta(days=30, minutes=1)


def test_a_session_is_deleted_by_its_key_alone(store: Store) -> None:
    session, other = store.session(), store.session()

    store.delete_key(session.key)

    assert store.list_keys() == [other.key]


def test_an_overview_says_where_head_is(store: Store) -> None:
    session = store.session()
    before = store.info(session.key)
    session["a"] = np.arange(3)
    version = session.commit()
    after = store.info(session.key)

    assert before is not None
    assert after is not None
    assert version is not None
    assert (before.head.branch, before.head.version) == ("main", None)
    assert (after.head.version, after.versions, after.branches) == (version.id, 1, 1)


def test_bytes_are_measured_once_however_often_chunks_are_used(store: Store) -> None:
    session = store.session()
    session["a"] = np.random.default_rng(1).random(50_000)
    session.commit()
    once = store.measure(session.key)
    session["b"] = session["a"]
    session.commit()

    assert 300_000 < once < 410_000
    assert store.measure(session.key) < 1.01 * once


# --- what a version holds ----------------------------------------------------------------------


def test_values_are_described_without_being_read(store: Store) -> None:
    session = store.session()
    session["frame"] = pd.DataFrame({"a": np.arange(70_000), "b": 0.5})
    session["array"] = np.arange(3)
    session["tables"] = {"one": pd.DataFrame({"x": [1]})}
    session["option"] = "red"
    session.commit()

    found = {each.key: each for each in store.open_key(session.key).describe()}

    assert {key: (v.type, v.rows, v.columns) for key, v in found.items()} == {
        "frame": ("pd.DataFrame", 70_000, 2),
        "array": ("ndarray", 3, None),
        "tables": ("dict", 1, None),
    }
    frame = found["frame"]
    assert frame.nbytes == pytest.approx(70_000 * 16, abs=100)
    assert 0 < frame.stored_bytes < frame.nbytes
    assert frame.chunk_count >= 4
    assert frame.lost_count == 0
    assert frame.lease_s is not None
    assert frame.lease_s > 7 * 86_400
    assert store.open_key(session.key).settings_at() == {"option": "red"}


def test_another_version_is_described_by_its_name(store: Store) -> None:
    session = store.session()
    session["df"] = pd.DataFrame({"a": [1, 2, 3]})
    session["option"] = 1
    session.commit()
    session["other"] = np.arange(2)
    session["option"] = 2
    session.commit()

    assert [each.key for each in session.describe("HEAD~1")] == ["df"]
    assert {each.key: each.rows for each in session.describe()} == {"df": 3, "other": 2}
    assert session.settings_at("HEAD~1") == {"option": 1}
    with pytest.raises(VersionNotFoundError):
        session.describe("deadbeef")


def test_a_damaged_value_is_described_as_such_beside_sound_ones(
    redis_url: str, redis_server: RedisServer
) -> None:
    with srs.connect(redis_url) as store, redis_server.client() as client:
        session = store.session()
        for key in ("one", "two", "three"):
            session[key] = pd.DataFrame({key: np.arange(1000)})
        version = session.commit()
        assert version is not None
        tables = f"{{srs:{session.key}}}:tables"
        client.hdel(tables, version.values["one"])
        client.hset(tables, version.values["two"], b"damaged")

        found = {each.key: each for each in store.open_key(session.key).describe()}

    assert found["one"].error == "its manifest is missing"
    assert "damaged" in found["two"].error
    assert (found["one"].type, found["two"].type) == ("", "")
    assert (found["three"].type, found["three"].error) == ("pd.DataFrame", "")


def test_the_shape_of_a_value_whose_version_was_pruned_is_not_guessed(store: Store) -> None:
    session = store.session()
    session["df"] = pd.DataFrame({"a": [1]})
    session.commit()
    session["df"] = pd.DataFrame({"a": [1, 2]})
    session.commit()
    for number in range(3):
        session["n"] = np.arange(number + 1)
        session.commit()
    assert session.prune(2).removed

    rows = {each.key: each.rows for each in session.describe()}

    assert rows == {"n": 3, "df": None}
