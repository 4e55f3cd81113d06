"""The backend for a server that bills each command: what was a pipeline is one script.

A plain server takes two to ten times as long for the same bytes, since Lua copies them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from streamlit_redis_session.errors import StorageError
from streamlit_redis_session.objects import ChunkId, SessionKey
from streamlit_redis_session.storage._keys import check_seconds
from streamlit_redis_session.storage._redis import (
    KEY_BATCH_COUNT,
    RedisBackend,
    put_batches,
)
from streamlit_redis_session.storage._redis_calls import slices
from streamlit_redis_session.storage._redis_errors import is_too_large
from streamlit_redis_session.storage._scripts import Script

_PUT = Script("put")
_RECORDS = Script("records")
_EXIST = Script("exist")


class FewCommandsBackend(RedisBackend):
    """Keep everything on one server, with as few commands as possible."""

    def put_chunks(self, chunks: Mapping[ChunkId, bytes], *, lease_s: int) -> None:
        """Store immutable bytes; what exists is left as it is, its lease extended."""
        check_seconds(lease_s)
        for batch in put_batches(chunks, list(chunks)):
            keys = [self._keys.chunk(chunk_id) for chunk_id in batch]
            self._change(_PUT, keys, lease_s, *batch.values())

    def get_chunks(self, chunk_ids: Sequence[ChunkId]) -> list[bytes | None]:
        """Read chunks in order; ``None`` for each that does not exist."""
        try:
            return super().get_chunks(chunk_ids)
        except StorageError as error:
            if len(chunk_ids) == 1 or not is_too_large(error.__cause__):
                raise
        half = len(chunk_ids) // 2
        return [*self.get_chunks(chunk_ids[:half]), *self.get_chunks(chunk_ids[half:])]

    def _living(self, known: Sequence[SessionKey]) -> list[SessionKey]:
        living: list[SessionKey] = []
        for batch in slices(known, KEY_BATCH_COUNT):
            alive = self._call(_EXIST, [self._keys.meta(key) for key in batch])
            living += (key for key, exists in zip(batch, alive, strict=True) if exists)
        return living

    def _read_hash(self, key: SessionKey, name: str, fields: Sequence[str]) -> list[bytes] | None:
        """Read a hash at once; in parts where the answer is more than the server gives."""
        try:
            found: list[bytes] | None
            found = self._call(_RECORDS, (self._keys.meta(key), name), *fields)
        except StorageError as error:
            if len(fields) == 1 or not is_too_large(error.__cause__):
                raise
            return self._read_in_parts(key, name, fields)
        return found

    def _read_in_parts(
        self, key: SessionKey, name: str, fields: Sequence[str]
    ) -> list[bytes] | None:
        known = list(fields) or [field.decode() for field in self._command("HKEYS", name)]
        half = max(1, len(known) // 2)
        found: list[bytes] = []
        for part in slices(known, half):
            values = self._read_hash(key, name, part)
            if values is None:
                return None
            found += values
        if fields:
            return found
        pairs = zip(known, found, strict=True)
        return [
            text for field, data in pairs if data is not None for text in (field.encode(), data)
        ]
