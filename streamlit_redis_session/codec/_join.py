"""A join of rows on whole numbers, in a handful of passes over memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

Keys = npt.NDArray[np.uint64]
Positions = npt.NDArray[np.int64]

_PRIME = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)
_BLOCK_ROWS = 32 * 1024
_NO_ROWS: Positions = np.empty(0, dtype=np.int64)
_MOST_ROUNDS = 24
_MOST_STEPS = 48
_LEAST_HITS = 0.4
"""In the first round most of many rows find their place, if they have one."""
_FEW_ROWS = 4096


def row_keys(columns: list[npt.NDArray[Any]]) -> Keys:
    """Mix the elements of each row into one number; of one column each has its own."""
    keys = np.empty(len(columns[0]), dtype=np.uint64)
    for at in range(0, len(keys), _BLOCK_ROWS):
        block = keys[at : at + _BLOCK_ROWS]
        block[:] = 0
        for column in columns:
            part = np.ascontiguousarray(column[at : at + _BLOCK_ROWS])
            block ^= part.view(f"u{part.dtype.itemsize}")
            block *= _PRIME
            block ^= block >> _SHIFT
    return keys


def find_rows(before: Keys, after: Keys) -> Positions | None:
    """Find for each key of ``after`` one place in ``before``; ``None`` when one has none."""
    found = _lookup(before, after, is_whole=True)
    return None if found is None or (found < 0).any() else found


def is_found(before: Keys, after: Keys) -> npt.NDArray[np.bool_]:
    """Say of each key of ``after`` whether it is in ``before``."""
    found = _lookup(before, after, is_whole=False)
    assert found is not None
    return found >= 0


def _lookup(before: Keys, after: Keys, *, is_whole: bool) -> Positions | None:
    """Look keys up in a table of places; those it could not hold go into the next, smaller one."""
    found = np.full(len(after), -1, dtype=np.int64)
    left, wanted = None, None
    for number in range(_MOST_ROUNDS):
        table = _Table(before, left, number)
        missing = table.look_up(after, wanted, found)
        is_first = is_whole and number == 0 and len(after) > _FEW_ROWS
        if is_first and len(missing) > (1 - _LEAST_HITS) * len(after):
            return None
        wanted = _fill_gaps(before, after, found, missing) if is_whole and not number else missing
        left = table.lost(left) if len(wanted) else wanted
        if not len(left):
            break
    return found


def _fill_gaps(before: Keys, after: Keys, found: Positions, missing: Positions) -> Positions:
    """Look for rows just behind their neighbours, where all ascend; give those still missing."""
    known = np.flatnonzero(found >= 0)
    if not len(missing) or not len(known) or not bool((np.diff(found[known]) > 0).all()):
        return missing
    neighbour = np.searchsorted(known, missing) - 1
    at = np.where(neighbour < 0, missing, found[known[neighbour]] + missing - known[neighbour])
    for _ in range(_MOST_STEPS):
        is_hit = before.take(at, mode="clip") == after.take(missing)
        found[missing[is_hit]] = np.minimum(at[is_hit], len(before) - 1)
        missing, at = missing[~is_hit], at[~is_hit] + 1
        if not len(missing):
            break
    return missing


class _Table:
    """Places of keys by a part of their product with a number; the last of several stays."""

    def __init__(self, keys: Keys, rows: Positions | None, number: int) -> None:
        self._keys = keys
        count = len(keys) if rows is None else len(rows)
        self._shift = np.uint64(64 - max(4, (2 * count).bit_length()))
        self._factor = _PRIME + np.uint64(2 * number * 0x632BE5AB)
        narrow = np.uint32 if len(keys) <= 2**32 else np.int64
        self._places = np.zeros(2 ** (64 - int(self._shift)), dtype=narrow)
        for at, _, block in _blocks(keys, rows):
            if rows is None:
                mine = np.arange(at, at + len(block), dtype=narrow)
            else:
                mine = rows[at : at + len(block)].astype(narrow)
            self._places[self._slots(block)] = mine

    def _slots(self, keys: Keys) -> Positions:
        return ((keys * self._factor) >> self._shift).view(np.int64)

    def look_up(self, keys: Keys, rows: Positions | None, found: Positions) -> Positions:
        """Note the places of those keys that are here; give the rows of the others."""
        missing = []
        for at, mine, block in _blocks(keys, rows):
            places = self._places.take(self._slots(block), mode="clip").astype(np.int64)
            is_hit = self._keys.take(places, mode="clip") == block
            if rows is None:
                found[at : at + len(block)] = np.where(is_hit, places, -1)
                missing.append(at + np.flatnonzero(~is_hit))
            else:
                found[mine[is_hit]] = places[is_hit]
                missing.append(mine[~is_hit])
        return np.concatenate(missing)

    def lost(self, rows: Positions | None) -> Positions:
        """Give the rows whose place another key has; of equal keys one place is enough."""
        lost = []
        for at, mine, block in _blocks(self._keys, rows):
            there = self._keys.take(self._places.take(self._slots(block), mode="clip"), mode="clip")
            is_lost = there != block
            lost.append(at + np.flatnonzero(is_lost) if rows is None else mine[is_lost])
        return np.concatenate(lost)


def _blocks(keys: Keys, rows: Positions | None) -> Iterator[tuple[int, Positions, Keys]]:
    """Cut keys, or those of some rows, into blocks that stay in the processor's cache."""
    for at in range(0, len(keys) if rows is None else len(rows), _BLOCK_ROWS):
        if rows is None:
            yield at, _NO_ROWS, keys[at : at + _BLOCK_ROWS]
        else:
            mine = rows[at : at + _BLOCK_ROWS]
            yield at, mine, keys.take(mine)
