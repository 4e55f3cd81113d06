"""Chunks travel in batches, beside the work on them, from any number of threads."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from support.identical import assert_identical

from streamlit_redis_session import codec
from streamlit_redis_session.chunks import Chunker, Keys, Plan
from streamlit_redis_session.errors import ChunkNotFoundError, CorruptDataError
from streamlit_redis_session.history import _reading, _transfer
from streamlit_redis_session.history._pool import Pool
from streamlit_redis_session.history._reading import read_columns
from streamlit_redis_session.history._transfer import sealed_batches
from streamlit_redis_session.history._values import ValueStore
from streamlit_redis_session.objects import ChunkId, Limits
from streamlit_redis_session.storage._memory import MemoryBackend

LEASE_S = 60


class WatchedBackend(MemoryBackend):
    """Remembers which chunks were asked for at once, and may change a byte of one."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[list[ChunkId]] = []
        self.damaged: ChunkId | None = None

    def get_chunks(self, chunk_ids: Sequence[ChunkId]) -> list[bytes | None]:
        self.asked.append(list(chunk_ids))
        found = super().get_chunks(chunk_ids)
        return [
            data[:-1] + bytes([data[-1] ^ 1]) if data and name == self.damaged else data
            for name, data in zip(chunk_ids, found, strict=True)
        ]


@pytest.fixture(autouse=True)
def _nothing_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_transfer, "SMALL_BYTES", 100_000)
    monkeypatch.setattr(_reading, "SMALL_BYTES", 100_000)


@pytest.fixture
def chunker() -> Chunker:
    return Chunker(Keys.derive("a secret", namespace="srs"), rows_per_chunk=4096)


@pytest.fixture
def backend() -> WatchedBackend:
    return WatchedBackend()


def frame(rows: int = 60_000) -> pd.DataFrame:
    random = np.random.default_rng(rows)
    return pd.DataFrame(
        {
            "amount": random.normal(size=rows),
            "again": np.zeros(rows),
            "number": np.arange(rows),
            "city": [f"city {n % 40}" for n in range(rows)],
            "is_late": random.random(rows) < 0.1,
        }
    )


def stored(chunker: Chunker, backend: MemoryBackend, value: object) -> Plan:
    plan = chunker.plan(codec.encode(value, path="value"), {})
    for batch in sealed_batches(chunker, plan.chunks):
        backend.put_chunks(batch, lease_s=LEASE_S)
    return plan


def read_back(chunker: Chunker, backend: MemoryBackend, plan: Plan) -> object:
    columns, _ = read_columns(backend, chunker, plan.manifest, most_bytes=2**30)
    return codec.decode(plan.manifest.description, columns)


@pytest.mark.parametrize("rows", [10, 1_000, 60_000])
def test_what_was_sent_in_batches_comes_back(
    chunker: Chunker, backend: WatchedBackend, rows: int
) -> None:
    plan = stored(chunker, backend, frame(rows))

    assert_identical(read_back(chunker, backend, plan), frame(rows))


def test_a_large_value_is_fetched_in_several_requests_and_no_chunk_twice(
    chunker: Chunker, backend: WatchedBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_reading, "FETCH_BYTES", 200_000)
    plan = stored(chunker, backend, frame())

    assert_identical(read_back(chunker, backend, plan), frame())

    asked = [chunk_id for each in backend.asked for chunk_id in each]
    assert len(backend.asked) > 4
    assert sorted(asked) == sorted(plan.chunks)


def test_a_batch_is_of_bounded_size_and_every_chunk_is_in_one(chunker: Chunker) -> None:
    plan = chunker.plan(codec.encode(frame(400_000), path="value"), {})

    batches = list(sealed_batches(chunker, plan.chunks))

    largest = max(len(data) for batch in batches for data in batch.values())
    assert all(sum(map(len, b.values())) < _transfer.BATCH_BYTES + largest for b in batches)
    assert [c for batch in batches for c in batch] == list(plan.chunks)


def test_all_missing_chunks_are_named_at_once(
    chunker: Chunker, backend: WatchedBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_reading, "FETCH_BYTES", 200_000)
    plan = stored(chunker, backend, frame())
    lost = set(list(plan.chunks)[::7])
    whole = backend.get_chunks
    monkeypatch.setattr(
        backend,
        "get_chunks",
        lambda ids: [None if c in lost else data for c, data in zip(ids, whole(ids), strict=True)],
    )

    with pytest.raises(ChunkNotFoundError) as caught:
        read_columns(backend, chunker, plan.manifest, most_bytes=2**30)

    assert set(caught.value.chunk_ids) == lost


def test_damage_found_by_another_thread_is_raised_by_the_reader(
    chunker: Chunker, backend: WatchedBackend
) -> None:
    """And the threads go on: what is whole can still be read."""
    plan, whole = stored(chunker, backend, frame()), MemoryBackend()
    stored(chunker, whole, frame())
    name = list(plan.chunks)[3]
    backend.damaged = name

    with pytest.raises(CorruptDataError, match="tag"):
        read_back(chunker, backend, plan)
    assert_identical(read_back(chunker, whole, plan), frame())


def _sorted(value: pd.DataFrame) -> pd.DataFrame:
    return value.sort_values("amount", kind="stable")


def _filtered(value: pd.DataFrame) -> pd.DataFrame:
    return value[value["is_late"]]


def _edited(value: pd.DataFrame) -> pd.DataFrame:
    sorted_value = _sorted(value)
    sorted_value.iloc[7, 1] = 2.5
    return sorted_value


@pytest.mark.parametrize("edit", [_sorted, _filtered, _edited])
@pytest.mark.parametrize("ahead_bytes", [1, 2**30])
def test_rows_of_a_base_are_taken_while_others_are_fetched(
    chunker: Chunker,
    backend: WatchedBackend,
    monkeypatch: pytest.MonkeyPatch,
    edit: Callable[[pd.DataFrame], pd.DataFrame],
    ahead_bytes: int,
) -> None:
    monkeypatch.setattr(_reading, "FETCH_BYTES", 200_000)
    monkeypatch.setattr(_reading, "AHEAD_BYTES", ahead_bytes)
    values = ValueStore(backend, chunker, lease_s=LEASE_S, limits=Limits(), cache_bytes=2**30)
    base = frame(120_000)
    plan = values.plan(base, path="value")
    values.write_chunks(plan)
    held = values.remember(base, plan, stamp=codec.memory_stamp())
    edited = edit(base)
    plan = values.plan(edited, path="value", before=held)
    values.write_chunks(plan)
    assert any(column.selection for column in plan.manifest.columns)

    backend.asked.clear()
    assert_identical(read_back(chunker, backend, plan), edited)

    asked = [chunk_id for each in backend.asked for chunk_id in each]
    assert len(asked) == len(set(asked))


def test_sixteen_threads_read_and_write_at_once(chunker: Chunker, backend: WatchedBackend) -> None:
    frames = [frame(9_000 + n) for n in range(4)]
    plans = [stored(chunker, backend, each) for each in frames]
    meet = threading.Barrier(16)

    def work(number: int) -> None:
        meet.wait()
        for turn in range(2):
            each = (number + turn) % 4
            if number % 5 == 0:
                stored(chunker, backend, frames[each])
            assert_identical(read_back(chunker, backend, plans[each]), frames[each])

    with ThreadPoolExecutor(16) as pool:
        for future in [pool.submit(work, number) for number in range(16)]:
            future.result()


def _read_in_child(chunker: Chunker, backend: MemoryBackend, plan: Plan) -> None:
    assert_identical(read_back(chunker, backend, plan), frame())
    os._exit(7)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_has_threads_of_its_own(chunker: Chunker, backend: WatchedBackend) -> None:
    """Only the thread that forks lives on in the child: nobody else would do the work."""
    plan = stored(chunker, backend, frame())
    assert_identical(read_back(chunker, backend, plan), frame())

    child = multiprocessing.get_context("fork").Process(
        target=_read_in_child, args=(chunker, backend, plan)
    )
    child.start()
    child.join(60)

    assert child.exitcode == 7
    assert_identical(read_back(chunker, backend, plan), frame())


def test_an_abandoned_save_leaves_nothing_behind_in_the_threads(chunker: Chunker) -> None:
    plan = chunker.plan(codec.encode(frame(400_000), path="value"), {})
    batches = sealed_batches(chunker, plan.chunks)
    first = next(batches)
    del batches

    assert next(sealed_batches(chunker, plan.chunks)) == first


def test_an_error_in_a_call_reaches_who_waits_and_the_threads_go_on() -> None:
    pool = Pool(threads=1)

    def fail() -> None:
        raise ZeroDivisionError

    failed, made = pool.submit(fail), pool.submit(lambda: 7)

    with pytest.raises(ZeroDivisionError):
        failed.result(10)
    assert made.result(10) == 7
