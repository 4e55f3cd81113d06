"""How one value is put together from chunks: the manifest and its bytes."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from streamlit_redis_session.chunks._parts import SidePart, StoredPart, natural, to_json
from streamlit_redis_session.chunks._stored import StoredColumn
from streamlit_redis_session.codec import join_descriptions
from streamlit_redis_session.errors import CorruptDataError
from streamlit_redis_session.objects import JSON, ChunkId

_HEAD = struct.Struct("<I")
_FORMAT = 1
_WHAT = "a manifest"
_MISFITS = (
    ArithmeticError,
    LookupError,
    RecursionError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
)
"""What Python and NumPy raise when they are given what makes no sense."""


@dataclass(frozen=True)
class Manifest:
    """An exact description of a value, and the columns that hold its data, part by part."""

    rows_per_chunk: int
    parts: tuple[StoredPart, ...]
    """The root first; it refers to the others by their number."""

    @cached_property
    def description(self) -> JSON:
        """The descriptions of all parts as one: what ``codec.decode`` takes."""
        return join_descriptions([(part.description, len(part.columns)) for part in self.parts])

    @cached_property
    def columns(self) -> tuple[StoredColumn, ...]:
        """The value's columns, those of all parts one behind the other."""
        return tuple(column for part in self.parts for column in part.columns)

    @property
    def nbytes(self) -> int:
        """Bytes of the value's columns, uncompressed."""
        return sum(part.nbytes for part in self.parts)

    @property
    def pieces_nbytes(self) -> int:
        """Bytes that have to be read for it, uncompressed."""
        return sum(column.pieces_nbytes for column in self.all_columns())

    @property
    def is_derived(self) -> bool:
        """Whether other manifests may stand for the same content."""
        return any(part.is_derived for part in self.parts)

    @cached_property
    def _sides(self) -> dict[str, SidePart]:
        return {name: side for part in self.parts for name, side in part.sides.items()}

    def side_columns(self) -> list[StoredColumn]:
        """List what selections and patches are written in, each once."""
        return [side.column for side in self._sides.values()]

    def all_columns(self) -> list[StoredColumn]:
        """List the value's columns, then the side columns."""
        return [*self.columns, *self.side_columns()]

    def chunk_ids(self) -> list[ChunkId]:
        """List each chunk once, in order of first use."""
        return list(dict.fromkeys(c for part in self.parts for c in part.chunk_ids))

    def to_bytes(self) -> bytes:
        """Write a JSON head and the bytes of all parts; the same value, the same bytes."""
        return self._data

    @cached_property
    def _data(self) -> bytes:
        parts = [part.data for part in self.parts]
        sides = [side.part.data for side in self._sides.values()]
        head = {
            "format": _FORMAT,
            "parts": list(map(len, parts)),
            "rows_per_chunk": self.rows_per_chunk,
            "sides": list(map(len, sides)),
        }
        text = to_json(head).encode()
        return b"".join((_HEAD.pack(len(text)), text, *parts, *sides))

    @classmethod
    def from_bytes(cls, data: bytes) -> Manifest:
        """Read what :meth:`to_bytes` wrote; the caller has checked its digest.

        Raises
        ------
        CorruptDataError
            The bytes are not a manifest, or counts in it do not agree.
        """
        try:
            return cls._parsed(data)
        except _MISFITS as error:
            raise CorruptDataError(_WHAT, f"it does not parse ({error})") from error

    @classmethod
    def _parsed(cls, data: bytes) -> Manifest:
        (length,) = _HEAD.unpack_from(data)
        head = json.loads(data[_HEAD.size : _HEAD.size + length])
        if head["format"] != _FORMAT:
            raise CorruptDataError(_WHAT, f"unknown format {head['format']!r}")
        rows_per_chunk = natural(head["rows_per_chunk"], least=1)
        counts = _lengths(head["parts"]), _lengths(head["sides"])
        pieces = _cut(data, _HEAD.size + length, [*counts[0], *counts[1]])
        parts, sides = pieces[: len(counts[0])], pieces[len(counts[0]) :]
        named = {s.name: s for s in (SidePart.from_bytes(d, rows_per_chunk) for d in sides)}
        manifest = cls(
            rows_per_chunk, tuple(StoredPart.from_bytes(d, rows_per_chunk, named) for d in parts)
        )
        # each in its place, so that the same value has the same bytes
        if not parts or list(manifest._sides) != list(named) or len(named) != len(sides):
            raise CorruptDataError(_WHAT, "its parts and side columns do not agree")
        return manifest


def _lengths(numbers: JSON) -> list[int]:
    if type(numbers) is not list:
        raise CorruptDataError(_WHAT, "its parts are not counted")
    return [natural(number) for number in numbers]


def _cut(data: bytes, at: int, lengths: Sequence[int]) -> list[bytes]:
    if at + sum(lengths) != len(data):
        raise CorruptDataError(_WHAT, "bytes are missing or left over")
    pieces = []
    for length in lengths:
        pieces.append(data[at : at + length])
        at += length
    return pieces
