"""What the campaigns found, as a table at the end of the run."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

Row = tuple[str, str]
Figures = Callable[..., None]

_ROWS = pytest.StashKey[list[Row]]()
_SCALE = float(os.environ.get("FAULTS_SCALE", "1"))
"""Make the campaigns shorter (0.01) or longer (10) than what they are by themselves."""


@pytest.fixture
def scaled() -> Callable[[int], int]:
    """Size a campaign by ``FAULTS_SCALE``."""
    return lambda size: max(1, round(size * _SCALE))


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Figures:
    """Keep figures of this campaign for the table: a title, and numbers by name."""

    def keep(title: str, **numbers: object) -> None:
        text = ", ".join(f"{name.replace('_', ' ')} {_short(n)}" for name, n in numbers.items())
        request.config.stash.setdefault(_ROWS, []).append((title, text))

    return keep


def _short(number: object) -> str:
    if isinstance(number, bool) or not isinstance(number, (int, float)):
        return str(number)
    return f"{number:,}" if isinstance(number, int) else f"{number:,.3g}"


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    rows = config.stash.get(_ROWS, [])
    if rows and config.getoption("-m") == "faults":
        terminalreporter.section("what the campaigns found")
        for title, text in rows:
            terminalreporter.write_line(f"{title}: {text}")
