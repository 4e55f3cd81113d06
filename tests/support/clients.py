"""Several processes on one session, what they were promised, and what must always hold.

Values are small numbers here and frames in the session, large enough for chunks of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from streamlit_redis_session import Limits, Session, Store, Version
from streamlit_redis_session.chunks import Keys
from streamlit_redis_session.errors import (
    ConflictError,
    HistoryStateError,
    NotFoundError,
    SessionNotFoundError,
)
from streamlit_redis_session.objects import VersionId
from streamlit_redis_session.storage import Backend
from support.identical import assert_identical

NAMESPACE = "srs"
LEAST_ROWS = 100
KEYS = Keys.derive("secret", namespace=NAMESPACE)


@cache
def frame(number: int) -> pd.DataFrame:
    """Make the frame that stands for a number; not to be written to."""
    rows = LEAST_ROWS + number
    return pd.DataFrame({"a": np.arange(rows) + 1000 * number, "b": np.arange(rows) / rows})


def number_of(value: Any) -> int:
    """Tell which number a frame stands for."""
    return len(value) - LEAST_ROWS


def open_store(backend: Backend) -> Store:
    """Open a store as a process of its own would, with nothing in memory."""
    ttl = timedelta(days=1)
    return Store(backend, KEYS, namespace=NAMESPACE, ttl=ttl, limits=Limits())


@dataclass
class Promises:
    """What all clients together were told."""

    versions: dict[VersionId, dict[str, int]] = field(default_factory=dict)
    """What each version held of the values that its author had set."""
    values: set[tuple[str, int]] = field(default_factory=set)
    """Every value whose commit returned."""
    undone: set[VersionId] = field(default_factory=set)
    """Versions of drags that led back to where they began."""
    is_deleted: bool = False


class Client:
    """One process: a session of its own, and commits in which nothing is taken for granted."""

    def __init__(self, backend: Backend, session_id: str, promises: Promises) -> None:
        self.session: Session = open_store(backend).session(session_id)
        self.promises = promises
        self._edits: dict[str, int] = {}
        self._last: VersionId | None = None

    def put(self, key: str, number: int) -> None:
        """Set a value, and commit."""
        self._commit(key, number, replaces=None)

    def drag(self, key: str, number: int) -> None:
        """Set a value in a step that goes on from this client's last one."""
        self._commit(key, number, replaces=self._last)

    def _commit(self, key: str, number: int, *, replaces: VersionId | None) -> None:
        self.session[key] = frame(number).copy()
        with self._alive():
            committed = self.session.commit_staged(None, refuse=_refuse, replaces=replaces)
            self.promises.values.add((key, number))
            if committed is None:
                return
            self._last = committed.head.version
            if committed.how == "back" and replaces is not None:
                self.promises.undone.add(replaces)
            if committed.how not in ("nothing", "redo", "back"):
                version = committed.version
                assert version.id not in self.promises.versions, "one id for two versions"
                self.promises.versions[version.id] = {key: number}

    def undo(self) -> None:
        self._try(self.session.undo)

    def redo(self) -> None:
        self._try(self.session.redo)

    def follow(self) -> None:
        with self._alive():
            self.session.refresh()

    def branch(self, name: str) -> None:
        self._try(lambda: self.session.create_branch(name))

    def switch(self, name: str) -> None:
        self._try(lambda: self.session.switch(name))

    def tag(self, name: str) -> None:
        self._try(lambda: self.session.tag(name))

    def rename(self, old: str, new: str) -> None:
        self._try(lambda: self.session.rename_branch(old, new))

    def set(self, key: str, value: int) -> None:
        """Change a setting, and save it."""
        self.session[key] = value
        with self._alive():
            self.session.commit()

    def delete(self) -> None:
        with self._alive():
            self.session.delete()
        self.promises.is_deleted = True

    def _try(self, move: Callable[[], object]) -> None:
        """Move; that there is nowhere to go, or others were first, is an answer too."""
        with self._alive():
            try:
                move()
            except SessionNotFoundError:
                raise
            except (HistoryStateError, NotFoundError, ConflictError):
                pass

    @contextmanager
    def _alive(self) -> Iterator[None]:
        """A session may be gone only when somebody has deleted it."""
        try:
            yield
        except SessionNotFoundError:
            if not self.promises.is_deleted:
                # the call of who deletes it has not returned yet, but its script has run
                self.promises.is_deleted = self.session._backend.read_seq(self.session.key) is None
                assert self.promises.is_deleted


def _refuse(key: str, error: Exception) -> None:
    raise AssertionError(key) from error


def assert_sound(backend: Backend, session_id: str, promises: Promises) -> None:
    """Read everything in a process that has seen nothing, and hold it against the promises."""
    store = open_store(backend)
    if promises.is_deleted:
        assert_deleted(store, backend, session_id)
        return
    session = store.session(session_id)
    graph = session.graph()
    shown = {version.id: version for version in graph.versions}
    replaced = replaced_by(session, {*shown, *promises.undone}) | promises.undone
    assert graph.head.version in shown
    assert graph.branches.get(graph.head.branch) is not None
    for name, version_id in {**graph.branches, **graph.tags}.items():
        assert version_id in shown, f"{name} names a version that is missing"
    assert_versions_are_whole(session, shown)
    for version_id, values in promises.versions.items():
        is_kept = version_id in shown or version_id in replaced
        assert is_kept, f"{version_id[:8]} with {values} was acknowledged and cannot be reached"
        for key, number in values.items():
            assert_identical(session.read(version_id, key), frame(number), key)
    held = {
        (key, number_of(session.read(v, key)))
        for v in {*shown, *replaced}
        for key in session.log(v)[0].values
    }
    assert promises.values <= held, f"lost: {promises.values - held}"


def assert_deleted(store: Store, backend: Backend, session_id: str) -> None:
    """Fail when something of a deleted session is left, or it can be opened."""
    key = KEYS.session_key(session_id)
    assert backend.read_session(key) is None
    assert backend.read_versions(key) == {}
    assert backend.read_tables(key) == {}
    assert key not in backend.list_sessions()
    try:
        store.session(session_id)
    except SessionNotFoundError:
        return
    raise AssertionError("a deleted session was opened")


def assert_versions_are_whole(session: Session, shown: dict[VersionId, Version]) -> None:
    """Each has its parents and its values, and none is there twice."""
    seen: set[tuple[object, ...]] = set()
    for version in shown.values():
        assert all(parent in shown for parent in version.parents)
        for key in version.values:
            value = session.read(version.id, key)
            assert_identical(value, frame(number_of(value)), key)
        # a drag may end at what a version of another branch is
        content = (version.parents, version.replaces, *sorted(version.values.items()))
        assert content not in seen, f"{version.message} is there twice"
        seen.add(content)
    roots = [version for version in shown.values() if not version.parents]
    assert len(roots) == 1


def replaced_by(session: Session, later: set[VersionId]) -> set[VersionId]:
    """Collect what versions have taken the place of, as they say themselves."""
    found: set[VersionId] = set()
    for version_id in later:
        at = session.log(version_id)[0].replaces
        while at is not None:
            found.add(at)
            at = session.log(at)[0].replaces
    return found
