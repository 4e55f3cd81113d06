"""Ways to compress content, and which of them a column gets.

A column is weighed by what it costs to keep, to send and to open again. zstd makes texts small,
LZ4 opens several times faster, and numbers compress best after their bits were sorted by place
(bitshuffle), which Blosc does at memory speed.
"""

from __future__ import annotations

import struct
import sys
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from streamlit_redis_session.errors import CorruptDataError

Bytes = npt.NDArray[np.uint8]
Content = bytes | memoryview

NONE, ZSTD, BLOSC = range(3)
"""How a payload is written, as its header says."""

_BLOSC_VERSION = 2
_BLOSC_HEAD = struct.Struct("<BBBBIII")
_BLOSC_INSIDE = {1, 4}
"""LZ4 and zstd, as the upper three bits of a Blosc frame's flags say."""
_BLOSC_MOST_BYTES = 2**31 - 1 - 16
_BLOSC_MOST_WIDTH = 255

_SAMPLE_BYTES = 16 * 1024
_SAMPLES = 3
MOST_SMALL_BYTES = 16 * 1024
"""So little is compressed for size alone."""
_TOO_SMALL_BYTES = 64

_COST_OF_BYTES = 2.5
"""Milliseconds that a megabyte is worth: some of it to send and check, the rest to keep."""


_COST_OF_SMALL_BYTES = 10 * _COST_OF_BYTES
_WHOLE_IS_ROUNDED_UP = 1.1
"""A whole range takes a power of two of bytes; with a header, Redis keeps it in the next class."""
_COST_OF_REPEATING = 0.2
"""Milliseconds to open a megabyte of text by zstd, for each time that it was made smaller."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to compress."""

    method: int
    cost: float
    """Milliseconds to open a megabyte of content, as measured on columns of a million rows."""
    inside: str = ""
    """What compresses inside of a Blosc frame."""
    filter: str = ""
    """What a Blosc frame does to the elements first."""


PLAIN = Way(NONE, 0.05)
TEXT = Way(ZSTD, 1.4)
ANY = Way(ZSTD, 1.1)
QUICK = Way(BLOSC, 0.35, "lz4", "NOSHUFFLE")
BITS = Way(BLOSC, 0.3, "lz4", "BITSHUFFLE")
BYTES = Way(BLOSC, 0.2, "lz4", "SHUFFLE")
DENSE_BITS = Way(BLOSC, 0.55, "zstd", "BITSHUFFLE")

_OF_TEXTS = (PLAIN, TEXT, QUICK)
_OF_NUMBERS = (PLAIN, ANY, QUICK, BITS, BYTES, DENSE_BITS)


def choose(content: Content, width: int, *, is_small: bool = False) -> Way:
    """Choose for content like this; a few samples of it are tried.

    Parameters
    ----------
    width
        Bytes of one element; 0 for elements of any length.
    is_small
        Whether all of it opens in no time anyway, so that its size counts most.
    """
    sample = _sample(content, width)
    ways = _OF_NUMBERS if width else _OF_TEXTS
    to_keep = _COST_OF_SMALL_BYTES if is_small else _COST_OF_BYTES
    return min(ways, key=lambda way: _cost(sample, width, way, to_keep))


def _cost(sample: Content, width: int, way: Way, to_keep: float) -> float:
    size: float = len(compress(sample, width, way))
    if way is PLAIN:
        size *= _WHOLE_IS_ROUNDED_UP
    to_open = way.cost
    if way is TEXT and size:
        # zstd takes its time for each repetition that it found, LZ4 hardly any
        to_open = min(to_open, _COST_OF_REPEATING * len(sample) / size)
    return to_keep * size + to_open * len(sample)


def _sample(content: Content, width: int) -> Content:
    """Take a quarter from three places, but no more than pays."""
    unit = 8 * max(1, width)  # bits are sorted by place eight elements at a time
    size = min(len(content) // (4 * _SAMPLES), _SAMPLE_BYTES) // unit * unit
    step = (len(content) - size) // (_SAMPLES - 1) // unit * unit
    return b"".join(content[at * step : at * step + size] for at in range(_SAMPLES))


def compress_small(content: Content, width: int = 0) -> tuple[int, Content]:
    """Compress what opens in no time anyway: the smallest counts; give its method too."""
    if len(content) < _TOO_SMALL_BYTES:
        return NONE, content
    ways = (ANY, DENSE_BITS) if width > 1 else (ANY,)
    tried = [(way.method, compress(content, width, way)) for way in ways]
    method, payload = min(tried, key=lambda each: len(each[1]))
    return (method, payload) if len(payload) < len(content) else (NONE, content)


def compress_best(content: Content, width: int, way: Way | None) -> tuple[int, Content]:
    """Compress, and give the method; ``way`` is what was chosen for content like this."""
    if len(content) <= MOST_SMALL_BYTES:
        return compress_small(content, width)
    way = way or choose(content, width)
    payload = compress(content, width, way)
    return (way.method, payload) if len(payload) < len(content) else (NONE, content)


def compress(content: Content, width: int, way: Way) -> Content:
    """Compress in one way. What is too large for it is left as it is."""
    if way.method == NONE or not len(content):
        return content
    if way.method == ZSTD:
        codec = pa.Codec("zstd", compression_level=1)
        compressed: bytes = codec.compress(content, asbytes=True)
        return compressed
    if len(content) > _BLOSC_MOST_BYTES:
        return content
    blosc = _blosc()
    typesize = width if 0 < width <= _BLOSC_MOST_WIDTH else 1
    level = 1 if way.inside == "zstd" else 5
    filtered = getattr(blosc, f"BLOSC_{way.filter}")
    framed: bytes = blosc.compress(content, typesize, level, filtered, way.inside)
    return framed


def decompress_into(out: Bytes, payload: memoryview, method: int, what: str) -> None:
    """Fill ``out``, whose length the header claims, with the content.

    Raises
    ------
    CorruptDataError
        The payload does not make exactly so many bytes.
    """
    if method == NONE:
        _fill(out, payload, what)
    elif method == ZSTD:
        _fill(out, _unzstd(payload, len(out), what), what)
    elif method == BLOSC:
        _unblosc(out, payload, what)
    else:
        raise CorruptDataError(what, f"unknown compression {method}")


def decompress(payload: memoryview, method: int, length: int, what: str) -> bytes:
    """Give the content, of exactly ``length`` bytes as the header claims.

    Raises
    ------
    CorruptDataError
        The payload does not make so many bytes.
    """
    if method == ZSTD and length:  # most records: what zstd has made is not copied
        content: bytes = _unzstd(payload, length, what, asbytes=True)
        if len(content) != length:
            raise CorruptDataError(what, "it has another length than its header says")
        return content
    out = np.empty(length, np.uint8)
    decompress_into(out, payload, method, what)
    return out.tobytes()


def _fill(out: Bytes, content: Any, what: str) -> None:
    whole = np.frombuffer(content, np.uint8) if len(content) else np.empty(0, np.uint8)
    if len(whole) != len(out):
        raise CorruptDataError(what, "it has another length than its header says")
    np.copyto(out, whole)


def _unzstd(payload: memoryview, length: int, what: str, *, asbytes: bool = False) -> Any:
    try:
        return pa.decompress(payload, decompressed_size=length, codec="zstd", asbytes=asbytes)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise CorruptDataError(what, f"it does not decompress ({error})") from error


def _unblosc(out: Bytes, payload: memoryview, what: str) -> None:
    """Open a Blosc frame, which writes as many bytes as its own header says: check that first."""
    if len(payload) < _BLOSC_HEAD.size or not len(out):
        raise CorruptDataError(what, "it is too short for its compression")
    # not cbuffer_validate, which never lets go of what it was given
    version, _, flags, typesize, length, block, whole = _BLOSC_HEAD.unpack_from(payload)
    if length != len(out) or whole != len(payload):
        raise CorruptDataError(what, "its two headers do not agree")
    if (version, flags >> 5 in _BLOSC_INSIDE) != (_BLOSC_VERSION, True) or not typesize * block:
        raise CorruptDataError(what, "it is no frame that this release writes")
    blosc = _blosc()
    try:
        blosc.decompress_ptr(payload, out.ctypes.data)
    except blosc.error as error:
        raise CorruptDataError(what, f"it does not decompress ({error})") from error


def load_compression() -> None:
    """Import what the first chunk needs, ahead of it."""
    _blosc()


@cache
def _blosc() -> ModuleType:
    """Import Blosc when it is needed, without threads of its own and without the lock."""
    blosc = _extension()
    blosc.init()
    blosc.set_nthreads(1)
    blosc.set_releasegil(True)
    return blosc


def _extension() -> ModuleType:
    """Import what is compiled of Blosc: the rest of it takes ten times as long, by its tests."""
    package = find_spec("blosc")
    places = package.submodule_search_locations if package else None
    spec = PathFinder.find_spec("blosc_extension", places)
    if "blosc" in sys.modules or spec is None or spec.loader is None:
        return import_module("blosc.blosc_extension")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
