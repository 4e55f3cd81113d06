"""How one value is put together from chunks: the manifest and its bytes."""

from __future__ import annotations

import base64
import binascii
import json
import struct
from dataclasses import dataclass

import numpy as np

from streamlit_redis_session.chunks._keys import DIGEST_BYTES
from streamlit_redis_session.codec.columns import ColumnSpec
from streamlit_redis_session.errors import CorruptDataError
from streamlit_redis_session.objects import JSON, ChunkId

_JSON_LENGTH = struct.Struct("<I")
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class StoredColumn:
    """One column of a manifest: its spec and where its pieces are."""

    spec: ColumnSpec
    nbytes: int
    """Bytes of all pieces together, uncompressed."""
    chunk_ids: tuple[ChunkId, ...] = ()
    inline: bytes | None = None
    """The only piece, where it is too small for a chunk of its own."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """An exact description of a value, and the columns that hold its data."""

    description: JSON
    rows_per_chunk: int
    columns: tuple[StoredColumn, ...]

    @property
    def nbytes(self) -> int:
        """Bytes of the value's columns, uncompressed."""
        return sum(column.nbytes for column in self.columns)

    def chunk_ids(self) -> list[ChunkId]:
        """List each chunk once, in order of first use."""
        return list(dict.fromkeys(c for column in self.columns for c in column.chunk_ids))

    def to_bytes(self) -> bytes:
        """Write a JSON head and the raw digests behind it; the same value, the same bytes."""
        head = {
            "format": _FORMAT,
            "description": self.description,
            "rows_per_chunk": self.rows_per_chunk,
            "columns": [_column_to_json(column) for column in self.columns],
        }
        text = json.dumps(head, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
        digests = bytes.fromhex("".join(c for column in self.columns for c in column.chunk_ids))
        return b"".join((_JSON_LENGTH.pack(len(text)), text, digests))

    @classmethod
    def from_bytes(cls, data: bytes) -> Manifest:
        """Read what :meth:`to_bytes` wrote; the caller has checked its digest.

        Raises
        ------
        CorruptDataError
            The bytes are not a manifest, or counts in it do not agree.
        """
        try:
            (length,) = _JSON_LENGTH.unpack_from(data)
            head = json.loads(data[4 : 4 + length])
            if head["format"] != _FORMAT:
                raise CorruptDataError("a manifest", f"unknown format {head['format']!r}")
            rows_per_chunk = _natural(head["rows_per_chunk"], least=1)
            columns, at = [], 4 + length
            for entry in head["columns"]:
                column, at = _column_from_json(entry, data, at, rows_per_chunk)
                columns.append(column)
        except (ValueError, KeyError, TypeError, struct.error, RecursionError) as error:
            raise CorruptDataError("a manifest", f"it does not parse ({error})") from error
        if at != len(data):
            raise CorruptDataError("a manifest", "bytes are left over")
        return cls(head["description"], rows_per_chunk, tuple(columns))


def piece_ranges(rows: int, rows_per_chunk: int) -> list[tuple[int, int]]:
    """Cut ``rows`` into ranges; a column without rows has none."""
    return [(at, min(at + rows_per_chunk, rows)) for at in range(0, rows, rows_per_chunk)]


def _column_to_json(column: StoredColumn) -> JSON:
    entry: dict[str, JSON] = {"spec": column.spec, "nbytes": column.nbytes}
    if column.inline is not None:
        entry["inline"] = base64.b64encode(column.inline).decode()
    return entry


def _column_from_json(
    entry: JSON, data: bytes, at: int, rows_per_chunk: int
) -> tuple[StoredColumn, int]:
    spec, nbytes = _checked_spec(entry["spec"]), _natural(entry["nbytes"])
    if spec["kind"] == "fixed" and nbytes != spec["rows"] * np.dtype(spec["dtype"]).itemsize:
        raise CorruptDataError("a manifest", "a column's bytes and rows do not agree")
    if "inline" in entry:
        try:
            inline = base64.b64decode(entry["inline"], validate=True)
        except binascii.Error as error:
            raise CorruptDataError("a manifest", "inline bytes are not base64") from error
        return StoredColumn(spec, nbytes, (), inline), at
    count = -(-spec["rows"] // rows_per_chunk)  # a list of ranges could be endless
    end = at + count * DIGEST_BYTES
    if end > len(data):
        raise CorruptDataError("a manifest", "digests are missing")
    ids = (data[i : i + DIGEST_BYTES].hex() for i in range(at, end, DIGEST_BYTES))
    return StoredColumn(spec, nbytes, tuple(ChunkId(i) for i in ids)), end


def _checked_spec(spec: JSON) -> ColumnSpec:
    if spec["kind"] not in ("fixed", "var"):
        raise CorruptDataError("a manifest", f"unknown column kind {spec['kind']!r}")
    checked: ColumnSpec = {"kind": spec["kind"], "rows": _natural(spec["rows"])}
    if spec["kind"] == "fixed":
        if np.dtype(str(spec["dtype"])).hasobject:
            raise CorruptDataError("a manifest", "a column of Python objects")
        checked["dtype"] = str(spec["dtype"])
    return checked


def _natural(number: JSON, least: int = 0) -> int:
    if type(number) is not int or not least <= number < 2**53:
        raise CorruptDataError("a manifest", f"{number!r} is not a count")
    return number
