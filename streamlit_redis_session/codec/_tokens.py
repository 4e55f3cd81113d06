"""Tokens: names for the memory and the labels that a value consists of."""

from __future__ import annotations

import datetime as dt
import struct
import uuid
from collections.abc import Container, Hashable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from streamlit_redis_session.codec import _pandas_private as private
from streamlit_redis_session.codec._leaves import epoch_of_array, epoch_of_arrow, epoch_of_index
from streamlit_redis_session.codec._memory import epoch_of
from streamlit_redis_session.codec._tree import MOST_DEPTH

_BY_VALUE = (type(None), bool, int, str, bytes, range)
_BY_REPR = (dt.date, dt.datetime, dt.time, dt.timedelta, Decimal, Fraction, uuid.UUID)
_BY_REPR_AND_UNIT = (pd.Timestamp, pd.Timedelta)
_NUMPY_SCALARS = {each for each in np.sctypeDict.values() if each is not np.object_}
_ARROW = (pa.Table, pa.RecordBatch, pa.ChunkedArray, pa.Array)
IMMUTABLE = frozenset(
    {
        *_BY_VALUE, *_BY_REPR, *_BY_REPR_AND_UNIT, float, complex, type(pd.NA), type(pd.NaT),
        pd.Period, *(_NUMPY_SCALARS - {np.void}),
    }
)  # fmt: skip
"""Scalars that nobody can write to."""


class NoTokenError(Exception):
    """A part of the value has to be compared by content."""


def token_of(value: Any, depth: int) -> Hashable | None:
    """Name a value, or give ``None`` where only a comparison of contents can tell."""
    try:
        return _token(value, depth)
    except NoTokenError:
        return None


def plain_token(value: Any) -> Hashable:
    """Name a label, a name or attrs.

    Raises
    ------
    NoTokenError
        It holds something that may be written to.
    """
    return _token(value, 0)


def array_token(array: Any, known: Container[Hashable] = ()) -> Hashable | None:
    """Name the memory of an array of a frame; ``None`` where somebody else may write to it.

    Objects of known memory are not looked at again.
    """
    if not private.COPY_ON_WRITE:
        return None
    if type(array) is np.ndarray:
        token = private.memory_token(array)
        if array.dtype == object and token not in known and not is_immutable_column(array):
            return None
        return token
    try:
        return _array_token(array)
    except NoTokenError:
        return None


def index_token(index: Any) -> Hashable | None:
    """Name the labels of an index, its names and its frequency, as :func:`array_token` does."""
    try:
        return _index_token(index, 0)
    except NoTokenError:
        return None


def arrow_token(chunked: Any) -> Hashable | None:
    """Name the buffers of a chunked array; ``None`` where its arrays lie within one another."""
    kind = chunked.type
    if pa.types.is_nested(kind) or pa.types.is_dictionary(kind):
        return None
    buffers = (
        (chunk.offset, len(chunk), *map(_buffer_token, chunk.buffers())) for chunk in chunked.chunks
    )
    return pa.ChunkedArray, kind, tuple(buffers)


def _buffer_token(buffer: Any) -> Hashable:
    return None if buffer is None else (buffer.address, epoch_of(buffer.address))


def is_immutable_column(array: Any) -> bool:
    """Tell whether no element of an array can be written to behind the array's back."""
    if type(array) is not np.ndarray or array.dtype != object:
        return True
    kinds = set(map(type, array.ravel(order="K").tolist()))
    return kinds <= IMMUTABLE


def _token(value: Any, depth: int) -> Hashable:  # noqa: PLR0911 - one per kind
    kind = type(value)
    if kind in _BY_VALUE:
        return kind, value
    if kind is pd.DataFrame:
        return _frame_token(value, depth)
    if kind is pd.Series:
        return _series_token(value, depth)
    if isinstance(value, pd.Index):
        return _index_token(value, depth)
    if isinstance(value, _ARROW):
        # its snapshot is the same object
        return kind, id(value), epoch_of_arrow(value)
    if kind in (dict, list, tuple, set, frozenset):
        return _container_token(value, depth)
    return _scalar_token(value)


def _scalar_token(value: Any) -> Hashable:
    kind = type(value)
    if kind is float:
        return kind, struct.pack("<d", value)
    if kind is complex:
        return kind, struct.pack("<dd", value.real, value.imag)
    if kind in _BY_REPR:
        return kind, repr(value)
    if kind in _BY_REPR_AND_UNIT:
        return kind, repr(value), value.unit
    if kind in _NUMPY_SCALARS:
        return kind, str(value.dtype), value.tobytes()
    if kind in IMMUTABLE:
        return kind, repr(value)
    raise NoTokenError


def _container_token(value: Any, depth: int) -> Hashable:
    if depth > MOST_DEPTH:
        raise NoTokenError
    kind = type(value)
    if kind is dict:
        items = ((_token(k, depth + 1), _token(v, depth + 1)) for k, v in value.items())
        return kind, tuple(items)
    tokens = (_token(each, depth + 1) for each in value)
    return kind, frozenset(tokens) if kind in (set, frozenset) else tuple(tokens)


def _frame_token(frame: pd.DataFrame, depth: int) -> Hashable:
    if not private.COPY_ON_WRITE:
        raise NoTokenError
    blocks = [(where, _array_token(array)) for where, array in private.block_arrays(frame)]
    return (
        pd.DataFrame,
        tuple(blocks),
        _index_token(frame.index, depth),
        _index_token(frame.columns, depth),
        _extras_token(frame, depth),
    )


def _series_token(series: pd.Series[Any], depth: int) -> Hashable:
    if not private.COPY_ON_WRITE:
        raise NoTokenError
    return (
        pd.Series,
        _array_token(private.flat_array(series)),
        _index_token(series.index, depth),
        _token(series.name, depth),
        _extras_token(series, depth),
    )


def _extras_token(holder: Any, depth: int) -> Hashable:
    attrs = holder.attrs
    flag = holder.flags.allows_duplicate_labels
    return flag, _container_token(attrs, depth + 1) if attrs else None


def _array_token(array: Any) -> Hashable:
    if type(array) is np.ndarray:
        if array.dtype == object and not is_immutable_column(array):
            raise NoTokenError
        return private.memory_token(array)
    if isinstance(array, pd.arrays.StringArray):
        return _string_token(array)
    parts = private.parts_of(array)
    if parts is None:
        raise NoTokenError
    tokens = [private.memory_token(p) if type(p) is np.ndarray else p for p in parts]
    return type(array), tuple(tokens), epoch_of_array(array), _zone_token(array.dtype)


def _zone_token(dtype: Any) -> Hashable | None:
    """Name a time zone with its kind: pandas calls dtypes equal for all kinds of UTC."""
    zone = getattr(getattr(dtype, "subtype", dtype), "tz", None)
    return None if zone is None else (type(zone), str(zone))


def _string_token(array: Any) -> Hashable:
    objects = np.asarray(array)
    if not np.shares_memory(objects, np.asarray(array)):
        raise NoTokenError
    return type(array), str(array.dtype), private.memory_token(objects)


def _index_token(index: Any, depth: int) -> Hashable:
    kind = type(index)
    names = tuple(_token(each, depth) for each in index.names)
    if kind is pd.RangeIndex:
        return kind, index.start, index.stop, index.step, names
    if not private.COPY_ON_WRITE:
        raise NoTokenError
    labels = private.labels_token(index)
    if labels is None:
        raise NoTokenError
    freq = index.freq if kind in (pd.DatetimeIndex, pd.TimedeltaIndex) else None
    return kind, labels, names, freq, epoch_of_index(index)
