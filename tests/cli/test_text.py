from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from streamlit_redis_session.cli._text import (
    age_text,
    bytes_text,
    printable,
    shape_text,
    span_text,
)

NOW = datetime(2026, 5, 1, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("count", "text"),
    [
        *((0, "0 B"), (999, "999 B"), (1000, "1.0 KiB"), (1536, "1.5 KiB")),
        *((150 * 1024, "150 KiB"), (2**20, "1.0 MiB"), (5 * 2**40, "5.0 TiB"), (None, "-")),
    ],
)
def test_bytes_have_three_digits_at_most(count: int | None, text: str) -> None:
    assert bytes_text(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        *((0, "0 s"), (59, "59 s"), (61, "1 min 1 s"), (3600, "1 h"), (90_061, "1 d 1 h")),
        *((-5, "0 s"), (None, "never")),
    ],
)
def test_spans_have_two_units_at_most(seconds: float | None, text: str) -> None:
    assert span_text(seconds) == text


def test_ages_have_one_unit() -> None:
    assert age_text(NOW - timedelta(days=2, hours=5), NOW) == "2 d ago"
    assert age_text(NOW - timedelta(seconds=90), NOW) == "1 min ago"
    assert age_text(NOW + timedelta(seconds=3), NOW) == "now"


def test_shapes_say_what_is_known() -> None:
    assert shape_text(1200, 3) == "1,200 x 3"
    assert shape_text(7, None) == "7"
    assert shape_text(None, None) == "-"


@pytest.mark.parametrize("evil", ["\x1b[31m", "\r", "\n", "\x07", "\x9b2J", "\u202e", "\ud800"])
def test_no_text_of_a_user_reaches_the_terminal_as_a_command(evil: str) -> None:
    assert evil[0] not in printable(f"a{evil}b")
    assert printable("naïve 数据 ok") == "naïve 数据 ok"
