"""Connections that break at every byte, and at random ones."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field

from support.crash_proxy import CrashProxy, Cut, Where
from support.crash_steps import USUAL, WRITES, Maker, commit, create_branch, delete, tag, undo
from support.crash_walk import CrashWalk, Recovery, Step
from support.servers import RedisServer

STEPS_OF_A_WALK = 14
CUT_SHARE = 0.85
"""Of the steps of a random walk."""
MOST_PLACES = 3000
WHERES: tuple[Where, ...] = ("before", "request", "request", "done", "done", "reply")


@dataclass
class Crashes:
    """What was broken, and what was found afterwards; a violation raises where it is found."""

    cuts: int = 0
    sessions: int = 0
    versions: int = 0
    seconds: float = 0.0
    by_step: Counter[str] = field(default_factory=Counter)

    def add(self, other: Crashes) -> None:
        """Take the figures of another process over."""
        self.cuts += other.cuts
        self.sessions += other.sessions
        self.versions += other.versions
        self.seconds = max(self.seconds, other.seconds)
        self.by_step += other.by_step


def every_point(makers: Sequence[Maker] = WRITES) -> Crashes:
    """Break every command of every step: before it, in its middle, after it, in its answer."""
    found = Crashes()
    with _timed(found), RedisServer() as server, CrashProxy(server.socket_path) as proxy:
        for maker in makers:
            for knows_scripts in (True, False):
                ground = Ground(server, proxy, maker, knows_scripts)
                for number, size in enumerate(ground.command_sizes()):
                    for cuts, recovery in _ways(number, size):
                        ground.break_once(cuts, recovery, found)
    return found


def every_byte(makers: Sequence[Maker] = WRITES, *, stride_bytes: int = 1) -> Crashes:
    """Break every command of every step after each of its bytes: none may be taken for whole.

    As nothing is done, the same session serves for all of them. A command of more than
    ``MOST_PLACES`` bytes is broken at as many places.
    """
    found = Crashes()
    with _timed(found), RedisServer() as server, CrashProxy(server.socket_path) as proxy:
        for maker in makers:
            for knows_scripts in (True, False):
                ground = Ground(server, proxy, maker, knows_scripts)
                for number, size in enumerate(ground.command_sizes()):
                    stride = max(stride_bytes, size // MOST_PLACES)
                    ground.break_within(number, range(1, size, stride), found)
    return found


def _ways(number: int, size: int) -> Iterator[tuple[tuple[Cut, ...], Recovery]]:
    """List how a command can break, and what happens then.

    The client's own second try goes through; or it meets a closed server; or it breaks, too.
    """
    places: list[tuple[Where, int]] = [("before", 0), ("done", 0)]
    places += [("request", sent) for sent in (1, size // 2, size - 1)]
    places += [("reply", sent) for sent in (1, 2, 3)]
    recoveries: tuple[Recovery, ...] = ("again", "dead")
    for where, sent in places:
        once, closing = Cut(number, where, sent), Cut(number, where, sent, then_closed=True)
        twice = Cut(number + 1, where, sent, then_closed=True)
        yield (once,), "dead"
        for recovery in recoveries:
            yield (closing,), recovery
            yield (once, twice), recovery


@dataclass
class Ground:
    """Where one kind of step is broken: on a server that knows the scripts, or has lost them."""

    server: RedisServer
    proxy: CrashProxy
    maker: Maker
    knows_scripts: bool

    def command_sizes(self) -> list[int]:
        """Do the step once, on an empty server, and see what it sends."""
        with self.server.client() as client:
            client.flushall()
        walk = self._prepared()
        walk.perform(self._step(walk))
        walk.close()
        return list(self.proxy.command_bytes)

    def break_once(self, cuts: tuple[Cut, ...], recovery: Recovery, found: Crashes) -> None:
        """Break the step in a session of its own, recover, and look at all of it."""
        walk = self._prepared()
        with self._counted(walk, found, f"{cuts}, then {recovery}"):
            walk.perform(self._step(walk), *cuts, recovery=recovery)

    def break_within(self, number: int, places: Iterable[int], found: Crashes) -> None:
        """Break a command after so many bytes, and again in the same session, unchanged."""
        walk = self._prepared()
        with self._counted(walk, found, f"command {number}, byte by byte"):
            for sent in places:
                before = deepcopy(walk.view.model)
                cut = Cut(number, "request", sent, then_closed=True)
                walk.perform(self._step(walk), cut, recovery="dead")
                assert walk.view.model == before, f"half a command was done, {sent} bytes of it"

    @contextmanager
    def _counted(self, walk: CrashWalk, found: Crashes, what: str) -> Iterator[None]:
        before, name = self.proxy.cuts, self.maker.__name__
        try:
            yield
            findings = walk.check()
        except Exception as error:
            raise AssertionError(f"{name}, {what}: {error}") from error
        finally:
            walk.close()
        found.cuts += self.proxy.cuts - before
        found.by_step[name] += self.proxy.cuts - before
        found.sessions += 1
        found.versions += findings.versions if findings else 0

    def _step(self, walk: CrashWalk) -> Step:
        if not self.knows_scripts:
            with self.server.client() as client:
                client.script_flush()
        step = self.maker(walk)
        assert step is not None
        return step

    def _prepared(self) -> CrashWalk:
        """A session with two branches, a tag, settings, and steps to undo and to redo."""
        walk = CrashWalk(self.proxy, self.server.unix_url, random.Random(1))
        for maker in (commit, commit, create_branch, tag, commit, commit, undo):
            step = maker(walk)
            assert step is not None
            walk.perform(step)
        return walk


def random_points(seed: int, cuts: int) -> Crashes:
    """Walk over sessions of which most steps meet a broken connection, until so many were."""
    found = Crashes()
    with _timed(found), RedisServer() as server, CrashProxy(server.socket_path) as proxy:
        while proxy.cuts < cuts:
            name = f"{seed}/{found.sessions}"
            try:
                _walk(server, proxy, random.Random(name), found)
            except Exception as error:
                raise AssertionError(f"random walk {name}: {error}") from error
            found.sessions += 1
        found.cuts = proxy.cuts
    return found


def _walk(server: RedisServer, proxy: CrashProxy, rng: random.Random, found: Crashes) -> None:
    walk = CrashWalk(proxy, server.unix_url, rng)
    walk.perform(commit(walk))
    for _ in range(STEPS_OF_A_WALK):
        maker = rng.choice(USUAL)
        step = maker(walk)
        if step is not None:
            before = proxy.cuts
            walk.perform(step, *_some_cuts(rng), recovery=rng.choice(("again", "dead")))
            found.by_step[maker.__name__] += proxy.cuts - before
    findings = walk.check()
    assert findings is not None
    found.versions += findings.versions
    before = proxy.cuts
    walk.perform(delete(walk), *_some_cuts(rng), recovery="dead")
    found.by_step["delete"] += proxy.cuts - before
    walk.check()
    if not walk.is_deleted:
        walk.session.delete()
    walk.close()


def _some_cuts(rng: random.Random) -> tuple[Cut, ...]:
    if rng.random() > CUT_SHARE:
        return ()
    command = rng.choice((0, 0, 0, 1, 2))
    where, sent = rng.choice(WHERES), rng.randrange(1, 5000)
    kind = rng.randrange(3)
    if kind == 0:  # the client's own second try goes through
        return (Cut(command, where, sent),)
    if kind == 1:
        return (Cut(command, where, sent, then_closed=True),)
    later = Cut(command + 1, rng.choice(WHERES), rng.randrange(1, 5000), then_closed=True)
    return Cut(command, where, sent), later


@contextmanager
def _timed(found: Crashes) -> Iterator[None]:
    began = time.monotonic()
    yield
    found.seconds = time.monotonic() - began
