"""Whether script threads may ask the store; while they may not, a thread of its own does."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from threading import Condition, Thread
from typing import Literal, Protocol, TypeAlias
from urllib.parse import urlsplit
from weakref import WeakSet

from streamlit_redis_session.errors import StorageError, StorageUnavailableError
from streamlit_redis_session.session import Store

_LOGGER = logging.getLogger(__name__)

WAIT_S = 0.25
"""How long a script thread waits, each time, for a store that has answered before."""
FIRST_WAIT_S = 0.3
FIRST_WAIT_FAR_S = 1.0
"""How long the first run of a process waits for a sign of life. Over a network, names have to be
looked up and TLS agreed upon, which takes several round trips."""
PROMPT_S = 0.2
"""What answers later is too slow to be asked by every run."""
PROBE_S = 1.0
PATIENT_PROBE_S = 2.0
"""How long a probe waits for its answer; every fourth waits longer, for a store that is slow."""
FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 1.0
LONGEST_SLOW_PAUSE_S = 10.0
LONGEST_RELAPSE_PAUSE_S = 30.0
_TICK_S = 0.03
"""Waits are counted in these: a machine that stands still for a second has waited for one."""

State: TypeAlias = Literal["new", "well", "slow", "out"]


class Listener(Protocol):
    """Who is to hear that the store is back."""

    def returned(self) -> None:
        """Hear it, on a thread of the watch."""


class Watch:
    """Keeps reruns from waiting for a store that does not answer.

    A store is *new* until somebody has asked it, *well* while it answers promptly, *slow* when it
    answers late, and *out* when it does not or refuses. The first script thread that waits in
    vain pays for it; from then on none asks, until a probe has had an answer.

    Parameters
    ----------
    store
        What is watched.
    on_change
        Called, without locks, when script threads may ask again, or may not any more.
    """

    def __init__(self, store: Store, on_change: Callable[[], None]) -> None:
        self._store = store
        self._on_change = on_change
        self._state: State = "new"
        self._changed = Condition()
        self._thread: Thread | None = None
        self._reason = ""
        self._needs_writes = False
        self._failures = 0
        self._relapses = 0
        self._listeners: WeakSet[Listener] = WeakSet()

    @property
    def is_out(self) -> bool:
        """Whether the store does not answer at the moment."""
        return self._state == "out"

    @property
    def is_slow(self) -> bool:
        """Whether the store answers, but too late to be asked by every run."""
        return self._state == "slow"

    @property
    def reason(self) -> str:
        """Why the store cannot be asked, as a sentence."""
        return self._reason

    # on script threads

    @contextmanager
    def asking(self, *, recall: bool = False) -> Iterator[None]:
        """Let a script thread ask the store, within the bound that holds at the moment.

        Parameters
        ----------
        recall
            While the store is out, go in nevertheless: what is in memory can be had.

        Raises
        ------
        StorageUnavailableError
            The store is out. Nothing was sent, and no time was lost.
        """
        if self._state == "new":
            self._meet()
        if self.is_out:
            if not recall:
                raise StorageUnavailableError(self._reason)
            with self._store.deadline(0):
                yield
            return
        try:
            with self._bounded():
                yield
        except StorageError as error:
            self.failed(error)
            raise

    def check(self) -> None:
        """Find out now whether the store answers: one round trip, for a step that takes several.

        Raises
        ------
        StorageUnavailableError
            It does not.
        """
        with self.asking():
            if not self.is_slow:
                self._store.ping()

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Let a script thread do what may take its time, and note when the store is gone."""
        try:
            yield
        except StorageUnavailableError as error:
            self.failed(error)
            raise

    def _bounded(self) -> AbstractContextManager[None]:
        return nullcontext() if self.is_slow else self._store.deadline(WAIT_S)

    def _meet(self) -> None:
        """Wait a moment for the first answer that this process has of the store."""
        left_s = FIRST_WAIT_FAR_S if _is_far(self._store.where) else FIRST_WAIT_S
        with self._changed:
            self._start()
            while self._state == "new" and left_s > 0:
                self._changed.wait(_TICK_S)
                left_s -= _TICK_S
            if self._state == "new":
                self._note_out(StorageUnavailableError(f"{self._store.where} does not answer yet."))

    # what becomes known

    def failed(self, error: StorageError) -> None:
        """Hear that the store did not answer, or refused what has to be possible."""
        with self._changed:
            if self._state in ("well", "slow"):
                self._relapses += 1
            self._note_out(error)
            self._start()
        self._on_change()

    def _note_out(self, error: StorageError) -> None:
        self._state, self._reason = "out", str(error)
        self._failures += 1
        self._needs_writes = not isinstance(error, StorageUnavailableError)

    def answered(self) -> None:
        """Hear that the store did what a tab needs of it."""
        self._relapses = 0
        if self._state in ("new", "out"):
            with self._changed:
                self._state = "slow"  # until a probe has found it prompt
                self._start()
            self._on_change()

    def tell(self, listener: Listener) -> None:
        """Have somebody hear when the store is back."""
        self._listeners.add(listener)

    # the probe

    def _start(self) -> None:
        """Start the probe, or have it look at once; the caller holds the lock."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = Thread(target=self._probe, name="srs-probe", daemon=True)
            self._thread.start()

    def _probe(self) -> None:
        """Ask until the answer is prompt; tell when it comes at all."""
        tries = 0
        if self._relapses > 1:  # it answers, and fails when it is asked for more
            self._pause(min(FIRST_PAUSE_S * 2 ** min(self._relapses, 9), LONGEST_RELAPSE_PAUSE_S))
        while not self._store.is_closed:
            tries += 1
            began_s, failures = time.monotonic(), self._failures
            state = self._ask(PATIENT_PROBE_S if tries % 4 == 0 else PROBE_S)
            if failures == self._failures or state == "out":
                was_out = self._note(state)
                if state != "out" and was_out:
                    self._tell()
                if state == "well":
                    return
            most_s = LONGEST_SLOW_PAUSE_S if state == "slow" else LONGEST_PAUSE_S
            pause_s = min(FIRST_PAUSE_S * 2 ** min(tries - 1, 6), most_s)
            self._pause(max(pause_s - (time.monotonic() - began_s), _TICK_S))

    def _pause(self, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._store.is_closed, timeout=seconds)

    def _ask(self, most_s: float) -> State:
        began_s = time.monotonic()
        try:
            with self._store.deadline(most_s):
                self._store.ping(writes=self._needs_writes)
        except StorageError as error:
            self._reason = str(error)
            return "out"
        except Exception:  # the thread must outlive it: the writer waits for what it finds
            _LOGGER.exception("The store could not be asked whether it is back.")
            return "out"
        return "well" if time.monotonic() - began_s <= PROMPT_S else "slow"

    def _note(self, state: State) -> bool:
        """Take over what the probe has found; say whether nobody was to ask before."""
        with self._changed:
            before, self._state = self._state, state
            if state == "well":
                self._thread = None
            self._changed.notify_all()
        return before == "out"

    def _tell(self) -> None:
        _LOGGER.info("%s answers again.", self._store.where)
        self._on_change()
        for listener in list(self._listeners):
            self._listeners.discard(listener)
            try:
                listener.returned()
            except Exception:  # the other ones have to hear it, too
                _LOGGER.exception("A tab could not be told that the store is back.")


def _is_far(where: str) -> bool:
    """Say whether asking takes a network; an address that says nothing is taken for near."""
    address = urlsplit(where)
    if address.scheme not in ("redis", "unix", "embedded", "memory"):
        return True
    host = address.hostname or "localhost"
    return address.scheme == "redis" and not (host in ("localhost", "::1") or host[:4] == "127.")
