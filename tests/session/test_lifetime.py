"""Leases of chunks: renewed in time, and not asked for more often than that."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import redis
from support.servers import RedisServer

from streamlit_redis_session import Session, connect

from .contract_parts import committed
from .frames import counts, flights


def leased_s(client: redis.Redis, session: Session) -> float:
    """Say how long all chunks are leased, by the session's own note."""
    noted: Any = client.hget(f"{{srs:{session.key}}}:meta", "leased")
    now: Any = client.time()
    return float(noted) - float(now[0])


def shortest_life(client: redis.Redis) -> int:
    keys: Any = client.keys("srs:c:*")
    lives: list[Any] = [client.ttl(key) for key in keys]
    return int(min(lives))


def commands(client: redis.Redis, name: str) -> object:
    stats: Any = client.info("commandstats")
    return stats.get(f"cmdstat_{name}", {"calls": 0})["calls"]


def test_the_first_write_after_opening_asks_for_no_lease(
    server: RedisServer, client: redis.Redis
) -> None:
    with connect(server.url) as store:
        session = store.session()
        committed(session, df=flights(), by=counts())
        assert leased_s(client, session) <= shortest_life(client) + 1
    with connect(server.url) as store:
        again = store.session(session.id)
        client.config_resetstat()
        again.undo() if again.can_undo else again.commit()
        committed(again, n=counts(3))
        assert commands(client, "hgetall") == 0
        assert commands(client, "exists") == 0


def test_who_leases_for_longer_renews_what_others_leased_for_less(
    server: RedisServer, client: redis.Redis
) -> None:
    with connect(server.url, ttl=timedelta(hours=1)) as store:
        session = store.session()
        committed(session, df=flights())
    with connect(server.url, ttl=timedelta(days=9)) as store:
        committed(store.session(session.id), by=counts())
        assert shortest_life(client) > 9 * 86_400
        assert leased_s(client, session) > 9 * 86_400


def test_who_leases_for_less_says_so(server: RedisServer, client: redis.Redis) -> None:
    """Otherwise the other would believe that the new chunks live as long as the old ones."""
    with connect(server.url, ttl=timedelta(days=9)) as store:
        session = store.session()
        committed(session, df=flights())
    with connect(server.url, ttl=timedelta(hours=1)) as store:
        committed(store.session(session.id), by=counts())
    assert leased_s(client, session) <= shortest_life(client) + 1
    with connect(server.url, ttl=timedelta(days=9)) as store:
        committed(store.session(session.id), n=counts(3))
    assert shortest_life(client) > 9 * 86_400


@pytest.mark.parametrize("noted", [b"", b"soon", b"-5", b"9" * 400, "٣".encode()])
def test_a_note_that_makes_no_sense_only_costs_a_renewal(
    server: RedisServer, client: redis.Redis, noted: bytes
) -> None:
    with connect(server.url) as store:
        session = store.session()
        committed(session, df=flights())
    client.hset(f"{{srs:{session.key}}}:meta", "leased", noted)
    with connect(server.url) as store:
        committed(store.session(session.id), by=counts())
    assert leased_s(client, session) <= shortest_life(client) + 1
