"""A manifest is the same bytes for the same value, and nothing but a manifest parses as one."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlit_redis_session.chunks import Manifest, StoredColumn
from streamlit_redis_session.errors import CorruptDataError
from streamlit_redis_session.objects import ChunkId

IDS = tuple(ChunkId(f"{number:040x}") for number in (7, 8))
FIXED: dict[str, Any] = {"kind": "fixed", "dtype": "<i8", "rows": 150}
VAR: dict[str, Any] = {"kind": "var", "rows": 3}
MANIFEST = Manifest(
    {"of": ["any", "JSON", None, 1]},
    100,
    (StoredColumn(FIXED, 1200, IDS), StoredColumn(VAR, 14, (), b"\1\0\0\0\1\0\0\0\0\0\0\0ab")),
)


def test_a_manifest_comes_back_equal() -> None:
    assert Manifest.from_bytes(MANIFEST.to_bytes()) == MANIFEST
    assert MANIFEST.nbytes == 1214
    assert MANIFEST.chunk_ids() == list(IDS)


def test_equal_manifests_are_equal_bytes_whatever_the_order_of_their_keys() -> None:
    other = {key: FIXED[key] for key in reversed(FIXED)}
    again = Manifest(MANIFEST.description, 100, (StoredColumn(other, 1200, IDS), *columns()[1:]))

    assert again.to_bytes() == MANIFEST.to_bytes()


def columns() -> tuple[StoredColumn, ...]:
    return MANIFEST.columns


def test_a_digest_costs_twenty_bytes() -> None:
    one = Manifest(None, 100, (StoredColumn({**FIXED, "rows": 100}, 800, IDS[:1]),))
    two = Manifest(None, 100, (StoredColumn({**FIXED, "rows": 101}, 808, IDS),))

    assert len(two.to_bytes()) - len(one.to_bytes()) == 20


def without(field: str) -> bytes:
    """A manifest that lacks something."""
    head: dict[str, Any] = {"format": 1, "description": None, "rows_per_chunk": 1}
    head |= {"value_columns": 0, "columns": []}
    del head[field]
    text = json.dumps(head).encode()
    return len(text).to_bytes(4, "little") + text


def hostile(**changes: Any) -> bytes:
    """A manifest of one column that says something it must not."""
    digests = changes.pop("digests", bytes(20))
    spec = {"kind": "fixed", "dtype": "<i8", "rows": 10, **changes.pop("spec", {})}
    entry = {"spec": spec, "nbytes": 80, **changes.pop("entry", {})}
    head = {"format": 1, "description": None, "rows_per_chunk": 100, "columns": [entry]}
    head |= {"value_columns": 1, **changes}
    text = json.dumps(head).encode()
    return len(text).to_bytes(4, "little") + text + bytes(digests)


def test_the_pattern_of_the_hostile_ones_is_itself_sound() -> None:
    assert len(Manifest.from_bytes(hostile()).columns) == 1


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xff\xff\xff{}",
        (2).to_bytes(4, "little") + b"[]",
        hostile(format=2),
        hostile(rows_per_chunk=0),
        hostile(rows_per_chunk=-1),
        hostile(rows_per_chunk=1.5),
        hostile(rows_per_chunk=True),
        *map(without, ["format", "description", "rows_per_chunk", "value_columns", "columns"]),
        hostile(value_columns=2),
        hostile(value_columns=-1),
        hostile(value_columns=0, entry={"selection": {"base_rows": 10, "base_nbytes": 80}}),
        hostile(columns=None),
        hostile(columns=[None]),
        hostile(digests=b""),
        hostile(digests=bytes(19)),
        hostile(digests=bytes(40)),
        hostile(entry={"nbytes": 79}),
        hostile(entry={"nbytes": -1}),
        hostile(entry={"nbytes": 2**60}),
        hostile(entry={"inline": "not base64!"}, digests=b""),
        hostile(entry={"inline": 5}, digests=b""),
        hostile(spec={"kind": "pickle"}),
        hostile(spec={"kind": ["var"]}),
        hostile(spec={"dtype": "O"}),
        hostile(spec={"dtype": "no such"}),
        hostile(spec={"dtype": None}),
        hostile(spec={"rows": "10"}),
        hostile(spec={"rows": 2**53}),
        hostile(entry={"selection": None}),
        hostile(entry={"selection": {"base_rows": 10, "base_nbytes": 80}}),
        hostile(entry={"selection": {"base_rows": 10, "base_nbytes": 79, "positions": 1}}),
        hostile(
            entry={"selection": {"base_rows": 10, "base_nbytes": 80, "positions": 1, "form": "x"}}
        ),
        hostile(
            entry={"selection": {"base_rows": 10, "base_nbytes": 80, "positions": 0, "form": "x"}}
        ),
        b"[" * 100_000,
        (100_000).to_bytes(4, "little") + b"[" * 100_000,
    ],
)
def test_what_is_no_manifest_is_refused(data: bytes) -> None:
    with pytest.raises(CorruptDataError):
        Manifest.from_bytes(data)


def test_a_claim_of_endless_rows_is_refused_without_counting_them() -> None:
    endless = hostile(spec={"kind": "var", "rows": 2**53 - 1}, rows_per_chunk=1)
    with pytest.raises(CorruptDataError, match="digests are missing"):
        Manifest.from_bytes(endless)


@given(st.data())
def test_a_damaged_manifest_parses_or_is_refused_but_never_breaks(data: st.DataObject) -> None:
    whole = bytearray(MANIFEST.to_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(whole) - 1))
        whole[place] = data.draw(st.integers(0, 255))
    with suppress(CorruptDataError):
        Manifest.from_bytes(bytes(whole))
