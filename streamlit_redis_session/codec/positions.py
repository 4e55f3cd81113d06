"""From which rows of a frame another one may have been taken: filter, sort, head, sample.

Only guesses, found from index labels and from the content of numeric columns, never from the
user's code. Whoever uses one compares every column exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Positions = npt.NDArray[np.int64]

_MOST_KEY_COLUMNS = 12
_PRIME = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)


def candidates(before: object, after: object) -> Iterator[Positions]:
    """Guess, best first, from which positions of ``before`` the rows of ``after`` come.

    Parameters
    ----------
    before, after
        Frames or Series; for anything else there is no guess.

    Yields
    ------
    ndarray of int64
        One position for each row of ``after``, each within ``before``.
    """
    tables = (pd.DataFrame, pd.Series)
    if not isinstance(before, tables) or type(before) is not type(after) or not len(before):
        return
    assert isinstance(after, tables)
    if len(after) > len(before):
        return
    by_label = positions_by_label(before.index, after.index)
    if by_label is not None:
        yield by_label
    if isinstance(before, pd.DataFrame) and isinstance(after, pd.DataFrame):
        by_content = _by_content(before, after)
        if by_content is not None:
            yield by_content


def positions_by_label(before: pd.Index[Any], after: pd.Index[Any]) -> Positions | None:
    """Find each label of ``after`` in ``before``; ``None`` when that is not possible."""
    if isinstance(before, pd.RangeIndex):
        return _within_range(before, after)
    if type(before) is not type(after) or before.dtype != after.dtype or not before.is_unique:
        return None
    return _all_found(before.get_indexer(after))


def _within_range(before: pd.RangeIndex, after: pd.Index[Any]) -> Positions | None:
    if after.dtype.kind not in "iu" or isinstance(after, pd.MultiIndex):
        return None
    offsets = after.to_numpy().astype(np.int64, copy=False) - before.start
    positions = offsets if before.step == 1 else offsets // before.step
    if len(positions) and (positions.min() < 0 or positions.max() >= len(before)):
        return None
    if before.step != 1 and (positions * before.step != offsets).any():
        return None
    return positions


def _all_found(positions: npt.NDArray[np.intp]) -> Positions | None:
    if len(positions) and positions.min() < 0:
        return None
    return positions.astype(np.int64, copy=False)


def _by_content(before: pd.DataFrame, after: pd.DataFrame) -> Positions | None:
    """Join the rows on a hash of their numeric columns; equal rows may stand for each other."""
    if not (before.columns.is_unique and after.columns.is_unique):
        return None
    shared = [c for c in after.columns if c in before.columns and _is_key(before[c], after[c])]
    if not shared:
        return None
    shared = shared[:_MOST_KEY_COLUMNS]
    keys = pd.Series(_row_keys(before, shared))
    first = np.flatnonzero(~keys.duplicated().to_numpy())
    found = _all_found(pd.Index(keys.to_numpy()[first]).get_indexer(_row_keys(after, shared)))
    return None if found is None else first[found].astype(np.int64, copy=False)


def _is_key(before: pd.Series[Any], after: pd.Series[Any]) -> bool:
    dtype = before.dtype
    return isinstance(dtype, np.dtype) and dtype == after.dtype and dtype.kind in "biufmM"


def _row_keys(frame: pd.DataFrame, labels: list[Any]) -> npt.NDArray[np.uint64]:
    keys = np.zeros(len(frame), dtype=np.uint64)
    for label in labels:
        values = frame[label].to_numpy()
        bits = np.ascontiguousarray(values).view(f"u{values.itemsize}")
        keys ^= bits
        keys *= _PRIME
        keys ^= keys >> _SHIFT
    return keys
