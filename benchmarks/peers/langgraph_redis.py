"""langgraph-checkpoint-redis: checkpoints of an agent's state; needs RedisJSON and RediSearch."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pandas as pd
import redis
from langgraph.checkpoint.base import empty_checkpoint
from langgraph.checkpoint.redis import RedisSaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from benchmarks.peers._base import Frames, NotComparableError, Peer, Place

NEEDED_MODULES = {"ReJSON", "search"}


class LangGraph(Peer):
    """A checkpoint per version, its channels are the frames."""

    label = "langgraph-checkpoint-redis"
    packages = ("langgraph-checkpoint-redis",)
    note = "frames travel as pickles inside JSON"

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self._client = redis.Redis.from_url(place.url)
        loaded = {_text(module, b"name") for module in self._client.module_list()}
        if not loaded >= NEEDED_MODULES:
            raise NotComparableError(
                "needs a server with RedisJSON and RediSearch; this one has neither"
            )
        self._saver = RedisSaver(redis_client=self._client)
        self._saver.serde = JsonPlusSerializer(pickle_fallback=True)
        self._saver.setup()
        self._config: dict[str, Any] = {}

    def begin(self) -> str:
        session = uuid4().hex
        self.resume(session)
        return session

    def resume(self, session: str) -> None:
        self._config = {"configurable": {"thread_id": session, "checkpoint_ns": ""}}

    def save(self, frames: Frames, *, appended: pd.DataFrame | None = None) -> str:
        del appended
        checkpoint = empty_checkpoint()
        checkpoint["channel_values"] = dict(frames)
        saved = self._saver.put(self._config, checkpoint, {}, {})
        return str(saved["configurable"]["checkpoint_id"])

    def load(self, version: str) -> Frames:
        where = {**self._config["configurable"], "checkpoint_id": version}
        found = self._saver.get_tuple({"configurable": where})
        assert found is not None
        return dict(found.checkpoint["channel_values"])

    def end(self) -> None:
        self._saver.delete_thread(self._config["configurable"]["thread_id"])

    def close(self) -> None:
        self._client.close()


def _text(module: Any, key: bytes) -> str:
    value = module.get(key, module.get(key.decode(), b"")) if isinstance(module, dict) else b""
    return value.decode() if isinstance(value, bytes) else str(value)


PEER = LangGraph
