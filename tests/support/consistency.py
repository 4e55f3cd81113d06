"""Is a session whole? Asked of the server by a store that has seen nothing before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from streamlit_redis_session import (
    ChunkNotFoundError,
    CorruptDataError,
    Session,
    Store,
    Version,
    connect,
)
from streamlit_redis_session.history import SETTINGS_FIELD
from streamlit_redis_session.history._records import SWEPT_FIELD
from streamlit_redis_session.objects import VersionId
from support.identical import assert_identical

Acknowledged = Mapping[VersionId, Mapping[str, object]]
"""Version id to the data values that were committed."""


@dataclass
class Findings:
    """What is wrong with a session; all empty when it is whole."""

    versions: int = 0
    lost: list[str] = field(default_factory=list)
    """Acknowledged versions that are not there."""
    wrong: list[str] = field(default_factory=list)
    """Values that were read and are not what was committed. Never excusable."""
    damaged: dict[str, str] = field(default_factory=dict)
    """Versions that say themselves, by an error, that they cannot be read."""
    dangling: list[str] = field(default_factory=list)
    """Refs, parents and manifests that name nothing."""
    unused: list[str] = field(default_factory=list)
    """Manifests that no version names: half a commit."""
    twice: list[str] = field(default_factory=list)
    """Versions with the content and the parents of another one."""

    @property
    def are_none(self) -> bool:
        """Whether the session is whole."""
        lists = (self.lost, self.wrong, self.damaged, self.dangling, self.unused, self.twice)
        return not any(lists)


def assert_consistent(url: str, session_id: str, acknowledged: Acknowledged) -> Findings:
    """Fail unless every version is there, once, and reads as it was committed."""
    findings = inspect(url, session_id, acknowledged)
    assert findings.are_none, findings
    return findings


def inspect(url: str, session_id: str, acknowledged: Acknowledged) -> Findings:
    """Read all of a session, and compare it with what was acknowledged."""
    with connect(url) as store:
        session = store.session(session_id)
        found = Findings()
        # also what no branch or tag leads to any more: its id works until somebody prunes
        versions = {v.id: v for v in session._repository.versions.newest_first()}
        found.versions = len(versions)
        found.lost = [each for each in acknowledged if each not in versions]
        _look_at_names(store, session, versions, found)
        for version in versions.values():
            _look_at_values(session, version, acknowledged.get(version.id), found)
        return found


def _look_at_names(
    store: Store, session: Session, versions: Mapping[VersionId, Version], found: Findings
) -> None:
    record = store._backend.read_session(session.key)
    assert record is not None
    stored = set(store._backend.read_versions(session.key))
    tables = set(store._backend.read_tables(session.key))
    named = {name: data.decode().split(" ")[0] for name, data in record.refs.items()}
    named.pop(SWEPT_FIELD, None)
    found.dangling += [f"ref {name}" for name, target in named.items() if target not in stored]
    found.dangling += [f"version {each}" for each in stored ^ set(versions)]
    seen: dict[object, str] = {}
    used: set[str] = set()
    for version in versions.values():
        needs = {*version.values.values(), *filter(None, [version.settings])}
        used |= needs
        found.dangling += [
            f"parent {p} of {version.id}" for p in version.parents if p not in stored
        ]
        found.dangling += [f"manifest {m} of {version.id}" for m in needs - tables]
        content = (version.parents, tuple(sorted(version.values.items())))
        if content in seen:
            found.twice.append(version.id)
        seen[content] = version.id
    found.unused += tables - used
    if SETTINGS_FIELD in record.meta:
        session._saved_settings()


def _look_at_values(
    session: Session,
    version: Version,
    committed: Mapping[str, object] | None,
    found: Findings,
) -> None:
    if committed is not None and set(committed) != set(version.values):
        found.wrong.append(f"{version.id}: {sorted(version.values)}")
    for key in version.values:
        try:
            value = session.read(version.id, key)
        except (ChunkNotFoundError, CorruptDataError) as error:
            found.damaged[version.id] = str(error)
            continue
        if committed is not None and key in committed:
            _compare(version.id, key, committed[key], value, found)


def _compare(version: VersionId, key: str, left: object, right: object, found: Findings) -> None:
    try:
        assert_identical(left, right, key)
    except AssertionError as error:
        found.wrong.append(f"{version}: {error}")
