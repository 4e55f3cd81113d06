"""What ``attach()`` was told."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from streamlit_redis_session.adapter._identity import Identity

MOST_DECIDED = 10_000
"""Keys of which it is remembered whether they are kept."""


@dataclass(frozen=True)
class Options:
    """What ``attach()`` was told."""

    identity: Identity
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    is_synchronous: bool
    is_frozen: bool = False
    """Whether writes around pandas raise, instead of being found afterwards."""
    follows: bool = True
    """Whether a tab shows the session's head; otherwise one of its own."""
    _decided: dict[str, bool] = field(default_factory=dict, compare=False, repr=False)

    def tracks(self, key: str) -> bool:
        """Whether an entry of session state is kept."""
        decided = self._decided.get(key)
        if decided is None:
            if len(self._decided) >= MOST_DECIDED:
                self._decided.clear()
            decided = self._decided[key] = self._decide(key)
        return decided

    def _decide(self, key: str) -> bool:
        return any(fnmatchcase(key, p) for p in self.include) and not any(
            fnmatchcase(key, p) for p in self.exclude
        )
