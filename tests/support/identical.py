# mypy: disable-error-code="attr-defined, union-attr"
"""A strict oracle: two values are the same in everything that a user can see.

Written without any code of the codec, and stricter than ``pandas.testing``: types, dtypes, bits of
values, kinds of missing values, labels with their types, freq, attrs, flags.
"""

from __future__ import annotations

import datetime as dt
import struct
import sys
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pandas.api.extensions import ExtensionArray


def assert_identical(a: Any, b: Any, where: str = "value") -> None:  # noqa: C901 - one per kind
    """Fail, naming the place, unless ``a`` and ``b`` are the same."""
    assert type(a) is type(b), f"{where}: {type(a)} became {type(b)}"
    if isinstance(a, pd.DataFrame):
        _frames(a, b, where)
    elif isinstance(a, pd.Series):
        _series(a, b, where)
    elif isinstance(a, pd.Index):
        _indexes(a, b, where)
    elif isinstance(a, ExtensionArray):
        _extension_arrays(a, b, where)
    elif isinstance(a, np.ndarray):
        _ndarrays(a, b, where)
    elif isinstance(a, (pa.Table, pa.RecordBatch)):
        assert a.schema.equals(b.schema, check_metadata=True), f"{where}: schema"
        assert a.num_rows == b.num_rows, f"{where}: rows"
        for place, name in enumerate(a.schema.names):
            _arrow(a.column(place), b.column(place), f"{where}[{name!r}]")
    elif isinstance(a, (pa.Array, pa.ChunkedArray)):
        _arrow(a, b, where)
    elif type(a).__module__.startswith("polars") and "polars" in sys.modules:
        _polars(a, b, where)
    elif isinstance(a, (dict, list, tuple, set, frozenset)):
        _containers(a, b, where)
    else:
        _scalars(a, b, where)


def _frames(a: Any, b: Any, where: str) -> None:
    assert a.shape == b.shape, f"{where}: shape {a.shape} became {b.shape}"
    assert_identical(a.index, b.index, f"{where}.index")
    assert_identical(a.columns, b.columns, f"{where}.columns")
    for place in range(a.shape[1]):
        label = f"{where}[{a.columns[place]!r}]"
        _arrays(a.iloc[:, place].array, b.iloc[:, place].array, label)
    _extras(a, b, where)


def _series(a: Any, b: Any, where: str) -> None:
    assert_identical(a.index, b.index, f"{where}.index")
    assert_identical(a.name, b.name, f"{where}.name")
    _arrays(a.array, b.array, where)
    _extras(a, b, where)


def _extras(a: Any, b: Any, where: str) -> None:
    assert_identical(dict(a.attrs), dict(b.attrs), f"{where}.attrs")
    left, right = a.flags.allows_duplicate_labels, b.flags.allows_duplicate_labels
    assert left is right, f"{where}.flags"


def _indexes(a: Any, b: Any, where: str) -> None:
    assert len(a) == len(b), f"{where}: length"
    assert_identical(list(a.names), list(b.names), f"{where}.names")
    if isinstance(a, pd.RangeIndex):
        assert (a.start, a.stop, a.step) == (b.start, b.stop, b.step), f"{where}: range"
        return
    if isinstance(a, pd.MultiIndex):
        assert a.sortorder == b.sortorder, f"{where}.sortorder"
        assert a.nlevels == b.nlevels, f"{where}.nlevels"
        for place in range(a.nlevels):
            assert_identical(a.levels[place], b.levels[place], f"{where}.levels[{place}]")
            codes = (np.asarray(a.codes[place]), np.asarray(b.codes[place]))
            assert_identical(*codes, f"{where}.codes[{place}]")
        return
    _dtypes(a.dtype, b.dtype, where)
    if hasattr(a, "freq"):
        assert type(a.freq) is type(b.freq), f"{where}.freq"
        assert a.freq == b.freq, f"{where}.freq {a.freq} became {b.freq}"
    _arrays(a.array, b.array, where)


def _arrays(a: Any, b: Any, where: str) -> None:
    assert type(a) is type(b), f"{where}: {type(a)} became {type(b)}"
    if isinstance(a, pd.arrays.NumpyExtensionArray):
        _ndarrays(np.asarray(a.to_numpy()), np.asarray(b.to_numpy()), where)
    else:
        _extension_arrays(a, b, where)


def _extension_arrays(a: Any, b: Any, where: str) -> None:
    _dtypes(a.dtype, b.dtype, where)
    assert len(a) == len(b), f"{where}: length"
    missing = np.asarray(a.isna())
    assert (missing == np.asarray(b.isna())).all(), f"{where}: missing values"
    if isinstance(a, pd.Categorical):
        _ndarrays(np.asarray(a.codes), np.asarray(b.codes), f"{where}.codes")
    elif isinstance(a, (pd.arrays.DatetimeArray, pd.arrays.TimedeltaArray, pd.arrays.PeriodArray)):
        _ndarrays(a.asi8, b.asi8, where)
    elif isinstance(a, pd.arrays.IntervalArray):
        assert_identical(a.left, b.left, f"{where}.left")
        assert_identical(a.right, b.right, f"{where}.right")
    elif isinstance(a, pd.arrays.SparseArray):
        assert a.kind == b.kind, f"{where}: kind"
        assert a.sp_index.equals(b.sp_index), f"{where}: places"
        _ndarrays(np.asarray(a.sp_values), np.asarray(b.sp_values), f"{where}.sp_values")
    else:
        for place, (left, right) in enumerate(zip(a, b, strict=True)):
            assert_identical(left, right, f"{where}[{place}]")


def _dtypes(a: Any, b: Any, where: str) -> None:
    assert type(a) is type(b), f"{where}: dtype {a!r} became {b!r}"
    assert a == b, f"{where}: dtype {a!r} became {b!r}"
    assert repr(a) == repr(b), f"{where}: dtype {a!r} became {b!r}"
    if isinstance(a, pd.CategoricalDtype):
        assert a.ordered is b.ordered, f"{where}: ordered"
        assert_identical(a.categories, b.categories, f"{where}.categories")
    if isinstance(a, pd.StringDtype):
        assert a.storage == b.storage, f"{where}: storage"
        assert type(a.na_value) is type(b.na_value), f"{where}: na_value"
    if isinstance(a, pd.DatetimeTZDtype):
        assert type(a.tz) is type(b.tz), f"{where}: tz"
        assert str(a.tz) == str(b.tz), f"{where}: tz"
    if isinstance(a, pd.SparseDtype):
        assert_identical(a.fill_value, b.fill_value, f"{where}.fill_value")
    if isinstance(a, pd.ArrowDtype):
        assert a.pyarrow_dtype.equals(b.pyarrow_dtype, check_metadata=True), where


def _ndarrays(a: Any, b: Any, where: str) -> None:
    assert a.dtype == b.dtype, f"{where}: dtype {a.dtype!r} became {b.dtype!r}"
    assert a.dtype.str == b.dtype.str, f"{where}: dtype {a.dtype.str} became {b.dtype.str}"
    assert a.dtype.isalignedstruct == b.dtype.isalignedstruct, f"{where}: alignment"
    assert a.shape == b.shape, f"{where}: shape"
    if all(each.flags.c_contiguous or each.flags.f_contiguous for each in (a, b)):
        assert a.flags.c_contiguous == b.flags.c_contiguous, f"{where}: order"
        assert a.flags.f_contiguous == b.flags.f_contiguous, f"{where}: order"
    _elements(a, b, where)


def _elements(a: Any, b: Any, where: str) -> None:
    if a.dtype.names is not None:
        for name in a.dtype.names:
            _elements(a[name], b[name], f"{where}[{name!r}]")
    elif a.dtype == object:
        pairs = zip(a.ravel().tolist(), b.ravel().tolist(), strict=True)
        for place, (left, right) in enumerate(pairs):
            assert_identical(left, right, f"{where}[{place}]")
    elif a.dtype.char in "gG":
        assert _long_double_bits(a) == _long_double_bits(b), f"{where}: bits"
    else:
        assert a.tobytes() == b.tobytes(), f"{where}: bits"


def _long_double_bits(a: Any) -> bytes:
    width = np.dtype(np.longdouble).itemsize
    raw = np.frombuffer(a.tobytes(), dtype=np.uint8).reshape(-1, width)
    return raw[:, :10].tobytes()


def _arrow(a: Any, b: Any, where: str) -> None:
    assert a.type.equals(b.type, check_metadata=True), f"{where}: {a.type} became {b.type}"
    assert len(a) == len(b), f"{where}: length"
    assert a.null_count == b.null_count, f"{where}: nulls"
    for place, (left, right) in enumerate(zip(a, b, strict=True)):
        _arrow_scalars(left, right, f"{where}[{place}]")


def _arrow_scalars(a: Any, b: Any, where: str) -> None:
    assert a.is_valid == b.is_valid, f"{where}: validity"
    if pa.types.is_floating(a.type) and a.is_valid:
        left, right = pa.array([a], a.type).buffers()[1], pa.array([b], b.type).buffers()[1]
        width = a.type.bit_width // 8
        assert left.to_pybytes()[:width] == right.to_pybytes()[:width], f"{where}: bits"
    elif pa.types.is_timestamp(a.type) or pa.types.is_duration(a.type):
        assert a.value == b.value, where
    else:
        assert repr(a) == repr(b), f"{where}: {a!r} became {b!r}"


def _polars(a: Any, b: Any, where: str) -> None:
    if hasattr(a, "schema"):
        assert list(a.schema.items()) == list(b.schema.items()), f"{where}: schema"
    else:
        assert (a.name, a.dtype) == (b.name, b.dtype), f"{where}: name or dtype"
    assert a.equals(b, null_equal=True), where


def _containers(a: Any, b: Any, where: str) -> None:
    assert len(a) == len(b), f"{where}: length {len(a)} became {len(b)}"
    if isinstance(a, (set, frozenset)):
        left, right = (sorted((type(x).__name__, repr(x)) for x in each) for each in (a, b))
        assert left == right, where
    elif isinstance(a, dict):
        assert_identical(list(a), list(b), f"{where}.keys()")
        for (key, left), right in zip(a.items(), b.values(), strict=True):
            assert_identical(left, right, f"{where}[{key!r}]")
    else:
        for place, (left, right) in enumerate(zip(a, b, strict=True)):
            assert_identical(left, right, f"{where}[{place}]")


def _scalars(a: Any, b: Any, where: str) -> None:
    if a is None or a is pd.NA or a is pd.NaT:
        assert a is b, where
    elif isinstance(a, np.generic):
        _ndarrays(np.array([a]), np.array([b]), where)
    elif isinstance(a, float):
        assert struct.pack("<d", a) == struct.pack("<d", b), f"{where}: {a!r} became {b!r}"
    elif isinstance(a, complex):
        assert_identical([a.real, a.imag], [b.real, b.imag], where)
    elif isinstance(a, pd.Interval):
        assert a.closed == b.closed, f"{where}: closed"
        assert_identical([a.left, a.right], [b.left, b.right], where)
    else:
        _same_words(a, b, where)
        if isinstance(a, (pd.Timestamp, pd.Timedelta)):
            assert a.unit == b.unit, f"{where}: unit"
        if isinstance(a, (dt.datetime, dt.time)):
            assert a.fold == b.fold, f"{where}: fold"
            assert type(a.tzinfo) is type(b.tzinfo), f"{where}: tz"


def _same_words(a: Any, b: Any, where: str) -> None:
    if isinstance(a, int):
        assert hex(a) == hex(b), f"{where}: another number"
        return
    assert repr(a) == repr(b), f"{where}: {a!r} became {b!r}"
    if not isinstance(a, Decimal):
        # a signalling NaN cannot be compared, and repr says all of a Decimal
        assert a == b, f"{where}: {a!r} became {b!r}"
