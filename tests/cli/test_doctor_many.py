"""``doctor`` and its fellows where the store is more than one server."""

from __future__ import annotations

import numpy as np
import pytest
from support.clusters import RedisCluster

import streamlit_redis_session as srs

from .conftest import Run, found_json


@pytest.mark.slow
def test_a_cluster_is_looked_at_server_by_server(run: Run) -> None:
    with RedisCluster("--appendonly", "yes") as cluster:
        with srs.connect(cluster.url) as store:
            session = store.session()
            session["a"] = np.arange(100_000)
            session.commit()
        with cluster.servers[1].client() as client:
            client.config_set("maxmemory-policy", "allkeys-lru")

        result = run("doctor", "--url", cluster.url, "--json")
        for command in ("sessions", "verify", f"show {session.key}", f"log {session.key}"):
            assert run(*command.split(), "--url", cluster.url).exit_code == 0

    checks = {each["check"]: each for each in found_json(result)["checks"]}
    assert checks["eviction"]["verdict"] == "warning"
    assert checks["eviction"]["found"] == "allkeys-lru, 0 keys evicted (1 of 3 servers)"
    assert checks["persistence"]["verdict"] == "ok"
    assert checks["write and read"]["verdict"] == "ok"
