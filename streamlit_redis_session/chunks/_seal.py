"""Sealed bytes: a header, a tag bound to role and name, and the compressed payload.

Layout (``docs/format.md``)::

    0  2  magic "SR"
    2  1  format version, 1
    3  1  compression: 0 none, 1 zstd, 2 a Blosc frame (LZ4 or zstd inside)
    4  4  zero
    8  8  length of the content, little-endian
    16 16 tag: keyed BLAKE3 of role, name, header and payload
    32    payload
"""

from __future__ import annotations

import hmac
import struct
from dataclasses import dataclass

from blake3 import blake3

from streamlit_redis_session.chunks._compression import (
    Bytes,
    Way,
    compress_best,
    compress_small,
    decompress,
    decompress_into,
)
from streamlit_redis_session.errors import CorruptDataError, LimitExceededError

MAGIC = b"SR"
FORMAT_VERSION = 1
HEADER_BYTES = 32
TAG_BYTES = 16

_HEAD = struct.Struct("<2sBB4sQ")


def seal(
    content: bytes | memoryview,
    *,
    key: bytes,
    role: str,
    name: str,
    width: int = 0,
    way: Way | None = None,
) -> bytes:
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
        Bytes of one element, a hint for the compression; 0 for elements of any length.
    way
        What was chosen for content like this; ``None``: choose.
    """
    method, payload = compress_best(content, width, way)
    return _sealed(content, method, payload, key=key, role=role, name=name)


def seal_record(content: bytes, *, key: bytes, role: str, name: str) -> bytes:
    """Compress a record for size alone, without trying what is best, and tag it."""
    method, payload = compress_small(content)
    return _sealed(content, method, payload, key=key, role=role, name=name)


def _sealed(
    content: bytes | memoryview,
    method: int,
    payload: bytes | memoryview,
    *,
    key: bytes,
    role: str,
    name: str,
) -> bytes:
    head = _HEAD.pack(MAGIC, FORMAT_VERSION, method, bytes(4), len(content))
    return b"".join((head, _tag(key, role, name, head, payload), payload))


@dataclass(frozen=True, slots=True)
class Sealed:
    """Sealed bytes whose tag was right; nothing is decompressed yet."""

    what: str
    """For messages."""
    method: int
    length: int
    """Of the content, as the header claims."""
    payload: memoryview

    def open_into(self, out: Bytes) -> None:
        """Decompress into memory of exactly ``length`` bytes.

        Raises
        ------
        CorruptDataError
            The payload does not make so many bytes.
        """
        decompress_into(out, self.payload, self.method, self.what)

    def open(self) -> bytes:
        """Give the content.

        Raises
        ------
        CorruptDataError
            The payload does not make so many bytes.
        """
        return decompress(self.payload, self.method, self.length, self.what)


def check(sealed: bytes, *, key: bytes, role: str, name: str, what: str) -> Sealed:
    """Check header and tag, without allocating anything.

    Raises
    ------
    CorruptDataError
        The bytes were changed, truncated, or sealed for another role, name or secret.
    """
    if len(sealed) < HEADER_BYTES or sealed[:2] != MAGIC:
        raise CorruptDataError(what, "it is too short or has another header")
    head, tag, payload = sealed[:16], sealed[16:HEADER_BYTES], memoryview(sealed)[HEADER_BYTES:]
    _, version, method, _, length = _HEAD.unpack(head)
    if version != FORMAT_VERSION:
        raise CorruptDataError(what, f"it has format {version}; this release reads 1")
    if not hmac.compare_digest(tag, _tag(key, role, name, head, payload)):
        raise CorruptDataError(what, "its tag does not match (damage, or another secret)")
    return Sealed(what, method, length, payload)


def unseal(sealed: bytes, *, key: bytes, role: str, name: str, most_bytes: int, what: str) -> bytes:
    """Check the tag, then the size, and only then decompress.

    Raises
    ------
    CorruptDataError
        The bytes were changed, truncated, or sealed for another role, name or secret.
    LimitExceededError
        The content would be larger than ``most_bytes``; nothing was allocated.
    """
    checked = check(sealed, key=key, role=role, name=name, what=what)
    if checked.length > most_bytes:
        raise LimitExceededError(what, size=checked.length, limit=most_bytes)
    return checked.open()


def _tag(
    key: bytes, role: str, name: str, head: bytes | memoryview, payload: bytes | memoryview
) -> bytes:
    hasher = blake3(f"{role}\0{name}\0".encode(), key=key)
    hasher.update(head)
    hasher.update(payload)
    return hasher.digest(length=TAG_BYTES)
