"""Sealed bytes open for whom they were sealed, whole, or not at all."""

from __future__ import annotations

import os

import numpy as np
import pytest
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

from streamlit_redis_session.chunks import _seal
from streamlit_redis_session.chunks._seal import HEADER_BYTES, seal, unseal
from streamlit_redis_session.errors import CorruptDataError, LimitExceededError

KEY = b"k" * 32
CONTENT = b"a small object, sealed"
MIB = 2**20


def opened(sealed: bytes, **other: object) -> bytes:
    how = {"key": KEY, "role": "chunk", "name": "n1", "most_bytes": MIB, "what": "it", **other}
    return unseal(sealed, **how)  # type: ignore[arg-type]


def sealed(content: bytes = CONTENT, width: int = 1) -> bytes:
    return seal(content, key=KEY, role="chunk", name="n1", width=width)


def sealed_by(method: int, content: bytes, width: int) -> bytes:
    """Seal with a compression of our choice, as another release might."""
    payload = bytes(_seal._compress(content, method, width))
    shuffle = width if method == _seal._SHUFFLE_ZSTD else 0
    return with_tag(_seal._HEAD.pack(b"SR", 1, method, shuffle, b"\0\0\0", len(content)), payload)


def with_tag(head: bytes, payload: bytes) -> bytes:
    return head + _seal._tag(KEY, "chunk", "n1", head, payload) + payload


def test_what_was_sealed_opens() -> None:
    assert opened(sealed()) == CONTENT
    assert opened(sealed(b"")) == b""


@pytest.mark.parametrize(
    "other", [{"key": b"K" * 32}, {"role": "manifest"}, {"name": "n2"}, {"name": ""}]
)
def test_nothing_opens_under_another_key_role_or_name(other: dict[str, object]) -> None:
    with pytest.raises(CorruptDataError, match="tag does not match"):
        opened(sealed(), **other)


@pytest.mark.parametrize("content", [CONTENT, bytes(200)], ids=["plain", "compressed"])
def test_every_single_changed_byte_is_found(content: bytes) -> None:
    whole = sealed(content)
    for place in range(len(whole)):
        for flip in (0x01, 0x80, 0xFF):
            damaged = bytearray(whole)
            damaged[place] ^= flip
            with pytest.raises(CorruptDataError):
                opened(bytes(damaged))


def test_every_truncation_and_every_extension_is_found() -> None:
    whole = sealed()
    for length in range(len(whole)):
        with pytest.raises(CorruptDataError):
            opened(whole[:length])
    with pytest.raises(CorruptDataError):
        opened(whole + b"\0")


def test_the_size_is_checked_before_anything_is_decompressed() -> None:
    """33 kB of zstd can claim to be a gigabyte."""
    bomb = sealed(bytes(64 * MIB))
    assert len(bomb) < 10_000

    with pytest.raises(LimitExceededError) as caught:
        opened(bomb, most_bytes=MIB)

    assert caught.value.size == 64 * MIB


def test_a_length_that_lies_is_found_even_with_a_right_tag() -> None:
    payload = bytes(_seal._compress(bytes(1000), _seal._ZSTD, 1))
    for claimed in (0, 999, 1001, 2**19):
        head = _seal._HEAD.pack(b"SR", 1, _seal._ZSTD, 0, b"\0\0\0", claimed)
        with pytest.raises(CorruptDataError):
            opened(with_tag(head, payload))


@pytest.mark.parametrize("width", [0, 3])
def test_an_element_width_that_does_not_fit_is_found(width: int) -> None:
    payload = bytes(_seal._compress(bytes(1000), _seal._ZSTD, 1))
    head = _seal._HEAD.pack(b"SR", 1, _seal._SHUFFLE_ZSTD, width, b"\0\0\0", 1000)
    with pytest.raises(CorruptDataError, match="width"):
        opened(with_tag(head, payload))


def test_an_unknown_format_or_compression_is_named() -> None:
    newer = _seal._HEAD.pack(b"SR", 2, 0, 0, b"\0\0\0", 3)
    with pytest.raises(CorruptDataError, match="format 2; this release reads 1"):
        opened(with_tag(newer, b"abc"))
    unknown = _seal._HEAD.pack(b"SR", 1, 9, 0, b"\0\0\0", 3)
    with pytest.raises(CorruptDataError, match="unknown compression 9"):
        opened(with_tag(unknown, b"abc"))


@pytest.mark.parametrize("method", range(4), ids=["none", "zstd", "shuffle+zstd", "lz4"])
@pytest.mark.parametrize("width", [1, 2, 4, 8, 16])
def test_every_compression_gives_back_what_went_in(method: int, width: int) -> None:
    for content in (bytes(160), np.arange(4096, dtype="<f8").tobytes(), os.urandom(1600)):
        assert opened(sealed_by(method, content, width)) == content


def test_a_compression_is_chosen_by_what_it_saves() -> None:
    random, constant = os.urandom(100_000), bytes(100_000)
    rising = np.arange(100_000, dtype="<i8").tobytes()

    assert len(sealed(random)) == HEADER_BYTES + len(random)
    assert len(sealed(constant)) < 1_000
    assert sealed(rising, width=8)[3] == _seal._SHUFFLE_ZSTD
    assert len(sealed(rising, width=8)) < len(sealed(rising)) / 2


@given(st.binary(max_size=3000), st.sampled_from([1, 2, 4, 8, 16]))
def test_any_content_comes_back(content: bytes, width: int) -> None:
    assert opened(sealed(content, width)) == content
    assert opened(sealed(content * 50, width)) == content * 50


@given(st.binary(max_size=200))
def test_no_foreign_bytes_ever_open(data: bytes) -> None:
    with pytest.raises(CorruptDataError):
        opened(data)
    with pytest.raises(CorruptDataError):
        opened(sealed()[:HEADER_BYTES] + data)


def test_the_tag_is_keyed_blake3_as_the_format_says() -> None:
    whole = sealed()
    expected = blake3(b"chunk\0n1\0" + whole[:16] + whole[32:], key=KEY).digest(length=16)
    assert whole[16:32] == expected
