"""Arrow data as values of their own: arrays, chunked arrays, tables and batches."""

from __future__ import annotations

from functools import partial
from typing import Any

import pyarrow as pa

from streamlit_redis_session.codec._arrow import (
    decode_arrow,
    decode_chunked,
    encode_arrow,
    encode_chunked,
    of_length,
)
from streamlit_redis_session.codec._arrow_types import (
    describe_schema,
    describe_type,
    make_schema,
    make_type,
)
from streamlit_redis_session.codec._dispatch import decodes, encodes
from streamlit_redis_session.codec._parts import Lent, hand_out, set_aside
from streamlit_redis_session.codec._tokens import arrow_token
from streamlit_redis_session.codec._tree import Reader, Writer, count, damaged, part
from streamlit_redis_session.errors import UnsupportedValueError
from streamlit_redis_session.objects import JSON


@encodes(pa.ChunkedArray)
def _encode_chunked(writer: Writer, value: Any, path: str) -> JSON:
    kind = describe_type(value.type, path)
    return {"t": "arrow.chunked", "type": kind, "v": encode_chunked(writer, value)}


@decodes("arrow.chunked")
def _decode_chunked(reader: Reader, node: JSON) -> Any:
    return decode_chunked(reader, make_type(node["type"]), node["v"])


def encode_array(writer: Writer, value: Any, path: str) -> JSON:
    """Describe an Arrow array of any class; extension arrays have types that are refused."""
    kind = describe_type(value.type, path)
    return {"t": "arrow.array", "type": kind, "v": encode_arrow(writer, value, held=True)}


@decodes("arrow.array")
def decode_array(reader: Reader, node: JSON) -> Any:
    """Make and fully validate the array that :func:`encode_array` described."""
    array = decode_arrow(reader, make_type(node["type"]), node["v"])
    array.validate(full=True)
    return array


def _array_classes(base: Any) -> set[type]:
    found: set[type] = set()
    each: Any
    for each in base.__subclasses__():
        if each.__module__.partition(".")[0] == "pyarrow":
            found |= {each} | _array_classes(each)
    return found


encodes(*_array_classes(pa.Array))(encode_array)


@encodes(pa.Table)
def _encode_table(writer: Writer, value: Any, path: str) -> JSON:
    if not value.num_columns and value.num_rows:
        raise UnsupportedValueError(path, "it is an Arrow table with rows but no columns")
    schema = describe_schema(value.schema, path)
    columns = [
        set_aside(
            writer,
            arrow_token(each),
            each,
            partial(encode_chunked, chunked=each),
            lend=partial(_itself, each),
        )
        for each in value.columns
    ]
    return {"t": "arrow.table", "schema": schema, "n": value.num_rows, "columns": columns}


@decodes("arrow.table")
def _decode_table(reader: Reader, node: JSON) -> Any:
    schema, rows = make_schema(node["schema"]), count(node, "n")
    columns = [
        _decode_table_column(reader, each, field.type, rows)
        for field, each in zip(schema, part(node, "columns", list), strict=True)
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def _itself(value: Any) -> Any:
    """Nobody writes to Arrow data."""
    return value


def _decode_table_column(reader: Reader, node: JSON, kind: Any, rows: int) -> Any:
    found: Any = hand_out(reader, node, lambda reader, node: decode_chunked(reader, kind, node))
    if not isinstance(found, Lent):
        return of_length(found, rows)
    if not isinstance(found.value, pa.ChunkedArray) or found.value.type != kind:
        raise damaged("a column of a table is of another type")
    return of_length(found.value, rows)


@encodes(pa.RecordBatch)
def _encode_batch(writer: Writer, value: Any, path: str) -> JSON:
    if not value.num_columns and value.num_rows:
        raise UnsupportedValueError(path, "it is an Arrow batch with rows but no columns")
    schema = describe_schema(value.schema, path)
    columns = [encode_arrow(writer, each, held=True) for each in value.columns]
    return {"t": "arrow.batch", "schema": schema, "columns": columns}


@decodes("arrow.batch")
def _decode_batch(reader: Reader, node: JSON) -> Any:
    schema = make_schema(node["schema"])
    columns = [
        decode_arrow(reader, field.type, each)
        for field, each in zip(schema, part(node, "columns", list), strict=True)
    ]
    batch = pa.RecordBatch.from_arrays(columns, schema=schema)
    batch.validate(full=True)
    return batch
