"""The way to a cluster: each command to the node that has its key.

Slots are known from ``CLUSTER SLOTS`` of any node. A node that has a slot no longer says where it
is (``MOVED``), or where to ask this once (``ASK``).
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from redis.crc import key_slot
from redis.exceptions import AskError, ClusterDownError, MovedError, RedisError, ResponseError

from streamlit_redis_session.storage._durable import DurableWire, key_of
from streamlit_redis_session.storage._wire import Command, Wire

SLOTS = 16384
MOST_REDIRECTIONS = 5


class Node(NamedTuple):
    """Where one server of a cluster is."""

    host: str
    port: int


class ClusterNodes:
    """The nodes of a cluster, which slots they have, and connections to them.

    Parameters
    ----------
    seeds
        Nodes to ask first.
    make_pool
        Makes the connections to one node.
    """

    def __init__(self, seeds: Sequence[Node], make_pool: Callable[[Node], Any]) -> None:
        self._seeds = tuple(seeds)
        self._make_pool = make_pool
        self._pools: dict[Node, Any] = {}
        self._wires: dict[Node, Wire] = {}
        self._slots: list[Node | None] = []
        self._suspects: set[Node] = set()
        self._is_stale = True
        self._lock = threading.RLock()

    def of_key(self, key: str) -> Node:
        """Find the primary that has a key.

        Raises
        ------
        redis.exceptions.RedisError, OSError
            No node answered, or none has the slot.
        """
        node = self._known_slots()[key_slot(key.encode())]
        if node is None:
            self._is_stale = True
            raise ClusterDownError("no node has the slot")
        return node

    def primaries(self) -> list[Node]:
        """List the primaries, each once."""
        primaries = list(dict.fromkeys(filter(None, self._known_slots())))
        if not primaries:
            self._is_stale = True
            raise ClusterDownError("no node has any slot")
        return primaries

    def _known_slots(self) -> list[Node | None]:
        return self.refresh() if self._is_stale else self._slots

    def wire(self, node: Node) -> Wire:
        """Give the way to one node."""
        with self._lock:
            if node not in self._wires:
                self._pools[node] = self._make_pool(node)
                self._wires[node] = Wire(self._pools[node])
            return self._wires[node]

    def pool(self, node: Node) -> Any:
        """Give the pool of one node."""
        self.wire(node)
        return self._pools[node]

    @property
    def connections(self) -> int:
        """How many connections were made so far."""
        return sum(wire.connections for wire in list(self._wires.values()))

    def suspect(self, node: Node) -> None:
        """Ask where the slots are before the next command; this node last."""
        self._suspects.add(node)
        self._is_stale = True

    def refresh(self) -> list[Node | None]:
        """Ask one node after the other which slots are where.

        Raises
        ------
        redis.exceptions.RedisError, OSError
            No node answered.
        """
        with self._lock:
            suspects = set(self._suspects)
            known = dict.fromkeys([*filter(None, dict.fromkeys(self._slots)), *self._seeds])
            failure: Exception | None = None
            for node in sorted(known, key=suspects.__contains__):
                try:
                    told = self.wire(node).send("CLUSTER", "SLOTS")
                except (RedisError, OSError) as error:
                    failure = failure or error
                    continue
                self._slots, self._is_stale = _read_slots(told, node), False
                self._suspects -= suspects
                return self._slots
            assert failure is not None, "an address has at least one host"
            raise failure from failure.__context__  # which this raise would lose

    def close(self) -> None:
        """Let go of all connections."""
        with self._lock:
            for pool in self._pools.values():
                pool.disconnect()


class ClusterWire:
    """Sends commands to a cluster. Safe to use from any thread.

    Parameters
    ----------
    nodes
        Of the cluster.
    replicas
        How many replicas must confirm what the commands write; 0: none.
    """

    def __init__(self, nodes: ClusterNodes, *, replicas: int = 0) -> None:
        self._nodes = nodes
        self._replicas = replicas

    @property
    def connections(self) -> int:
        """How many connections were made so far, to all nodes."""
        return self._nodes.connections

    def send(self, *command: Any) -> Any:
        """Send one command and give its answer, as ``Wire.send`` does."""
        answer = self.send_all((command,))[0]
        if isinstance(answer, ResponseError):
            raise answer
        return answer

    def send_all(self, commands: Sequence[Command]) -> list[Any]:
        """Send commands to their nodes, node by node; give the answers in their order.

        Raises
        ------
        redis.exceptions.RedisError, OSError
            A node did not answer. Commands to other nodes may have been done.
        """
        answers: list[Any] = [None] * len(commands)
        places: dict[int, tuple[Node, bool]] = {
            at: (self._node_of(command), False) for at, command in enumerate(commands)
        }
        for _ in range(MOST_REDIRECTIONS):
            for (node, is_asked), group in _grouped(places).items():
                found = self._exchange(node, [commands[at] for at in group], is_asked=is_asked)
                for at, answer in zip(group, found, strict=True):
                    answers[at] = answer
            if not (places := self._redirected(places, answers)):
                break
        return answers

    def _node_of(self, command: Command) -> Node:
        key = key_of(command)
        return self._nodes.primaries()[0] if key is None else self._nodes.of_key(key)

    def _exchange(self, node: Node, commands: list[Command], *, is_asked: bool) -> list[Any]:
        wire: Wire | DurableWire = self._nodes.wire(node)
        if self._replicas:
            wire = DurableWire(self._nodes.wire(node), self._replicas)
        try:
            if not is_asked:
                return wire.send_all(commands)
            pairs = [part for command in commands for part in (("ASKING",), command)]
            return wire.send_all(pairs)[1::2]
        except (RedisError, OSError):
            self._nodes.suspect(node)
            raise

    def _redirected(
        self, places: dict[int, tuple[Node, bool]], answers: list[Any]
    ) -> dict[int, tuple[Node, bool]]:
        """Find the commands that must be sent again, and where to."""
        again = {}
        for at, (asked, _) in places.items():
            answer = answers[at]
            if isinstance(answer, (MovedError, ClusterDownError)):
                self._nodes.suspect(asked)
            if isinstance(answer, AskError):  # MovedError is one
                node = Node(answer.host or asked.host, answer.port)
                again[at] = (node, not isinstance(answer, MovedError))
        return again


def _grouped(places: dict[int, tuple[Node, bool]]) -> dict[tuple[Node, bool], list[int]]:
    groups: dict[tuple[Node, bool], list[int]] = defaultdict(list)
    for at, place in places.items():
        groups[place].append(at)
    return groups


def _read_slots(told: list[Any], asked: Node) -> list[Node | None]:
    """Read what ``CLUSTER SLOTS`` answers; a host that is not told is the asked one's."""
    slots: list[Node | None] = [None] * SLOTS
    for first, last, primary, *_ in told:
        host = (primary[0] or b"").decode()
        node = Node(host if host not in ("", "?") else asked.host, int(primary[1]))
        slots[first : last + 1] = [node] * (last + 1 - first)
    return slots
