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

from streamlit_redis_session.codec import _pandas_private as private
from streamlit_redis_session.codec._join import Keys, find_rows, is_found, row_keys

Positions = npt.NDArray[np.int64]
Array = npt.NDArray[Any]
KeyPair = tuple[Array, Array]

_MOST_KEY_COLUMNS = 12
_FEW_KEY_COLUMNS = 3
_SAMPLE_ROWS = 256
_FEW_LABELS = 16
_MOST_COUNT = 2**31
_MOST_STARTS = 16
_MOSTLY = 0.9


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
    if len(after) > len(before) or not len(after):
        return
    by_label = positions_by_label(before.index, after.index)
    if by_label is not None:
        yield by_label
    if isinstance(before, pd.DataFrame) and isinstance(after, pd.DataFrame):
        yield from _by_content(_key_pairs(before, after))


def has_moved_rows(before: object, after: object) -> bool:
    """Tell from a few row labels whether rows were left out or stand elsewhere than before."""
    tables = (pd.DataFrame, pd.Series)
    if not isinstance(before, tables) or not isinstance(after, tables):
        return False
    if len(after) != len(before) or not len(after):
        return len(after) < len(before)
    places = np.linspace(0, len(after) - 1, _FEW_LABELS).astype(np.int64)
    old, new = _labels_at(before.index, places), _labels_at(after.index, places)
    return old is not None and new is not None and not np.array_equal(old, new)


def _labels_at(index: pd.Index[Any], places: Positions) -> Array | None:
    if isinstance(index, pd.RangeIndex):
        return index.start + places * index.step
    numbers = None if isinstance(index, pd.MultiIndex) else _numbers(private.flat_array(index))
    return None if numbers is None else numbers.take(places)


# --- row labels ------------------------------------------------------------------------------


def positions_by_label(before: pd.Index[Any], after: pd.Index[Any]) -> Positions | None:
    """Find each label of ``after`` in ``before``; ``None`` when that is not possible."""
    if isinstance(before, pd.RangeIndex):
        return _within_range(before, after)
    if type(before) is not type(after) or before.dtype != after.dtype:
        return None
    if isinstance(before, pd.MultiIndex):
        return _all_found(before.get_indexer(after)) if before.is_unique else None
    old, new = _numbers(private.flat_array(before)), _numbers(private.flat_array(after))
    if old is not None and new is not None:
        return find_rows(row_keys([old]), row_keys([new]))
    return _all_found(before.get_indexer(after)) if before.is_unique else None


def _within_range(before: pd.RangeIndex, after: pd.Index[Any]) -> Positions | None:
    if after.dtype.kind not in "iu" or isinstance(after, pd.MultiIndex):
        return None
    offsets = after.to_numpy().astype(np.int64, copy=False) - before.start
    positions = offsets if before.step == 1 else offsets // before.step
    if len(positions) and (int(positions.min()) < 0 or int(positions.max()) >= len(before)):
        return None
    if before.step != 1 and (positions * before.step != offsets).any():
        return None
    return positions


def _all_found(positions: npt.NDArray[np.intp]) -> Positions | None:
    if len(positions) and positions.min() < 0:
        return None
    return positions.astype(np.int64, copy=False)


# --- content ---------------------------------------------------------------------------------


def _key_pairs(before: pd.DataFrame, after: pd.DataFrame) -> list[KeyPair]:
    """Pair numeric columns of one label and dtype, those of the most different elements first."""
    if not (before.columns.is_unique and after.columns.is_unique):
        return []
    known = dict(zip(before.columns, private.flat_arrays(before), strict=True))
    pairs: list[tuple[int, KeyPair]] = []
    for label, array in zip(after.columns, private.flat_arrays(after), strict=True):
        old, new = _numbers(known.get(label)), _numbers(array)
        if old is not None and new is not None and old.dtype == new.dtype:
            pairs.append((_variety(old), (old, new)))
    pairs.sort(key=lambda pair: -pair[0])
    return [pair for _, pair in pairs[:_MOST_KEY_COLUMNS]]


def _few(pairs: list[KeyPair]) -> int:
    """Say how many columns tell most rows apart: two where every element seems to differ."""
    second = pairs[min(1, len(pairs) - 1)][0]
    few = _FEW_KEY_COLUMNS - 1 if _variety(second) >= _SAMPLE_ROWS else _FEW_KEY_COLUMNS
    return min(few, len(pairs))


def _numbers(array: Any) -> Array | None:
    """See an array as numbers of the machine, missing values among them; else ``None``."""
    is_time = isinstance(array, pd.arrays.DatetimeArray | pd.arrays.TimedeltaArray)
    numbers = array.asi8 if is_time else array
    if type(numbers) is not np.ndarray or numbers.dtype.kind not in "biufmM":
        return None
    return numbers if numbers.dtype.itemsize <= 8 else None


def _variety(values: Array) -> int:
    step = max(1, len(values) // _SAMPLE_ROWS)
    return len(set(_bits(np.ascontiguousarray(values[::step])).tolist()))


def _bits(values: Array) -> Array:
    return values.view(f"u{values.dtype.itemsize}")


def _by_content(pairs: list[KeyPair]) -> Iterator[Positions]:
    """Join the rows on few columns, then on single ones, then on all."""
    if not pairs:
        return
    for known in (_counted(pairs), _run(pairs)):
        if known is not None:
            yield known
    few = _few(pairs)
    for first, last in dict.fromkeys([(0, few), (0, 1), (1, 2), (0, len(pairs))]):
        if first >= len(pairs):
            continue
        chosen = pairs[first:last]
        old, new = row_keys([a for a, _ in chosen]), row_keys([b for _, b in chosen])
        found = find_rows(old, new)
        if found is not None:
            yield _in_order(old, new, found)


def _counted(pairs: list[KeyPair]) -> Positions | None:
    """Find the rows by a column that counts, such as an id: its elements tell their places."""
    for old, new in pairs:
        if old.dtype.kind != "i" or len(old) < 2:
            continue
        start, step = int(old[0]), int(old[1]) - int(old[0])
        places = np.linspace(0, len(old) - 1, _FEW_LABELS).astype(np.int64)
        if not 0 < abs(step) < _MOST_COUNT or abs(start) >= _MOST_COUNT:
            continue
        if not np.array_equal(old.take(places), start + step * places):
            continue
        positions = (new.astype(np.int64) - start) // step
        is_within = int(positions.min()) >= 0 and int(positions.max()) < len(old)
        if is_within and np.array_equal(old.take(positions), new):
            return positions
    return None


def _run(pairs: list[KeyPair]) -> Positions | None:
    """Find the rows as an unbroken run."""
    old, new = pairs[0]
    count = len(new)
    starts = np.flatnonzero(_bits(old) == _bits(new[:1])[0])
    places = np.linspace(0, count - 1, _SAMPLE_ROWS).astype(np.int64)
    for start in starts[:_MOST_STARTS].tolist():
        if start + count <= len(old) and all(
            np.array_equal(_bits(a.take(start + places)), _bits(b.take(places)))
            for a, b in pairs[:_FEW_KEY_COLUMNS]
        ):
            return np.arange(start, start + count, dtype=np.int64)
    return None


def _in_order(old: Keys, new: Keys, found: Positions) -> Positions:
    """Choose among equal rows so that the positions ascend, where they mostly do."""
    steps = np.diff(found)
    if (steps > 0).all() or (steps >= 0).mean() < _MOSTLY:
        return found
    there = np.flatnonzero(is_found(new, old))
    if len(there) == len(found) and np.array_equal(old.take(there), new):
        return there
    return found
