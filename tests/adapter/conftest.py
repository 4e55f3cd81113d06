"""Fixtures of the adapter's tests: ended runs, and a real browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.browser import browser, page

from streamlit_redis_session.adapter import _streamlit_private as private
from streamlit_redis_session.adapter._streamlit_private import Run

__all__ = ["browser", "page", "runs"]


@pytest.fixture
def runs() -> Iterator[list[Run]]:
    """Every run that ends while the test runs."""
    ended: list[Run] = []

    def note_the_end_of_a_run(run: Run) -> None:
        ended.append(run)

    private.install_end_of_run(note_the_end_of_a_run)
    yield ended
    private.uninstall_end_of_run(note_the_end_of_a_run)
