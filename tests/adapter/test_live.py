"""Tabs are told what others do: once for a burst, never of their own work, and after a gap."""

from __future__ import annotations

import gc
import time
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd
import pytest
from support.servers import RedisServer

from streamlit_redis_session.adapter import Tab, _live
from streamlit_redis_session.adapter._drawing import Drawing
from streamlit_redis_session.adapter._options import Options
from streamlit_redis_session.adapter._registry import Hub
from streamlit_redis_session.session import Session, Store, Writer, connect
from streamlit_redis_session.storage import _listening

WAIT_S = 20.0
LONG_ENOUGH_S = 0.3
"""Many times what a wake takes: for what must not happen."""


class WatchedDrawing(Drawing):
    def __init__(self, tab: WatchedTab) -> None:
        super().__init__(tab)
        self.tab = tab

    def redraw(self) -> None:
        self.tab.draws += 1


class WatchedTab(Tab):
    """A tab with a browser, there or not, and no script: it notes what it is asked for."""

    def __init__(self, hub: Hub, session: Session, *, follows: bool = True) -> None:
        options = Options("url", ("*",), (), is_synchronous=False, follows=follows)
        super().__init__("nobody's", hub, options)
        session.follows = follows
        self.session = session
        self.wakes = 0
        self.draws = 0
        self.has_browser = True
        self.drawing: Drawing = WatchedDrawing(self)
        hub.join(self)

    @property
    def is_open(self) -> bool:
        return self.has_browser

    def wake(self) -> None:
        self.wakes += 1

    def follow(self) -> None:
        """What the start of a run does."""
        assert self.session is not None
        self.news.asks()
        self.session.refresh()


def eventually(is_true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not is_true():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.005)


def edit(session: Session, number: int) -> None:
    session["df"] = pd.DataFrame({"a": [number]})
    session.commit()


@pytest.fixture(params=["memory", "redis"])
def url(request: pytest.FixtureRequest) -> str:
    found = request.getfixturevalue(f"{request.param}_url")
    assert isinstance(found, str)
    return found


@pytest.fixture
def hub(url: str) -> Iterator[Hub]:
    with connect(url) as store:
        hub = Hub(store, Writer(most_bytes=2**20))
        yield hub
        hub.writer.close()


@pytest.fixture
def other(url: str, hub: Hub) -> Iterator[Store]:
    """Another process, as far as the store can tell."""
    del hub
    with connect(url) as store:
        yield store


@pytest.fixture
def tab(hub: Hub) -> WatchedTab:
    session = hub.store.session()
    edit(session, 0)
    tab = WatchedTab(hub, session)
    eventually(lambda: hub.live.is_live)
    tab.follow()
    return tab


def twin(tab: WatchedTab, store: Store) -> Session:
    """The tab's session, opened by another process."""
    assert tab.session is not None
    return store.session(tab.session.id)


def test_a_commit_and_an_undo_elsewhere_wake_the_tabs_of_that_session(
    tab: WatchedTab, hub: Hub, other: Store
) -> None:
    stranger = WatchedTab(hub, hub.store.session())
    second = WatchedTab(hub, twin(tab, hub.store))
    elsewhere = twin(tab, other)

    edit(elsewhere, 1)
    eventually(lambda: (tab.wakes, second.wakes) == (1, 1))
    tab.follow()
    elsewhere.undo()
    eventually(lambda: tab.wakes == 2)
    tab.follow()

    assert tab.session is not None
    assert tab.session.head == elsewhere.head
    assert stranger.wakes == stranger.draws == 0


def test_own_work_wakes_nobody(tab: WatchedTab, other: Store) -> None:
    """Also where another process has saved settings meanwhile, so that ``seq`` was only guessed."""
    assert tab.session is not None
    elsewhere = twin(tab, other)
    elsewhere["n"] = 5
    elsewhere.commit()
    edit(tab.session, 1)
    tab.session.undo()
    tab.session.tag("v1")

    time.sleep(LONG_ENOUGH_S)
    assert (tab.wakes, tab.draws) == (0, 0)


def test_what_was_done_during_an_own_save_is_not_missed(tab: WatchedTab, other: Store) -> None:
    """Our saved settings count as well: the sum alone would say that nothing is new."""
    assert tab.session is not None
    elsewhere = twin(tab, other)
    edit(elsewhere, 1)
    tab.session["n"] = 5
    tab.session.commit()

    eventually(lambda: tab.wakes == 1)


def test_a_burst_wakes_once(tab: WatchedTab, other: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_live, "BURST_S", 1.0)
    elsewhere = twin(tab, other)
    for number in range(1, 6):
        edit(elsewhere, number)

    eventually(lambda: tab.wakes == 1)
    tab.follow()
    time.sleep(LONG_ENOUGH_S)
    assert tab.wakes == 1


def test_what_only_the_graph_shows_draws_the_graph_alone(tab: WatchedTab, other: Store) -> None:
    assert tab.session is not None
    elsewhere = twin(tab, other)
    elsewhere.create_branch("side")
    eventually(lambda: tab.draws == 1)

    assert tab.wakes == 0
    assert set(tab.session.graph().branches) == {"main", "side"}


def test_a_run_that_was_caused_by_others_causes_no_run(tab: WatchedTab, other: Store) -> None:
    """Otherwise an app that makes a new frame in every run would go to and fro for ever."""
    assert tab.session is not None
    elsewhere = twin(tab, other)
    with elsewhere.quietly(True):
        edit(elsewhere, 1)
    eventually(lambda: tab.draws == 1)

    assert tab.wakes == 0
    assert tab.session.is_behind()


def test_a_head_of_one_s_own_is_not_moved_and_its_graph_is_drawn(
    tab: WatchedTab, hub: Hub, other: Store
) -> None:
    alone = WatchedTab(hub, twin(tab, hub.store), follows=False)
    assert alone.session is not None
    edit(twin(tab, other), 1)
    eventually(lambda: tab.wakes == 1 and alone.draws == 1)
    tab.follow()
    edit(alone.session, 2)
    eventually(lambda: tab.draws == 1)

    assert (tab.wakes, alone.wakes) == (1, 0)
    assert alone.session.head.branch == "main-2"


def test_a_move_that_was_read_for_the_graph_before_it_was_told_still_wakes(
    tab: WatchedTab, other: Store
) -> None:
    session, elsewhere = twin(tab, other), twin(tab, other)
    heard: list[tuple[Any, int, Any]] = []
    subscription = other.subscribe(lambda *change: heard.append(change), lambda _: None)
    eventually(lambda: subscription.is_live)
    edit(elsewhere, 1)
    session.learn()
    eventually(lambda: bool(heard))
    subscription.close()

    news = _live.News()
    assert news.tell(session, *heard[0][1:])
    assert news.wakes(session)
    assert session.refresh()
    assert not news.wakes(session)
    assert not news.draws(session)
    assert not news.tell(session, *heard[0][1:])


def test_a_tab_that_is_saving_is_woken_afterwards(
    tab: WatchedTab, hub: Hub, other: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_saving = [True]
    monkeypatch.setattr(hub.writer, "is_waiting", lambda _: is_saving[0])
    edit(twin(tab, other), 1)
    time.sleep(LONG_ENOUGH_S)
    assert tab.wakes == 0
    is_saving[0] = False
    eventually(lambda: tab.wakes == 1)


def test_a_tab_whose_browser_comes_back_is_woken_then(
    tab: WatchedTab, other: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The computer slept, or the network was cut: Streamlit keeps the tab for some time."""
    monkeypatch.setattr(_live, "CLOSED_S", 0.05)
    tab.has_browser = False
    edit(twin(tab, other), 1)
    time.sleep(LONG_ENOUGH_S)
    assert tab.wakes == 0
    tab.has_browser = True
    eventually(lambda: tab.wakes == 1)


def test_what_was_saved_while_the_browser_was_away_is_drawn_when_it_is_back(
    tab: WatchedTab, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_live, "CLOSED_S", 0.05)
    tab.has_browser = False
    tab.drawing.drawn("version_graph", "a fragment", tab.look())
    assert tab.session is not None
    edit(tab.session, 1)
    Drawing.redraw(tab.drawing)
    assert tab.news.undrawn == 1
    time.sleep(LONG_ENOUGH_S)
    assert tab.draws == 0
    tab.has_browser = True
    eventually(lambda: tab.draws == 1)
    assert hub.live.is_live
    assert tab.wakes == 0


def test_a_widget_whose_drawing_was_interrupted_is_drawn_again(tab: WatchedTab) -> None:
    """Streamlit stops the script of a tab whose connection is cut."""
    tab.drawing.drawn("version_graph", "a fragment", tab.look())
    tab.drawing.interrupted(["another fragment"])
    time.sleep(LONG_ENOUGH_S)
    assert tab.draws == 0
    tab.drawing.interrupted(["a fragment"])
    eventually(lambda: tab.draws == 1)


def test_a_widget_that_never_draws_itself_is_not_asked_for_ever(
    tab: WatchedTab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_live, "CLOSED_S", 0.01)
    tab.drawing = Drawing(tab)
    tab.drawing.drawn("version_graph", "a fragment", ("something else",))
    tab.drawing.redraw()
    eventually(lambda: tab.news.undrawn == _live.MOST_DRAWS + 1)
    time.sleep(LONG_ENOUGH_S)
    assert tab.news.undrawn == _live.MOST_DRAWS + 1
    tab.drawing.drawn("version_graph", None, tab.look())
    monkeypatch.setattr(tab.drawing, "_shown", {})
    tab.drawing.redraw()
    assert tab.news.undrawn == 0


def test_a_deleted_session_wakes_nobody_and_the_next_run_asks(
    tab: WatchedTab, hub: Hub, other: Store
) -> None:
    """An idle tab must not save anew at once what a person has just deleted."""
    assert tab.session is not None
    assert hub.live.vouches_for(tab)
    other.delete(tab.session.id)
    eventually(lambda: not hub.live.vouches_for(tab))
    time.sleep(LONG_ENOUGH_S)
    assert tab.wakes == 0


def test_a_run_asks_the_store_unless_it_was_asked_lately_and_nothing_was_told(
    tab: WatchedTab, hub: Hub, other: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert hub.live.vouches_for(tab)
    edit(twin(tab, other), 1)
    eventually(lambda: tab.wakes == 1)
    assert not hub.live.vouches_for(tab)
    tab.follow()
    assert hub.live.vouches_for(tab)
    monkeypatch.setattr(_live, "UNASKED_S", 0.0)
    assert not hub.live.vouches_for(tab)
    monkeypatch.undo()
    hub.store.close()
    assert not hub.live.vouches_for(tab)


def test_a_tab_that_is_gone_is_neither_woken_nor_kept(
    tab: WatchedTab, hub: Hub, other: Store
) -> None:
    gone = WatchedTab(hub, twin(tab, hub.store))
    grave = weakref.ref(gone)
    del gone
    gc.collect()
    edit(twin(tab, other), 1)
    eventually(lambda: tab.wakes == 1)
    assert grave() is None


def _wakes_one_tab(hub: Hub) -> None:
    tab = WatchedTab(hub, hub.store.session())
    eventually(lambda: hub.live.is_live)
    edit(twin(tab, hub.store), 1)
    eventually(lambda: tab.wakes == 1)


def test_listening_ends_with_the_last_tab_and_begins_with_the_next(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_live, "SWEEP_S", 0.02)
    with connect(url) as store:
        hub = Hub(store, Writer(most_bytes=2**20))
        for _ in range(3):
            _wakes_one_tab(hub)
            gc.collect()
            eventually(lambda: not hub.live.is_live)
        assert hub.sessions() == []


# --- a server's own troubles --------------------------------------------------------------------


def cut(server: RedisServer) -> int:
    """Close all connections that hear of changes; say how many there were."""
    with server.client() as client:
        killed: Any = client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
        assert isinstance(killed, int)
        return killed


def test_what_was_missed_during_a_cut_is_made_up_for(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All sessions are compared in one go; only those that are behind are woken."""
    monkeypatch.setattr(_listening, "FIRST_PAUSE_S", 1.5)
    with connect(redis_server.url) as store, connect(redis_server.url) as elsewhere:
        hub = Hub(store, Writer(most_bytes=2**20))
        tabs = [WatchedTab(hub, store.session()) for _ in range(20)]
        eventually(lambda: hub.live.is_live)
        cut(redis_server)
        eventually(lambda: not hub.live.is_live)
        for tab in tabs[:7]:
            edit(twin(tab, elsewhere), 1)
        assert [tab.wakes for tab in tabs] == [0] * 20

        eventually(lambda: [tab.wakes for tab in tabs] == [1] * 7 + [0] * 13)
        assert hub.live.is_live


def test_many_sessions_share_one_connection_and_each_wakes_its_own_tab() -> None:
    """On a server of its own: elsewhere apps of other tests may still listen."""
    with (
        RedisServer() as server,
        connect(server.url) as store,
        connect(server.url) as elsewhere,
    ):
        hub = Hub(store, Writer(most_bytes=2**20))
        tabs = [WatchedTab(hub, store.session()) for _ in range(200)]
        eventually(lambda: hub.live.is_live)
        for tab in tabs[::10]:
            edit(twin(tab, elsewhere), 1)

        eventually(lambda: sum(tab.wakes for tab in tabs) == 20)
        assert [tab.wakes for tab in tabs] == [1, *[0] * 9] * 20
        assert cut(server) == 1
