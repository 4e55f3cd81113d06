"""Plain values: Python's own scalars and containers."""

from __future__ import annotations

import datetime as dt
import struct
import uuid
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from streamlit_redis_session.codec._dispatch import (
    decode_node,
    decodes,
    encode_node,
    encodes,
)
from streamlit_redis_session.codec._objects import (
    decode_objects,
    element_bytes,
    element_value,
    encode_objects,
)
from streamlit_redis_session.codec._tree import EXACT_INT, Reader, Writer, count, damaged, part
from streamlit_redis_session.codec._zones import decode_zone, encode_zone
from streamlit_redis_session.errors import UnsupportedValueError
from streamlit_redis_session.objects import JSON

_SHORT = 1024
"""Strings and bytes up to this length stand in the description, longer ones in a column."""
_FEW = 64
"""Sequences up to this length are described element by element, longer ones in columns."""

# --- numbers ---------------------------------------------------------------------------------


@encodes(type(None), bool)
def _encode_raw(_writer: Writer, value: bool | None, _path: str) -> JSON:
    return value


@encodes(int)
def _encode_int(_writer: Writer, value: int, _path: str) -> JSON:
    # hex() has no limit on digits, str() has
    return value if -EXACT_INT < value < EXACT_INT else {"t": "int", "v": hex(value)}


@decodes("int")
def _decode_int(_reader: Reader, node: JSON) -> int:
    return int(part(node, "v", str), 16)


def float_bits(value: float) -> str:
    """Write a float as the 16 hexadecimal digits of its bits, NaN payload included."""
    return struct.pack(">d", value).hex()


def float_of(bits: str) -> float:
    """Read what :func:`float_bits` wrote."""
    (value,) = struct.unpack(">d", bytes.fromhex(bits))
    return float(value)


@encodes(float)
def _encode_float(_writer: Writer, value: float, _path: str) -> JSON:
    return {"t": "float", "v": float_bits(value)}


@decodes("float")
def _decode_float(_reader: Reader, node: JSON) -> float:
    return float_of(part(node, "v", str))


@encodes(complex)
def _encode_complex(_writer: Writer, value: complex, _path: str) -> JSON:
    return {"t": "complex", "re": float_bits(value.real), "im": float_bits(value.imag)}


@decodes("complex")
def _decode_complex(_reader: Reader, node: JSON) -> complex:
    return complex(float_of(part(node, "re", str)), float_of(part(node, "im", str)))


@encodes(Decimal)
def _encode_decimal(_writer: Writer, value: Decimal, _path: str) -> JSON:
    return {"t": "decimal", "v": str(value)}


@decodes("decimal")
def _decode_decimal(_reader: Reader, node: JSON) -> Decimal:
    return Decimal(part(node, "v", str))


@encodes(Fraction)
def _encode_fraction(_writer: Writer, value: Fraction, _path: str) -> JSON:
    return {"t": "fraction", "v": [hex(value.numerator), hex(value.denominator)]}


@decodes("fraction")
def _decode_fraction(_reader: Reader, node: JSON) -> Fraction:
    above, below = part(node, "v", list)
    return Fraction(int(above, 16), int(below, 16))


# --- text ------------------------------------------------------------------------------------


@encodes(str)
def _encode_str(writer: Writer, value: str, _path: str) -> JSON:
    raw = value.encode("utf-8", "surrogatepass")
    if len(raw) > _SHORT:
        return {"t": "text", "c": writer.var_of([raw])}
    # JSON readers join a pair of lone surrogates into one character
    is_clean = value.isascii() or not any("\ud800" <= each <= "\udfff" for each in value)
    return value if is_clean else {"t": "surrogates", "v": raw.hex()}


@decodes("text")
def _decode_text(reader: Reader, node: JSON) -> str:
    return reader.parts(node["c"], rows=1)[0].decode("utf-8", "surrogatepass")


@decodes("surrogates")
def _decode_surrogates(_reader: Reader, node: JSON) -> str:
    return bytes.fromhex(part(node, "v", str)).decode("utf-8", "surrogatepass")


@encodes(bytes)
def _encode_bytes(writer: Writer, value: bytes, _path: str) -> JSON:
    if len(value) > _SHORT:
        return {"t": "bytes", "c": writer.var_of([value])}
    return {"t": "bytes", "v": value.hex()}


@decodes("bytes")
def _decode_bytes(reader: Reader, node: JSON) -> bytes:
    if "c" in node:
        return reader.parts(node["c"], rows=1)[0]
    return bytes.fromhex(part(node, "v", str))


@encodes(uuid.UUID)
def _encode_uuid(_writer: Writer, value: uuid.UUID, path: str) -> JSON:
    if value.is_safe is not uuid.SafeUUID.unknown:
        raise UnsupportedValueError(path, "it is a UUID that knows how it was made")
    return {"t": "uuid", "v": value.hex}


@decodes("uuid")
def _decode_uuid(_reader: Reader, node: JSON) -> uuid.UUID:
    return uuid.UUID(hex=part(node, "v", str))


# --- time ------------------------------------------------------------------------------------


@encodes(dt.datetime)
def _encode_datetime(_writer: Writer, value: dt.datetime, path: str) -> JSON:
    fields = [*value.timetuple()[:6], value.microsecond, value.fold]
    return {"t": "datetime", "v": fields, "tz": encode_zone(value.tzinfo, path)}


@decodes("datetime")
def _decode_datetime(_reader: Reader, node: JSON) -> dt.datetime:
    *fields, fold = part(node, "v", list)
    zone = decode_zone(node["tz"])
    return dt.datetime(*fields, fold=fold, tzinfo=zone)  # type: ignore[misc]  # counted by Python


@encodes(dt.date)
def _encode_date(_writer: Writer, value: dt.date, _path: str) -> JSON:
    return {"t": "date", "v": value.toordinal()}


@decodes("date")
def _decode_date(_reader: Reader, node: JSON) -> dt.date:
    return dt.date.fromordinal(part(node, "v", int))


@encodes(dt.time)
def _encode_time(_writer: Writer, value: dt.time, path: str) -> JSON:
    fields = [value.hour, value.minute, value.second, value.microsecond, value.fold]
    return {"t": "time", "v": fields, "tz": encode_zone(value.tzinfo, path)}


@decodes("time")
def _decode_time(_reader: Reader, node: JSON) -> dt.time:
    *fields, fold = part(node, "v", list)
    hour, minute, second, microsecond = fields
    zone = decode_zone(node["tz"])
    return dt.time(hour, minute, second, microsecond, zone, fold=fold)


@encodes(dt.timedelta)
def _encode_timedelta(_writer: Writer, value: dt.timedelta, _path: str) -> JSON:
    return {"t": "timedelta", "v": [value.days, value.seconds, value.microseconds]}


@decodes("timedelta")
def _decode_timedelta(_reader: Reader, node: JSON) -> dt.timedelta:
    days, seconds, microseconds = part(node, "v", list)
    return dt.timedelta(days, seconds, microseconds)


@encodes(dt.timezone)
def _encode_timezone(_writer: Writer, value: dt.timezone, path: str) -> JSON:
    return {"t": "zone", "v": encode_zone(value, path)}


@decodes("zone")
def _decode_timezone(_reader: Reader, node: JSON) -> dt.tzinfo | None:
    return decode_zone(node["v"])


# --- containers ------------------------------------------------------------------------------


def _encode_items(writer: Writer, items: Sequence[Any], paths: Sequence[str] | str) -> JSON:
    if len(items) > _FEW and isinstance(paths, str) and not _has_tables(items):
        return encode_objects(writer, items, paths)
    if isinstance(paths, str):
        paths = [f"{paths}[{position}]" for position in range(len(items))]
    return [
        encode_node(writer, item, item_path) for item, item_path in zip(items, paths, strict=True)
    ]


def _has_tables(items: Sequence[Any]) -> bool:
    """Tell whether elements have columns of their own, which stay columns then."""
    return any(
        hasattr(kind, "__array__") and hasattr(kind, "shape") for kind in set(map(type, items))
    )


def _decode_items(reader: Reader, node: JSON) -> list[Any]:
    if type(node) is list:
        return [decode_node(reader, item) for item in node]
    return list(decode_objects(reader, node))


@encodes(list, tuple)
def _encode_sequence(writer: Writer, value: Sequence[Any], path: str) -> JSON:
    tag = "list" if type(value) is list else "tuple"
    return {"t": tag, "v": _encode_items(writer, list(value), path)}


@decodes("list")
def _decode_list(reader: Reader, node: JSON) -> list[Any]:
    return _decode_items(reader, node["v"])


@decodes("tuple")
def _decode_tuple(reader: Reader, node: JSON) -> tuple[Any, ...]:
    return tuple(_decode_items(reader, node["v"]))


@encodes(dict)
def _encode_dict(writer: Writer, value: dict[Any, Any], path: str) -> JSON:
    keys, values = list(value), list(value.values())
    paths = [f"{path}[{key!r:.60}]" for key in keys] if len(keys) <= _FEW else path
    return {
        "t": "dict",
        "k": _encode_items(writer, keys, f"a key of {path}"),
        "v": _encode_items(writer, values, paths),
    }


@decodes("dict")
def _decode_dict(reader: Reader, node: JSON) -> dict[Any, Any]:
    keys = _decode_items(reader, node["k"])
    values = _decode_items(reader, node["v"])
    made = dict(zip(keys, values, strict=True))
    if len(made) != len(keys):
        raise damaged("a key stands twice in a dict")
    return made


@encodes(set, frozenset)
def _encode_set(writer: Writer, value: Any, path: str) -> JSON:
    """Sort the elements by their bytes: a set's own order differs from process to process."""
    parts = sorted(element_bytes(item, f"an element of {path}", writer.depth) for item in value)
    tag = "set" if type(value) is set else "frozenset"
    return {"t": tag, "n": len(parts), "c": writer.var_of(parts)}


@decodes("set", "frozenset")
def _decode_set(reader: Reader, node: JSON) -> set[Any] | frozenset[Any]:
    rows = count(node, "n")
    items = [element_value(each, reader.depth) for each in reader.parts(node["c"], rows)]
    made = frozenset(items) if node["t"] == "frozenset" else set(items)
    if len(made) != rows:
        raise damaged("an element stands twice in a set")
    return made


@encodes(range)
def _encode_range(writer: Writer, value: range, path: str) -> JSON:
    bounds = (value.start, value.stop, value.step)
    return {"t": "range", "v": [encode_node(writer, each, path) for each in bounds]}


@decodes("range")
def _decode_range(reader: Reader, node: JSON) -> range:
    start, stop, step = (decode_node(reader, each) for each in part(node, "v", list))
    return range(start, stop, step)  # type: ignore[call-overload,no-any-return]  # checked by range


@encodes(slice)
def _encode_slice(writer: Writer, value: slice, path: str) -> JSON:
    bounds = (value.start, value.stop, value.step)
    return {"t": "slice", "v": [encode_node(writer, each, path) for each in bounds]}


@decodes("slice")
def _decode_slice(reader: Reader, node: JSON) -> slice:
    start, stop, step = (decode_node(reader, each) for each in part(node, "v", list))
    return slice(start, stop, step)
