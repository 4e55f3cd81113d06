"""Chunks of a deleted session that no other one names, taken away before their leases end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from streamlit_redis_session.chunks import Manifest
from streamlit_redis_session.errors import CorruptDataError, LimitExceededError
from streamlit_redis_session.history._picture import look_at_history
from streamlit_redis_session.history._placement import new_nonce
from streamlit_redis_session.history._pruning import manifests_of
from streamlit_redis_session.history._records import SWEPT_FIELD
from streamlit_redis_session.history._values import SETTINGS_ROLE, ValueStore
from streamlit_redis_session.history._verifying import SLICE, slices
from streamlit_redis_session.objects import ChunkId, SessionKey
from streamlit_redis_session.storage import Backend

CUT_S = 600
"""What is left of the leases of chunks that may have to go: less than anybody ever asks for."""


def named_chunks(backend: Backend, values: ValueStore, key: SessionKey) -> list[ChunkId]:
    """List the chunks that a session names, as far as it can be read."""
    found: dict[ChunkId, None] = {}
    for manifest in _manifests(backend, values, key):
        found |= dict.fromkeys(manifest.chunk_ids())
    return list(found)


def measured(
    backend: Backend, values: ValueStore, key: SessionKey, more: Mapping[ChunkId, int]
) -> int:
    """Count the bytes of all chunks that a session names, and of some more.

    ``more`` says how many bytes those count that are not stored yet.
    """
    chunks = dict.fromkeys([*named_chunks(backend, values, key), *more])
    sizes = zip(chunks, backend.chunk_sizes(list(chunks)), strict=True)
    return sum(size or more.get(chunk_id, 0) for chunk_id, size in sizes)


def purge_chunks(backend: Backend, values: ValueStore, chunks: Sequence[ChunkId]) -> int:
    """Remove chunks that no living session names; say how many.

    Other processes may take such a chunk for stored and name it at this very moment, without
    sending it. So its lease is cut first; then all sessions are marked, so that a change that was
    planned before fails and asks for its chunks again, which lengthens their leases; then what
    sessions name by now gets its lease back; and what is left goes, if nobody has asked for it.
    See ``docs/decisions/0016-retention.md``.
    """
    left = _without_named(backend, values, dict.fromkeys(chunks))
    if not left:
        return 0
    backend.cut_leases(list(left), lease_s=CUT_S)
    cut_at_s = time.monotonic()
    mark = new_nonce().encode()
    backend.announce_sweep(mark)
    for key in backend.list_index():
        backend.mark_session(key, SWEPT_FIELD, mark)
    due = _without_named(backend, values, left)
    values.lengthen([c for c in left if c not in due])
    if time.monotonic() - cut_at_s > CUT_S:
        return len(due)  # they have expired
    return backend.drop_chunks(list(due), most_s=CUT_S)


def _without_named(
    backend: Backend, values: ValueStore, chunks: dict[ChunkId, None]
) -> dict[ChunkId, None]:
    """Leave out the chunks that a living session names."""
    left = dict(chunks)
    for key in backend.list_index():
        for manifest in _manifests(backend, values, key) if left else ():
            for chunk_id in manifest.chunk_ids():
                left.pop(chunk_id, None)
    return left


def _manifests(backend: Backend, values: ValueStore, key: SessionKey) -> Iterator[Manifest]:
    """Give the manifests that a session's versions and settings need, a few at a time."""
    record = backend.read_session(key)
    if record is None:
        return
    picture = look_at_history(backend, values.chunker, key, record)
    needed = dict.fromkeys(m for v in picture.versions.values() for m in manifests_of(v))
    for names in slices(needed, SLICE):
        for name, sealed in backend.read_tables(key, names).items():
            yield from readable(partial(values.open_table, key, name, sealed))
    settings = record.meta.get(SETTINGS_ROLE)
    if settings is not None:
        yield from readable(partial(values.open_settings_table, key, settings))


def readable(opening: Callable[[], Manifest]) -> list[Manifest]:
    """Give a manifest; nothing when it is damaged, which must not stop what is done to others."""
    try:
        return [opening()]
    except (CorruptDataError, LimitExceededError):
        return []  # what it named cannot be told any more
