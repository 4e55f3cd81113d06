"""Every kind of index: row labels, column labels, categories, and indexes as values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from streamlit_redis_session.codec import _pandas_private as private
from streamlit_redis_session.codec._dispatch import (
    decode_node,
    decodes,
    encode_node,
    encodes,
)
from streamlit_redis_session.codec._numpy import decode_flat, encode_flat
from streamlit_redis_session.codec._pandas_arrays import decode_array, encode_array
from streamlit_redis_session.codec._pandas_scalars import decode_offset, encode_freq
from streamlit_redis_session.codec._tree import Reader, Writer, damaged, part
from streamlit_redis_session.objects import JSON

_CLASSES: dict[str, type] = {
    each.__name__: each
    for each in (
        pd.Index,
        pd.DatetimeIndex,
        pd.TimedeltaIndex,
        pd.PeriodIndex,
        pd.IntervalIndex,
        pd.CategoricalIndex,
    )
}
_TIMED = (pd.DatetimeIndex, pd.TimedeltaIndex)


@encodes(pd.RangeIndex)
def _encode_range(writer: Writer, value: pd.RangeIndex, path: str) -> JSON:
    bounds = (value.start, value.stop, value.step)
    return {
        "t": "pd.RangeIndex",
        "v": [encode_node(writer, each, path) for each in bounds],
        "name": encode_node(writer, value.name, f"the name of {path}"),
    }


@decodes("pd.RangeIndex")
def _decode_range(reader: Reader, node: JSON) -> pd.RangeIndex:
    start, stop, step = (decode_node(reader, each) for each in part(node, "v", list))
    if not all(type(each) is int and abs(each) < 2**63 for each in (start, stop, step)):
        raise damaged("the bounds of a range are no integers")
    name: Any = decode_node(reader, node["name"])
    return pd.RangeIndex(start, stop, step, name=name)  # type: ignore[arg-type]


@encodes(*_CLASSES.values())
def _encode_index(writer: Writer, value: Any, path: str) -> JSON:
    values = private.flat_array(value)
    return {
        "t": "pd.Index",
        "cls": type(value).__name__,
        "v": encode_array(writer, values, path, protected=private.COPY_ON_WRITE),
        "name": encode_node(writer, value.name, f"the name of {path}"),
        "freq": encode_freq(writer, value, path) if isinstance(value, _TIMED) else None,
    }


@decodes("pd.Index")
def _decode_index(reader: Reader, node: JSON) -> Any:
    values = decode_array(reader, node["v"])
    name: Any = decode_node(reader, node["name"])
    index: Any = _make_index(values, name)
    if node["freq"] is not None:
        if type(index) not in _TIMED:
            raise damaged("an index that is not of times has a frequency")
        # the setter compares every value with the frequency
        index.freq = decode_offset(reader, node["freq"])
    if type(index).__name__ != node["cls"] or type(index) not in _CLASSES.values():
        raise damaged(f"an index is a {type(index).__name__}, not a {node['cls']}")
    return index


def _make_index(values: Any, name: Any) -> Any:
    if isinstance(values, np.ndarray) and values.ndim != 1:
        raise damaged("an index is not flat")
    index = pd.Index(values, dtype=values.dtype, copy=False, tupleize_cols=False)
    # not as an argument: pandas 2 takes the name of the values when this is None
    index.name = name
    return index


@encodes(pd.MultiIndex)
def _encode_multi(writer: Writer, value: Any, path: str) -> JSON:
    protected = private.COPY_ON_WRITE
    return {
        "t": "pd.MultiIndex",
        "levels": [encode_node(writer, _unnamed(each), path) for each in value.levels],
        "codes": [
            encode_flat(writer, np.asarray(each), path, protected=protected) for each in value.codes
        ],
        "names": [encode_node(writer, each, f"a name of {path}") for each in value.names],
        "sortorder": value.sortorder,
    }


def _unnamed(level: pd.Index[Any]) -> pd.Index[Any]:
    return level.rename(None) if level.name is not None else level


@decodes("pd.MultiIndex")
def _decode_multi(reader: Reader, node: JSON) -> pd.MultiIndex:
    levels = [decode_node(reader, each) for each in part(node, "levels", list)]
    codes = [decode_flat(reader, each) for each in part(node, "codes", list)]
    names: Any = [decode_node(reader, each) for each in part(node, "names", list)]
    if not all(isinstance(each, pd.Index) for each in levels):
        raise damaged("a level is no index")
    if any(each.dtype.kind != "i" for each in codes):
        raise damaged("the codes of a level are no integers")
    order = node["sortorder"]
    return pd.MultiIndex(levels, codes, sortorder=order, names=names)  # type: ignore[arg-type]
