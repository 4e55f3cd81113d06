# mypy: disable-error-code="misc, call-overload, arg-type, list-item, attr-defined, unused-ignore"
# pandas-stubs know fewer values than pandas takes
# ruff: noqa: DTZ001 - naive times are values too
"""Named values that tables are lost on elsewhere; each is made anew by calling its entry."""

from __future__ import annotations

import datetime as dt
import uuid
import zoneinfo
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

SHAPES: dict[str, Callable[[], Any]] = {}
BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
PANDAS_3 = int(pd.__version__.partition(".")[0]) >= 3


def _objects(*items: Any) -> Any:
    return pd.Series(_array(*items), dtype=object)


def _array(*items: Any) -> Any:
    array = np.empty(len(items), dtype=object)
    for place, item in enumerate(items):
        array[place] = item
    return array


def _nan(bits: int) -> float:
    return float(np.array([bits], dtype=np.uint64).view(np.float64)[0])


def _frame(values: Any) -> pd.DataFrame:
    return pd.DataFrame({"a": values})


def _columns(labels: Any, width: int = 2) -> pd.DataFrame:
    frame = pd.DataFrame(np.arange(3 * width).reshape(3, width))
    frame.columns = labels
    return frame


def _rows(labels: Any) -> pd.DataFrame:
    return pd.DataFrame({"a": np.arange(float(len(labels)))}, index=labels)


def _with(frame: Any, **changes: Any) -> Any:
    for name, value in changes.items():
        setattr(frame, name, value)
    return frame


# --- object columns --------------------------------------------------------------------------

_OBJECT_COLUMNS: dict[str, tuple[Any, ...]] = {
    "str": ("a", "", "ä€😀", "\x00"),
    "str and None": ("a", None, "b"),
    "str and NaN": ("a", float("nan"), "b"),
    "str and NA": ("a", pd.NA, "b"),
    "str, None, NaN, NA, NaT": ("a", None, float("nan"), pd.NA, pd.NaT),
    "lone surrogates": ("\ud800", "\ud83d\ude00", "a"),
    "one lone surrogate pair": ("\ud83d\ude00",),
    "only None": (None, None),
    "only NaN": (float("nan"), float("nan")),
    "only NA": (pd.NA, pd.NA),
    "only NaT": (pd.NaT, pd.NaT),
    "NaNs of different bits": (_nan(0x7FF8000000000001), _nan(0xFFF8000000000000), 1.0),
    "minus zero": (-0.0, 0.0),
    "int": (1, 2, -3),
    "int and None": (1, None),
    "int and float": (1, 1.0, 2.5),
    "int and bool": (1, True, 0, False),
    "int and str": (1, "1"),
    "big ints": (2**63, -(2**80), 0, 10**400),
    "bool": (True, False),
    "bool and None": (True, None),
    "complex": (1 + 2j, complex(float("nan"), -0.0)),
    "bytes": (b"", b"\xff\x00", b"abc"),
    "bytes and str": (b"a", "a"),
    "date": (dt.date(2020, 1, 1), dt.date(1, 1, 1), dt.date(9999, 12, 31)),
    "date and None": (dt.date(2020, 1, 1), None),
    "datetime": (dt.datetime(2020, 1, 1, 12, 30, 1, 999999), dt.datetime(1, 1, 1)),
    "datetime of zones": (
        dt.datetime(2020, 10, 25, 2, 30, tzinfo=BERLIN, fold=1),
        dt.datetime(2020, 1, 1, tzinfo=dt.timezone.utc),
        dt.datetime(2020, 1, 1, tzinfo=dt.timezone(dt.timedelta(minutes=-90), "odd")),
    ),
    "time": (dt.time(1, 2, 3, 4), dt.time(1, tzinfo=dt.timezone.utc, fold=1)),
    "timedelta": (dt.timedelta(1, 2, 3), dt.timedelta(-1)),
    "Decimal": (Decimal("1.10"), Decimal("1.1"), Decimal("-0"), Decimal("1E+400")),
    "Decimal of mixed scale and NaN": (Decimal("1.123"), Decimal("NaN"), Decimal("-Infinity")),
    "UUID": (uuid.UUID(int=5), uuid.UUID(int=2**128 - 1)),
    "tuples": ((1, "a"), (), (None, (2.5,))),
    "lists": ([1, 2], [], ["a", [None]]),
    "dicts": ({"a": 1}, {}, {1: [2], None: {"b": (3,)}}),
    "sets": ({1, "a"}, frozenset({2, 3}), set()),
    "ndarrays": (np.arange(3), np.zeros((2, 2), dtype="f4"), np.array("x")),
    "frames": (pd.DataFrame({"x": [1, 2]}), pd.Series([1.5], name="s")),
    "np scalars": (np.int8(1), np.float32(1.5), np.bool_(True), np.str_("a"), np.datetime64("NaT")),
    "Timestamp": (pd.Timestamp("2020-01-01"), pd.Timestamp("2020-01-01", tz="UTC"), pd.NaT),
    "Timestamps of units": (pd.Timestamp("2020-01-01").as_unit("s"), pd.Timestamp(2020, 1, 1)),
    "Timedelta": (pd.Timedelta(1, "s"), pd.Timedelta(-5, "ns")),
    "Period": (pd.Period("2020-01", "M"), pd.Period("2020Q1", "Q")),
    "Interval": (pd.Interval(0, 1), pd.Interval(0.5, 1.5, closed="left")),
    "offsets": (pd.offsets.MonthEnd(2), pd.offsets.DateOffset(months=3), pd.offsets.Hour(5)),
    "ranges and slices": (range(3), slice(1, None, -1)),
    "everything": (1, "a", None, 2.5, [1], (1,), {"a": 1}, b"x", True, pd.NA, 2**70),
}
for _name, _items in _OBJECT_COLUMNS.items():
    SHAPES[f"object column: {_name}"] = lambda items=_items: _frame(_objects(*items))
SHAPES["object column: empty"] = lambda: _frame(_objects())
SHAPES["object column: 1000 texts"] = lambda: _frame(
    _objects(*(str(each) if each % 7 else None for each in range(1000)))
)

# --- columns of one dtype --------------------------------------------------------------------

for _dtype in (
    "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
    "float16", "float32", "float64", "longdouble", "complex64", "complex128", "clongdouble", "bool",
    ">f8", ">i4",
):  # fmt: skip
    SHAPES[f"numpy column: {_dtype}"] = lambda dtype=_dtype: _frame(
        np.array([0, 1, 3], dtype=dtype)
    )
SHAPES["float column: NaN payloads"] = lambda: _frame(
    np.array([0x7FF8000000000000, 0x7FF0000000000001, 0xFFFFFFFFFFFFFFFF, 1 << 63], "u8").view("f8")
)
SHAPES["float32 column: NaN payloads"] = lambda: _frame(
    np.array([0x7FC00000, 0x7F800001, 0xFFFFFFFF, 1 << 31], "u4").view("f4")
)
SHAPES["float column: infinities"] = lambda: _frame([np.inf, -np.inf, np.nan, -0.0, 5e-324])
for _unit in ("s", "ms", "us", "ns"):
    SHAPES[f"datetime column: {_unit}"] = lambda unit=_unit: _frame(
        pd.array(np.array([0, 1, "NaT"], dtype=f"M8[{unit}]"))
    )
    SHAPES[f"datetime column: {_unit}, Berlin"] = lambda unit=_unit: _frame(
        pd.date_range("2020-10-24", periods=50, freq="h", tz=BERLIN).as_unit(unit).array
    )
    SHAPES[f"timedelta column: {_unit}"] = lambda unit=_unit: _frame(
        np.array([0, -1, "NaT"], dtype=f"m8[{unit}]")
    )
SHAPES["datetime column: years beyond 9999"] = lambda: _frame(
    np.array([2**50, -(2**45)], dtype="M8[s]")
)
for _zone in ("UTC", "Europe/Berlin", "Asia/Kathmandu"):
    SHAPES[f"datetime column: zone {_zone}"] = lambda zone=_zone: _frame(
        pd.to_datetime(["2020-01-01", None, "2021-06-01"]).tz_localize(zone)
    )
SHAPES["datetime column: fixed offset"] = lambda: _frame(
    pd.to_datetime(["2020-01-01"]).tz_localize(dt.timezone(dt.timedelta(minutes=330)))
)
for _freq in ("D", "M", "Q-NOV", "W-TUE", "h", "Y-MAR", "3D", "2h"):
    SHAPES[f"period column: {_freq}"] = lambda freq=_freq: _frame(
        pd.period_range("2020-01-01", periods=3, freq=freq)
    )
SHAPES["period column: NaT"] = lambda: _frame(pd.PeriodIndex(["2020-01", None], freq="M"))

for _dtype in (
    "Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64",
    "Float32", "Float64", "boolean",
):  # fmt: skip
    SHAPES[f"masked column: {_dtype}"] = lambda dtype=_dtype: _frame(
        pd.array([1, None, 0], dtype=dtype)
    )
SHAPES["masked column: NaN beside NA"] = lambda: _frame(
    pd.arrays.FloatingArray(np.array([1.0, np.nan, 5.0]), np.array([False, False, True]))
)
SHAPES["masked column: all missing"] = lambda: _frame(pd.array([None, None], dtype="Int64"))
SHAPES["masked column: empty"] = lambda: _frame(pd.array([], dtype="Int64"))

for _dtype in ("string[python]", "string[pyarrow]", "str"):
    if _dtype == "str" and not PANDAS_3:
        continue
    SHAPES[f"text column: {_dtype}"] = lambda dtype=_dtype: _frame(
        pd.array(["a", None, "ä€😀", "", "\x00"], dtype=dtype)
    )
    SHAPES[f"text column: {_dtype}, empty"] = lambda dtype=_dtype: _frame(pd.array([], dtype=dtype))
    SHAPES[f"text column: {_dtype}, all missing"] = lambda dtype=_dtype: _frame(
        pd.array([None, None], dtype=dtype)
    )
if PANDAS_3:
    SHAPES["text column: python storage, NaN"] = lambda: _frame(
        pd.array(["a", None], dtype=pd.StringDtype("python", na_value=np.nan))
    )
    SHAPES["text column: python storage, lone surrogate"] = lambda: _frame(
        pd.array(["\ud800", "b"], dtype=pd.StringDtype("python"))
    )
SHAPES["text column: sliced and concatenated"] = lambda: pd.concat(
    [_frame(pd.array(list("abcdef"), dtype="string[pyarrow]")).iloc[2:5]] * 2
)


def _categories(values: Any, categories: Any, *, ordered: bool = False) -> Any:
    return _frame(pd.Categorical(values, categories=categories, ordered=ordered))


SHAPES["categories: text"] = lambda: _categories(["b", None, "a"], ["b", "a", "unused"])
SHAPES["categories: ordered"] = lambda: _categories(["b", "a"], ["b", "a"], ordered=True)
SHAPES["categories: ints"] = lambda: _categories([3, 1, None], [3, 1])
SHAPES["categories: floats"] = lambda: _categories([0.5, -0.0], [0.5, -0.0])
SHAPES["categories: bools"] = lambda: _categories([True, False], [True, False])
SHAPES["categories: mixed"] = lambda: _categories([1, "a"], pd.Index([1, "a", (2,)], dtype=object))
SHAPES["categories: dates"] = lambda: _categories(
    [pd.Timestamp("2020-01-02")], pd.date_range("2020", periods=3)
)
SHAPES["categories: zones"] = lambda: _categories([], pd.date_range("2020", periods=3, tz=BERLIN))
SHAPES["categories: intervals"] = lambda: _frame(pd.cut([1, 5, 9, np.nan], bins=[0, 4, 8, 12]))
SHAPES["categories: periods"] = lambda: _frame(
    pd.Categorical(pd.period_range("2020", periods=3, freq="M"))
)
SHAPES["categories: none"] = lambda: _categories([None, None], [])
SHAPES["categories: a range"] = lambda: _categories([0, 2], pd.RangeIndex(3))
SHAPES["categories: named"] = lambda: _categories(["a"], pd.Index(["a", "b"], name="letters"))
SHAPES["categories: more than 127"] = lambda: _categories([0, 299], list(range(300)))
SHAPES["categories: timedeltas"] = lambda: _categories([], pd.timedelta_range("1h", periods=2))

for _closed in ("left", "right", "both", "neither"):
    SHAPES[f"interval column: {_closed}"] = lambda closed=_closed: _frame(
        pd.arrays.IntervalArray.from_breaks([0, 1, 2], closed=closed)
    )
SHAPES["interval column: floats and missing"] = lambda: _frame(
    pd.arrays.IntervalArray.from_tuples([(0.5, 1.5), None, (2.0, 3.0)])
)
SHAPES["interval column: dates"] = lambda: _frame(
    pd.interval_range(pd.Timestamp("2020"), periods=3)
)
SHAPES["interval column: zones"] = lambda: _frame(
    pd.interval_range(pd.Timestamp("2020", tz="UTC"), periods=3)
)
SHAPES["interval column: timedeltas"] = lambda: _frame(
    pd.interval_range(pd.Timedelta("1h"), periods=3)
)

SHAPES["sparse column: floats"] = lambda: _frame(pd.arrays.SparseArray([1.0, np.nan, 2.0]))
SHAPES["sparse column: ints"] = lambda: _frame(pd.arrays.SparseArray([0, 0, 5], fill_value=0))
SHAPES["sparse column: fill value 7"] = lambda: _frame(
    pd.arrays.SparseArray([7, 7, 0], fill_value=7, dtype="int8")
)
SHAPES["sparse column: bools"] = lambda: _frame(pd.arrays.SparseArray([True, False, False]))
SHAPES["sparse column: blocks"] = lambda: _frame(
    pd.arrays.SparseArray([0, 1, 1, 0, 1], fill_value=0, kind="block")
)
SHAPES["sparse column: nothing stored"] = lambda: _frame(pd.arrays.SparseArray([0, 0]))

# --- Arrow-backed columns --------------------------------------------------------------------

ARROW_ARRAYS: dict[str, Callable[[], Any]] = {
    "null": lambda: pa.nulls(3),
    "bool": lambda: pa.array([True, None, False]),
    "int8": lambda: pa.array([1, None, -1], pa.int8()),
    "uint64": lambda: pa.array([2**64 - 1, None], pa.uint64()),
    "float16": lambda: pa.array([np.float16(1.5), None], pa.float16()),
    "float64": lambda: pa.array([1.5, None, float("nan"), -0.0]),
    "date32": lambda: pa.array([dt.date(2020, 1, 1), None]),
    "date64": lambda: pa.array([dt.date(2020, 1, 1), None], pa.date64()),
    "time32": lambda: pa.array([dt.time(1, 2, 3), None], pa.time32("ms")),
    "time64": lambda: pa.array([dt.time(1, 2, 3), None], pa.time64("ns")),
    "timestamp": lambda: pa.array([0, None, -1], pa.timestamp("us")),
    "timestamp of a zone": lambda: pa.array([0, None], pa.timestamp("ns", "Europe/Berlin")),
    "duration": lambda: pa.array([5, None], pa.duration("ms")),
    "string": lambda: pa.array(["a", None, "ä"], pa.string()),
    "large_string": lambda: pa.array(["a", None, ""], pa.large_string()),
    "binary": lambda: pa.array([b"\xff", None, b""], pa.binary()),
    "large_binary": lambda: pa.array([b"\xff", None], pa.large_binary()),
    "fixed_size_binary": lambda: pa.array([b"abc", None], pa.binary(3)),
    "decimal128": lambda: pa.array([Decimal("1.23"), None], pa.decimal128(10, 2)),
    "decimal256": lambda: pa.array([Decimal("1.23"), None], pa.decimal256(50, 2)),
    "list": lambda: pa.array([[1, 2], None, [], [None]]),
    "list of texts": lambda: pa.array([["a", None], None, ["b"]]),
    "large_list": lambda: pa.array([[1.5], None], pa.large_list(pa.float64())),
    "list of lists": lambda: pa.array([[[1], None], None, [[2, 3], []]]),
    "fixed_size_list": lambda: pa.array([[1, 2], None, [3, None]], pa.list_(pa.int16(), 2)),
    "struct": lambda: pa.array([{"x": 1, "y": "a"}, None, {"x": None, "y": "b"}]),
    "struct without fields": lambda: pa.array([{}, None], pa.struct([])),
    "struct in list": lambda: pa.array([[{"x": 1}], None, [{"x": None}, None]]),
    "map": lambda: pa.array([[("a", 1)], None, []], pa.map_(pa.string(), pa.int64())),
    "dictionary": lambda: pa.array(["a", None, "b", "a"]).dictionary_encode(),
    "dictionary, ordered": lambda: pa.DictionaryArray.from_arrays(
        pa.array([1, 0, None], pa.int8()), pa.array(["x", "y"]), ordered=True
    ),
    "intervals": lambda: pa.array([(1, 2, 3), None], pa.month_day_nano_interval()),
    "empty": lambda: pa.array([], pa.string()),
    "slice": lambda: pa.array(["aa", "b", None, "cc", "d"]).slice(1, 3),
    "slice of bools": lambda: pa.array([True, False, None, True] * 5).slice(3, 11),
    "slice of lists": lambda: pa.array([[1], [2, 3], None, [4]]).slice(1, 3),
    "slice of structs": lambda: pa.array([{"x": 1}, None, {"x": 3}]).slice(1, 2),
    "slice of maps": lambda: pa.array(
        [[("a", 1)], None, [("b", 2), ("c", 3)]], pa.map_(pa.string(), pa.int64())
    ).slice(1),
    "slice of fixed lists": lambda: pa.array([[1, 2], None, [5, 6]], pa.list_(pa.int8(), 2)).slice(
        1
    ),
}
_NOT_IN_PANDAS = {"struct without fields", "intervals"}
for _name, _make in ARROW_ARRAYS.items():
    SHAPES[f"Arrow array: {_name}"] = _make
    SHAPES[f"Arrow chunks: {_name}"] = lambda make=_make: pa.chunked_array([make(), make()])
    if _name not in _NOT_IN_PANDAS:
        SHAPES[f"ArrowDtype column: {_name}"] = lambda make=_make: _frame(
            pd.arrays.ArrowExtensionArray(pa.chunked_array([make()]))
        )
SHAPES["Arrow table"] = lambda: pa.table({"a": [1, None], "b": ["x", None], "c": [[1], None]})
SHAPES["Arrow table: duplicate names"] = lambda: pa.Table.from_arrays(
    [pa.array([1]), pa.array(["a"])], names=["x", "x"]
)
SHAPES["Arrow table: metadata"] = lambda: pa.table(
    [pa.array([1])],
    schema=pa.schema([pa.field("a", pa.int64(), False, {"k": b"\xff"})], metadata={"m": "v"}),
)
SHAPES["Arrow table: empty"] = lambda: pa.table({})
SHAPES["Arrow table: of pandas"] = lambda: pa.Table.from_pandas(pd.DataFrame({"a": [1, 2]}))
SHAPES["Arrow table: dictionaries that differ"] = lambda: pa.table(
    {
        "a": pa.chunked_array(
            [pa.array(["x", "y"]).dictionary_encode(), pa.array(["z"]).dictionary_encode()]
        )
    }
)
SHAPES["Arrow batch"] = lambda: pa.record_batch({"a": [1, None], "b": ["x", None]})
SHAPES["Arrow chunks: none"] = lambda: pa.chunked_array([], type=pa.int64())

# --- row labels ------------------------------------------------------------------------------

INDEXES: dict[str, Callable[[], Any]] = {
    "range": lambda: pd.RangeIndex(5, 20, 5, name="r"),
    "range backwards": lambda: pd.RangeIndex(3, 0, -1),
    "ints": lambda: pd.Index([3, 1, 2]),
    "int8": lambda: pd.Index(np.array([3, 1], dtype="int8")),
    "uint64": lambda: pd.Index(np.array([2**64 - 1], dtype="uint64")),
    "floats": lambda: pd.Index([0.5, np.nan, -0.0]),
    "float32": lambda: pd.Index(np.array([0.5], dtype="f4")),
    "bools": lambda: pd.Index([True, False]),
    "complex": lambda: pd.Index([1j, 2.0]),
    "text": lambda: pd.Index(["a", "b", None]),
    "object texts": lambda: pd.Index(["a", "b"], dtype=object),
    "text, duplicates": lambda: pd.Index(["a", "a"], name="n"),
    "mixed": lambda: pd.Index([1, "a", None, 2.5], dtype=object),
    "tuples": lambda: pd.Index([(1, 2), (3,)], tupleize_cols=False),
    "masked": lambda: pd.Index(pd.array([1, None], dtype="Int64")),
    "string[pyarrow]": lambda: pd.Index(pd.array(["a", None], dtype="string[pyarrow]")),
    "ArrowDtype": lambda: pd.Index(pd.array([1, None], dtype="int64[pyarrow]")),
    "dates": lambda: pd.DatetimeIndex(["2020-01-01", "2020-01-05", None]),
    "dates, freq D": lambda: pd.date_range("2020", periods=3, freq="D", name="day"),
    "dates, freq 2h": lambda: pd.date_range("2020", periods=3, freq="2h"),
    "dates, freq month end": lambda: pd.date_range("2020", periods=3, freq="ME"),
    "dates, freq business": lambda: pd.date_range("2020", periods=8, freq="B"),
    "dates, freq week": lambda: pd.date_range("2020", periods=3, freq="W-WED"),
    "dates, freq offset": lambda: pd.date_range(
        "2020", periods=3, freq=pd.offsets.DateOffset(months=2)
    ),
    "dates, freq custom business": lambda: pd.date_range(
        "2020",
        periods=9,
        freq=pd.offsets.CustomBusinessDay(weekmask="Mon Tue", holidays=["2020-01-06"]),
    ),
    "dates, freq, Berlin": lambda: pd.date_range("2020-03-28", periods=5, freq="D", tz=BERLIN),
    "dates, freq, empty": lambda: pd.DatetimeIndex([], freq="D"),
    "dates, seconds": lambda: pd.date_range("2020", periods=2, freq="D").as_unit("s"),
    "dates, freq backwards": lambda: pd.date_range("2020", periods=3, freq="-1D"),
    "timedeltas": lambda: pd.TimedeltaIndex(["1h", "3h"]),
    "timedeltas, freq": lambda: pd.timedelta_range("1h", periods=3, freq="30min"),
    "periods": lambda: pd.period_range("2020", periods=3, freq="M", name="p"),
    "intervals": lambda: pd.interval_range(0, 3, closed="left"),
    "intervals, floats": lambda: pd.IntervalIndex.from_breaks([0.0, 0.5, 1.0], name="i"),
    "categories": lambda: pd.CategoricalIndex(
        ["b", "a", None], categories=["b", "a"], ordered=True
    ),
    "multi": lambda: pd.MultiIndex.from_product([["a", "b"], [1, 2]], names=["x", "y"]),
    "multi, missing": lambda: pd.MultiIndex.from_tuples([("a", 1), (None, 2), ("a", None)]),
    "multi, no names": lambda: pd.MultiIndex.from_tuples([(1, 2), (1, 3)]),
    "multi, same names": lambda: pd.MultiIndex.from_tuples([(1, 2)], names=["x", "x"]),
    "multi, odd names": lambda: pd.MultiIndex.from_tuples([(1, 2)], names=[0, ("a", 1)]),
    "multi, unused levels": lambda: pd.MultiIndex.from_product([["a", "b"], [1, 2]])[:1],
    "multi, dates": lambda: pd.MultiIndex.from_product(
        [pd.date_range("2020", periods=2), pd.Categorical(["u", "v"])]
    ),
    "multi, empty": lambda: pd.MultiIndex.from_arrays([[], []], names=["a", "b"]),
    "multi, sorted": lambda: pd.MultiIndex.from_product([[1, 2], [1, 2]]).sortlevel()[0],
    "multi, one level": lambda: pd.MultiIndex.from_arrays([[1, 2]], names=["only"]),
    "empty objects": lambda: pd.Index([], dtype=object),
    "named by int": lambda: pd.Index([1, 2], name=0),
    "named by tuple": lambda: pd.Index([1, 2], name=("a", 1)),
    "named by Timestamp": lambda: pd.Index([1, 2], name=pd.Timestamp("2020")),
    "named by NaN": lambda: pd.Index([1, 2], name=float("nan")),
}
for _name, _make in INDEXES.items():
    SHAPES[f"index: {_name}"] = _make
    SHAPES[f"rows: {_name}"] = lambda make=_make: _rows(make())
    if _name not in ("range", "ints") and len(_make()):
        SHAPES[f"column labels: {_name}"] = lambda make=_make: _columns(make(), len(make()))

# --- column labels, names, attrs, flags, sizes -----------------------------------------------

SHAPES["column labels: ints"] = lambda: _columns([5, 3])
SHAPES["column labels: range"] = lambda: _columns(pd.RangeIndex(2))
SHAPES["column labels: text duplicates"] = lambda: _columns(["a", "a"])
SHAPES["column labels: int and text"] = lambda: _columns(pd.Index([1, "1"], dtype=object))
SHAPES["column labels: True and 1"] = lambda: _columns(pd.Index([True, 1], dtype=object))
SHAPES["column labels: None and NaN"] = lambda: _columns(pd.Index([None, np.nan], dtype=object))
SHAPES["column labels: np.int64 objects"] = lambda: _columns(
    pd.Index(_array(np.int64(1), 1), dtype=object)
)
SHAPES["frame: no columns, no rows"] = pd.DataFrame
SHAPES["frame: no columns, 3 rows"] = lambda: pd.DataFrame(index=[1, 2, 3])
SHAPES["frame: no rows"] = lambda: pd.DataFrame({"a": [1], "b": ["x"]}).iloc[:0]
SHAPES["frame: no rows, objects"] = lambda: pd.DataFrame(columns=["a", "b"])
SHAPES["frame: no columns, typed labels"] = lambda: pd.DataFrame(columns=pd.DatetimeIndex([]))
SHAPES["frame: of a matrix"] = lambda: pd.DataFrame(np.arange(12.0).reshape(4, 3))
SHAPES["frame: of a Fortran matrix"] = lambda: pd.DataFrame(np.asfortranarray(np.ones((4, 3))))
SHAPES["frame: transposed"] = lambda: pd.DataFrame({"a": [1, 2], "b": [3, 4]}).T
SHAPES["frame: every other row"] = lambda: pd.DataFrame({"a": range(9), "b": list("abcdefghi")})[
    ::2
]
SHAPES["frame: group-by"] = lambda: (
    pd.DataFrame({"k": list("aab"), "v": [1, 2, 3]}).groupby("k").agg(["sum", "mean"])
)
SHAPES["frame: pivot"] = lambda: pd.DataFrame(
    {"r": [1, 1, 2], "c": ["x", "y", "x"], "v": [1.0, 2.0, 3.0]}
).pivot_table(index="r", columns="c", values="v")
SHAPES["frame: describe"] = lambda: pd.DataFrame({"a": [1, 2], "b": [1.5, None]}).describe()
SHAPES["frame: one row of everything"] = lambda: pd.DataFrame(
    {"i": [1], "f": [0.5], "s": ["x"], "t": [pd.Timestamp("2020")], "o": _objects([1])}
)
SHAPES["frame: 300 columns"] = lambda: pd.DataFrame(np.ones((2, 300)))
SHAPES["frame: attrs"] = lambda: _with(
    pd.DataFrame({"a": [1]}),
    attrs={"source": "x", 1: (2, [3.5]), "when": dt.date(2020, 1, 1), "arr": np.arange(3)},
)
SHAPES["frame: attrs hold a frame"] = lambda: _with(
    pd.DataFrame({"a": [1]}), attrs={"inner": _with(pd.DataFrame({"b": [2]}), attrs={"k": None})}
)
SHAPES["frame: no duplicate labels"] = lambda: pd.DataFrame({"a": [1]}).set_flags(
    allows_duplicate_labels=False
)
SHAPES["Series: named by tuple"] = lambda: pd.Series([1, 2], name=("a", 1))
SHAPES["Series: named by int"] = lambda: pd.Series([1, 2], name=0)
SHAPES["Series: text"] = lambda: pd.Series(["a", None], name="s")
SHAPES["Series: objects of text"] = lambda: pd.Series(["a", "b"], dtype=object)
SHAPES["Series: categories"] = lambda: pd.Series(pd.Categorical(["a", "b"]), index=["x", "y"])
SHAPES["Series: attrs and flags"] = lambda: _with(
    pd.Series([1.5]).set_flags(allows_duplicate_labels=False), attrs={"unit": "kg"}
)
SHAPES["Series: empty"] = lambda: pd.Series([], dtype="float32")
SHAPES["Series: dates"] = lambda: pd.Series(pd.date_range("2020", periods=3, tz=BERLIN))

# --- NumPy -----------------------------------------------------------------------------------

NDARRAYS: dict[str, Callable[[], Any]] = {
    "0-d": lambda: np.array(1.5),
    "0-d object": lambda: np.array(None, dtype=object),
    "1-d": lambda: np.arange(5),
    "3-d": lambda: np.arange(24, dtype="f4").reshape(2, 3, 4),
    "Fortran": lambda: np.asfortranarray(np.arange(6).reshape(2, 3)),
    "strided": lambda: np.arange(10)[::3],
    "transposed": lambda: np.arange(24).reshape(2, 3, 4).transpose(1, 0, 2),
    "empty": lambda: np.empty((0, 3)),
    "empty 3-d": lambda: np.empty((2, 0, 5), dtype="i2"),
    "read-only": lambda: _read_only(np.arange(3)),
    "bytes": lambda: np.array([b"a", b"\xff\x00b"]),
    "text": lambda: np.array(["a", "äöü", "\ud800"]),
    "big-endian": lambda: np.arange(3, dtype=">i4"),
    "big-endian text": lambda: np.array(["a", "b"], dtype=">U3"),
    "void": lambda: np.array([b"abc", b"de\x00"], dtype="V3"),
    "structured": lambda: np.array([(1, 2.5, "x")], dtype=[("a", "i1"), ("b", "f8"), ("c", "U2")]),
    "structured, aligned": lambda: np.zeros(
        2, dtype=np.dtype([("a", "i1"), ("b", "f8")], align=True)
    ),
    "structured, nested": lambda: np.ones(
        2, dtype=[("a", [("x", "i2"), ("y", "f4")]), ("b", "i4", (2,))]
    ),
    "datetimes": lambda: np.array(["2020", "NaT"], dtype="M8[D]"),
    "25 second steps": lambda: np.array([1, 2], dtype="M8[25s]"),
    "no unit": lambda: np.array(["NaT"], dtype="M8"),
    "timedeltas": lambda: np.array([1, 2], dtype="m8[Y]"),
    "long doubles": lambda: np.array([1, -0.0, np.nan], dtype=np.longdouble) / 3,
    "bools": lambda: np.array([[True], [False]]),
    "objects": lambda: np.array([[1, "a"], [None, 2.5]], dtype=object),
    "complex": lambda: np.array([1 + 2j, complex(np.nan, -0.0)], dtype="c8"),
}


def _read_only(array: Any) -> Any:
    array.flags.writeable = False
    return array


for _name, _make in NDARRAYS.items():
    SHAPES[f"ndarray: {_name}"] = _make

# --- containers of data ----------------------------------------------------------------------

SHAPES["dict of frames"] = lambda: {"a": pd.DataFrame({"x": [1]}), 2: pd.Series([1.5])}
SHAPES["list of frames"] = lambda: [pd.DataFrame({"x": [1]}), (np.arange(3), None)]
SHAPES["100 Series"] = lambda: [pd.Series([each]) for each in range(100)]
SHAPES["nested results"] = lambda: {"q": {"table": pd.DataFrame({"a": ["x"]}), "n": 3}, "t": ()}
SHAPES["extension array"] = lambda: pd.array([1, None], dtype="Int64")
SHAPES["categorical"] = lambda: pd.Categorical(["a", "b", "a"])


def named_shapes() -> Iterator[tuple[str, Callable[[], Any]]]:
    """Give every shape with its name."""
    yield from SHAPES.items()
