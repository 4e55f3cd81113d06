"""The arrays inside frames, Series and indexes: NumPy arrays and pandas' extension arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from streamlit_redis_session.codec import _pandas_private as private
from streamlit_redis_session.codec._arrow import decode_chunked, encode_chunked, zeroed
from streamlit_redis_session.codec._arrow_types import describe_type, make_type
from streamlit_redis_session.codec._dispatch import (
    decode_node,
    decodes,
    encode_node,
    encodes,
)
from streamlit_redis_session.codec._numpy import decode_flat, encode_flat
from streamlit_redis_session.codec._objects import decode_objects, encode_objects
from streamlit_redis_session.codec._pandas_scalars import (
    decode_offset,
    encode_freq,
    encode_period_freq,
    known_unit,
)
from streamlit_redis_session.codec._tree import (
    Array,
    Reader,
    Writer,
    count,
    damaged,
    part,
    type_name,
)
from streamlit_redis_session.codec._zones import decode_zone, encode_zone
from streamlit_redis_session.errors import UnsupportedValueError
from streamlit_redis_session.objects import JSON

_MASKED = {
    "integer": pd.arrays.IntegerArray,
    "floating": pd.arrays.FloatingArray,
    "boolean": pd.arrays.BooleanArray,
}


def encode_array(writer: Writer, values: Any, path: str, *, protected: bool) -> JSON:
    """Describe one array of a pandas object.

    ``protected`` says that nobody writes to its memory while the source is held.
    """
    if type(values) is np.ndarray:
        return {"k": "numpy", "v": encode_flat(writer, values, path, protected=protected)}
    kind = _KIND_OF.get(type(values))
    if kind is None:
        reason = f"its values are a {type_name(type(values))} of dtype {values.dtype}"
        raise UnsupportedValueError(path, reason)
    return {"k": kind, **_ENCODE[kind](writer, values, path, protected)}


def decode_array(reader: Reader, node: JSON) -> Any:
    """Make the array that :func:`encode_array` described."""
    function = _DECODE.get(part(node, "k", str))
    if function is None:
        raise damaged(f"no array is called {node['k']!r}")
    reader.enter()
    values = function(reader, node)
    reader.leave()
    return values


# --- time ------------------------------------------------------------------------------------


def _encode_times(writer: Writer, values: Any, path: str, protected: bool) -> dict[str, JSON]:
    ticks = writer.fixed(values.asi8, frozen=protected)
    zone = encode_zone(getattr(values.dtype, "tz", None), path)
    unit = np.datetime_data(values.dtype.base)[0]
    return {"c": ticks, "unit": unit, "tz": zone}


def _decode_datetimes(reader: Reader, node: JSON) -> Any:
    unit = known_unit(node["unit"])
    ticks = reader.fixed(node["c"], "<i8").view(f"M8[{unit}]")
    index = pd.DatetimeIndex(ticks, copy=False)
    zone = decode_zone(node["tz"])
    return (index if zone is None else index.tz_localize("UTC").tz_convert(zone)).array


def _decode_timedeltas(reader: Reader, node: JSON) -> Any:
    unit = known_unit(node["unit"])
    return pd.TimedeltaIndex(reader.fixed(node["c"], "<i8").view(f"m8[{unit}]"), copy=False).array


def _encode_periods(writer: Writer, values: Any, path: str, protected: bool) -> dict[str, JSON]:
    freq = encode_period_freq(values.dtype.freq, path)
    return {"c": writer.fixed(values.asi8, frozen=protected), "freq": freq}


def _decode_periods(reader: Reader, node: JSON) -> Any:
    dtype = pd.PeriodDtype(part(node, "freq", str))
    return pd.arrays.PeriodArray(reader.fixed(node["c"], "<i8"), dtype=dtype)


# --- intervals, categories -------------------------------------------------------------------


def _encode_intervals(writer: Writer, values: Any, path: str, _protected: bool) -> dict[str, JSON]:
    # as indexes: before pandas 3 the sides have a freq of their own
    sides = [encode_node(writer, each, path) for each in (values.left, values.right)]
    return {"closed": values.closed, "sides": sides}


def _decode_intervals(reader: Reader, node: JSON) -> Any:
    left, right = (decode_node(reader, each) for each in part(node, "sides", list))
    if not isinstance(left, pd.Index) or not isinstance(right, pd.Index):
        raise damaged("a side of intervals is no index")
    closed: Any = part(node, "closed", str)
    return pd.arrays.IntervalArray.from_arrays(left, right, closed=closed)


def _encode_categories(writer: Writer, values: Any, path: str, protected: bool) -> dict[str, JSON]:
    codes = values.codes
    return {
        "codes": encode_flat(writer, codes, path, protected=protected),
        "categories": encode_node(writer, values.categories, f"the categories of {path}"),
        "ordered": bool(values.ordered),
    }


def _decode_categories(reader: Reader, node: JSON) -> Any:
    codes = decode_flat(reader, node["codes"])
    categories: Any = decode_node(reader, node["categories"])
    if not isinstance(categories, pd.Index) or codes.dtype.kind != "i":
        raise damaged("categories are no index, or their codes no integers")
    dtype = pd.CategoricalDtype(categories, ordered=part(node, "ordered", bool))
    return pd.Categorical.from_codes(codes, dtype=dtype)


# --- masks, texts, Arrow, sparse -------------------------------------------------------------


def _encode_masked(writer: Writer, values: Any, path: str, protected: bool) -> dict[str, JSON]:
    data, mask, is_own = private.masked_parts(values)
    protected = mask_protected = protected and is_own
    if mask.any() and data[mask].view(np.uint8).any():
        data, protected = zeroed(data, mask), False
    return {
        "data": encode_flat(writer, data, path, protected=protected),
        "mask": writer.fixed(mask, frozen=mask_protected),
    }


def _decode_masked(reader: Reader, node: JSON) -> Any:
    data = decode_flat(reader, node["data"])
    mask = reader.fixed(node["mask"], "?", len(data))
    kinds = {"integer": "iu", "floating": "f", "boolean": "b"}[node["k"]]
    if data.dtype.kind not in kinds:
        raise damaged(f"a masked array holds {data.dtype}")
    return _MASKED[node["k"]](data, mask)


def _encode_strings(writer: Writer, values: Any, path: str, _protected: bool) -> dict[str, JSON]:
    dtype = values.dtype
    node = {"storage": dtype.storage, "missing": "na" if dtype.na_value is pd.NA else "nan"}
    if dtype.storage == "python":
        return node | {"o": encode_objects(writer, np.asarray(values, dtype=object), path)}
    chunks = private.arrow_chunks(values)
    return node | {"type": describe_type(chunks.type, path), "v": encode_chunked(writer, chunks)}


def _decode_strings(reader: Reader, node: JSON) -> Any:
    dtype = _string_dtype(part(node, "storage", str), part(node, "missing", str))
    if node["storage"] == "pyarrow":
        return dtype.__from_arrow__(decode_chunked(reader, make_type(node["type"]), node["v"]))
    values = decode_objects(reader, node["o"])
    if any(type(each) not in (str, float, type(pd.NA)) for each in values):
        raise damaged("a text column holds other things")
    return pd.array(values, dtype=dtype)


def _string_dtype(storage: str, missing: str) -> Any:
    if storage not in ("python", "pyarrow") or missing not in ("na", "nan"):
        raise damaged(f"no storage of texts is called {storage!r}")
    if missing == "na":
        return pd.StringDtype(storage)
    try:
        return pd.StringDtype(storage, na_value=np.nan)
    except TypeError:
        # pandas 2.2 says both in one word
        return pd.StringDtype(f"{storage}_numpy")


def _encode_arrow(writer: Writer, values: Any, path: str, _protected: bool) -> dict[str, JSON]:
    chunks = private.arrow_chunks(values)
    return {"type": describe_type(chunks.type, path), "v": encode_chunked(writer, chunks)}


def _decode_arrow(reader: Reader, node: JSON) -> Any:
    return pd.arrays.ArrowExtensionArray(decode_chunked(reader, make_type(node["type"]), node["v"]))


def _encode_sparse(writer: Writer, values: Any, path: str, protected: bool) -> dict[str, JSON]:
    index = values.sp_index
    places = np.asarray(index.to_int_index().indices)
    return {
        "kind": values.kind,
        "n": len(values),
        "values": encode_flat(writer, values.sp_values, path, protected=protected),
        "places": writer.fixed(places, frozen=protected and values.kind == "integer"),
        "fill": encode_node(writer, values.fill_value, f"the fill value of {path}"),
    }


def _decode_sparse(reader: Reader, node: JSON) -> Any:
    values = decode_flat(reader, node["values"])
    places = reader.fixed(node["places"], "<i4", len(values))
    length, kind = count(node, "n"), part(node, "kind", str)
    bounds = np.concatenate([[-1], places.astype(np.int64), [length]])
    if kind not in ("integer", "block") or (np.diff(bounds) <= 0).any():
        raise damaged("the places of a sparse array do not ascend within its length")
    fill_value = decode_node(reader, node["fill"])
    return private.make_sparse(values, places, length, kind=kind, fill_value=fill_value)


def _decode_numpy(reader: Reader, node: JSON) -> Array:
    return decode_flat(reader, node["v"])


# pandas 2 has one class of texts for each storage and missing value
_STRINGS = {pd.StringDtype(storage).construct_array_type() for storage in ("python", "pyarrow")} | {
    _string_dtype(storage, "nan").construct_array_type() for storage in ("python", "pyarrow")
}
_TIMED = (pd.arrays.DatetimeArray, pd.arrays.TimedeltaArray)
_KIND_OF: dict[type, str] = {
    pd.arrays.DatetimeArray: "datetime",
    pd.arrays.TimedeltaArray: "timedelta",
    pd.arrays.PeriodArray: "period",
    pd.arrays.IntervalArray: "interval",
    pd.Categorical: "categorical",
    pd.arrays.SparseArray: "sparse",
    pd.arrays.ArrowExtensionArray: "arrow",
    **{cls: kind for kind, cls in _MASKED.items()},
    **dict.fromkeys(_STRINGS, "string"),
}
_ENCODE: dict[str, Callable[[Writer, Any, str, bool], dict[str, JSON]]] = {
    "datetime": _encode_times,
    "timedelta": _encode_times,
    "period": _encode_periods,
    "interval": _encode_intervals,
    "categorical": _encode_categories,
    "sparse": _encode_sparse,
    "arrow": _encode_arrow,
    "string": _encode_strings,
    **dict.fromkeys(_MASKED, _encode_masked),
}


@encodes(*_KIND_OF)
def _encode_value(writer: Writer, value: Any, path: str) -> JSON:
    return {
        "t": "pd.array",
        "v": encode_array(writer, value, path, protected=False),
        "freq": encode_freq(writer, value, path) if isinstance(value, _TIMED) else None,
    }


@decodes("pd.array")
def _decode_value(reader: Reader, node: JSON) -> Any:
    values = decode_array(reader, node["v"])
    if node["freq"] is None:
        return values
    if not isinstance(values, _TIMED):
        raise damaged("an array that is not of times has a frequency")
    index: Any = pd.Index(values)
    index.freq = decode_offset(reader, node["freq"])
    return index.array


_DECODE: dict[str, Callable[[Reader, Any], Any]] = {
    "numpy": _decode_numpy,
    "datetime": _decode_datetimes,
    "timedelta": _decode_timedeltas,
    "period": _decode_periods,
    "interval": _decode_intervals,
    "categorical": _decode_categories,
    "sparse": _decode_sparse,
    "arrow": _decode_arrow,
    "string": _decode_strings,
    **dict.fromkeys(_MASKED, _decode_masked),
}
