"""What the tabs of one process share: stores, writers, and who shows which session."""

from __future__ import annotations

import time
from collections.abc import Hashable
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING
from weakref import WeakSet

from streamlit_redis_session.adapter._audit import Sweep
from streamlit_redis_session.adapter._live import Live
from streamlit_redis_session.adapter._outage import Watch
from streamlit_redis_session.adapter._streamlit_end import install_end_of_server
from streamlit_redis_session.errors import ConfigurationError
from streamlit_redis_session.objects import SessionKey, VersionId
from streamlit_redis_session.session import CLOSE_TIMEOUT_S, Store, Writer, connect

if TYPE_CHECKING:
    from streamlit_redis_session.adapter._tab import Tab


@dataclass(eq=False)
class Hub:
    """One store as the tabs of this process use it."""

    store: Store
    writer: Writer
    lock: Lock = field(default_factory=Lock)
    sweep: Sweep = field(init=False)
    watch: Watch = field(init=False)
    live: Live = field(init=False)
    _tabs: dict[SessionKey, WeakSet[Tab]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.watch = watch = Watch(self.store, self.writer.poke)
        self.writer.may_try = lambda: not watch.is_out
        self.sweep = Sweep(self.writer, self.store, self.shown)
        self.live = Live(self)

    def join(self, tab: Tab) -> None:
        """Have a tab hear of what others do to the session it shows."""
        if tab.session is None:
            return
        with self.lock:
            self._forget_empty()
            self._tabs.setdefault(tab.session.key, WeakSet()).add(tab)
        self.live.start()

    def _forget_empty(self) -> None:
        for key in [key for key, tabs in self._tabs.items() if not tabs]:
            del self._tabs[key]

    def sessions(self) -> list[SessionKey]:
        """List the sessions that tabs of this process show."""
        with self.lock:
            self._forget_empty()
            return list(self._tabs)

    def showing(self, key: SessionKey) -> list[Tab]:
        """List the tabs of this process that show a session, empty or not."""
        with self.lock:
            tabs = list(self._tabs.get(key, ()))
        return [tab for tab in tabs if tab.session is not None and tab.session.key == key]

    def shown(self) -> list[object]:
        """Give snapshots of what the tabs of this process show."""
        with self.lock:
            tabs = [tab for group in self._tabs.values() for tab in group]
        return [copy for tab in tabs for copy in tab.audit.copies()]

    def shown_elsewhere(self, tab: Tab) -> list[VersionId | None]:
        """List the versions that other tabs of this process show of a tab's session."""
        sessions = [other.session for other in self.others(tab)]
        return [session.shown_version for session in sessions if session is not None]

    def others(self, tab: Tab) -> list[Tab]:
        """List the other tabs of this process that show the same session, empty or not."""
        if tab.session is None:
            return []
        return [other for other in self.showing(tab.session.key) if other is not tab]

    def tell_others(self, tab: Tab) -> None:
        """Have the other tabs of the session in this process follow one that has moved head."""
        if tab.options.follows:
            for other in self.others(tab):
                if other.options.follows:
                    other.wake()


_lock = Lock()
_by_url: dict[str | None, Hub] = {}
_by_store: dict[Hashable, Hub] = {}
"""By identity: a script that connects anew in every run must not get a new hub each time."""


def hub_for(store_or_url: Store | str | None) -> Hub:
    """Find the hub of a store or URL, connecting once per process.

    Raises
    ------
    ConfigurationError
        The URL cannot be used.
    """
    if not (store_or_url is None or isinstance(store_or_url, (Store, str))):
        raise ConfigurationError(
            f"store_or_url={store_or_url!r} is neither a URL nor a store from connect()."
        )
    install_end_of_server(save_all)
    with _lock:
        if isinstance(store_or_url, Store):
            return _hub_of(store_or_url)
        hub = _by_url.get(store_or_url)
        if hub is None or hub.store.is_closed:
            hub = _by_url[store_or_url] = _hub_of(connect(store_or_url))
        return hub


def _hub_of(store: Store) -> Hub:
    hub = _by_store.get(store.identity)
    if hub is None or hub.store.is_closed:
        hub = Hub(store, Writer(most_bytes=store.limits.queue_bytes))
        _by_store[store.identity] = hub
    return hub


def save_all(timeout_s: float = CLOSE_TIMEOUT_S) -> None:
    """Save what any tab of this process has not saved yet; the log says what could not be."""
    until_s = time.monotonic() + timeout_s
    for hub in list(_by_store.values()):
        hub.writer.close(max(until_s - time.monotonic(), 0))
