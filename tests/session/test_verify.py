"""Every single key damaged in every way: each fault is found by name, and all else reads."""

from __future__ import annotations

from typing import Any

import pytest
import redis
from support.identical import assert_identical

from streamlit_redis_session import (
    SessionNotFoundError,
    Store,
    connect,
)

from .damage import (
    DAMAGES,
    assert_the_rest_reads,
    chunk_keys,
    flipped,
    hash_of,
    key_of,
    kinds,
    only,
    users_of,
    verified,
)
from .frames import flights

# --- what is found -----------------------------------------------------------------------------


def test_a_sound_session_has_no_faults(fresh: Store, session_id: str) -> None:
    told: list[tuple[int, int]] = []
    report = verified(fresh, session_id, progress=lambda done, total: told.append((done, total)))

    assert report.faults == ()
    assert report.is_sound
    assert (report.session_count, report.version_count) == (1, 2)
    assert report.manifest_count == 4
    assert report.chunk_count > 5
    assert report.read_bytes > 1000
    assert told[-1] == (report.chunk_count, report.chunk_count)
    assert verified(fresh) == report


def test_an_unknown_session_is_not_verified(fresh: Store) -> None:
    with pytest.raises(SessionNotFoundError):
        verified(fresh, "nobody")


@pytest.mark.parametrize("damage", [None, *DAMAGES])
def test_each_chunk_is_named_with_the_versions_that_need_it(
    fresh: Store, session_id: str, client: redis.Redis, damage: str | None
) -> None:
    users = users_of(fresh, session_id)
    for name in chunk_keys(client):
        data: Any = client.get(name)
        ttl = client.ttl(name)
        if damage is None:
            client.delete(name)
        else:
            client.set(name, DAMAGES[damage](data), keepttl=True)
        fault = only(verified(fresh, session_id))
        chunk_id = name.decode().rpartition(":")[2]

        assert fault.what == f"chunk {chunk_id}"
        assert fault.kind == ("chunk-lost" if damage is None else "chunk-damaged")
        needing = users.get(chunk_id)
        if needing:
            assert set(fault.versions) == {version for version, _ in needing}
            with connect(fresh.where) as other:
                assert_the_rest_reads(other, session_id, needing)
        client.set(name, data, ex=ttl)
    assert verified(fresh, session_id).is_sound


def test_a_chunk_in_the_place_of_another_is_named(
    fresh: Store, session_id: str, client: redis.Redis
) -> None:
    first, second, *_ = chunk_keys(client)
    other: Any = client.get(second)
    client.set(first, other, keepttl=True)

    assert first.decode().endswith(only(verified(fresh, session_id)).what.split()[1])


@pytest.mark.parametrize("name", ["graph", "tables"])
@pytest.mark.parametrize("damage", [None, *DAMAGES])
def test_each_record_is_named(
    fresh: Store, session_id: str, client: redis.Redis, name: str, damage: str | None
) -> None:
    full, fields = hash_of(client, key_of(fresh), name)
    others = list(fields.values())
    for record, data in fields.items():
        ways: list[bytes | None] = [None] if damage is None else [DAMAGES[damage](data)]
        if damage == "cut":
            ways.append(next(o for o in others if o != data))  # of another name
        for bad in ways:
            client.hdel(full, record) if bad is None else client.hset(full, record, bad)
            with connect(fresh.where) as other:
                fault = only(verified(other, session_id))
            kind = "version" if name == "graph" else "manifest"
            assert fault.kind == f"{kind}-{'lost' if bad is None else 'damaged'}"
            assert fault.what == f"{kind} {record.decode()}"
            assert fault.versions
        client.hset(full, record, data)
    assert verified(fresh, session_id).is_sound


@pytest.mark.parametrize("field", ["HEAD", "b:main", "b:side", "t:start"])
def test_a_damaged_ref_is_named_and_mended(
    fresh: Store, session_id: str, client: redis.Redis, field: str
) -> None:
    full, fields = hash_of(client, key_of(fresh), "refs")
    for bad in (flipped(0), lambda data: data[1:], lambda data: b"\xff" + data[1:]):
        client.hset(full, field, bad(fields[field.encode()]))
        fault = only(verified(fresh, session_id))
        assert fault.kind in {"ref-damaged", "version-lost"}
        assert fault.can_repair

        assert verified(fresh, session_id, repair=True).is_sound
        assert verified(fresh, session_id).faults == ()
        with connect(fresh.where) as other:
            session = other.session(session_id)
            assert_identical(session["df"], flights(400), "df")
        client.hset(full, field, fields[field.encode()])


@pytest.mark.parametrize("name", ["meta", "graph", "refs", "tables", "events"])
def test_a_whole_key_that_is_gone_is_named(
    fresh: Store, session_id: str, client: redis.Redis, name: str
) -> None:
    client.delete(f"{{srs:{key_of(fresh)}}}:{name}")
    report = verified(fresh, session_id)

    expected = {
        "meta": {"session-lost"},
        "graph": {"version-lost", "events-lost"},
        "refs": {"ref-lost"},
        "tables": {"manifest-lost"},
        "events": {"events-lost"},
    }[name]
    assert set(kinds(report)) <= expected
    assert report.faults
    assert set(kinds(verified(fresh))) == set(kinds(report))


def test_settings_of_the_moment_that_are_damaged_are_named_and_mended(
    fresh: Store, session_id: str, client: redis.Redis
) -> None:
    full, fields = hash_of(client, key_of(fresh), "meta")
    client.hset(full, "settings", flipped(0.5)(fields[b"settings"]))

    assert only(verified(fresh, session_id)).kind == "settings-damaged"
    assert fresh.session(session_id)["note"] == "x" * 3000
    assert verified(fresh, session_id, repair=True).is_sound
    assert verified(fresh, session_id).faults == ()
    assert fresh.session(session_id)["note"] == "x" * 3000


@pytest.mark.parametrize("field", ["epoch", "created_at", "seq", "leased"])
def test_meta_that_makes_no_sense_is_named(
    fresh: Store, session_id: str, client: redis.Redis, field: str
) -> None:
    client.hset(f"{{srs:{key_of(fresh)}}}:meta", field, "?")

    assert "meta-damaged" in kinds(verified(fresh, session_id))


def test_a_session_that_was_made_to_live_for_ever_ends_with_the_others(
    fresh: Store, session_id: str, client: redis.Redis
) -> None:
    key = key_of(fresh)
    client.persist(f"{{srs:{key}}}:meta")

    assert set(kinds(verified(fresh, session_id, repair=True))) >= {"life-differs"}
    assert verified(fresh, session_id).faults == ()
    life: Any = client.ttl(f"{{srs:{key}}}:meta")
    assert life > 6 * 86_400


def test_lives_and_leases_are_compared_and_made_to_agree(
    fresh: Store, session_id: str, client: redis.Redis
) -> None:
    key = key_of(fresh)
    client.zrem("srs:sessions", key)
    client.expire(f"{{srs:{key}}}:graph", 50)
    client.expire(chunk_keys(client)[0], 60)

    report = verified(fresh, session_id)
    assert sorted(kinds(report)) == ["index-missing", "lease-short", "life-differs"]
    assert not report.is_sound
    assert verified(fresh, session_id, repair=True).is_sound
    assert verified(fresh, session_id).faults == ()
    assert [info.key for info in fresh.sessions()] == [key]
