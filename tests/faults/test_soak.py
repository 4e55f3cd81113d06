"""Many sessions in one process for a long time: steady latency, memory and connections."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from faults.soak import soak

pytestmark = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads /proc")


def test_many_sessions_in_one_process_share_one_connection() -> None:
    found = soak(sessions=20, per_second=200, seconds=1)

    assert found.commits == 200
    assert max(found.connections) <= 2


@pytest.mark.faults
@pytest.mark.timeout(3600)
def test_a_thousand_sessions_and_a_hundred_commits_a_second_for_ten_minutes(
    figures: Callable[..., None], scaled: Callable[[int], int]
) -> None:
    found = soak(sessions=scaled(1000), per_second=100, seconds=scaled(600))

    assert max(found.connections) <= 4
    figures(
        "soak, a hundred commits a second",
        sessions=scaled(1000),
        commits=found.commits,
        p50_ms=found.percentile_ms(0.5),
        p99_ms=found.percentile_ms(0.99),
        p999_ms=found.percentile_ms(0.999),
        late_s=found.late_s,
        process_mb=f"{found.process_mb[0]:.0f} to {found.process_mb[-1]:.0f}",
        growth_kb_per_commit=found.growth_kb_per_commit,
        server_mb=f"{found.server_mb[0]:.0f} to {found.server_mb[-1]:.0f}",
        connections=max(found.connections),
    )
