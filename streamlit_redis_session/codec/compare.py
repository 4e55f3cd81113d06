"""What happened to a value, and which rows and cells of a frame differ."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamlit_redis_session.codec import _pandas_private as private
from streamlit_redis_session.codec._cells import (
    count_cells,
    count_elements,
    differs,
    shares_memory,
    unshared_columns,
)
from streamlit_redis_session.codec.positions import positions_by_label
from streamlit_redis_session.objects import Change


def compare(
    key: str,
    before: object,
    after: object,
    *,
    cells: Mapping[int, int] | None = None,
    forms: tuple[Sequence[object], Sequence[object]] = ((), ()),
) -> Change:
    """Say what happened to one value, as far as that is cheap to find.

    Columns that share their memory are not read. Cells are counted where rows and columns are
    the same on both sides.

    Parameters
    ----------
    before
        ``None``: there was no such value.
    cells
        How many cells differ, by position of the column, where the store has found that out:
        these columns are not read. Bit patterns may have been compared, so that a NaN of other
        bits counts.
    forms
        Of frames: what stands for the root, each column, the index and the columns' labels in a
        store, before and after. Equal objects stand for equal content, which is not looked at.
    """
    rows_after, columns_after = shape_of(after)
    if before is None:
        return Change(key, "added", rows_after=rows_after, columns_after=columns_after)
    rows_before, columns_before = shape_of(before)
    shapes: dict[str, Any] = {
        "rows_before": rows_before,
        "rows_after": rows_after,
        "columns_before": columns_before,
        "columns_after": columns_after,
    }
    if isinstance(before, pd.DataFrame) and isinstance(after, pd.DataFrame):
        pair = _Pair(before, after, cells or {}, *forms)
        return _compare_frames(key, pair, shapes)
    if isinstance(before, pd.Series) and isinstance(after, pd.Series):
        count = count_cells(before, after) if rows_before == rows_after else None
        return Change(key, "changed", cells_changed=count, **shapes)
    return Change(key, "changed", **shapes)


def shape_of(value: object) -> tuple[int | None, int | None]:
    """Give rows and columns; ``None`` where a value has none."""
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple):
        rows = int(shape[0]) if shape else None
        return rows, int(shape[1]) if len(shape) > 1 else None
    if hasattr(value, "num_rows"):
        return int(value.num_rows), int(getattr(value, "num_columns", 0))
    if isinstance(value, dict | list | tuple):
        return len(value), None
    return None, None


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two frames, and what is known of how they differ."""

    before: pd.DataFrame
    after: pd.DataFrame
    cells: Mapping[int, int]
    old: Sequence[object]
    new: Sequence[object]

    def has_forms(self) -> bool:
        """Whether both frames have something that stands for each column and both indexes."""
        counts = (self.before.shape[1] + 3, self.after.shape[1] + 3)
        return (len(self.old), len(self.new)) == counts

    def same_labels(self) -> bool:
        known = self.has_forms() and self.old[-1] is self.new[-1]
        return known or self.after.columns.is_(self.before.columns)

    def same_rows(self) -> bool:
        known = self.has_forms() and self.old[-2] is self.new[-2]
        return known or self.before.index.equals(self.after.index)

    def unshared(self, places: Sequence[tuple[int, int]]) -> list[tuple[int, int, Any, Any]]:
        """Give the pairs of columns that may differ, with their arrays."""
        if not self.has_forms():
            return list(unshared_columns(self.before, self.after, places))
        array_at = private.flat_array_at
        return [
            (i, j, array_at(self.before, i), array_at(self.after, j))
            for i, j in places
            if self.old[i + 1] is not self.new[j + 1]
        ]


def _compare_frames(key: str, pair: _Pair, shapes: dict[str, Any]) -> Change:
    before, after = pair.before, pair.after
    old = _positions(before.columns)
    new = old if pair.same_labels() else _positions(after.columns)
    if old is None or new is None:
        return Change(key, "changed", **shapes)
    added = [after.columns[new[c]] for c in new if c not in old]
    removed = [before.columns[old[c]] for c in old if c not in new]
    unshared = pair.unshared([(old[c], new[c]) for c in new if c in old])
    retyped = [j for _, j, left, right in unshared if left.dtype != right.dtype]
    change = Change(
        key,
        "changed",
        columns_added=_texts(added),
        columns_removed=_texts(removed),
        columns_retyped=_texts(after.columns[j] for j in retyped),
        **shapes,
    )
    if len(before) != len(after):
        return change
    if not pair.same_rows():
        return replace(change, rows_reordered=_is_permutation(before.index, after.index))
    counts = _counts(pair, [each for each in unshared if each[1] not in retyped])
    is_comparable = not (added or removed or retyped)
    return replace(
        change,
        columns_changed=_texts(after.columns[j] for j, count in counts.items() if count),
        cells_changed=(sum(counts.values()) or None) if is_comparable else None,
    )


def _counts(pair: _Pair, columns: Iterable[tuple[int, int, Any, Any]]) -> dict[int, int]:
    """Count, by place in the later frame, the cells that differ."""
    counts: dict[int, int] = {}
    for i, j, left, right in columns:
        # what was found out belongs to the column in the same place before
        count = pair.cells.get(j) if i == j else None
        count = count_elements(left, right) if count is None else count
        if count is None:
            count = int(differs(pair.before.iloc[:, i], pair.after.iloc[:, j]).sum())
        counts[j] = count
    return counts


def _is_permutation(before: pd.Index[Any], after: pd.Index[Any]) -> bool:
    """Tell whether the same row labels stand in another order, where that is cheap to see."""
    positions = positions_by_label(before, after)
    if positions is None:
        return False
    seen = np.zeros(len(before), dtype=bool)
    seen[positions] = True
    return bool(seen.all())


def _positions(labels: pd.Index[Any]) -> dict[Hashable, int] | None:
    """Find labels by what Python calls equal; ``None`` where some are equal to each other.

    pandas' own look-ups refuse, warn or convert when the two sides have labels of different types.
    """
    plain = labels.tolist()
    is_text = set(map(type, plain)) == {str}
    keys = plain if is_text else map(_label_key, labels)
    found = dict(zip(keys, range(len(labels)), strict=True))
    return found if len(found) == len(labels) else None


def _label_key(label: Any) -> Hashable:
    """Make missing labels equal to themselves, and True another label than 1."""
    if isinstance(label, tuple):
        return tuple(map(_label_key, label))
    if isinstance(label, bool | np.bool_):
        return bool, bool(label)
    return ("missing", type(label)) if label is pd.NA or label != label else label  # noqa: PLR0124


def _texts(labels: Iterable[Any]) -> tuple[str, ...]:
    return tuple(str(label) for label in labels)


@dataclass(frozen=True)
class FrameDiff:
    """How two frames differ, row by row and cell by cell.

    Rows are matched by index label where both indexes are unique, otherwise by position.
    """

    before: pd.DataFrame
    after: pd.DataFrame

    @classmethod
    def of(cls, before: object, after: object) -> FrameDiff | None:
        """Pair two values; ``None`` unless both are frames."""
        if isinstance(before, pd.DataFrame) and isinstance(after, pd.DataFrame):
            return cls(before, after)
        return None

    @property
    def is_by_label(self) -> bool:
        """Whether rows were matched by index label."""
        indexes = (self.before.index, self.after.index)
        return all(i.is_unique and i.nlevels == self.before.index.nlevels for i in indexes)

    @property
    def columns_added(self) -> list[Any]:
        """Labels that only the later frame has."""
        return _labels_only_in(self.after.columns, self.before.columns)

    @property
    def columns_removed(self) -> list[Any]:
        """Labels that only the earlier frame has."""
        return _labels_only_in(self.before.columns, self.after.columns)

    def rows_added(self) -> pd.DataFrame:
        """Return the rows that only the later frame has."""
        return self._only_in(self.after, self.before)

    def rows_removed(self) -> pd.DataFrame:
        """Return the rows that only the earlier frame has."""
        return self._only_in(self.before, self.after)

    def _only_in(self, frame: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
        if self.is_by_label:
            return _take(frame, np.flatnonzero(_places(frame.index, other.index) < 0))
        return frame.iloc[len(other) :]

    def cells(self, *, most: int = 1_000) -> pd.DataFrame:
        """List changed cells of rows and columns on both sides.

        Parameters
        ----------
        most
            Stop after so many cells.

        Returns
        -------
        DataFrame
            Columns ``row``, ``column``, ``before``, ``after``; values as objects.
        """
        left, right = self._aligned()
        found: list[tuple[Any, str, Any, Any]] = []
        for number, label in enumerate(left.columns):
            if len(found) >= most:
                break
            old, new = left.iloc[:, number], right.iloc[:, number]
            if shares_memory(old, new):
                continue
            at = np.flatnonzero(differs(old, new))[: most - len(found)]
            found += [(left.index[i], str(label), old.iloc[i], new.iloc[i]) for i in at]
        columns = ["row", "column", "before", "after"]
        return pd.DataFrame(found, columns=columns, dtype=object)

    def count_cells(self) -> int:
        """Count changed cells of rows and columns on both sides."""
        left, right = self._aligned()
        pairs = zip(range(left.shape[1]), range(right.shape[1]), strict=True)
        return sum(count_cells(left.iloc[:, i], right.iloc[:, j]) for i, j in pairs)

    def _aligned(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Cut both frames to the rows and columns that both have, in the later one's order."""
        old, new = _positions(self.before.columns), _positions(self.after.columns)
        if old is None or new is None:
            width = min(self.before.shape[1], self.after.shape[1])
            left, right = self.before.iloc[:, :width], self.after.iloc[:, :width]
        else:
            common = [c for c in new if c in old]
            left = self.before.iloc[:, [old[c] for c in common]]
            right = self.after.iloc[:, [new[c] for c in common]]
        if self.before.index.equals(self.after.index):
            return left, right
        if self.is_by_label:
            places = _places(self.after.index, self.before.index)
            return _take(left, places[places >= 0]), _take(right, np.flatnonzero(places >= 0))
        rows = min(len(left), len(right))
        return left.iloc[:rows], right.iloc[:rows]


def _labels_only_in(labels: pd.Index[Any], other: pd.Index[Any]) -> list[Any]:
    known = {_label_key(label) for label in other}
    return [label for label in labels if _label_key(label) not in known]


def _places(labels: pd.Index[Any], within: pd.Index[Any]) -> npt.NDArray[np.intp]:
    """Say for each label where it stands in another, unique index; -1: nowhere."""
    if labels.dtype == within.dtype and labels.dtype.kind in "iu":
        return within.get_indexer_for(labels)
    found = _positions(within) or {}
    places = (found.get(_label_key(label), -1) for label in labels)
    return np.fromiter(places, dtype=np.intp, count=len(labels))


def _take(frame: pd.DataFrame, rows: npt.NDArray[np.intp]) -> pd.DataFrame:
    """Take rows; those of big-endian columns as well, which pandas would refuse."""
    odd = [i for i, d in enumerate(frame.dtypes) if isinstance(d, np.dtype) and not d.isnative]
    native = frame.copy(deep=False) if odd else frame
    for place in odd:
        values = frame.iloc[:, place].to_numpy()
        native.isetitem(place, values.astype(values.dtype.newbyteorder("=")))
    return native.iloc[rows]
