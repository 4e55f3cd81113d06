"""What ``attach()`` was told."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from streamlit_redis_session.adapter._identity import Identity


@dataclass(frozen=True)
class Options:
    """What ``attach()`` was told."""

    identity: Identity
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    is_synchronous: bool

    def tracks(self, key: str) -> bool:
        """Whether an entry of session state is kept."""
        return any(fnmatchcase(key, p) for p in self.include) and not any(
            fnmatchcase(key, p) for p in self.exclude
        )
