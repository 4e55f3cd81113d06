"""A memory for every Streamlit app: DataFrames survive, and every step can be undone.

Names are bound when they are first used, so that importing the package imports neither
Streamlit nor pandas nor Redis.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from streamlit_redis_session.adapter import attach, label
    from streamlit_redis_session.codec import register_codec
    from streamlit_redis_session.errors import (
        ChunkNotFoundError,
        ConfigurationError,
        ConflictError,
        CorruptDataError,
        HistoryStateError,
        LimitExceededError,
        NotFoundError,
        NothingToRedoError,
        NothingToUndoError,
        RefExistsError,
        RefNotFoundError,
        SessionNotFoundError,
        SessionStoreError,
        StorageError,
        StorageFullError,
        StorageReadOnlyError,
        StorageUnavailableError,
        UnsupportedValueError,
        VersionNotFoundError,
    )
    from streamlit_redis_session.history import Diff, VersionGraph
    from streamlit_redis_session.objects import (
        Change,
        Fault,
        Head,
        Limits,
        PruneReport,
        VerifyReport,
        Version,
    )
    from streamlit_redis_session.session import Session, SessionInfo, Store, StoreStats, connect
    from streamlit_redis_session.widget import diff_view, toolbar, version_graph

__version__ = "0.1.0"

_ROOMS = {
    "adapter": ("attach", "label"),
    "codec": ("register_codec",),
    "errors": (
        "ChunkNotFoundError",
        "ConfigurationError",
        "ConflictError",
        "CorruptDataError",
        "HistoryStateError",
        "LimitExceededError",
        "NotFoundError",
        "NothingToRedoError",
        "NothingToUndoError",
        "RefExistsError",
        "RefNotFoundError",
        "SessionNotFoundError",
        "SessionStoreError",
        "StorageError",
        "StorageFullError",
        "StorageReadOnlyError",
        "StorageUnavailableError",
        "UnsupportedValueError",
        "VersionNotFoundError",
    ),
    "history": ("Diff", "VersionGraph"),
    "objects": ("Change", "Fault", "Head", "Limits", "PruneReport", "VerifyReport", "Version"),
    "session": ("Session", "SessionInfo", "Store", "StoreStats", "connect"),
    "widget": ("diff_view", "toolbar", "version_graph"),
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = [
    "Change",
    "ChunkNotFoundError",
    "ConfigurationError",
    "ConflictError",
    "CorruptDataError",
    "Diff",
    "Fault",
    "Head",
    "HistoryStateError",
    "LimitExceededError",
    "Limits",
    "NotFoundError",
    "NothingToRedoError",
    "NothingToUndoError",
    "PruneReport",
    "RefExistsError",
    "RefNotFoundError",
    "Session",
    "SessionInfo",
    "SessionNotFoundError",
    "SessionStoreError",
    "StorageError",
    "StorageFullError",
    "StorageReadOnlyError",
    "StorageUnavailableError",
    "Store",
    "StoreStats",
    "UnsupportedValueError",
    "VerifyReport",
    "Version",
    "VersionGraph",
    "VersionNotFoundError",
    "attach",
    "connect",
    "diff_view",
    "label",
    "register_codec",
    "toolbar",
    "version_graph",
]


def __getattr__(name: str) -> Any:
    room = _ROOM_OF.get(name)
    if room is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{room}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
