# mypy: disable-error-code="index, attr-defined"
# pandas-stubs know fewer values than pandas takes
# ruff: noqa: DTZ001 - naive times are values too
from __future__ import annotations

import datetime as dt
import struct
import uuid
import zoneinfo
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
from codec.roundtrip import content, roundtrip
from support.identical import assert_identical

from streamlit_redis_session.codec import Kind, classify, encode, identity, snapshot

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")

VALUES: list[Any] = [
    None,
    True,
    0,
    2**53 - 1,
    2**53,
    -(2**53),
    10**5000,
    0.1,
    -0.0,
    float("inf"),
    float("nan"),
    struct.unpack("<d", b"\x01\x00\x00\x00\x00\x00\xf8\xff")[0],
    1 + 2j,
    complex(float("nan"), -0.0),
    "",
    "ä€😀\x00",
    "\ud83d\ude00",
    "x" * 5000,
    "\ud800" * 5000,
    b"",
    b"\xff" * 5000,
    dt.datetime(2020, 10, 25, 2, 30, tzinfo=BERLIN, fold=1),
    dt.datetime(9999, 12, 31, 23, 59, 59, 999999),
    dt.datetime(2020, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=2), "CEST")),
    dt.date(1, 1, 1),
    dt.time(23, 59, fold=1, tzinfo=dt.timezone.utc),
    dt.timedelta(days=-999999999),
    dt.timezone.utc,
    Decimal("1.10"),
    Decimal("-0E-20"),
    Decimal("NaN123"),
    Decimal("sNaN"),
    Fraction(-7, 3),
    uuid.UUID(int=7),
    range(0, 10**20, 3),
    slice(None, 2, None),
    np.int64(-5),
    np.float32("nan"),
    np.longlong(5),
    np.longdouble("0.1"),
    np.bool_(True),
    np.str_(""),
    np.str_("a\x00"),
    np.bytes_(b"a\x00"),
    np.datetime64("2020-01-01T00", "h"),
    np.timedelta64("NaT", "D"),
    np.void(b"abc"),
    np.dtype("int8"),
    pd.NA,
    pd.NaT,
    pd.Timestamp("2020-10-25 01:30", tz="UTC").tz_convert(BERLIN),
    pd.Timestamp("2020-01-01").as_unit("s"),
    pd.Timestamp("2020-01-01 00:00:00.000000001"),
    pd.Timedelta(1, "ns"),
    pd.Period("2020-03", "M"),
    pd.Interval(pd.Timestamp("2020"), pd.Timestamp("2021"), closed="both"),
    pd.offsets.MonthEnd(3),
    pd.offsets.Week(weekday=2),
    pd.offsets.DateOffset(years=1, days=2),
    pd.offsets.BusinessHour(start="10:00", end="15:00"),
    [],
    (),
    {},
    set(),
    frozenset(),
    [1, [2, (3, {4: None})]],
    {1: "a", "1": "b", (1, 2): None, None: 5, 2.5: [], dt.date(2020, 1, 1): {}},
    {"z": 1, "a": 2},
    {1, "a", (2, 3), None, frozenset({5})},
    list(range(1000)),
    [1, "a", None, 2.5, [3]] * 50,
    {str(each): each for each in range(500)},
    tuple(float(each) for each in range(100)),
]


@pytest.mark.parametrize(
    "value",
    VALUES,
    ids=[f"{place} {type(each).__name__}" for place, each in enumerate(VALUES)],
)
def test_a_plain_value_comes_back_identical(value: Any) -> None:
    assert_identical(roundtrip(value), value)
    assert_identical(roundtrip([value]), [value])
    assert_identical(roundtrip({"k": (value,)}), {"k": (value,)})


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_a_plain_value_is_a_setting_and_its_snapshot_is_identical(value: Any) -> None:
    assert classify(value) is Kind.SETTING
    assert_identical(snapshot(value), value)
    assert identity(snapshot(value)) == identity(value)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, True),
        (1, 1.0),
        (0.0, -0.0),
        ("a", b"a"),
        ([1], (1,)),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        (Decimal("1.0"), Decimal("1.00")),
        (dt.datetime(2020, 1, 1, fold=0), dt.datetime(2020, 1, 1, fold=1)),
        (pd.Timestamp("2020").as_unit("s"), pd.Timestamp("2020").as_unit("ns")),
        (np.int8(1), np.int16(1)),
    ],
)
def test_values_that_python_calls_equal_are_told_apart(one: Any, other: Any) -> None:
    assert content(encode(one, path="x")) != content(encode(other, path="x"))
    assert identity(one) != identity(other)


def test_a_set_is_described_the_same_in_any_order() -> None:
    once = encode({"a", "b", "c", 1, None}, path="x")
    again = encode({None, 1, "c", "b", "a"}, path="x")

    assert content(once) == content(again)


@pytest.mark.parametrize(
    "value",
    [
        pd.DataFrame(),
        np.arange(3),
        [1, pd.Series([1])],
        {"a": {"b": [np.zeros(1)]}},
        (None, pd.RangeIndex(3)),
    ],
    ids=["frame", "array", "list", "dict", "tuple"],
)
def test_tables_and_containers_of_them_are_data(value: Any) -> None:
    assert classify(value) is Kind.DATA


def test_classifying_a_huge_list_is_quick() -> None:
    assert classify([0.5] * 1_000_000) is Kind.SETTING


def test_writes_after_a_snapshot_do_not_reach_it() -> None:
    inner = [1, 2]
    value = {"list": inner, "array": np.arange(3), "set": {1}, "frame": pd.DataFrame({"a": [1]})}
    held: Any = snapshot(value)

    inner.append(3)
    value["array"][0] = 9
    value["set"].add(2)
    value["frame"].loc[0, "a"] = 9

    assert held["list"] == [1, 2]
    assert held["array"].tolist() == [0, 1, 2]
    assert held["set"] == {1}
    assert held["frame"]["a"].tolist() == [1]


def test_a_write_into_a_list_in_a_cell_does_not_reach_the_snapshot() -> None:
    cell = [1]
    frame = pd.DataFrame({"a": [0], "o": pd.Series([cell], dtype=object)})
    series = pd.Series([cell], dtype=object)
    held: Any = snapshot(frame)
    held_series: Any = snapshot(series)

    cell.append(2)

    assert held["o"].iloc[0] == [1]
    assert held_series.iloc[0] == [1]
    assert identity(frame) is None
