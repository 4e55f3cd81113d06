"""What stood in memory when it was stored, so that a write around pandas is noticed later.

Copy-on-Write moves what is written to, as long as the write goes through pandas. Memory that was
written to all the same is *tampered with*: from then on its tokens are other ones, so that nothing
which was stored of it before is taken for what stands there now.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt
import xxhash

Array = npt.NDArray[Any]
Key = tuple[int, tuple[int, ...], tuple[int, ...], str]
Stop = Callable[[], bool]
Region = tuple[Array, Any]
"""Memory as an array, and the object that keeps it from being used again."""

PIECE_BYTES = 2**20
"""Bytes that are read at a time: between two pieces other threads run, and a check may stop."""
PIECE_OBJECTS = 2**16
"""References that are copied at a time."""
MOST_RANGES = 256
"""Ranges of memory that are remembered as tampered with, before all memory counts as such."""

_SEED = int.from_bytes(os.urandom(8), "little")


# --- memory that was tampered with ----------------------------------------------------------


class _Tampering:
    """Ranges of memory that were written to around pandas, and when that was noticed."""

    def __init__(self) -> None:
        self.stamp = 0
        self._ranges: list[tuple[int, int, int]] = []
        self._lock = Lock()

    def note(self, start: int, stop: int) -> None:
        with self._lock:
            ranges = [r for r in self._ranges if not (start <= r[0] and r[1] <= stop)]
            if len(ranges) >= MOST_RANGES:
                ranges, start, stop = [], 0, 2**64
            ranges.append((start, stop, self.stamp + 1))
            self._ranges = ranges
            self.stamp += 1

    def since(self, stamp: int, start: int, stop: int) -> bool:
        return any(s < stop and start < e and n > stamp for s, e, n in self._ranges)

    def epoch(self, address: int) -> int:
        return max((n for start, stop, n in self._ranges if start <= address < stop), default=0)


_tampering = _Tampering()


def memory_stamp() -> int:
    """Give a mark of the present moment, for :func:`is_tampered_with`. Never goes back."""
    return _tampering.stamp


def epoch_of(address: int) -> int:
    """Count how often the memory at an address is known to have been tampered with.

    A part of every token of memory: after a write around pandas it is another one.
    """
    return _tampering.epoch(address) if _tampering.stamp else 0


def was_tampered_with(regions: Iterable[Region], *, since: int) -> bool:
    """Say whether any of these was found to be tampered with after a stamp."""
    return any(_tampering.since(since, *_bounds(array)) for array, _ in regions)


def _bounds(array: Array) -> tuple[int, int]:
    """Give the first address of an array, and the one behind its last."""
    start = stop = array.__array_interface__["data"][0]
    if array.size == 0:
        return start, start
    for length, stride in zip(array.shape, array.strides, strict=True):
        start += min(0, (length - 1) * stride)
        stop += max(0, (length - 1) * stride)
    return start, stop + array.itemsize


# --- what stood there -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Entry:
    owner: weakref.ref[Any]
    """What keeps the memory from being used again."""
    digest: bytes
    kept: Array | None
    """The objects that the array referred to: an address must not be used again."""


_known: dict[Key, _Entry] = {}


def note(regions: Iterable[Region], unread: list[Region] | None = None) -> frozenset[Key]:
    """Read what is not known yet, and name all. Do this before anything is stored of it.

    Parameters
    ----------
    unread
        Takes what would be read, for :func:`note_anew`.
    """
    keys = []
    for region in regions:
        key = key_of(region[0])
        keys.append(key)
        if _entry(key) is None:
            if unread is None:
                note_anew(region)
            else:
                unread.append(region)
    return frozenset(keys)


def note_anew(region: Region) -> bool:
    """Read memory that is not known yet; it cannot be said to have been tampered with."""
    _remember(key_of(region[0]), region, digest_of(region[0]))
    return False


def note_rows(array: Array, unread: list[Region] | None = None) -> list[Key]:
    """Do the same for each row of an array without gaps, at the cost of one look at the array."""
    keys = _keys_of_rows(array)
    for row, key in enumerate(keys):
        if _entry(key) is None:
            note([region_of(array[row])], unread)
    return keys


def _keys_of_rows(array: Array) -> list[Key]:
    interface = array.__array_interface__
    address, typestr = interface["data"][0], interface["typestr"]
    shape, (step, stride) = array.shape[1:], array.strides
    return [(address + n * step, shape, (stride,), typestr) for n in range(len(array))]


def rows_among(array: Array, memory: Collection[Hashable]) -> Iterator[Region]:
    """Give those rows of an array without gaps that are named."""
    for row, key in enumerate(_keys_of_rows(array)):
        if key in memory:
            yield region_of(array[row])


def among(regions: Iterable[Region], memory: Collection[Hashable]) -> Iterator[Region]:
    """Give those regions that are named."""
    return (region for region in regions if key_of(region[0]) in memory)


_noted_by_id: dict[int, tuple[weakref.ref[Any], frozenset[Key]]] = {}
"""What is immutable, and the memory that it shows; equality of Arrow data would compare it."""


def _forgetting(identity: int) -> Callable[[Any], None]:
    def forget(gone: weakref.ref[Any]) -> None:
        entry = _noted_by_id.get(identity)
        if entry is not None and entry[0] is gone:
            _noted_by_id.pop(identity, None)

    return forget


def noted_of_one(owner: Any) -> frozenset[Key] | None:
    """Give the memory of an immutable object that was looked at before."""
    known = _noted_by_id.get(id(owner))
    return known[1] if known is not None and known[0]() is owner else None


def note_of_one(
    owner: Any,
    regions_of: Callable[[Any], Iterable[Region]],
    unread: list[Region] | None = None,
) -> frozenset[Key]:
    """Do the same for the memory of an immutable object, which is looked at only once."""
    known = noted_of_one(owner)
    if known is not None:
        return known
    count = len(unread or ())
    keys = note(regions_of(owner), unread)
    if len(unread or ()) == count:  # what is still to be read is not known yet
        _noted_by_id[id(owner)] = weakref.ref(owner, _forgetting(id(owner))), keys
    return keys


def check(regions: Iterable[Region], stop: Stop | None = None) -> bool:
    """Read memory anew; what holds something else than before counts as tampered with.

    Parameters
    ----------
    regions
        Held memory; what is not known yet becomes known.
    stop
        Asked between the regions; what has not been read by then counts as unchanged.

    Returns
    -------
    bool
        Whether any of it was tampered with.
    """
    found = False
    for region in regions:
        if stop is not None and stop():
            break
        found |= check_one(region)
    return found


def check_one(region: Region) -> bool:
    """Read memory anew, see :func:`check`."""
    key = key_of(region[0])
    entry, digest = _entry(key), digest_of(region[0])
    if entry is not None and entry.digest == digest:
        return False
    _remember(key, region, digest)
    if entry is not None:
        _tampering.note(*_bounds(region[0]))
    return entry is not None


def key_of(array: Array) -> Key:
    """Name the memory that an array shows."""
    interface = array.__array_interface__
    return interface["data"][0], array.shape, array.strides, interface["typestr"]


def _entry(key: Key) -> _Entry | None:
    entry = _known.get(key)
    return entry if entry is not None and entry.owner() is not None else None


def _remember(key: Key, region: Region, digest: bytes) -> None:
    array, owner = region

    def forget(gone: weakref.ref[Any]) -> None:
        entry = _known.get(key)
        if entry is not None and entry.owner is gone:
            _known.pop(key, None)

    _known[key] = _Entry(weakref.ref(owner, forget), digest, _kept(array))


def _kept(array: Array) -> Array | None:
    if array.dtype != object:
        return None
    kept = np.empty(array.size, dtype=object)
    flat = _flat(array)
    flat = array.reshape(-1) if flat is None else flat
    for start in range(0, len(kept), PIECE_OBJECTS):
        kept[start : start + PIECE_OBJECTS] = flat[start : start + PIECE_OBJECTS]
    return kept


def region_of(array: Array) -> Region:
    """Pair an array with the one whose memory it shows; views of that come and go."""
    owner = array
    while isinstance(owner.base, np.ndarray):
        owner = owner.base
    return array, owner


# --- reading --------------------------------------------------------------------------------


def digest_of(array: Array) -> bytes:
    """Digest what stands in an array; of Python objects, which ones they are."""
    if array.nbytes <= PIECE_BYTES and array.flags.c_contiguous and not array.dtype.hasobject:
        return xxhash.xxh3_128_digest(array.reshape(-1).view(np.uint8).data, seed=_SEED)
    state = xxhash.xxh3_128(seed=_SEED)
    for part in _pieces(_pointers(array) if array.dtype.hasobject else array):
        state.update(part)
    return state.digest()


def _pieces(array: Array) -> Iterable[memoryview]:
    flat = _flat(array)
    if flat is None:
        rows = max(1, PIECE_BYTES * len(array) // max(1, array.nbytes))
        for start in range(0, len(array), rows):
            yield np.ascontiguousarray(array[start : start + rows]).reshape(-1).view(np.uint8).data
        return
    data = flat.view(np.uint8).data
    for start in range(0, len(data), PIECE_BYTES):
        yield data[start : start + PIECE_BYTES]


def _flat(array: Array) -> Array | None:
    """View an array without gaps as one dimension, in the order of its memory."""
    if array.flags.c_contiguous:
        return array.reshape(-1)
    return array.T.reshape(-1) if array.flags.f_contiguous else None


class _Pointers:
    """Shows the references of an object array as numbers."""

    def __init__(self, array: Array) -> None:
        self._array = array
        interface = array.__array_interface__
        self.__array_interface__ = {
            "version": 3,
            "data": (interface["data"][0], True),
            "shape": array.shape,
            "strides": array.strides,
            "typestr": np.dtype(np.uintp).str,
        }


def _pointers(array: Array) -> Array:
    if array.size == 0 or array.dtype != object:
        return np.empty(0, dtype=np.uintp)
    return np.asarray(_Pointers(array))
