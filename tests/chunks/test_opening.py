"""Chunks are opened after all their checks, and a manifest's claims cost no memory."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from streamlit_redis_session import codec
from streamlit_redis_session.chunks import Chunker, Keys, Manifest, Plan, StoredColumn
from streamlit_redis_session.chunks._seal import seal
from streamlit_redis_session.codec import FixedColumn
from streamlit_redis_session.errors import CorruptDataError, LimitExceededError
from streamlit_redis_session.objects import ChunkId

KEYS = Keys.derive(None, namespace="srs")
ROWS = 1000


@pytest.fixture
def chunker() -> Chunker:
    return Chunker(KEYS, rows_per_chunk=ROWS)


def planned(chunker: Chunker, value: object) -> Plan:
    return chunker.plan(codec.encode(value, path="value"), {})


def sealed(chunker: Chunker, plan: Plan) -> dict[ChunkId, bytes | None]:
    return {name: chunker.seal_chunk(name, chunk) for name, chunk in plan.chunks.items()}


def large_column(plan: Plan) -> StoredColumn:
    return next(column for column in plan.manifest.columns if column.chunk_ids)


@pytest.mark.parametrize("claimed", [10**9, 10**12, 2**52])
@pytest.mark.parametrize("kind", ["numbers", "texts"])
def test_a_manifest_that_claims_endless_rows_allocates_nothing(
    chunker: Chunker, kind: str, claimed: int
) -> None:
    values = np.arange(5000.0) if kind == "numbers" else np.char.mod("text %d", np.arange(5000))
    plan = planned(chunker, pd.Series(values))
    pieces, column = sealed(chunker, plan), large_column(plan)
    spec = {**column.spec, "rows": claimed}
    rows_per_chunk = -(-claimed // len(column.chunk_ids))
    boast = replace(column, spec=spec, nbytes=8 * claimed)
    tracemalloc.start()
    try:
        with pytest.raises((CorruptDataError, LimitExceededError)):
            chunker.build(boast, rows_per_chunk, pieces, most_bytes=2**60)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_a_chunk_that_claims_more_than_its_column_is_refused_before_it_is_opened(
    chunker: Chunker,
) -> None:
    """Its tag is right: without a secret anybody can make one."""
    plan = planned(chunker, pd.Series(np.arange(5000.0)))
    pieces, column = sealed(chunker, plan), large_column(plan)
    bomb = seal(bytes(2**24), key=KEYS.chunk, role="chunk", name=column.chunk_ids[1], width=8)

    with pytest.raises(LimitExceededError):
        chunker.build(column, ROWS, {**pieces, column.chunk_ids[1]: bomb}, most_bytes=2**40)


def test_a_content_under_a_foreign_name_is_found_when_a_store_is_verified(
    chunker: Chunker,
) -> None:
    """A reader trusts the tag; who verifies also compares content and name."""
    plan = planned(chunker, pd.Series(np.arange(5000.0)))
    pieces = sealed(chunker, plan)
    for name, data in pieces.items():
        assert data is not None
        chunker.check_chunk(name, data, most_bytes=2**20)
        with pytest.raises(LimitExceededError):
            chunker.check_chunk(name, data, most_bytes=100)
        with pytest.raises(CorruptDataError, match="tag"):
            chunker.check_chunk(name, data[:-1] + bytes([data[-1] ^ 1]), most_bytes=2**20)
    name = next(iter(pieces))
    forged = seal(b"other content" * 100, key=KEYS.chunk, role="chunk", name=name)
    with pytest.raises(CorruptDataError, match="another digest than its name"):
        chunker.check_chunk(name, forged, most_bytes=2**20)


def test_one_way_is_chosen_for_all_chunks_of_a_column(chunker: Chunker) -> None:
    values = np.concatenate([np.zeros(ROWS * 3), np.random.default_rng(1).random(ROWS * 60)])
    plan = Chunker(KEYS, rows_per_chunk=ROWS * 9).plan(
        codec.Encoded.of(None, (FixedColumn(values),)), {}
    )
    chunks = list(plan.chunks.items())
    way = chunker.choose_way(chunks[0][1])

    made = {name: chunker.seal_chunk(name, chunk, way=way) for name, chunk in chunks}

    manifest = Manifest.from_bytes(plan.manifest.to_bytes())
    (column,) = manifest.columns
    back = chunker.build(column, ROWS * 9, dict(made), most_bytes=2**30)
    assert isinstance(back, FixedColumn)
    assert back.values.tobytes() == values.tobytes()


def test_a_mask_of_many_rows_is_compressed_even_when_that_saves_little(chunker: Chunker) -> None:
    """A filter of a million rows is stored as little else."""
    mask = np.packbits(np.random.default_rng(1).random(1_000_000) < 0.6)
    plan = Chunker(KEYS).plan(codec.Encoded.of(None, (FixedColumn(mask),)), {})

    made = {n: chunker.seal_chunk(n, c, way=chunker.choose_way(c)) for n, c in plan.chunks.items()}

    assert sum(map(len, made.values())) < 0.985 * len(mask)
