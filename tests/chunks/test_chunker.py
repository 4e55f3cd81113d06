"""A value is named by its content, cut by rows, and only what changed gets a new name."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pytest
from chunks.reading import columns_of
from codec.shapes import SHAPES
from support.identical import assert_identical

from streamlit_redis_session import codec
from streamlit_redis_session.chunks import (
    Chunker,
    Keys,
    Manifest,
    Plan,
    StoredPart,
    digest,
    mint_session_id,
)
from streamlit_redis_session.codec import Column, Encoded, FixedColumn, Part, Piece
from streamlit_redis_session.errors import (
    ChunkNotFoundError,
    CorruptDataError,
    LimitExceededError,
)
from streamlit_redis_session.objects import ChunkId, SessionKey

COPY_ON_WRITE = int(pd.__version__.partition(".")[0]) >= 3
KEYS = Keys.derive("a secret", namespace="srs")
ROWS = 1000
ALICE, BOB = SessionKey("a" * 32), SessionKey("b" * 32)


@pytest.fixture
def chunker() -> Chunker:
    return Chunker(KEYS, rows_per_chunk=ROWS)


def flights(rows: int = 2500) -> pd.DataFrame:
    numbers = np.arange(rows)
    return pd.DataFrame(
        {"delay": numbers % 97, "hours": numbers / 7, "carrier": [f"C{n % 7}" for n in numbers]}
    )


def planned(chunker: Chunker, value: object, known: Mapping[Hashable, StoredPart]) -> Plan:
    return chunker.plan(codec.encode(value, path="df", known=known))


def names(plan: Plan) -> set[ChunkId]:
    """All chunks of a value, also those that a plan need not look at."""
    return set(plan.manifest.chunk_ids())


def sealed(chunker: Chunker, plan: Plan) -> dict[ChunkId, bytes | None]:
    return {name: chunker.seal_chunk(name, chunk) for name, chunk in plan.chunks.items()}


def read_back(chunker: Chunker, plan: Plan) -> object:
    """Everything that another process does: parse, open, assemble, decode."""
    manifest = Manifest.from_bytes(plan.manifest.to_bytes())
    columns = columns_of(chunker, manifest, sealed(chunker, plan))
    return codec.decode(manifest.description, columns)


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_comes_back_identical_and_has_the_same_name_then(
    chunker: Chunker, name: str
) -> None:
    """What was read and is committed unchanged must not be stored a second time."""
    value = SHAPES[name]()
    plan = planned(chunker, value, {})

    back = read_back(chunker, plan)

    assert_identical(back, value)
    assert planned(chunker, back, {}).manifest_id == plan.manifest_id


@dataclass(frozen=True, eq=False)
class WatchedColumn:
    """A column that remembers whether its elements were read."""

    name: str
    inner: FixedColumn
    reads: list[str] = field(default_factory=list)

    @property
    def rows(self) -> int:
        return self.inner.rows

    @property
    def nbytes(self) -> int:
        return self.inner.nbytes

    def spec(self) -> dict[str, Any]:
        return self.inner.spec()

    def token(self) -> Hashable | None:
        return self.name

    def piece(self, start: int, stop: int) -> Piece:
        self.reads.append(self.name)
        return self.inner.piece(start, stop)


def part(column: Column, token: Hashable | None, known: Plan | None = None) -> Part:
    """A part of one column."""

    def make(writer: Any) -> int:
        ordinal: int = writer.add(column)
        return ordinal

    known_as = known.by_token.get(token) if known else None
    return Part(token, None, make, known_as=known_as)


def test_parts_whose_memory_is_known_are_not_read_and_plan_no_chunk(chunker: Chunker) -> None:
    reads: list[str] = []
    columns = {
        name: WatchedColumn(name, FixedColumn(np.arange(5000.0) + ord(name)), reads)
        for name in "abc"
    }
    first = chunker.plan(Encoded(tuple(part(columns[name], name) for name in "ab")))
    reads.clear()

    second = chunker.plan(Encoded(tuple(part(columns[name], name, first) for name in "acb")))

    assert set(reads) == {"c"}
    assert second.kept == {0, 2}
    assert len(second.chunks) == 5
    assert names(second) == names(first) | set(second.chunks)
    assert set(second.by_token) == {"a", "b", "c"}


def test_parts_without_a_token_are_read_each_time(chunker: Chunker) -> None:
    reads: list[str] = []
    column = WatchedColumn("a", FixedColumn(np.arange(5000.0)), reads)
    first = chunker.plan(Encoded((part(column, None),)))
    reads.clear()

    again = chunker.plan(Encoded((part(column, None, first),)))

    assert reads
    assert again.manifest_id == first.manifest_id
    assert not again.kept


@pytest.mark.skipif(not COPY_ON_WRITE, reason="no memory is known before pandas 3")
def test_what_the_store_has_lost_of_a_kept_part_can_be_cut_again(chunker: Chunker) -> None:
    frame = flights()
    before = planned(chunker, frame, {})
    after = planned(chunker, frame.rename(columns={"delay": "late"}), before.by_token)
    pieces = {
        name: chunker.seal_chunk(name, chunk)
        for number in after.kept
        for name, chunk in chunker.cut_again(
            after.manifest.parts[number], after.parts[number]
        ).items()
    }

    assert pieces == sealed(chunker, before)
    assert not after.chunks


@pytest.mark.skipif(not COPY_ON_WRITE, reason="no memory is known before pandas 3")
@pytest.mark.parametrize("name", ["rename", "drop", "insert", "reorder", "attrs"])
def test_a_change_of_labels_or_order_keeps_the_part_of_every_array(
    chunker: Chunker, name: str
) -> None:
    frame = flights()
    frame["age"] = pd.Series(range(len(frame)), dtype="Int64").mask(frame.delay > 50)
    edits = {
        "rename": lambda: frame.rename(columns={"age": "years"}),
        "drop": lambda: frame.drop(columns="hours"),
        "insert": lambda: frame.assign(new=frame["delay"] / 3),
        "reorder": lambda: frame[["age", "hours", "carrier", "delay"]],
        "attrs": lambda: frame.copy(deep=False),
    }
    before = planned(chunker, frame, {})
    after = edits[name]()
    after.attrs = {"source": name}

    plan = planned(chunker, after, before.by_token)

    arrays = {part for number, part in enumerate(before.manifest.parts) if 1 <= number <= 4}
    assert len(arrays & {plan.manifest.parts[n] for n in plan.kept}) == 4 - (name == "drop")
    assert len(plan.chunks) == 3 * (name == "insert")
    assert plan.manifest_id == planned(chunker, after.copy(), {}).manifest_id
    assert_identical(read_back(chunker, planned(chunker, after, {})), after)


@pytest.mark.parametrize("row", [0, 999, 1000, 2499])
@pytest.mark.parametrize("column", ["delay", "hours", "carrier"])
def test_one_changed_cell_renames_exactly_one_chunk(
    chunker: Chunker, row: int, column: str
) -> None:
    frame = flights()
    before = planned(chunker, frame, {})
    edited = frame.copy()
    edited.loc[row, column] = "C9" if column == "carrier" else 12345

    after = planned(chunker, edited, before.by_token)

    assert len(names(after) - names(before)) == 1
    assert len(names(before) - names(after)) == 1


def test_a_plan_from_known_memory_is_the_plan_from_scratch(chunker: Chunker) -> None:
    frame = flights()
    before = planned(chunker, frame, {})
    edited = frame.copy(deep=False)
    edited["delay"] = edited["delay"] * 2

    quick = planned(chunker, edited, dict(before.by_token))

    assert quick.manifest_id == planned(chunker, edited.copy(), {}).manifest_id


def test_a_new_column_leaves_the_chunks_of_the_others_alone(chunker: Chunker) -> None:
    frame = flights()
    before, after = (planned(chunker, f, {}) for f in (frame, frame.assign(x=frame.delay * 3)))

    assert set(before.chunks) < set(after.chunks)
    assert len(after.chunks) == len(before.chunks) + 3


def test_equal_columns_are_stored_once(chunker: Chunker) -> None:
    frame = flights()
    twice = frame.assign(again=frame["hours"].copy())

    assert set(planned(chunker, twice, {}).chunks) == set(planned(chunker, frame, {}).chunks)


def test_a_small_column_stands_in_the_manifest_itself(chunker: Chunker) -> None:
    plan = planned(chunker, flights(rows=10), {})

    assert not plan.chunks
    assert all(column.inline is not None for column in plan.manifest.columns)
    assert_identical(read_back(chunker, plan), flights(rows=10))


@pytest.mark.parametrize("rows", [0, 1, ROWS - 1, ROWS, ROWS + 1, 2 * ROWS])
def test_frames_of_every_awkward_length_come_back(chunker: Chunker, rows: int) -> None:
    plan = planned(chunker, flights(rows=rows), {})

    assert_identical(read_back(chunker, plan), flights(rows=rows))


def test_a_missing_chunk_is_named(chunker: Chunker) -> None:
    plan = planned(chunker, flights(), {})
    pieces = sealed(chunker, plan)
    lost = list(pieces)[1]
    pieces[lost] = None

    with pytest.raises(ChunkNotFoundError) as caught:
        columns_of(chunker, plan.manifest, pieces)

    assert caught.value.chunk_ids == (lost,)


def test_two_chunks_that_changed_places_are_found(chunker: Chunker) -> None:
    plan = planned(chunker, flights(), {})
    pieces = sealed(chunker, plan)
    first, second = list(pieces)[:2]
    pieces[first], pieces[second] = pieces[second], pieces[first]

    with pytest.raises(CorruptDataError):
        columns_of(chunker, plan.manifest, pieces)


def test_no_value_opens_beyond_its_limit(chunker: Chunker) -> None:
    plan = planned(chunker, flights(), {})

    with pytest.raises(LimitExceededError):
        columns_of(chunker, plan.manifest, sealed(chunker, plan), most_bytes=100)


def test_a_record_opens_in_its_role_session_and_name_alone(chunker: Chunker) -> None:
    record = chunker.seal_record("version", ALICE, "v1", b"content")

    assert chunker.open_record("version", ALICE, "v1", record) == b"content"
    for role, session, name in [
        ("manifest", ALICE, "v1"),
        ("version", BOB, "v1"),
        ("version", ALICE, "v2"),
    ]:
        with pytest.raises(CorruptDataError):
            chunker.open_record(role, session, name, record)


@pytest.mark.parametrize(
    "other", [("another", "srs"), (None, "srs"), ("a secret", "other"), ("a secrets", "rs")]
)
def test_another_secret_or_namespace_changes_every_name(other: tuple[str | None, str]) -> None:
    theirs = Keys.derive(other[0], namespace=other[1])
    here, there = Chunker(KEYS), Chunker(theirs)
    ours, foreign = planned(here, flights(), {}), planned(there, flights(), {})

    assert not set(ours.chunks) & set(foreign.chunks)
    assert ours.manifest_id != foreign.manifest_id
    assert KEYS.session_key("id") != theirs.session_key("id")
    with pytest.raises(CorruptDataError):
        columns_of(there, ours.manifest, sealed(here, ours))


def test_the_keys_of_one_secret_have_nothing_in_common() -> None:
    assert len({KEYS.session, KEYS.chunk, KEYS.record}) == 3
    assert KEYS.has_secret
    assert not Keys.derive(None, namespace="srs").has_secret
    assert digest(KEYS.chunk, b"x") != digest(KEYS.record, b"x")
    assert digest(KEYS.chunk, b"ab", b"c") == digest(KEYS.chunk, b"abc")


def test_session_ids_are_long_random_and_fit_for_a_url() -> None:
    ids = {mint_session_id() for _ in range(100)}

    assert len(ids) == 100
    assert all(len(i) == 43 and i.replace("-", "").replace("_", "").isalnum() for i in ids)
