"""The background writer: in order, not giving up, and never losing the last state."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from threading import Event, Thread, get_ident

import pytest

from streamlit_redis_session.errors import (
    LimitExceededError,
    SessionNotFoundError,
    StorageError,
    StorageFullError,
    StorageReadOnlyError,
    StorageUnavailableError,
)
from streamlit_redis_session.session import Job, Writer

LONG_S = 10.0


class Step:
    """Writes its texts down, after the failures that were asked for."""

    def __init__(
        self,
        text: str,
        log: list[str],
        *,
        owner: Hashable = "ada",
        nbytes: int = 1,
        failures: Sequence[Exception] = (),
        gate: Event | None = None,
    ) -> None:
        self.texts = [text]
        self.owner = owner
        self.log = log
        self.failures = failures
        self.tried = 0
        self.gate = gate
        self.size = nbytes
        self.started = Event()
        self.tries_s: list[float] = []
        self.delays: list[StorageError] = []
        self.drops: list[Exception] = []
        self.thread = 0

    def __str__(self) -> str:
        return ", ".join(self.texts)

    @property
    def nbytes(self) -> int:
        return self.size

    def run(self) -> None:
        self.thread = get_ident()
        self.tries_s.append(time.monotonic())
        self.started.set()
        if self.gate is not None:
            assert self.gate.wait(LONG_S)
        self.tried += 1
        if self.tried <= len(self.failures):
            raise self.failures[self.tried - 1]
        self.log.extend(self.texts)

    def absorb(self, later: Job) -> None:
        assert isinstance(later, Step)
        self.texts = [f"{self.texts[-1]}<{later.texts[-1]}"]
        self.size = max(self.size, later.size)

    def delayed(self, error: StorageError) -> None:
        self.delays.append(error)

    def dropped(self, error: Exception) -> None:
        self.drops.append(error)


@pytest.fixture
def log() -> list[str]:
    return []


@pytest.fixture
def writer() -> Iterator[Writer]:
    writer = Writer(most_bytes=100)
    yield writer
    writer.close(timeout_s=1)


def eventually(is_true: Callable[[], bool], *, within_s: float = LONG_S) -> None:
    deadline = time.monotonic() + within_s
    while not is_true():
        assert time.monotonic() < deadline
        time.sleep(0.005)


# --- order -------------------------------------------------------------------------------------


def test_jobs_run_in_order_on_a_thread_of_their_own(writer: Writer, log: list[str]) -> None:
    steps = [Step(str(n), log, owner=n % 3) for n in range(50)]
    for step in steps:
        writer.submit(step)

    assert writer.flush(timeout_s=LONG_S)
    assert log == [str(n) for n in range(50)]
    assert {step.thread for step in steps} != {get_ident()}
    assert len({step.thread for step in steps}) == 1


def test_flush_waits_for_one_owner_alone(writer: Writer, log: list[str]) -> None:
    gate = Event()
    writer.submit(Step("first", log, owner="ada"))
    writer.submit(Step("second", log, owner="bob", gate=gate))

    assert writer.flush("ada", timeout_s=LONG_S)
    assert writer.flush("nobody", timeout_s=0)
    assert not writer.flush("bob", timeout_s=0.05)
    assert not writer.flush(timeout_s=0.05)
    gate.set()
    assert writer.flush(timeout_s=LONG_S)


def test_flush_of_an_idle_writer_returns_at_once(writer: Writer) -> None:
    assert writer.flush(timeout_s=0)


def test_a_job_that_waits_for_its_own_writer_does_not_hang(writer: Writer, log: list[str]) -> None:
    class Nested(Step):
        def run(self) -> None:
            assert writer.flush(timeout_s=LONG_S)
            super().run()

    writer.submit(Nested("first", log))
    writer.submit(Step("second", log))

    assert writer.flush(timeout_s=2)
    assert log == ["first", "second"]


def test_a_running_job_is_waiting_but_is_not_more(writer: Writer, log: list[str]) -> None:
    gate = Event()
    step = Step("first", log, gate=gate)
    writer.submit(step)
    assert step.started.wait(LONG_S)

    assert writer.is_waiting("ada")
    assert not writer.is_waiting("bob")
    assert not writer.has_more("ada")
    writer.submit(Step("second", log))
    assert writer.has_more("ada")
    gate.set()
    writer.flush(timeout_s=LONG_S)
    assert not writer.is_waiting("ada")


# --- failures of the store ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "error", [StorageError, StorageUnavailableError, StorageFullError, StorageReadOnlyError]
)
def test_a_job_runs_again_until_the_store_takes_it(
    error: type[StorageError], writer: Writer, log: list[str]
) -> None:
    step = Step("first", log, failures=[error("down"), error("down")])
    writer.submit(step)
    writer.submit(Step("second", log))
    eventually(lambda: log == ["first", "second"])

    assert len(step.tries_s) == 3
    assert [type(each) for each in step.delays] == [error, error]
    assert step.drops == []
    assert not writer.is_failing


def test_the_pauses_between_tries_grow(writer: Writer, log: list[str]) -> None:
    down = [StorageUnavailableError("down") for _ in range(3)]
    step = Step("first", log, failures=down)
    writer.submit(step)
    eventually(lambda: log == ["first"])
    pauses_s = [b - a for a, b in zip(step.tries_s, step.tries_s[1:], strict=False)]

    assert pauses_s[0] >= 0.09
    assert pauses_s[1] >= 0.19
    assert pauses_s[2] >= 0.39


def test_flush_does_not_wait_for_a_store_that_fails(writer: Writer, log: list[str]) -> None:
    down = [StorageUnavailableError("down") for _ in range(100)]
    step = Step("first", log, failures=down)
    writer.submit(step)
    started = time.monotonic()

    assert not writer.flush(timeout_s=LONG_S)
    assert time.monotonic() - started < 5
    assert writer.is_failing
    assert writer.is_waiting("ada")
    down.clear()
    eventually(lambda: log == ["first"])
    assert writer.flush(timeout_s=LONG_S)
    assert not writer.is_failing


@pytest.mark.parametrize(
    "error",
    [ZeroDivisionError("oops"), SessionNotFoundError(), LimitExceededError("x", size=2, limit=1)],
)
def test_a_job_that_can_never_succeed_is_dropped_and_the_next_one_runs(
    error: Exception, writer: Writer, log: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    step = Step("first", log, failures=[error])
    with caplog.at_level(logging.ERROR):
        writer.submit(step)
        writer.submit(Step("second", log))
        assert writer.flush(timeout_s=LONG_S)

    assert log == ["second"]
    assert step.drops == [error]
    assert len(step.tries_s) == 1
    assert "could not be saved" in caplog.text


@pytest.mark.parametrize("broken", ["delayed", "dropped"])
def test_a_job_whose_own_answer_raises_does_not_stop_the_thread(
    broken: str, writer: Writer, log: list[str]
) -> None:
    failure = StorageUnavailableError("down") if broken == "delayed" else ValueError("oops")
    step = Step("first", log, failures=[failure])

    def fail(_error: Exception) -> None:
        raise RuntimeError("in the answer")

    setattr(step, broken, fail)
    writer.submit(step)
    writer.submit(Step("second", log))

    eventually(lambda: "second" in log, within_s=5)
    assert ("first" in log) is (broken == "delayed")
    assert writer.flush(timeout_s=LONG_S)


def test_a_writer_that_is_told_not_to_try_waits_until_it_is_told_otherwise(
    writer: Writer, log: list[str]
) -> None:
    is_back = Event()
    writer.may_try = is_back.is_set
    step = Step("first", log)
    writer.submit(step)

    assert not writer.flush(timeout_s=LONG_S)
    assert step.tries_s == []
    assert writer.is_waiting("ada")
    is_back.set()
    writer.poke()
    assert writer.flush(timeout_s=LONG_S)
    assert log == ["first"]


def test_a_writer_in_a_long_pause_goes_on_as_soon_as_the_store_is_back(
    writer: Writer, log: list[str]
) -> None:
    is_back = Event()
    down = [StorageUnavailableError("down") for _ in range(2)]
    step = Step("first", log, failures=down)
    writer.submit(step)
    eventually(lambda: step.tried == 2)
    writer.may_try = is_back.is_set
    writer.poke()
    time.sleep(0.5)  # longer than the pause that it is in
    tried = step.tried
    is_back.set()
    writer.poke()
    eventually(lambda: log == ["first"])

    assert step.tried <= tried + 1


def test_a_full_queue_does_not_keep_anybody_waiting_while_the_store_is_gone(
    writer: Writer, log: list[str]
) -> None:
    is_back = Event()
    writer.may_try = is_back.is_set
    for n in range(1, 9):
        writer.submit(Step(f"a{n}", log, nbytes=40))
    is_back.set()
    writer.poke()
    eventually(lambda: bool(log) and writer.flush(timeout_s=1))

    assert log[0] == "a1"
    assert log[-1].endswith("a8")
    assert len(log) < 8


def test_close_waits_only_a_little_for_a_store_that_is_gone(log: list[str]) -> None:
    writer = Writer(most_bytes=100)
    writer.may_try = lambda: False
    writer.submit(Step("x", log))
    started = time.monotonic()

    assert not writer.close(timeout_s=LONG_S)
    assert time.monotonic() - started < LONG_S - 2


def test_close_waits_for_a_store_that_comes_back(log: list[str]) -> None:
    is_back = Event()
    writer = Writer(most_bytes=100)
    writer.may_try = is_back.is_set
    writer.submit(Step("x", log))

    def come_back() -> None:
        time.sleep(0.3)
        is_back.set()
        writer.poke()

    thread = Thread(target=come_back)
    thread.start()
    assert writer.close(timeout_s=LONG_S)
    thread.join()
    assert log == ["x"]


# --- a full queue ------------------------------------------------------------------------------


def test_a_full_queue_of_a_failing_store_absorbs_and_keeps_the_last_state(
    writer: Writer, log: list[str]
) -> None:
    down = [StorageUnavailableError("down") for _ in range(1000)]
    writer.submit(Step("a1", log, nbytes=40, failures=down))
    writer.flush(timeout_s=LONG_S)
    for n in range(2, 9):
        writer.submit(Step(f"a{n}", log, nbytes=40))
    down.clear()
    eventually(lambda: bool(log) and writer.flush(timeout_s=1))

    assert log[0] == "a1"
    assert log[-1].endswith("a8")
    assert len(log) < 8


def test_only_jobs_of_the_same_owner_absorb_each_other(writer: Writer, log: list[str]) -> None:
    down = [StorageUnavailableError("down") for _ in range(1000)]
    writer.submit(Step("first", log, nbytes=60, failures=down, owner="eve"))
    writer.flush(timeout_s=LONG_S)
    writer.submit(Step("a1", log, nbytes=60, owner="ada"))
    writer.submit(Step("b1", log, nbytes=60, owner="bob"))
    writer.submit(Step("a2", log, nbytes=60, owner="ada"))
    down.clear()
    eventually(lambda: len(log) == 3)

    assert log == ["first", "a1<a2", "b1"]


def test_a_full_queue_of_a_healthy_store_makes_room_by_waiting(
    writer: Writer, log: list[str]
) -> None:
    gate = Event()
    writer.submit(Step("first", log, nbytes=80, gate=gate))
    from threading import Timer  # noqa: PLC0415

    timer = Timer(0.2, gate.set)
    timer.start()
    started = time.monotonic()
    writer.submit(Step("second", log, nbytes=80))

    assert time.monotonic() - started >= 0.1
    assert writer.flush(timeout_s=LONG_S)
    assert log == ["first", "second"]
    timer.join()


def test_a_job_larger_than_the_whole_queue_is_still_saved(writer: Writer, log: list[str]) -> None:
    writer.submit(Step("huge", log, nbytes=10**9))

    assert writer.flush(timeout_s=LONG_S)
    assert log == ["huge"]


# --- when nothing is to be saved ---------------------------------------------------------------


def test_idle_work_is_done_after_the_jobs_and_once_per_owner(
    writer: Writer, log: list[str]
) -> None:
    gate = Event()
    writer.submit(Step("job", log, gate=gate))
    for n in range(3):
        writer.when_idle("ada", lambda n=n: log.append(f"ada {n}"))  # type: ignore[misc]
    writer.when_idle("bob", lambda: log.append("bob"))
    gate.set()
    eventually(lambda: len(log) == 3)

    assert log[0] == "job"
    assert sorted(log[1:]) == ["ada 2", "bob"]


def test_idle_work_starts_the_thread_of_a_new_writer(writer: Writer, log: list[str]) -> None:
    writer.when_idle("ada", lambda: log.append("ada"))
    eventually(lambda: log == ["ada"])

    writer.when_idle("ada", lambda: log.append("again"))
    eventually(lambda: log == ["ada", "again"])


def test_finish_idle_does_the_work_at_once_on_the_calling_thread(writer: Writer) -> None:
    threads: list[int] = []
    writer.when_idle("ada", lambda: threads.append(get_ident()))
    writer.finish_idle("ada")
    writer.finish_idle("ada")
    writer.finish_idle("nobody")

    assert len(threads) == 1


def test_finish_idle_waits_for_work_that_has_begun(writer: Writer, log: list[str]) -> None:
    begun, gate = Event(), Event()

    def work() -> None:
        begun.set()
        assert gate.wait(LONG_S)
        log.append("done")

    writer.when_idle("ada", work)
    assert begun.wait(LONG_S)
    gate.set()
    writer.finish_idle("ada")

    assert log == ["done"]


def test_idle_work_may_submit_a_job_and_may_fail(writer: Writer, log: list[str]) -> None:
    def fail() -> None:
        writer.submit(Step("job", log))
        raise RuntimeError("in idle work")

    writer.when_idle("ada", fail)
    eventually(lambda: log == ["job"])
    writer.submit(Step("next", log))

    assert writer.flush(timeout_s=LONG_S)
    assert log == ["job", "next"]


def test_close_does_what_is_left_to_do(log: list[str]) -> None:
    writer = Writer(most_bytes=100)
    writer.when_idle("ada", lambda: writer.submit(Step("found", log)))

    assert writer.close()
    assert log == ["found"]


# --- the end -----------------------------------------------------------------------------------


def test_close_saves_what_is_queued(log: list[str]) -> None:
    writer = Writer(most_bytes=100)
    for n in range(20):
        writer.submit(Step(str(n), log))

    assert writer.close()
    assert len(log) == 20


def test_close_says_when_something_could_not_be_saved(
    log: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    writer = Writer(most_bytes=100)
    writer.submit(Step("x", log, failures=[StorageUnavailableError("down") for _ in range(99)]))

    assert not writer.close(timeout_s=0.5)
    assert "Not saved before the end: x." in caplog.text


def test_a_writer_that_was_never_used_closes() -> None:
    assert Writer(most_bytes=1).close()


def test_a_closed_writer_that_is_used_again_saves(log: list[str]) -> None:
    writer = Writer(most_bytes=100)
    writer.submit(Step("first", log))
    writer.close()
    writer.submit(Step("second", log))

    assert writer.flush(timeout_s=LONG_S)
    assert log == ["first", "second"]
    assert writer.close()
