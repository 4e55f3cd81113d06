"""What values consist of: arrays of NumPy, Arrow data, and constants between them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from streamlit_redis_session.codec import _pandas_private as private
from streamlit_redis_session.codec._memory import Region, epoch_of, memory_stamp, region_of

ARROW = (pa.Table, pa.RecordBatch, pa.ChunkedArray, pa.Array)
UNKNOWN = object()
"""Stands for memory of an extension array that this package does not know."""


def epoch_of_array(array: Any) -> int:
    """Count how often an array, or anything it consists of, was tampered with."""
    return _epoch(array_leaves(array)) if memory_stamp() else 0


def epoch_of_index(index: Any) -> int:
    """Count how often the labels of an index were tampered with."""
    return _epoch(index_leaves(index)) if memory_stamp() else 0


def epoch_of_arrow(data: Any) -> int:
    """Count how often Arrow data was tampered with."""
    return _epoch([data]) if memory_stamp() else 0


def _epoch(leaves: Iterable[Any]) -> int:
    return max((epoch_of(_address(a)) for leaf in leaves for a, _ in regions_of(leaf)), default=0)


def _address(array: Any) -> int:
    address: int = array.__array_interface__["data"][0]
    return address


def regions_of(leaf: Any) -> Iterator[Region]:
    """Give the memory of a leaf, column by column; none of a constant.

    An edit of a frame cuts its blocks anew, around columns that stay where they are.
    """
    if isinstance(leaf, np.ndarray):
        if leaf.ndim == 2 and leaf.flags.c_contiguous:
            yield from map(region_of, leaf)
        else:
            yield region_of(leaf)
    elif isinstance(leaf, ARROW):
        yield from arrow_regions(leaf)


def arrow_regions(data: Any) -> Iterator[Region]:
    """Arrow data may show an array of NumPy, which is written to as ever."""
    for array in _arrow_arrays(data):
        for buffer in array.buffers():
            if buffer is not None and buffer.size:
                yield np.frombuffer(buffer, dtype=np.uint8), data


def _arrow_arrays(data: Any) -> Iterator[Any]:
    if isinstance(data, (pa.Table, pa.RecordBatch)):
        for column in data.columns:
            yield from _arrow_arrays(column)
    elif isinstance(data, pa.ChunkedArray):
        yield from data.chunks
    else:
        yield data


def leaves_of(value: Any) -> Iterator[Any]:
    """Take pandas objects apart: NumPy arrays, Arrow data, and constants between them."""
    if isinstance(value, pd.DataFrame):
        for where, array in private.block_arrays(value):
            yield where
            yield from array_leaves(array)
        yield from index_leaves(value.index)
        yield from index_leaves(value.columns)
    elif isinstance(value, pd.Series):
        yield from array_leaves(private.flat_array(value))
        yield from index_leaves(value.index)
    else:
        yield from index_leaves(value)


def array_leaves(array: Any) -> Iterator[Any]:
    """Take an array of NumPy or an extension array apart."""
    if type(array) is np.ndarray:
        yield array
        return
    leaves = private.leaves_of(array)
    for leaf in (UNKNOWN,) if leaves is None else leaves:
        yield from _parts(leaf)


def _parts(leaf: Any) -> Iterator[Any]:
    if isinstance(leaf, (np.ndarray, *ARROW)):
        yield leaf
    elif isinstance(leaf, pd.api.extensions.ExtensionArray):
        yield from array_leaves(leaf)
    elif isinstance(leaf, pd.CategoricalDtype):
        yield leaf.ordered
        yield from index_leaves(leaf.categories)
    elif isinstance(leaf, (np.dtype, pd.api.extensions.ExtensionDtype)):
        yield repr(leaf)
    else:
        places = private.sparse_places(leaf)
        yield from (UNKNOWN,) if places is None else places


def index_leaves(index: Any) -> Iterator[Any]:
    """Take an index apart; its names and its freq are no part of this."""
    yield type(index)
    if isinstance(index, pd.RangeIndex):
        yield index.start, index.stop, index.step
    elif isinstance(index, pd.MultiIndex):
        yield from (np.asarray(codes) for codes in index.codes)
        for level in index.levels:
            yield from index_leaves(level)
    else:
        yield from array_leaves(private.flat_array(index))
