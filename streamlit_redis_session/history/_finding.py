"""What stored columns stand for the columns of a new value: the same rows, or some of them."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from streamlit_redis_session import codec
from streamlit_redis_session.chunks import (
    Chunker,
    FoundColumn,
    Selection,
    Selections,
    StoredColumn,
    affine_of,
    comes_from,
    may_come_from,
)
from streamlit_redis_session.codec import Column, FixedColumn
from streamlit_redis_session.codec.positions import candidates

Positions = npt.NDArray[np.int64]
Pair = tuple[Column, StoredColumn]

LEAST_BYTES = 256 * 1024
"""Less is stored as it is: positions would not pay."""
MOST_THINNING = 8
"""A selection of less than an eighth of its base is stored as it is: reading it would cost more
than storing it saves."""
LEAST_SAVING = 4
"""Positions must be this many times smaller than what they stand for."""
_THREADS = 2
_MOST_TRIES = 40
"""Base columns compared, by a sample of rows, with one column."""


@dataclass
class Finder:
    """Looks for one value's columns among those of the value that it was made from."""

    chunker: Chunker
    base: Sequence[Pair]
    """Columns of the value before, and what is stored of them."""
    selections: Selections
    """Positions that the value before knows; new ones are added."""
    found: dict[int, FoundColumn] = field(default_factory=dict)
    _packed: dict[Hashable, tuple[str, FixedColumn, StoredColumn]] = field(default_factory=dict)
    _compositions: dict[Hashable, Positions] = field(default_factory=dict)
    _base_rows: int = 0
    _stands_for_bytes: int = 0
    _alive: list[Positions] = field(default_factory=list)
    """Keeps arrays that are known by their ``id`` from being replaced by others."""

    def find(
        self, wanted: Mapping[int, Column], before: object, after: object
    ) -> dict[int, FoundColumn]:
        """Find what stands for the wanted columns, by ordinal; what is missing has to be stored.

        Every find was compared element by element.
        """
        self._find_same(wanted)
        self._base_rows = codec.describe_shape(before)[0] or 0
        left = {n: c for n, c in wanted.items() if n not in self.found}
        for positions in candidates(before, after):
            if sum(c.nbytes for c in left.values()) < LEAST_BYTES:
                break
            self._alive.append(positions)
            if self._find_selected(left, positions):
                break
        return self.found

    def _find_same(self, wanted: Mapping[int, Column]) -> None:
        """Find columns whose rows are those of a base that is itself a selection.

        Only those: a plain column of the same content gets the same chunks by itself.
        """
        for ordinal, column in wanted.items():
            if ordinal >= len(self.base):
                continue
            base, stored = self.base[ordinal]
            if stored.selection is not None and is_equal(base, column):
                self.found[ordinal] = FoundColumn(stored, None)

    def _find_selected(self, wanted: Mapping[int, Column], positions: Positions) -> bool:
        """Find selections at these positions; ``False`` when none pays."""
        rows = {n: c for n, c in wanted.items() if c.rows == len(positions)}
        matches = dict(self._matches(rows, positions))
        self._stands_for_bytes = sum(rows[n].nbytes for n in matches)
        if self._stands_for_bytes < LEAST_BYTES:
            return False
        for ordinal, (base, stored) in matches.items():
            self._select(ordinal, rows[ordinal], base, stored, positions)
        for ordinal, column in rows.items():
            affine = affine_of(positions, column) if ordinal not in matches else None
            if affine is not None:
                self._select_affine(ordinal, column, positions, affine)
        return any(n in self.found for n in matches)

    def _matches(
        self, wanted: Mapping[int, Column], positions: Positions
    ) -> Iterator[tuple[int, Pair]]:
        """Pair columns with base columns, and compare each pair in full, two at a time."""
        guesses = list(self._guesses(wanted, positions))
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="srs-compare") as pool:
            verdicts = pool.map(
                lambda guess: comes_from(guess[1][0], positions, wanted[guess[0]]), guesses
            )
            yield from (g for g, is_right in zip(guesses, verdicts, strict=True) if is_right)

    def _guesses(
        self, wanted: Mapping[int, Column], positions: Positions
    ) -> Iterator[tuple[int, Pair]]:
        """Pair columns by a sample of rows: mostly in the same order, some left out or added."""
        expected = 0
        for ordinal, column in wanted.items():
            order = [*range(expected, len(self.base)), *range(expected)][:_MOST_TRIES]
            for place in order:
                base = self.base[place][0]
                if self.base[place][1].patch is not None:
                    continue
                if base.rows == self._base_rows and may_come_from(base, positions, column):
                    expected = place + 1
                    yield ordinal, self.base[place]
                    break

    def _select(
        self,
        ordinal: int,
        column: Column,
        base: Column,
        stored: StoredColumn,
        positions: Positions,
    ) -> None:
        """Store a column as a selection; of the base's base where that is a selection itself."""
        inner = stored.selection
        if inner is None:
            self._put(ordinal, column, stored, base, positions, base.rows, base.nbytes)
            return
        outer = self.selections.positions(inner, stored.spec["rows"])
        if outer is not None:
            composed = self._composed(inner, outer, positions)
            self._put(ordinal, column, stored, None, composed, inner.base_rows, inner.base_nbytes)

    def _composed(self, inner: Selection, outer: Positions, positions: Positions) -> Positions:
        key = ("composed", inner.positions.key, id(positions))
        known = self._compositions.get(key)
        if known is None:
            known = self._compositions[key] = outer[positions]
        return known

    def _select_affine(
        self,
        ordinal: int,
        column: Column,
        positions: Positions,
        affine: tuple[int, int],
    ) -> None:
        blank = StoredColumn(column.spec(), column.nbytes)
        rows = self._base_rows
        self._put(ordinal, column, blank, None, positions, rows, 8 * rows, affine)

    def _put(  # noqa: PLR0913, PLR0917 - one selection's facts
        self,
        ordinal: int,
        column: Column,
        stored: StoredColumn,
        base: Column | None,
        positions: Positions,
        base_rows: int,
        base_nbytes: int,
        affine: tuple[int, int] | None = None,
    ) -> None:
        if len(positions) * MOST_THINNING < base_rows:
            return
        form, packed, kept = self._pack(positions, base_rows)
        if packed.nbytes * LEAST_SAVING > self._stands_for_bytes:
            return
        if affine is None and stored.selection is not None:
            affine = stored.selection.affine
        selection = Selection(form, kept, base_rows, base_nbytes, affine)
        chosen = StoredColumn(
            column.spec(), column.nbytes, stored.chunk_ids, stored.inline, selection
        )
        self.selections.add(kept, positions)
        self.found[ordinal] = FoundColumn(chosen, base, ((kept, packed),))

    def _pack(self, positions: Positions, base_rows: int) -> tuple[str, FixedColumn, StoredColumn]:
        key = (id(positions), base_rows)
        if key not in self._packed:
            self._packed[key] = self.chunker.store_positions(positions, base_rows)
        return self._packed[key]


def is_equal(base: Column, column: Column) -> bool:
    """Compare two columns bit by bit."""
    if base.spec() != column.spec():
        return False
    return comes_from(base, np.arange(base.rows, dtype=np.int64), column)
