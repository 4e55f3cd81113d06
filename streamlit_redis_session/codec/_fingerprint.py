"""The memory and the contents of whole values: which arrays they have, and what is in them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np
import pandas as pd

from streamlit_redis_session.codec import _memory
from streamlit_redis_session.codec import _pandas_private as private
from streamlit_redis_session.codec._leaves import (
    ARROW,
    UNKNOWN,
    array_leaves,
    arrow_regions,
    index_leaves,
    leaves_of,
    regions_of,
)
from streamlit_redis_session.codec._memory import Region, Stop
from streamlit_redis_session.codec._tokens import NoTokenError, is_immutable_column, plain_token
from streamlit_redis_session.codec._tree import MOST_DEPTH

_CONTAINERS = (dict, list, tuple, set, frozenset)


# --- memory ---------------------------------------------------------------------------------


class Together(Protocol):
    """Calls a function with every item, in several threads where there is much to read."""

    def __call__(
        self, work: Callable[[Region], bool], items: Sequence[Region], *, nbytes: int
    ) -> list[bool]:
        """Give one result for each item; ``nbytes`` are read for all of them."""


def _in_turn(work: Callable[[Region], bool], items: Sequence[Region], *, nbytes: int) -> list[bool]:
    del nbytes
    return [work(item) for item in items]


def _read(work: Callable[[Region], bool], found: list[Region], together: Together) -> bool:
    """Read memory, the largest first, and say whether any call said yes."""
    found.sort(key=lambda region: -region[0].nbytes)
    return any(together(work, found, nbytes=sum(array.nbytes for array, _ in found)))


def note_memory(value: object, *, together: Together = _in_turn) -> frozenset[_memory.Key]:
    """Read what stands in the memory of a snapshot, so far as it is not known yet, and name it.

    To be called before a value is stored. It reads at about 17 GB/s, in pieces, and lets other
    threads run meanwhile; memory that was noted before costs nothing.

    Parameters
    ----------
    together
        Reads several pieces of memory at once.
    """
    unread: list[Region] = []
    keys = _named(value, unread)
    _read(_memory.note_anew, unread, together)
    return keys


def _named(value: object, unread: list[Region]) -> frozenset[_memory.Key]:
    if type(value) is not pd.DataFrame or not private.COPY_ON_WRITE:
        return _memory.note(regions(value), unread)
    keys: list[_memory.Key] = []
    for _, array in private.blocks_of(value):
        if type(array) is np.ndarray and array.ndim == 2 and array.flags.c_contiguous:
            keys += _memory.note_rows(array, unread)
        else:
            for leaf in array_leaves(array):
                keys += _noted(leaf, unread)
    for labels in (value.index, value.columns):
        for leaf in index_leaves(labels):
            keys += _noted(leaf, unread)
    return frozenset(keys)


def _noted(leaf: Any, unread: list[Region]) -> Iterable[_memory.Key]:
    if isinstance(leaf, ARROW):
        return _memory.note_of_one(leaf, regions_of, unread)
    return _memory.note(regions_of(leaf), unread)


def check_memory(*values: object, stop: Stop | None = None) -> bool:
    """Find writes around pandas: say whether anything was written to the memory of snapshots.

    What is found gets other tokens (see :func:`identity`) and :func:`is_tampered_with` tells of
    it, so nothing stored or remembered of that memory is relied upon again.

    Parameters
    ----------
    stop
        Asked now and then whether to leave it at that.
    """
    return _memory.check(_distinct(values), stop)


def memory_of(value: object) -> frozenset[_memory.Key]:
    """Name the memory of a snapshot, as :func:`note_memory` does."""
    return frozenset(_memory.key_of(array) for array, _ in regions(value))


def check_part(
    value: object, memory: Collection[Hashable], *, together: Together = _in_turn
) -> bool:
    """Check some of the memory of a snapshot, as :func:`check_memory` does all of it."""
    if not memory:
        return False
    return _read(_memory.check_one, list(_among(value, memory)), together)


def _among(value: object, memory: Collection[Hashable]) -> Iterator[Region]:
    """Give the memory of a snapshot that is named, without a look at each other region."""
    if type(value) is not pd.DataFrame or not private.COPY_ON_WRITE:
        yield from _memory.among(regions(value), memory)
        return
    for _, array in private.blocks_of(value):
        if type(array) is np.ndarray and array.ndim == 2 and array.flags.c_contiguous:
            yield from _memory.rows_among(array, memory)
        else:
            yield from _leaves_among(array_leaves(array), memory)
    for labels in (value.index, value.columns):
        yield from _leaves_among(index_leaves(labels), memory)


def _leaves_among(leaves: Iterable[Any], memory: Collection[Hashable]) -> Iterator[Region]:
    for leaf in leaves:
        if isinstance(leaf, ARROW):
            noted = _memory.noted_of_one(leaf)
            if noted is not None and not any(key in memory for key in noted):
                continue
        yield from _memory.among(regions_of(leaf), memory)


def is_tampered_with(value: object, *, since: int) -> bool:
    """Say whether memory of a snapshot was found to be tampered with after a stamp.

    Parameters
    ----------
    since
        What :func:`memory_stamp` said before the value was stored or read.
    """
    if since == _memory.memory_stamp():
        return False
    return _memory.was_tampered_with(regions(value), since=since)


class MemorySweep:
    """A check of the memory of many snapshots, in slices; what they share is read once."""

    def __init__(self) -> None:
        self._checked: set[_memory.Key] = set()

    def leave_out(self, values: Iterable[object]) -> None:
        """Take the memory of some snapshots for checked."""
        for value in values:
            self._checked |= {_memory.key_of(array) for array, _ in regions(value)}

    def check(self, value: object, stop: Stop) -> bool:
        """Check a snapshot as :func:`check_memory` does; ``False`` when stopped before its end."""
        for region in regions(value):
            key = _memory.key_of(region[0])
            if key in self._checked:
                continue
            if stop():
                return False
            _memory.check((region,))
            self._checked.add(key)
        return True


def _distinct(values: tuple[object, ...]) -> Iterator[Region]:
    seen: set[_memory.Key] = set()
    for value in values:
        for region in regions(value):
            key = _memory.key_of(region[0])
            if key not in seen:
                seen.add(key)
                yield region


def regions(value: object) -> Iterator[Region]:
    """Give the memory that a snapshot shares with the user's value.

    Not that of NumPy arrays and of columns of mutable objects: a snapshot has copies of those.
    Without Copy-on-Write all is copied, except Arrow data.
    """
    return _regions(value, 0)


def _regions(value: Any, depth: int) -> Iterator[Region]:
    if isinstance(value, ARROW):
        yield from arrow_regions(value)
    elif type(value) in _CONTAINERS and depth < MOST_DEPTH:
        for each in value.values() if type(value) is dict else value:
            yield from _regions(each, depth + 1)
    elif private.COPY_ON_WRITE and isinstance(value, (pd.DataFrame, pd.Series, pd.Index)):
        for leaf in leaves_of(value):
            yield from regions_of(leaf)


# --- contents -------------------------------------------------------------------------------


def fingerprint(value: object) -> Hashable | None:
    """Digest what is in a value: equal fingerprints of this process mean equal contents.

    For what has no :func:`identity`: NumPy arrays, and everything on pandas 2. It reads at about
    17 GB/s, and looks at the type of every Python object.

    Returns
    -------
    Hashable or None
        ``None`` where even that cannot tell: Python objects that may be written to.
    """
    return _fingerprint(value, _Kept)


def has_fingerprint(value: object, fingerprint: Hashable) -> bool:
    """Tell whether a value has in it what a fingerprint was taken of.

    Faster than to take another one: objects that are the very same need no look.
    """
    return _fingerprint(value, _SameObjects) == fingerprint


def _fingerprint(value: Any, of_objects: _OfObjects) -> Hashable | None:
    try:
        return _content(value, 0, of_objects)
    except NoTokenError:
        return None


def _content(value: Any, depth: int, of_objects: _OfObjects) -> Hashable:
    kind = type(value)
    if kind is np.ndarray:
        return _content_of_leaf(value, of_objects)
    if kind in (list, tuple) and depth < MOST_DEPTH:
        return kind, tuple(_content(each, depth + 1, of_objects) for each in value)
    if kind is dict and depth < MOST_DEPTH:
        items = ((plain_token(k), _content(v, depth + 1, of_objects)) for k, v in value.items())
        return kind, tuple(items)
    if kind in (pd.DataFrame, pd.Series) or isinstance(value, pd.Index):
        leaves = tuple(_content_of_leaf(leaf, of_objects) for leaf in leaves_of(value))
        return kind, leaves, _extras(value)
    return plain_token(value)


def _extras(value: Any) -> Hashable:
    names: tuple[Hashable, ...]
    if isinstance(value, pd.DataFrame):
        names = (*_names(value.index), *_names(value.columns))
    elif isinstance(value, pd.Series):
        names = (plain_token(value.name), *_names(value.index))
    else:
        return _names(value)
    return names, value.flags.allows_duplicate_labels, plain_token(value.attrs)


def _names(index: Any) -> tuple[Hashable, ...]:
    freq = getattr(index, "freq", None)
    return (*map(plain_token, index.names), None if freq is None else repr(freq))


def _content_of_leaf(leaf: Any, of_objects: _OfObjects) -> Hashable:
    if isinstance(leaf, ARROW):
        return _Same(leaf), tuple(_memory.digest_of(array) for array, _ in arrow_regions(leaf))
    if leaf is UNKNOWN:
        raise NoTokenError
    if not isinstance(leaf, np.ndarray):
        return leaf  # type: ignore[no-any-return]
    layout = (leaf.shape, leaf.strides, leaf.dtype.str)
    if not leaf.dtype.hasobject:
        return layout, _memory.digest_of(leaf)
    if leaf.dtype != object:
        raise NoTokenError
    return layout, of_objects(leaf)


class _Same:
    """Equal to itself alone, and keeps what it stands for alive."""

    __slots__ = ("_what",)

    def __init__(self, what: object) -> None:
        self._what = what

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other._what is self._what

    def __hash__(self) -> int:
        return id(self._what)


class _SameObjects:
    """Stands for the very objects that an array refers to."""

    __slots__ = ("_digest",)

    def __init__(self, array: Any) -> None:
        self._digest = _memory.digest_of(array)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _SameObjects) and other._digest == self._digest

    def __hash__(self) -> int:
        return hash(self._digest)


class _Kept(_SameObjects):
    """The same; they cannot be written to, and this keeps them alive."""

    __slots__ = ("_kept",)

    def __init__(self, array: Any) -> None:
        if not is_immutable_column(array):
            raise NoTokenError
        super().__init__(array)
        self._kept = array.copy()


_OfObjects = type[_SameObjects]
