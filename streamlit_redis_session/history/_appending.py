"""Appended rows: a new value begins as the one before and has some rows more."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from streamlit_redis_session.chunks import (
    Chunker,
    FoundColumn,
    Patch,
    PatchForm,
    Rows,
    Run,
    Selection,
    Selections,
    StoredColumn,
    pack_rows,
    same_bytes,
    values_at,
)
from streamlit_redis_session.codec import Column, FixedColumn, SegmentedColumn, VarColumn
from streamlit_redis_session.codec.differences import changed_rows
from streamlit_redis_session.history._patching import Pair, Positions

_Packed = tuple[PatchForm, FixedColumn, StoredColumn]
Sides = tuple[tuple[StoredColumn, Column], ...]

SMALL_BYTES = 2 * 1024
"""A column of at most this is stored as it is."""
MOST_SHARE = 16
"""At most one row in so many of those that would be written otherwise is patched."""


def find_appended(
    wanted: Mapping[int, Column], base: Sequence[Pair], chunker: Chunker, selections: Selections
) -> dict[int, FoundColumn]:
    """Find columns that begin as the stored one in their place, and have a few rows more.

    What is stored then is the rows of before, row 0 in the places of the new ones, and a patch
    that brings those: otherwise all rows of the last chunk would be written again. Every find was
    compared bit by bit.

    Parameters
    ----------
    wanted
        New columns by ordinal.
    base
        Columns of the value before by ordinal, and what is stored of them.
    selections
        Positions that the value before knows; new ones are added.
    """
    search = _Search(chunker, selections)
    found = {n: search.find(column, *base[n]) for n, column in wanted.items() if n < len(base)}
    return {n: each for n, each in found.items() if each is not None}


@dataclass
class _Search:
    chunker: Chunker
    selections: Selections
    _written: dict[Hashable, tuple[Selection, FixedColumn]] = field(default_factory=dict)
    _packed: dict[Hashable, tuple[PatchForm, FixedColumn, StoredColumn]] = field(
        default_factory=dict
    )

    def find(self, column: Column, before: Column, stored: StoredColumn) -> FoundColumn | None:
        """Give what stands for a column, if there is something, and it pays."""
        if column.nbytes <= SMALL_BYTES or before.rows >= column.rows:
            return None
        places = self._places(column, before, stored)
        if places is None or not _begins_as(before, column):
            return None
        selection = self._selection(column, before, stored)
        if selection is None:
            return None
        patch, sides = self._patch(column, before, stored, places)
        is_plain = stored.selection is None and stored.patch is None
        return FoundColumn(
            StoredColumn(
                column.spec(),
                column.nbytes,
                stored.chunk_ids,
                stored.inline,
                selection[0],
                patch,
            ),
            before if is_plain else None,
            ((selection[0].positions, selection[1]), *sides),
        )

    def _patch(
        self, column: Column, before: Column, stored: StoredColumn, places: Positions
    ) -> tuple[Patch, Sides]:
        """Bring the elements of the new rows, and of those that a patch has brought before."""
        key = (before.rows, None if stored.patch is None else places.tobytes())
        if key not in self._packed:
            form, packed = pack_rows(places, column.rows)
            self._packed[key] = form, packed, self.chunker.store_side(packed)
        form, packed, kept = self._packed[key]
        if stored.patch is None:
            values = _cut(column, before.rows, column.rows)
        else:
            values = values_at(column, places)
        patch = Patch(form, kept, self.chunker.store_side(values))
        self.selections.add_patch(patch, column.rows, places)
        return patch, ((kept, packed), (patch.values, values))

    def _places(self, column: Column, before: Column, stored: StoredColumn) -> Positions | None:
        """Say which rows a patch has to bring; ``None``: too many, or not known."""
        start = before.rows // self.chunker.rows_per_chunk * self.chunker.rows_per_chunk
        otherwise = column.rows - start if stored.selection is None else column.rows
        if (column.rows - before.rows) * MOST_SHARE > otherwise:
            return None
        places = np.arange(before.rows, column.rows, dtype=np.int64)
        if stored.patch is not None:
            known = self.selections.patch_positions(stored.patch, before.rows)
            if known is None:
                return None
            places = np.concatenate((known, places))
        return places if len(places) * MOST_SHARE <= otherwise else None

    def _selection(
        self, column: Column, before: Column, stored: StoredColumn
    ) -> tuple[Selection, FixedColumn] | None:
        """Choose the rows of before and, as often as there are new ones, row 0."""
        inner = stored.selection
        key = (before.rows, None if inner is None else (inner.form, inner.positions.key))
        base_rows = before.rows if inner is None else inner.base_rows
        base_nbytes = stored.nbytes if inner is None else inner.base_nbytes
        if inner is not None and inner.affine is not None:
            return None
        if key not in self._written:
            kept: Rows | None
            kept = (
                Run(0, before.rows) if inner is None else self.selections.rows(inner, before.rows)
            )
            if kept is None:
                return None
            more = np.zeros(column.rows - before.rows, dtype=np.int64)
            rows = Rows(np.concatenate((kept.positions, more)))
            form, packed, positions = self.chunker.store_positions(rows, base_rows)
            selection = Selection(form, positions, base_rows, 0)
            self.selections.add(selection, rows)
            self._written[key] = selection, packed
        selection, packed = self._written[key]
        return replace(selection, base_nbytes=base_nbytes), packed


def _begins_as(before: Column, column: Column) -> bool:
    """Compare the rows that both have, bit by bit."""
    head = _cut(column, 0, before.rows)
    if isinstance(before, FixedColumn) and isinstance(head, FixedColumn):
        return before.values.dtype == head.values.dtype and same_bytes(before.values, head.values)
    return changed_rows(before, head, most=0) is not None


def _cut(column: Column, start: int, stop: int) -> Column:
    """See some rows of a column, one behind the other, as one; nothing is copied."""
    if isinstance(column, FixedColumn):
        return FixedColumn(column.values[start:stop], column.frozen)
    if isinstance(column, VarColumn):
        return VarColumn(column.offsets[start : stop + 1], column.data, column.frozen)
    assert isinstance(column, SegmentedColumn)
    segments, at = [], 0
    for segment in column.segments:
        first, last = max(start - at, 0), min(stop - at, segment.rows)
        if first < last:
            cut = VarColumn(segment.offsets[first : last + 1], segment.data, segment.frozen)
            segments.append(cut)
        at += segment.rows
    return segments[0] if len(segments) == 1 else SegmentedColumn(tuple(segments))
