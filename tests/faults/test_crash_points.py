"""Connections break at every command and byte; nothing acknowledged is lost, nothing is double."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pytest
from support.consistency import assert_consistent, inspect
from support.crash_proxy import CrashProxy, Cut
from support.crash_steps import WRITES, commit, delete
from support.crash_walk import open_store, value_of
from support.servers import RedisServer

from faults.crash_points import Crashes, every_byte, every_point, random_points
from streamlit_redis_session import StorageUnavailableError
from streamlit_redis_session.objects import VersionId

PROCESSES = 2
HOUR_S = 3600


# the tools themselves


@pytest.mark.parametrize(
    ("cut", "is_done"),
    [
        (Cut(0, "before", then_closed=True), False),
        (Cut(0, "request", 9, then_closed=True), False),
        (Cut(0, "done", then_closed=True), True),
        (Cut(0, "reply", 1, then_closed=True), True),
    ],
)
def test_the_proxy_breaks_where_it_says(redis_server: RedisServer, cut: Cut, is_done: bool) -> None:
    with CrashProxy(redis_server.socket_path) as proxy, open_store(proxy.url) as store:
        session = store.session()
        session["df"] = value_of(1)
        session.commit()
        session["df"] = value_of(2)
        proxy.arm(cut)
        with pytest.raises(StorageUnavailableError):
            session.commit()
        assert proxy.cuts == 1
        assert not proxy.is_armed
        with open_store(redis_server.unix_url) as direct:
            assert len(direct.session(session.id).log()) == 1 + is_done


def test_the_checker_sees_what_is_lost_wrong_double_and_dangling(
    redis_server: RedisServer,
) -> None:
    with open_store(redis_server.unix_url) as store, redis_server.client() as client:
        session = store.session()
        session["df"] = value_of(1)  # has chunks
        first = session.commit()
        session["df"] = value_of(2)
        second = session.commit()
        assert first is not None
        assert second is not None
        right = {first.id: {"df": value_of(1)}, second.id: {"df": value_of(2)}}
        assert assert_consistent(redis_server.unix_url, session.id, right).versions == 2

        nobody = VersionId("0" * 40)
        wrong = {first.id: {"df": value_of(2)}, nobody: {}}
        found = inspect(redis_server.unix_url, session.id, wrong)
        assert found.lost == [nobody]
        assert len(found.wrong) == 1

        keys = f"{{srs:{session.key}}}"
        client.hset(f"{keys}:refs", "b:nowhere", "0" * 40)
        tables: Any = client.hgetall(f"{keys}:tables")
        client.hset(f"{keys}:tables", "f" * 40, next(iter(tables.values())))
        client.delete(*client.keys("srs:c:*"))
        with pytest.raises(AssertionError, match="ref b:nowhere"):
            assert_consistent(redis_server.unix_url, session.id, right)


# the campaigns


def test_a_commit_survives_a_break_at_every_command() -> None:
    assert every_point([commit]).cuts >= 100


def test_half_a_request_is_never_done() -> None:
    assert every_byte([commit, delete], stride_bytes=61).cuts >= 30


def test_random_walks_over_a_breaking_connection_end_as_the_model_says() -> None:
    assert random_points(seed=7, cuts=300).cuts >= 300


@pytest.mark.faults
@pytest.mark.timeout(HOUR_S)
def test_every_step_survives_a_break_at_every_command(figures: Callable[..., None]) -> None:
    found = every_point()

    assert set(found.by_step) == {maker.__name__ for maker in WRITES}
    report(figures, "every command of every step", found)


@pytest.mark.faults
@pytest.mark.timeout(HOUR_S)
def test_no_step_is_done_by_a_part_of_its_bytes(
    figures: Callable[..., None], scaled: Callable[[int], int]
) -> None:
    found = every_byte(stride_bytes=max(1, round(1 / max(1e-3, scaled(1000) / 1000))))

    report(figures, "every byte of every step", found)


@pytest.mark.faults
@pytest.mark.timeout(HOUR_S)
def test_a_hundred_thousand_random_breaks_lose_nothing(
    figures: Callable[..., None], scaled: Callable[[int], int]
) -> None:
    spawn = multiprocessing.get_context("spawn")
    share = scaled(100_000) // PROCESSES
    with ProcessPoolExecutor(PROCESSES, mp_context=spawn) as pool:
        parts = pool.map(random_points, range(100, 100 + PROCESSES), [share] * PROCESSES)
        found = Crashes()
        for part in parts:
            found.add(part)

    report(figures, "random breaks", found)


def report(figures: Callable[..., None], title: str, found: Crashes) -> None:
    figures(
        title,
        cuts=found.cuts,
        sessions=found.sessions,
        versions_read=found.versions,
        lost_or_wrong=0,
        seconds=found.seconds,
    )
