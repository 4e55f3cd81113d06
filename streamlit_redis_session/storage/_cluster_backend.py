"""The backend for a Redis or Valkey cluster: a session in one slot, its chunks spread over all.

The index of sessions lies in a slot of its own, where the scripts of a session cannot write. A
session is therefore noted there *before* it is created or its life is prolonged, for longer than
it lives. A crash in between leaves an entry without a session, which ``list_sessions`` skips and
time removes; a living session is always in the index.
"""

from __future__ import annotations

import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from streamlit_redis_session.objects import ChunkId, SessionKey
from streamlit_redis_session.storage._base import Outcome, ServerInfo, SessionLives, Transaction
from streamlit_redis_session.storage._client import Client, client_of, make_pool
from streamlit_redis_session.storage._cluster import ClusterNodes, ClusterWire, Node
from streamlit_redis_session.storage._keys import check_seconds, check_transaction
from streamlit_redis_session.storage._redis import DROP, KEY_BATCH_COUNT, RedisBackend
from streamlit_redis_session.storage._redis_calls import slices
from streamlit_redis_session.storage._scripts import Script
from streamlit_redis_session.storage._server_info import read_server_info
from streamlit_redis_session.storage._url import Address
from streamlit_redis_session.storage._wire import AnyWire

GET_BATCH_COUNT = 192
"""Chunks read at a time, from all nodes together."""
INDEX_MARGIN_S = 60
"""What clocks of two nodes may differ by."""
MOST_NOTED = 10_000
"""Sessions whose entry in the index is remembered."""

_INDEX = Script("index")
_UNINDEX = Script("unindex")


class AnyNode:
    """Makes connections, each to a node that is one of the primaries at that moment."""

    def __init__(self, nodes: ClusterNodes) -> None:
        self._nodes = nodes
        self.connection_kwargs: dict[str, Any] = {}

    def connection_class(self) -> Any:
        """Make a connection that nobody else uses; it is not connected yet."""
        pool = self._nodes.pool(random.choice(self._nodes.primaries()))  # noqa: S311  # no secret
        return pool.connection_class(**pool.connection_kwargs)


class ClusterClient:
    """What ``RedisBackend`` needs to know of a cluster."""

    def __init__(self, address: Address) -> None:
        self.nodes = ClusterNodes(
            [Node(*host) for host in address.hosts],
            lambda node: make_pool(address.at(*node)),
        )

    @property
    def connection_pool(self) -> AnyNode:
        """Connections to any node: each of them tells what is published in the cluster."""
        return AnyNode(self.nodes)

    def clients(self) -> list[Client]:
        """Make a client for each primary."""
        return [client_of(self.nodes.pool(node)) for node in self.nodes.primaries()]

    def execute_command(self, *arguments: Any) -> Any:
        """Send one command to one node."""
        return self.clients()[0].execute_command(*arguments)

    def pipeline(self, transaction: bool = False) -> Any:
        """Collect commands for one node."""
        return self.clients()[0].pipeline(transaction=transaction)

    def close(self) -> None:
        """Let go of all connections."""
        self.nodes.close()


class ClusterBackend(RedisBackend):
    """Keep everything on a cluster of Redis or Valkey servers, 7.0 or later."""

    _client: ClusterClient

    def __init__(self, client: ClusterClient, **options: Any) -> None:
        super().__init__(client, **options)
        self._noted: dict[SessionKey, float] = {}

    @staticmethod
    def _wires(client: Client, wait_replicas: int) -> tuple[AnyWire, AnyWire]:
        assert isinstance(client, ClusterClient)
        return ClusterWire(client.nodes), ClusterWire(client.nodes, replicas=wait_replicas)

    # chunks

    def extend_chunks(self, chunk_ids: Sequence[ChunkId], *, lease_s: int) -> list[bool]:
        """Lengthen (never shorten) leases; say for each whether the chunk exists."""
        check_seconds(lease_s)
        found: list[bool] = []
        for batch in slices(chunk_ids, KEY_BATCH_COUNT):
            commands: list[tuple[Any, ...]] = []
            for key in map(self._keys.chunk, batch):
                # EXPIRE .. GT answers 0 both for a missing key and for a longer lease
                commands += (("EXPIRE", key, lease_s, "GT"), ("EXISTS", key))
            found += (exists == 1 for exists in self._pipelined(commands, self._writes)[1::2])
        return found

    def get_chunks(self, chunk_ids: Sequence[ChunkId]) -> list[bytes | None]:
        """Read chunks in order; ``None`` for each that does not exist."""
        found: list[bytes | None] = []
        for batch in slices(chunk_ids, GET_BATCH_COUNT):
            found += self._pipelined([("GET", self._keys.chunk(id_)) for id_ in batch])
        return found

    def drop_chunks(self, chunk_ids: Sequence[ChunkId], *, most_s: float | None = None) -> int:
        """Remove chunks at once, those whose lease ends within ``most_s``; say how many."""
        most_ms = "" if most_s is None else int(most_s * 1000)
        dropped = 0
        for batch in slices(chunk_ids, KEY_BATCH_COUNT):
            keys = map(self._keys.chunk, batch)
            dropped += sum(
                self._pipelined([("EVAL", DROP.source, 1, key, most_ms) for key in keys])
            )
        return dropped

    # sessions

    def read_lives(self, key: SessionKey) -> SessionLives:
        """Read how long each key of a session lives; the index may name it for longer."""
        lives = super().read_lives(key)
        entry = self._command("ZSCORE", self._keys.index, key)
        if entry is None:
            return lives
        seconds, microseconds = map(int, self._command("TIME"))
        left_s = float(entry) / 1000 - seconds - microseconds / 1e6
        return replace(lives, index=left_s if lives.meta is None else min(left_s, lives.meta))

    def create_session(self, key: SessionKey, *, ttl_s: int) -> bool:
        """Start a session with a fresh epoch; ``False`` when it exists, which is untouched."""
        check_seconds(ttl_s)
        self._note(key, ttl_s, anew=True)
        is_new = super().create_session(key, ttl_s=ttl_s)
        if is_new:  # who deletes the session before it may have taken the entry for its own
            self._note(key, ttl_s, anew=True)
        return is_new

    def transact(self, key: SessionKey, transaction: Transaction) -> Outcome:
        """Apply a change, all or nothing; chunks are sent before, to where they belong."""
        check_transaction(transaction)
        if transaction.put_chunks:
            self.put_chunks(transaction.put_chunks, lease_s=transaction.lease_s)
        self._note(key, transaction.ttl_s)
        nothing: Mapping[ChunkId, bytes] = {}
        return super().transact(key, replace(transaction, put_chunks=nothing))

    def touch_session(self, key: SessionKey, *, ttl_s: int) -> bool:
        """Set the time to live of all keys of a session; ``False`` when there is none."""
        check_seconds(ttl_s)
        self._note(key, ttl_s)
        return super().touch_session(key, ttl_s=ttl_s)

    def delete_session(self, key: SessionKey) -> bool:
        """Remove a session at once; its chunks go when their leases end."""
        entry = self._command("ZSCORE", self._keys.index, key)
        existed = super().delete_session(key)
        self._noted.pop(key, None)
        if entry is not None:
            self._change(_UNINDEX, (self._keys.index,), key, entry)
        return existed

    def _session_keys(self, key: SessionKey) -> tuple[str, ...]:
        *own, _ = self._keys.session(key)
        return (*own, own[0])

    def _note(self, key: SessionKey, ttl_s: int, *, anew: bool = False) -> None:
        """See to it that the index names the session for as long as it is about to live."""
        now = time.monotonic()
        if not anew and self._noted.get(key, 0) > now + ttl_s:
            return
        noted_s = ttl_s + ttl_s // 8 + INDEX_MARGIN_S
        self._change(_INDEX, (self._keys.index,), noted_s, key)
        if len(self._noted) >= MOST_NOTED:
            self._noted.clear()
        self._noted[key] = now + noted_s - INDEX_MARGIN_S

    # the servers

    def info(self) -> ServerInfo:
        """Ask every primary what it is; memory is that of all together."""
        return self._run(self._read_info)

    def _disconnect(self) -> None:
        self._client.close()

    def _read_info(self) -> ServerInfo:
        told = [read_server_info(client, self._where) for client in self._client.clients()]
        used, most = (
            None if None in sizes else sum(size for size in sizes if size is not None)
            for sizes in (
                [info.used_memory_bytes for info in told],
                [info.maxmemory_bytes for info in told],
            )
        )
        return replace(
            told[0],
            persistent=_all_or_none([info.persistent for info in told]),
            used_memory_bytes=used,
            maxmemory_bytes=most,
            told=[fields for info in told for fields in info.told],
        )


def _all_or_none(claims: Sequence[bool | None]) -> bool | None:
    """Say what holds for all; ``None`` when one does not tell."""
    return None if None in claims else all(claims)
