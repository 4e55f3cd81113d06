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


def _joined(column: Column) -> VarColumn:
    if isinstance(column, SegmentedColumn):
        return column.joined()
    assert isinstance(column, VarColumn)
    return column
