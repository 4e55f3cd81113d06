"""What a server says of itself, as far as it says anything: managed ones tell little."""

from __future__ import annotations

from typing import Any

from redis.exceptions import ResponseError

from streamlit_redis_session.storage._base import ServerInfo
from streamlit_redis_session.storage._client import Client


def read_server_info(client: Client, where: str) -> ServerInfo:
    """Ask with INFO, and with CONFIG GET where that is allowed."""
    try:
        told: dict[str, Any] = client.execute_command("INFO")
    except ResponseError:
        told = {}
        client.execute_command("PING")
    kind = "valkey" if "valkey_version" in told else "redis"
    return ServerInfo(
        kind=kind,
        version=str(told.get(f"{kind}_version", "")),
        where=where,
        persistent=_is_persistent(client, told),
        maxmemory_policy=told.get("maxmemory_policy"),
        used_memory_bytes=_number(told.get("used_memory")),
        maxmemory_bytes=_number(told.get("maxmemory")),
    )


def _is_persistent(client: Client, told: dict[str, Any]) -> bool | None:
    """Tell whether writes reach a disk, by append-only file or by snapshots."""
    if told.get("aof_enabled") == 1:
        return True
    try:
        answer = client.execute_command("CONFIG GET", "save")
    except ResponseError:
        return None
    saves = list(answer.values()) if isinstance(answer, dict) else list(answer)[1:]
    return bool(saves and saves[0])


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) else None
