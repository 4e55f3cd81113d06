"""Sequences of any objects: a kind for each element, and a column for each kind.

An element of a frequent type goes to a column of that type. Any other is encoded by itself and
stands as JSON bytes in a column, with its own columns inside when it has any.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from streamlit_redis_session.codec._dispatch import decode_node, encode_node
from streamlit_redis_session.codec._pieces import column_from_pieces
from streamlit_redis_session.codec._tree import Array, Reader, Writer, count, damaged, part
from streamlit_redis_session.errors import UnsupportedValueError
from streamlit_redis_session.objects import JSON

_KIND_OF: dict[type, str] = {
    type(None): "none",
    type(pd.NA): "na",
    type(pd.NaT): "nat",
    bool: "bool",
    int: "int",
    float: "float",
    str: "str",
    bytes: "bytes",
    dt.date: "date",
    Decimal: "decimal",
}
_SINGLE: dict[str, object] = {"none": None, "na": pd.NA, "nat": pd.NaT}
_KINDS = (*_KIND_OF.values(), "json")

# --- sequences -------------------------------------------------------------------------------


def encode_objects(writer: Writer, values: Sequence[Any] | Array, path: str) -> JSON:
    """Describe a flat sequence of any objects."""
    rows = len(values)
    present = {_KIND_OF.get(kind, "json") for kind in set(map(type, values))}
    kinds = [kind for kind in _KINDS if kind in present]
    if len(kinds) <= 1:
        parts = [_encode_kind(writer, kind, values, range(rows), path) for kind in kinds]
        return {"n": rows, "parts": parts}
    code_of = {kind: kinds.index(name) for kind, name in _KIND_OF.items() if name in present}
    other = len(kinds) - 1
    codes = np.fromiter((code_of.get(type(each), other) for each in values), np.uint8, rows)
    array = values if isinstance(values, np.ndarray) else np.fromiter(values, object, rows)
    node: dict[str, JSON] = {"n": rows, "codes": writer.fresh(codes)}
    where = [np.flatnonzero(codes == code) for code in range(len(kinds))]
    node["parts"] = [
        _encode_kind(writer, kind, array[places], places, path)
        for kind, places in zip(kinds, where, strict=True)
    ]
    return node


def decode_objects(reader: Reader, node: JSON) -> Array:
    """Make a flat object array of what :func:`encode_objects` described."""
    rows = count(node, "n")
    parts = part(node, "parts", list)
    if "codes" not in node:
        return _decode_only_kind(reader, parts, rows)
    codes = reader.fixed(node["codes"], "u1", rows)
    if rows and int(codes.max()) >= len(parts):
        raise damaged("an element is of a kind that is not described")
    values = np.empty(rows, dtype=object)
    for code, each in enumerate(parts):
        mask = codes == code
        values[mask] = _decode_kind(reader, each, int(mask.sum()))
    return values


def _decode_only_kind(reader: Reader, parts: list[Any], rows: int) -> Array:
    if len(parts) != (1 if rows else 0):
        raise damaged("elements and their kinds do not agree")
    return _decode_kind(reader, parts[0], rows) if parts else np.empty(0, dtype=object)


# --- one kind --------------------------------------------------------------------------------


def _encode_kind(
    writer: Writer,
    kind: str,
    values: Sequence[Any] | Array,
    places: Sequence[int] | Array,
    path: str,
) -> JSON:
    if kind in _SINGLE:
        # one byte for each, so that no description can claim more elements than were stored
        return {"k": kind, "c": writer.fresh(np.zeros(len(values), dtype=np.uint8))}
    if kind == "json":
        return {"k": kind, "c": _encode_json(writer, values, places, path)}
    tag, ordinal = _ENCODE[kind](writer, values)
    return {"k": tag, "c": ordinal}


def _encode_json(
    writer: Writer, values: Sequence[Any] | Array, places: Sequence[int] | Array, path: str
) -> int:
    parts = []
    for place, value in zip(places, values, strict=True):
        try:
            parts.append(element_bytes(value, "element", writer.depth))
        except UnsupportedValueError as error:  # noqa: PERF203 - names the place
            where = f"element {place}{error.path.removeprefix('element')}"
            raise UnsupportedValueError(
                path, f"{where} {error.reason.removeprefix('it ')}"
            ) from None
    return writer.var_of(parts)


def _encode_bool(writer: Writer, values: Sequence[Any] | Array) -> tuple[str, int]:
    return "bool", writer.fresh(np.fromiter(values, dtype=np.bool_, count=len(values)))


def _encode_int(writer: Writer, values: Sequence[Any] | Array) -> tuple[str, int]:
    try:
        return "int", writer.fresh(np.fromiter(values, dtype=np.int64, count=len(values)))
    except OverflowError:
        return "bigint", writer.var_of([hex(each).encode() for each in values])


def _encode_float(writer: Writer, values: Sequence[Any] | Array) -> tuple[str, int]:
    return "float", writer.fresh(np.fromiter(values, dtype=np.float64, count=len(values)))


def _encode_date(writer: Writer, values: Sequence[Any] | Array) -> tuple[str, int]:
    days = (each.toordinal() for each in values)
    return "date", writer.fresh(np.fromiter(days, dtype=np.int32, count=len(values)))


def _encode_str(writer: Writer, values: Sequence[Any] | Array) -> tuple[str, int]:
    try:
        array = pa.array(values, type=pa.large_string())
    except (UnicodeEncodeError, pa.ArrowInvalid):
        parts = [each.encode("utf-8", "surrogatepass") for each in values]
        return "surrogates", writer.var_of(parts)
    return "str", writer.var(*var_buffers(array))


def _encode_bytes(writer: Writer, values: Sequence[Any] | Array) -> tuple[str, int]:
    return "bytes", writer.var_of(list(values))


def _encode_decimal(writer: Writer, values: Sequence[Any] | Array) -> tuple[str, int]:
    return "decimal", writer.var_of([str(each).encode() for each in values])


_ENCODE: dict[str, Callable[[Writer, Sequence[Any] | Array], tuple[str, int]]] = {
    "bool": _encode_bool,
    "int": _encode_int,
    "float": _encode_float,
    "str": _encode_str,
    "bytes": _encode_bytes,
    "date": _encode_date,
    "decimal": _encode_decimal,
}

_FIXED: dict[str, tuple[str, Callable[[Array], Any]]] = {
    "bool": ("?", lambda values: values.tolist()),
    "int": ("<i8", lambda values: values.tolist()),
    "float": ("<f8", lambda values: values.tolist()),
    "date": ("<i4", lambda values: map(dt.date.fromordinal, values.tolist())),
}
_VAR: dict[str, Callable[[bytes], object]] = {
    "bigint": lambda raw: int(raw, 16),
    "surrogates": lambda raw: raw.decode("utf-8", "surrogatepass"),
    "bytes": lambda raw: raw,
    "decimal": lambda raw: Decimal(raw.decode("ascii")),
}


def _decode_kind(reader: Reader, node: JSON, rows: int) -> Array:
    kind = part(node, "k", str)
    if kind in _SINGLE:
        reader.fixed(node["c"], "u1", rows)
        return np.full(rows, _SINGLE[kind], dtype=object)
    if kind == "str":
        return _decode_str(reader, node["c"], rows)
    if kind in _FIXED:
        dtype, convert = _FIXED[kind]
        return np.fromiter(convert(reader.fixed(node["c"], dtype, rows)), object, rows)
    parts = reader.parts(node["c"], rows)
    if kind == "json":
        return np.fromiter((element_value(each, reader.depth) for each in parts), object, rows)
    if kind not in _VAR:
        raise damaged(f"no kind of element is called {kind!r}")
    return np.fromiter(map(_VAR[kind], parts), object, rows)


def _decode_str(reader: Reader, ordinal: JSON, rows: int) -> Array:
    column = reader.var(ordinal, rows)
    buffers = (pa.py_buffer(column.offsets), pa.py_buffer(column.data))
    array = pa.LargeStringArray.from_buffers(rows, *buffers)
    array.validate(full=True)
    values: Array = array.to_numpy(zero_copy_only=False)
    return values.astype(object, copy=False)


def var_buffers(array: Any) -> tuple[Array, Array]:
    """Give offsets and bytes of an Arrow array of 64-bit offsets, without copying."""
    _, offsets, data = array.buffers()
    if offsets is None or not offsets.size:
        return np.zeros(1, dtype=np.int64), np.empty(0, dtype=np.uint8)
    bounds = np.frombuffer(offsets, dtype=np.int64, count=len(array) + 1, offset=8 * array.offset)
    return bounds, np.frombuffer(data or b"", dtype=np.uint8)


# --- one element -----------------------------------------------------------------------------


def element_bytes(value: object, path: str, depth: int) -> bytes:
    """Encode a value by itself, its columns included, always to the same bytes."""
    writer = Writer(depth)
    node = encode_node(writer, value, path)
    if writer.columns:
        columns = [[each.spec(), bytes(each.piece(0, each.rows)).hex()] for each in writer.columns]
        node = {"t": "inline", "v": node, "columns": columns}
    return json.dumps(node, allow_nan=False, separators=(",", ":"), sort_keys=True).encode()


def element_value(raw: bytes, depth: int) -> object:
    """Decode what :func:`element_bytes` encoded."""
    node = json.loads(raw)
    if type(node) is not dict or node.get("t") != "inline":
        return decode_node(Reader((), depth), node)
    columns = [
        column_from_pieces(spec, [(spec["rows"], bytes.fromhex(data))])
        for spec, data in part(node, "columns", list)
    ]
    reader = Reader(columns, depth)
    value = decode_node(reader, node["v"])
    reader.finish()
    return value
