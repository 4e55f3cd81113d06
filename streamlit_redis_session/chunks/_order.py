"""The order in which pandas sorts a column of numbers, so that a sort needs no positions."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from streamlit_redis_session.chunks._rows import Positions

_SAMPLE_ROWS = 64
_BLOCK_ROWS = 64 * 1024
_MOST_TIED = 4
"""When more than one row in so many shares its key, another way to sort is faster."""

Keys = npt.NDArray[np.uint64]


def order_of(values: npt.NDArray[Any], *, is_descending: bool) -> Positions | None:
    """Give the order of elements, equal ones as they stand; ``None`` for what is no number."""
    keys = _keys(values, is_descending=is_descending)
    return None if keys is None else _order_of_keys(keys)


def is_order_of(values: npt.NDArray[Any], order: Positions, *, is_descending: bool) -> bool:
    """Say whether ``order``, each position once, is what :func:`order_of` gives; never sorts."""
    if len(values) != len(order) or len(order) < 2:
        return False
    step = max(1, len(order) // _SAMPLE_ROWS)
    if not _ascends(values, order[::step], is_descending):
        return False
    if not all(
        _ascends(values, order[at : at + _BLOCK_ROWS + 1], is_descending)
        for at in range(0, len(order), _BLOCK_ROWS)
    ):
        return False
    seen = np.zeros(len(order), dtype=bool)
    seen[order] = True
    return bool(seen.all())


def _ascends(values: npt.NDArray[Any], order: Positions, is_descending: bool) -> bool:
    keys = _keys(values.take(order), is_descending=is_descending)
    if keys is None:
        return False
    before, after = keys[:-1], keys[1:]
    is_tie = before == after
    if bool((is_tie & (order[1:] < order[:-1])).any()):
        return False
    return bool((is_tie | (before < after)).all())


def _keys(values: npt.NDArray[Any], *, is_descending: bool) -> Keys | None:
    """Give a whole number for each element, greater for what comes later."""
    kind, size = values.dtype.kind, values.dtype.itemsize
    if kind not in "iuf" or size not in (1, 2, 4, 8) or not values.dtype.isnative:
        return None
    if kind == "u":
        keys = values.astype(np.uint64)
    elif kind == "i":
        keys = values.astype(np.int64).view(np.uint64) ^ np.uint64(2**63)
    else:
        # + 0.0: pandas takes the two zeros as one
        keys = _float_keys(values.astype(np.float64) + 0.0)
    if is_descending:
        keys = ~keys
    if kind == "f":
        keys[np.isnan(values)] = np.uint64(2**64 - 1)
    return keys


def _float_keys(values: npt.NDArray[np.float64]) -> Keys:
    bits = values.view(np.int64)
    flip = (bits >> np.int64(63)).view(np.uint64) | np.uint64(2**63)
    return bits.view(np.uint64) ^ flip


def _order_of_keys(keys: Keys) -> Positions:
    """Sort by the upper bits with the position in the lower ones, then set right what that ties."""
    low = np.uint64(2 ** max(1, (len(keys) - 1).bit_length()) - 1)
    packed = (keys & ~low) | np.arange(len(keys), dtype=np.uint64)
    packed.sort()
    order = (packed & low).astype(np.int64)
    packed &= ~low
    is_tied = np.zeros(len(keys), dtype=bool)
    is_tied[1:] = packed[1:] == packed[:-1]
    is_tied[:-1] |= is_tied[1:]
    places = np.flatnonzero(is_tied)
    if len(places) * _MOST_TIED > len(keys):
        return np.argsort(keys, kind="stable").astype(np.int64, copy=False)
    tied = order[places]
    order[places] = tied[np.lexsort((tied, keys[tied], packed[places]))]
    return order
