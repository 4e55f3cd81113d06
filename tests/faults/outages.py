"""A store that fails in each of its ways, under an app that is used all the while."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from threading import Event, Thread

from streamlit.testing.v1 import AppTest
from support.consistency import assert_consistent
from support.crash_proxy import CrashProxy
from support.servers import RedisServer
from support.tabs import app, link, log_of, ran, tab_of

APP = """
st.session_state.setdefault("df", pd.DataFrame({"n": [0]}))
if st.button("add"):
    rows = len(st.session_state.df)
    st.session_state.df = pd.concat([st.session_state.df, pd.DataFrame({"n": [rows]})])
srs.toolbar()
srs.version_graph()
"""
BACK_S = 30.0
"""Within this time everything has to be saved when the store is back."""
LOADED_KEYS = 50_000


@dataclass
class Outage:
    """How the app was while the store was not."""

    way: str
    reruns: int = 0
    slowest_s: float = 0.0
    clicks: int = 0
    versions: int = 0
    caught_up_s: float = 0.0


Way = Callable[[RedisServer, CrashProxy, float], AbstractContextManager[None]]


@contextmanager
def refused(server: RedisServer, _: CrashProxy, seconds: float) -> Iterator[None]:
    del seconds
    server.kill()
    yield
    server.start()


@contextmanager
def frozen(server: RedisServer, _: CrashProxy, seconds: float) -> Iterator[None]:
    del seconds
    server.freeze()
    yield
    server.thaw()


@contextmanager
def black_holed(_: RedisServer, proxy: CrashProxy, seconds: float) -> Iterator[None]:
    del seconds
    with proxy.swallowing():
        yield


@contextmanager
def slow(_: RedisServer, proxy: CrashProxy, seconds: float) -> Iterator[None]:
    del seconds
    proxy.answer_delay_s = 1.0
    yield
    proxy.answer_delay_s = 0.0


@contextmanager
def loading(server: RedisServer, _: CrashProxy, seconds: float) -> Iterator[None]:
    """A large file that takes this long to read; the server answers LOADING meanwhile."""
    with server.client() as client:
        client.eval("for n = 1, ARGV[1] do redis.call('SET', 'other:' .. n, n) end", 0, LOADED_KEYS)
    server.kill()
    before = server.options
    server.options += ("--key-load-delay", str(int(seconds * 1e6 / LOADED_KEYS)))
    server._process = subprocess.Popen(server._command(), stdout=server._log, stderr=server._log)
    yield
    server.options = before
    server.kill()
    server.start()
    with server.client() as client:
        client.eval("for n = 1, ARGV[1] do redis.call('DEL', 'other:' .. n) end", 0, LOADED_KEYS)


@contextmanager
def read_only(server: RedisServer, _: CrashProxy, seconds: float) -> Iterator[None]:
    """What was the primary has become a replica, of one that is not there yet."""
    del seconds
    with server.client() as client:
        client.execute_command("REPLICAOF", "127.0.0.1", "1")
        yield
        client.execute_command("REPLICAOF", "NO", "ONE")


@contextmanager
def full(server: RedisServer, _: CrashProxy, seconds: float) -> Iterator[None]:
    del seconds
    with server.client() as client:
        client.config_set("maxmemory", "1")
        yield
        client.config_set("maxmemory", "0")


@contextmanager
def without_scripts(server: RedisServer, _: CrashProxy, seconds: float) -> Iterator[None]:
    """The script cache is emptied again and again."""
    del seconds
    is_over = Event()

    def flush() -> None:
        with server.client() as client:
            while not is_over.wait(0.01):
                client.script_flush()

    thread = Thread(target=flush)
    thread.start()
    yield
    is_over.set()
    thread.join()


WAYS: tuple[Way, ...] = (
    *(refused, frozen, black_holed, slow),
    *(loading, read_only, full, without_scripts),
)


def live_through(way: Way, seconds: float, *, pause_s: float = 0.4) -> Outage:
    """Click on while the store fails, and see everything saved when it is back."""
    found = Outage(getattr(way, "__name__", "?"))
    server = RedisServer("--appendfsync", "always", persistent=True)
    with server, CrashProxy(server.socket_path) as proxy:
        is_far = way in (black_holed, slow)
        at = ran(app(APP, proxy.url if is_far else server.url))
        until_saved(at)
        with way(server, proxy, seconds):
            _use(at, seconds, pause_s, found)
        back = time.monotonic()
        until_saved(at)
        found.caught_up_s = time.monotonic() - back
        found.versions = len(log_of(at))
        assert len(at.session_state["df"]) == 1 + found.clicks
        assert found.versions == 1 + found.clicks, "a step is missing"
        assert_consistent(server.url, link(at), {})
        again = ran(app(APP, server.url, session=link(at)))
        assert again.session_state["df"].equals(at.session_state["df"])
    return found


def _use(at: AppTest, seconds: float, pause_s: float, found: Outage) -> None:
    """Every second run is a click that changes the data."""
    end = time.monotonic() + seconds
    while time.monotonic() < end or not found.clicks:
        began = time.monotonic()
        if found.reruns % 2:
            at.button[0].click()
            found.clicks += 1
        ran(at)
        found.slowest_s = max(found.slowest_s, time.monotonic() - began)
        found.reruns += 1
        time.sleep(pause_s)


def until_saved(at: AppTest) -> None:
    """Run the app until it says that all is saved, as a person who clicks on does."""
    end = time.monotonic() + BACK_S
    while True:
        ran(at)
        if tab_of(at).session is not None and tab_of(at).save_state.state == "saved":
            return
        assert time.monotonic() < end, tab_of(at).save_state
        time.sleep(0.1)
