"""The store is away for a minute, in each of its ways: no rerun fails, no step is lost."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support.consistency import assert_consistent
from support.power import lose_power, written_bytes
from support.servers import RedisServer
from support.tabs import app, link, log_of, ran

from faults.outages import (
    APP,
    WAYS,
    Way,
    frozen,
    live_through,
    read_only,
    until_saved,
    without_scripts,
)


@pytest.mark.slow
@pytest.mark.parametrize("way", [frozen, read_only, without_scripts])
def test_no_step_is_lost_while_the_store_is_away_for_a_moment(way: Way) -> None:
    found = live_through(way, 1.0, pause_s=0.05)

    assert found.versions == 1 + found.clicks


def test_a_server_that_lost_its_last_moments_gets_back_what_the_app_shows() -> None:
    with RedisServer(persistent=True) as server:
        at = ran(app(APP, server.url))
        until_saved(at)
        synced = written_bytes(server)
        for _ in range(3):
            at.button[0].click()
            ran(at)
        until_saved(at)
        assert len(log_of(at)) == 4
        lose_power(server, synced_bytes=synced)

        for _ in range(3):
            ran(at)
        until_saved(at)
        assert len(at.session_state["df"]) == 4
        assert len(log_of(at)) == 2
        again = ran(app(APP, server.url, session=link(at)))
        assert again.session_state["df"].equals(at.session_state["df"])
        assert_consistent(server.url, link(at), {})


@pytest.mark.faults
@pytest.mark.timeout(600)
@pytest.mark.parametrize("way", WAYS)
def test_no_rerun_fails_and_no_step_is_lost_in_a_minute_without_the_store(
    way: Way, figures: Callable[..., None], scaled: Callable[[int], int]
) -> None:
    found = live_through(way, scaled(60))

    figures(
        f"store away ({found.way})",
        reruns=found.reruns,
        failed=0,
        slowest_s=found.slowest_s,
        steps=found.clicks,
        saved=found.versions - 1,
        caught_up_s=found.caught_up_s,
    )
