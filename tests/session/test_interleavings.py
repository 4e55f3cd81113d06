"""Every order in which the store calls of two or three processes can happen, program by program.

Each client goes on by one store call at a time, and every order of these calls is run once.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support.clients import NAMESPACE
from support.interleave import interleavings
from support.programs import (
    Program,
    World,
    assert_size,
    branch,
    delete,
    drag,
    follow,
    orders,
    put,
    redo,
    rename,
    setting,
    switch,
    tag,
    then,
    undo,
)
from support.servers import RedisServer

from streamlit_redis_session.storage import Backend, open_backend, resolve_url


def test_the_scheduler_runs_every_order_once() -> None:
    seen: list[str] = []

    def run(choose: Callable[[int], int]) -> None:
        left, word = {"a": 3, "b": 2}, ""
        while any(left.values()):
            ready = [name for name, count in left.items() if count]
            name = ready[choose(len(ready))]
            left[name] -= 1
            word += name
        seen.append(word)

    assert sum(1 for _ in interleavings(run)) == len(set(seen)) == 10


def test_commits_of_different_values_make_one_line() -> None:
    found = orders(put("df", 5), put("by", 6), check=assert_size(2, 0))
    assert found >= 2


def test_commits_of_one_value_make_two_branches() -> None:
    def check(world: World) -> None:
        graph = world.session().graph()
        assert len(graph.versions) == 5
        assert set(graph.branches) == {"main", "side", "main-2"}

    assert orders(put("df", 5), put("df", 6), check=check) >= 2


def test_the_same_commit_twice_makes_one_version() -> None:
    orders(put("df", 5), put("df", 5), check=assert_size(1, 0))


def test_three_writers_of_different_values_make_one_line() -> None:
    orders(put("df", 5), put("by", 6), put("new", 7), check=assert_size(3, 0))


def test_a_redo_of_what_the_other_does_makes_nothing() -> None:
    orders(then(undo, put("df", 2)), put("by", 8))


@pytest.mark.parametrize(
    "programs",
    [
        pytest.param((undo, put("df", 5)), id="undo, commit"),
        pytest.param((undo, undo), id="undo, undo"),
        pytest.param((then(undo, redo), put("df", 5)), id="undo and redo, commit"),
        pytest.param((then(undo, put("df", 5)), put("by", 6)), id="edit after undo, commit"),
        pytest.param((put("df", 5, 6), put("by", 7)), id="two commits, commit"),
        pytest.param((put("df", 5, 6), put("df", 7)), id="two commits, commit of the same"),
        pytest.param((delete, put("df", 5)), id="delete, commit"),
        pytest.param((delete, drag("df", 5, 6)), id="delete, drag"),
        pytest.param((delete, undo), id="delete, undo"),
        pytest.param((delete, branch), id="delete, branch"),
        pytest.param((delete, setting), id="delete, setting"),
        pytest.param((branch, put("df", 5)), id="branch, commit"),
        pytest.param((branch, undo), id="branch, undo"),
        pytest.param((branch, branch), id="branch, branch of the same name"),
        pytest.param((tag, branch), id="tag, branch of the same name"),
        pytest.param((rename, put("df", 5)), id="rename, commit"),
        pytest.param((rename, undo), id="rename, undo"),
        pytest.param((switch, put("df", 5)), id="switch, commit"),
        pytest.param((then(switch, put("df", 5)), put("df", 6)), id="commits on two branches"),
        pytest.param((setting, put("df", 5)), id="setting, commit"),
        pytest.param((setting, undo), id="setting, undo"),
        pytest.param((then(follow, put("df", 5)), put("df", 6)), id="follow and commit, commit"),
        pytest.param((drag("df", 5, 6), put("by", 7)), id="drag, commit"),
        pytest.param((drag("df", 5, 6), put("df", 7)), id="drag, commit of the same"),
        pytest.param((drag("df", 5, 6), then(follow, put("df", 7))), id="drag, follow and commit"),
        pytest.param((drag("df", 5, 6), then(follow, put("by", 7))), id="drag, follow and other"),
        pytest.param((drag("df", 5, 2), put("by", 7)), id="drag and back, commit"),
        pytest.param((drag("df", 5, 2), then(follow, put("df", 7))), id="drag and back, follow"),
        pytest.param((drag("df", 5, 6), undo), id="drag, undo"),
        pytest.param((drag("df", 5, 6), then(follow, tag)), id="drag, tag"),
        pytest.param((drag("df", 5, 6), then(follow, branch)), id="drag, branch"),
        pytest.param((drag("df", 5, 6), then(follow, undo)), id="drag, follow and undo"),
        pytest.param((drag("df", 5, 6), drag("by", 7, 8)), id="drag, drag"),
        pytest.param((drag("df", 5, 6), rename), id="drag, rename"),
    ],
)
def test_in_no_order_anything_is_lost_or_doubled(programs: tuple[Program, ...]) -> None:
    assert orders(*programs) >= 2


@pytest.mark.parametrize(
    "programs",
    [
        pytest.param((put("df", 5), put("by", 6), put("df", 7)), id="three commits"),
        pytest.param((put("df", 5), undo, put("by", 6)), id="commit, undo, commit"),
        pytest.param((put("df", 5), delete, put("by", 6)), id="commit, delete, commit"),
        pytest.param((drag("df", 5, 6), tag, put("by", 7)), id="drag, tag, commit"),
    ],
)
def test_nor_with_three_clients(programs: tuple[Program, ...]) -> None:
    assert orders(*programs) >= 6


def test_on_a_real_server_the_orders_end_alike(redis_server: RedisServer) -> None:
    """A short form: memory is the reference, and the contract of backends says the rest."""

    def on_server(count: int) -> list[Backend]:
        url = resolve_url(redis_server.url)
        return [open_backend(url, namespace=NAMESPACE) for _ in range(count)]

    for programs in (
        (put("df", 5), put("df", 6)),
        (put("df", 5), put("by", 6)),
        (delete, put("df", 5)),
        (drag("df", 5, 6), put("df", 7)),
    ):
        assert orders(*programs, backends=on_server) == orders(*programs)
