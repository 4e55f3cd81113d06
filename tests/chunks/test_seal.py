"""Sealed bytes open for whom they were sealed, whole, or not at all."""

from __future__ import annotations

import os
import subprocess
import sys

import blosc
import numpy as np
import pytest
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

from streamlit_redis_session.chunks import _compression, _seal
from streamlit_redis_session.chunks._compression import (
    ANY,
    BITS,
    BYTES,
    DENSE_BITS,
    PLAIN,
    QUICK,
    Way,
)
from streamlit_redis_session.chunks._seal import HEADER_BYTES, seal, seal_record, unseal
from streamlit_redis_session.errors import CorruptDataError, LimitExceededError

KEY = b"k" * 32
CONTENT = b"a small object, sealed"
MIB = 2**20
WAYS = (ANY, QUICK, BITS, BYTES, DENSE_BITS)


def opened(sealed: bytes, **other: object) -> bytes:
    how = {"key": KEY, "role": "chunk", "name": "n1", "most_bytes": MIB, "what": "it", **other}
    return unseal(sealed, **how)  # type: ignore[arg-type]


def sealed(content: bytes = CONTENT, width: int = 0) -> bytes:
    return seal(content, key=KEY, role="chunk", name="n1", width=width)


def sealed_by(way: Way, content: bytes, width: int) -> bytes:
    """Seal with a compression of our choice, as another release might."""
    payload = bytes(_compression.compress(content, width, way))
    return with_tag(head(way.method, len(content)), payload)


def head(method: int, length: int, version: int = 1) -> bytes:
    return _seal._HEAD.pack(b"SR", version, method, bytes(4), length)


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


@pytest.mark.parametrize("way", WAYS)
def test_the_size_is_checked_before_anything_is_decompressed(way: Way) -> None:
    """A few kilobytes can claim to be a gigabyte."""
    bomb = sealed_by(way, bytes(64 * MIB), 8)
    assert len(bomb) < MIB

    with pytest.raises(LimitExceededError) as caught:
        opened(bomb, most_bytes=MIB)

    assert caught.value.size == 64 * MIB


@pytest.mark.parametrize("way", [PLAIN, *WAYS])
def test_a_length_that_lies_is_found_even_with_a_right_tag(way: Way) -> None:
    payload = bytes(_compression.compress(bytes(1000), 8, way))
    for claimed in (0, 1, 999, 1001, 2**19):
        with pytest.raises(CorruptDataError):
            opened(with_tag(head(way.method, claimed), payload))


def test_an_unknown_format_or_compression_is_named() -> None:
    with pytest.raises(CorruptDataError, match="format 2; this release reads 1"):
        opened(with_tag(head(0, 3, version=2), b"abc"))
    with pytest.raises(CorruptDataError, match="unknown compression 9"):
        opened(with_tag(head(9, 3), b"abc"))


@pytest.mark.parametrize("inside", ["blosclz", "zlib"])
def test_a_frame_of_another_compressor_is_refused(inside: str) -> None:
    """Only LZ4 and zstd have been attacked with damaged bytes often enough."""
    content = bytes(range(256)) * 40
    frame = blosc.compress(content, typesize=8, cname=inside)

    with pytest.raises(CorruptDataError, match="frame"):
        opened(with_tag(head(_compression.BLOSC, len(content)), frame))


@pytest.mark.parametrize(("at", "byte"), [(0, 1), (0, 3), (3, 0)])
def test_a_frame_of_another_version_or_without_a_width_is_refused(at: int, byte: int) -> None:
    frame = bytearray(blosc.compress(bytes(10_000), typesize=8, cname="lz4"))
    frame[at] = byte

    with pytest.raises(CorruptDataError, match="frame"):
        opened(with_tag(head(_compression.BLOSC, 10_000), bytes(frame)))


@pytest.mark.parametrize("way", [PLAIN, *WAYS])
def test_what_was_opened_is_let_go_of(way: Way) -> None:
    """Whoever opens a thousand chunks must not keep a thousand."""
    content = np.arange(4096, dtype="<i8").tobytes()
    whole = sealed_by(way, content, 8)
    before = sys.getrefcount(whole)

    assert opened(whole) == content

    assert sys.getrefcount(whole) == before


def test_blosc_is_loaded_without_its_tests() -> None:
    """They are nearly all of its import, which the first read of every process would pay."""
    code = (
        "import sys; from streamlit_redis_session.chunks import load_compression;"
        "load_compression(); assert 'blosc.test' not in sys.modules;"
        "import blosc; assert blosc.decompress(blosc.compress(b'abc' * 99)) == b'abc' * 99"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("way", [PLAIN, *WAYS])
@pytest.mark.parametrize("width", [0, 1, 2, 3, 4, 8, 16, 255, 256, 1000])
def test_every_compression_gives_back_what_went_in(way: Way, width: int) -> None:
    for content in (
        b"",
        b"x",
        bytes(160),
        np.arange(4096, dtype="<f8").tobytes(),
        os.urandom(1601),
        np.arange(200_001, dtype="<i4").tobytes(),
    ):
        if content or way.method == PLAIN.method:
            assert opened(sealed_by(way, content, width)) == content


def test_a_compression_is_chosen_by_what_it_saves_and_what_it_costs_to_open() -> None:
    random, constant = os.urandom(100_000), bytes(100_000)
    rising = np.arange(100_000, dtype="<i8").tobytes()
    words = b"customer ordered customer paid " * 5_000

    assert len(sealed(random)) == HEADER_BYTES + len(random)
    assert len(sealed(constant)) < 1_000
    assert sealed(rising, width=8)[3] == _compression.BLOSC
    assert len(sealed(rising, width=8)) < len(sealed(rising)) / 2
    assert len(sealed(words)) < len(words) / 20


def test_what_compresses_a_sample_only_is_kept_as_it_is() -> None:
    """The choice is made for a whole column; a chunk that is unlike the others never grows."""
    random = os.urandom(100_000)
    for way in WAYS:
        whole = seal(random, key=KEY, role="chunk", name="n1", width=8, way=way)
        assert len(whole) <= HEADER_BYTES + len(random)
        assert opened(whole) == random


def test_a_record_is_made_as_small_as_it_gets() -> None:
    for content in (b"", b"{}", b'{"columns": []}' * 400, os.urandom(9_000)):
        whole = seal_record(content, key=KEY, role="chunk", name="n1")
        assert opened(whole) == content
        assert len(whole) <= HEADER_BYTES + len(content)


@given(st.binary(max_size=3000), st.sampled_from([0, 1, 2, 4, 8, 16]))
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
