# ruff: noqa: SLF001 - this file is the one place for private names
"""Every private name of pandas that this package touches, each with a public way beside it.

A self-test at import decides which way is taken, so that a pandas which renames one of them makes
the package slower, never wrong.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Hashable, Iterator
from operator import attrgetter
from typing import Any

import numpy as np
import pandas as pd

from streamlit_redis_session.codec._memory import epoch_of
from streamlit_redis_session.codec._tree import Array

COPY_ON_WRITE = int(pd.__version__.partition(".")[0]) >= 3
"""Every frame derived from another one is protected from writes to it."""


def flat_arrays(frame: pd.DataFrame) -> list[Any]:
    """Give each column as a NumPy or extension array, without copying."""
    return _flat_arrays(frame)


def _flat_arrays_private(frame: Any) -> list[Any]:
    manager = frame._mgr
    return [manager.iget_values(position) for position in range(frame.shape[1])]


def _flat_arrays_public(frame: pd.DataFrame) -> list[Any]:
    return [flat_array(frame.iloc[:, position]) for position in range(frame.shape[1])]


def flat_array_at(frame: pd.DataFrame, place: int) -> Any:
    """Give one column as :func:`flat_arrays` does."""
    return _flat_array_at(frame, place)


def _flat_array_at_private(frame: Any, place: int) -> Any:
    return frame._mgr.iget_values(place)


def _flat_array_at_public(frame: pd.DataFrame, place: int) -> Any:
    return flat_array(frame.iloc[:, place])


def flat_array(holder: Any) -> Any:
    """Give the values of a Series or Index as a NumPy or extension array, without copying."""
    array = holder.array
    # not to_numpy(), which on pandas 2 looks for missing objects first
    return np.asarray(array) if isinstance(array, pd.arrays.NumpyExtensionArray) else array


def masked_parts(array: Any) -> tuple[Array, Array, bool]:
    """Give the data of a masked array, whatever stands under the mask, and the mask.

    The third says whether both are the array's own memory.
    """
    return *_masked_parts(array), _has_masks


def _masked_parts_private(array: Any) -> tuple[Array, Array]:
    return array._data, array._mask


def _masked_parts_public(array: Any) -> tuple[Array, Array]:
    dtype = getattr(array.dtype, "numpy_dtype", np.dtype("bool"))
    return array.to_numpy(dtype=dtype, na_value=dtype.type(0)), np.asarray(array.isna())


def arrow_chunks(array: Any) -> Any:
    """Give the Arrow data of an Arrow-backed extension array, without copying."""
    return array.__arrow_array__()


def make_sparse(values: Array, places: Array, length: int, *, kind: str, fill_value: Any) -> Any:
    """Make a sparse array of values, their ascending places, and what stands everywhere else."""
    dtype: Any = pd.SparseDtype(values.dtype, fill_value)
    sparse: Any = pd.arrays.SparseArray
    if hasattr(sparse, "from_indices"):
        return sparse.from_indices(values, places, length, fill_value, kind, values.dtype)
    return _make_sparse_private(values, places, length, kind, dtype)


def _make_sparse_private(values: Array, places: Array, length: int, kind: str, dtype: Any) -> Any:
    """Before pandas 3.1 there is no public way that does not make a dense array first."""
    import pandas._libs.sparse as lib  # noqa: PLC0415 - not needed by newer pandas

    index: Any = getattr(lib, "IntIndex")(length, places)  # noqa: B009 - the stubs are wrong
    index = index if kind == "integer" else index.to_block_index()
    fill_value = dtype.fill_value
    return pd.arrays.SparseArray(values, sparse_index=index, fill_value=fill_value, dtype=dtype)


# --- tokens of memory ------------------------------------------------------------------------


def memory_token(values: Array) -> Hashable:
    """Name the memory that an array shows, and how it shows it."""
    address = values.__array_interface__["data"][0]
    return address, values.shape, values.strides, values.dtype, epoch_of(address)


def column_tokens(frame: pd.DataFrame) -> list[Hashable | None]:
    """Name the memory of each column that is a NumPy array of other things than objects.

    As :func:`memory_token` does for each of :func:`flat_arrays`, at the cost of a look at each
    block; ``None`` for other columns.
    """
    tokens: list[Hashable | None] = [None] * frame.shape[1]
    for where, values in blocks_of(frame):
        if _has_blocks and type(values) is np.ndarray and not values.dtype.hasobject:
            address, dtype = values.__array_interface__["data"][0], values.dtype
            shape, (step, *strides) = values.shape[1:], values.strides
            for row, place in enumerate(where.as_array.tolist()):
                at = address + row * step
                tokens[place] = at, shape, tuple(strides), dtype, epoch_of(at)
    return tokens


def nbytes_of_token(token: Any) -> int:
    """Give the memory that a token of :func:`column_tokens` names."""
    _, shape, _, dtype, _ = token
    return int(shape[0]) * int(dtype.itemsize)


def block_arrays(frame: pd.DataFrame) -> Iterator[tuple[Hashable, Any]]:
    """Give the arrays that a frame consists of, each with the columns that it holds."""
    return _block_arrays(frame)


def _block_arrays_private(frame: Any) -> Iterator[tuple[Hashable, Any]]:
    for block in frame._mgr.blocks:
        yield block.mgr_locs.as_array.tobytes(), block.values


def _block_arrays_public(frame: pd.DataFrame) -> Iterator[tuple[Hashable, Any]]:
    return iter(list(enumerate(flat_arrays(frame))))


def blocks_of(frame: Any) -> list[tuple[Any, Any]]:
    """Give the arrays of a frame, each with where its columns are; faster than the above.

    A snapshot shares the objects that say where, and :func:`places` tells what they say.
    """
    if _has_blocks:
        return [(block._mgr_locs, block.values) for block in frame._mgr.blocks]
    return list(enumerate(flat_arrays(frame)))


def places(where: Any) -> Hashable:
    """Say where the columns of a block are."""
    found: Hashable = where.as_array.tobytes() if hasattr(where, "as_array") else where
    return found


def is_same_view(mine: Array, other: Array) -> bool:
    """Tell whether two arrays show the same memory in the same way."""
    if _owner(mine) is not _owner(other):
        return False  # nearly always so after a write, and faster to see than an address
    return memory_token(mine) == memory_token(other)


def _owner(array: Array) -> Any:
    base = array.base
    return base if type(base) is np.ndarray else array


def same_labels(mine: Any, other: Any) -> bool:
    """Tell whether two indexes are views of one another."""
    token = labels_token(mine)
    return token is not None and token == labels_token(other)


def labels_token(index: Any) -> Hashable | None:
    """Name the labels of an index: views of one another have equal tokens."""
    return _labels_token(index)


def _labels_token_private(index: Any) -> Hashable | None:
    return id(index._id)


def _labels_token_public(_index: Any) -> Hashable | None:
    return None


def parts_of(array: Any) -> tuple[Any, ...] | None:
    """Give the NumPy arrays, Arrow data and constants of an extension array, or ``None``.

    All of them are shared by a shallow copy, and replaced by a write through pandas.
    """
    return _parts_of(array)


def _parts_of_private(array: Any) -> tuple[Any, ...] | None:  # noqa: PLR0911 - one per kind
    kind = type(array)
    if kind in (pd.arrays.DatetimeArray, pd.arrays.TimedeltaArray, pd.arrays.PeriodArray):
        return array._ndarray, array.dtype
    if hasattr(array, "_pa_array"):
        return id(array._pa_array), array.dtype
    if kind in (pd.arrays.IntegerArray, pd.arrays.FloatingArray, pd.arrays.BooleanArray):
        return array._data, array._mask
    if kind is pd.Categorical:
        categories = array.categories
        names = (str(categories.name), type(categories.name))
        return array._ndarray, id(categories), names, array.ordered
    if kind is pd.arrays.SparseArray:
        return array.sp_values, id(array.sp_index), str(array.dtype)
    if kind is pd.arrays.IntervalArray:
        sides = [_parts_of_side(each) for each in (array._left, array._right)]
        return None if None in sides else (array.closed, *sides[0], *sides[1])  # type: ignore[misc]
    return None


def _parts_of_side(side: Any) -> tuple[Any, ...] | None:
    return (side,) if isinstance(side, np.ndarray) else _parts_of_private(side)


def _parts_of_public(_array: Any) -> tuple[Any, ...] | None:
    return None


# --- what an array consists of ---------------------------------------------------------------

_LEAVES: dict[type, Callable[[Any], tuple[Any, ...]]] = {
    **dict.fromkeys(
        (pd.arrays.DatetimeArray, pd.arrays.TimedeltaArray, pd.arrays.PeriodArray),
        attrgetter("_ndarray", "_dtype"),
    ),
    **dict.fromkeys(
        (pd.arrays.IntegerArray, pd.arrays.FloatingArray, pd.arrays.BooleanArray),
        attrgetter("_data", "_mask"),
    ),
    **dict.fromkeys(
        (pd.arrays.ArrowExtensionArray, pd.arrays.ArrowStringArray),
        attrgetter("_pa_array", "_dtype"),
    ),
    pd.arrays.StringArray: attrgetter("_ndarray", "_dtype"),
    pd.Categorical: attrgetter("_ndarray", "_dtype"),
    pd.arrays.SparseArray: attrgetter("_sparse_values", "_sparse_index", "_dtype"),
    pd.arrays.IntervalArray: attrgetter("_left", "_right", "_dtype"),
}


def leaves_of(array: Any) -> tuple[Any, ...] | None:
    """Give the objects that an extension array consists of, or ``None`` for an unknown one.

    NumPy arrays, Arrow data, further extension arrays, and what describes them.
    """
    getter = _LEAVES.get(type(array))
    return None if getter is None else getter(array)


def sparse_places(index: Any) -> tuple[Array, ...] | None:
    """Give the places at which a sparse array has values, ``None`` for an unknown kind."""
    names = {"IntIndex": ("indices",), "BlockIndex": ("blocs", "blengths")}
    found = names.get(type(index).__name__)
    return None if found is None else tuple(getattr(index, name) for name in found)


class FrameMark:
    """The very objects that a frame consists of, to be found again or not."""

    __slots__ = ("_axes", "_blocks", "_names")

    def __init__(self, frame: Any) -> None:
        self._blocks = [
            (where, array, getattr(array, "_pa_array", None)) for where, array in blocks_of(frame)
        ]
        self._axes: tuple[Any, Any] = (frame.columns, frame.index)
        self._names = tuple(map(_immutable_name, self._axes))

    def is_found(self, frame: Any) -> bool:
        """Tell whether a frame consists of the same objects; names and attrs aside."""
        if not _has_blocks:
            return False
        manager = frame._mgr
        columns, index = manager.axes
        if columns is not self._axes[0] or index is not self._axes[1]:
            return False
        if len(manager.blocks) != len(self._blocks):
            return False
        for block, (where, known, arrow) in zip(manager.blocks, self._blocks, strict=True):
            array = block.values
            if array is not known or block._mgr_locs is not where:
                return False
            # the one kind of array that is written to by putting something else into it
            if arrow is not None and array._pa_array is not arrow:
                return False
        return True

    def has_names(self) -> bool:
        """Tell whether the labels are called what they were; ``False`` also if unknown."""
        (columns, index), (first, second) = self._axes, self._names
        if first is _NO_NAME or second is _NO_NAME:
            return False
        return columns._name is first and index._name is second


_NO_NAME = object()


def _immutable_name(index: Any) -> Any:
    """Give the name of an index that has one name, immutable, and no freq."""
    if isinstance(index, (pd.MultiIndex, pd.DatetimeIndex, pd.TimedeltaIndex)):
        return _NO_NAME
    name = getattr(index, "_name", _NO_NAME)
    return name if name is None or type(name) in (str, int) else _NO_NAME


# --- the self-test ---------------------------------------------------------------------------


def _works(private: Callable[[Any], Any], public: Callable[[Any], Any], sample: Any) -> bool:
    """Try a private way on a sample: it must answer, and answer what the public way does."""
    try:
        return _same(private(sample), public(sample))
    except (AttributeError, TypeError, ValueError):
        return False


def _same(left: Any, right: Any) -> bool:
    if len(left) != len(right):
        return False
    return all(
        bool((np.asarray(a) == np.asarray(b)).all()) for a, b in zip(left, right, strict=True)
    )


def _sample_frame() -> pd.DataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pd.DataFrame({"a": [1, 2], "b": [1.5, 2.5], "c": pd.array([1, 2], dtype="Int64")})


def _blocks_follow_writes(frame: pd.DataFrame) -> bool:
    """Check the promise behind all tokens: a write after a shallow copy moves the memory."""
    try:
        held = frame.copy(deep=False)
        before = [memory_token(each) for _, each in _block_arrays_private(held) if _is_flat(each)]
        same = [memory_token(each) for _, each in _block_arrays_private(frame) if _is_flat(each)]
        frame.iloc[0, 0] = 9
        after = [memory_token(each) for _, each in _block_arrays_private(frame) if _is_flat(each)]
    except (AttributeError, TypeError, KeyError):
        return False
    return before == same and before != after


def _is_flat(values: Any) -> bool:
    return isinstance(values, np.ndarray)


def _labels_follow(frame: pd.DataFrame) -> bool:
    try:
        held = frame.copy(deep=False)
        is_shared = _labels_token_private(held.columns) == _labels_token_private(frame.columns)
        frame.columns = pd.Index(["x", "y", "z"])
        is_moved = _labels_token_private(held.columns) != _labels_token_private(frame.columns)
    except AttributeError:
        return False
    return is_shared and is_moved


def _parts_are_known() -> bool:
    samples = [pd.array([1, None], dtype="Int64"), pd.Categorical(["a"])]
    try:
        return all(_parts_of_private(each) is not None for each in samples)
    except AttributeError:
        return False


_has_flat = _works(_flat_arrays_private, _flat_arrays_public, _sample_frame())
_flat_arrays = _flat_arrays_private if _has_flat else _flat_arrays_public
_flat_array_at = _flat_array_at_private if _has_flat else _flat_array_at_public
_has_masks = _works(_masked_parts_private, _masked_parts_public, pd.array([1, 2], dtype="Int64"))
_masked_parts = _masked_parts_private if _has_masks else _masked_parts_public
_has_blocks = COPY_ON_WRITE and _blocks_follow_writes(_sample_frame())
_block_arrays = _block_arrays_private if _has_blocks else _block_arrays_public
_labels_token = _labels_token_private if _labels_follow(_sample_frame()) else _labels_token_public
_parts_of = _parts_of_private if _parts_are_known() else _parts_of_public
