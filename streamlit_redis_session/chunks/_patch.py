"""Patches: a column as another one that is stored already, with some elements replaced.

An edited cell costs itself, not the chunk that it stands in.
"""

from __future__ import annotations

import numpy as np

from streamlit_redis_session.chunks._selection import Positions, take
from streamlit_redis_session.codec.columns import Column, FixedColumn, SegmentedColumn, VarColumn
from streamlit_redis_session.errors import CorruptDataError

_WHAT = "a patch"


def apply_patch(column: Column, positions: Positions, values: Column) -> Column:
    """Give a column with ``values`` at ``positions``.

    Raises
    ------
    CorruptDataError
        The values do not fit the column.
    """
    if isinstance(column, FixedColumn) and isinstance(values, FixedColumn):
        if column.values.dtype != values.values.dtype:
            raise CorruptDataError(_WHAT, "its values have another dtype than the column")
        patched = column.values.copy()
        patched[positions] = values.values
        return FixedColumn(patched, frozen=True)
    if isinstance(column, FixedColumn) or isinstance(values, FixedColumn):
        raise CorruptDataError(_WHAT, "its values are of another kind than the column")
    both = SegmentedColumn((_joined(column), _joined(values))).joined()
    order = np.arange(column.rows, dtype=np.int64)
    order[positions] = column.rows + np.arange(values.rows)
    return take(both, order)


def remapped(
    positions: Positions, values: Column, chosen: Positions
) -> tuple[Positions, Column] | None:
    """Say what a patch becomes when rows are chosen from the column that it was applied to.

    Parameters
    ----------
    positions, values
        The patch; positions ascend.
    chosen
        For each row of the selection its place in the patched column.

    Returns
    -------
    tuple or None
        Places within the selection, and one element for each; ``None`` when no patched row was
        chosen.
    """
    if not len(positions) or not len(chosen):
        return None
    is_patched = np.zeros(max(int(positions[-1]), int(chosen.max())) + 1, dtype=bool)
    is_patched[positions] = True
    places = np.flatnonzero(is_patched.take(chosen))
    if not len(places):
        return None
    return places, take(values, np.searchsorted(positions, chosen[places]))


def _joined(column: Column) -> VarColumn:
    if isinstance(column, SegmentedColumn):
        return column.joined()
    assert isinstance(column, VarColumn)
    return column
