"""The Redis and Valkey backend: one server, one round trip for each call that can have one."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from types import TracebackType
from typing import Any, TypeVar, cast

from redis.exceptions import ResponseError
from typing_extensions import Self

from streamlit_redis_session.errors import StorageUnavailableError
from streamlit_redis_session.objects import ChunkId, ManifestId, SessionKey, VersionId
from streamlit_redis_session.storage._base import (
    Outcome,
    ServerInfo,
    SessionRecord,
    Transaction,
    batches,
)
from streamlit_redis_session.storage._client import Client
from streamlit_redis_session.storage._keys import Keys, check_seconds, check_transaction
from streamlit_redis_session.storage._redis_errors import (
    CAUGHT,
    is_connection_loss,
    translated,
)
from streamlit_redis_session.storage._scripts import Script, transact_arguments
from streamlit_redis_session.storage._server_info import read_server_info
from streamlit_redis_session.storage._wire import Command, Wire

PUT_BATCH_BYTES = 8 * 2**20
"""One pipeline of chunks; more is half as fast and holds a second copy for longer."""
GET_BATCH_COUNT = 64
"""Chunks of one MGET; they are 64 KiB to 256 KiB each."""
KEY_BATCH_COUNT = 1000
"""Keys or fields of one command that reads or extends without bytes."""
IN_SCRIPT_BYTES = 128 * 1024
IN_SCRIPT_COUNT = 64
"""Chunks that a change brings along in its script; Lua copies their bytes twice, which beyond
this costs more than a round trip of their own."""

_CREATE = Script("create")
_READ = Script("read")
_TRANSACT = Script("transact")
_TOUCH = Script("touch")
_DELETE = Script("delete")
_LIST = Script("list")
_EXTEND = Script("extend")

_OUTCOMES = (Outcome.GONE, Outcome.APPLIED, Outcome.REPEATED, Outcome.CONFLICT)

_T = TypeVar("_T")
_Id = TypeVar("_Id", bound=str)


class RedisBackend:
    """Keep everything on one Redis or Valkey server, 7.0 or later.

    Every call may be repeated, so the client sends again once by itself after a lost connection.

    Parameters
    ----------
    client
        Answers bytes (``decode_responses=False``); the backend closes it.
    namespace
        The first part of every key, see ``docs/format.md``.
    where
        The address without credentials.
    revive
        Called when nobody answers at the address, before one further try: the embedded server is
        started again here.
    """

    def __init__(
        self,
        client: Client,
        *,
        namespace: str,
        where: str,
        revive: Callable[[], None] | None = None,
    ) -> None:
        self._client = client
        self._wire = Wire(client.connection_pool)
        self._keys = Keys(namespace)
        self._where = where
        self._revive = revive
        self._is_closed = False

    @property
    def where(self) -> str:
        """The address without credentials, fit to be shown and logged."""
        return self._where

    @property
    def connections(self) -> int:
        """How many connections were made so far; a new one may find an older state."""
        return self._wire.connections

    # chunks

    def put_chunks(self, chunks: Mapping[ChunkId, bytes], *, lease_s: int) -> None:
        """Store immutable bytes; what exists is left as it is, its lease extended.

        A chunk that exists and expires between the two steps is stored in the next round.
        """
        check_seconds(lease_s)
        missing: Sequence[ChunkId] = list(chunks)
        while missing:
            existing: list[ChunkId] = []
            for batch in batches(((id_, len(chunks[id_])) for id_ in missing), PUT_BATCH_BYTES):
                existing += self._put_batch({id_: chunks[id_] for id_ in batch}, lease_s)
            extended = self.extend_chunks(existing, lease_s=lease_s)
            missing = [id_ for id_, exists in zip(existing, extended, strict=True) if not exists]

    def _put_batch(self, chunks: Mapping[ChunkId, bytes], lease_s: int) -> list[ChunkId]:
        """Store what does not exist; give back what does."""
        answers = self._pipelined(
            [
                ("SET", self._keys.chunk(chunk_id), data, "EX", lease_s, "NX")
                for chunk_id, data in chunks.items()
            ]
        )
        return [id_ for id_, stored in zip(chunks, answers, strict=True) if not stored]

    def extend_chunks(self, chunk_ids: Sequence[ChunkId], *, lease_s: int) -> list[bool]:
        """Lengthen (never shorten) leases; say for each whether the chunk exists."""
        check_seconds(lease_s)
        found: list[bool] = []
        for batch in _slices(chunk_ids, KEY_BATCH_COUNT):
            keys = [self._keys.chunk(chunk_id) for chunk_id in batch]
            found += (exists == 1 for exists in self._call(_EXTEND, keys, lease_s))
        return found

    def get_chunks(self, chunk_ids: Sequence[ChunkId]) -> list[bytes | None]:
        """Read chunks in order; ``None`` for each that does not exist."""
        found: list[bytes | None] = []
        for batch in _slices(chunk_ids, GET_BATCH_COUNT):
            found += self._command("MGET", *(self._keys.chunk(chunk_id) for chunk_id in batch))
        return found

    # sessions

    def create_session(self, key: SessionKey, *, ttl_s: int) -> bool:
        """Start a session with a fresh epoch; ``False`` when it exists, which is untouched."""
        check_seconds(ttl_s)
        epoch = secrets.token_hex(16)  # before the first try: a repeated one knows its own work
        return bool(self._call(_CREATE, self._keys.session(key), epoch, ttl_s, key))

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
        keys = self._keys.session(key)
        if chunks:
            keys += tuple(map(self._keys.chunk, chunks))
        arguments = transact_arguments(self._keys.events, key, transaction, chunks.values())
        return _OUTCOMES[self._call(_TRANSACT, keys, *arguments)]

    def touch_session(self, key: SessionKey, *, ttl_s: int) -> bool:
        """Set the time to live of all keys of a session; ``False`` when there is none."""
        check_seconds(ttl_s)
        return bool(self._call(_TOUCH, self._keys.session(key), ttl_s, key))

    def delete_session(self, key: SessionKey) -> bool:
        """Remove a session at once; its chunks go when their leases end."""
        return bool(self._call(_DELETE, self._keys.session(key), key))

    def list_sessions(self) -> list[SessionKey]:
        """List living sessions of the namespace from its index, never by scanning keys."""
        known = [SessionKey(key.decode()) for key in self._call(_LIST, (self._keys.index,))]
        living: list[SessionKey] = []
        for batch in _slices(known, KEY_BATCH_COUNT):
            # an eviction or a FLUSH takes sessions that the index still names
            alive = self._pipelined([("EXISTS", self._keys.meta(key)) for key in batch])
            living += (key for key, exists in zip(batch, alive, strict=True) if exists)
        return living

    # the server

    def info(self) -> ServerInfo:
        """Ask the server what it is."""
        return self._run(read_server_info, self._client, self._where)

    def close(self) -> None:
        """Let go of connections. The backend cannot be used afterwards."""
        self._is_closed = True
        self._client.close()
        self._client.connection_pool.disconnect()

    def __enter__(self) -> Self:
        """Give the backend itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the backend."""
        self.close()

    # one way to the server

    def _command(self, *arguments: Any) -> Any:
        return self._run(self._wire.send, *arguments)

    def _call(self, script: Script, keys: Sequence[str], *arguments: Any) -> Any:
        return self._run(script, self._wire, keys, *arguments)

    def _run(self, work: Callable[..., _T], *arguments: Any) -> _T:
        """Do the work; let no error of redis-py out."""
        if self._is_closed:
            raise StorageUnavailableError(f"{self._where} was closed. Connect again.")
        try:
            return work(*arguments)
        except CAUGHT as error:
            if self._revive is None or not is_connection_loss(error):
                raise translated(error, self._where) from error
        self._revive()
        try:
            return work(*arguments)
        except CAUGHT as error:
            raise translated(error, self._where) from error

    def _pipelined(self, commands: Sequence[Command]) -> list[Any]:
        """Send commands in one go; the first error among the answers is raised."""
        answers = self._run(self._wire.send_all, commands)
        for answer in answers:
            if isinstance(answer, ResponseError):
                raise translated(answer, self._where) from answer
        return answers

    def _read_records(
        self, key: SessionKey, name: str, ids: Sequence[_Id] | None
    ) -> dict[_Id, bytes]:
        """Read fields of a hash, if the session exists."""
        exists = ("EXISTS", self._keys.meta(key))
        if ids is None:
            is_there, fields = self._pipelined([exists, ("HGETALL", name)])
            return cast("dict[_Id, bytes]", _text_keys(fields)) if is_there else {}
        records: dict[_Id, bytes] = {}
        for batch in _slices(ids, KEY_BATCH_COUNT):
            is_there, found = self._pipelined([exists, ("HMGET", name, *batch)])
            if is_there:
                pairs = zip(batch, found, strict=True)
                records.update((id_, data) for id_, data in pairs if data is not None)
        return records


def _slices(items: Sequence[_T], most: int) -> list[list[_T]]:
    remaining = iter(items)
    return list(iter(lambda: list(islice(remaining, most)), []))


def _text_keys(flat: Sequence[bytes]) -> dict[str, bytes]:
    """Read a hash as RESP2 gives it: field, value, field, value."""
    return {name.decode(): value for name, value in zip(flat[::2], flat[1::2], strict=True)}


def _fits_in_script(chunks: Mapping[ChunkId, bytes]) -> bool:
    return len(chunks) <= IN_SCRIPT_COUNT and sum(map(len, chunks.values())) <= IN_SCRIPT_BYTES
