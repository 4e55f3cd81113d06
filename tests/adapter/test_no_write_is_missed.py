# mypy: ignore-errors
# ruff: noqa: ARG001, ARG005 - every step is called with the values and a source of randomness
"""Random programs: after each step, identity and audit together must tell whether it wrote.

Each step is judged by a deep comparison with a copy that nothing shares memory with.
"""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from streamlit_redis_session import UnsupportedValueError
from streamlit_redis_session.adapter._seen import Seen
from streamlit_redis_session.codec import check_memory, encode, note_memory

SHORT, LONG = 60, 2000
STEPS = 8
pytestmark = [
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.skipif(
        int(pd.__version__.partition(".")[0]) < 3, reason="pandas 2 is compared by content"
    ),
]

Step = Callable[[dict[str, Any], random.Random], None]


def _frame(values: dict[str, Any]) -> pd.DataFrame:
    return values["df"]


# --- the value ----------------------------------------------------------------------------------


def start(rng: random.Random) -> dict[str, Any]:
    """Make the values that one program works on; ``kept`` is what the app keeps beside them."""
    rows = 6
    kept = np.arange(float(rows))
    columns = {
        "i": np.arange(rows),
        "j": np.arange(rows) * 10,
        "f": np.array([0.5, np.nan, 2.5, -0.0, 4.0, 5.0]),
        "b": np.array([True, False] * 3),
        "s": ["a", None, "c", "d", "e", "f"],
        "c": pd.Categorical(list("xyxyxz")),
        "t": pd.date_range("2020", periods=rows),
        "z": pd.date_range("2020", periods=rows, tz="UTC"),
        "m": pd.array([1, None, 3, 4, 5, 6], dtype="Int64"),
        "n": pd.array([True, None] * 3, dtype="boolean"),
        "o": pd.Series([1, "a", None, 2.5, "b", 7], dtype=object),
        "p": pd.period_range("2020", periods=rows, freq="M"),
        "v": pd.interval_range(0, rows),
        "y": pd.array(["a", None, "c", "d", "e", "f"], dtype="string[python]"),
        "a": pd.array([1, None, 3, 4, 5, 6], dtype="int64[pyarrow]"),
        "q": pd.arrays.SparseArray([0, 0, 1, 0, 2, 0]),
        "l": pd.Series([[1], [2], {"k": 1}, None, "x", [3]], dtype=object),
    }
    names = rng.sample(sorted(columns), rng.randint(2, 9))
    index = rng.choice(
        [
            pd.RangeIndex(rows),
            pd.Index(list("uvwxyz"), name="rows"),
            pd.Index(np.arange(rows) * 3),
            pd.date_range("2021", periods=rows, freq="D"),
            pd.MultiIndex.from_product([[1, 2], list("abc")], names=["x", None]),
            pd.CategoricalIndex(list("abcabc")),
        ]
    )
    df = pd.DataFrame({name: columns[name] for name in names}, index=index)
    aliased = pd.DataFrame(kept.reshape(-1, 2), copy=False)
    table = pa.table({"x": pa.array(kept)})
    nested = {"one": pd.DataFrame({"k": np.arange(3)}), "list": [pd.Series([1.5, 2.5]), 1, "t"]}
    return {
        "df": df,
        "aliased": aliased,
        "table": table,
        "nested": nested,
        "array": np.arange(4),
        "_kept": kept,
    }


# --- steps ----------------------------------------------------------------------------------


def _column(frame: pd.DataFrame, rng: random.Random) -> Any:
    return frame.columns[rng.randrange(frame.shape[1])]


def _place(frame: pd.DataFrame, rng: random.Random) -> tuple[int, int]:
    return rng.randrange(len(frame)), rng.randrange(frame.shape[1])


def _other_element(values: dict[str, Any], rng: random.Random) -> None:
    frame = _frame(values)
    row, column = _place(frame, rng)
    frame.iloc[row, column] = frame.iloc[rng.randrange(len(frame)), column]


def _number(values: dict[str, Any], rng: random.Random) -> None:
    frame = _frame(values)
    row, column = _place(frame, rng)
    frame.iloc[row, column] = rng.randrange(100)


def _missing(values: dict[str, Any], rng: random.Random) -> None:
    frame = _frame(values)
    row, column = _place(frame, rng)
    frame.iloc[row, column] = None


def _rename_all(values: dict[str, Any], rng: random.Random) -> None:
    frame = _frame(values)
    frame.columns = [f"{name}{rng.randrange(3)}" for name in range(frame.shape[1])]


def _index_of_an_array(values: dict[str, Any], rng: random.Random) -> None:
    frame = _frame(values)
    values["_labels"] = np.arange(len(frame)) + rng.randrange(3)
    frame.index = values["_labels"]


def _write_labels(values: dict[str, Any], rng: random.Random) -> None:
    values["_labels"][0] += 100


def _drop(values: dict[str, Any], rng: random.Random) -> None:
    frame = _frame(values)
    if frame.shape[1] > 2:
        frame.drop(columns=_column(frame, rng), inplace=True)


def _name(values: dict[str, Any], rng: random.Random) -> None:
    _frame(values).index.name = rng.choice([None, "n", 1, 1.0, True])


THROUGH: dict[str, Step] = {
    "another element": _other_element,
    "a number": _number,
    "a missing value": _missing,
    "a constant column": lambda v, r: _frame(v).__setitem__(f"new{r.randrange(3)}", r.randrange(9)),
    "insert": lambda v, r: _frame(v).insert(0, f"in{r.random()}", r.randrange(9)),
    "drop": _drop,
    "all columns": _rename_all,
    "sort": lambda v, r: _frame(v).sort_index(ascending=bool(r.randrange(2)), inplace=True),
    "reset_index": lambda v, r: _frame(v).reset_index(drop=True, inplace=True),
    "fillna": lambda v, r: _frame(v).isetitem(0, _frame(v).iloc[:, 0].ffill()),
    "attrs": lambda v, r: _frame(v).attrs.__setitem__("k", r.randrange(3)),
    "attrs inside": lambda v, r: _frame(v).attrs.setdefault("deep", []).append(1),
    "flags": lambda v, r: _frame(v).flags.__setattr__("allows_duplicate_labels", True),
    "index name": _name,
    "columns name": lambda v, r: setattr(_frame(v).columns, "name", r.choice([None, "c"])),
    "freq": lambda v, r: setattr(_frame(v).index, "freq", None),
    "index of an array": _index_of_an_array,
    "categories": lambda v, r: _set(v, "c", _frame(v)["c"].cat.rename_categories(list("XYZ"))),
    "a shallow copy": lambda v, r: v.__setitem__("df", _frame(v).copy(deep=False)),
    "rows": lambda v, r: v.__setitem__("df", _frame(v).iloc[: max(2, len(_frame(v)) - 1)]),
    "a frame inside": lambda v, r: v["nested"]["one"].iloc.__setitem__((0, 0), r.randrange(5)),
    "a list inside": lambda v, r: v["nested"]["list"].append(r.randrange(5)),
    "a Series inside": lambda v, r: v["nested"]["list"][0].iloc.__setitem__(0, r.random()),
    "an array": lambda v, r: v["array"].__setitem__(0, r.randrange(5)),
    "an aliased frame": lambda v, r: v["aliased"].iloc.__setitem__((0, 0), r.random()),
}


def _set(values: dict[str, Any], name: str, column: Any) -> None:
    _frame(values)[name] = column


def _array(values: dict[str, Any], name: str) -> Any:
    return _frame(values)[name].array


def _unlock(values: dict[str, Any], rng: random.Random) -> None:
    array = _frame(values)["f"].to_numpy()
    array.flags.writeable = True
    array[rng.randrange(len(array))] = rng.random()


def _rolling(values: dict[str, Any], rng: random.Random) -> None:
    def write(window: Any) -> float:
        window[0] = rng.random()
        return 0.0

    _frame(values)["f"].rolling(2).apply(write, raw=True)


def _sparse(values: dict[str, Any], rng: random.Random) -> None:
    places = _array(values, "q").sp_values
    places.flags.writeable = True
    places[0] = rng.randrange(9) + 3


def _labels(values: dict[str, Any], rng: random.Random) -> None:
    labels = _frame(values).index.array.to_numpy()
    labels.flags.writeable = True
    labels[0] = labels[-1]


AROUND: dict[str, Step] = {
    "array": lambda v, r: _array(v, "i").__setitem__(0, r.randrange(99)),
    "array of floats": lambda v, r: _array(v, "f").__setitem__(1, r.random()),
    "array of bools": lambda v, r: _array(v, "b").__setitem__(0, bool(r.randrange(2))),
    "codes": lambda v, r: _array(v, "c").__setitem__(0, r.choice("xyz")),
    "masked": lambda v, r: _array(v, "m")._data.__setitem__(0, r.randrange(99)),
    "mask": lambda v, r: _array(v, "n").__setitem__(0, r.choice([True, False, None])),
    "dates": lambda v, r: _array(v, "t").__setitem__(0, pd.Timestamp(r.randrange(10**9), unit="s")),
    "periods": lambda v, r: _array(v, "p").__setitem__(0, pd.Period("1999-01", "M")),
    "intervals": lambda v, r: _array(v, "v")._left.__setitem__(0, -1),
    "objects": lambda v, r: _array(v, "o").__setitem__(0, r.choice([1, 2, "x", "y"])),
    "python texts": lambda v, r: _array(v, "y").__setitem__(0, r.choice(["x", "y", None])),
    "Arrow texts": lambda v, r: _array(v, "s").__setitem__(0, r.choice(["x", "y", None])),
    "Arrow numbers": lambda v, r: _array(v, "a").__setitem__(0, r.randrange(9)),
    "an element's own": lambda v, r: _frame(v)["l"].iloc[0].append(r.randrange(9)),
    "sparse": _sparse,
    "unlock": _unlock,
    "rolling": _rolling,
    "labels": _labels,
    "kept": lambda v, r: v["_kept"].__setitem__(r.randrange(6), r.random()),
    "written labels": _write_labels,
    "inside": lambda v, r: v["nested"]["one"]["k"].array.__setitem__(0, r.randrange(9)),
}


# --- programs -----------------------------------------------------------------------------------


def stored(value: Any) -> Any:
    """Give all that a value consists of, in bytes that nothing shares memory with."""
    try:
        encoded = encode(value, path="value")
    except UnsupportedValueError as error:  # written to so that it has no exact description
        return str(error), repr((value.index, value.to_numpy().tolist()))
    return encoded.description, [bytes(c.piece(0, c.rows)) for c in encoded.columns]


class Program:
    """One random program, and what was told of it."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.values = start(self.rng)
        self.seen = Seen()
        self.trace: list[str] = []
        self.told, self.alarms = 0, 0
        self._look()

    def _tracked(self) -> dict[str, Any]:
        return {key: value for key, value in self.values.items() if not key.startswith("_")}

    def _look(self) -> set[str]:
        """Do what the end of a run and the look after it do."""
        snapshot = self.seen.changes(self._tracked(), _refuse)
        changed = set(snapshot.changed)
        note_memory(snapshot.changed)
        check_memory(*self.seen.copies())
        return changed | set(self.seen.take_tampered().changed)

    def step(self) -> None:
        before = {key: stored(value) for key, value in self._tracked().items()}
        for _ in range(self.rng.choice([0, 1, 1, 1, 2])):
            name, step = self.rng.choice(STEPS_BY_NAME)
            self.trace.append(name)
            try:
                step(self.values, self.rng)
            except Exception:  # noqa: BLE001 (not every step fits every value)
                self.trace.append("(refused)")
        told = self._look()
        for key, value in self._tracked().items():
            is_same = stored(value) == before[key]
            assert is_same or key in told, (key, self.trace)
            self.told += not is_same
            self.alarms += is_same and key in told and key != "df"


STEPS_BY_NAME = [*THROUGH.items(), *AROUND.items()]


def _refuse(key: str, error: Exception) -> None:
    raise AssertionError((key, error))


def _run(first: int, count: int) -> tuple[int, int]:
    told = alarms = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for seed in range(first, first + count):
            program = Program(seed)
            for _ in range(STEPS):
                program.step()
            told, alarms = told + program.told, alarms + program.alarms
    return told, alarms


def test_no_write_of_a_random_program_is_missed() -> None:
    told, _ = _run(0, SHORT)

    assert told > SHORT


@pytest.mark.slow
def test_no_write_of_thousands_of_random_programs_is_missed() -> None:
    told, _ = _run(SHORT, LONG)

    assert told > LONG


@pytest.mark.parametrize("name", AROUND)
def test_every_way_around_pandas_is_one(name: str) -> None:
    """Each of them must do something, or the programs prove nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert any(_does_something(name, seed) for seed in range(40))


def _does_something(name: str, seed: int) -> bool:
    rng = random.Random(seed)
    values = start(rng)
    if name == "written labels":
        _index_of_an_array(values, rng)
    before = {key: stored(value) for key, value in values.items()}
    try:
        AROUND[name](values, rng)
    except Exception:  # noqa: BLE001 (not every step fits every value)
        return False
    return any(stored(value) != before[key] for key, value in values.items())
