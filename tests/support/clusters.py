"""Real clusters and Sentinel trios for tests, from the bundled server program."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import redis
from typing_extensions import Self

from support.servers import RedisServer, free_port

NODE_TIMEOUT_MS = 1000
START_S = 30.0
SLOTS = 16384
SERVICE = "mymaster"


def wait_until(holds: Callable[[], bool], what: str, *, seconds: float = START_S) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(redis.RedisError):
            if holds():
                return
        time.sleep(0.05)
    raise TimeoutError(what)


def asked(server: RedisServer, *command: Any) -> Any:
    """Give a server's answer as redis-py parses it."""
    with server.client() as client:
        call: Any = client.execute_command
        return call(*command)


class _Group:
    """Several servers that start and stop together."""

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()

    def run(self, server: RedisServer) -> RedisServer:
        self._stack.callback(server.stop)  # also when it does not get ready
        return server.start()

    def stop(self) -> None:
        self._stack.close()

    def set_up(self) -> None:
        """Start everything; what was started is stopped when something fails."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        try:
            self.set_up()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


class RedisCluster(_Group):
    """Three primaries that share the slots, each with as many replicas as asked for."""

    def __init__(self, *options: str, replicas: int = 0) -> None:
        super().__init__()
        self._options = options
        self._replicas = replicas
        self._bus_ports: dict[int, int] = {}
        self.primaries: list[RedisServer] = []
        self.replicas: list[RedisServer] = []

    @property
    def url(self) -> str:
        hosts = ",".join(f"127.0.0.1:{server.port}" for server in self.primaries)
        return f"redis+cluster://{hosts}"

    @property
    def servers(self) -> list[RedisServer]:
        return [*self.primaries, *self.replicas]

    def set_up(self) -> None:
        self.primaries = [self._node() for _ in range(3)]
        self.replicas = [self._node() for _ in range(3 * self._replicas)]
        edges = [at * SLOTS // 3 for at in range(4)]
        for server, first, end in zip(self.primaries, edges[:-1], edges[1:], strict=True):
            asked(server, "CLUSTER", "ADDSLOTSRANGE", first, end - 1)
        for number, server in enumerate(self.servers, 1):
            asked(server, "CLUSTER", "SET-CONFIG-EPOCH", number)
        met = self.primaries[0]
        for server in self.servers[1:]:
            asked(server, "CLUSTER", "MEET", "127.0.0.1", met.port, self._bus_ports[met.port])
        wait_until(self._all_know_all, "the nodes to meet")
        for at, server in enumerate(self.replicas):
            asked(server, "CLUSTER", "REPLICATE", self.id_of(self.primaries[at % 3]))
        wait_until(self.is_whole, "the cluster to be whole")

    def id_of(self, server: RedisServer) -> str:
        return str(asked(server, "CLUSTER", "MYID").decode())

    def primary_of(self, key: str) -> RedisServer:
        """The server that has a key by its slot, as another one tells it."""
        return self._primary_of_slot(redis.crc.key_slot(key.encode()))

    def _primary_of_slot(self, slot: int) -> RedisServer:
        told: Any = []
        for server in self.servers:
            with contextlib.suppress(redis.RedisError):
                told = asked(server, "CLUSTER", "SLOTS")
                break
        ports = [primary[1] for first, last, primary, *_ in told if first <= slot <= last]
        return next(server for server in self.servers if server.port == ports[0])

    def fail_over(self, old: RedisServer) -> None:
        """Kill a primary and wait for its replica to take its slots."""
        own = asked(old, "CLUSTER", "MYID")
        told: Any = asked(old, "CLUSTER", "SLOTS")
        slot = next(first for first, _, primary, *_ in told if primary[2] == own)
        old.kill()
        wait_until(lambda: self._primary_of_slot(slot) is not old, "another primary")

    def flush(self) -> None:
        for server in self.primaries:
            asked(server, "FLUSHALL")

    def keys(self) -> set[str]:
        return {key.decode() for server in self.primaries for key in asked(server, "KEYS", "*")}

    def is_whole(self) -> bool:
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(server.client()) for server in self.servers]
            states: Any = [client.execute_command("CLUSTER INFO") for client in clients]
            links: Any = [client.info("replication") for client in clients]
        told = [link for link in links if link["role"] == "master"]
        return all(state["cluster_state"] == "ok" for state in states) and (
            sum(link["connected_slaves"] for link in told) == len(self.replicas)
        )

    def _all_know_all(self) -> bool:
        everyone = len(self.servers)
        return all(
            int(asked(server, "CLUSTER INFO")["cluster_known_nodes"]) == everyone
            for server in self.servers
        )

    def _node(self) -> RedisServer:
        bus_port = free_port()
        bus = ("--cluster-port", str(bus_port))
        timeout = ("--cluster-node-timeout", str(NODE_TIMEOUT_MS))
        quick = ("--repl-diskless-sync-delay", "0", *bus, *timeout)
        server = self.run(RedisServer("--cluster-enabled", "yes", *quick, *self._options))
        self._bus_ports[server.port] = bus_port
        return server


class SentinelTrio(_Group):
    """One primary, replicas, and three sentinels that watch them."""

    def __init__(self, *options: str, replicas: int = 1, password: str | None = None) -> None:
        super().__init__()
        self._options = options
        self._replicas = replicas
        self._password = password
        self.servers: list[RedisServer] = []
        self.sentinels: list[RedisServer] = []

    @property
    def hosts(self) -> str:
        return ",".join(f"127.0.0.1:{sentinel.port}" for sentinel in self.sentinels)

    @property
    def url(self) -> str:
        return f"redis+sentinel://{self.hosts}/{SERVICE}"

    def set_up(self) -> None:
        first = self.run(RedisServer("--repl-diskless-sync-delay", "0", *self._options))
        self.servers = [first]
        for _ in range(self._replicas):
            replica = RedisServer("--repl-diskless-sync-delay", "0", *self._options)
            self.servers.append(self.run(replica))
            asked(replica, "REPLICAOF", "127.0.0.1", first.port)
        wait_until(self._all_connected, "the replicas to connect")
        self.sentinels = [self._sentinel() for _ in range(3)]
        wait_until(self._all_watch, "the sentinels to find each other")

    @property
    def primary(self) -> RedisServer:
        """The server that most sentinels name."""
        named = [self._named_by(sentinel) for sentinel in self.sentinels]
        port = max(named, key=named.count)
        return next(server for server in self.servers if server.port == port)

    def _named_by(self, sentinel: RedisServer) -> int:
        return int(asked(sentinel, "SENTINEL GET-MASTER-ADDR-BY-NAME", SERVICE)[1])

    def is_whole(self) -> bool:
        """Whether all name one primary that all the others follow."""
        return len({self._named_by(sentinel) for sentinel in self.sentinels}) == 1 and (
            asked(self.primary, "INFO", "replication")["connected_slaves"] == self._replicas
        )

    def _all_connected(self) -> bool:
        told = asked(self.servers[0], "INFO", "replication")
        return int(told["connected_slaves"]) == self._replicas

    def _all_watch(self) -> bool:
        return all(self._knows_all(sentinel) for sentinel in self.sentinels)

    def _knows_all(self, sentinel: RedisServer) -> bool:
        told = asked(sentinel, "SENTINEL MASTER", SERVICE)
        return int(told["num-other-sentinels"]) == 2 and int(told["num-slaves"]) == self._replicas

    def _sentinel(self) -> RedisServer:
        return self.run(_Sentinel(self.servers[0].port, self._password))


class _Sentinel(RedisServer):
    """A sentinel, which keeps its state in the configuration it was started with."""

    def __init__(self, primary_port: int, password: str | None) -> None:
        super().__init__()
        self._primary_port = primary_port
        self._password = password

    def client(self, **options: Any) -> redis.Redis:
        return super().client(password=self._password, **options)

    def _command(self) -> list[str]:
        config = self.folder / "sentinel.conf"
        if not config.exists():
            config.write_text("\n".join(self._lines()))
        return [str(self.binary), str(config), "--sentinel"]

    def _lines(self) -> list[str]:
        folder: Path = self.folder
        word = self._password
        login = [f'requirepass "{word}"', f'sentinel sentinel-pass "{word}"'] if word else []
        return [
            f"port {self.port}",
            "bind 127.0.0.1",
            f"unixsocket {self.socket_path}",
            f"dir {folder}",
            f"sentinel monitor {SERVICE} 127.0.0.1 {self._primary_port} 2",
            f"sentinel down-after-milliseconds {SERVICE} 1000",
            f"sentinel failover-timeout {SERVICE} 5000",
            *login,
        ]
