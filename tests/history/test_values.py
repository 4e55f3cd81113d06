"""Values cost what is new of them: to plan, to write, to keep, and to read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from support.identical import assert_identical

from streamlit_redis_session import codec
from streamlit_redis_session.chunks import Chunker, FoundColumn, Keys, Patch, Plan, pack_rows
from streamlit_redis_session.codec import FixedColumn
from streamlit_redis_session.errors import ChunkNotFoundError
from streamlit_redis_session.history import BaseLostError, Held, ValueStore
from streamlit_redis_session.history._cells import changed_cells
from streamlit_redis_session.history._leases import LeaseBook
from streamlit_redis_session.objects import ChunkId, Limits, SessionKey
from streamlit_redis_session.storage import Transaction
from streamlit_redis_session.storage._memory import MemoryBackend

pytestmark = pytest.mark.skipif(
    int(pd.__version__.partition(".")[0]) < 3, reason="memory is known with Copy-on-Write"
)
KEYS = Keys.derive("a secret", namespace="srs")
SESSION = SessionKey("a" * 32)
LEASE_S = 1000
ROWS = 5000


class Watched(MemoryBackend):
    """A store that remembers what it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.put: list[ChunkId] = []
        self.got: list[ChunkId] = []
        self.extended: list[ChunkId] = []

    def put_chunks(self, chunks: Any, *, lease_s: int) -> None:
        self.put += chunks
        super().put_chunks(chunks, lease_s=lease_s)

    def get_chunks(self, chunk_ids: Sequence[ChunkId]) -> list[bytes | None]:
        self.got += chunk_ids
        return super().get_chunks(chunk_ids)

    def extend_chunks(self, chunk_ids: Sequence[ChunkId], *, lease_s: int) -> list[bool]:
        self.extended += chunk_ids
        return super().extend_chunks(chunk_ids, lease_s=lease_s)

    def lose(self, *chunk_ids: ChunkId) -> None:
        """Forget chunks, as a server does that evicts."""
        for chunk_id in chunk_ids:
            del self._open().chunks[chunk_id]


@pytest.fixture
def backend() -> Watched:
    return Watched()


@pytest.fixture
def values(backend: Watched) -> ValueStore:
    return new_values(backend)


def new_values(backend: Watched, *, cache_bytes: int = 2**30) -> ValueStore:
    """Another process, as far as memory goes."""
    chunker = Chunker(KEYS, rows_per_chunk=1000)
    limits = Limits()
    return ValueStore(backend, chunker, lease_s=LEASE_S, limits=limits, cache_bytes=cache_bytes)


def frame(rows: int = ROWS) -> pd.DataFrame:
    numbers = np.arange(rows)
    random = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "n": numbers,
            "x": random.random(rows),
            "y": random.random(rows),
            "age": pd.Series(numbers, dtype="Int64").mask(random.random(rows) < 0.1),
            "text": [f"text {n % 977}" for n in numbers],
        }
    )


def stored(
    backend: Watched, values: ValueStore, value: object, before: Held | None = None
) -> tuple[Plan, Held]:
    """Commit a value as a session does."""
    snapshot, stamp = codec.snapshot(value), codec.memory_stamp()
    codec.note_memory(snapshot)
    plan = values.plan(snapshot, path="df", before=before)
    values.write_chunks(plan)
    put_table(backend, values, plan)
    return plan, values.remember(snapshot, plan, stamp=stamp)


def put_table(backend: Watched, values: ValueStore, plan: Plan) -> None:
    backend.create_session(SESSION, ttl_s=LEASE_S)
    record = backend.read_session(SESSION)
    assert record is not None
    tables = {plan.manifest_id: values.seal_table(SESSION, plan)}
    change = Transaction(plan.manifest_id[:16], record.epoch, LEASE_S, put_tables=tables)
    backend.transact(SESSION, change)


def test_a_rename_plans_no_chunk_and_asks_for_none(backend: Watched, values: ValueStore) -> None:
    _, held = stored(backend, values, frame())
    backend.put.clear()

    plan, _ = stored(backend, values, held.value.rename(columns={"x": "z"}), held)  # type: ignore[attr-defined]

    assert not plan.chunks
    assert not backend.put + backend.extended


def test_one_cell_plans_the_chunks_of_its_column_alone(
    backend: Watched, values: ValueStore
) -> None:
    _, held = stored(backend, values, frame())
    edited: Any = codec.snapshot(held.value)
    edited.loc[1500, "x"] = -1.0
    backend.put.clear()

    plan, _ = stored(backend, values, edited, held)

    assert len(plan.chunks) <= 5
    assert len(backend.put) <= 1
    assert len(plan.kept) == 6


def test_a_value_that_was_read_is_known_as_well(backend: Watched, values: ValueStore) -> None:
    plan, _ = stored(backend, values, frame())
    other = new_values(backend)
    held = other.load(SESSION, plan.manifest_id, path="df")
    dropped = held.value.drop(columns="y")  # type: ignore[attr-defined]

    after = other.plan(dropped, path="df", before=held)

    assert not after.chunks
    assert after.manifest_id == other.plan(dropped, path="df").manifest_id


def test_chunks_of_kept_parts_that_the_store_has_lost_are_written_again(
    backend: Watched, values: ValueStore
) -> None:
    plan, held = stored(backend, values, frame())
    lost = plan.manifest.parts[2].chunk_ids[1], plan.manifest.parts[4].chunk_ids[3]
    backend.lose(*lost)
    values.extend_leases([plan.manifest], lease_s=2 * LEASE_S)  # the loss is noticed
    backend.put.clear()

    renamed = held.value.rename(columns={"n": "number"})  # type: ignore[attr-defined]
    after, _ = stored(backend, values, renamed, held)

    assert set(backend.put) == set(lost)
    again = new_values(backend).load(SESSION, after.manifest_id, path="df")
    assert_identical(again.value, renamed)


def test_what_stands_for_rows_of_a_lost_base_is_not_committed(
    backend: Watched, values: ValueStore
) -> None:
    big = frame(50_000)
    _, held = stored(backend, values, big)
    chosen = held.value.query("x < 0.5")  # type: ignore[attr-defined]
    plan, selected = stored(backend, values, chosen, held)
    assert plan.manifest.is_derived
    part = next(p for p in plan.manifest.parts if p.is_derived)
    backend.lose(part.chunk_ids[0])
    values.extend_leases([plan.manifest], lease_s=2 * LEASE_S)

    renamed = values.plan(
        selected.value.rename(columns={"n": "m"}),  # type: ignore[attr-defined]
        path="df",
        before=selected,
    )
    with pytest.raises(BaseLostError):
        values.write_chunks(renamed)


def test_another_process_asks_before_it_sends_what_it_has_read(
    backend: Watched, values: ValueStore
) -> None:
    plan, _ = stored(backend, values, frame(50_000))
    other = new_values(backend)
    held = other.load(SESSION, plan.manifest_id, path="df")
    backend.put.clear()
    renamed: Any = held.value.rename(columns={"n": "m"})  # type: ignore[attr-defined]

    stored(backend, other, renamed, held)

    assert not backend.put
    assert set(backend.extended) == set(plan.manifest.chunk_ids())


# reading


def test_only_what_no_value_in_memory_has_is_fetched(backend: Watched, values: ValueStore) -> None:
    first, held = stored(backend, values, frame())
    edited: Any = codec.snapshot(held.value)
    edited.loc[1500, "x"] = -1.0
    edited["new"] = edited["y"] * 2
    second, _ = stored(backend, values, edited.drop(columns="n"), held)
    other = new_values(backend)
    other.load(SESSION, first.manifest_id, path="df")
    backend.got.clear()

    again = other.load(SESSION, second.manifest_id, path="df")

    assert_identical(again.value, edited.drop(columns="n"))
    fresh = {*second.manifest.chunk_ids()} - {*first.manifest.chunk_ids()}
    assert fresh <= set(backend.got) <= fresh | set(second.manifest.parts[1].chunk_ids)
    known = other.plan(again.value, path="df", before=again)
    assert known.manifest_id == second.manifest_id
    assert not other.plan(again.value, path="df", before=again).chunks


def shares(one: Any, other: Any, name: str) -> bool:
    return bool(np.shares_memory(one[name].to_numpy(), other[name].to_numpy()))


def neighbours(backend: Watched, values: ValueStore) -> tuple[Any, Any]:
    """Two values of one process that were read one after the other."""
    first, held = stored(backend, values, frame())
    edited: Any = codec.snapshot(held.value)
    edited.loc[7, "x"] = -1.0
    second, _ = stored(backend, values, edited, held)
    other = new_values(backend)
    one = other.load(SESSION, first.manifest_id, path="df").value
    two = other.load(SESSION, second.manifest_id, path="df").value
    return one, two


@pytest.mark.parametrize("name", ["n", "y", "age", "text"])
def test_a_write_to_one_value_does_not_reach_the_one_that_lent_its_memory(
    backend: Watched, values: ValueStore, name: str
) -> None:
    one, two = neighbours(backend, values)
    new = "written" if name == "text" else 77
    if name in ("n", "y"):
        assert shares(one, two, name)
    for target, witness in ((one, two), (two, one)):
        before = witness.copy()
        target.loc[3, name] = new
        target.iloc[4, target.columns.get_loc(name)] = new
        target[name] = target[name].where(target.index != 5, new)
        assert_identical(witness, before)


def test_snapshots_of_both_values_are_as_safe(backend: Watched, values: ValueStore) -> None:
    one, two = neighbours(backend, values)
    given: Any = codec.snapshot(two)
    given.loc[:, "y"] = 0.0
    given.index.name = "other"
    given.columns.name = "names"

    assert_identical(one, frame())
    assert (two["y"] == one["y"]).all()
    assert two.index.name is None
    assert two.columns.name is None


def test_a_value_read_beside_another_has_its_own_attrs_and_flags(
    backend: Watched, values: ValueStore
) -> None:
    marked = frame().set_flags(allows_duplicate_labels=False)
    marked.attrs = {"source": "a file"}
    first, _ = stored(backend, values, marked)
    plain = frame().iloc[:, ::-1]
    plain.index.name = "row"
    second, _ = stored(backend, values, plain)
    third, _ = stored(backend, values, {"t": frame()["x"], "table": pa.table({"x": frame()["x"]})})
    other = new_values(backend)

    for plan, value in ((first, marked), (second, plain), (first, marked)):
        assert_identical(other.load(SESSION, plan.manifest_id, path="df").value, value)
    nested: Any = other.load(SESSION, third.manifest_id, path="df").value
    assert_identical(nested["t"], frame()["x"])
    nested["t"].iloc[0] = 5.0
    assert_identical(other.load(SESSION, first.manifest_id, path="df").value, marked)


def test_a_lost_chunk_is_missed_only_by_those_who_need_it(
    backend: Watched, values: ValueStore
) -> None:
    first, held = stored(backend, values, frame())
    edited = held.value.assign(x=1 / (1 + frame()["n"]))  # type: ignore[attr-defined]
    second, _ = stored(backend, values, edited, held)
    other = new_values(backend)
    other.load(SESSION, first.manifest_id, path="df")
    backend.lose(second.manifest.parts[2].chunk_ids[0])

    with pytest.raises(ChunkNotFoundError, match="'df'"):
        other.load(SESSION, second.manifest_id, path="df")


def test_memory_that_values_share_counts_once(backend: Watched) -> None:
    """Otherwise a frame of half the cache would be forgotten at its first edit."""
    size = codec.nbytes(frame())
    values = new_values(backend, cache_bytes=3 * size)
    plans = []
    held: Held | None = None
    value: Any = frame()
    for number in range(8):
        plan, held = stored(backend, values, value, held)
        plans.append(plan)
        value = codec.snapshot(held.value)
        value.loc[number, "x"] = -1.0
    backend.got.clear()

    for plan in plans:
        values.load(SESSION, plan.manifest_id, path="df")

    assert not backend.got


def test_a_value_larger_than_the_cache_is_not_kept(backend: Watched) -> None:
    values = new_values(backend, cache_bytes=1000)
    plan, _ = stored(backend, values, frame())
    backend.got.clear()
    values.load(SESSION, plan.manifest_id, path="df")

    assert set(backend.got) == set(plan.manifest.chunk_ids())


def test_equal_content_that_is_stored_otherwise_is_the_same(
    backend: Watched, values: ValueStore
) -> None:
    big = frame(50_000)
    whole, held = stored(backend, values, big)
    chosen = held.value.query("x < 0.5")  # type: ignore[attr-defined]
    derived, _ = stored(backend, values, chosen, held)
    plain, _ = stored(backend, values, chosen.copy())

    assert derived.manifest_id != plain.manifest_id
    assert values.is_same(SESSION, derived, plain.manifest_id)
    assert values.is_same(SESSION, plain, derived.manifest_id)
    assert not values.is_same(SESSION, plain, whole.manifest_id)


# leases


def test_a_part_is_stale_when_one_of_its_chunks_is(values: ValueStore) -> None:
    now = [0.0]
    book = LeaseBook(clock=lambda: now[0])
    part = values.plan(frame(), path="df").manifest.parts[1]
    book.note(part.chunk_ids[1:], lease_s=100)
    assert book.stale_parts([part], lease_s=100) == [part]

    book.note(part.chunk_ids, lease_s=100)
    assert book.stale_parts([part], lease_s=100) == []
    now[0] = 9.0
    assert book.stale_parts([part], lease_s=100) == []
    now[0] = 11.0
    assert book.stale_parts([part], lease_s=100) == [part]
    book.note(part.chunk_ids, lease_s=100)
    assert book.stale_parts([part], lease_s=100) == []
    book.forget(part.chunk_ids[:1])
    assert book.stale_parts([part], lease_s=100) == [part]


# patches


def patched(chunker: Chunker, held: Held, ordinal: int, row: int, value: float) -> FoundColumn:
    """A column of another value with one element replaced."""
    base, stored = held.columns()[ordinal]
    form, packed = pack_rows(np.array([row]), base.rows)
    positions = chunker.store_side(packed)
    values = FixedColumn(np.array([value]))
    side = chunker.store_side(values)
    column = replace(stored, patch=Patch(form, positions, side))
    return FoundColumn(column, base, ((positions, packed), (side, values)), changed_rows=1)


def test_an_edited_cell_may_be_a_patch_and_its_rows_are_counted(
    backend: Watched, values: ValueStore
) -> None:
    _, held = stored(backend, values, frame())
    chunker = Chunker(KEYS, rows_per_chunk=1000)
    edited: Any = codec.snapshot(held.value)
    edited.loc[1500, "x"] = -1.0
    found = {1: patched(chunker, held, 1, 1500, -1.0)}
    encoded = codec.encode(edited, path="df", known=held.by_token)

    plan = chunker.plan(encoded, found)
    assert changed_cells(plan, held.manifest, found) == {1: 1}
    assert plan.manifest.parts[2].is_derived
    assert set(plan.chunks) == set(held.manifest.parts[2].chunk_ids)
    renamed = codec.encode(edited.rename(columns={"n": "m"}), path="df", known=held.by_token)
    assert changed_cells(chunker.plan(renamed, found), held.manifest, found) == {}

    values.write_chunks(plan)
    put_table(backend, values, plan)
    for reader in (new_values(backend), values):
        assert_identical(reader.load(SESSION, plan.manifest_id, path="df").value, edited)


# --- writes around pandas to what nobody shows -------------------------------------------------


def never() -> bool:
    return False


def test_a_sweep_finds_a_remembered_value_that_was_written_to(
    backend: Watched, values: ValueStore
) -> None:
    mine, original = frame(), frame()
    plan, _ = stored(backend, values, mine)
    mine["age"].array[0] = 4711

    values.start_sweep()
    assert values.sweep(never)

    read = values.load(SESSION, plan.manifest_id, path="df").value
    assert_identical(read, original)


def test_a_sweep_leaves_out_what_is_shown(backend: Watched, values: ValueStore) -> None:
    mine = frame()
    _, held = stored(backend, values, mine)
    mine["age"].array[0] = 4711

    values.start_sweep()
    assert values.sweep(never, but=[held.value])

    assert held.is_intact


def test_a_stopped_sweep_goes_on_where_it_was(backend: Watched, values: ValueStore) -> None:
    """However little it may look at in a row, it comes to the end."""
    first, second = frame(), frame(ROWS - 1)
    _, one = stored(backend, values, first)
    _, two = stored(backend, values, second)
    first["age"].array[0] = 4711
    second["age"].array[0] = 4711

    values.start_sweep()
    slices = 1
    answers = iter([False, True] * 1000)
    while not values.sweep(lambda: next(answers)):
        slices += 1

    assert slices > 2
    assert not one.is_intact
    assert not two.is_intact


def test_a_sweep_that_is_asked_for_again_and_again_comes_to_its_end(
    backend: Watched, values: ValueStore
) -> None:
    frames = [frame(ROWS - n) for n in range(3)]
    held = [stored(backend, values, each)[1] for each in frames]
    for each in frames:
        each["age"].array[0] = 4711

    for _ in range(100):  # begun anew again and again, as by runs in quick succession
        values.start_sweep()
        answers = iter([False, False, False, True])
        values.sweep(partial(next, answers))

    assert not any(each.is_intact for each in held)
