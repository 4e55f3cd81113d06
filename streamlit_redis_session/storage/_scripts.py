"""The Lua scripts, and how a transaction is laid out as their arguments."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable, Sequence
from importlib import resources
from typing import Any

from redis.exceptions import NoScriptError

from streamlit_redis_session.objects import SessionKey
from streamlit_redis_session.storage._base import Transaction
from streamlit_redis_session.storage._wire import AnyWire


class Script:
    """A script of ``scripts/``, sent whole only when the server does not know it yet."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, wire: AnyWire, keys: Sequence[str], *arguments: Any) -> Any:
        """Run the script in one round trip (two, the first time after a server's start)."""
        try:
            return wire.send("EVALSHA", self._sha, len(keys), *keys, *arguments)
        except NoScriptError:
            return wire.send("EVAL", self.source, len(keys), *keys, *arguments)

    @functools.cached_property
    def source(self) -> bytes:
        """The text of the script."""
        folder = resources.files("streamlit_redis_session.storage") / "scripts"
        return (folder / f"{self.name}.lua").read_bytes()

    @functools.cached_property
    def _sha(self) -> str:
        return hashlib.sha1(self.source, usedforsecurity=False).hexdigest()


def transact_arguments(
    channel: str, key: SessionKey, transaction: Transaction, chunks: Iterable[bytes]
) -> list[Any]:
    """Lay a transaction out as ``transact.lua`` says in its head."""
    t = transaction
    items: list[Any] = []
    for name, value in t.expect.items():
        items += (name, b"0", b"") if value is None else (name, b"1", value)
    if t.expect_seq is not None:
        items += ("seq", b"2", t.expect_seq)
    for pairs in (t.set_refs, t.put_versions, t.put_tables, t.set_meta):
        for pair in pairs.items():
            items += pair
    items += t.delete_refs
    items += t.delete_versions
    items += t.delete_tables
    if t.event is not None:
        items.append(t.event)
    items += chunks
    counts = (
        len(t.expect) + (t.expect_seq is not None),
        len(t.set_refs),
        len(t.put_versions),
        len(t.put_tables),
        len(t.set_meta),
        len(t.delete_refs),
        len(t.delete_versions),
        len(t.delete_tables),
        0 if t.event is None else 1,
    )
    return [t.tx_id, t.epoch, t.ttl_s, channel, key, t.lease_s, *counts, *items]
