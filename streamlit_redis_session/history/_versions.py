"""The versions of one session, read and opened when somebody asks for them."""

from __future__ import annotations

import logging
from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from operator import attrgetter
from typing import NoReturn

from streamlit_redis_session.chunks import Chunker
from streamlit_redis_session.errors import CorruptDataError, SessionNotFoundError
from streamlit_redis_session.history import _records as records
from streamlit_redis_session.history._graph import ancestors
from streamlit_redis_session.objects import SessionKey, Version, VersionId
from streamlit_redis_session.storage import Backend

_LOGGER = logging.getLogger(__name__)

VERSION_ROLE = "version"
_VERSION_ID_CHARS = 40
_MOST_BEFORE = 5_000
"""Pruned versions that are remembered; somebody may still show one of them."""
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
        self._before: dict[VersionId, Version] = {}
        """Versions that were known when somebody pruned the history."""
        self._by_nonce: dict[str, VersionId] = {}
        self._forget()

    def _forget(self) -> None:
        self._opened: dict[VersionId, Version] = {}
        self._sealed: dict[VersionId, bytes] = {}
        self._lost: set[VersionId] = set()
        self._is_complete = False
        self._damaged: set[VersionId] = set()
        self._read_alone = 0
        self._sorted: list[VersionId] | None = None
        self._newest_first: tuple[Version, ...] | None = None
        self._fresh: list[Version] = []
        """Versions added since then."""
        self._reached: (
            tuple[tuple[Version, ...], AbstractSet[VersionId], tuple[Version, ...]] | None
        ) = None
        """All versions, where somebody started from, and what is reached from there."""

    # one version

    def __getitem__(self, version_id: VersionId) -> Version:
        """Give a version that something refers to, or that is still shown though it was pruned.

        Raises
        ------
        SessionNotFoundError
            The whole session is gone.
        CorruptDataError
            Its record is missing, or was changed.
        """
        version = self.find(version_id) or self._before.get(version_id)
        return self._missing(version_id) if version is None else version

    def _missing(self, version_id: VersionId) -> NoReturn:
        if self._backend.read_seq(self._key) is None:
            raise SessionNotFoundError
        raise CorruptDataError(f"version {version_id[:8]}", "its record is missing")

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

    def arrived(self, version_id: VersionId) -> Version | None:
        """Give a version that may have been written since it was asked for last."""
        self._lost.discard(version_id)
        found = self.find(version_id)
        self._lost.discard(version_id)
        self._newest_first = None
        return found

    def parents_of(self, version_id: VersionId) -> tuple[VersionId, ...]:
        """Look up a version's parents; none where its record is missing or damaged.

        Those of a version that was pruned are the nearest that were kept.
        """
        try:
            version = self._opened.get(version_id) or self.find(version_id)
        except CorruptDataError:
            return ()
        if version is not None:
            return version.parents
        kept = self.nearest_kept(version_id) if version_id in self._before else None
        return () if kept is None else (kept,)

    def parents_before(self, version_id: VersionId) -> tuple[VersionId, ...]:
        """Look up a version's parents as they were before anything was pruned or lost."""
        version = self._before.get(version_id)
        return self.parents_of(version_id) if version is None else version.parents

    def is_pruned(self, version_id: VersionId | None) -> bool:
        """Say whether a version that was known here is gone since somebody pruned the history."""
        return version_id in self._before and version_id not in self

    def nearest_kept(self, version_id: VersionId) -> VersionId | None:
        """Find the nearest ancestor of a pruned version that was kept.

        As far as its ancestors were known here, by them; else it is the version made last before
        it. ``None`` when there is no version at all.
        """
        at: VersionId | None = version_id
        oldest = None
        while at is not None and at not in self:
            oldest = self._before.get(at, oldest)
            at = next(iter(self._before[at].parents), None) if at in self._before else None
        if at is not None or oldest is None:
            return at
        known = self.newest_first()
        older = (v for v in known if v.created_at <= oldest.created_at)
        found = next(older, known[-1] if known else None)
        return found.id if found else None

    def start_anew(self) -> None:
        """Read everything again: some of it was pruned, or lost."""
        self._before |= self._opened
        for version_id in list(self._before)[:-_MOST_BEFORE]:
            del self._before[version_id]
        self._forget()

    def of_nonce(self, nonce: str) -> Version | None:
        """Give the version that a draft of this nonce became, among those opened so far."""
        version_id = self._by_nonce.get(nonce)
        return None if version_id is None else self[version_id]

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

    def _open_if_sound(self, version_id: VersionId, data: bytes) -> None:
        """Leave a damaged record out: one of them must not hide the others."""
        try:
            self._open(version_id, data)
        except CorruptDataError as error:
            if version_id not in self._damaged:
                _LOGGER.warning("%s", error)
            self._damaged.add(version_id)

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

    def annotate(self, version_id: VersionId, text: str) -> Version:
        """Note a version's new annotation."""
        version = self._opened[version_id] = replace(self[version_id], annotation=text)
        self._newest_first = None
        return version

    def read_record(self, version_id: VersionId) -> tuple[Version, bytes]:
        """Read a version and its content, as digested, from the store."""
        sealed = self._backend.read_versions(self._key, [version_id]).get(version_id)
        if sealed is None:
            self._missing(version_id)
        opened = self._chunker.open_record(VERSION_ROLE, self._key, version_id, sealed)
        version, content, _ = records.version_from_record(version_id, opened)
        return version, content

    def written(self) -> Iterator[tuple[Version, str]]:
        """Give the versions that are known here without asking, each with its nonce."""
        for nonce, version_id in list(self._by_nonce.items()):
            version = self._opened.get(version_id) or self._before.get(version_id)
            if version is not None:
                yield version, nonce

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
        """Give all versions that can be read, by the time at which they were made."""
        self._all()
        if self._newest_first is None or self._sealed.keys() - self._damaged:
            for version_id, data in list(self._sealed.items()):
                self._open_if_sound(version_id, data)
            self._newest_first = _newest_first(self._opened.values())
        elif self._fresh:
            known = reversed(self._newest_first)
            self._newest_first = _newest_first([*known, *self._fresh])
        self._fresh = []
        return self._newest_first

    def reached_from(self, starts: AbstractSet[VersionId]) -> tuple[Version, ...]:
        """Give these versions and all that they were made from, newest first.

        What nothing refers to is left out: versions that another took the place of, and those of
        deleted branches.
        """
        known = self.newest_first()
        if self._reached is None or self._reached[0] is not known or self._reached[1] != starts:
            reached = ancestors(starts, self.parents_of)
            kept = (
                known if len(reached) == len(known) else tuple(v for v in known if v.id in reached)
            )
            self._reached = (known, frozenset(starts), kept)
        return self._reached[2]

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
