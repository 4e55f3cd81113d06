"""Values held in memory: what they are stored as, and how many are remembered."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest
from threading import Lock
from typing import overload

import numpy as np

from streamlit_redis_session import codec
from streamlit_redis_session.chunks import Manifest, Plan, Selections, StoredColumn, StoredPart
from streamlit_redis_session.codec import Column, FixedColumn, Part
from streamlit_redis_session.objects import ManifestId

Pair = tuple[Column, StoredColumn]

MOST_VALUES = 256
"""Values that are remembered, however small: each is hundreds of objects for Python's collection
of garbage to look at, beside memory that it shares with others."""


class Held:
    """A value as it was stored or read, held so that later edits can be told from it.

    ``value`` is a snapshot that nobody writes to: give away ``codec.snapshot(value)``.
    """

    def __init__(
        self,
        value: object,
        manifest_id: ManifestId,
        manifest: Manifest,
        parts: Sequence[Part] | None = None,
        selections: Selections | None = None,
        *,
        stamp: int | None = None,
        memory: frozenset[Hashable] | None = None,
    ) -> None:
        self._stamp = codec.memory_stamp() if stamp is None else stamp
        self.value = value
        self.manifest_id = manifest_id
        self.manifest = manifest
        self.selections = selections or Selections()
        self._is_noted = memory is not None
        if parts is not None:
            self.parts = tuple(parts)
        if memory is not None:
            self.memory = memory

    @property
    def is_intact(self) -> bool:
        """Whether the value still is what is stored: nobody is known to have written to it."""
        return not codec.is_tampered_with(self.value, since=self._stamp)

    def note(self) -> None:
        """See to it that a write around pandas to the value's memory is noticed from now on."""
        if not self._is_noted:
            self.memory = codec.note_memory(self.value)
        self._is_noted = True  # it stays so while this holds the memory

    @cached_property
    def memory(self) -> frozenset[Hashable]:
        """Names of the memory that the value shares with the user's, see ``codec.memory_of``."""
        return codec.memory_of(self.value)

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The value's parts, each beside that of the manifest; none where they do not agree."""
        parts = codec.lay_out(self.value).parts
        stored = self.manifest.parts
        is_same = len(parts) == len(stored) and parts[0].description == stored[0].description
        return parts if is_same else ()

    @cached_property
    def by_token(self) -> Mapping[Hashable, StoredPart]:
        """Pair the memory of the value's parts with what is stored of them."""
        pairs = zip(self.parts, self.manifest.parts, strict=False)
        return {part.token: stored for part, stored in pairs if part.token is not None}

    def as_plan(self) -> Plan:
        """Give what would store the value again: all of it is taken for stored, until looked at."""
        parts = self.parts
        kept = frozenset(range(len(self.manifest.parts) if parts else 0))
        return Plan(self.manifest, self.manifest_id, {}, parts=parts, kept=kept)

    def columns(self) -> Pairs:
        """Pair the value's columns with what is stored of them."""
        return Pairs(self.parts, self.manifest.parts)

    def release(self) -> None:
        """Let go of what was made while encoding."""
        for part in self.parts[1:]:
            part.release()


class Pairs(Sequence[Pair]):
    """Columns of a value beside what is stored of them; a part is taken apart when looked at."""

    def __init__(self, parts: Sequence[Part], stored: Sequence[StoredPart]) -> None:
        self._parts = parts
        self._places = [
            (number, ordinal, column)
            for number, part in enumerate(stored if parts else ())
            for ordinal, column in enumerate(part.columns)
        ]

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, place: int) -> Pair: ...

    @overload
    def __getitem__(self, place: slice) -> list[Pair]: ...

    def __getitem__(self, place: int | slice) -> Pair | list[Pair]:
        if isinstance(place, slice):
            return [self._pair(*each) for each in self._places[place]]
        return self._pair(*self._places[place])

    def __iter__(self) -> Iterator[Pair]:
        return (self._pair(*each) for each in self._places)

    def _pair(self, number: int, ordinal: int, stored: StoredColumn) -> Pair:
        columns = self._parts[number].columns
        if ordinal < len(columns) and columns[ordinal].spec() == stored.spec:
            return columns[ordinal], stored
        return _NOTHING, stored  # encoded otherwise today: it is like no column


_NOTHING = FixedColumn(np.empty(0, dtype=np.bool_))


class ValueCache:
    """Recently stored and read values, at most so many, and so many bytes; for all sessions.

    Parts that several values share (an edit leaves the others where they are) count once.
    """

    def __init__(self, most_bytes: int, *, most_values: int = MOST_VALUES) -> None:
        self._most_bytes = most_bytes
        self._most_values = most_values
        self._held: OrderedDict[ManifestId, Held] = OrderedDict()
        self._shares: dict[int, _Share] = {}
        """By the ``id`` of the stored part, which the values keep alive."""
        self._lenders: dict[tuple[int, bytes], tuple[Held, int]] = {}
        """By rows of a chunk and the bytes of the stored part."""
        self._bytes = 0
        self._lock = Lock()
        self._unswept: deque[ManifestId] = deque()
        self._is_due_again = False
        self._sweep = codec.MemorySweep()

    def get(self, manifest_id: ManifestId) -> Held | None:
        """Look a value up and mark it as recently used."""
        with self._lock:
            held = self._held.get(manifest_id)
            if held is not None and not held.is_intact:
                self._discharge(self._held.pop(manifest_id))
                return None
            if held is not None:
                self._held.move_to_end(manifest_id)
            return held

    def put(self, held: Held) -> None:
        """Remember a value; the least recently used go when there are too many, or too large."""
        parts = held.parts  # outside of the lock: it may take a moment
        with self._lock:
            old = self._held.pop(held.manifest_id, None)
            if old is not None:
                self._discharge(old)
            nbytes = self._charge(held, parts)
            self._held[held.manifest_id] = held
            if nbytes > self._most_bytes:
                self._discharge(self._held.pop(held.manifest_id))
            while self._bytes > self._most_bytes or len(self._held) > self._most_values:
                self._discharge(self._held.popitem(last=False)[1])

    def all(self) -> list[Held]:
        """Give all values that are remembered and still what is stored."""
        with self._lock:
            return [held for held in self._held.values() if held.is_intact]

    def clear(self) -> None:
        """Forget everything: the next look reads from the store."""
        with self._lock:
            self._held.clear()
            self._shares.clear()
            self._lenders.clear()
            self._bytes = 0

    # writes around pandas to what nobody shows

    def start_sweep(self) -> None:
        """Have the memory of all values looked at anew; once more, if that is under way."""
        with self._lock:
            self._is_due_again = bool(self._unswept)
            if not self._is_due_again:
                self._begin_sweep()

    def _begin_sweep(self) -> None:
        self._unswept = deque(self._held)
        self._sweep = codec.MemorySweep()

    def sweep(self, stop: Callable[[], bool], *, but: Iterable[object] = ()) -> bool:
        """Go on until ``stop`` says so; say whether all has been looked at.

        Values that were written to around pandas are given to nobody any more. The memory of
        the snapshots in ``but`` is left out.
        """
        self._sweep.leave_out(but)
        while True:
            with self._lock:
                if not self._unswept:
                    break
                held = self._held.get(self._unswept[0])
            if held is not None and not self._sweep.check(held.value, stop):
                return False
            with self._lock:
                self._unswept.popleft()
        with self._lock:
            is_done, self._is_due_again = not self._is_due_again, False
            if not is_done:
                self._begin_sweep()
        return is_done

    def lenders(self, manifest: Manifest) -> dict[int, tuple[Held, int]]:
        """Find values that have some of a manifest's parts in memory, and their numbers there."""
        rows = manifest.rows_per_chunk
        with self._lock:
            found = {
                number: self._lenders.get((rows, part.data))
                for number, part in enumerate(manifest.parts)
            }
        return {
            number: lender
            for number, lender in found.items()
            if lender is not None and lender[0].is_intact
        }

    def _charge(self, held: Held, parts: Sequence[Part]) -> int:
        """Count a value's parts, and give the memory of all of them."""
        nbytes = 0
        for number, (stored, part) in enumerate(zip_longest(held.manifest.parts, parts)):
            if part is not None and part.lend is not None:
                self._lenders[held.manifest.rows_per_chunk, stored.data] = (held, number)
            share = self._shares.get(id(stored))
            if share is None:
                size = stored.nbytes if part is None else part.nbytes
                share = self._shares[id(stored)] = _Share(size)
                self._bytes += size
            share.users += 1
            nbytes += share.nbytes
        return nbytes

    def _discharge(self, held: Held) -> None:
        for stored in held.manifest.parts:
            share = self._shares[id(stored)]
            share.users -= 1
            if not share.users:
                del self._shares[id(stored)]
                self._bytes -= share.nbytes
            name = (held.manifest.rows_per_chunk, stored.data)
            if self._lenders.get(name, (None, 0))[0] is held:
                del self._lenders[name]


@dataclass
class _Share:
    """Memory that values have in common."""

    nbytes: int
    users: int = 0
