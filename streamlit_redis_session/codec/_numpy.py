"""NumPy arrays and scalars, bit for bit."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from streamlit_redis_session.codec._dispatch import decodes, encodes
from streamlit_redis_session.codec._objects import decode_objects, encode_objects
from streamlit_redis_session.codec._tree import Array, Reader, Writer, damaged, part, type_name
from streamlit_redis_session.errors import UnsupportedValueError
from streamlit_redis_session.objects import JSON

_UNITS = "generic|Y|M|W|D|h|m|s|ms|us|ns|ps|fs|as"
_SIMPLE = re.compile(
    rf"[<>|](b1|[iu][1248]|f(2|4|8|12|16)|c(8|16|24|32)|[mM]8(\[\d*({_UNITS})\])?|[SUV]\d{{1,9}})"
)
_ALIASES = frozenset("bBhHiIlLqQdgDG")
"""C types of the same width as another one: ``long long`` beside ``long``."""
_MOST_CODE_POINT = 0x10FFFF

# --- dtypes ----------------------------------------------------------------------------------


def describe_dtype(dtype: np.dtype[Any], path: str) -> JSON:
    """Describe a dtype without Python objects."""
    if dtype.metadata is not None:
        raise UnsupportedValueError(path, "its dtype has metadata")
    if dtype.subdtype is not None:
        base, shape = dtype.subdtype
        return {"base": describe_dtype(base, path), "shape": list(shape)}
    if dtype.names is not None:
        return _describe_fields(dtype, path)
    if not _SIMPLE.fullmatch(dtype.str) or not dtype.itemsize:
        raise UnsupportedValueError(path, f"its dtype is {dtype}")
    is_alias = np.dtype(dtype.str).char != dtype.char and dtype.char in _ALIASES
    return dtype.char if is_alias and dtype.isnative else dtype.str


def _describe_fields(dtype: np.dtype[Any], path: str) -> JSON:
    fields: Any = dtype.fields or {}
    ends = 0
    for name in sorted(dtype.names or (), key=lambda each: fields[each][1]):
        kind, offset, *title = fields[name]
        if title or offset < ends:
            raise UnsupportedValueError(path, f"its dtype {dtype} has titles or overlapping fields")
        ends = offset + kind.itemsize
    if dtype.type is not np.void or not dtype.itemsize or dtype.hasobject:
        raise UnsupportedValueError(path, f"its dtype is {dtype}")
    described = [
        [name, describe_dtype(fields[name][0], path), fields[name][1]] for name in dtype.names or ()
    ]
    return {"fields": described, "size": dtype.itemsize, "aligned": dtype.isalignedstruct}


def make_dtype(node: JSON) -> np.dtype[Any]:
    """Make the dtype that :func:`describe_dtype` described."""
    if isinstance(node, str):
        if not _SIMPLE.fullmatch(node) and node not in _ALIASES:
            raise damaged(f"no dtype is called {node!r}")
        return np.dtype(node)
    if "base" in node:
        return np.dtype((make_dtype(node["base"]), tuple(part(node, "shape", list))))
    names, kinds, offsets = zip(*part(node, "fields", list), strict=True)
    spec = {
        "names": list(names),
        "formats": [make_dtype(each) for each in kinds],
        "offsets": list(offsets),
        "itemsize": part(node, "size", int),
    }
    return np.dtype(spec, align=part(node, "aligned", bool))  # type: ignore[call-overload,no-any-return]


# --- flat arrays -----------------------------------------------------------------------------


def encode_flat(writer: Writer, values: Array, path: str, *, protected: bool) -> JSON:
    """Describe a flat array: ``{"d": dtype, "c": column}``, or its elements if they are objects.

    ``protected`` says that nobody writes to this memory while the source is held.
    """
    if values.dtype == object:
        return {"d": "object", "o": encode_objects(writer, values, path)}
    described = describe_dtype(values.dtype, path)
    cleaned = _clean(values, path)
    is_own = cleaned is not values
    if cleaned.dtype.names is not None:
        cleaned = np.ascontiguousarray(cleaned).view(np.dtype((np.void, cleaned.dtype.itemsize)))
    ordinal = writer.fresh(cleaned) if is_own else writer.fixed(cleaned, frozen=protected)
    return {"d": described, "c": ordinal}


def decode_flat(reader: Reader, node: JSON, rows: int | None = None) -> Array:
    """Make the flat array that :func:`encode_flat` described."""
    if node["d"] == "object":
        values = decode_objects(reader, node["o"])
        if rows is not None and len(values) != rows:
            raise damaged(f"an array has {len(values)} elements, not {rows}")
        return values
    dtype = make_dtype(node["d"])
    if dtype.names is not None:
        raw = reader.fixed(node["c"], np.dtype((np.void, dtype.itemsize)), rows)
        return raw.view(dtype)
    values = reader.fixed(node["c"], dtype, rows)
    if dtype.kind == "U" and not _is_text(values):
        raise damaged("a text holds numbers that are no characters")
    return values if values.dtype.char == dtype.char else values.view(dtype)


def _clean(values: Array, path: str) -> Array:
    """Zero the bytes that belong to no value, so that equal values have equal bytes."""
    if values.dtype.names is not None:
        clean = np.zeros(values.shape, dtype=values.dtype)
        for name in values.dtype.names:
            clean[name] = _clean(values[name], path)
        return clean
    if values.dtype.char in "gG":
        return _clean_long_double(values)
    if values.dtype.kind == "b" and values.size and values.view(np.uint8).max() > 1:
        return np.asarray(values.view(np.uint8) != 0)
    if values.dtype.kind == "U" and not _is_text(values):
        raise UnsupportedValueError(path, "a text holds numbers that are no characters")
    return values


def _clean_long_double(values: Array) -> Array:
    """Zero what follows the 10 bytes of an x87 number, which takes 12 or 16."""
    if np.finfo(np.longdouble).nmant != 63:
        return values
    clean = np.array(values, order="C", copy=True)
    width = np.dtype(np.longdouble).itemsize
    clean.view(np.uint8).reshape(-1, width)[:, 10:] = 0
    return clean


def _is_text(values: Array) -> bool:
    codes = np.ascontiguousarray(values).view(np.dtype("u4").newbyteorder(values.dtype.byteorder))
    return not codes.size or int(codes.max()) <= _MOST_CODE_POINT


# --- arrays and scalars ----------------------------------------------------------------------


@encodes(np.ndarray)
def _encode_array(writer: Writer, value: Array, path: str) -> JSON:
    """Keep shape and order of memory; a strided array comes back contiguous, in C order."""
    flags = value.flags
    order = "F" if flags.f_contiguous and not flags.c_contiguous else "C"
    flat = value.ravel(order=order)  # type: ignore[arg-type]
    node = {"t": "ndarray", "shape": list(value.shape), "order": order}
    node["v"] = encode_flat(writer, flat, path, protected=False)
    return node


@decodes("ndarray")
def _decode_array(reader: Reader, node: JSON) -> Array:
    shape, order = part(node, "shape", list), part(node, "order", str)
    if any(type(each) is not int or each < 0 for each in shape) or order not in ("C", "F"):
        raise damaged("the shape of an array is none")
    flat = decode_flat(reader, node["v"])
    return flat.reshape(tuple(shape), order=order)  # type: ignore[call-overload,no-any-return]


@encodes(*{each for each in np.sctypeDict.values() if each is not np.object_})
def _encode_scalar(_writer: Writer, value: np.generic[Any], path: str) -> JSON:
    described = describe_dtype(value.dtype, path)
    flat = np.empty(1, dtype=value.dtype)
    flat[0] = value
    return {"t": "np", "d": described, "v": _clean(flat, path).tobytes().hex()}


@decodes("np")
def _decode_scalar(_reader: Reader, node: JSON) -> np.generic[Any]:
    dtype = make_dtype(node["d"])
    raw = bytearray.fromhex(part(node, "v", str))
    if len(raw) != dtype.itemsize or (dtype.kind == "b" and raw[0] > 1):
        raise damaged(f"a scalar is no {dtype}")
    flat = np.frombuffer(raw, dtype=dtype)
    if dtype.kind == "U" and not _is_text(flat):
        raise damaged("a text holds numbers that are no characters")
    scalar: np.generic[Any] = flat[0]
    return scalar


@encodes(np.str_)
def _encode_text(_writer: Writer, value: np.str_, _path: str) -> JSON:
    # str(value) would drop trailing NULs
    return {"t": "np.str", "v": str.encode(value, "utf-8", "surrogatepass").hex()}


@decodes("np.str")
def _decode_text(_reader: Reader, node: JSON) -> np.str_:
    return np.str_(bytes.fromhex(part(node, "v", str)).decode("utf-8", "surrogatepass"))


@encodes(np.bytes_)
def _encode_bytes(_writer: Writer, value: np.bytes_, _path: str) -> JSON:
    return {"t": "np.bytes", "v": bytes(value).hex()}


@decodes("np.bytes")
def _decode_bytes(_reader: Reader, node: JSON) -> np.bytes_:
    return np.bytes_(bytes.fromhex(part(node, "v", str)))


@encodes(np.dtype, *{type(np.dtype(each)) for each in "?bBhHiIlLqQefdgFDGmMSUV"})
def _encode_dtype(_writer: Writer, value: np.dtype[Any], path: str) -> JSON:
    if value.kind == "O":
        raise UnsupportedValueError(path, f"it is a {type_name(type(value))}")
    return {"t": "np.dtype", "v": describe_dtype(value, path)}


@decodes("np.dtype")
def _decode_dtype(_reader: Reader, node: JSON) -> np.dtype[Any]:
    return make_dtype(node["v"])
