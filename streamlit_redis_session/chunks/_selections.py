"""Positions of selections and patches that are known, and the columns that they make."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TypeAlias

from streamlit_redis_session.chunks._manifest import Manifest
from streamlit_redis_session.chunks._patch import apply_patch, unpack_rows
from streamlit_redis_session.chunks._selection import (
    Positions,
    Rows,
    affine_column,
    take,
    unpack,
)
from streamlit_redis_session.chunks._stored import Patch, Selection, StoredColumn
from streamlit_redis_session.codec import Column, column_from_pieces
from streamlit_redis_session.errors import CorruptDataError

_SideKey: TypeAlias = tuple[str, Hashable, int]
"""Form and side column of some positions, and the rows of what they count."""


class Selections:
    """Positions of a value's selections and patches, unpacked when asked for and remembered."""

    def __init__(self, packed: Mapping[Hashable, Column] | None = None) -> None:
        self._packed = dict(packed or {})
        self._rows: dict[_SideKey, Rows] = {}
        self._patched: dict[_SideKey, Positions] = {}
        self._written: dict[_SideKey, int] = {}

    def packed(self, key: Hashable) -> Column:
        """Give a side column that was read, by its key."""
        return self._packed[key]

    def find(self, key: Hashable) -> Column | None:
        """Give a side column, if it was read."""
        return self._packed.get(key)

    def add(self, selection: Selection, rows: Rows) -> None:
        """Remember rows that are known, without what was only made to compare them."""
        key = (selection.form, selection.positions.key, selection.base_rows)
        self._rows[key] = Rows(rows.positions)

    def update(self, other: Selections) -> None:
        """Remember what another value's selections know."""
        self._packed |= other._packed
        self._rows |= other._rows
        self._patched |= other._patched
        self._written |= other._written

    def used_by(self, manifest: Manifest) -> Selections:
        """Give what a value needs, without the rows of values that it was made from."""
        keys = {side.key for side in manifest.side_columns()}
        used = Selections({key: self._packed[key] for key in keys & self._packed.keys()})
        used._rows = {key: rows for key, rows in self._rows.items() if key[1] in keys}
        used._patched = {key: rows for key, rows in self._patched.items() if key[1] in keys}
        used._written = {key: size for key, size in self._written.items() if key[1] in keys}
        return used

    def rows(self, selection: Selection, count: int) -> Rows | None:
        """Give the rows of a selection; ``None`` when they are not in memory.

        Raises
        ------
        CorruptDataError
            They are not ``count`` rows within the base.
        """
        return self._known(selection.form, selection.positions, selection.base_rows, count)

    def _known(self, form: str, positions: StoredColumn, base_rows: int, count: int) -> Rows | None:
        key = (form, positions.key, base_rows)
        known = self._rows.get(key)
        if known is None:
            packed = self._packed.get(positions.key)
            if packed is None:
                return None
            known = Rows(unpack(form, packed, base_rows=base_rows, rows=count))
            self._rows[key] = known
        return known

    def add_patch(self, patch: Patch, rows: int, unpacked: Positions, *, written: int = 0) -> None:
        """Remember where a patch of a column of ``rows`` rows stands.

        ``written`` are the bytes of it and of all the patches in whose place it came.
        """
        key = _patch_key(patch, rows)
        self._patched[key] = unpacked
        self._written[key] = written

    def patch_written(self, patch: Patch, rows: int) -> int:
        """Say how many bytes a patch and those in whose place it came have taken, at least."""
        own = patch.positions.nbytes + patch.values.nbytes
        return max(own, self._written.get(_patch_key(patch, rows), 0))

    def patch_positions(self, patch: Patch, rows: int) -> Positions | None:
        """Give the positions of a patch; ``None`` when they are not in memory."""
        key = _patch_key(patch, rows)
        if key not in self._patched:
            stored = patch.positions
            packed = self._packed.get(stored.key)
            if packed is None and stored.inline is not None:
                packed = column_from_pieces(stored.spec, [(stored.spec["rows"], stored.inline)])
            if packed is None:
                return None
            count = patch.values.spec["rows"]
            self._patched[key] = unpack_rows(patch.form, packed, rows=rows, count=count)
        return self._patched[key]


def _patch_key(patch: Patch, rows: int) -> _SideKey:
    return patch.form, patch.positions.key, rows


def chosen(column: StoredColumn, base: Column, selections: Selections) -> Column:
    """Take the rows of a column's selection, where it has one."""
    selection = column.selection
    if selection is None:
        return base
    rows = selections.rows(selection, column.spec["rows"])
    assert rows is not None
    if len(rows) != column.spec["rows"]:
        raise CorruptDataError("a row selection", "its columns have different numbers of rows")
    if selection.affine is not None:
        return affine_column(rows.positions, *selection.affine, dtype=column.spec["dtype"])
    return take(base, rows)


def patched(column: StoredColumn, chosen: Column, selections: Selections) -> Column:
    """Put the elements of a column's patch in their places, where it has one."""
    patch = column.patch
    if patch is None:
        return chosen
    values = selections.packed(patch.values.key)
    packed = selections.packed(patch.positions.key)
    positions = unpack_rows(patch.form, packed, rows=chosen.rows, count=values.rows)
    # rows that were taken from a base are in memory of their own
    return apply_patch(chosen, positions, values, in_place=column.selection is not None)
