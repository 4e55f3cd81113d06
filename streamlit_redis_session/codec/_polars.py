"""Polars frames and Series, through Arrow; imported once such a value is seen."""

from __future__ import annotations

from typing import Any

import polars as pl

from streamlit_redis_session.codec._arrow import decode_chunked, encode_arrow
from streamlit_redis_session.codec._arrow_types import describe_type, make_type
from streamlit_redis_session.codec._dispatch import decodes, encodes
from streamlit_redis_session.codec._tree import Reader, Writer, count, damaged, part
from streamlit_redis_session.errors import UnsupportedValueError
from streamlit_redis_session.objects import JSON


def _encode_column(writer: Writer, series: Any, path: str) -> JSON:
    """Describe a column by its Arrow data, if polars gives the same type back from them."""
    try:
        array = series.to_arrow(compat_level=pl.CompatLevel.oldest())
    except (pl.exceptions.PolarsError, TypeError, ValueError, NotImplementedError):
        raise UnsupportedValueError(path, f"its polars type is {series.dtype}") from None
    kind = describe_type(array.type, path)
    node = {
        "name": series.name,
        "type": kind,
        "n": len(array),
        "v": [encode_arrow(writer, array, held=False)],
    }
    dtype = series.dtype
    if isinstance(dtype, pl.Enum):
        return node | {"enum": dtype.categories.to_list()}
    again = pl.Series(series.name, pl.from_arrow(array[:0]))
    if again.dtype != dtype:
        raise UnsupportedValueError(path, f"its polars type is {dtype}")
    return node


def _decode_column(reader: Reader, node: JSON) -> Any:
    chunked = decode_chunked(reader, make_type(node["type"]), node["v"], count(node, "n"))
    try:
        made = pl.Series(part(node, "name", str), pl.from_arrow(chunked))
        return made.cast(pl.Enum(node["enum"])) if "enum" in node else made
    except pl.exceptions.PolarsError as error:
        raise damaged(f"polars does not take a column ({error:.100})") from error


@encodes(pl.Series)
def _encode_series(writer: Writer, value: Any, path: str) -> JSON:
    return {"t": "polars.Series", "v": _encode_column(writer, value, path)}


@decodes("polars.Series")
def _decode_series(reader: Reader, node: JSON) -> Any:
    return _decode_column(reader, node["v"])


@encodes(pl.DataFrame)
def _encode_frame(writer: Writer, value: Any, path: str) -> JSON:
    if not value.width and value.height:
        raise UnsupportedValueError(path, "it is a polars frame with rows but no columns")
    columns = [
        _encode_column(writer, each, f"{path}[{each.name!r}]") for each in value.get_columns()
    ]
    return {"t": "polars.DataFrame", "columns": columns}


@decodes("polars.DataFrame")
def _decode_frame(reader: Reader, node: JSON) -> Any:
    columns = [_decode_column(reader, each) for each in part(node, "columns", list)]
    try:
        return pl.DataFrame(columns)
    except pl.exceptions.PolarsError as error:
        raise damaged(f"polars does not take the columns ({error:.100})") from error
