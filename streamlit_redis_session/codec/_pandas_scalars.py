"""Scalars of pandas: points and spans of time, intervals, offsets and the two missing values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from pandas.tseries import offsets

from streamlit_redis_session.codec._dispatch import (
    decode_node,
    decodes,
    encode_node,
    encodes,
)
from streamlit_redis_session.codec._tree import Reader, Writer, damaged, part
from streamlit_redis_session.codec._zones import decode_zone, encode_zone
from streamlit_redis_session.errors import UnsupportedValueError
from streamlit_redis_session.objects import JSON

UNITS = ("s", "ms", "us", "ns")
OFFSETS: dict[str, type] = {
    each.__name__: each
    for each in (getattr(offsets, name) for name in dir(offsets))
    if isinstance(each, type)
    and issubclass(each, offsets.BaseOffset)
    and each not in (offsets.BaseOffset, offsets.Tick)
}


def known_unit(node: JSON) -> str:
    """Read a unit of time that pandas has."""
    if node not in UNITS:
        raise damaged(f"no unit of time is called {node!r}")
    return str(node)


@encodes(type(pd.NA))
def _encode_na(_writer: Writer, _value: object, _path: str) -> JSON:
    return {"t": "pd.NA"}


@decodes("pd.NA")
def _decode_na(_reader: Reader, _node: JSON) -> object:
    return pd.NA


@encodes(type(pd.NaT))
def _encode_nat(_writer: Writer, _value: object, _path: str) -> JSON:
    return {"t": "pd.NaT"}


@decodes("pd.NaT")
def _decode_nat(_reader: Reader, _node: JSON) -> object:
    return pd.NaT


@encodes(pd.Timestamp)
def _encode_timestamp(writer: Writer, value: Any, path: str) -> JSON:
    ticks = encode_node(writer, int(value.asm8.view("i8")), path)
    zone = encode_zone(value.tzinfo, path)
    return {"t": "pd.Timestamp", "v": ticks, "unit": value.unit, "tz": zone, "fold": value.fold}


@decodes("pd.Timestamp")
def _decode_timestamp(reader: Reader, node: JSON) -> object:
    ticks, unit = decode_node(reader, node["v"]), known_unit(node["unit"])
    made: Any = pd.Timestamp(np.datetime64(ticks, unit))  # type: ignore[call-overload]
    zone = decode_zone(node["tz"])
    if zone is not None:
        made = made.tz_localize("UTC").tz_convert(zone)
    return made if made.fold == node["fold"] else made.replace(fold=part(node, "fold", int))


@encodes(pd.Timedelta)
def _encode_timedelta(writer: Writer, value: Any, path: str) -> JSON:
    ticks = encode_node(writer, int(value.asm8.view("i8")), path)
    return {"t": "pd.Timedelta", "v": ticks, "unit": value.unit}


@decodes("pd.Timedelta")
def _decode_timedelta(reader: Reader, node: JSON) -> object:
    ticks, unit = decode_node(reader, node["v"]), known_unit(node["unit"])
    return pd.Timedelta(np.timedelta64(ticks, unit))  # type: ignore[call-overload]


@encodes(pd.Period)
def _encode_period(writer: Writer, value: Any, path: str) -> JSON:
    ticks = encode_node(writer, value.ordinal, path)
    return {"t": "pd.Period", "v": ticks, "freq": encode_period_freq(value.freq, path)}


@decodes("pd.Period")
def _decode_period(reader: Reader, node: JSON) -> object:
    freq = part(node, "freq", str)
    return pd.Period(ordinal=decode_node(reader, node["v"]), freq=freq)  # type: ignore[arg-type]


def encode_period_freq(freq: Any, path: str) -> str:
    """Name the frequency of a period; it must mean the same when it is read."""
    if isinstance(freq, offsets.BusinessDay):
        raise UnsupportedValueError(path, "business days are no periods in newer pandas")
    # periods and offsets write the same frequency differently: M and ME
    name = str(pd.PeriodDtype(freq)).removeprefix("period[").removesuffix("]")
    if pd.PeriodDtype(name).freq != freq:
        raise UnsupportedValueError(path, f"its frequency {freq!r} has no name")
    return name


@encodes(pd.Interval)
def _encode_interval(writer: Writer, value: Any, path: str) -> JSON:
    sides = [encode_node(writer, each, path) for each in (value.left, value.right)]
    return {"t": "pd.Interval", "v": sides, "closed": value.closed}


@decodes("pd.Interval")
def _decode_interval(reader: Reader, node: JSON) -> object:
    left, right = part(node, "v", list)
    low: Any = decode_node(reader, left)
    high: Any = decode_node(reader, right)
    closed: Any = node["closed"]
    return pd.Interval(low, high, closed=closed)


@encodes(*OFFSETS.values())
def encode_offset(writer: Writer, value: Any, path: str) -> JSON:
    """Describe a date offset by class and arguments, and make sure that they give it back."""
    words = {key: each for key, each in value.kwds.items() if key != "calendar"}
    node = {
        "t": "pd.offset",
        "cls": type(value).__name__,
        "n": encode_node(writer, value.n, path),
        "normalize": bool(value.normalize),
        "kwds": encode_node(writer, words, path),
    }
    again = _make_offset(type(value), value.n, normalize=value.normalize, words=words)
    if again != value or again.kwds.keys() != value.kwds.keys():
        raise UnsupportedValueError(path, f"the offset {value!r} cannot be written down")
    return node


def encode_freq(writer: Writer, times: Any, path: str) -> JSON:
    """Describe the frequency of times, if they have one, and make sure that they really have it."""
    freq = getattr(times, "freq", None)  # before pandas 3.1 arrays have one, too
    if freq is None:
        return None
    try:
        pd.Index(times[:]).freq = freq  # compares every value, as reading does
    except ValueError:
        raise UnsupportedValueError(
            path, f"its values do not have its frequency {freq.freqstr!r}; set its freq to None"
        ) from None
    return encode_offset(writer, freq, path)


@decodes("pd.offset")
def decode_offset(reader: Reader, node: JSON) -> Any:
    """Make the date offset that :func:`encode_offset` described."""
    kind = OFFSETS.get(part(node, "cls", str))
    words = decode_node(reader, node["kwds"])
    if kind is None or type(words) is not dict:
        raise damaged("no date offset is called so")
    steps = decode_node(reader, node["n"])
    return _make_offset(kind, steps, normalize=part(node, "normalize", bool), words=words)


def _make_offset(kind: Any, steps: Any, *, normalize: bool, words: dict[str, Any]) -> Any:
    return kind(steps, normalize=normalize, **words) if normalize or words else kind(steps)
