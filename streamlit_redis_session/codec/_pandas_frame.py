"""DataFrame and Series: arrays, labels, attrs and flags.

Each array and each index is a part of the value, unless the frame is an element of another one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from streamlit_redis_session.codec import _pandas_private as private
from streamlit_redis_session.codec._dispatch import (
    decode_node,
    decodes,
    encode_node,
    encodes,
)
from streamlit_redis_session.codec._pandas_arrays import decode_array, encode_array
from streamlit_redis_session.codec._parts import hand_out, set_aside
from streamlit_redis_session.codec._tokens import array_token, index_token
from streamlit_redis_session.codec._tree import Reader, Writer, damaged, part
from streamlit_redis_session.objects import JSON


@encodes(pd.DataFrame)
def _encode_frame(writer: Writer, value: pd.DataFrame, path: str) -> JSON:
    labels = value.columns
    arrays = [
        _encode_array(writer, array, lambda place=place: f"{path}[{labels[place]!r:.60}]")  # type: ignore[misc]
        for place, array in enumerate(private.flat_arrays(value))
    ]
    return {
        "t": "pd.DataFrame",
        "index": _encode_labels(writer, value.index, f"the index of {path}"),
        "columns": _encode_labels(writer, labels, f"the columns of {path}"),
        "arrays": arrays,
        **_encode_extras(writer, value, path),
    }


def _encode_array(writer: Writer, array: Any, path: Callable[[], str]) -> JSON:
    """Describe an array, or set it aside as a part and give its number."""

    def make(writer: Writer) -> JSON:
        return encode_array(writer, array, path(), protected=private.COPY_ON_WRITE)

    return set_aside(writer, array_token(array, writer.known), array, make)


def _encode_labels(writer: Writer, index: pd.Index[Any], path: str) -> JSON:
    """Describe an index, or set it aside as a part and give its number."""
    return set_aside(writer, index_token(index), index, lambda w: encode_node(w, index, path))


@decodes("pd.DataFrame")
def _decode_frame(reader: Reader, node: JSON) -> Any:
    index = _decode_labels(reader, node["index"])
    columns = _decode_labels(reader, node["columns"])
    arrays = [_decode_array(reader, each) for each in part(node, "arrays", list)]
    if len(arrays) != len(columns) or any(len(each) != len(index) for each in arrays):
        raise damaged("the columns of a frame do not fit its labels")
    # a Series says its dtype, a bare object array would be looked into
    parts = {
        place: _as_series(each, index) if each.dtype == object else each
        for place, each in enumerate(arrays)
    }
    frame = pd.DataFrame(parts, index=index, copy=False)
    frame.columns = columns
    return _with_extras(reader, node, frame)


@encodes(pd.Series)
def _encode_series(writer: Writer, value: pd.Series[Any], path: str) -> JSON:
    array = private.flat_array(value)
    return {
        "t": "pd.Series",
        "index": _encode_labels(writer, value.index, f"the index of {path}"),
        "name": encode_node(writer, value.name, f"the name of {path}"),
        "v": _encode_array(writer, array, lambda: path),
        **_encode_extras(writer, value, path),
    }


@decodes("pd.Series")
def _decode_series(reader: Reader, node: JSON) -> Any:
    index = _decode_labels(reader, node["index"])
    name: Any = decode_node(reader, node["name"])
    array = _decode_array(reader, node["v"])
    if len(array) != len(index):
        raise damaged("the values of a Series do not fit its labels")
    series = _as_series(array, index)
    series.name = name
    return _with_extras(reader, node, series)


def _as_series(array: Any, index: pd.Index[Any]) -> Any:
    if isinstance(array, np.ndarray) and array.dtype.kind not in "biufcmMO":
        raise damaged(f"a Series cannot hold {array.dtype}")
    return pd.Series(array, index=index, dtype=array.dtype, copy=False)


def _decode_array(reader: Reader, node: JSON) -> Any:
    return hand_out(reader, node, decode_array)


def _decode_labels(reader: Reader, node: JSON) -> pd.Index[Any]:
    labels = hand_out(reader, node, decode_node)
    if not isinstance(labels, pd.Index):
        raise damaged("labels are no index")
    return labels


def _encode_extras(writer: Writer, value: Any, path: str) -> dict[str, JSON]:
    return {
        "attrs": encode_node(writer, dict(value.attrs), f"{path}.attrs"),
        "duplicates": bool(value.flags.allows_duplicate_labels),
    }


def _with_extras(reader: Reader, node: JSON, made: Any) -> Any:
    attrs = decode_node(reader, node["attrs"])
    if type(attrs) is not dict:
        raise damaged("attrs are no dict")
    if attrs:
        made.attrs = attrs
    if not part(node, "duplicates", bool):
        made.flags.allows_duplicate_labels = False
    return made
