"""The watch over a store: who may ask it, what a failure costs, and how its end is noticed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from support.outages import DELAY_S, Site, site
from support.servers import free_port

import streamlit_redis_session as srs
from streamlit_redis_session.adapter._outage import Watch, _is_far
from streamlit_redis_session.errors import (
    StorageError,
    StorageFullError,
    StorageUnavailableError,
)
from streamlit_redis_session.session import Store

LONG_S = 20.0


class Listener:
    """Notes that it was told."""

    def __init__(self, *, fails: bool = False) -> None:
        self.fails = fails
        self.times = 0

    def returned(self) -> None:
        self.times += 1
        if self.fails:
            raise ValueError("oops")


@pytest.fixture
def place() -> Iterator[Site]:
    with site() as place:
        yield place


@pytest.fixture
def store(place: Site) -> Iterator[Store]:
    with srs.connect(place.proxy.url) as store:
        yield store


@pytest.fixture
def changes() -> list[bool]:
    return []


@pytest.fixture
def watch(store: Store, changes: list[bool]) -> Watch:
    made = Watch(store, lambda: changes.append(made.is_out))
    return made


def ask(watch: Watch, store: Store) -> None:
    with watch.asking():
        store.ping()


def until(is_true: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + LONG_S
    while not is_true():
        assert time.monotonic() < give_up_at
        time.sleep(0.01)


def is_probed(watch: Watch) -> bool:
    thread = watch._thread
    return thread is not None and thread.is_alive()


def begin(watch: Watch, store: Store) -> None:
    """Reach the store, and wait until it is known to be prompt, on a busy machine too."""
    ask(watch, store)
    until(lambda: not is_probed(watch))


def test_a_store_that_is_well_is_asked_and_watched_by_nobody(watch: Watch, store: Store) -> None:
    begin(watch, store)
    watch.check()
    until(lambda: not is_probed(watch))

    assert not watch.is_out
    assert not watch.is_slow
    assert watch.reason == ""


def test_a_store_in_memory_is_always_well(memory_url: str) -> None:
    with srs.connect(memory_url) as store:
        watch = Watch(store, lambda: None)
        ask(watch, store)
        assert not watch.is_out


@pytest.mark.parametrize("how", ["refuse", "swallow"])
def test_the_first_contact_of_a_process_may_fail(
    how: str, watch: Watch, store: Store, place: Site
) -> None:
    getattr(place.proxy, how)()
    with pytest.raises(StorageUnavailableError, match="answer"):
        ask(watch, store)
    assert watch.is_out
    place.proxy.restore()
    until(lambda: not watch.is_out)
    ask(watch, store)


def test_a_failure_is_paid_for_once_and_its_end_is_noticed(
    watch: Watch, store: Store, place: Site, changes: list[bool]
) -> None:
    begin(watch, store)
    listener = Listener()
    watch.tell(listener)
    place.proxy.swallow()
    with pytest.raises(StorageUnavailableError):
        ask(watch, store)
    assert changes == [True]
    reason = watch.reason
    for _ in range(3):
        with pytest.raises(StorageUnavailableError), watch.asking():
            raise AssertionError("nobody gets here")
    assert str(place.proxy.port) in reason
    assert listener.times == 0
    place.proxy.restore()
    until(lambda: listener.times == 1)

    assert changes[-1] is False
    ask(watch, store)
    until(lambda: not is_probed(watch))
    assert listener.times == 1


def test_what_is_in_memory_can_be_had_while_the_store_is_out(
    watch: Watch, store: Store, place: Site
) -> None:
    begin(watch, store)
    place.proxy.refuse()
    with pytest.raises(StorageUnavailableError):
        ask(watch, store)
    with watch.asking(recall=True):
        pass
    with pytest.raises(StorageUnavailableError), watch.asking(recall=True):
        store.ping()


def test_a_slow_store_may_be_asked_by_who_has_the_time(
    watch: Watch, store: Store, place: Site
) -> None:
    begin(watch, store)
    place.proxy.delay(DELAY_S)
    with pytest.raises(StorageUnavailableError):
        ask(watch, store)
    until(lambda: watch.is_slow)
    ask(watch, store)
    watch.check()
    assert watch.is_slow
    place.proxy.restore()
    until(lambda: not watch.is_slow)


def test_a_store_that_refuses_writes_is_back_when_it_takes_them(
    watch: Watch, store: Store, place: Site
) -> None:
    begin(watch, store)
    with place.server.client() as client:
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("maxmemory", "1mb")
        with pytest.raises(StorageFullError), watch.asking():
            store.session()
        time.sleep(0.5)
        assert watch.is_out  # it answers, but that is not what was asked of it
        client.config_set("maxmemory", "0")
    until(lambda: not watch.is_out)


def test_other_errors_are_no_outage(watch: Watch, store: Store) -> None:
    with pytest.raises(KeyError), watch.asking():
        store.session("A" * 43)
    assert not watch.is_out


def test_a_listener_that_fails_does_not_keep_others_from_hearing(
    watch: Watch, store: Store, place: Site, caplog: pytest.LogCaptureFixture
) -> None:
    begin(watch, store)
    listeners = [Listener(fails=True), Listener(fails=True)]
    for listener in listeners:
        watch.tell(listener)
    place.proxy.refuse()
    with pytest.raises(StorageUnavailableError):
        ask(watch, store)
    place.proxy.restore()
    until(lambda: all(listener.times for listener in listeners))
    assert "could not be told" in caplog.text


def test_a_store_that_answers_and_fails_again_and_again_is_asked_less_and_less(
    watch: Watch, store: Store
) -> None:
    begin(watch, store)
    returns_s: list[float] = []
    for _ in range(4):
        began_s = time.monotonic()
        watch.failed(StorageError("what it is needed for does not work"))
        until(lambda: not watch.is_out)
        returns_s.append(time.monotonic() - began_s)

    assert returns_s[3] > 1
    watch.answered()
    assert watch._relapses == 0


def test_a_write_that_succeeds_ends_an_outage(watch: Watch, store: Store) -> None:
    begin(watch, store)
    watch.failed(StorageUnavailableError("it seemed so"))
    watch.answered()
    assert not watch.is_out
    until(lambda: not watch.is_slow)


def test_the_probe_of_a_closed_store_ends() -> None:
    store = srs.connect(f"redis://127.0.0.1:{free_port()}")
    watch = Watch(store, lambda: None)
    with pytest.raises(StorageUnavailableError):
        ask(watch, store)
    assert is_probed(watch)
    store.close()
    until(lambda: not is_probed(watch))


@pytest.mark.parametrize(
    ("where", "is_far"),
    [
        ("redis://localhost:6379/0", False),
        ("redis://127.0.0.1:6379/0", False),
        ("redis://[::1]:6379/0", False),
        ("unix:///run/redis/s", False),
        ("embedded:///home/ada/data", False),
        ("memory://", False),
        ("redis://cache.example:6379/0", True),
        ("rediss://127.0.0.1:6379/0", True),
        ("redis+cluster://127.0.0.1:7000", True),
    ],
)
def test_what_takes_a_network_is_given_more_time(where: str, is_far: bool) -> None:
    assert _is_far(where) is is_far
