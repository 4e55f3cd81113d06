"""What happened to a value, and which rows and cells of a frame differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamlit_redis_session.objects import Change

_Bools = npt.NDArray[np.bool_]


def compare(key: str, before: object, after: object) -> Change:
    """Say what happened to one value, as far as that is cheap to find.

    Columns that share their memory are not read. Cells are counted where rows and columns are
    the same on both sides.

    Parameters
    ----------
    before
        ``None``: there was no such value.
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
        return _compare_frames(key, before, after, shapes)
    if isinstance(before, pd.Series) and isinstance(after, pd.Series):
        cells = _count_cells(before, after) if rows_before == rows_after else None
        return Change(key, "changed", cells_changed=cells, **shapes)
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


def _compare_frames(
    key: str, before: pd.DataFrame, after: pd.DataFrame, shapes: dict[str, Any]
) -> Change:
    if not (before.columns.is_unique and after.columns.is_unique):
        return Change(key, "changed", **shapes)
    added = [c for c in after.columns if c not in before.columns]
    removed = [c for c in before.columns if c not in after.columns]
    common = [c for c in after.columns if c in before.columns]
    retyped = [c for c in common if before[c].dtype != after[c].dtype]
    changed: list[Any] = []
    cells: int | None = None
    if len(before) == len(after):
        counts = {c: _count_cells(before[c], after[c]) for c in common if c not in retyped}
        changed = [c for c, count in counts.items() if count]
        cells = None if added or removed or retyped else sum(counts.values())
    return Change(
        key,
        "changed",
        columns_added=_texts(added),
        columns_removed=_texts(removed),
        columns_retyped=_texts(retyped),
        columns_changed=_texts(changed),
        cells_changed=cells or None,
        **shapes,
    )


def _texts(labels: list[Any]) -> tuple[str, ...]:
    return tuple(str(label) for label in labels)


def _count_cells(before: pd.Series[Any], after: pd.Series[Any]) -> int:
    if _share_memory(before, after):
        return 0
    return int(differs(before, after).sum())


def _share_memory(before: pd.Series[Any], after: pd.Series[Any]) -> bool:
    """Tell whether two columns are views of the same memory, where that is cheap to see."""
    left, right = before.array, after.array
    if isinstance(left, pd.arrays.ArrowExtensionArray | pd.arrays.ArrowStringArray):
        return getattr(left, "_pa_array", left) is getattr(right, "_pa_array", right)
    a, b = getattr(left, "_ndarray", None), getattr(right, "_ndarray", None)
    if a is None or b is None or a.dtype == object:
        return False
    return bool(
        a.__array_interface__["data"] == b.__array_interface__["data"]
        and a.strides == b.strides
        and a.shape == b.shape
        and a.dtype == b.dtype
    )


def differs(before: pd.Series[Any], after: pd.Series[Any]) -> _Bools:
    """Mark, position by position, the cells that differ; missing equals missing."""
    left, right = before.reset_index(drop=True), after.reset_index(drop=True)
    try:
        unequal = (left != right).fillna(True).to_numpy(dtype=bool)
    except (TypeError, ValueError):
        pairs = zip(left, right, strict=True)
        unequal = np.fromiter((not _equal(a, b) for a, b in pairs), dtype=bool, count=len(left))
    both_missing = (left.isna() & right.isna()).to_numpy(dtype=bool)
    return np.asarray(unequal & ~both_missing)


def _equal(a: Any, b: Any) -> bool:
    try:
        return bool(np.all(a == b))
    except (TypeError, ValueError):
        return a is b


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
        return [c for c in self.after.columns if c not in self.before.columns]

    @property
    def columns_removed(self) -> list[Any]:
        """Labels that only the earlier frame has."""
        return [c for c in self.before.columns if c not in self.after.columns]

    def rows_added(self) -> pd.DataFrame:
        """Return the rows that only the later frame has."""
        return self._only_in(self.after, self.before)

    def rows_removed(self) -> pd.DataFrame:
        """Return the rows that only the earlier frame has."""
        return self._only_in(self.before, self.after)

    def _only_in(self, frame: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
        if self.is_by_label:
            return frame[~frame.index.isin(other.index)]
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
            if _share_memory(old, new):
                continue
            at = np.flatnonzero(differs(old, new))[: most - len(found)]
            found += [(left.index[i], str(label), old.iloc[i], new.iloc[i]) for i in at]
        columns = ["row", "column", "before", "after"]
        return pd.DataFrame(found, columns=columns, dtype=object)

    def count_cells(self) -> int:
        """Count changed cells of rows and columns on both sides."""
        left, right = self._aligned()
        pairs = zip(range(left.shape[1]), range(right.shape[1]), strict=True)
        return sum(_count_cells(left.iloc[:, i], right.iloc[:, j]) for i, j in pairs)

    def _aligned(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Cut both frames to the rows and columns that both have, in the later one's order."""
        if not (self.before.columns.is_unique and self.after.columns.is_unique):
            width = min(self.before.shape[1], self.after.shape[1])
            left, right = self.before.iloc[:, :width], self.after.iloc[:, :width]
        else:
            common = [c for c in self.after.columns if c in self.before.columns]
            left, right = self.before[common], self.after[common]
        if self.before.index.equals(self.after.index):
            return left, right
        if self.is_by_label:
            shared = self.after.index[self.after.index.isin(self.before.index)]
            return left.loc[shared], right.loc[shared]
        rows = min(len(left), len(right))
        return left.iloc[:rows], right.iloc[:rows]
