"""What every backend must do; each subclass says how to make one and how to let time pass."""

from __future__ import annotations

from .chunk_contract import ChunkContract
from .contract_parts import DAY, change, chunk_id, manifest_id, new_key, version_id
from .live_contract import LiveContract
from .session_contract import SessionContract
from .sweep_contract import SweepContract
from .transaction_contract import TransactionContract

__all__ = [
    "DAY",
    "BackendContract",
    "change",
    "chunk_id",
    "manifest_id",
    "new_key",
    "version_id",
]


class BackendContract(
    ChunkContract, SessionContract, TransactionContract, LiveContract, SweepContract
):
    """All of it."""
