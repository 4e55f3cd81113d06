"""What an encoded value is made of: a JSON tree that refers to flat columns by ordinal."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from streamlit_redis_session.codec.allocation import is_own
from streamlit_redis_session.codec.columns import (
    Column,
    FixedColumn,
    SegmentedColumn,
    VarColumn,
)
from streamlit_redis_session.errors import CorruptDataError, UnsupportedValueError
from streamlit_redis_session.objects import JSON

Array = npt.NDArray[Any]
T = TypeVar("T")

MOST_DEPTH = 60
"""Levels of nesting; far below Python's own recursion limit, so that cycles end in a sentence."""

EXACT_INT = 2**53
"""Integers below this are exact in every JSON reader, JavaScript's included."""


class Writer:
    """Collects the columns of one value and guards the depth of its nesting."""

    __slots__ = ("columns", "depth", "known")

    def __init__(self, depth: int = 0, known: Mapping[Hashable, object] | None = None) -> None:
        self.columns: list[Column] = []
        self.depth = depth
        self.known = known or {}
        """What is known of memory, by token."""

    def fixed(self, values: Array, *, frozen: bool = False) -> int:
        """Add a flat array and give its ordinal.

        ``frozen`` may be said only of memory that the source keeps alive and unwritten. An array
        made while encoding is not: its address is free again when the column is dropped.
        """
        # a view never owns its memory: by this the reader knows that others may see it
        return self.add(FixedColumn(values.view(), frozen=frozen))

    def fresh(self, values: Array) -> int:
        """Add a flat array that was made for this column and belongs to nobody else."""
        return self.add(FixedColumn(values, frozen=False))

    def var(self, offsets: Array, data: Array, *, frozen: bool = False) -> int:
        """Add elements of any length and give the ordinal."""
        return self.add(VarColumn(offsets, data, frozen=frozen))

    def var_of(self, parts: Sequence[bytes]) -> int:
        """Add one element for each of ``parts``."""
        offsets = np.zeros(len(parts) + 1, dtype=np.int64)
        np.cumsum(np.fromiter(map(len, parts), dtype=np.int64, count=len(parts)), out=offsets[1:])
        return self.var(offsets, np.frombuffer(b"".join(parts), dtype=np.uint8))

    def enter(self, path: str) -> None:
        """Go one level deeper; ``leave`` must follow."""
        self.depth += 1
        if self.depth > MOST_DEPTH:
            reason = f"it is nested deeper than {MOST_DEPTH} levels, or contains itself"
            raise UnsupportedValueError(path, reason)

    def leave(self) -> None:
        """Come back from a level."""
        self.depth -= 1

    def add(self, column: Column) -> int:
        """Add a column and give its ordinal."""
        self.columns.append(column)
        return len(self.columns) - 1


class Reader:
    """Hands out columns, each exactly once, after checking that they are what the tree says."""

    __slots__ = ("_columns", "_unused", "depth")

    def __init__(self, columns: Sequence[Column], depth: int = 0) -> None:
        self._columns = columns
        self._unused = set(range(len(columns)))
        self.depth = depth

    def fixed(self, ordinal: JSON, dtype: np.dtype[Any] | str, rows: int | None = None) -> Array:
        """Give a column's elements as an array that nobody else writes to."""
        column = self._take(ordinal)
        if not isinstance(column, FixedColumn):
            raise damaged("a column has elements of any length where one width is due")
        values = column.values
        if values.dtype != np.dtype(dtype):
            raise damaged(f"a column holds {values.dtype}, not {np.dtype(dtype)}")
        if rows is not None and len(values) != rows:
            raise damaged(f"a column has {len(values)} rows, not {rows}")
        if values.dtype.kind == "b" and values.size and values.view(np.uint8).max() > 1:
            raise damaged("a column of booleans holds other numbers")
        return values if _is_own(values) else values.copy()

    def var(self, ordinal: JSON, rows: int | None = None) -> VarColumn:
        """Give a column of elements of any length."""
        column = self._take(ordinal)
        if isinstance(column, SegmentedColumn):
            column = column.joined()
        if not isinstance(column, VarColumn):
            raise damaged("a column has one width where elements of any length are due")
        if rows is not None and column.rows != rows:
            raise damaged(f"a column has {column.rows} rows, not {rows}")
        return column

    def parts(self, ordinal: JSON, rows: int | None = None) -> list[bytes]:
        """Give the elements of a column of any length as bytes."""
        column = self.var(ordinal, rows)
        data = column.data.tobytes()
        bounds = column.offsets.tolist()
        return [data[start:stop] for start, stop in pairwise(bounds)]

    def enter(self) -> None:
        """Go one level deeper; ``leave`` must follow."""
        self.depth += 1
        if self.depth > MOST_DEPTH + 4:
            raise damaged("its description is nested too deeply")

    def leave(self) -> None:
        """Come back from a level."""
        self.depth -= 1

    def finish(self) -> None:
        """Check that the tree has used every column."""
        if self._unused:
            raise damaged(f"{len(self._unused)} column(s) belong to nothing")

    def _take(self, ordinal: JSON) -> Column:
        if type(ordinal) is not int or ordinal not in self._unused:
            raise damaged(f"column {ordinal!r} does not exist or is used twice")
        self._unused.discard(ordinal)
        return self._columns[ordinal]


def _is_own(values: Array) -> bool:
    """Tell arrays put together from pieces from views of an array that somebody else holds."""
    return is_own(values) and values.flags.writeable and values.flags.c_contiguous


def damaged(reason: str) -> CorruptDataError:
    """Make the error for a description or columns that do not fit together."""
    return CorruptDataError("a stored value", reason)


def part(node: JSON, key: str, kind: type[T]) -> T:
    """Read an entry of a node, which must be exactly of this type."""
    value = node[key]
    if type(value) is not kind:
        raise damaged(f"{key!r} is not of type {kind.__name__}")
    return value


def count(node: JSON, key: str) -> int:
    """Read an entry of a node, which must be a number of things."""
    value = part(node, key, int)
    if value < 0:
        raise damaged(f"{key!r} is negative")
    return value


def type_name(kind: type) -> str:
    """Name a type as its users write it."""
    module = kind.__module__
    return kind.__qualname__ if module == "builtins" else f"{module}.{kind.__qualname__}"
