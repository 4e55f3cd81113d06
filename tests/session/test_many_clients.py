"""A random walk of several processes on one session, none of which waits for the others.

Each has seen the session at another moment, and some are far behind.
What every walk must keep is in ``support.clients.assert_sound``.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from support.clients import NAMESPACE, Client, Promises, assert_sound, open_store
from support.servers import RedisServer

from streamlit_redis_session.storage import Backend, open_backend, resolve_url
from streamlit_redis_session.storage._memory import MemoryBackend
from streamlit_redis_session.storage._memory_store import MemoryStore

CLIENTS = st.integers(0, 2)
KEYS = st.sampled_from(["df", "by"])
NAMES = st.sampled_from(["side", "what-if", "main"])


class ManyClients(RuleBasedStateMachine):
    """Three processes; each keeps its session until it is killed."""

    def __init__(self) -> None:
        super().__init__()
        self.backends = self.open_backends()
        self.promises = Promises()
        self.session_id = open_store(self.backends[0]).session().id
        self.clients = [self.open_client(n) for n in range(3)]
        self.number = 0

    def open_backends(self) -> list[Backend]:
        store = MemoryStore()
        return [MemoryBackend(store=store) for _ in range(3)]

    def open_client(self, number: int) -> Client:
        return Client(self.backends[number], self.session_id, self.promises)

    def fresh(self) -> int:
        """Give a number that no value has had, so that equal contents are one content."""
        self.number += 1
        return self.number

    @initialize()
    def begin(self) -> None:
        self.clients[0].put("df", self.fresh())

    @rule(client=CLIENTS, key=KEYS)
    def commit(self, client: int, key: str) -> None:
        self.clients[client].put(key, self.fresh())

    @precondition(lambda self: self.number > 0)
    @rule(client=CLIENTS, key=KEYS, data=st.data())
    def commit_what_somebody_had(self, client: int, key: str, data: st.DataObject) -> None:
        self.clients[client].put(key, data.draw(st.integers(1, self.number)))

    @rule(client=CLIENTS, key=KEYS, steps=st.integers(1, 3))
    def drag(self, client: int, key: str, steps: int) -> None:
        self.clients[client].put(key, self.fresh())
        for _ in range(steps):
            self.clients[client].drag(key, self.fresh())

    @precondition(lambda self: self.number > 0)
    @rule(client=CLIENTS, key=KEYS, data=st.data())
    def drag_on(self, client: int, key: str, data: st.DataObject) -> None:
        """To a new value, or to one that there was: to where the drag began, say."""
        old = data.draw(st.integers(0, self.number))
        self.clients[client].drag(key, old or self.fresh())

    @rule(client=CLIENTS)
    def undo(self, client: int) -> None:
        self.clients[client].undo()

    @rule(client=CLIENTS)
    def redo(self, client: int) -> None:
        self.clients[client].redo()

    @rule(client=CLIENTS)
    def follow(self, client: int) -> None:
        self.clients[client].follow()

    @rule(client=CLIENTS, value=st.integers(0, 3))
    def change_a_setting(self, client: int, value: int) -> None:
        self.clients[client].set("chart", value)

    @rule(client=CLIENTS, name=NAMES)
    def branch(self, client: int, name: str) -> None:
        self.clients[client].branch(name)

    @rule(client=CLIENTS, name=NAMES)
    def switch(self, client: int, name: str) -> None:
        self.clients[client].switch(name)

    @rule(client=CLIENTS, name=st.sampled_from(["v1", "v2"]))
    def tag(self, client: int, name: str) -> None:
        self.clients[client].tag(name)

    @rule(client=CLIENTS, old=NAMES, new=NAMES)
    def rename(self, client: int, old: str, new: str) -> None:
        self.clients[client].rename(old, new)

    @rule(client=CLIENTS)
    def kill(self, client: int) -> None:
        """Forget a process with all that it held, and start another."""
        if not self.promises.is_deleted:
            self.clients[client] = self.open_client(client)

    @rule(client=CLIENTS, really=st.sampled_from([False] * 19 + [True]))
    def delete(self, client: int, really: bool) -> None:
        if really:
            self.clients[client].delete()

    @invariant()
    def what_was_promised_holds(self) -> None:
        assert_sound(self.backends[0], self.session_id, self.promises)

    def teardown(self) -> None:
        for backend in self.backends:
            backend.close()


STEPS = settings(
    max_examples=15,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def walk(machine: type[ManyClients], how: settings) -> None:
    run_state_machine_as_test(machine, settings=how)


def test_nothing_is_lost_in_a_walk_of_three_clients_in_memory() -> None:
    walk(ManyClients, STEPS)


@pytest.mark.slow
def test_nothing_is_lost_in_a_long_walk_of_three_clients_in_memory() -> None:
    walk(ManyClients, settings(STEPS, max_examples=400))


@pytest.fixture(scope="module")
def own_server() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.mark.slow
def test_nothing_is_lost_in_a_walk_of_three_clients_on_a_real_server(
    own_server: RedisServer,
) -> None:
    class OnServer(ManyClients):
        def open_backends(self) -> list[Backend]:
            url = resolve_url(own_server.url)
            return [open_backend(url, namespace=NAMESPACE) for _ in range(3)]

    walk(OnServer, settings(STEPS, max_examples=10))
