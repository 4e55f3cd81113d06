"""The primary dies while an analyst works: nothing acknowledged is lost, nothing is made twice."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pandas as pd
import pytest
from support.clusters import RedisCluster, SentinelTrio, wait_until
from support.identical import assert_identical

import streamlit_redis_session as srs
from streamlit_redis_session import Session

pytestmark = pytest.mark.slow

AFTERWARDS = 30
"""Versions made once the new primary is there."""


class Work:
    """Commits one version after the other and notes what was acknowledged."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.acknowledged: list[tuple[str, int]] = []
        self.longest_s = 0.0
        self._is_over = threading.Event()
        self._failures: list[BaseException] = []
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        self._thread.start()

    def wait_for(self, more: int) -> None:
        target = len(self.acknowledged) + more
        wait_until(
            lambda: len(self.acknowledged) >= target or not self._thread.is_alive(),
            "more versions",
        )

    def end(self) -> None:
        self._is_over.set()
        self._thread.join()
        if self._failures:
            raise self._failures[0]

    def _run(self) -> None:
        try:
            self._commit_until_over()
        except Exception as error:  # noqa: BLE001  # raised again where the test ends
            self._failures.append(error)

    def _commit_until_over(self) -> None:
        number = 0
        while not self._is_over.is_set():
            number += 1
            self.session["df"] = frame(number)
            started = time.monotonic()
            version = self.session.commit(f"step {number}")
            self.longest_s = max(self.longest_s, time.monotonic() - started)
            assert version is not None
            self.acknowledged.append((version.id, number))


def frame(number: int) -> pd.DataFrame:
    return pd.DataFrame(
        {"n": range(number, number + 2000), "t": [f"{number} {i}" for i in range(2000)]}
    )


def check(url: str, session_id: str, acknowledged: list[tuple[str, int]]) -> None:
    """Read with a fresh store: each version is there once, in order, with its value."""
    with srs.connect(url) as store:
        session = store.session(session_id)
        log = session.log()
        made = [version.message for version in reversed(log)]
        assert made == [f"step {number}" for _, number in acknowledged]
        assert [version.id for version in reversed(log)] == [id_ for id_, _ in acknowledged]
        for id_, number in acknowledged:
            assert_identical(session.read(id_, "df"), frame(number))


@pytest.fixture
def cluster() -> Iterator[RedisCluster]:
    with RedisCluster(replicas=1) as cluster:
        yield cluster


@pytest.fixture
def trio() -> Iterator[SentinelTrio]:
    with SentinelTrio(replicas=2) as trio:
        yield trio


def work_through(url: str, fail_over: Callable[[Session], None]) -> Work:
    """Commit steadily while the primary is killed, and check what was acknowledged."""
    with srs.connect(url) as store:
        session = store.session()
        work = Work(session)
        work.start()
        try:
            work.wait_for(30)
            fail_over(session)
            work.wait_for(AFTERWARDS)
        finally:
            work.end()
        check(url, session.id, work.acknowledged)
    return work


def test_a_cluster_whose_primary_is_killed_loses_nothing_that_replicas_confirmed(
    cluster: RedisCluster,
) -> None:
    """The old primary comes back as a replica, without which nobody could confirm."""

    def fail_over(session: Session) -> None:
        name = f"{{srs:{session.key}}}:meta"
        old = cluster.primary_of(name)
        old.kill()
        wait_until(lambda: cluster.primary_of(name) is not old, "another primary")
        old.start()

    work = work_through(f"{cluster.url}?wait_replicas=1", fail_over)

    assert work.longest_s > 0.5, "nobody noticed"


def test_sentinels_that_name_another_primary_lose_nothing_that_replicas_confirmed(
    trio: SentinelTrio,
) -> None:
    """The other replica confirms what the new primary writes."""
    work = work_through(f"{trio.url}?wait_replicas=1", lambda _: trio.primary.kill())

    assert work.longest_s > 0.5, "nobody noticed"
