"""Following at once what others do: other tabs, other processes, other programs."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from threading import Condition, Thread, current_thread
from typing import TYPE_CHECKING

from streamlit_redis_session.errors import SessionStoreError, StorageError
from streamlit_redis_session.history import Told
from streamlit_redis_session.objects import SessionKey
from streamlit_redis_session.session import Job, Session
from streamlit_redis_session.storage import Subscription

if TYPE_CHECKING:
    from streamlit_redis_session.adapter._registry import Hub
    from streamlit_redis_session.adapter._tab import Tab

BURST_S = 0.02
"""Changes that follow each other so soon wake a tab once."""
BUSY_S = 0.1
"""Before the next look at a tab whose own changes are still being saved."""
MOST_DRAWS = 5
"""How often widgets are asked to draw themselves that never do."""
CLOSED_S = 1.0
"""Before the next look at a tab that no browser shows: a connection that was cut may come back."""
UNASKED_S = 5.0
"""How long the start of a run relies on being told, before it asks the store all the same."""
SWEEP_S = 30.0
"""How often it is looked whether any tab is left."""

_LOGGER = logging.getLogger(__name__)


class News:
    """What one tab was told of others' work. The newest counts; reading takes it all."""

    def __init__(self) -> None:
        self._wakes_at = 0
        """The newest ``seq`` at which head may have moved."""
        self._draws_at = 0
        """The newest ``seq`` at which only the graph has changed, or which wakes nobody."""
        self._told_at_s = 0.0
        self._asked_at_s = 0.0
        self.undrawn = 0
        """How often widgets were asked to draw themselves, and have not yet."""

    def tell(self, session: Session, seq: int, told: Told) -> bool:
        """Take a change; say whether it is news."""
        wakes = told.moves_head and not told.is_quiet and session.follows
        known_seq = session.adopted_seq if wakes else session.known_seq
        if seq <= known_seq or session.is_own(told):
            return False
        self._told_at_s = time.monotonic()
        if wakes:
            self._wakes_at = max(self._wakes_at, seq)
        else:
            self._draws_at = max(self._draws_at, seq)
        return True

    def doubt(self, seq: int | None) -> None:
        """Take it that the session was changed, or is gone, without having been told of it."""
        self._told_at_s = time.monotonic()
        if seq is not None:
            self._wakes_at = max(self._wakes_at, seq)

    def asks(self) -> None:
        """Note that the store is about to be asked."""
        self._asked_at_s = time.monotonic()

    @property
    def is_recent(self) -> bool:
        """Whether the store was asked lately, and nothing was told since then."""
        since_s = time.monotonic() - self._asked_at_s
        return self._told_at_s < self._asked_at_s and since_s < UNASKED_S

    def wakes(self, session: Session) -> bool:
        """Whether the app has to run for what was told."""
        return session.follows and self._wakes_at > session.adopted_seq

    def draws(self, session: Session) -> bool:
        """Whether the graph has to be drawn for what was told."""
        return max(self._draws_at, self._wakes_at) > session.known_seq


class LearnJob:
    """Reads the branches and versions that others have made, and draws a tab's graph."""

    def __init__(self, tab: Tab, session: Session) -> None:
        self._tab = tab
        self._session = session

    @property
    def owner(self) -> LearnJob:
        """Nobody's: no tab waits for it."""
        return self

    @property
    def nbytes(self) -> int:
        """Nothing worth counting."""
        return 0

    def run(self) -> None:
        """Read and draw; what cannot be read now is read when the tab runs next."""
        try:
            self._session.learn()
        except SessionStoreError as error:
            _LOGGER.debug("The graph was not drawn anew: %s", error)
            return
        self._tab.drawing.redraw()

    def absorb(self, later: Job) -> None:
        """Never called: each has an owner of its own."""

    def delayed(self, error: StorageError) -> None:
        """Never called: nothing is raised."""

    def dropped(self, error: Exception) -> None:
        """Leave it: the log has it."""


class Live:
    """Wakes the tabs of one store when others have changed what they show.

    One subscription and one thread per store and process, from the first tab until the last has
    gone. What it costs does not depend on how many tabs and sessions there are.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._changed = Condition()
        self._due: dict[SessionKey, float] = {}
        """When to look at the tabs of a session."""
        self._is_doubtful = False
        """Whether changes may have been missed."""
        self._subscription: Subscription | None = None
        self._thread: Thread | None = None

    @property
    def is_live(self) -> bool:
        """Whether changes of others are told at the moment, as far as is known."""
        subscription = self._subscription
        return subscription is not None and subscription.is_live

    def start(self) -> None:
        """Begin to listen, unless that has begun. Waits for nobody."""
        with self._changed:
            if self._thread is None:
                self._thread = Thread(
                    target=self._work, name="streamlit-redis-session-wake", daemon=True
                )
                self._thread.start()

    # what is told

    def told(self, key: SessionKey, seq: int, told: Told) -> None:
        """Hear of a change of any session of the store."""
        fresh = [tab for tab in self._hub.showing(key) if _tell(tab, key, seq, told)]
        if fresh:
            self._look_at(key, BURST_S)

    def vouches_for(self, tab: Tab) -> bool:
        """Say whether the start of a run need not ask the store what others did.

        What is told a moment later wakes the tab, so only one that can be woken may rely on it.
        """
        return self.is_live and tab.news.is_recent and tab.is_open

    def look_again(self, tab: Tab) -> None:
        """Look whether a tab that had something to save is still to follow."""
        session = tab.session
        if session is not None and (tab.news.wakes(session) or tab.news.draws(session)):
            self._look_at(session.key, BURST_S)

    def asked_to_draw(self, tab: Tab, *, is_needed: bool) -> None:
        """Look in a while whether the widgets of a tab were drawn, if they needed it.

        A connection that is cut at that moment takes what was asked for with it.
        """
        tab.news.undrawn = tab.news.undrawn + 1 if is_needed else 0
        if tab.session is not None and 0 < tab.news.undrawn <= MOST_DRAWS:
            self._look_at(tab.session.key, CLOSED_S)

    def _look_at(self, key: SessionKey, after_s: float) -> None:
        at = time.monotonic() + after_s
        with self._changed:
            self._due[key] = min(at, self._due.get(key, at))
            self._changed.notify_all()

    def _connection_changed(self, is_live: bool) -> None:
        with self._changed:
            self._is_doubtful |= is_live
            self._changed.notify_all()

    # the thread

    def _work(self) -> None:
        subscription: Subscription | None = None
        try:
            subscription = self._hub.store.subscribe(self.told, self._connection_changed)
            self._subscription = subscription
            while (keys := self._wait()) is not None:
                self._catch_up()
                for key in keys:
                    self._follow(key)
        except StorageError as error:  # the store was closed
            _LOGGER.debug("Tabs do not follow at once: %s", error)
        except Exception:  # what is left is the look at the start of each run
            _LOGGER.exception("Tabs do not follow at once any more.")
        finally:
            if subscription is not None:
                subscription.close()
            self._ended()

    def _ended(self) -> None:
        """Let the next tab that joins start another thread."""
        with self._changed:
            if self._thread is current_thread():
                self._thread = None

    def _wait(self) -> list[SessionKey] | None:
        """Wait for sessions to look at; ``None``: nobody is left, or the store was closed."""
        with self._changed:
            while not self._is_doubtful:
                now = time.monotonic()
                keys = [key for key, at in self._due.items() if at <= now]
                for key in keys:
                    del self._due[key]
                if keys:
                    return keys
                until = min(self._due.values(), default=now + SWEEP_S)
                is_called = self._changed.wait(until - now)
                if self._hub.store.is_closed or not (is_called or self._due or self._is_needed()):
                    self._ended()  # before the lock is let go: who joins now starts anew
                    return None
            return []

    def _is_needed(self) -> bool:
        return bool(self._hub.sessions())

    def _catch_up(self) -> None:
        """Compare every session that is shown with the store, after a gap."""
        with self._changed:
            is_doubtful, self._is_doubtful = self._is_doubtful, False
        if not is_doubtful:
            return
        keys = self._hub.sessions()
        try:
            seqs = self._hub.store.read_seqs(keys)
        except SessionStoreError as error:  # the start of the next run asks
            _LOGGER.debug("What was missed is not known: %s", error)
            self._doubt_all(keys)
            return
        for key, seq in zip(keys, seqs, strict=True):
            self._compare(key, seq)

    def _doubt_all(self, keys: Iterable[SessionKey]) -> None:
        for key in keys:
            for tab in self._hub.showing(key):
                tab.news.doubt(None)

    def _compare(self, key: SessionKey, seq: int | None) -> None:
        for tab in self._hub.showing(key):
            session = tab.session
            if session is not None and session.key == key and session.seen_seq != seq:
                tab.news.doubt(seq)
                self._look_at(key, 0.0)

    def _follow(self, key: SessionKey) -> None:
        for tab in self._hub.showing(key):
            session = tab.session
            if session is not None and not tab.is_woken:
                self._follow_one(tab, session)

    def _follow_one(self, tab: Tab, session: Session) -> None:
        news = tab.news
        if not (news.wakes(session) or news.draws(session) or news.undrawn):
            return
        if not tab.is_open:
            self._look_at(session.key, CLOSED_S)
        elif self._hub.writer.is_waiting(tab):
            self._look_at(session.key, BUSY_S)
        elif news.wakes(session):
            tab.wake()
        elif news.draws(session):
            self._hub.writer.submit(LearnJob(tab, session))
        else:
            tab.drawing.redraw()


def _tell(tab: Tab, key: SessionKey, seq: int, told: Told) -> bool:
    session = tab.session
    return session is not None and session.key == key and tab.news.tell(session, seq, told)
