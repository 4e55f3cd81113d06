"""Small programs of several clients, run in every order of their store calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from random import Random
from typing import TypeAlias

from streamlit_redis_session.session import Session
from streamlit_redis_session.storage import Backend
from streamlit_redis_session.storage._memory import MemoryBackend
from streamlit_redis_session.storage._memory_store import MemoryStore
from support.clients import Client, Promises, assert_sound, open_store
from support.interleave import Turnstile, interleavings, stepped

Program: TypeAlias = Callable[[Client], None]


def put(key: str, *numbers: int) -> Program:
    def program(client: Client) -> None:
        for number in numbers:
            client.put(key, number)

    return program


def drag(key: str, *numbers: int) -> Program:
    """Set a value step by step, each in the place of the one before."""

    def program(client: Client) -> None:
        client.put(key, numbers[0])
        for number in numbers[1:]:
            client.drag(key, number)

    return program


def then(*programs: Program) -> Program:
    def program(client: Client) -> None:
        for each in programs:
            each(client)

    return program


undo: Program = Client.undo
redo: Program = Client.redo
follow: Program = Client.follow
delete: Program = Client.delete


def tag(client: Client) -> None:
    client.tag("kept")


def branch(client: Client) -> None:
    client.branch("kept")


def rename(client: Client) -> None:
    client.rename("main", "work")


def switch(client: Client) -> None:
    client.switch("side")


def setting(client: Client) -> None:
    client.set("chart", 7)


BASE = (("df", 1), ("by", 1), ("df", 2))
"""What every session begins with: three versions, of which ``side`` names the second."""


def begin(backend: Backend) -> tuple[str, Promises]:
    promises = Promises()
    session = open_store(backend).session()
    client = Client(backend, session.id, promises)
    for key, number in BASE:
        client.put(key, number)
    client.session.create_branch("side", at="HEAD~1")
    return session.id, promises


RECORDS = ("read_versions", "read_tables")
"""Reads of what never changes: their order matters only where somebody deletes the session."""


class World:
    """A fresh session, and clients on it that have all seen the same head."""

    def __init__(self, backends: Sequence[Backend], *, is_deleted: bool) -> None:
        orderless = () if is_deleted else RECORDS
        self.backend = backends[0]
        self.turnstile = Turnstile()
        self.session_id, self.promises = begin(self.backend)
        self.clients = [
            Client(
                stepped(backend, self.turnstile, n, orderless=orderless),
                self.session_id,
                self.promises,
            )
            for n, backend in enumerate(backends[1:])
        ]

    def run(self, programs: Sequence[Program], choose: Callable[[int], int]) -> None:
        bound = [partial(p, c) for p, c in zip(programs, self.clients, strict=True)]
        self.turnstile.run(bound, choose)
        assert_sound(self.backend, self.session_id, self.promises)

    def session(self) -> Session:
        return open_store(self.backend).session(self.session_id)


def in_memory(count: int) -> list[Backend]:
    store = MemoryStore()
    return [MemoryBackend(store=store) for _ in range(count)]


def orders(
    *programs: Program,
    check: Callable[[World], None] | None = None,
    backends: Callable[[int], list[Backend]] = in_memory,
    most: int | None = None,
) -> int:
    """Run programs in every order of their store calls (or in ``most`` random ones); count them."""

    def run(choose: Callable[[int], int]) -> None:
        opened = backends(len(programs) + 1)
        made = World(opened, is_deleted=delete in programs)
        made.run(programs, choose)
        if check is not None:
            check(made)
        for backend in opened:
            backend.close()

    if most is None:
        return sum(1 for _ in interleavings(run))
    for seed in range(most):
        run(Random(seed).randrange)
    return most


def assert_size(versions: int, branches: int) -> Callable[[World], None]:
    """Expect so many versions beyond the first three, and branches beyond the first two."""

    def check(world: World) -> None:
        graph = world.session().graph()
        assert len(graph.versions) == 3 + versions
        assert len(graph.branches) == 2 + branches

    return check
