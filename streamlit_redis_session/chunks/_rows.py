"""Rows of a base that are chosen, and what every column that consists of them wants to know."""

from __future__ import annotations

from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Positions: TypeAlias = npt.NDArray[np.int64]

_FIRST_ROWS = 4096
"""Rows looked at first: most lists that do not ascend show it there."""


class Rows:
    """Positions of chosen rows, in order; each may occur more than once."""

    def __init__(self, positions: Positions) -> None:
        self.positions = positions

    def __len__(self) -> int:
        return len(self.positions)

    @cached_property
    def is_ascending(self) -> bool:
        """Whether every position is greater than the one before it."""
        head = self.positions[:_FIRST_ROWS]
        if not bool((head[1:] > head[:-1]).all()):
            return False
        return bool((self.positions[1:] > self.positions[:-1]).all())

    @cached_property
    def start(self) -> int | None:
        """The first position of an unbroken run; ``None`` when this is none."""
        if not len(self):
            return 0
        first, last = int(self.positions[0]), int(self.positions[-1])
        return first if last - first == len(self) - 1 and self.is_ascending else None

    @cached_property
    def span(self) -> tuple[int, int]:
        """The least position, and the one behind the greatest."""
        if self.start is not None:
            return self.start, self.start + len(self)
        return int(self.positions.min()), int(self.positions.max()) + 1

    @cached_property
    def unpadded(self) -> Rows | None:
        """The rows before row 0 comes again and again, if they ascend and there are as many."""
        count = len(self)
        if count < 2 or self.positions[-1] != 0:
            return None
        tail = self.positions[count // 2 :]
        last = np.flatnonzero(tail)
        kept = Rows(self.positions[: count // 2 + (int(last[-1]) + 1 if len(last) else 0)])
        return kept if 2 * len(kept) >= count and kept.is_ascending else None

    @cached_property
    def indices(self) -> Any:
        """The positions as Arrow takes them fastest."""
        is_narrow = self.span[1] <= 2**32
        return pa.array(self.positions.astype(np.uint32) if is_narrow else self.positions)


class Run(Rows):
    """Rows one behind the other, without a position for each."""

    def __init__(self, start: int, count: int) -> None:
        self._first, self._count = start, count

    def __len__(self) -> int:
        return self._count

    @property
    def start(self) -> int:
        """The first position."""
        return self._first

    @cached_property
    def positions(self) -> Positions:  # type: ignore[override]
        """All of them, when they are needed after all."""
        return np.arange(self._first, self._first + self._count, dtype=np.int64)


def as_rows(rows: Positions | Rows) -> Rows:
    """Take positions as rows."""
    return rows if isinstance(rows, Rows) else Rows(rows)
