"""What differs between two versions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property

from streamlit_redis_session.codec.compare import FrameDiff, compare
from streamlit_redis_session.errors import RefNotFoundError
from streamlit_redis_session.objects import Change, Version


class Diff:
    """What differs between two versions, value by value.

    Values are read when they are first looked at, and only those that differ.
    """

    def __init__(
        self,
        before: Version,
        after: Version,
        read: Callable[[str, str], object],
        *,
        key: str | None = None,
    ) -> None:
        self.before = before
        self.after = after
        self._read = read
        known = {*before.values, *after.values}
        if key is not None and key not in known:
            raise RefNotFoundError(key, known=known)
        self.keys = [
            k
            for k in dict.fromkeys([*after.values, *before.values])
            if before.values.get(k) != after.values.get(k) and key in (None, k)
        ]
        """The values that differ."""

    def __bool__(self) -> bool:
        return bool(self.keys)

    def __iter__(self) -> Iterator[Change]:
        return iter(self.changes)

    def __str__(self) -> str:
        return "\n".join(str(change) for change in self.changes) or "no difference"

    @cached_property
    def changes(self) -> tuple[Change, ...]:
        """One entry for each value that differs."""
        return tuple(self._change(key) for key in self.keys)

    def _change(self, key: str) -> Change:
        if key not in self.after.values:
            return Change(key, "removed")
        before = self._read(self.before.id, key) if key in self.before.values else None
        return compare(key, before, self._read(self.after.id, key))

    def frames(self, key: str) -> FrameDiff | None:
        """Compare a frame row by row; ``None`` where it is no frame on both sides."""
        if key not in self.before.values or key not in self.after.values:
            return None
        before, after = self._read(self.before.id, key), self._read(self.after.id, key)
        return FrameDiff.of(before, after)
