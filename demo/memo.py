"""Results that live as long as the frame they were computed from.

Every step of the demo makes a new frame and writes to none, so the identity of a frame names
its content: no hashing of 60 MB on each rerun, and nothing to invalidate.
"""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

import pandas as pd

T = TypeVar("T")

_RESULTS_PER_FRAME = 24
_results: dict[int, tuple[weakref.ref[pd.DataFrame], OrderedDict[Hashable, Any]]] = {}


def remembered(frame: pd.DataFrame, name: Hashable, compute: Callable[[], T]) -> T:
    """Give the result of ``compute``, computed once per frame and name.

    Parameters
    ----------
    frame
        What the result follows from; the result goes when the frame goes.
    name
        What is computed, with every parameter that matters.
    compute
        Must depend on the frame and the name alone.
    """
    results = _results_of(frame)
    if name not in results:
        results[name] = compute()
        while len(results) > _RESULTS_PER_FRAME:
            results.popitem(last=False)
    return cast("T", results[name])


def _results_of(frame: pd.DataFrame) -> OrderedDict[Hashable, Any]:
    at = id(frame)
    held = _results.get(at)
    if held is not None and held[0]() is frame:
        return held[1]
    results: OrderedDict[Hashable, Any] = OrderedDict()

    def forget(gone: weakref.ref[pd.DataFrame]) -> None:
        # another frame may have been given the same id in the meantime
        if at in _results and _results[at][0] is gone:
            del _results[at]

    _results[at] = (weakref.ref(frame, forget), results)
    return results
