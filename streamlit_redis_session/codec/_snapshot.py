"""Cheap questions about values: what kind, how large, the same as before; and safe copies."""

from __future__ import annotations

import copy
import enum
import sys
from collections.abc import Hashable, Iterable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from streamlit_redis_session.codec import _pandas_private as private
from streamlit_redis_session.codec._tokens import IMMUTABLE, is_immutable_column, token_of
from streamlit_redis_session.codec._tree import MOST_DEPTH, Array
from streamlit_redis_session.codec._user import is_registered

_PANDAS = (pd.DataFrame, pd.Series, pd.Index)
_ARROW = (pa.Table, pa.RecordBatch, pa.ChunkedArray, pa.Array)
_DATA = (*_PANDAS, *_ARROW, np.ndarray, pd.api.extensions.ExtensionArray)
_CONTAINERS = (dict, list, tuple, set, frozenset)
_MOST_LOOKS = 1000
"""Elements of containers that are looked at before a container counts as plain."""
_OBJECT_BYTES = 64
"""A guess: a small Python object with its header."""


class Kind(enum.Enum):
    """What a change of a value means for history."""

    DATA = "data"
    """A change makes a version."""
    SETTING = "setting"
    """Saved with every version, but a change makes none."""


# --- classify, size, shape -------------------------------------------------------------------


def classify(value: object) -> Kind:
    """Tell data (tables, arrays, and containers of them) from settings.

    Looks at a bounded number of elements, and says nothing about whether the value can be stored.
    """
    if isinstance(value, _DATA):
        return Kind.DATA
    budget = _MOST_LOOKS
    waiting: list[object] = [value]
    while waiting and budget > 0:
        budget -= 1
        each = waiting.pop()
        if isinstance(each, _DATA) or _is_polars(each):
            return Kind.DATA
        if isinstance(each, dict):
            waiting.extend(_first(each.values(), budget))
        elif isinstance(each, (list, tuple)):
            waiting.extend(_first(each, budget))
    return Kind.SETTING


def _first(items: Iterable[object], most: int) -> list[object]:
    return [each for each, _ in zip(items, range(most), strict=False)]


def _is_polars(value: object) -> bool:
    polars = sys.modules.get("polars")
    return polars is not None and isinstance(value, (polars.DataFrame, polars.Series))


def describe_shape(value: Any) -> tuple[int | None, int | None]:
    """Give rows and columns, ``None`` for each that the value does not have."""
    if isinstance(value, (pd.DataFrame, np.ndarray)) or _is_polars(value):
        shape: tuple[int, ...] = value.shape
        rows = shape[0] if shape else None
        return rows, shape[1] if len(shape) == 2 else None
    if isinstance(value, (pa.Table, pa.RecordBatch)):
        return value.num_rows, value.num_columns
    if isinstance(value, (*_DATA, *_CONTAINERS)):
        return len(value), None
    return None, None


def nbytes(value: Any) -> int:  # noqa: PLR0911 - one per kind
    """Estimate the memory of a value quickly, without looking into objects or long lists."""
    if isinstance(value, pd.DataFrame):
        return _frame_bytes(value)
    if isinstance(value, pd.Series):
        return _array_bytes(value.array) + nbytes(value.index)
    if isinstance(value, pd.RangeIndex):
        return _OBJECT_BYTES
    if isinstance(value, pd.MultiIndex):
        return int(value.nbytes)
    if isinstance(value, (np.ndarray, pd.Index, pd.api.extensions.ExtensionArray)):
        return _array_bytes(value)
    if isinstance(value, _ARROW):
        return int(value.nbytes)
    if _is_polars(value):
        return int(value.estimated_size())
    if isinstance(value, _CONTAINERS):
        return _container_bytes(value)
    return sys.getsizeof(value, _OBJECT_BYTES)


def _frame_bytes(frame: pd.DataFrame) -> int:
    arrays = sum(_array_bytes(array) for _, array in private.blocks_of(frame))
    return arrays + nbytes(frame.index) + nbytes(frame.columns)


def _array_bytes(array: Any) -> int:
    if isinstance(array, (pd.Categorical, pd.CategoricalIndex)):
        return int(array.codes.nbytes) + nbytes(array.categories)
    own = int(array.nbytes)
    is_objects = _is_objects(array)
    return own + (array.size * _OBJECT_BYTES if is_objects else 0)


def _container_bytes(value: Any) -> int:
    """Measure the first elements of a container, and take the others for as large."""
    items = _first(value.values() if isinstance(value, dict) else value, _MOST_LOOKS)
    own = sys.getsizeof(value)
    if not items:
        return own
    measured = sum(nbytes(each) for each in items)
    return own + measured * len(value) // len(items)


# --- snapshot --------------------------------------------------------------------------------


def snapshot(value: object) -> object:
    """Copy a value so that the user's later writes do not reach the copy.

    Under Copy-on-Write frames and Series share their memory until they are written to, so this
    takes microseconds; object columns of anything but immutable scalars are copied, and so are
    NumPy arrays. What cannot be stored anyway is given back as it is.
    """
    return _snapshot(value, 0)


def _snapshot(value: Any, depth: int) -> Any:  # noqa: PLR0911 - one per kind
    kind = type(value)
    if kind in IMMUTABLE or depth > MOST_DEPTH:
        return value
    if kind is pd.DataFrame:
        return _snapshot_frame(value, depth)
    if kind is pd.Series:
        return _snapshot_series(value, depth)
    if isinstance(value, pd.Index):
        return value.view() if private.COPY_ON_WRITE else value.copy(deep=True)
    if kind is np.ndarray:
        return _snapshot_array(value, depth)
    if kind is dict:
        return {_snapshot(k, depth + 1): _snapshot(v, depth + 1) for k, v in value.items()}
    if kind in (list, tuple, set, frozenset):
        return kind(_snapshot(each, depth + 1) for each in value)
    if isinstance(value, pd.api.extensions.ExtensionArray):
        return value.copy()
    if _is_polars(value):
        return value.clone()
    return copy.deepcopy(value) if is_registered(kind) else value


def _snapshot_frame(frame: pd.DataFrame, depth: int) -> Any:
    held = _bare_copy(frame)
    for place, array in enumerate(private.flat_arrays(frame)) if _has_objects(frame) else ():
        if not is_immutable_column(array):
            values = _snapshot_array(array, depth)
            held.isetitem(place, pd.Series(values, index=held.index, dtype=object, copy=False))
    return _with_attrs(frame, held, depth)


def _snapshot_series(series: pd.Series[Any], depth: int) -> Any:
    array = private.flat_array(series)
    if is_immutable_column(array):
        return _with_attrs(series, _bare_copy(series), depth)
    values = _snapshot_array(array, depth)
    held = pd.Series(values, index=series.index.view(), dtype=object, copy=False)
    held.name = series.name
    held.flags.allows_duplicate_labels = series.flags.allows_duplicate_labels
    return _with_attrs(series, held, depth)


def _is_objects(array: Any) -> bool:
    dtype = getattr(array, "dtype", None)
    return isinstance(dtype, np.dtype) and dtype.kind == "O"


def _has_objects(frame: pd.DataFrame) -> bool:
    return any(private.is_flat_objects(array) for _, array in private.blocks_of(frame))


def _bare_copy(holder: Any) -> Any:
    """Copy a frame or Series; pandas would deep-copy the attrs as well, which may be anything."""
    if not private.COPY_ON_WRITE:
        return holder.copy(deep=True)
    return holder.copy(deep=False)


def _with_attrs(source: Any, held: Any, depth: int) -> Any:
    if source.attrs:
        held.attrs = _snapshot(source.attrs, depth + 1)
    return held


def _snapshot_array(array: Array, depth: int) -> Array:
    copied = array.copy(order="K")
    if _is_objects(array) and not is_immutable_column(array):
        for place in np.ndindex(copied.shape):
            copied[place] = _snapshot(copied[place], depth + 1)
    return copied


# --- identity --------------------------------------------------------------------------------


def identity(value: object) -> Hashable | None:
    """Name what a value consists of, cheaply: memory addresses, labels, names, flags.

    Equal tokens of a value and of a :func:`snapshot` of it that is still held prove that nobody
    wrote to the value through pandas' public setters. Different tokens prove nothing.

    Returns
    -------
    Hashable or None
        ``None`` for values that must be compared by content: NumPy arrays, columns of mutable
        objects, everything on pandas 2.
    """
    return token_of(value, 0)
