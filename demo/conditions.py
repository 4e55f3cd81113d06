"""Which rows of a frame pass: conditions written by a person, and the filters of the Look tab."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api import types

Mask = npt.NDArray[np.bool_]

WITHOUT_VALUE = ("is missing", "is not missing")
_COMPARE: Mapping[str, Callable[[Any, Any], Any]] = {
    "=": lambda column, value: column == value,
    "≠": lambda column, value: column != value,
    "<": lambda column, value: column < value,
    "≤": lambda column, value: column <= value,
    ">": lambda column, value: column > value,
    "≥": lambda column, value: column >= value,
}
_TEXT = ("contains", "starts with", "ends with")
OPERATORS = (*_COMPARE, "is one of", *_TEXT, *WITHOUT_VALUE)


@dataclass(frozen=True, slots=True)
class Condition:
    """One line of the condition builder."""

    column: str
    operator: str
    """One of :data:`OPERATORS`."""
    value: str = ""
    """As typed; it is read as the column's type."""

    def __str__(self) -> str:
        """Say the condition as a person would: ``carrier = UA``."""
        words = [self.column, self.operator]
        if self.operator not in WITHOUT_VALUE:
            words.append(self.value.strip() or "''")
        return " ".join(words)


def mask_of(frame: pd.DataFrame, conditions: Sequence[Condition], *, match_all: bool) -> Mask:
    """Say for every row whether it passes all (or any) of the conditions.

    Raises
    ------
    ValueError
        No condition, an unknown column, or a value that the column's type cannot be.
    """
    if not conditions:
        raise ValueError("Write at least one condition.")
    masks = [_mask_of_one(frame, condition) for condition in conditions]
    joined = np.logical_and if match_all else np.logical_or
    return np.asarray(joined.reduce(masks), dtype=np.bool_)


def keep_rows(
    frame: pd.DataFrame, conditions: Sequence[Condition], *, match_all: bool = True
) -> pd.DataFrame:
    """Keep the rows that pass; the others go.

    Raises
    ------
    ValueError
        As :func:`mask_of`.
    """
    return frame[mask_of(frame, conditions, match_all=match_all)]


def view_of(
    frame: pd.DataFrame,
    choices: Mapping[str, Sequence[Any]],
    ranges: Mapping[str, tuple[Any, Any]],
) -> Mask:
    """Say which rows pass the filters of a view.

    Parameters
    ----------
    choices
        Column -> values, one of which the row must have; columns that are gone are passed over.
    ranges
        Column -> smallest and largest value, both allowed; missing values do not pass.
    """
    mask = np.ones(len(frame), dtype=np.bool_)
    for column, values in choices.items():
        if column in frame.columns and values:
            mask &= frame[column].isin(list(values)).to_numpy(dtype=bool, na_value=False)
    for column, (low, high) in ranges.items():
        if column in frame.columns:
            mask &= frame[column].between(low, high).to_numpy(dtype=bool, na_value=False)
    return mask


def _mask_of_one(frame: pd.DataFrame, condition: Condition) -> Mask:
    if condition.column not in frame.columns:
        raise ValueError(f"There is no column {condition.column!r}.")
    column = frame[condition.column]
    try:
        passed = _passed(column, condition)
    except TypeError:
        raise ValueError(
            f"{condition.column} cannot be compared with {condition.operator}."
        ) from None
    return np.asarray(passed.to_numpy(dtype=bool, na_value=False), dtype=np.bool_)


def _passed(column: pd.Series[Any], condition: Condition) -> pd.Series[bool]:
    how, value = condition.operator, condition.value
    if how == "is missing":
        return column.isna()
    if how == "is not missing":
        return column.notna()
    if how == "is one of":
        wanted = [parse_value(column, each) for each in value.split(",") if each.strip()]
        if not wanted:
            raise ValueError(f"Name the values that {condition.column} may have, with commas.")
        return column.isin(wanted)
    if how in _TEXT:
        return _text_passed(column, how, value)
    if how not in _COMPARE:
        raise ValueError(f"{how!r} is not an operator; they are {', '.join(OPERATORS)}.")
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(column.cat.categories.dtype)
    passed: pd.Series[bool] = _COMPARE[how](column, parse_value(column, value))
    # as in SQL and spreadsheets: what is missing is neither equal nor different
    return passed & column.notna()


def _text_passed(column: pd.Series[Any], how: str, value: str) -> pd.Series[bool]:
    if not value:
        raise ValueError(f"Write the text that {column.name} {how}.")
    text = column.map(str, na_action="ignore").astype("object").str
    match how:
        case "contains":
            return text.contains(value, case=False, regex=False, na=False)
        case "starts with":
            return text.lower().str.startswith(value.lower(), na=False)
        case _:
            return text.lower().str.endswith(value.lower(), na=False)


def parse_value(column: pd.Series[Any], text: str) -> Any:
    """Read a typed text as a value of the column's type.

    Raises
    ------
    ValueError
        The text is no number (date, truth value) and the column holds them.
    """
    text = text.strip()
    dtype: Any = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        dtype = dtype.categories.dtype
    if types.is_bool_dtype(dtype):
        return _parse_bool(str(column.name), text)
    if types.is_numeric_dtype(dtype):
        return _parse_number(str(column.name), text)
    if types.is_datetime64_any_dtype(dtype):
        return _parse_moment(str(column.name), text, dtype)
    return text


def _parse_bool(name: str, text: str) -> bool:
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if text.lower() not in words:
        raise ValueError(f"{name} is true or false, not {text!r}.")
    return words[text.lower()]


def _parse_number(name: str, text: str) -> float | int:
    plain = text.replace(",", "").replace("_", "")
    try:
        return int(plain)
    except ValueError:
        pass
    try:
        return float(plain)
    except ValueError:
        raise ValueError(f"{name} holds numbers, and {text!r} is none.") from None


def _parse_moment(name: str, text: str, dtype: Any) -> pd.Timestamp:
    try:
        moment = pd.Timestamp(text)
    except ValueError:
        raise ValueError(f"{name} holds dates, and {text!r} is none; write 2013-07-31.") from None
    if pd.isna(moment):
        raise ValueError(f"{name} holds dates; write one, such as 2013-07-31.")
    zone = getattr(dtype, "tz", None)
    return moment.tz_localize(zone) if zone is not None and moment.tz is None else moment
