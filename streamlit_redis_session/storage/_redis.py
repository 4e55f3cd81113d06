"""The Redis and Valkey backend: one server, one round trip for each call that can have one."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar, cast

from streamlit_redis_session.objects import ChunkId, ManifestId, SessionKey, VersionId
from streamlit_redis_session.storage._base import (
    Outcome,
    SessionLives,
    SessionRecord,
    Transaction,
    batches,
)
from streamlit_redis_session.storage._keys import check_seconds, check_transaction
from streamlit_redis_session.storage._redis_calls import RedisCalls, slices
from streamlit_redis_session.storage._scripts import Script, transact_arguments

PUT_BATCH_BYTES = 8 * 2**20
"""One pipeline of chunks; more is half as fast and holds a second copy for longer. Managed servers
take requests of 10 MB."""
COMMAND_BYTES = 192
"""What a chunk adds to a pipeline beside its own bytes: its key, at most 110, and its command."""
GET_BATCH_COUNT = 64
"""Chunks of one MGET; they are 64 KiB to 256 KiB each."""
KEY_BATCH_COUNT = 1000
"""Keys or fields of one command that reads or extends without bytes."""
IN_SCRIPT_BYTES = 128 * 1024
IN_SCRIPT_COUNT = 64
"""Chunks that a change brings along in its script; Lua copies their bytes twice, which beyond
this costs more than a round trip of their own."""

FOREVER_S = float("inf")

_CREATE = Script("create")
_READ = Script("read")
_TRANSACT = Script("transact")
_TOUCH = Script("touch")
_DELETE = Script("delete")
_LIST = Script("list")
_EXTEND = Script("extend")
DROP = Script("drop")
_MARK = Script("mark")
_ANNOUNCE = Script("announce")
_LIVES = Script("lives")

_OUTCOMES = (Outcome.GONE, Outcome.APPLIED, Outcome.REPEATED, Outcome.CONFLICT)

_Id = TypeVar("_Id", bound=str)


class RedisBackend(RedisCalls):
    """Keep everything on one Redis or Valkey server, 7.0 or later.

    Every call may be repeated, so the client sends again once by itself after a lost connection.

    The parameters are those of ``RedisCalls``.
    """

    # chunks

    def put_chunks(self, chunks: Mapping[ChunkId, bytes], *, lease_s: int) -> None:
        """Store immutable bytes; what exists is left as it is, its lease extended.

        A chunk that exists and expires between the two steps is stored in the next round.
        """
        check_seconds(lease_s)
        missing: Sequence[ChunkId] = list(chunks)
        while missing:
            existing: list[ChunkId] = []
            for batch in put_batches(chunks, missing):
                existing += self._put_batch(batch, lease_s)
            extended = self.extend_chunks(existing, lease_s=lease_s)
            missing = [id_ for id_, exists in zip(existing, extended, strict=True) if not exists]

    def _put_batch(self, chunks: Mapping[ChunkId, bytes], lease_s: int) -> list[ChunkId]:
        """Store what does not exist; give back what does."""
        answers = self._pipelined(
            [
                ("SET", self._keys.chunk(chunk_id), data, "EX", lease_s, "NX")
                for chunk_id, data in chunks.items()
            ],
            self._writes,
        )
        return [id_ for id_, stored in zip(chunks, answers, strict=True) if not stored]

    def extend_chunks(self, chunk_ids: Sequence[ChunkId], *, lease_s: int) -> list[bool]:
        """Lengthen (never shorten) leases; say for each whether the chunk exists."""
        check_seconds(lease_s)
        found: list[bool] = []
        for batch in slices(chunk_ids, KEY_BATCH_COUNT):
            keys = [self._keys.chunk(chunk_id) for chunk_id in batch]
            found += (exists == 1 for exists in self._change(_EXTEND, keys, lease_s))
        return found

    def get_chunks(self, chunk_ids: Sequence[ChunkId]) -> list[bytes | None]:
        """Read chunks in order; ``None`` for each that does not exist."""
        found: list[bytes | None] = []
        for batch in slices(chunk_ids, GET_BATCH_COUNT):
            found += self._command("MGET", *(self._keys.chunk(chunk_id) for chunk_id in batch))
        return found

    def chunk_sizes(self, chunk_ids: Sequence[ChunkId]) -> list[int]:
        """Say how many bytes each chunk has, as sealed; 0 where it does not exist."""
        return self._of_chunks("STRLEN", chunk_ids)

    def chunk_lives(self, chunk_ids: Sequence[ChunkId]) -> list[float]:
        """Say how many seconds the lease of each chunk has left; 0 where it does not exist."""
        left_ms = self._of_chunks("PTTL", chunk_ids)
        return [FOREVER_S if ms == -1 else max(0, ms) / 1000 for ms in left_ms]

    def cut_leases(self, chunk_ids: Sequence[ChunkId], *, lease_s: int) -> None:
        """Shorten (never lengthen) leases."""
        check_seconds(lease_s)
        self._of_chunks("EXPIRE", chunk_ids, lease_s, "LT")

    def _of_chunks(self, command: str, chunk_ids: Sequence[ChunkId], *arguments: Any) -> list[Any]:
        """Send one command for each chunk, many in one go."""
        answers: list[Any] = []
        for batch in slices(chunk_ids, KEY_BATCH_COUNT):
            answers += self._pipelined([(command, self._keys.chunk(c), *arguments) for c in batch])
        return answers

    def drop_chunks(self, chunk_ids: Sequence[ChunkId], *, most_s: float | None = None) -> int:
        """Remove chunks at once, those whose lease ends within ``most_s``; say how many."""
        most_ms = "" if most_s is None else int(most_s * 1000)
        return sum(
            self._change(DROP, [self._keys.chunk(c) for c in batch], most_ms)
            for batch in slices(chunk_ids, KEY_BATCH_COUNT)
        )

    # what was taken away

    def read_sweep(self) -> bytes | None:
        """Read what :meth:`announce_sweep` wrote last."""
        return cast("bytes | None", self._command("GET", self._keys.sweep))

    def announce_sweep(self, mark: bytes) -> None:
        """Tell all who open a session from now on that chunks are taken away."""
        self._change(_ANNOUNCE, (self._keys.sweep,), mark)

    def mark_session(self, key: SessionKey, field: str, mark: bytes) -> bool:
        """Set a ref, whatever it was; the time to live stays. ``False``: no such session."""
        keys = (self._keys.meta(key), self._keys.refs(key))
        return bool(self._change(_MARK, keys, field, mark))

    # sessions

    def create_session(self, key: SessionKey, *, ttl_s: int) -> bool:
        """Start a session with a fresh epoch; ``False`` when it exists, which is untouched."""
        check_seconds(ttl_s)
        epoch = secrets.token_hex(16)  # before the first try: a repeated one knows its own work
        return bool(self._change(_CREATE, self._session_keys(key), epoch, ttl_s, key))

    def read_session(self, key: SessionKey) -> SessionRecord | None:
        """Read meta and refs in one round trip; ``None`` when there is no such session."""
        answer = self._call(
            _READ, (self._keys.meta(key), self._keys.refs(key), self._keys.graph(key))
        )
        if not answer:
            return None
        meta, refs, version_count, now_ms = answer
        return SessionRecord(_text_keys(meta), _text_keys(refs), version_count, now_ms / 1000)

    def read_seq(self, key: SessionKey) -> int | None:
        """Read how many transactions were applied; ``None`` when there is no such session."""
        seq = self._command("HGET", self._keys.meta(key), "seq")
        return None if seq is None else int(seq)

    def read_seqs(self, keys: Sequence[SessionKey]) -> list[int | None]:
        """Read ``seq`` of several sessions at once; ``None`` for each that does not exist."""
        found: list[int | None] = []
        for batch in slices(keys, KEY_BATCH_COUNT):
            answers = self._pipelined([("HGET", self._keys.meta(key), "seq") for key in batch])
            found += (None if seq is None else int(seq) for seq in answers)
        return found

    def read_versions(
        self, key: SessionKey, version_ids: Sequence[VersionId] | None = None
    ) -> dict[VersionId, bytes]:
        """Read these version records, or all; what does not exist is left out."""
        return self._read_records(key, self._keys.graph(key), version_ids)

    def read_tables(
        self, key: SessionKey, manifest_ids: Sequence[ManifestId] | None = None
    ) -> dict[ManifestId, bytes]:
        """Read these manifests, or all; what does not exist is left out."""
        return self._read_records(key, self._keys.tables(key), manifest_ids)

    def transact(self, key: SessionKey, transaction: Transaction) -> Outcome:
        """Apply a change, all or nothing; in one round trip unless it brings many bytes."""
        check_transaction(transaction)
        chunks = transaction.put_chunks
        if chunks and not _fits_in_script(chunks):
            self.put_chunks(chunks, lease_s=transaction.lease_s)
            chunks = {}
        keys = self._session_keys(key)
        if chunks:
            keys += tuple(map(self._keys.chunk, chunks))
        arguments = transact_arguments(self._keys.events, key, transaction, chunks.values())
        return _OUTCOMES[self._change(_TRANSACT, keys, *arguments)]

    def touch_session(self, key: SessionKey, *, ttl_s: int) -> bool:
        """Set the time to live of all keys of a session; ``False`` when there is none."""
        check_seconds(ttl_s)
        return bool(self._change(_TOUCH, self._session_keys(key), ttl_s, key))

    def delete_session(self, key: SessionKey) -> bool:
        """Remove a session at once; its chunks go when their leases end."""
        return bool(self._change(_DELETE, self._session_keys(key), key, self._keys.events))

    def list_sessions(self) -> list[SessionKey]:
        """List living sessions of the namespace from its index, never by scanning keys."""
        return self._living(self.list_index())

    def _living(self, known: Sequence[SessionKey]) -> list[SessionKey]:
        """Leave out what an eviction or a FLUSH took, and the index still names."""
        living: list[SessionKey] = []
        for batch in slices(known, KEY_BATCH_COUNT):
            alive = self._pipelined([("EXISTS", self._keys.meta(key)) for key in batch])
            living += (key for key, exists in zip(batch, alive, strict=True) if exists)
        return living

    def list_index(self) -> list[SessionKey]:
        """List what the index has, also where the session itself is gone."""
        return [SessionKey(key.decode()) for key in self._call(_LIST, (self._keys.index,))]

    def read_lives(self, key: SessionKey) -> SessionLives:
        """Read how long each key of a session lives, in one round trip."""
        left_ms = self._call(_LIVES, self._session_keys(key), key)
        forever = {-2: None, -1: FOREVER_S}
        return SessionLives(*(forever.get(ms, ms / 1000) for ms in left_ms))

    def _session_keys(self, key: SessionKey) -> tuple[str, ...]:
        """Give the scripts' KEYS 1 to 6."""
        return self._keys.session(key)

    def _read_records(
        self, key: SessionKey, name: str, ids: Sequence[_Id] | None
    ) -> dict[_Id, bytes]:
        """Read fields of a hash, if the session exists."""
        if ids is None:
            fields = self._read_hash(key, name, ())
            return cast("dict[_Id, bytes]", _text_keys(fields or ()))
        records: dict[_Id, bytes] = {}
        for batch in slices(ids, KEY_BATCH_COUNT):
            found = self._read_hash(key, name, batch)
            if found is not None:
                pairs = zip(batch, found, strict=True)
                records.update((id_, data) for id_, data in pairs if data is not None)
        return records

    def _read_hash(self, key: SessionKey, name: str, fields: Sequence[str]) -> list[bytes] | None:
        """Read these fields as HMGET tells them, or all as HGETALL does."""
        read = ("HMGET", name, *fields) if fields else ("HGETALL", name)
        is_there, found = self._pipelined([("EXISTS", self._keys.meta(key)), read])
        return found if is_there else None


def put_batches(
    chunks: Mapping[ChunkId, bytes], wanted: Sequence[ChunkId]
) -> Iterator[dict[ChunkId, bytes]]:
    """Cut chunks into requests of a size that every server takes."""
    sizes = ((chunk_id, len(chunks[chunk_id]) + COMMAND_BYTES) for chunk_id in wanted)
    for batch in batches(sizes, PUT_BATCH_BYTES):
        yield {chunk_id: chunks[chunk_id] for chunk_id in batch}


def _text_keys(flat: Sequence[bytes]) -> dict[str, bytes]:
    """Read a hash as RESP2 gives it: field, value, field, value."""
    return {name.decode(): value for name, value in zip(flat[::2], flat[1::2], strict=True)}


def _fits_in_script(chunks: Mapping[ChunkId, bytes]) -> bool:
    return len(chunks) <= IN_SCRIPT_COUNT and sum(map(len, chunks.values())) <= IN_SCRIPT_BYTES
