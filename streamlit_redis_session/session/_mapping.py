"""A mapping that never takes an unreadable value for an absent one."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import MutableMapping
from typing import Any

_NOTHING = object()


class ReadingMapping(MutableMapping[str, object]):
    """A mapping whose values may fail to be read.

    Python's own mixin methods take every ``KeyError`` for "no such key". ``ChunkNotFoundError``
    is one: ``get(key, empty_frame)`` would then answer with the empty frame.
    """

    @abstractmethod
    def __contains__(self, key: object) -> bool: ...

    def get(self, key: str, default: Any = None, /) -> Any:
        """Return a value; ``default`` only when there is none of this key."""
        if key not in self:
            return default
        return self[key]

    def setdefault(self, key: str, default: Any = None, /) -> Any:
        """Return a value; when there is none of this key, ``default``, which is put there."""
        if key not in self:
            self[key] = default
            return default
        return self[key]

    def pop(self, key: str, default: Any = _NOTHING, /) -> Any:
        """Take a value out and return it; ``default`` only when there is none of this key."""
        if key not in self and default is not _NOTHING:
            return default
        value = self[key]
        del self[key]
        return value
