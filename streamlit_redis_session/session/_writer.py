"""The background writer: one thread that saves snapshots in order and does not give up."""

from __future__ import annotations

import atexit
import logging
import time
from collections import deque
from collections.abc import Callable, Hashable
from threading import Condition, Thread, current_thread
from typing import Protocol, TypeVar

from streamlit_redis_session.errors import StorageError

_LOGGER = logging.getLogger(__name__)

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 1.0
LONGEST_OUTAGE_S = 30.0
"""How long it does not try at all while it is told not to."""
CLOSE_TIMEOUT_S = 10.0
CLOSE_FAILING_S = 3.0
"""How long the end waits for a store that fails: a failover takes two seconds."""
BACKPRESSURE_S = 5.0
"""How long a rerun waits at most for room in the queue of a healthy store."""
QUIET_S = 0.03
"""How long nothing may have been asked for before idle work begins."""

_E = TypeVar("_E", bound=Exception)


class Job(Protocol):
    """Something to save. ``run`` may be called again after a failure of the store."""

    @property
    def owner(self) -> Hashable:
        """Jobs of one owner may absorb each other when the queue is full."""

    @property
    def nbytes(self) -> int:
        """Memory that the job holds, estimated."""

    def run(self) -> None:
        """Save."""

    def absorb(self, later: Job) -> None:
        """Take a later job of the same owner into this one."""

    def delayed(self, error: StorageError) -> None:
        """Hear that the store failed and that the job will run again."""

    def dropped(self, error: Exception) -> None:
        """Hear that the job can never succeed."""


class Writer:
    """Runs jobs one after the other on a thread of its own.

    A failing store is tried again, with pauses of up to a second; jobs wait meanwhile, and
    when they hold more than ``most_bytes`` the latest job of the same owner absorbs new ones:
    steps in between are lost then, the last state is not.
    """

    def __init__(self, *, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._jobs: deque[Job] = deque()
        self._running: Job | None = None
        self._failing = False
        self._closing = False
        self._changed = Condition()
        self._thread: Thread | None = None
        self._idle: dict[Hashable, Callable[[], None]] = {}
        self._idle_running: Hashable | None = None
        self._quiet_at = 0.0
        self._sleeps = False
        self._poked = False
        self.may_try: Callable[[], bool] = _always
        """Whether the store is worth a try, as far as others know. Called with the lock held."""

    @property
    def is_failing(self) -> bool:
        """Whether the last attempt met a store that does not take writes."""
        return self._failing

    def submit(self, job: Job) -> None:
        """Queue a job. Waits only when the queue is full and the store takes writes."""
        with self._changed:
            self._start()
            deadline = time.monotonic() + BACKPRESSURE_S
            while self._is_full(job) and not self._is_stuck():
                left = deadline - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    break
            if self._is_full(job) and self._absorbed(job):
                return
            self._jobs.append(job)
            self._changed.notify_all()

    def _is_stuck(self) -> bool:
        return self._failing or not self.may_try()

    def poke(self) -> None:
        """Hear that ``may_try`` says something else: the store is back, or gone."""
        with self._changed:
            self._poked = True
            self._changed.notify_all()

    def _is_full(self, job: Job) -> bool:
        if not self._jobs:
            return False  # without a look at sizes, which takes longer than all the rest
        return sum(each.nbytes for each in self._jobs) + job.nbytes > self._most_bytes

    def _absorbed(self, job: Job) -> bool:
        for waiting in reversed(self._jobs):
            if waiting.owner == job.owner and waiting is not self._running:
                waiting.absorb(job)
                return True
        return False

    # when nothing is to be saved

    def when_idle(self, owner: Hashable, work: Callable[[], None], *, wakes: bool = True) -> None:
        """Have something done once no job waits and nothing was asked for in a while.

        Takes the place of what the owner asked for before, if that has not begun. Costs a
        script thread about a microsecond.

        Parameters
        ----------
        wakes
            ``False`` where a job follows at once: to wake a thread costs more than all this.
        """
        self._quiet_at = time.monotonic() + QUIET_S
        self._idle[owner] = work
        if not wakes:
            return
        if self._sleeps or self._thread is None or not self._thread.is_alive():
            with self._changed:
                self._start()
                self._changed.notify_all()

    def finish_idle(self, owner: Hashable) -> None:
        """Do now, on this thread, what an owner asked for; wait for it if it has begun."""
        with self._changed:
            while self._idle_running is not None and self._idle_running == owner:
                if current_thread() is self._thread:
                    return
                self._changed.wait()
            work = self._idle.pop(owner, None)
        if work is not None:
            _do(work)

    def is_idle_due(self, owner: Hashable) -> bool:
        """Say whether what an owner asked for is still to be done."""
        return owner in self._idle or self._idle_running == owner

    def _wait_for_work(self) -> Callable[[], None] | None:
        """Wait for a job (``None``), for the end (``None``), or for idle work."""
        while not self._jobs and not self._closing:
            if not self._idle:
                self._sleeps = True  # first: who asks from now on wakes this thread
                if not self._idle:
                    self._changed.wait()
                self._sleeps = False
                continue
            left = self._quiet_at - time.monotonic()
            if left <= 0:
                # the first: one that asks again waits. A list, as others may ask meanwhile
                owner = self._idle_running = list(self._idle)[0]  # noqa: RUF015
                return self._idle.pop(owner)
            self._changed.wait(left)
        return None

    def _work_idly(self, work: Callable[[], None]) -> None:
        _do(work)
        with self._changed:
            self._idle_running = None
            self._changed.notify_all()

    # waiting

    def flush(self, owner: Hashable | None = None, *, timeout_s: float) -> bool:
        """Wait until the jobs of an owner (``None``: all) are done.

        Returns
        -------
        bool
            ``False`` when some still wait after ``timeout_s``, or the store is failing.
        """
        if current_thread() is self._thread:
            return True  # a job must not wait for itself; all before it are done
        deadline = time.monotonic() + timeout_s
        with self._changed:
            while self._is_waiting(owner):
                left = deadline - time.monotonic()
                if left <= 0 or self._is_stuck():
                    return False
                self._changed.wait(left)
            return True

    def has_more(self, owner: Hashable) -> bool:
        """Say whether an owner has jobs besides the one that is running."""
        with self._changed:
            return any(owner == job.owner for job in self._jobs if job is not self._running)

    def is_waiting(self, owner: Hashable) -> bool:
        """Say whether an owner has jobs that are not done."""
        with self._changed:
            return self._is_waiting(owner)

    def _is_waiting(self, owner: Hashable | None) -> bool:
        return any(owner in (None, job.owner) for job in self._jobs)

    def close(self, timeout_s: float = CLOSE_TIMEOUT_S) -> bool:
        """Save what is queued, then stop; ``False`` when that did not end in time."""
        for owner in list(self._idle):
            self.finish_idle(owner)
        done = self._finish(timeout_s)
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            lost = list(self._jobs)
        atexit.unregister(self.close)
        for job in lost:
            _LOGGER.warning("Not saved before the end: %s.", job)
        return done

    def _finish(self, timeout_s: float) -> bool:
        """Wait until all jobs are done, for a failing store only a little."""
        now_s = time.monotonic()
        until_s, failing_until_s = now_s + timeout_s, now_s + min(timeout_s, CLOSE_FAILING_S)
        with self._changed:
            while self._jobs and current_thread() is not self._thread:
                now_s = time.monotonic()
                if now_s >= until_s or (self._is_stuck() and now_s >= failing_until_s):
                    return False
                self._changed.wait(min(until_s - now_s, 0.1))
            return True

    def _start(self) -> None:
        self._closing = False
        if self._thread is None or not self._thread.is_alive():
            self._thread = Thread(target=self._work, name="streamlit-redis-session", daemon=True)
            self._thread.start()
            atexit.register(self.close)

    def _work(self) -> None:
        pause_s = FIRST_PAUSE_S
        while True:
            with self._changed:
                idle = self._wait_for_work()
                if self._closing:
                    return
                if idle is None:
                    self._running = self._jobs[0]
            if idle is not None:
                self._work_idly(idle)
                continue
            assert self._running is not None
            if not self.may_try():  # a vain try would keep others from the session meanwhile
                self._rest(0)
            if self._run(self._running):
                pause_s = FIRST_PAUSE_S
                continue
            self._rest(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    def _rest(self, pause_s: float) -> None:
        """Wait before the next try, and on while the store is not worth one."""
        with self._changed:
            self._poked = False
            if pause_s:
                self._changed.wait_for(self._may_go_on, timeout=pause_s)
            if not self.may_try():
                self._changed.wait_for(self._may_go_on, timeout=LONGEST_OUTAGE_S)

    def _may_go_on(self) -> bool:
        return self._closing or (self._poked and self.may_try())

    def _run(self, job: Job) -> bool:
        """Run a job; ``False`` when it has to run again."""
        failing = False
        try:
            job.run()
        except StorageError as error:
            failing = True
            _tell(job.delayed, error)
        except Exception as error:  # the writer must outlive any one job
            _LOGGER.exception("A snapshot could not be saved.")
            _tell(job.dropped, error)
        with self._changed:
            self._failing = failing
            self._running = None
            if not failing:
                self._jobs.popleft()
            self._changed.notify_all()
        return not failing


def _always() -> bool:
    return True


def _do(work: Callable[[], None]) -> None:
    try:
        work()
    except Exception:  # the thread must outlive it
        _LOGGER.exception("A look at what was saved failed.")


def _tell(answer: Callable[[_E], None], error: _E) -> None:
    """Tell a job how it went; what it makes of that must not end the thread."""
    try:
        answer(error)
    except Exception:
        _LOGGER.exception("A save state could not be shown.")
