"""Sealed bytes: a header, a tag bound to role and name, and the compressed payload.

Layout (``docs/format.md``)::

    0  2  magic "SR"
    2  1  format version, 1
    3  1  compression: 0 none, 1 zstd, 2 byte-shuffle then zstd, 3 LZ4 block
    4  1  element width for the byte shuffle, otherwise 0
    5  3  zero
    8  8  length of the content, little-endian
    16 16 tag: keyed BLAKE3 of role, name, header and payload
    32    payload
"""

from __future__ import annotations

import hmac
import struct

import numpy as np
import pyarrow as pa
from blake3 import blake3

from streamlit_redis_session.errors import CorruptDataError, LimitExceededError

MAGIC = b"SR"
FORMAT_VERSION = 1
HEADER_BYTES = 32
TAG_BYTES = 16

_HEAD = struct.Struct("<2sBBB3sQ")
_NONE, _ZSTD, _SHUFFLE_ZSTD, _LZ4 = range(4)
_SAMPLE_BYTES = 16 * 1024
_TOO_SMALL_BYTES = 64
_WORTH = 0.9
"""A compression is used when it saves at least a tenth."""
_WORTH_SHUFFLE = 0.85
"""The byte shuffle takes as long as decompressing: it has to save more for it."""

_CODECS = {_ZSTD: "zstd", _SHUFFLE_ZSTD: "zstd", _LZ4: "lz4_raw"}


def seal(content: bytes | memoryview, *, key: bytes, role: str, name: str, width: int = 1) -> bytes:
    """Compress and tag content.

    Parameters
    ----------
    content
        What :func:`unseal` gives back.
    key
        Of ``Keys.record`` or ``Keys.chunk``.
    role, name
        What the bytes are and for whom; they open under the same role and name alone.
    width
        Bytes of one element, a hint for the choice of compression.
    """
    method = _choose_compression(content, width)
    payload = _compress(content, method, width)
    shuffle_width = width if method == _SHUFFLE_ZSTD else 0
    head = _HEAD.pack(MAGIC, FORMAT_VERSION, method, shuffle_width, b"\0\0\0", len(content))
    return b"".join((head, _tag(key, role, name, head, payload), payload))


def unseal(sealed: bytes, *, key: bytes, role: str, name: str, most_bytes: int, what: str) -> bytes:
    """Check the tag, then the size, and only then decompress.

    Raises
    ------
    CorruptDataError
        The bytes were changed, truncated, or sealed for another role, name or secret.
    LimitExceededError
        The content would be larger than ``most_bytes``; nothing was allocated.
    """
    if len(sealed) < HEADER_BYTES or sealed[:2] != MAGIC:
        raise CorruptDataError(what, "it is too short or has another header")
    head, tag, payload = sealed[:16], sealed[16:HEADER_BYTES], memoryview(sealed)[HEADER_BYTES:]
    _, version, method, width, _, length = _HEAD.unpack(head)
    if version != FORMAT_VERSION:
        raise CorruptDataError(what, f"it has format {version}; this release reads 1")
    if not hmac.compare_digest(tag, _tag(key, role, name, head, payload)):
        raise CorruptDataError(what, "its tag does not match (damage, or another secret)")
    if length > most_bytes:
        raise LimitExceededError(what, size=length, limit=most_bytes)
    return _decompress(payload, method, width, length, what)


def _tag(
    key: bytes, role: str, name: str, head: bytes | memoryview, payload: bytes | memoryview
) -> bytes:
    hasher = blake3(f"{role}\0{name}\0".encode(), key=key)
    hasher.update(head)
    hasher.update(payload)
    return hasher.digest(length=TAG_BYTES)


def _choose_compression(content: bytes | memoryview, width: int) -> int:
    """Try the candidates on a sample from the middle and keep the smallest."""
    if len(content) < _TOO_SMALL_BYTES:
        return _NONE
    middle = max(0, len(content) // 2 - _SAMPLE_BYTES // 2)
    middle -= middle % width
    sample = content[middle : middle + _SAMPLE_BYTES]
    sizes = {_NONE: int(len(sample) * _WORTH), _ZSTD: len(_compress(sample, _ZSTD, width))}
    if width > 1 and len(sample) % width == 0:
        shuffled = len(_compress(sample, _SHUFFLE_ZSTD, width))
        sizes[_SHUFFLE_ZSTD] = int(shuffled / _WORTH_SHUFFLE)
    if len(content) % width:
        sizes.pop(_SHUFFLE_ZSTD, None)
    return min(sizes, key=lambda method: sizes[method])


def _compress(content: bytes | memoryview, method: int, width: int) -> bytes | memoryview:
    if method == _NONE:
        return content
    if method == _SHUFFLE_ZSTD:
        content = np.frombuffer(content, np.uint8).reshape(-1, width).T.tobytes()
    codec = pa.Codec(_CODECS[method], compression_level=1 if method != _LZ4 else None)
    compressed: bytes = codec.compress(content, asbytes=True)
    return compressed


def _decompress(payload: memoryview, method: int, width: int, length: int, what: str) -> bytes:
    if method == _NONE:
        content = bytes(payload)
    elif method in _CODECS:
        try:
            content = pa.decompress(
                payload, decompressed_size=length, codec=_CODECS[method], asbytes=True
            )
        except (OSError, ValueError, pa.ArrowException) as error:
            raise CorruptDataError(what, f"it does not decompress ({error})") from error
    else:
        raise CorruptDataError(what, f"unknown compression {method}")
    if len(content) != length:
        raise CorruptDataError(what, "it has another length than its header says")
    if method == _SHUFFLE_ZSTD:
        if width == 0 or length % width:
            raise CorruptDataError(what, "its element width does not fit its length")
        content = np.frombuffer(content, np.uint8).reshape(width, -1).T.tobytes()
    return content
