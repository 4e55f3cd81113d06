"""The Lua scripts, and how a transaction is laid out as their arguments."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator, Sequence
from importlib import resources
from typing import Any

from redis.exceptions import NoScriptError

from streamlit_redis_session.objects import SessionKey
from streamlit_redis_session.storage._base import Transaction
from streamlit_redis_session.storage._client import Client


class Script:
    """A script of ``scripts/``, sent whole only when the server does not know it yet."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, client: Client, keys: Sequence[str], *arguments: Any) -> Any:
        """Run the script in one round trip (two, the first time after a server's start)."""
        try:
            return client.execute_command("EVALSHA", self._sha, len(keys), *keys, *arguments)
        except NoScriptError:
            return client.execute_command("EVAL", self._source, len(keys), *keys, *arguments)

    @functools.cached_property
    def _source(self) -> bytes:
        folder = resources.files("streamlit_redis_session.storage") / "scripts"
        return (folder / f"{self.name}.lua").read_bytes()

    @functools.cached_property
    def _sha(self) -> str:
        return hashlib.sha1(self._source, usedforsecurity=False).hexdigest()


def transact_arguments(channel: str, key: SessionKey, transaction: Transaction) -> list[Any]:
    """Lay a transaction out as ``transact.lua`` says in its head."""
    lists = [
        list(_triples(transaction)),
        _flat(transaction.set_refs),
        list(transaction.delete_refs),
        _flat(transaction.put_versions),
        list(transaction.delete_versions),
        _flat(transaction.put_tables),
        list(transaction.delete_tables),
        _flat(transaction.set_meta),
    ]
    widths = (3, 2, 1, 2, 1, 2, 1, 2)
    head = [transaction.tx_id, transaction.epoch, transaction.ttl_s, channel, key]
    event = [b"0", b""] if transaction.event is None else [b"1", transaction.event]
    counts = [len(items) // width for items, width in zip(lists, widths, strict=True)]
    return [*head, *event, *counts, *(item for items in lists for item in items)]


def _triples(transaction: Transaction) -> Iterator[str | bytes]:
    for name, value in transaction.expect.items():
        yield name
        yield b"0" if value is None else b"1"
        yield b"" if value is None else value


def _flat(pairs: Any) -> list[Any]:
    return [item for pair in pairs.items() for item in pair]
