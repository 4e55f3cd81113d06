"""Memory that is made read-only while a snapshot of it is held, and writable again afterwards."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from threading import RLock
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamlit_redis_session.codec import _pandas_private as private
from streamlit_redis_session.codec._leaves import leaves_of
from streamlit_redis_session.codec._memory import region_of

Array = npt.NDArray[Any]
_CONTAINERS = (dict, list, tuple)

_holders: dict[int, tuple[Array, int]] = {}
"""Arrays that were writable, by ``id``, and how many hold them frozen."""
_lock = RLock()  # the garbage collector may thaw on a thread that is freezing


class Frozen:
    """Keeps the arrays of a value from being written to, for as long as this object lives.

    Ordinary writes of pandas go on, as they move what is shared with a snapshot. Views that were
    taken of the arrays before, and Arrow data, are left as they are.
    """

    def __init__(self, value: object) -> None:
        arrays = list(_arrays(value, 0)) if private.COPY_ON_WRITE else []
        keys = [id(array) for array in arrays if _freeze(array)]
        weakref.finalize(self, _thaw, keys).atexit = False


def _arrays(value: Any, depth: int) -> Iterator[Array]:
    """Give the arrays that new views are taken of: a value's own, then what those show."""
    if type(value) in _CONTAINERS and depth < 3:
        for each in value.values() if type(value) is dict else value:
            yield from _arrays(each, depth + 1)
    elif isinstance(value, (pd.DataFrame, pd.Series, pd.Index)):
        for leaf in leaves_of(value):
            if isinstance(leaf, np.ndarray):
                array, owner = region_of(leaf)
                yield array
                if owner is not array:
                    yield owner


def _freeze(array: Array) -> bool:
    with _lock:
        held = _holders.get(id(array))
        owner = region_of(array)[1]
        if held is None and not (array.flags.writeable or id(owner) in _holders):
            return False  # read-only before, and not by this
        _holders[id(array)] = (array, held[1] + 1 if held else 1)
        array.flags.writeable = False
        return True


def _thaw(keys: list[int]) -> None:
    with _lock:
        free = []
        for key in keys:
            array, count = _holders.pop(key)
            if count > 1:
                _holders[key] = (array, count - 1)
            else:
                free.append(array)
        for array in sorted(free, key=lambda each: isinstance(each.base, np.ndarray)):
            if region_of(array)[1].flags.writeable or not isinstance(array.base, np.ndarray):
                array.flags.writeable = True
