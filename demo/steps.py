"""What the workbench can do to a table: each step takes a frame and gives a new one.

A step never writes to the frame it is given. What it cannot do it says in a ``ValueError`` whose
text is fit to be shown; nothing has changed then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, cast

import pandas as pd
from pandas.api import types

from demo.expressions import evaluate

MAX_ROWS = 5_000_000

FILLINGS = ("a value", "mean", "median", "most frequent", "previous row", "next row")
AGGREGATES: Mapping[str, str] = {
    "mean": "mean",
    "median": "median",
    "sum": "sum",
    "min": "min",
    "max": "max",
    "std": "std",
    "distinct": "nunique",
    "count": "count",
}
_NUMBERS_ONLY = ("mean", "median", "sum", "std")
TYPES = ("whole number", "decimal number", "text", "date and time", "category", "true / false")


def is_number(column: pd.Series[Any]) -> bool:
    """Say whether a column holds real numbers, truth values left out."""
    dtype = column.dtype
    real = types.is_numeric_dtype(dtype) and not types.is_complex_dtype(dtype)
    return bool(real and not types.is_bool_dtype(dtype))


# --- cleaning --------------------------------------------------------------------------------


def drop_missing(frame: pd.DataFrame, columns: Sequence[str] = ()) -> pd.DataFrame:
    """Drop the rows in which one of ``columns`` (all, if none is named) is missing."""
    _need_columns(frame, columns)
    return frame.dropna(subset=list(columns) or None)


def drop_duplicates(frame: pd.DataFrame, columns: Sequence[str] = ()) -> pd.DataFrame:
    """Keep the first of the rows that agree in ``columns`` (all, if none is named)."""
    _need_columns(frame, columns)
    try:
        return frame.drop_duplicates(subset=list(columns) or None)
    except TypeError:
        raise ValueError("Rows with lists or other containers cannot be compared.") from None


def drop_columns(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Drop columns; at least one stays."""
    _need_some(columns, "Choose the columns to drop.")
    _need_columns(frame, columns)
    if len(columns) >= frame.shape[1]:
        raise ValueError("A table needs at least one column.")
    return frame.drop(columns=list(columns))


def fill_missing(frame: pd.DataFrame, column: str, how: str, value: Any = None) -> pd.DataFrame:
    """Fill the missing values of a column.

    Parameters
    ----------
    how
        One of :data:`FILLINGS`.
    value
        For ``"a value"``: of the column's type.

    Raises
    ------
    ValueError
        The column is unknown, or cannot be filled like this.
    """
    _need_columns(frame, [column])
    old = frame[column]
    if how in ("previous row", "next row"):
        return frame.assign(**{column: old.ffill() if how == "previous row" else old.bfill()})
    try:
        return frame.assign(**{column: old.fillna(_filling(old, how, value))})
    except TypeError:
        raise ValueError(f"{column} ({old.dtype}) cannot hold {value!r}.") from None


def _filling(column: pd.Series[Any], how: str, value: Any) -> Any:
    if how == "a value":
        if value is None or value == "":
            raise ValueError(f"Write the value for the missing ones of {column.name}.")
        return value
    if how in ("mean", "median"):
        if not types.is_numeric_dtype(column.dtype):
            raise ValueError(f"{column.name} is not a number; it has no {how}.")
        filling = column.mean() if how == "mean" else column.median()
        return round(filling) if types.is_integer_dtype(column.dtype) else filling
    if how == "most frequent":
        modes = column.mode()
        if modes.empty:
            raise ValueError(f"{column.name} has no value at all.")
        return modes.iloc[0]
    raise ValueError(f"{how!r} is no way to fill; they are {', '.join(FILLINGS)}.")


def rename(frame: pd.DataFrame, column: str, to: str) -> pd.DataFrame:
    """Give a column another name."""
    _need_columns(frame, [column])
    to = to.strip()
    _need_some(to, "Write the new name.")
    if to != column and to in frame.columns:
        raise ValueError(f"There is a column {to!r} already.")
    return frame.rename(columns={column: to})


def retype(frame: pd.DataFrame, column: str, to: str) -> pd.DataFrame:
    """Turn a column into another type, or refuse if one of its values cannot be that.

    Parameters
    ----------
    to
        One of :data:`TYPES`.
    """
    _need_columns(frame, [column])
    if to not in _CONVERTERS:
        raise ValueError(f"{to!r} is not a type; they are {', '.join(TYPES)}.")
    try:
        return frame.assign(**{column: _CONVERTERS[to](frame[column])})
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueError(f"{column} is not all {to}: {_first_line(error)}") from None


def _to_whole(column: pd.Series[Any]) -> pd.Series[Any]:
    numbers = pd.to_numeric(column)
    return numbers.astype("Int64" if numbers.isna().any() else "int64")


def _to_text(column: pd.Series[Any]) -> pd.Series[Any]:
    return column.map(str, na_action="ignore").astype("str" if _has_str_dtype() else "string")


def _to_moment(column: pd.Series[Any]) -> pd.Series[Any]:
    if types.is_numeric_dtype(column.dtype):
        raise ValueError("a number alone is no date; turn it into text first")
    try:
        return pd.to_datetime(column, format="ISO8601")
    except ValueError:
        return pd.to_datetime(column, format="mixed")


def _to_bool(column: pd.Series[Any]) -> pd.Series[Any]:
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    known = column.map(lambda each: words.get(str(each).removesuffix(".0").lower()))
    strange = column[known.isna() & column.notna()]
    if not strange.empty:
        raise ValueError(f"{strange.iloc[0]!r} is neither")
    return known.astype("boolean" if known.isna().any() else "bool")


_CONVERTERS: Mapping[str, Callable[[pd.Series[Any]], pd.Series[Any]]] = {
    "whole number": _to_whole,
    "decimal number": lambda column: pd.to_numeric(column).astype("float64"),
    "text": _to_text,
    "date and time": _to_moment,
    "category": lambda column: column.astype("category"),
    "true / false": _to_bool,
}


# --- transforming ----------------------------------------------------------------------------


def sort(frame: pd.DataFrame, columns: Sequence[str], *, ascending: bool = True) -> pd.DataFrame:
    """Sort by columns, the first one first; equal rows keep their order."""
    _need_some(columns, "Choose the columns to sort by.")
    _need_columns(frame, columns)
    try:
        return frame.sort_values(list(columns), ascending=ascending, kind="stable")
    except TypeError:
        raise ValueError("A column of mixed types has no order; retype it first.") from None


def derive(frame: pd.DataFrame, name: str, expression: str) -> pd.DataFrame:
    """Add a column (or replace one) that is computed from others.

    Raises
    ------
    ValueError
        As :func:`demo.expressions.evaluate`, or the name is empty.
    """
    _need_some(name.strip(), "Write the name of the new column.")
    return frame.assign(**{name.strip(): evaluate(frame, expression)})


def summarise(
    frame: pd.DataFrame, by: Sequence[str], values: Sequence[str], how: Sequence[str]
) -> pd.DataFrame:
    """Group and aggregate: one row per group, its row count, and ``value_how`` columns."""
    _need_some(by, "Choose the columns to group by.")
    _need_columns(frame, [*by, *values])
    if set(by) & set(values):
        raise ValueError("A column is either grouped by or aggregated, not both.")
    for column in values:
        numeric = types.is_numeric_dtype(frame[column].dtype)
        wrong = [] if numeric else [each for each in how if each in _NUMBERS_ONLY]
        if wrong:
            raise ValueError(f"{column} is not a number; it has no {wrong[0]}.")
    groups = frame.groupby(list(by), dropna=False, observed=True)
    try:
        result = groups.size().to_frame("rows")
        for column in values:
            for each in how:
                result[f"{column}_{each}"] = groups[column].agg(AGGREGATES[each])
        return result.reset_index()
    except (TypeError, ValueError) as error:
        raise ValueError(f"This cannot be grouped: {_first_line(error)}") from None


def join(
    frame: pd.DataFrame,
    other: pd.DataFrame,
    *,
    left_on: Sequence[str],
    right_on: Sequence[str],
    how: str = "left",
    suffix: str = "_other",
) -> pd.DataFrame:
    """Add the columns of another table where the keys are equal.

    Parameters
    ----------
    how
        ``"left"`` keeps every row of ``frame``, ``"inner"`` those with a partner.
    suffix
        Put behind the names of the other table that ``frame`` has too.

    Raises
    ------
    ValueError
        The keys do not fit, or the result would have more than five million rows.
    """
    _need_some(left_on, "Choose the columns that the tables have in common.")
    _need_columns(frame, left_on)
    _need_columns(other, right_on)
    if len(left_on) != len(right_on):
        raise ValueError("Both tables need the same number of key columns.")
    _need_room(frame, other, left_on, right_on)
    way = cast("Literal['left', 'inner']", how)
    renamed = _renamed_for_join(frame, other, left_on, right_on, suffix)
    try:
        return frame.merge(renamed, how=way, left_on=list(left_on), right_on=list(left_on))
    except ValueError as error:
        raise ValueError(f"These keys do not fit: {_first_line(error)}") from None


def _renamed_for_join(
    frame: pd.DataFrame,
    other: pd.DataFrame,
    left_on: Sequence[str],
    right_on: Sequence[str],
    suffix: str,
) -> pd.DataFrame:
    """Give the keys the names they have on the left, and a suffix to what both tables have."""
    keys = dict(zip(right_on, left_on, strict=True))
    taken = {*map(str, frame.columns)}
    names = {}
    for column in other.columns:
        name = str(column)
        if column in keys:
            names[column] = keys[column]
            continue
        while name in taken:
            name += suffix or "_other"
        names[column] = name
        taken.add(name)
    return other.rename(columns=names)


def _need_room(
    frame: pd.DataFrame, other: pd.DataFrame, left_on: Sequence[str], right_on: Sequence[str]
) -> None:
    """Refuse a join whose result would fill the memory, before it does."""
    counts = other.groupby(list(right_on), dropna=False, observed=True).size()
    if counts.max() <= 1 if len(counts) else True:
        return
    ours = frame.groupby(list(left_on), dropna=False, observed=True).size()
    ours.index.names = counts.index.names
    rows = int((ours * counts.reindex(ours.index).fillna(1)).sum())
    if rows > MAX_ROWS:
        raise ValueError(f"The result would have {rows:,} rows; join on more columns.")


# --- one click, for the flights --------------------------------------------------------------


def drop_cancelled(flights: pd.DataFrame) -> pd.DataFrame:
    """Drop the flights that never left: their ``dep_time`` is missing."""
    return drop_missing(flights, ["dep_time"])


def add_speed(flights: pd.DataFrame) -> pd.DataFrame:
    """Add ``speed_mph``: miles flown by minutes in the air."""
    return derive(flights, "speed_mph", "distance / air_time * 60")


# --- helpers ---------------------------------------------------------------------------------


def _need_columns(frame: pd.DataFrame, columns: Sequence[str]) -> None:
    unknown = [column for column in columns if column not in frame.columns]
    if unknown:
        raise ValueError(f"There is no column {unknown[0]!r}.")


def _need_some(what: Sequence[str] | str, sentence: str) -> None:
    if not what:
        raise ValueError(sentence)


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _has_str_dtype() -> bool:
    """Say whether ``str`` is pandas' own text type (3.0 and later) rather than object."""
    return int(pd.__version__.split(".")[0]) >= 3
