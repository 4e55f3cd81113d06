"""Which cells of two columns differ, and how many: array by array where pandas is not needed."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from numbers import Number
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from streamlit_redis_session.codec import _pandas_private as private
from streamlit_redis_session.codec.differences import changed_elements

_Bools = npt.NDArray[np.bool_]
_Array = npt.NDArray[Any]
_MISFITS = (
    ArithmeticError, AttributeError, LookupError, NotImplementedError, TypeError, ValueError,
    pa.ArrowException,
)  # fmt: skip
"""What comparing two odd values may raise."""
_TICKS: Any = (pd.arrays.DatetimeArray, pd.arrays.TimedeltaArray, pd.arrays.PeriodArray)


def count_cells(before: pd.Series[Any], after: pd.Series[Any]) -> int:
    """Count, position by position, the cells that differ; missing equals missing."""
    if shares_memory(before, after):
        return 0
    count = count_elements(private.flat_array(before), private.flat_array(after))
    return int(differs(before, after).sum()) if count is None else count


def shares_memory(before: pd.Series[Any], after: pd.Series[Any]) -> bool:
    """Tell whether two columns are views of the same memory, where that is cheap to see."""
    return _is_same(private.flat_array(before), private.flat_array(after))


def _is_same(left: Any, right: Any) -> bool:
    if isinstance(left, np.ndarray) and isinstance(right, np.ndarray):
        return left.dtype != object and _is_same_view(left, right)
    if type(left) is not type(right):
        return False
    mine, theirs = private.parts_of(left), private.parts_of(right)
    if mine is None or theirs is None:
        return False
    return all(
        _is_same_view(a, b) if isinstance(a, np.ndarray) else a == b
        for a, b in zip(mine, theirs, strict=True)
    )


def _is_same_view(a: _Array, b: Any) -> bool:
    if not isinstance(b, np.ndarray) or a.shape != b.shape or a.strides != b.strides:
        return False
    if a.dtype != b.dtype:
        return False
    # addresses take a microsecond; two views of all of an array have the same one
    owner = a if a.base is None else a.base
    is_of_one = owner is b or owner is b.base
    if is_of_one and isinstance(owner, np.ndarray) and owner.nbytes == a.nbytes:
        return a.flags.c_contiguous or _address(a) == _address(b)
    return _address(a) == _address(b)


def _address(values: _Array) -> int:
    address: int = values.__array_interface__["data"][0]
    return address


def unshared_columns(
    before: pd.DataFrame, after: pd.DataFrame, places: Sequence[tuple[int, int]]
) -> Iterator[tuple[int, int, Any, Any]]:
    """Give the pairs of columns that are not views of the same memory, with their arrays.

    Blocks of columns that both frames share are passed over as a whole.

    Parameters
    ----------
    places
        Which column of ``before`` is compared with which one of ``after``.
    """
    left, right = _blocks(before), _blocks(after)
    if all(i == j for i, j in places):
        for where in [w for w, block in right.items() if w in left and _is_same(left[w], block)]:
            del left[where], right[where]
    olds, news = dict(_columns(left)), dict(_columns(right))
    for i, j in places:
        if j in news and not olds[i].is_view_of(news[j]):
            yield i, j, olds[i].array(), news[j].array()


@dataclass(slots=True)
class _PlacedColumn:
    """A column as the row of a block."""

    block: Any
    row: int | None = None
    memory: tuple[int, Any] | None = None
    """Where its elements stand; ``None``: not looked up."""

    def array(self) -> Any:
        return self.block if self.row is None else self.block[self.row]

    def is_view_of(self, other: _PlacedColumn) -> bool:
        if self.memory is not None and other.memory is not None:
            return self.memory == other.memory
        return _is_same(self.array(), other.array())


def _blocks(frame: pd.DataFrame) -> dict[Hashable, Any]:
    """Give the arrays of a frame by the columns that they hold."""
    if private.COPY_ON_WRITE:
        return dict(private.block_arrays(frame))
    return dict(enumerate(private.flat_arrays(frame)))


def _columns(blocks: Mapping[Hashable, Any]) -> Iterator[tuple[int, _PlacedColumn]]:
    """Give the columns of blocks, each by its position in the frame."""
    for where, values in blocks.items():
        if isinstance(where, int):
            yield where, _PlacedColumn(values)
            continue
        assert isinstance(where, bytes)
        places = np.frombuffer(where, dtype=np.intp).tolist()
        if values.ndim == 1:
            yield places[0], _PlacedColumn(values)
        elif not isinstance(values, np.ndarray) or values.dtype == object:
            yield from ((place, _PlacedColumn(values, row)) for row, place in enumerate(places))
        else:
            first, (step, *_) = _address(values), values.strides
            kind = values.shape[1:], values.strides[1:], values.dtype
            for row, place in enumerate(places):
                yield place, _PlacedColumn(values, row, (first + row * step, kind))


def count_elements(left: Any, right: Any) -> int | None:
    """Count the elements at which two arrays of a column differ; missing equals missing.

    Returns
    -------
    int or None
        ``None`` where only pandas can tell.
    """
    if type(left) is not type(right) or left.dtype != right.dtype or len(left) != len(right):
        return None
    if isinstance(left, np.ndarray):
        return _count_numbers(left, right)
    if isinstance(left, _TICKS):
        return _count_bits(left.asi8, right.asi8)
    if isinstance(left, pd.arrays.IntegerArray | pd.arrays.BooleanArray):
        return _count_masked(left, right)
    if isinstance(left, pd.Categorical):
        return _count_codes(left, right)
    return _count_arrow(left, right) if _is_plain_arrow(left.dtype) else None


def _count_bits(left: _Array, right: _Array) -> int | None:
    rows = changed_elements(left, right, most=len(left))
    return None if rows is None else len(rows)


def _count_numbers(left: _Array, right: _Array) -> int | None:
    if left.dtype.kind not in "biufc":
        return None
    rows = changed_elements(left, right, most=len(left))
    if rows is None or left.dtype.kind not in "fc" or not len(rows):
        return None if rows is None else len(rows)
    mine, theirs = left.take(rows), right.take(rows)
    unequal = (mine != theirs) & ~(np.isnan(mine) & np.isnan(theirs))
    return int(np.count_nonzero(unequal))


def _count_masked(left: Any, right: Any) -> int | None:
    (data, mask, _), (other, other_mask, _) = map(private.masked_parts, (left, right))
    hidden = changed_elements(mask, other_mask, most=len(mask))
    rows = changed_elements(data, other, most=len(mask))
    if hidden is None or rows is None:
        return None
    return len(hidden) + int(np.count_nonzero(~(mask.take(rows) | other_mask.take(rows))))


def _count_codes(left: pd.Categorical, right: pd.Categorical) -> int | None:
    """Compare codes, where they mean the same; the order of categories is no part of a dtype."""
    if left.categories is not right.categories and not left.categories.equals(right.categories):
        return None
    codes, others = np.asarray(left.codes), np.asarray(right.codes)
    return _count_bits(codes, others) if codes.dtype == others.dtype else None


def _is_plain_arrow(dtype: Any) -> bool:
    """Tell the Arrow types whose elements are equal or not, with no NaN between."""
    if isinstance(dtype, pd.StringDtype):
        return dtype.storage == "pyarrow"
    if not isinstance(dtype, pd.ArrowDtype):
        return False
    kind, types = dtype.pyarrow_dtype, pa.types
    checks = (types.is_string, types.is_large_string, types.is_integer, types.is_boolean)
    return any(check(kind) for check in checks)


def _count_arrow(left: Any, right: Any) -> int:
    mine, theirs = private.arrow_chunks(left), private.arrow_chunks(right)
    unequal = pc.not_equal(mine, theirs)
    count = int(pc.sum(unequal, min_count=0).as_py()) + int(unequal.null_count)
    if mine.null_count and theirs.null_count:
        count -= int(pc.sum(pc.and_(mine.is_null(), theirs.is_null())).as_py())
    return count


def differs(before: pd.Series[Any], after: pd.Series[Any]) -> _Bools:
    """Mark, position by position, the cells that differ; missing equals missing."""
    left, right = _plain(before), _plain(after)
    unequal: Any = None
    if left.dtype == right.dtype and left.dtype != object:
        # on the dtypes that cannot be compared as a whole, pandas raises a bit of everything
        with suppress(*_MISFITS):
            unequal = (left != right).fillna(True).to_numpy(dtype=bool)
    if unequal is None:
        pairs = zip(left, right, strict=True)
        unequal = np.fromiter((not _equal(a, b) for a, b in pairs), dtype=bool, count=len(left))
    both_missing = (left.isna() & right.isna()).to_numpy(dtype=bool)
    return np.asarray(unequal & ~both_missing)


def _plain(column: pd.Series[Any]) -> pd.Series[Any]:
    """Take the index off a column, and give it all its elements if it is sparse."""
    plain = column.reset_index(drop=True)
    is_sparse = isinstance(plain.dtype, pd.SparseDtype)
    return pd.Series(np.asarray(plain.array)) if is_sparse else plain


def _equal(a: Any, b: Any) -> bool:
    if a is b:
        return True
    related = isinstance(a, type(b)) or isinstance(b, type(a))
    if not related and not (isinstance(a, Number) and isinstance(b, Number)):
        return False
    try:
        return bool(np.all(a == b))
    except _MISFITS:
        return False
