"""What a server says of itself, as far as it says anything: managed ones tell little."""

from __future__ import annotations

from typing import Any

from redis.exceptions import ResponseError

from streamlit_redis_session.storage._base import ServerInfo
from streamlit_redis_session.storage._client import Client


def read_server_info(client: Client, where: str) -> ServerInfo:
    """Ask with INFO, and only whether somebody answers where that is refused.

    CONFIG is never sent: managed servers count or report what they refuse.
    """
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
        persistent=True if told.get("aof_enabled") == 1 else None,
        maxmemory_policy=told.get("maxmemory_policy"),
        used_memory_bytes=_number(told.get("used_memory")),
        maxmemory_bytes=_number(told.get("maxmemory")),
        told=(told,),
    )


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) else None
