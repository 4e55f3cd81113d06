"""A server that evicts: what can be read is exact, and what is gone is named."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support.crash_walk import value_of
from support.servers import RedisServer

from faults.eviction import POLICIES, Evictions, fill
from streamlit_redis_session import CorruptDataError, connect


@pytest.mark.parametrize("lost", [["refs"], ["refs", "graph"], ["refs", "graph", "tables"]])
def test_a_session_whose_refs_are_gone_is_damaged_and_not_empty(
    redis_server: RedisServer, lost: list[str]
) -> None:
    """Keys are evicted one by one; a session that looks new would be committed to."""
    with connect(redis_server.url) as store, redis_server.client() as client:
        session = store.session()
        session["df"] = value_of(1)
        session.commit()
        session["df"] = value_of(2)
        client.delete(*(f"{{srs:{session.key}}}:{name}" for name in lost))

        with pytest.raises(CorruptDataError, match="branches and head are missing"):
            session.commit()
        with connect(redis_server.url) as fresh, pytest.raises(CorruptDataError):
            fresh.session(session.id)


def test_a_session_without_a_version_is_not_taken_for_a_damaged_one(
    redis_server: RedisServer,
) -> None:
    with connect(redis_server.url) as store:
        session = store.session()
        session["n"] = 1
        assert session.commit() is None
        with connect(redis_server.url) as fresh:
            assert dict(fresh.session(session.id)) == {"n": 1}


@pytest.mark.parametrize("policy", ["noeviction", "allkeys-random", "volatile-ttl"])
def test_what_an_evicting_server_still_has_is_exact_and_the_rest_is_named(policy: str) -> None:
    check(fill(policy, memory_mb=3))


@pytest.mark.faults
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("policy", POLICIES)
def test_no_policy_makes_a_wrong_frame_at_three_times_the_memory(
    policy: str, figures: Callable[..., None], scaled: Callable[[int], int]
) -> None:
    found = fill(policy, memory_mb=max(3, scaled(48)))

    check(found)
    figures(
        f"evicting ({policy})",
        sessions=found.sessions,
        commits_refused=found.refused,
        sessions_gone=found.gone,
        sessions_damaged=found.unreadable + found.broken,
        versions_damaged=found.damaged,
        versions_exact=found.intact,
        silent=len(found.silent),
    )


def check(found: Evictions) -> None:
    assert found.silent == []
    if found.policy == "noeviction":
        assert found.refused > 0
        assert found.intact > 0
        assert (found.gone, found.unreadable, found.broken, found.damaged) == (0, 0, 0, 0)
    else:
        assert found.refused == 0
        assert found.gone + found.unreadable + found.broken + found.damaged > 0
