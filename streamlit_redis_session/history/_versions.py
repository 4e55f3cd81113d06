"""The versions of one session, read and opened when somebody asks for them."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from operator import attrgetter

from streamlit_redis_session.chunks import Chunker
from streamlit_redis_session.errors import CorruptDataError
from streamlit_redis_session.history import _records as records
from streamlit_redis_session.objects import SessionKey, Version, VersionId
from streamlit_redis_session.storage import Backend

VERSION_ROLE = "version"
_VERSION_ID_CHARS = 40
_FEW = 8
"""Versions read one by one, before all are read at once."""


class VersionBook(Mapping[VersionId, Version]):
    """Versions by id. A fresh one knows nothing and costs nothing, however long the history.

    A record that is asked for alone is read alone; who asks for more gets all records in one
    round trip, and each is opened, checked and parsed when its turn comes.
    """

    def __init__(self, backend: Backend, chunker: Chunker, key: SessionKey) -> None:
        self._backend = backend
        self._chunker = chunker
        self._key = key
        self._opened: dict[VersionId, Version] = {}
        self._sealed: dict[VersionId, bytes] = {}
        self._lost: set[VersionId] = set()
        self._by_nonce: dict[str, VersionId] = {}
        self._is_complete = False
        self._read_alone = 0
        self._sorted: list[VersionId] | None = None
        self._newest_first: tuple[Version, ...] | None = None
        self._fresh: list[Version] = []
        """Versions added since then."""

    # one version

    def __getitem__(self, version_id: VersionId) -> Version:
        """Give a version that something refers to.

        Raises
        ------
        CorruptDataError
            Its record is missing, or was changed.
        """
        version = self.find(version_id)
        if version is None:
            raise CorruptDataError(f"version {version_id[:8]}", "its record is missing")
        return version

    def __contains__(self, version_id: object) -> bool:
        """Say whether there is a record of this version."""
        return isinstance(version_id, str) and self.find(VersionId(version_id)) is not None

    def find(self, version_id: VersionId) -> Version | None:
        """Give a version, or ``None`` when there is none of this id."""
        known = self._opened.get(version_id)
        if known is not None or version_id in self._lost:
            return known
        data = self._sealed.get(version_id) or self._read(version_id)
        if data is not None:
            return self._open(version_id, data)
        self._lost.add(version_id)
        return None

    def parents_of(self, version_id: VersionId) -> tuple[VersionId, ...]:
        """Look up a version's parents; none where its record is missing."""
        version = self._opened.get(version_id) or self.find(version_id)
        return version.parents if version else ()

    def of_nonce(self, nonce: str) -> Version | None:
        """Give the version that a draft of this nonce became, among those opened so far."""
        version_id = self._by_nonce.get(nonce)
        return None if version_id is None else self._opened[version_id]

    def _read(self, version_id: VersionId) -> bytes | None:
        if self._read_alone >= _FEW and not self._is_complete:
            self._read_all()
        if version_id not in self._sealed:
            self._read_alone += 1
            self._take_in(self._backend.read_versions(self._key, [version_id]))
        return self._sealed.get(version_id)

    def _read_all(self) -> None:
        self._take_in(self._backend.read_versions(self._key))
        self._is_complete = True

    def _take_in(self, sealed: Mapping[VersionId, bytes]) -> None:
        self._sealed.update((v, data) for v, data in sealed.items() if v not in self._opened)
        self._lost.difference_update(sealed)
        self._sorted = None

    def _open(self, version_id: VersionId, data: bytes) -> Version:
        opened = self._chunker.open_record(VERSION_ROLE, self._key, version_id, data)
        version, _, nonce = records.version_from_record(version_id, opened)
        self._keep(version, nonce)
        return version

    def _keep(self, version: Version, nonce: str) -> None:
        self._opened[version.id] = version
        self._by_nonce[nonce] = version.id
        self._sealed.pop(version.id, None)

    # changes

    def add(self, version: Version, nonce: str) -> None:
        """Take in a version that has just been written."""
        if version.id in self._opened:
            return
        self._keep(version, nonce)
        if self._sorted is not None:
            insort(self._sorted, version.id)
        self._fresh.append(version)

    def learn(self, starts: Iterable[VersionId]) -> None:
        """Read versions that another writer has made, and those that they were made from.

        Where not all versions were read yet, their ancestors are read when they are asked for.
        """
        todo = [v for v in starts if v not in self._opened]
        for count, version_id in enumerate(todo):
            if count == _FEW:
                self._read_all()
            version = self[version_id]
            self._fresh.append(version)
            if self._is_complete:
                todo.extend(p for p in version.parents if not self._knows(p) and p in self)

    def _knows(self, version_id: VersionId) -> bool:
        return version_id in self._opened or version_id in self._sealed

    def start_anew(self) -> None:
        """Forget everything and read all records: the store may have lost some."""
        self._opened, self._sealed, self._lost, self._by_nonce = {}, {}, set(), {}
        self._newest_first, self._fresh = None, []
        self._read_all()

    def annotate(self, version_id: VersionId, text: str) -> Version:
        """Note a version's new annotation."""
        version = self._opened[version_id] = replace(self[version_id], annotation=text)
        self._newest_first = None
        return version

    def read_content(self, version_id: VersionId) -> bytes:
        """Read a version's content, as digested, from the store."""
        sealed = self._backend.read_versions(self._key, [version_id]).get(version_id)
        if sealed is None:
            raise CorruptDataError(f"version {version_id[:8]}", "its record is missing")
        opened = self._chunker.open_record(VERSION_ROLE, self._key, version_id, sealed)
        return records.version_from_record(version_id, opened)[1]

    # all versions

    def _all(self) -> None:
        if not self._is_complete:
            self._read_all()

    def __iter__(self) -> Iterator[VersionId]:
        """Give the ids of all versions."""
        self._all()
        return iter([*self._opened, *self._sealed])

    def __len__(self) -> int:
        """Count all versions."""
        self._all()
        return len(self._opened) + len(self._sealed)

    def newest_first(self) -> tuple[Version, ...]:
        """Give all versions, by the time at which they were made."""
        self._all()
        if self._newest_first is None or self._sealed:
            for version_id, data in list(self._sealed.items()):
                self._open(version_id, data)
            self._newest_first = _newest_first(self._opened.values())
        elif self._fresh:
            known = reversed(self._newest_first)
            self._newest_first = _newest_first([*known, *self._fresh])
        self._fresh = []
        return self._newest_first

    def with_prefix(self, prefix: str) -> list[VersionId]:
        """List the versions whose id begins so."""
        if len(prefix) == _VERSION_ID_CHARS:
            return [VersionId(prefix)] if prefix in self else []
        if self._sorted is None:
            self._sorted = sorted(self)
        first = bisect_left(self._sorted, prefix)
        return self._sorted[first : bisect_left(self._sorted, prefix + "g", lo=first)]


def _newest_first(versions: Iterable[Version]) -> tuple[Version, ...]:
    """Sort by time; of two of the same moment the one known later stands first."""
    return tuple(sorted(versions, key=_created_at)[::-1])


_created_at = attrgetter("created_at")
