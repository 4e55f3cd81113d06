"""The frames that are measured: generated ones of mixed columns, and the flights of 2013."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

SEED = 2013
CITIES = [f"city {number}" for number in range(40)]
GRADES = ["low", "middle", "high", "top"]

Make = Callable[[np.random.Generator, int], "pd.Series | np.ndarray"]


@dataclass(frozen=True)
class Data:
    """Which frame; written as ``1000000x20`` or ``flights``."""

    name: str

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        if self.name == "flights":
            return 336_776, 19
        rows, _, columns = self.name.partition("x")
        return int(rows), int(columns)

    @property
    def label(self) -> str:
        """For people."""
        rows, columns = self.shape
        size = f"{_short(rows)} x {columns}"
        return f"flights ({size})" if self.name == "flights" else size

    def load(self, flights_path: str | None = None) -> pd.DataFrame:
        """Make or read the frame: the same one in every process."""
        if self.name == "flights":
            assert flights_path is not None
            return pd.read_parquet(flights_path)
        return generated(*self.shape)


def generated(rows: int, columns: int) -> pd.DataFrame:
    """Make a frame that holds every kind of column in turn."""
    random = np.random.default_rng(SEED)
    kinds = list(KINDS.items())
    made = {}
    for number in range(columns):
        name, make = kinds[number % len(kinds)]
        made[name if number < len(kinds) else f"{name}_{number}"] = make(random, rows)
    return pd.DataFrame(made)


def _short(rows: int) -> str:
    for size, unit in ((10**6, "M"), (10**3, "k")):
        if rows >= size and rows % (size // 10) == 0:
            return f"{rows / size:g}{unit}"
    return f"{rows:,}"


def _strings(prefix: str, numbers: np.ndarray) -> pd.Series:
    digits = pc.cast(pa.array(numbers), pa.string())
    return pd.Series(pc.binary_join_element_wise(prefix, digits, "").to_pandas())


def _taken(random: np.random.Generator, rows: int, words: list[str]) -> pd.Series:
    codes = pa.array(random.integers(0, len(words), rows))
    return pd.Series(pa.array(words).take(codes).to_pandas())


def _with_gaps(random: np.random.Generator, rows: int) -> np.ndarray:
    values = random.normal(size=rows)
    values[random.random(rows) < 0.05] = np.nan
    return values


def _moments(random: np.random.Generator, rows: int) -> pd.Series:
    start = np.datetime64("2013-01-01", "ns")
    return pd.Series(start + random.integers(0, 31_536_000, rows) * np.timedelta64(10**9, "ns"))


def _nullable(random: np.random.Generator, rows: int) -> pd.Series:
    return pd.Series(random.integers(0, 120, rows)).astype("Int64").mask(random.random(rows) < 0.1)


KINDS: dict[str, Make] = {
    "id": lambda _, rows: np.arange(rows),
    "amount": lambda random, rows: random.normal(size=rows),
    "price": lambda random, rows: random.gamma(2.0, 50.0, rows).round(2),
    "city": lambda random, rows: _taken(random, rows, CITIES),
    "customer": lambda random, rows: _strings("customer-", random.integers(0, 10**9, rows)),
    "when": _moments,
    "is_member": lambda random, rows: random.random(rows) < 0.3,
    "grade": lambda random, rows: _taken(random, rows, GRADES).astype("category"),
    "age": _nullable,
    "delay": _with_gaps,
    "count": lambda random, rows: random.poisson(3.0, rows),
    "score": lambda random, rows: random.random(rows),
    "discount": lambda random, rows: random.choice([0.0, 0.05, 0.1, 0.25], rows),
    "kind": lambda random, rows: _taken(random, rows, ["new", "used", "returned"]),
    "day": lambda _, rows: pd.Series(
        pd.Timestamp("2013-01-01") + pd.to_timedelta(np.arange(rows) // 500, unit="D").to_numpy()
    ),
    "is_late": lambda random, rows: random.random(rows) < 0.01,
    "small": lambda random, rows: random.integers(-100, 100, rows).astype("int16"),
    "ratio": lambda random, rows: random.random(rows).astype("float32"),
    "distance": lambda random, rows: random.integers(50, 5_000, rows),
    "tax": lambda random, rows: random.normal(19.0, 4.0, rows).round(1),
}
