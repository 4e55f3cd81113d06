"""Versions and refs as bytes, and back."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.graphs import START, manifest, vid

from streamlit_redis_session.errors import CorruptDataError
from streamlit_redis_session.history._records import (
    head_from_bytes,
    head_to_bytes,
    parents_in,
    version_content,
    version_from_record,
    version_to_record,
)
from streamlit_redis_session.objects import Change, Head, RefName, Version, VersionId

CHANGE = Change(
    "df", "changed", 10, 8, 3, 4, ("a",), ("b",), ("c",), ("d", "e"), cells_changed=None
)
VERSION = Version(
    id=vid("c"),
    parents=(vid("b"), vid("a")),
    message='df: -2 rows "quoted" \u2028 ü \ud800',
    created_at=START,
    author="tool server",
    changes=(CHANGE, Change("x", "removed"), Change("y", "added", rows_after=3)),
    annotation="a note",
    values={"df": manifest(1), "ключ": manifest(2)},
    settings=manifest(3),
)


def test_a_version_comes_back_equal() -> None:
    content = version_content(VERSION, "nonce")
    for note in ("a note", "", 'two\nlines "quoted" \u2028 \ud800'):
        back, same_content, nonce = version_from_record(
            VERSION.id, version_to_record(content, note)
        )

        assert back == replace(VERSION, annotation=note)
        assert (same_content, nonce) == (content, "nonce")


@pytest.mark.parametrize("note", ["", "a note"])
@pytest.mark.parametrize("now", [(), (vid("x"),), (vid("x"), vid("y"))])
def test_parents_that_came_later_stand_beside_the_content(
    note: str, now: tuple[VersionId, ...]
) -> None:
    content = version_content(VERSION, "nonce")

    back, same_content, _ = version_from_record(VERSION.id, version_to_record(content, note, now))

    assert back == replace(VERSION, annotation=note, parents=now)
    assert same_content == content
    assert parents_in(content) == VERSION.parents


@pytest.mark.parametrize("line", [b"null", b"[1]", b"[", b"7"])
def test_later_parents_that_make_no_sense_are_damage(line: bytes) -> None:
    content = version_content(VERSION, "nonce")
    with pytest.raises(CorruptDataError):
        version_from_record(VERSION.id, content + b'\n""\n' + line)


def test_the_content_that_names_a_version_leaves_its_annotation_out() -> None:
    assert b"a note" not in version_content(VERSION, "nonce")


def test_another_nonce_is_another_content() -> None:
    """Two equal edits of two tabs are two versions."""
    assert version_content(VERSION, "1") != version_content(VERSION, "2")


CONTENT = json.loads(version_content(VERSION, "n"))
FORMAT, PARENTS, MESSAGE, AUTHOR, CREATED, CHANGES, VALUES, SETTINGS, NONCE = range(9)


def but(place: int, value: object) -> str:
    """Write the content with something else at one place."""
    return json.dumps([*CONTENT[:place], value, *CONTENT[place + 1 :]])


@pytest.mark.parametrize(
    "content",
    [
        "not JSON",
        "[]",
        "{}",
        "[" * 100_000,
        json.dumps(CONTENT[:-1]),
        json.dumps([*CONTENT, 1]),
        but(FORMAT, 2),
        but(PARENTS, [5]),
        but(PARENTS, None),
        but(MESSAGE, None),
        but(AUTHOR, ["x"]),
        but(CREATED, "yesterday"),
        but(CREATED, None),
        but(CREATED, 1e308),
        but(CREATED, -(10**30)),
        but(CHANGES, [["k"]]),
        but(CHANGES, [["k", *range(12)]]),
        but(CHANGES, [{"key": "k"}]),
        but(CHANGES, [5]),
        but(VALUES, []),
        but(VALUES, {"df": 5}),
        but(SETTINGS, 5),
        but(NONCE, None),
    ],
)
def test_a_record_that_is_none_is_refused(content: str) -> None:
    record = content.encode() + b"\n"
    with pytest.raises(CorruptDataError, match=r"version 63636363"):
        version_from_record(vid("c"), record)


WHOLE = version_content(VERSION, "n")


@pytest.mark.parametrize(
    "record", [b"", b"[]", b"\xff", b"5\n", WHOLE + b"\n5", WHOLE + b"\nnot JSON", b"\n" + WHOLE]
)
def test_bytes_that_are_no_record_are_refused(record: bytes) -> None:
    with pytest.raises(CorruptDataError):
        version_from_record(vid("c"), record)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Zs", "Cc"]), min_size=1))
def test_a_head_comes_back_equal(branch: str) -> None:
    for version in (None, VersionId("0" * 40)):
        head = Head(RefName(branch), version)
        assert head_from_bytes(head_to_bytes(head)) == head


def test_a_ref_that_is_not_text_is_named_as_damage() -> None:
    with pytest.raises(CorruptDataError, match="a ref"):
        head_from_bytes(b"\xff\xfe main")
