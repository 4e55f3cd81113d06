"""The systems that are compared, each behind the same few verbs; see ``_base.Peer``."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from benchmarks.peers._base import Peer

OURS = "ours"
SEED = "seed"

PEERS = {
    OURS: "benchmarks.peers.ours",
    SEED: "benchmarks.peers.seed",
    "hash": "benchmarks.peers.redis_pickle",
    "arrow": "benchmarks.peers.arrow",
    "parquet": "benchmarks.peers.parquet_files",
    "arcticdb": "benchmarks.peers.arctic",
    "kishu": "benchmarks.peers.kishu_cells",
    "diskcache": "benchmarks.peers.disk_cache",
    "langgraph": "benchmarks.peers.langgraph_redis",
}
"""Name -> module. Modules import what they need at the top: a missing package is an ImportError."""

FURTHER = ("hash", "parquet")
"""Systems whose edits and reads tell all: in the rest they cost what other whole copies cost."""


def without_further(names: list[str]) -> list[str]:
    """Leave those out, but where nothing else was asked for."""
    return [name for name in names if name not in FURTHER] or names


def peer_class(name: str) -> type[Peer]:
    """Import a peer.

    Raises
    ------
    ImportError
        A package that it needs is not installed here.
    """
    return cast("type[Peer]", import_module(PEERS[name]).PEER)


__all__ = ["OURS", "PEERS", "SEED", "Peer", "peer_class", "without_further"]
