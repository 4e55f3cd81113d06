"""A machine that loses its power: the server's file ends where it was last synced."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import redis

from support.servers import RedisServer


def written_bytes(server: RedisServer) -> int:
    """How long the append-only file is with everything in it that was acknowledged till now.

    The server puts writing off while the disk is busy.
    """
    with server.client() as client:
        while _info(client)["aof_buffer_length"]:
            time.sleep(0.01)
    return _log(server).stat().st_size


def lose_power(server: RedisServer, *, synced_bytes: int) -> None:
    """End the server, cut off what was not synced, and start it again."""
    server.kill()
    os.truncate(_log(server), synced_bytes)
    server.start()


def _info(client: redis.Redis) -> dict[str, Any]:
    return client.info("persistence")


def _log(server: RedisServer) -> Path:
    return max(server.folder.glob("appendonlydir/*.incr.aof"))
