"""Each mistake that is put in on purpose is noticed, and without it every check is content."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import pytest
from support import protocol, protocol_on_server
from support.servers import RedisServer

from .mutants import MUTANTS, Mutant
from .script_mutants import SCRIPT_MUTANTS

ALL = [*MUTANTS, *SCRIPT_MUTANTS]

CHECKS = sorted(
    (
        check
        for module in (protocol, protocol_on_server)
        for name, check in vars(module).items()
        if inspect.isfunction(check)
        and check.__module__ == module.__name__
        and inspect.signature(check).return_annotation == "None"
        and not name.startswith("_")
    ),
    key=lambda check: check.__name__,
)


def run(check: Callable[..., None], server: RedisServer) -> None:
    check(*([server] if inspect.signature(check).parameters else []))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_protocol_keeps_its_promises(
    check: Callable[..., None], redis_server: RedisServer
) -> None:
    run(check, redis_server)


@pytest.mark.parametrize("mutant", ALL, ids=lambda mutant: mutant.name)
def test_a_mistake_in_the_protocol_is_noticed(mutant: Mutant, redis_server: RedisServer) -> None:
    with mutant.applied(), pytest.raises(Exception):  # noqa: B017, PT011 (in whatever way it shows)
        run(mutant.check, redis_server)


def test_there_are_enough_mistakes_and_no_two_are_one() -> None:
    assert len({mutant.name for mutant in ALL}) == len(ALL) >= 45
