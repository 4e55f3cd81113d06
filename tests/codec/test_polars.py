from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from codec.roundtrip import content, roundtrip
from support.identical import assert_identical

from streamlit_redis_session.codec import Kind, classify, describe_shape, encode, snapshot
from streamlit_redis_session.errors import UnsupportedValueError

pl = pytest.importorskip("polars")

SERIES: dict[str, Callable[[], Any]] = {
    "ints": lambda: pl.Series("a", [1, None, 3]),
    "uint8": lambda: pl.Series("a", [1, 255], dtype=pl.UInt8),
    "floats": lambda: pl.Series("a", [1.5, None, float("nan")]),
    "texts": lambda: pl.Series("a", ["x", None, "ä"]),
    "bytes": lambda: pl.Series("a", [b"x", None]),
    "bools": lambda: pl.Series("a", [True, None]),
    "dates": lambda: pl.Series("a", [dt.date(2020, 1, 1), None]),
    "datetimes": lambda: pl.Series("a", [0, None], dtype=pl.Datetime("ms", "UTC")),
    "durations": lambda: pl.Series("a", [dt.timedelta(1), None]),
    "times": lambda: pl.Series("a", [dt.time(1, 2), None]),
    "categories": lambda: pl.Series("a", ["x", "y", None], dtype=pl.Categorical),
    "enum": lambda: pl.Series("a", ["x", None], dtype=pl.Enum(["y", "x"])),
    "decimals": lambda: pl.Series("a", [Decimal("1.25"), None], dtype=pl.Decimal(10, 2)),
    "lists": lambda: pl.Series("a", [[1], None, []]),
    "arrays": lambda: pl.Series("a", [[1, 2], None], dtype=pl.Array(pl.Int16, 2)),
    "structs": lambda: pl.Series("a", [{"x": 1, "y": "b"}, None]),
    "nulls": lambda: pl.Series("a", [None, None]),
    "empty": lambda: pl.Series("a", [], dtype=pl.String),
}


@pytest.mark.parametrize("name", SERIES)
def test_polars_data_come_back_identical(name: str) -> None:
    series = SERIES[name]()
    frame = pl.DataFrame({"a": series, "b": series})

    for value in (series, frame, {"k": frame}):
        assert classify(value) is Kind.DATA
        assert_identical(roundtrip(value), value)
        assert content(encode(value, path="x")) == content(encode(roundtrip(value), path="x"))
    assert describe_shape(frame) == (len(series), 2)


def test_a_write_to_a_polars_frame_does_not_reach_its_snapshot() -> None:
    frame = pl.DataFrame({"a": [1, 2]})
    held: Any = snapshot(frame)

    frame[0, "a"] = 9
    frame.columns = ["b"]

    assert held.to_dict(as_series=False) == {"a": [1, 2]}


def test_python_objects_in_polars_are_refused() -> None:
    frame = pl.DataFrame({"a": pl.Series([object()], dtype=pl.Object)})

    with pytest.raises(UnsupportedValueError, match="'a'"):
        encode(frame, path="df")
