"""A manifest is the same bytes for the same value, and nothing but a manifest parses as one."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamlit_redis_session.chunks import (
    Manifest,
    Patch,
    Selection,
    SidePart,
    StoredColumn,
    StoredPart,
)
from streamlit_redis_session.errors import CorruptDataError
from streamlit_redis_session.objects import ChunkId

IDS = tuple(ChunkId(f"{number:040x}") for number in (7, 8))
FIXED: dict[str, Any] = {"kind": "fixed", "dtype": "<i8", "rows": 150}
VAR: dict[str, Any] = {"kind": "var", "rows": 3}
WHOLE = StoredColumn(FIXED, 1200, IDS)
TEXTS = StoredColumn(VAR, 14, (), b"\1\0\0\0\1\0\0\0\0\0\0\0ab")
ROOT = StoredPart({"of": ["any", "JSON", None, 1]}, ())
MANIFEST = Manifest(
    100, (ROOT, StoredPart("numbers", (WHOLE, TEXTS)), StoredPart("texts", (TEXTS,)))
)


def side(rows: int, byte: int = 0) -> StoredColumn:
    """Something that selections and patches are written in."""
    return StoredColumn(
        {"kind": "fixed", "dtype": "|u1", "rows": rows}, rows, (), bytes([byte]) * rows
    )


MASK, EDITED, VALUES = side(25), side(2, 1), StoredColumn({**FIXED, "rows": 2}, 16, (), bytes(16))
CHOSEN = StoredColumn({**FIXED, "rows": 50}, 400, IDS, None, Selection("mask", MASK, 150, 1200))
PATCHED = StoredColumn(FIXED, 1200, IDS, patch=Patch("list", EDITED, VALUES))
BOTH = replace(CHOSEN, patch=Patch("list", EDITED, VALUES))
COUNTED = StoredColumn(
    {**FIXED, "rows": 50}, 400, selection=Selection("mask", MASK, 150, 1200, (-5, 3))
)
DERIVED = Manifest(
    100,
    (
        ROOT,
        StoredPart(1, (CHOSEN,)),
        StoredPart(2, (PATCHED, replace(CHOSEN, selection=Selection("mask", MASK, 25, 200, None),
                                        chunk_ids=IDS[:1]))),
        StoredPart(3, (BOTH, COUNTED, replace(TEXTS, patch=Patch("list", EDITED, TEXTS)))),
    ),
)  # fmt: skip


@pytest.mark.parametrize("manifest", [MANIFEST, DERIVED, Manifest(1, (ROOT,))])
def test_a_manifest_comes_back_equal(manifest: Manifest) -> None:
    again = Manifest.from_bytes(manifest.to_bytes())

    assert again == manifest
    assert again.columns == manifest.columns
    assert again.side_columns() == manifest.side_columns()
    assert again.description == manifest.description
    assert again.chunk_ids() == manifest.chunk_ids()
    assert again.is_derived == (manifest is DERIVED)
    assert Manifest(again.rows_per_chunk, copies(again)).to_bytes() == manifest.to_bytes()


def copies(manifest: Manifest) -> tuple[StoredPart, ...]:
    """Parts that have to be written anew."""
    return tuple(StoredPart(part.description, part.columns) for part in manifest.parts)


def test_a_manifest_counts_what_it_stands_for_and_what_has_to_be_read() -> None:
    assert MANIFEST.nbytes == 1200 + 14 + 14
    assert MANIFEST.chunk_ids() == list(IDS)
    assert len(MANIFEST.columns) == 3
    assert DERIVED.side_columns() == [MASK, EDITED, VALUES, TEXTS]
    assert DERIVED.pieces_nbytes == (1200 + 1200 + 200 + 1200 + 1200 + 14) + (25 + 2 + 16 + 14)


def test_the_bytes_of_a_part_are_the_same_in_every_manifest() -> None:
    alone = Manifest(100, (ROOT, DERIVED.parts[3]))

    assert alone.parts[1].data in alone.to_bytes()
    assert alone.parts[1].data in DERIVED.to_bytes()
    assert alone.side_columns() == [MASK, EDITED, VALUES, TEXTS]


def test_side_columns_stand_in_a_manifest_once() -> None:
    one = Manifest(100, (StoredPart(1, (CHOSEN,)),))
    two = Manifest(100, (StoredPart(1, (CHOSEN,)), StoredPart(1, (CHOSEN,))))

    part = one.parts[0].data
    assert len(two.to_bytes()) - len(one.to_bytes()) == len(part) + len(f",{len(part)}")


def test_equal_parts_are_equal_bytes_whatever_the_order_of_their_keys() -> None:
    other = {key: FIXED[key] for key in reversed(FIXED)}
    again = StoredPart("numbers", (StoredColumn(other, 1200, IDS), TEXTS))

    assert again.data == MANIFEST.parts[1].data
    assert again == MANIFEST.parts[1]


def test_a_digest_costs_twenty_bytes() -> None:
    one = StoredPart(None, (StoredColumn({**FIXED, "rows": 100}, 800, IDS[:1]),))
    two = StoredPart(None, (StoredColumn({**FIXED, "rows": 101}, 808, IDS),))

    assert len(two.data) - len(one.data) == 20


def packed(head: Any, *tail: bytes) -> bytes:
    """A JSON head with its length, and bytes behind it."""
    text = json.dumps(head).encode()
    return len(text).to_bytes(4, "little") + text + b"".join(tail)


def manifest_of(*parts: bytes, sides: tuple[bytes, ...] = (), **changes: Any) -> bytes:
    """A manifest of raw parts."""
    head = {"format": 1, "rows_per_chunk": 100, "parts": [len(p) for p in parts]}
    head |= {"sides": [len(s) for s in sides], **changes}
    return packed({k: v for k, v in head.items() if v != "absent"}, *parts, *sides)


SIDE = StoredPart(None, (MASK,)).data
SIDE_NAME = SidePart.of(MASK).name


def hostile(
    *, digests: bytes = bytes(20), sides: tuple[bytes, ...] = (), entry: Any = None, **changes: Any
) -> bytes:
    """A manifest of one column that says something it must not."""
    column = {"d": "<i8", "n": 10, **(entry or {})}
    part = packed({"c": [{k: v for k, v in column.items() if v != "absent"}], "d": None}, digests)
    return manifest_of(part, sides=sides, **changes)


def selected(**changes: Any) -> dict[str, Any]:
    return {"s": {"f": "mask", "n": 10, "p": SIDE_NAME, **changes}}


def test_the_patterns_of_the_hostile_ones_are_themselves_sound() -> None:
    assert len(Manifest.from_bytes(hostile()).columns) == 1
    assert len(Manifest.from_bytes(hostile(entry=selected(), sides=(SIDE,))).all_columns()) == 2
    assert len(Manifest.from_bytes(hostile(entry={"i": 80}, digests=bytes(80))).columns) == 1
    patched = hostile(entry={"p": ["list", SIDE_NAME, SIDE_NAME]}, sides=(SIDE,))
    assert len(Manifest.from_bytes(patched).all_columns()) == 2


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xff\xff\xff{}",
        (2).to_bytes(4, "little") + b"[]",
        manifest_of(),
        manifest_of(b""),
        manifest_of(b"\xff\xff\xff\xff{}"),
        manifest_of(packed([])),
        manifest_of(packed({"c": []})),
        manifest_of(packed({"d": None})),
        manifest_of(packed({"c": None, "d": None})),
        manifest_of(packed({"c": [None], "d": None})),
        manifest_of(packed({"c": [], "d": None}, b"x")),
        hostile(format=2),
        hostile(rows_per_chunk=0),
        hostile(rows_per_chunk=-1),
        hostile(rows_per_chunk=1.5),
        hostile(rows_per_chunk=True),
        manifest_of(ROOT.data, format="absent"),
        manifest_of(ROOT.data, rows_per_chunk="absent"),
        manifest_of(ROOT.data, parts="absent"),
        manifest_of(ROOT.data).replace(b'"sides"', b'"slide"'),
        manifest_of(ROOT.data)[:-1],
        hostile(parts=None),
        hostile(parts=[]),
        hostile(parts=[0]),
        hostile(parts=[2**53]),
        hostile(parts=[-1]),
        hostile(parts=[1, 1]),
        hostile(sides=(SIDE,)),
        hostile(sides=(SIDE, SIDE), entry=selected()),
        hostile(sides=(hostile(),), entry=selected()),
        hostile(sides=(packed({"c": [], "d": None}),), entry=selected()),
        hostile(digests=b""),
        hostile(digests=bytes(19)),
        hostile(digests=bytes(40)),
        hostile(entry={"b": 80}),
        hostile(entry={"d": "absent", "b": -1}),
        hostile(entry={"d": "absent", "b": 2**60}),
        hostile(entry={"d": "absent"}),
        hostile(entry={"i": 80}, digests=bytes(79)),
        hostile(entry={"i": 81}, digests=bytes(81)),
        hostile(entry={"i": 2**52, "n": 2**49}),
        hostile(entry={"d": "O"}),
        hostile(entry={"d": "i4,O"}),
        hostile(entry={"d": "no such"}),
        hostile(entry={"d": "("}),
        hostile(entry={"d": "(2"}),
        hostile(entry={"d": "V99999999999999999999"}),
        hostile(entry={"d": None}),
        hostile(entry={"n": "10"}),
        hostile(entry={"n": 2**53}),
        hostile(entry={"n": "absent"}),
        hostile(entry={"s": None}),
        hostile(entry=selected()),
        hostile(entry=selected(p="0" * 32), sides=(SIDE,)),
        hostile(entry=selected(p=0), sides=(SIDE,)),
        hostile(entry=selected(p=["x"]), sides=(SIDE,)),
        hostile(entry=selected(n=-1), sides=(SIDE,)),
        hostile(entry=selected(a=[1]), sides=(SIDE,), digests=b""),
        hostile(entry=selected(a=[1, 2**53]), sides=(SIDE,), digests=b""),
        hostile(entry=selected(a=[1, 1.5]), sides=(SIDE,), digests=b""),
        hostile(entry={"d": "absent", "b": 50, **selected()}, sides=(SIDE,)),
        hostile(entry={"p": None}, sides=(SIDE,)),
        hostile(entry={"p": ["list", SIDE_NAME]}, sides=(SIDE,)),
        hostile(entry={"p": ["list", SIDE_NAME, 1]}, sides=(SIDE,)),
        b"[" * 100_000,
        (100_000).to_bytes(4, "little") + b"[" * 100_000,
    ],
)
def test_what_is_no_manifest_is_refused(data: bytes) -> None:
    with pytest.raises(CorruptDataError):
        Manifest.from_bytes(data)


def test_a_claim_of_endless_rows_is_refused_without_counting_them() -> None:
    endless = hostile(entry={"d": "|u1", "n": 2**53 - 1}, rows_per_chunk=1)
    with pytest.raises(CorruptDataError, match="digests are missing"):
        Manifest.from_bytes(endless)


@pytest.mark.parametrize("manifest", [MANIFEST, DERIVED])
@settings(max_examples=300)
@given(data=st.data())
def test_a_damaged_manifest_parses_or_is_refused_but_never_breaks(
    manifest: Manifest, data: st.DataObject
) -> None:
    whole = bytearray(manifest.to_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(whole) - 1))
        whole[place] = data.draw(st.integers(0, 255))
    del whole[len(whole) - data.draw(st.sampled_from([0, 0, 0, 1, 20, 200])) :]
    with suppress(CorruptDataError):
        again = Manifest.from_bytes(bytes(whole))
        assert again.to_bytes()
        assert all(
            sum(map(len, (c.chunk_ids, c.inline or b""))) <= len(whole) for c in again.columns
        )
