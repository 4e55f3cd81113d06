"""Work that two threads share."""

from __future__ import annotations

import threading

import pytest

from streamlit_redis_session.history._together import LEAST_BYTES, together


def test_results_stand_in_the_order_of_the_items() -> None:
    assert together(lambda n: n * n, range(500), nbytes=LEAST_BYTES) == [n * n for n in range(500)]


def test_little_work_stays_in_the_calling_thread() -> None:
    threads = together(lambda _: threading.get_ident(), range(9), nbytes=LEAST_BYTES - 1)

    assert set(threads) == {threading.get_ident()}


def test_much_work_is_done_by_two_threads_at_once() -> None:
    """Each item waits for another one: alone, no thread would come to an end."""
    meeting = threading.Barrier(2)
    threads = together(
        lambda _: (meeting.wait(timeout=60), threading.get_ident())[1], range(4), nbytes=LEAST_BYTES
    )

    assert len(set(threads)) == 2


@pytest.mark.parametrize("place", [0, 1, 50, 99])
def test_an_error_reaches_the_caller_and_ends_the_work(place: int) -> None:
    def work(number: int) -> int:
        if number == place:
            raise ValueError(number)
        return number

    with pytest.raises(ValueError, match=str(place)):
        together(work, range(100), nbytes=LEAST_BYTES)


def test_nothing_is_done_of_no_items() -> None:
    assert together(lambda n: n, [], nbytes=LEAST_BYTES) == []
