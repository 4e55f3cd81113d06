"""Whether a value still is what a snapshot of it holds: a look at memory, in microseconds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from streamlit_redis_session.codec import _pandas_private as private
from streamlit_redis_session.codec._leaves import ARROW
from streamlit_redis_session.codec._tokens import IMMUTABLE, NoTokenError, plain_token
from streamlit_redis_session.codec._tree import MOST_DEPTH

_BY_EQUALITY = (str, int, bool, bytes, type(None))
"""Immutable, and equal only to what cannot be told from it."""


def is_same_memory(value: object, held: object) -> bool:
    """Tell whether a value consists of the memory that a snapshot of it holds.

    ``True`` proves that nobody wrote to the value through pandas since the snapshot was taken;
    :func:`check_memory` finds writes around pandas. ``False`` proves nothing: the contents may be
    equal, and what a snapshot must copy (NumPy arrays, columns of mutable objects, everything on
    pandas 2) never is the same.

    Parameters
    ----------
    held
        What :func:`snapshot` gave, still held.
    """
    try:
        return _same(value, held, 0)
    except NoTokenError:
        return False


def is_same_setting(value: object, other: object) -> bool:
    """Tell whether two immutable scalars are of one type and equal, bit for bit."""
    kind = type(value)
    if kind is not type(other):
        return False
    if kind in _BY_EQUALITY:
        return value == other
    return kind in IMMUTABLE and (value is other or plain_token(value) == plain_token(other))


def _same(value: Any, held: Any, depth: int) -> bool:  # noqa: PLR0911 - one per kind
    kind = type(value)
    if kind is not type(held):
        return False
    if kind is pd.DataFrame:
        return private.COPY_ON_WRITE and _same_frame(value, held)
    if kind is pd.Series:
        return private.COPY_ON_WRITE and _same_series(value, held)
    if isinstance(value, pd.Index):
        return same_index(value, held)
    if kind in IMMUTABLE:
        return is_same_setting(value, held)
    if isinstance(value, ARROW):
        return value is held
    return _same_container(value, held, depth)


def _same_container(value: Any, held: Any, depth: int) -> bool:
    kind = type(value)
    if depth > MOST_DEPTH or kind not in (dict, list, tuple, set, frozenset):
        return False
    if len(value) != len(held):
        return False
    if kind is dict:
        return all(
            _same(key, other, depth + 1) and _same(value[key], held[other], depth + 1)
            for key, other in zip(value, held, strict=True)
        )
    if kind in (set, frozenset):
        return plain_token(value) == plain_token(held)
    return all(_same(a, b, depth + 1) for a, b in zip(value, held, strict=True))


def _same_frame(value: Any, held: Any) -> bool:
    mine, other = private.blocks_of(value), private.blocks_of(held)
    return (
        len(mine) == len(other)
        and same_index(value.columns, held.columns)
        and same_index(value.index, held.index)
        and all(
            _same_places(where, place) and _same_array(array, known)
            for (where, array), (place, known) in zip(mine, other, strict=True)
        )
        and same_extras(value, held)
    )


def _same_series(value: Any, held: Any) -> bool:
    return (
        _same_array(private.flat_array(value), private.flat_array(held))
        and same_index(value.index, held.index)
        and same_name(value.name, held.name)
        and same_extras(value, held)
    )


def _same_places(mine: Any, other: Any) -> bool:
    return mine is other or bool(private.places(mine) == private.places(other))


def _same_array(mine: Any, other: Any) -> bool:
    """Compare the memory of two arrays: addresses, shapes, and what describes them."""
    kind = type(mine)
    if mine is other:
        return kind is np.ndarray or private.leaves_of(mine) is not None
    if kind is not type(other):
        return False
    if kind is np.ndarray:
        return private.is_same_view(mine, other)
    leaves, known = private.leaves_of(mine), private.leaves_of(other)
    return leaves is not None and known is not None and all(map(_same_leaf, leaves, known))


def _same_leaf(mine: Any, other: Any) -> bool:
    if mine is other:
        return True
    if isinstance(mine, (np.ndarray, pd.api.extensions.ExtensionArray)):
        return _same_array(mine, other)
    if isinstance(mine, pd.CategoricalDtype):
        return isinstance(other, pd.CategoricalDtype) and _same_categories(mine, other)
    return isinstance(mine, (np.dtype, pd.api.extensions.ExtensionDtype)) and bool(mine == other)


def _same_categories(mine: Any, other: Any) -> bool:
    return mine.ordered is other.ordered and same_index(mine.categories, other.categories)


def same_index(mine: Any, other: Any) -> bool:
    """Compare labels by the memory they are in, names and freq by their values."""
    if type(mine) is not type(other):
        return False
    if isinstance(mine, pd.RangeIndex):
        limits = (mine.start, mine.stop, mine.step) == (other.start, other.stop, other.step)
        return limits and same_name(mine.name, other.name)
    return private.same_labels(mine, other) and _same_names(mine, other) and _same_freq(mine, other)


def _same_names(mine: Any, other: Any) -> bool:
    if isinstance(mine, pd.MultiIndex):
        return all(map(same_name, mine.names, other.names))
    return same_name(mine.name, other.name)


def _same_freq(mine: Any, other: Any) -> bool:
    if not isinstance(mine, (pd.DatetimeIndex, pd.TimedeltaIndex)):
        return True
    freq, known = mine.freq, other.freq
    return freq is known or bool(type(freq) is type(known) and freq == known)


def same_name(mine: Any, other: Any) -> bool:
    """Compare two names: ``1``, ``1.0`` and ``True`` are different ones."""
    if mine is other and (mine is None or type(mine) in IMMUTABLE):
        return True
    return plain_token(mine) == plain_token(other)


def same_extras(mine: Any, other: Any) -> bool:
    """Compare attrs and flags."""
    if mine.flags.allows_duplicate_labels is not other.flags.allows_duplicate_labels:
        return False
    attrs, known = mine.attrs, other.attrs
    return not (attrs or known) or _same_container(attrs, known, 0)


# --- marks ----------------------------------------------------------------------------------


class Mark:
    """A value's own arrays and labels as they were at the moment of a snapshot.

    To find the same objects again is faster than to compare their memory with that of the
    snapshot. Valid while the snapshot is held: pandas then puts another array in place of one
    that it writes to.
    """

    __slots__ = ("_frame", "_held", "_kind")

    def __init__(self, value: object, held: object) -> None:
        """Mark a value; ``mark_of`` says whether that makes sense."""
        self._held: Any = held
        self._kind = type(value)
        is_shared = self._kind is pd.DataFrame and private.COPY_ON_WRITE
        self._frame = private.FrameMark(value) if is_shared else None

    def matches(self, value: object) -> bool:
        """Tell whether a value is, and consists of, what it did then."""
        kind = type(value)
        if kind is not self._kind:
            return False
        if self._frame is not None and self._frame.is_found(value):
            try:
                if self._frame.has_names():
                    return same_extras(value, self._held)
                return _same_labelling(value, self._held)
            except NoTokenError:
                return False
        if not is_same_memory(value, self._held):
            return False
        if self._frame is not None:  # in other objects: find those the next time
            self._frame = private.FrameMark(value)
        return True


def mark_of(value: object, held: object) -> Mark | None:
    """Mark a value of which a snapshot was just taken; ``None`` if not all memory is shared.

    Cheaper than to compare value and snapshot: only what a snapshot may copy is looked at.
    """
    try:
        if type(value) is pd.DataFrame:
            is_shared = private.COPY_ON_WRITE and _is_shared_frame(value, held)
        else:
            is_shared = _same(value, held, 0)
    except NoTokenError:
        return None
    return Mark(value, held) if is_shared else None


def _is_shared_frame(value: Any, held: Any) -> bool:
    """Tell whether a snapshot that was just taken has copies of nothing."""
    return (
        _are_shared(private.blocks_of(value), held)
        and same_index(value.index, held.index)
        and same_index(value.columns, held.columns)
        and same_extras(value, held)
    )


def _are_shared(blocks: list[tuple[Any, Any]], held: Any) -> bool:
    has_objects = False
    for _, array in blocks:
        if not private.has_leaves(array):
            return False
        has_objects |= private.is_flat_objects(array)
    if not has_objects:
        return True
    copies = (copied for _, copied in private.blocks_of(held))
    return all(
        _same_array(array, copied)
        for (_, array), copied in zip(blocks, copies, strict=True)
        if private.is_flat_objects(array)
    )


def _same_labelling(frame: Any, held: Any) -> bool:
    """Compare what may change while a frame's labels stay the same objects."""
    mine, other = frame.index, held.index
    if not (_same_names(mine, other) and _same_freq(mine, other)):
        return False
    return _same_names(frame.columns, held.columns) and same_extras(frame, held)
