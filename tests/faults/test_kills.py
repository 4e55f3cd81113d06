"""``kill -9``: what the server promised to keep is there, and the rest is whole."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from faults.kills import Kills, kill_apps, kill_servers

HOUR_S = 3600


@pytest.mark.slow
def test_a_killed_app_has_lost_nothing_that_it_was_told_is_saved() -> None:
    found = kill_apps(2)

    assert found.acknowledged > 2
    assert found.lost == 0


@pytest.mark.slow
def test_a_killed_server_that_syncs_always_has_lost_nothing() -> None:
    found = kill_servers(2, "always")

    assert found.acknowledged > 6
    assert found.lost == 0


@pytest.mark.slow
@pytest.mark.parametrize("outlived", [False, True])
def test_a_machine_without_power_loses_its_last_moments_and_nothing_else(outlived: bool) -> None:
    found = kill_servers(3, "everysec", outlived=outlived)

    assert found.acknowledged > found.lost > 0


@pytest.mark.faults
@pytest.mark.timeout(HOUR_S)
def test_two_hundred_killed_apps_have_lost_nothing(
    figures: Callable[..., None], scaled: Callable[[int], int]
) -> None:
    found = kill_apps(scaled(200))

    assert found.lost == 0
    report(figures, "kill -9 of the app", found)


@pytest.mark.faults
@pytest.mark.timeout(HOUR_S)
def test_fifty_kills_of_a_server_that_syncs_always_lose_nothing(
    figures: Callable[..., None], scaled: Callable[[int], int]
) -> None:
    found = kill_servers(scaled(50), "always")

    assert found.lost == 0
    report(figures, "kill -9 of a server, appendfsync always", found)


@pytest.mark.faults
@pytest.mark.timeout(HOUR_S)
@pytest.mark.parametrize("outlived", [False, True])
def test_fifty_losses_of_power_lose_the_last_moments_alone(
    outlived: bool, figures: Callable[..., None], scaled: Callable[[int], int]
) -> None:
    found = kill_servers(scaled(50), "everysec", outlived=outlived)

    whose = "the app goes on" if outlived else "the app ends as well"
    report(figures, f"loss of power, appendfsync everysec, {whose}", found)


def report(figures: Callable[..., None], title: str, found: Kills) -> None:
    figures(
        title,
        kills=found.kills,
        sessions=found.sessions,
        acknowledged=found.acknowledged,
        lost=found.lost,
        unacknowledged_but_there=found.unacknowledged,
        failures_reported=found.reported,
    )
