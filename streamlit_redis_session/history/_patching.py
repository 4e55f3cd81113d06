"""What a new value has in common with the one before but for some elements: edits of cells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from itertools import islice

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from streamlit_redis_session.chunks import (
    MOST_PATCHED_ROWS,
    Chunker,
    FoundColumn,
    Patch,
    Selections,
    StoredColumn,
    pack_rows,
    values_at,
)
from streamlit_redis_session.codec import Column, VarColumn
from streamlit_redis_session.codec.differences import changed_rows

Positions = npt.NDArray[np.int64]
Pair = tuple[Column, StoredColumn]

SMALL_BYTES = 16 * 1024
"""A column of at most this is stored as it is: it costs hardly more than a patch."""
MOST_SHARE = 16
"""At most one row in so many is patched: more would have to be put in at every reading."""
LEAST_SAVING = 4
"""A patch must be this many times smaller than the chunks that it spares."""
FEW_BYTES = 4 * 1024
"""So little is counted as it is, without asking what compression makes of it."""
MOST_INLINE_BYTES = 1024
"""A patch of at most this stands in the manifest: a few edits need no chunk."""
_CLEARLY = 64
"""A patch so many times smaller pays, however well the chunks would compress."""
_SAMPLE_ROWS = 64
_SAMPLE_BYTES = 64 * 1024
_MOST_MISSES = 12
"""Base columns in other places that a sample of rows may speak against, for one column..."""
_MOST_MISSES_IN_ALL = 48
"""...and for all columns together: when rows were moved, none is an edit."""
_MOST_COMPARED = 2
"""Base columns compared in full with one column."""


def find_patches(
    wanted: Mapping[int, Column],
    base: Sequence[Pair],
    chunker: Chunker,
    selections: Selections | None = None,
) -> dict[int, FoundColumn]:
    """Find the columns that are edits of stored ones, and what has to be stored of them.

    Every find was compared bit by bit. The chunks of ``base`` must be cut as the chunker cuts.

    Parameters
    ----------
    wanted
        New columns by ordinal.
    base
        Columns of the value before by ordinal, and what is stored of them.
    selections
        Positions that the value before knows; new ones are added. Without it, a patch upon a
        patch is found only where the positions of the first stand in the manifest.
    """
    return _Search(base, chunker, selections or Selections()).run(wanted)


@dataclass
class _Search:
    base: Sequence[Pair]
    chunker: Chunker
    selections: Selections
    found: dict[int, FoundColumn] = field(default_factory=dict)
    shift: int = 0
    """How far from its place the last column was found: others were inserted or dropped."""
    misses: int = 0

    @cached_property
    def places(self) -> dict[str, list[int]]:
        """Places of base columns by their spec."""
        found: dict[str, list[int]] = {}
        for place, (before, _) in enumerate(self.base):
            found.setdefault(str(before.spec()), []).append(place)
        return found

    def run(self, wanted: Mapping[int, Column]) -> dict[int, FoundColumn]:
        for ordinal, column in wanted.items():
            if column.nbytes <= SMALL_BYTES:
                self._find_same(ordinal, column)
            elif column.rows < MOST_PATCHED_ROWS:
                self._find(ordinal, column)
        return self.found

    def _find_same(self, ordinal: int, column: Column) -> None:
        """Find that a small column is what it was: otherwise it would be stored in another way."""
        if ordinal >= len(self.base):
            return
        before, stored = self.base[ordinal]
        if _is_plain(stored) or before.spec() != column.spec():
            return
        if changed_rows(before, column, most=0) is not None:
            self.found[ordinal] = FoundColumn(stored, None, changed_rows=0)

    def _find(self, ordinal: int, column: Column) -> None:
        most = column.rows // MOST_SHARE
        for place in islice(self._candidates(ordinal, column), _MOST_COMPARED):
            positions = changed_rows(self.base[place][0], column, most=most)
            if positions is not None:
                # compared with the column in its own place alone, it is known under one name
                changed = len(positions) if place == ordinal else None
                self.shift = place - ordinal
                self._put(ordinal, column, self.base[place], positions, changed)
                return

    def _candidates(self, ordinal: int, column: Column) -> Iterator[int]:
        """Give places of base columns: the same, then those that a sample of rows speaks for."""
        spec, misses = column.spec(), 0
        if ordinal < len(self.base) and self.base[ordinal][0].spec() == spec:
            yield ordinal
        for place in _outwards(ordinal, self.shift, self.places.get(str(spec), [])):
            if _is_like(self.base[place][0], column):
                yield place
                continue
            misses += 1
            self.misses += 1
            if misses >= _MOST_MISSES or self.misses >= _MOST_MISSES_IN_ALL:
                return

    def _put(
        self, ordinal: int, column: Column, pair: Pair, positions: Positions, changed: int | None
    ) -> None:
        stored = pair[1]
        if not len(positions):
            base = column if _is_plain(stored) else None
            self.found[ordinal] = FoundColumn(stored, base, changed_rows=changed)
            return
        merged = None if _is_affine(stored) else self._merged(stored, column.rows, positions)
        if merged is not None and len(merged) * MOST_SHARE <= column.rows:
            self._patch(ordinal, column, pair, merged, changed)

    def _patch(
        self, ordinal: int, column: Column, pair: Pair, merged: Positions, changed: int | None
    ) -> None:
        before, stored = pair
        form, packed = pack_rows(merged, column.rows)
        values = values_at(column, merged)
        spared = self._spared(column, stored, merged)
        written = packed.nbytes + values.nbytes
        if stored.patch is not None:
            written += self.selections.patch_written(stored.patch, column.rows)
            if written > spared:  # it was written so often that the chunks cost no more
                return
        if not self._pays((packed, values), column, merged, spared):
            return
        store = partial(self.chunker.store_side, most_inline=MOST_INLINE_BYTES)
        sides = tuple((store(side), side) for side in (packed, values))
        patch = Patch(form, sides[0][0], sides[1][0])
        self.selections.add_patch(patch, column.rows, merged, written=written)
        # without a selection, the bytes are those of the pieces
        nbytes = stored.nbytes if stored.selection is None else column.nbytes
        self.found[ordinal] = FoundColumn(
            replace(stored, nbytes=nbytes, patch=patch),
            before if _is_plain(stored) else None,
            sides,
            changed_rows=changed,
        )

    def _merged(self, stored: StoredColumn, rows: int, positions: Positions) -> Positions | None:
        """Give the positions of a patch in the place of the one there is; its chunks stay."""
        if stored.patch is None:
            return positions
        known = self.selections.patch_positions(stored.patch, rows)
        return None if known is None else np.union1d(known, positions)

    def _spared(self, column: Column, stored: StoredColumn, positions: Positions) -> int:
        """Say how many bytes would be written otherwise, uncompressed."""
        if stored.selection is not None:
            return column.nbytes
        rows = self.chunker.rows_per_chunk
        return min(column.nbytes, len(np.unique(positions // rows)) * self._chunk_bytes(column))

    def _chunk_bytes(self, column: Column) -> int:
        return column.nbytes * min(self.chunker.rows_per_chunk, column.rows) // column.rows

    def _pays(
        self, sides: tuple[Column, Column], column: Column, positions: Positions, spared: int
    ) -> bool:
        """Weigh a patch against the chunks that would be written otherwise.

        It must not be larger than a chunk: the next edit of the column writes it anew.
        """
        if sum(side.nbytes for side in sides) * _CLEARLY <= spared:
            return True
        cost = sum(map(_compressed, sides))
        if cost * LEAST_SAVING > spared or cost > self._chunk_bytes(column):
            return False
        if cost * _CLEARLY <= spared:
            return True
        rows = self.chunker.rows_per_chunk
        return cost * LEAST_SAVING <= spared * _ratio(column, int(positions[0]) // rows * rows)


def _outwards(ordinal: int, shift: int, places: list[int]) -> list[int]:
    """Order places by how far they are from the likely one, without the column's own."""
    others = (place for place in places if place != ordinal)
    return sorted(others, key=lambda place: abs(place - ordinal - shift))


def _is_like(before: Column, column: Column) -> bool:
    """Tell from a sample of rows, spread over all, whether most are equal."""
    sample = np.arange(_SAMPLE_ROWS, dtype=np.int64) * column.rows // _SAMPLE_ROWS
    most = _SAMPLE_ROWS // 2
    if isinstance(before, VarColumn) and isinstance(column, VarColumn):
        lengths = [c.offsets[sample + 1] - c.offsets[sample] for c in (before, column)]
        if np.count_nonzero(lengths[0] != lengths[1]) > most:
            return False
    mine, theirs = values_at(before, sample), values_at(column, sample)
    return changed_rows(mine, theirs, most=most) is not None


def _is_plain(stored: StoredColumn) -> bool:
    return stored.selection is None and stored.patch is None


def _is_affine(stored: StoredColumn) -> bool:
    return stored.selection is not None and stored.selection.affine is not None


def _compressed(column: Column) -> int:
    """Say how many bytes a side column takes, roughly."""
    if column.nbytes <= FEW_BYTES:
        return column.nbytes
    return _zstd(bytes(column.piece(0, column.rows)))


def _ratio(column: Column, start: int) -> float:
    """Say, from some rows, to which part compression brings a column."""
    rows = max(1, _SAMPLE_BYTES * column.rows // column.nbytes)
    piece = bytes(column.piece(start, min(start + rows, column.rows)))
    return _zstd(piece) / max(1, len(piece))


def _zstd(content: bytes) -> int:
    return len(pa.compress(content, codec="zstd", asbytes=True))
