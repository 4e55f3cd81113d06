"""The ways in which a store fails, each with its end; a server behind a network of its own."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from support.proxy import Proxy
from support.servers import RedisServer

DELAY_S = 0.4
LOADING_S = 1.0
FAILOVER_S = 1.5


@dataclass(frozen=True)
class Site:
    """A server, and the network through which the app reaches it."""

    server: RedisServer
    proxy: Proxy
    threads: list[threading.Thread] = field(default_factory=list)


@dataclass(frozen=True)
class Outage:
    """One way of failing. ``end`` returns when the store could be used again."""

    begin: Callable[[Site], None]
    end: Callable[[Site], None]
    takes_writes: bool = False
    """Whether the store can be used all the time."""
    answers: bool = False
    """Whether the store can be read all the time."""


@contextmanager
def site() -> Iterator[Site]:
    with (
        RedisServer("--appendfsync", "always", persistent=True) as server,
        Proxy(server.port) as proxy,
    ):
        try:
            yield Site(server, proxy)
        finally:
            proxy.restore()


def _configure(site: Site, **settings: str) -> None:
    with site.server.client() as client:
        for name, value in settings.items():
            client.config_set(name.replace("_", "-"), value)


def _load_slowly(site: Site) -> None:
    """Start again with data that take a while; the server answers LOADING meanwhile."""
    site.server.kill()
    with site.server.client() as client:
        assert client is not None
    delay_us = str(int(LOADING_S * 1e6 / 10))
    slow = ("--key-load-delay", delay_us, "--loading-process-events-interval-bytes", "1024")
    command = [*site.server._command(), *slow]
    site.server._process = subprocess.Popen(
        command, stdout=site.server._log, stderr=site.server._log
    )


def _finish_loading(site: Site) -> None:
    site.server.kill()
    site.server.start()


def _fail_over(site: Site) -> None:
    """Nobody at the address, then a server that only reads, then one that writes."""
    site.server.kill()

    def take_over() -> None:
        time.sleep(FAILOVER_S / 2)
        site.server.options = (*site.server.options, "--replicaof", "127.0.0.1 1")
        site.server.start()

    thread = threading.Thread(target=take_over)
    thread.start()
    site.threads.append(thread)


def _finish_failover(site: Site) -> None:
    site.threads.pop().join()
    with site.server.client() as client:
        client.replicaof("NO", "ONE")


def _follow_nobody(site: Site) -> None:
    with site.server.client() as client:
        client.replicaof("127.0.0.1", "1")


def _lead(site: Site) -> None:
    with site.server.client() as client:
        client.replicaof("NO", "ONE")


def _forget_scripts(site: Site) -> None:
    with site.server.client() as client:
        client.script_flush()


OUTAGES = {
    "refused": Outage(lambda s: s.proxy.refuse(), lambda s: s.proxy.restore()),
    "killed": Outage(lambda s: s.server.kill(), lambda s: void(s.server.start())),
    "frozen": Outage(lambda s: s.server.freeze(), lambda s: s.server.thaw()),
    "black hole": Outage(lambda s: s.proxy.swallow(), lambda s: s.proxy.restore()),
    "slow": Outage(
        lambda s: s.proxy.delay(DELAY_S), lambda s: s.proxy.restore(), takes_writes=True
    ),
    "loading": Outage(_load_slowly, _finish_loading),
    "read-only": Outage(_follow_nobody, _lead, answers=True),
    "full": Outage(
        lambda s: _configure(s, maxmemory_policy="noeviction", maxmemory="1mb"),
        lambda s: _configure(s, maxmemory="0"),
        answers=True,
    ),
    "script cache gone": Outage(_forget_scripts, lambda _: None, takes_writes=True),
    "failing over": Outage(_fail_over, _finish_failover),
}


def void(_: object) -> None:
    """Drop a result."""
