"""Stored parts: a piece of a description with its columns, and the bytes that stand for it.

The bytes say everything but where the chunks are, so equal parts of different values, and of
different sessions, are equal bytes. A manifest is parts, one behind the other.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from blake3 import blake3

from streamlit_redis_session.chunks._keys import DIGEST_BYTES
from streamlit_redis_session.chunks._stored import Patch, Selection, StoredColumn
from streamlit_redis_session.codec.columns import ColumnSpec
from streamlit_redis_session.errors import CorruptDataError
from streamlit_redis_session.objects import JSON, ChunkId

_LENGTH = struct.Struct("<I")
_NAME_BYTES = 16
_WHAT = "a manifest"
_MOST_COUNT = 2**53

to_json = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False).encode
"""Writes equal trees as equal text."""


@dataclass(frozen=True, eq=False)
class StoredPart:
    """A part of a value: its description, and columns that it counts from 0."""

    description: JSON
    columns: tuple[StoredColumn, ...]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StoredPart) and self.data == other.data

    def __hash__(self) -> int:
        return hash(self.data)

    @cached_property
    def data(self) -> bytes:
        """A JSON head, and behind it the inline bytes and digests of each column in turn."""
        columns = [_column_to_json(column) for column in self.columns]
        text = to_json({"c": columns, "d": self.description}).encode()
        return b"".join((_LENGTH.pack(len(text)), text, *map(_tail, self.columns)))

    @cached_property
    def sides(self) -> Mapping[str, SidePart]:
        """What its selections and patches are written in, by name."""
        sides = (SidePart.of(side) for column in self.columns for side in column.sides())
        return {side.name: side for side in sides}

    @cached_property
    def nbytes(self) -> int:
        """Bytes of its columns, uncompressed."""
        return sum(column.nbytes for column in self.columns)

    @cached_property
    def is_derived(self) -> bool:
        """Whether other parts may stand for the same content."""
        return any(c.selection is not None or c.patch is not None for c in self.columns)

    def is_described_as(self, other: StoredPart) -> bool:
        """Compare descriptions exactly: true is not 1."""
        return to_json(self.description) == to_json(other.description)

    def all_columns(self) -> Iterator[StoredColumn]:
        """Give its columns, then its side columns."""
        yield from self.columns
        for side in self.sides.values():
            yield side.column

    @cached_property
    def chunk_ids(self) -> tuple[ChunkId, ...]:
        """Each chunk once, in order of first use."""
        return tuple(dict.fromkeys(c for column in self.all_columns() for c in column.chunk_ids))

    @classmethod
    def from_bytes(
        cls, data: bytes, rows_per_chunk: int, sides: Mapping[str, SidePart]
    ) -> StoredPart:
        """Read what :attr:`data` has written; errors of every kind mean that it is damaged."""
        (length,) = _LENGTH.unpack_from(data)
        if length > len(data) - _LENGTH.size:
            raise CorruptDataError(_WHAT, "the head of a part is cut off")
        at = _LENGTH.size + length
        head = json.loads(data[_LENGTH.size : at])
        columns = []
        for entry in head["c"]:
            column, at = _column_from_json(entry, data, at, rows_per_chunk, sides)
            columns.append(column)
        if at != len(data):
            raise CorruptDataError(_WHAT, "bytes are left over")
        part = cls(head["d"], tuple(columns))
        part.__dict__["data"] = data  # what was read need not be written to be known
        return part


@dataclass(frozen=True)
class SidePart:
    """A side column, by the name under which parts refer to it."""

    name: str
    part: StoredPart

    @property
    def column(self) -> StoredColumn:
        """The side column."""
        return self.part.columns[0]

    @classmethod
    def of(cls, column: StoredColumn) -> SidePart:
        """Name a side column by its content: the same one in every manifest."""
        known: SidePart | None = column.__dict__.get("_side_part")
        if known is None:
            part = StoredPart(None, (column,))
            known = cls(_name_of(part.data), part)
            column.__dict__["_side_part"] = known  # all columns of a selection ask for it
        return known

    @classmethod
    def from_bytes(cls, data: bytes, rows_per_chunk: int) -> SidePart:
        """Read the bytes of a side column; it has none itself."""
        part = StoredPart.from_bytes(data, rows_per_chunk, {})
        if part.description is not None or len(part.columns) != 1:
            raise CorruptDataError(_WHAT, "a side column is something else")
        return cls(_name_of(data), part)


def piece_ranges(rows: int, rows_per_chunk: int) -> list[tuple[int, int]]:
    """Cut ``rows`` into ranges; a column without rows has none."""
    return [(at, min(at + rows_per_chunk, rows)) for at in range(0, rows, rows_per_chunk)]


def natural(number: JSON, least: int = 0) -> int:
    """Read a count of things."""
    if type(number) is not int or not least <= number < _MOST_COUNT:
        raise CorruptDataError(_WHAT, f"{number!r} is not a count")
    return number


def _name_of(data: bytes) -> str:
    return blake3(data).hexdigest(length=_NAME_BYTES)


# --- writing ---------------------------------------------------------------------------------


def _column_to_json(column: StoredColumn) -> JSON:
    spec = column.spec
    entry: dict[str, JSON] = {"n": spec["rows"]}
    if spec["kind"] == "fixed":
        entry["d"] = spec["dtype"]
    else:
        entry["b"] = column.nbytes
    if column.inline is not None:
        entry["i"] = len(column.inline)
    if column.selection is not None:
        entry["s"] = _selection_to_json(column.selection, spec["kind"])
    if column.patch is not None:
        patch = column.patch
        entry["p"] = [patch.form, _side_name(patch.positions), _side_name(patch.values)]
    return entry


def _selection_to_json(selection: Selection, kind: str) -> JSON:
    entry: dict[str, JSON] = {
        "f": selection.form,
        "n": selection.base_rows,
        "p": _side_name(selection.positions),
    }
    if kind != "fixed":
        entry["b"] = selection.base_nbytes
    if selection.affine is not None:
        entry["a"] = list(selection.affine)
    return entry


def _side_name(column: StoredColumn) -> str:
    return SidePart.of(column).name


def _tail(column: StoredColumn) -> bytes:
    return column.inline if column.inline is not None else bytes.fromhex("".join(column.chunk_ids))


# --- reading ---------------------------------------------------------------------------------


def _column_from_json(
    entry: JSON, data: bytes, at: int, rows_per_chunk: int, sides: Mapping[str, SidePart]
) -> tuple[StoredColumn, int]:
    spec, nbytes = _sized_spec(entry)
    selection = _selection_from_json(entry["s"], spec, sides) if "s" in entry else None
    patch = _patch_from_json(entry["p"], sides) if "p" in entry else None
    rows, length = spec["rows"], nbytes
    if selection is not None:
        rows, length = selection.base_rows, selection.base_nbytes
    if selection is not None and selection.affine is not None:
        return StoredColumn(spec, nbytes, selection=selection, patch=patch), at
    if entry.get("i") is not None:
        if spec["kind"] == "fixed" and natural(entry["i"]) != length:
            raise CorruptDataError(_WHAT, "inline bytes and rows do not agree")
        end = _end(data, at, natural(entry["i"]), "inline bytes")
        return StoredColumn(spec, nbytes, (), data[at:end], selection, patch), end
    count = -(-rows // rows_per_chunk)  # a list of ranges could be endless
    end = _end(data, at, count * DIGEST_BYTES, "digests")
    text = data[at:end].hex()
    ids = tuple(ChunkId(text[i : i + 40]) for i in range(0, len(text), 2 * DIGEST_BYTES))
    return StoredColumn(spec, nbytes, ids, None, selection, patch), end


def _end(data: bytes, at: int, length: int, what: str) -> int:
    if at + length > len(data):
        raise CorruptDataError(_WHAT, f"{what} are missing")
    return at + length


def _sized_spec(entry: JSON) -> tuple[ColumnSpec, int]:
    rows = natural(entry["n"])
    if "d" not in entry:
        return {"kind": "var", "rows": rows}, natural(entry["b"])
    if type(entry["d"]) is not str or "b" in entry:
        raise CorruptDataError(_WHAT, f"{entry['d']!r:.40} is no dtype")
    dtype = np.dtype(entry["d"])
    if dtype.hasobject:
        raise CorruptDataError(_WHAT, "a column of Python objects")
    spec: ColumnSpec = {"kind": "fixed", "dtype": entry["d"], "rows": rows}
    return spec, natural(rows * dtype.itemsize)


def _selection_from_json(entry: JSON, spec: ColumnSpec, sides: Mapping[str, SidePart]) -> Selection:
    rows = natural(entry["n"])
    is_fixed = spec["kind"] == "fixed"
    nbytes = rows * np.dtype(spec["dtype"]).itemsize if is_fixed else entry["b"]
    affine = entry.get("a")
    return Selection(
        form=str(entry["f"]),
        positions=_side(entry["p"], sides),
        base_rows=rows,
        base_nbytes=natural(nbytes),
        affine=None if affine is None else (_whole(affine[0]), _whole(affine[1])),
    )


def _patch_from_json(entry: JSON, sides: Mapping[str, SidePart]) -> Patch:
    form, positions, values = entry
    return Patch(str(form), _side(positions, sides), _side(values, sides))


def _side(name: JSON, sides: Mapping[str, SidePart]) -> StoredColumn:
    if type(name) is not str or name not in sides:
        raise CorruptDataError(_WHAT, "a side column is missing")
    return sides[name].column


def _whole(number: JSON) -> int:
    if type(number) is not int or not -_MOST_COUNT < number < _MOST_COUNT:
        raise CorruptDataError(_WHAT, f"{number!r} is not a whole number")
    return number
