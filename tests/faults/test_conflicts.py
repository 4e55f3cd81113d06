"""Two tabs commit at the same time, thousands of times: both edits are there."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from faults.conflicts import race


def test_no_edit_is_lost_when_two_processes_commit_at_once() -> None:
    found = race(40, pairs=1)

    assert found.edits == 80
    assert found.rebased + found.branched >= 30


@pytest.mark.faults
@pytest.mark.timeout(3600)
def test_no_edit_is_lost_in_ten_thousand_rounds(
    figures: Callable[..., None], scaled: Callable[[int], int]
) -> None:
    found = race(scaled(10_000))

    figures(
        "two tabs in processes of their own",
        rounds=found.rounds,
        edits=found.edits,
        rebased=found.rebased,
        branched=found.branched,
        lost=0,
    )
