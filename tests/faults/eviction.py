"""A server that throws away what it was given: three times as much as it may keep."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from support.consistency import inspect
from support.servers import RedisServer

from streamlit_redis_session import (
    CorruptDataError,
    Session,
    SessionNotFoundError,
    StorageFullError,
    Store,
    connect,
)
from streamlit_redis_session.objects import VersionId

POLICIES = (
    "noeviction",
    *("allkeys-lru", "allkeys-lfu", "allkeys-random"),
    *("volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"),
)
OVER = 3
"""Times its memory that a server is given."""
VERSIONS = 6
ROWS = 4000


@dataclass
class Evictions:
    """What became of the sessions of one server."""

    policy: str
    sessions: int = 0
    refused: int = 0
    """Commits that the server had no room for."""
    gone: int = 0
    """Sessions that say that they do not exist."""
    unreadable: int = 0
    """Sessions that say that they are damaged when they are opened."""
    broken: int = 0
    """Sessions that say so when a part of their history is asked for."""
    intact: int = 0
    damaged: int = 0
    """Versions that load exactly, and versions that say that they cannot."""
    silent: list[str] = field(default_factory=list)
    """What is lost or wrong without a word. There must be none."""
    errors: Counter[str] = field(default_factory=Counter)


def frame(number: int) -> pd.DataFrame:
    """About 64 kB that do not compress, in two chunks."""
    values = np.random.default_rng(number).random((ROWS, 2))
    return pd.DataFrame(values, columns=["x", "y"])


def fill(policy: str, *, memory_mb: int) -> Evictions:
    """Give a server sessions of more bytes than it keeps, then ask for all of them."""
    found = Evictions(policy)
    with RedisServer("--maxmemory", f"{memory_mb}mb", "--maxmemory-policy", policy) as server:
        told: dict[str, dict[VersionId, int]] = {}
        given, number = 0, 0
        with connect(server.unix_url) as store:
            while given < OVER * memory_mb * 2**20:
                number += VERSIONS
                session_id = _committed(store, number, told, found)
                given += VERSIONS * ROWS * 16
                found.sessions += session_id is not None
        for session_id, versions in told.items():
            _look(server.unix_url, session_id, versions, found)
    return found


def _committed(
    store: Store, number: int, told: dict[str, dict[VersionId, int]], found: Evictions
) -> str | None:
    """Fill one session; what was acknowledged goes into ``told``."""
    try:
        session = store.session()
    except StorageFullError:
        found.refused += 1
        return None
    versions = told[session.id] = {}
    for each in range(number, number + VERSIONS):
        _commit(session, each, versions, found)
    return session.id


def _commit(
    session: Session, number: int, versions: dict[VersionId, int], found: Evictions
) -> None:
    session["df"] = frame(number)
    try:
        version = session.commit()
    except StorageFullError:
        found.refused += 1
    except (SessionNotFoundError, CorruptDataError) as error:
        found.errors[f"commit: {type(error).__name__}"] += 1
    else:
        if version is not None:
            versions[version.id] = number


def _look(url: str, session_id: str, versions: dict[VersionId, int], found: Evictions) -> None:
    expected = {version: {"df": frame(number)} for version, number in versions.items()}
    try:
        findings = inspect(url, session_id, expected)
    except SessionNotFoundError:
        found.gone += 1
        return
    except CorruptDataError as error:
        found.unreadable += 1
        found.errors[str(error).partition(" ")[0]] += 1
        return
    found.damaged += len(findings.damaged)
    found.intact += findings.versions - len(findings.damaged)
    found.silent += [*findings.wrong, *findings.twice]
    if findings.lost and not _says_that_versions_are_missing(url, session_id, found):
        found.silent += findings.lost


def _says_that_versions_are_missing(url: str, session_id: str, found: Evictions) -> bool:
    """Ask for the whole history, as the log of a branch does."""
    with connect(url) as store:
        session = store.session(session_id)
        try:
            for branch in session.graph().branches:
                session.log(branch)
        except CorruptDataError:
            found.broken += 1
            return True
    return False
