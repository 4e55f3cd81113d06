"""What every system has to be able to do to be measured."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4

import pandas as pd
import redis

Frames = dict[str, pd.DataFrame]


class NotComparableError(Exception):
    """The system cannot do this here; the text says why and stands in the report."""


def longest_value(client: redis.Redis) -> int:
    """Ask the server for the most bytes that one value may have; more ends the connection."""
    name = "proto-max-bulk-len"
    return int(str(client.config_get(name)[name]))


def must_fit(count: int, most: int) -> None:
    """Refuse a value that the server will not take."""
    if count > most:
        raise NotComparableError(
            f"one value of {count / 1e6:,.0f} MB, and the server takes at most {most / 1e6:,.0f} MB"
        )


@dataclass(frozen=True)
class Place:
    """Where a system keeps its data: a server, or a folder; each has one of its own."""

    url: str
    folder: Path


class Peer(ABC):
    """A store of the versions of a session's frames.

    Only ``save``, ``load``, ``undo`` and ``resume`` are timed.
    """

    label: ClassVar[str]
    """In tables."""
    note: ClassVar[str] = ""
    """What a reader of the table has to know."""
    packages: ClassVar[tuple[str, ...]] = ()
    """Whose versions the report names."""
    is_on_disk: ClassVar[bool] = False
    """Whether it writes to the folder instead of the server."""

    def __init__(self, place: Place) -> None:
        self.place = place

    @abstractmethod
    def begin(self) -> str:
        """Start a new session; give what ``resume`` needs. Untimed."""

    @abstractmethod
    def resume(self, session: str) -> None:
        """Open a session that another process has begun."""

    @abstractmethod
    def save(self, frames: Frames, *, appended: pd.DataFrame | None = None) -> str:
        """Record a version and give its name.

        Parameters
        ----------
        frames
            All frames of the session.
        appended
            The rows that ``df`` has more than before, for systems that have to be told.
        """

    @abstractmethod
    def load(self, version: str) -> Frames:
        """Go to a version and give all its frames."""

    def undo(self, previous: str) -> Frames:
        """Go back to the version before."""
        return self.load(previous)

    def list_versions(self) -> int:
        """Read what a graph of all versions needs, and count them."""
        raise NotComparableError("has no history to list")

    def prepare(self, frames: Frames) -> Frames:
        """Give the nearest frames that the system can keep. Untimed."""
        return frames

    def forget(self, version: str) -> None:  # noqa: B027 (optional)
        """Delete a version, so that the run does not fill the server. Untimed."""

    def end(self) -> None:  # noqa: B027
        """Delete the present session. Untimed."""

    def close(self) -> None:  # noqa: B027
        """Let go of the server or the files."""


class NamedVersions(Peer):
    """A system that has no sessions of its own: a random name stands before every version's."""

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self._session = ""

    def begin(self) -> str:
        self._session = uuid4().hex
        return self._session

    def resume(self, session: str) -> None:
        self._session = session


class OnServer(NamedVersions):
    """Named versions on the Redis server of the run."""

    ttl_s: ClassVar[int] = 7 * 24 * 3600

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self._client = redis.Redis.from_url(place.url)
        self._most_bytes = longest_value(self._client)

    def end(self) -> None:
        self._client.flushdb()

    def close(self) -> None:
        self._client.close()


class HashPerVersion(OnServer):
    """A hash for each version, with a field for every frame."""

    @abstractmethod
    def dump(self, frame: pd.DataFrame) -> bytes | memoryview:
        """Write a frame as bytes."""

    @abstractmethod
    def parse(self, data: bytes) -> pd.DataFrame:
        """Read a frame back."""

    def save(self, frames: Frames, *, appended: pd.DataFrame | None = None) -> str:
        del appended
        version = uuid4().hex
        fields: dict[Any, Any] = {name: self.dump(frame) for name, frame in frames.items()}
        must_fit(max(len(field) for field in fields.values()), self._most_bytes)
        with self._client.pipeline(transaction=False) as pipe:
            pipe.hset(self._key(version), mapping=fields)
            pipe.expire(self._key(version), self.ttl_s)
            pipe.execute()
        return version

    def load(self, version: str) -> Frames:
        found: dict[Any, Any] = self._client.hgetall(self._key(version))
        return {name.decode(): self.parse(data) for name, data in found.items()}

    def forget(self, version: str) -> None:
        self._client.delete(self._key(version))

    def _key(self, version: str) -> str:
        return f"{self._session}:{version}"
