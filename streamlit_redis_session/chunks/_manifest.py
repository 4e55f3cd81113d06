"""How one value is put together from chunks: the manifest and its bytes."""

from __future__ import annotations

import base64
import binascii
import json
import struct
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from streamlit_redis_session.chunks._keys import DIGEST_BYTES
from streamlit_redis_session.codec.columns import ColumnSpec
from streamlit_redis_session.errors import CorruptDataError
from streamlit_redis_session.objects import JSON, ChunkId

_JSON_LENGTH = struct.Struct("<I")
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rows of a base, stored already, a column consists of."""

    form: str
    """How the positions are written, see ``_selection.pack``."""
    positions: StoredColumn
    base_rows: int
    base_nbytes: int
    affine: tuple[int, int] | None = None
    """Start and step of a base that counts (a range index) and needs no chunks."""


@dataclass(frozen=True, slots=True)
class Patch:
    """Elements that stand in the place of some of a column's, such as edited cells."""

    form: str
    """How the positions are written, see ``_patch.pack_rows``."""
    positions: StoredColumn
    values: StoredColumn
    """One element for each position, in the same order."""


@dataclass(frozen=True, slots=True)
class StoredColumn:
    """One column of a manifest: its spec and where its pieces are."""

    spec: ColumnSpec
    nbytes: int
    """Bytes of all pieces together, uncompressed."""
    chunk_ids: tuple[ChunkId, ...] = ()
    inline: bytes | None = None
    """The only piece, where it is too small for a chunk of its own."""
    selection: Selection | None = None
    """Where there is one, the pieces are the base's."""
    patch: Patch | None = None
    """Applied after the selection: its positions are those of the column itself."""

    @property
    def key(self) -> Hashable:
        """Equal for equal content."""
        return self.chunk_ids, self.inline, str(self.spec)

    def sides(self) -> Iterator[StoredColumn]:
        """Give the side columns that this one needs beside its pieces."""
        if self.selection is not None:
            yield self.selection.positions
        if self.patch is not None:
            yield self.patch.positions
            yield self.patch.values

    @property
    def pieces_spec(self) -> ColumnSpec:
        """The spec of what the pieces make: of the base where this is a selection."""
        if self.selection is None:
            return self.spec
        return {**self.spec, "rows": self.selection.base_rows}

    @property
    def pieces_nbytes(self) -> int:
        """Bytes of the pieces, uncompressed."""
        return self.nbytes if self.selection is None else self.selection.base_nbytes


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

    @property
    def pieces_nbytes(self) -> int:
        """Bytes that have to be read for it, uncompressed."""
        return sum(column.pieces_nbytes for column in self.all_columns())

    @property
    def is_derived(self) -> bool:
        """Whether other manifests may stand for the same content."""
        return any(c.selection is not None or c.patch is not None for c in self.columns)

    def side_columns(self) -> list[StoredColumn]:
        """List what selections and patches are written in, each once."""
        found: dict[Hashable, StoredColumn] = {}
        for column in self.columns:
            for side in column.sides():
                found.setdefault(side.key, side)
        return list(found.values())

    def all_columns(self) -> list[StoredColumn]:
        """List the value's columns, then the side columns."""
        return [*self.columns, *self.side_columns()]

    def chunk_ids(self) -> list[ChunkId]:
        """List each chunk once, in order of first use."""
        return list(dict.fromkeys(c for column in self.all_columns() for c in column.chunk_ids))

    def to_bytes(self) -> bytes:
        """Write a JSON head and the raw digests behind it; the same value, the same bytes."""
        columns = self.all_columns()
        places = {c.key: len(self.columns) + n for n, c in enumerate(self.side_columns())}
        head = {
            "format": _FORMAT,
            "description": self.description,
            "rows_per_chunk": self.rows_per_chunk,
            "value_columns": len(self.columns),
            "columns": [_column_to_json(column, places) for column in columns],
        }
        text = json.dumps(head, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
        digests = bytes.fromhex("".join(c for column in columns for c in column.chunk_ids))
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
            description = head["description"]
            rows_per_chunk = _natural(head["rows_per_chunk"], least=1)
            columns, at = _columns_from_json(head["columns"], data, 4 + length, rows_per_chunk)
            count = _natural(head["value_columns"])
            chosen = _resolve_sides(head["columns"], columns, count)
        except (ValueError, KeyError, TypeError, struct.error, RecursionError) as error:
            raise CorruptDataError("a manifest", f"it does not parse ({error})") from error
        if at != len(data):
            raise CorruptDataError("a manifest", "bytes are left over")
        return cls(description, rows_per_chunk, tuple(chosen))


def piece_ranges(rows: int, rows_per_chunk: int) -> list[tuple[int, int]]:
    """Cut ``rows`` into ranges; a column without rows has none."""
    return [(at, min(at + rows_per_chunk, rows)) for at in range(0, rows, rows_per_chunk)]


def _column_to_json(column: StoredColumn, places: Mapping[Hashable, int]) -> JSON:
    entry: dict[str, JSON] = {"spec": column.spec, "nbytes": column.nbytes}
    if column.inline is not None:
        entry["inline"] = base64.b64encode(column.inline).decode()
    selection = column.selection
    if selection is not None:
        entry["selection"] = {
            "form": selection.form,
            "positions": places[selection.positions.key],
            "base_rows": selection.base_rows,
            "base_nbytes": selection.base_nbytes,
        }
        if selection.affine is not None:
            entry["selection"]["affine"] = list(selection.affine)
    if column.patch is not None:
        entry["patch"] = {
            "form": column.patch.form,
            "positions": places[column.patch.positions.key],
            "values": places[column.patch.values.key],
        }
    return entry


def _columns_from_json(
    entries: JSON, data: bytes, at: int, rows_per_chunk: int
) -> tuple[list[StoredColumn], int]:
    """Read the columns in order, their selections not yet among them."""
    columns = []
    for entry in entries:
        column, at = _column_from_json(entry, data, at, rows_per_chunk)
        columns.append(column)
    return columns, at


def _column_from_json(
    entry: JSON, data: bytes, at: int, rows_per_chunk: int
) -> tuple[StoredColumn, int]:
    spec, nbytes = _checked_spec(entry["spec"]), _natural(entry["nbytes"])
    _check_nbytes(spec, nbytes)
    rows = spec["rows"]
    if "selection" in entry:
        rows = _natural(entry["selection"]["base_rows"])
        _check_nbytes({**spec, "rows": rows}, _natural(entry["selection"]["base_nbytes"]))
        if "affine" in entry["selection"]:
            return StoredColumn(spec, nbytes), at
    if "inline" in entry:
        try:
            inline = base64.b64decode(entry["inline"], validate=True)
        except binascii.Error as error:
            raise CorruptDataError("a manifest", "inline bytes are not base64") from error
        return StoredColumn(spec, nbytes, (), inline), at
    count = -(-rows // rows_per_chunk)  # a list of ranges could be endless
    end = at + count * DIGEST_BYTES
    if end > len(data):
        raise CorruptDataError("a manifest", "digests are missing")
    ids = (data[i : i + DIGEST_BYTES].hex() for i in range(at, end, DIGEST_BYTES))
    return StoredColumn(spec, nbytes, tuple(ChunkId(i) for i in ids)), end


def _check_nbytes(spec: ColumnSpec, nbytes: int) -> None:
    if spec["kind"] == "fixed" and nbytes != spec["rows"] * np.dtype(spec["dtype"]).itemsize:
        raise CorruptDataError("a manifest", "a column's bytes and rows do not agree")


def _resolve_sides(entries: JSON, columns: list[StoredColumn], count: int) -> list[StoredColumn]:
    """Give the value's columns, each with the side columns that its entry names."""
    is_derived = any("selection" in entry or "patch" in entry for entry in entries[count:])
    if count > len(columns) or is_derived:
        raise CorruptDataError("a manifest", "its columns and side columns do not agree")

    def side(place: JSON) -> StoredColumn:
        ordinal = _natural(place, least=count)
        if ordinal >= len(columns):
            raise CorruptDataError("a manifest", "a side column is missing")
        return columns[ordinal]

    return [
        replace(
            column,
            selection=_selection_from_json(entry.get("selection"), side),
            patch=_patch_from_json(entry.get("patch"), side),
        )
        for entry, column in zip(entries[:count], columns, strict=False)
    ]


def _selection_from_json(entry: JSON, side: Callable[[JSON], StoredColumn]) -> Selection | None:
    if entry is None:
        return None
    affine = entry.get("affine")
    return Selection(
        form=str(entry["form"]),
        positions=side(entry["positions"]),
        base_rows=_natural(entry["base_rows"]),
        base_nbytes=_natural(entry["base_nbytes"]),
        affine=None if affine is None else (_whole(affine[0]), _whole(affine[1])),
    )


def _patch_from_json(entry: JSON, side: Callable[[JSON], StoredColumn]) -> Patch | None:
    if entry is None:
        return None
    return Patch(str(entry["form"]), side(entry["positions"]), side(entry["values"]))


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


def _whole(number: JSON) -> int:
    if type(number) is not int or not -(2**53) < number < 2**53:
        raise CorruptDataError("a manifest", f"{number!r} is not a whole number")
    return number
