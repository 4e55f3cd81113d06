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

AFTERWARDS = 60
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


@pytest.mark.parametrize("has", ["the session", "some of its chunks"])
def test_a_cluster_whose_primary_is_killed_loses_nothing_that_replicas_confirmed(
    cluster: RedisCluster, has: str
) -> None:
    """The old primary comes back as a replica, without which nobody could confirm."""

    def fail_over(session: Session) -> None:
        home = cluster.primary_of(f"{{srs:{session.key}}}:meta")
        others = (server for server in cluster.primaries if server is not home)
        old = home if has == "the session" else next(others)
        cluster.fail_over(old)
        old.start()

    work = work_through(f"{cluster.url}?wait_replicas=1", fail_over)

    assert work.longest_s > 0.5, "nobody noticed"


@pytest.mark.parametrize("how", ["killed", "frozen"])
def test_sentinels_that_name_another_primary_lose_nothing_that_replicas_confirmed(
    trio: SentinelTrio, how: str
) -> None:
    """The other replica confirms what the new primary writes.

    A frozen primary keeps its connections, and takes itself for the primary when it wakes up.
    """

    def fail_over(_: Session) -> None:
        old = trio.primary
        old.kill() if how == "killed" else old.freeze()
        wait_until(lambda: trio.primary is not old, "another primary")
        if how == "frozen":
            old.thaw()

    work = work_through(f"{trio.url}?wait_replicas=1", fail_over)

    assert work.longest_s > 0.5, "nobody noticed"


def test_what_a_frozen_primary_takes_after_it_was_replaced_is_not_acknowledged(
    trio: SentinelTrio,
) -> None:
    """It wakes up with the commit in its socket, and does it: nobody else has that."""

    def fail_over(_: Session) -> None:
        old = trio.primary
        old.freeze()
        wait_until(lambda: trio.primary is not old, "another primary")
        old.thaw()

    work_through(f"{trio.url}?socket_timeout=10", fail_over)
