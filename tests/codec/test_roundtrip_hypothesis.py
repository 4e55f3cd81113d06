# ruff: noqa: DTZ001 - naive times are values too
from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
from codec.roundtrip import content, roundtrip
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.identical import assert_identical

from streamlit_redis_session.codec import encode, identity, snapshot

TEXT = st.text(st.characters(codec=None), max_size=8)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.complex_numbers(),
    TEXT,
    st.binary(max_size=8),
    st.dates(),
    st.datetimes(),
    st.times(),
    st.timedeltas(),
    st.decimals().filter(lambda each: not each.is_snan()),
    st.fractions(),
    st.uuids(),
    st.sampled_from([pd.NA, pd.NaT, pd.Timestamp("2020"), pd.Timedelta(5), np.int8(3)]),
)
KEYS = st.one_of(st.booleans(), st.integers(), TEXT, st.dates(), st.tuples(st.integers(), TEXT))
PLAIN = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.tuples(inner, inner),
        st.dictionaries(KEYS, inner, max_size=4),
        st.frozensets(KEYS, max_size=4),
    ),
    max_leaves=20,
)
ROWS = st.integers(0, 12)


def _many(element: st.SearchStrategy[Any], rows: int) -> st.SearchStrategy[list[Any]]:
    return st.lists(element, min_size=rows, max_size=rows)


def _raw(dtype: str, rows: int) -> st.SearchStrategy[Any]:
    """Any bits at all: every NaN payload, every date, NaT."""
    width = np.dtype(dtype).itemsize * rows
    raw = st.binary(min_size=width, max_size=width)
    return raw.map(lambda data: np.frombuffer(bytearray(data), dtype=dtype))


def _objects(items: list[Any]) -> Any:
    array = np.empty(len(items), dtype=object)
    for place, item in enumerate(items):
        array[place] = item
    return pd.Series(array, dtype=object)


def columns(rows: int) -> st.SearchStrategy[Any]:
    numbers = st.sampled_from(["i1", "u2", "i4", "i8", "f2", "f4", "f8", "c8", "c16"])
    masked = st.one_of(st.none(), st.integers(-128, 127))
    texts = st.one_of(st.none(), st.text(max_size=5))
    zones = st.sampled_from(["UTC", "Asia/Tokyo", dt.timezone(dt.timedelta(hours=-3))])
    instants = _many(st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2200, 1, 1)), rows)
    return st.one_of(
        numbers.flatmap(lambda dtype: _raw(dtype, rows)),
        _raw("i8", rows).map(lambda ticks: ticks.view("M8[ns]")),
        _raw("i8", rows).map(lambda ticks: ticks.view("m8[us]") // 1000),
        _many(st.booleans(), rows).map(lambda each: np.array(each, dtype=bool)),
        _many(masked, rows).map(lambda each: pd.array(each, dtype="Int8")),
        _many(masked, rows).map(lambda each: pd.array(each, dtype="int16[pyarrow]")),
        _many(texts, rows).map(lambda each: pd.array(each, dtype="string[pyarrow]")),
        _many(texts, rows).map(lambda each: pd.array(each, dtype="string[python]")),
        _many(st.sampled_from(["a", "b", None]), rows).map(pd.Categorical),
        st.tuples(instants, zones).map(
            lambda both: (
                pd.DatetimeIndex(both[0], dtype="M8[us]").tz_localize("UTC").tz_convert(both[1])
            )
        ),
        _many(SCALARS, rows).map(_objects),
        _many(PLAIN, rows).map(_objects),
    )


@st.composite
def frames(draw: Any) -> pd.DataFrame:
    rows = draw(ROWS)
    arrays = draw(st.lists(columns(rows), max_size=5))
    frame = pd.DataFrame(dict(enumerate(arrays)), index=pd.RangeIndex(rows))
    labels = draw(_many(st.one_of(TEXT, st.integers(-5, 5), st.none()), len(arrays)))
    frame.columns = pd.Index(labels, dtype=object, name=draw(SCALARS))
    if draw(st.booleans()):
        frame.index = pd.Index(draw(_many(st.integers(-9, 9), rows)), name=draw(TEXT))
    frame.attrs = draw(st.dictionaries(KEYS, PLAIN, max_size=2))
    return frame


RELAXED = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


@RELAXED
@given(frames())
def test_any_frame_comes_back_identical(frame: pd.DataFrame) -> None:
    made = roundtrip(frame)

    assert_identical(made, frame)
    assert content(encode(made, path="df")) == content(encode(frame, path="df"))


@RELAXED
@given(PLAIN)
def test_any_plain_value_comes_back_identical(value: Any) -> None:
    made = roundtrip(value)

    assert_identical(made, value)
    assert content(encode(made, path="x")) == content(encode(value, path="x"))


@RELAXED
@given(frames())
def test_a_snapshot_of_any_frame_has_the_token_of_the_frame(frame: pd.DataFrame) -> None:
    held = snapshot(frame)

    assert_identical(held, frame)
    assert identity(held) == identity(frame)
