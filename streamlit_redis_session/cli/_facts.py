"""What ``doctor`` learns of a store: by INFO, by the clock, and by one write that it takes back."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from streamlit_redis_session.cli._target import Target, note_credentials
from streamlit_redis_session.errors import CorruptDataError, SessionNotFoundError, StorageError
from streamlit_redis_session.objects import ChunkId
from streamlit_redis_session.storage import Address, Backend, embedded_folder, open_backend

PINGS = 20
LARGE_BYTES = 2**20
PATIENCE_S = 5.0
_LEASE_S = 60
_MOST_OPENED = 3


@dataclass(frozen=True)
class Probe:
    """One mebibyte written and read again."""

    write_s: float = 0.0
    read_s: float = 0.0
    error: str = ""
    """Why it did not come back; empty: it did."""


@dataclass(frozen=True)
class Facts:
    """All that is known of a store."""

    address: Address
    kind: str
    """``"memory"``, ``"redis"`` or ``"valkey"``."""
    version: str
    nodes: tuple[Mapping[str, object], ...]
    """The fields of INFO of each server."""
    now_s: float
    """The time here when INFO was asked for."""
    pings_s: tuple[float, ...]
    probe: Probe
    secret: bytes | None = field(repr=False)
    indexed: int = 0
    """Sessions that the index names."""
    living: int = 0
    """Those of them that there are."""
    opened: int = 0
    """Sessions whose records were tried with the secret."""
    refused: int = 0
    """Those that did not open."""
    folder: Path | None = None
    """Of the embedded server."""
    free_bytes: int | None = None
    """On the disk of that folder."""


def gather(target: Target) -> Facts:
    """Ask the store everything.

    Raises
    ------
    StorageError
        It does not answer, or refuses the login.
    """
    note_credentials(target.address)
    url = target.found[0]
    folder, free_bytes = _disk(target.address)
    with (
        open_backend(url, namespace=target.namespace) as backend,
        backend.deadline(PATIENCE_S),
    ):
        pings = _pings(backend)
        now_s = time.time()
        info = backend.info()
        probe = _probe(backend)
        indexed, living = len(backend.list_index()), backend.list_sessions()
    opened, refused = _try_secret(target) if living else (0, 0)
    return Facts(
        address=target.address,
        kind=info.kind,
        version=info.version,
        nodes=tuple(info.told),
        now_s=now_s,
        pings_s=pings,
        probe=probe,
        secret=target.secret,
        indexed=indexed,
        living=len(living),
        opened=opened,
        refused=refused,
        folder=folder,
        free_bytes=free_bytes,
    )


def _pings(backend: Backend) -> tuple[float, ...]:
    backend.ping()  # connects
    found = []
    for _ in range(PINGS):
        started_s = time.perf_counter()
        backend.ping()
        found.append(time.perf_counter() - started_s)
    return tuple(sorted(found))


def _probe(backend: Backend) -> Probe:
    """Write what does not compress under the name of a chunk that nobody has, and remove it."""
    name, content = ChunkId(secrets.token_hex(20)), os.urandom(LARGE_BYTES)
    try:
        started_s = time.perf_counter()
        backend.put_chunks({name: content}, lease_s=_LEASE_S)
        written_s = time.perf_counter()
        (found,) = backend.get_chunks([name])
        read_s = time.perf_counter()
        backend.drop_chunks([name])
    except StorageError as error:
        return Probe(error=str(error))
    if found != content:
        return Probe(error="What was read is not what was written.")
    return Probe(written_s - started_s, read_s - written_s)


def _try_secret(target: Target) -> tuple[int, int]:
    """Open a few sessions with the secret; records of another one do not open."""
    opened = refused = 0
    with target.open() as store:
        for key in store.list_keys()[:_MOST_OPENED]:
            try:
                store.open_key(key)
            except SessionNotFoundError:
                continue  # it has just ended
            except CorruptDataError:
                refused += 1
            opened += 1
    return opened, refused


def _disk(address: Address) -> tuple[Path | None, int | None]:
    if address.scheme != "embedded":
        return None, None
    folder = embedded_folder(Path(address.path) if address.path else None)
    there = next((each for each in (folder, *folder.parents) if each.exists()), folder)
    try:
        return folder, shutil.disk_usage(there).free
    except OSError:
        return folder, None
