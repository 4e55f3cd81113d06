"""Arrow types and schemas: an allowlist, described as JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa

from streamlit_redis_session.codec._tree import damaged
from streamlit_redis_session.errors import UnsupportedValueError
from streamlit_redis_session.objects import JSON

PLAIN_TYPES: dict[str, Any] = {
    "null": pa.null(),
    "bool": pa.bool_(),
    "int8": pa.int8(),
    "int16": pa.int16(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "uint8": pa.uint8(),
    "uint16": pa.uint16(),
    "uint32": pa.uint32(),
    "uint64": pa.uint64(),
    "float16": pa.float16(),
    "float32": pa.float32(),
    "float64": pa.float64(),
    "date32": pa.date32(),
    "date64": pa.date64(),
    "month_day_nano_interval": pa.month_day_nano_interval(),
    "string": pa.string(),
    "binary": pa.binary(),
    "large_string": pa.large_string(),
    "large_binary": pa.large_binary(),
}
_NAME_OF = {each: name for name, each in PLAIN_TYPES.items()}

_DECIMALS = {
    name: getattr(pa, name)
    for name in ("decimal32", "decimal64", "decimal128", "decimal256")
    if hasattr(pa, name)
}


def describe_type(kind: Any, path: str) -> JSON:
    """Describe an Arrow type; views, run-end, union and extension types are refused."""
    described = _describe(kind, path)
    if not make_type(described).equals(kind, check_metadata=True):
        raise UnsupportedValueError(path, f"its Arrow type {kind} has properties of its own")
    return described


def _describe(kind: Any, path: str) -> JSON:
    if kind in _NAME_OF:
        return [_NAME_OF[kind]]
    types = pa.types
    for test, describe in _DESCRIBE:
        if test(types, kind):
            return describe(kind, path)
    for name in _DECIMALS:
        if getattr(types, f"is_{name}")(kind):
            return [name, kind.precision, kind.scale]
    raise UnsupportedValueError(path, f"its Arrow type is {kind}")


_DESCRIBE: tuple[tuple[Callable[[Any, Any], bool], Callable[[Any, str], JSON]], ...] = (
    (lambda types, kind: types.is_time32(kind), lambda kind, _: ["time32", kind.unit]),
    (lambda types, kind: types.is_time64(kind), lambda kind, _: ["time64", kind.unit]),
    (
        lambda types, kind: types.is_timestamp(kind),
        lambda kind, _: ["timestamp", kind.unit, kind.tz],
    ),
    (lambda types, kind: types.is_duration(kind), lambda kind, _: ["duration", kind.unit]),
    (
        lambda types, kind: types.is_fixed_size_binary(kind) and kind.byte_width > 0,
        lambda kind, _: ["fixed_size_binary", kind.byte_width],
    ),
    (
        lambda types, kind: types.is_list(kind),
        lambda kind, path: ["list", describe_field(kind.value_field, path)],
    ),
    (
        lambda types, kind: types.is_large_list(kind),
        lambda kind, path: ["large_list", describe_field(kind.value_field, path)],
    ),
    (
        lambda types, kind: types.is_fixed_size_list(kind),
        lambda kind, path: [
            "fixed_size_list", describe_field(kind.value_field, path), kind.list_size
        ],
    ),
    (
        lambda types, kind: types.is_struct(kind),
        lambda kind, path: [
            "struct", [describe_field(kind.field(i), path) for i in range(kind.num_fields)]
        ],
    ),
    (
        lambda types, kind: types.is_map(kind),
        lambda kind, path: [
            "map",
            describe_field(kind.key_field, path),
            describe_field(kind.item_field, path),
            kind.keys_sorted,
        ],
    ),
    (
        lambda types, kind: types.is_dictionary(kind),
        lambda kind, path: [
            "dictionary",
            _describe(kind.index_type, path),
            _describe(kind.value_type, path),
            kind.ordered,
        ],
    ),
)  # fmt: skip


def make_type(node: JSON) -> Any:
    """Make the type that :func:`describe_type` described."""
    name, *rest = node
    if name in PLAIN_TYPES and not rest:
        return PLAIN_TYPES[name]
    if name in _DECIMALS:
        return _DECIMALS[name](*rest)
    if name not in _MAKE:
        raise damaged(f"no Arrow type is called {name!r}")
    return _MAKE[name](*rest)


def _make_dictionary(index: JSON, value: JSON, ordered: bool) -> Any:
    return pa.dictionary(make_type(index), make_type(value), ordered)


_MAKE: dict[str, Callable[..., Any]] = {
    "time32": pa.time32,
    "time64": pa.time64,
    "timestamp": pa.timestamp,
    "duration": pa.duration,
    "fixed_size_binary": pa.binary,
    "list": lambda field: pa.list_(make_field(field)),
    "large_list": lambda field: pa.large_list(make_field(field)),
    "fixed_size_list": lambda field, size: pa.list_(make_field(field), size),
    "struct": lambda fields: pa.struct([make_field(each) for each in fields]),
    "map": lambda key, item, is_sorted: pa.map_(make_field(key), make_field(item), is_sorted),
    "dictionary": _make_dictionary,
}


def describe_field(field: Any, path: str) -> JSON:
    """Describe name, type, nullability and metadata of a field."""
    kind = _describe(field.type, path)
    return [field.name, kind, field.nullable, _describe_metadata(field.metadata)]


def make_field(node: JSON) -> Any:
    """Make the field that :func:`describe_field` described."""
    name, kind, nullable, metadata = node
    return pa.field(name, make_type(kind), nullable, _make_metadata(metadata))


def describe_schema(schema: Any, path: str) -> JSON:
    """Describe the fields and the metadata of a schema."""
    fields = [describe_field(each, f"{path}[{each.name!r}]") for each in schema]
    described = {"fields": fields, "metadata": _describe_metadata(schema.metadata)}
    if not make_schema(described).equals(schema, check_metadata=True):
        raise UnsupportedValueError(path, "its Arrow schema has properties of its own")
    return described


def make_schema(node: JSON) -> Any:
    """Make the schema that :func:`describe_schema` described."""
    fields = [make_field(each) for each in node["fields"]]
    return pa.schema(fields, metadata=_make_metadata(node["metadata"]))


def _describe_metadata(metadata: dict[bytes, bytes] | None) -> JSON:
    if metadata is None:
        return None
    return [[key.hex(), value.hex()] for key, value in metadata.items()]


def _make_metadata(node: JSON) -> dict[bytes, bytes] | None:
    if node is None:
        return None
    return {bytes.fromhex(key): bytes.fromhex(value) for key, value in node}
