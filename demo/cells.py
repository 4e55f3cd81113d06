"""Cells that a person typed over, written back into the table they came from."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.extensions import ExtensionArray


def edit_cells(
    frame: pd.DataFrame, positions: npt.NDArray[np.intp], edited: pd.DataFrame
) -> pd.DataFrame:
    """Write edited rows back.

    Parameters
    ----------
    positions
        Where each row of ``edited`` stands in ``frame``.
    edited
        The same columns as ``frame``.

    Raises
    ------
    ValueError
        Nothing was edited, or a value does not fit its column's type.
    """
    before = frame.iloc[positions]
    result = frame.copy(deep=False)  # columns are replaced below, never written to
    count = 0
    for at, label in enumerate(frame.columns):
        changed = _differs(before[label], edited[label])
        if changed.any():
            count += int(changed.sum())
            result.isetitem(at, _written(frame[label], positions[changed], edited[label][changed]))
    if not count:
        raise ValueError("No cell differs from the table.")
    return result


def count_edits(before: pd.DataFrame, edited: pd.DataFrame) -> int:
    """Count the cells in which two pages of the same rows and columns differ."""
    return sum(int(_differs(before[label], edited[label]).sum()) for label in before.columns)


def _differs(old: pd.Series[Any], new: pd.Series[Any]) -> npt.NDArray[np.bool_]:
    left, right = old.astype("object").to_numpy(), new.astype("object").to_numpy()
    missing_left, missing_right = pd.isna(left), pd.isna(right)
    same = np.array([_equal(a, b) for a, b in zip(left, right, strict=True)], dtype=np.bool_)
    return np.asarray(~(same & ~missing_left & ~missing_right) & ~(missing_left & missing_right))


def _equal(left: Any, right: Any) -> bool:
    if left is right:
        return True
    return bool(np.array_equal(left, right)) if isinstance(left, np.ndarray) else left == right


def _written(
    column: pd.Series[Any], positions: npt.NDArray[np.intp], values: pd.Series[Any]
) -> ExtensionArray:
    typed = values.astype("object")
    if isinstance(column.dtype, pd.CategoricalDtype):
        strange = typed[~typed.isin(column.cat.categories) & typed.notna()]
        if not strange.empty:
            raise ValueError(f"{strange.iloc[0]!r} is no category of {column.name}.")
    try:
        fitting = typed.astype(column.dtype)
        fits = not _differs(fitting, typed).any()
    except (ValueError, TypeError):
        fits = False
    if not fits:
        raise ValueError(f"{column.name} ({column.dtype}) cannot hold what was typed.")
    result = column.copy()
    result.iloc[positions] = fitting.array
    written: ExtensionArray = result.array
    return written
