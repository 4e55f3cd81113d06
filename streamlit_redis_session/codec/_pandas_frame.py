"""DataFrame and Series: arrays, labels, attrs and flags.

Each array and each index is a part of the value, unless the frame is an element of another one.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from itertools import groupby
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
from streamlit_redis_session.codec._parts import Lent, hand_out, set_aside
from streamlit_redis_session.codec._tokens import array_token, index_token
from streamlit_redis_session.codec._tree import Reader, Writer, damaged, part
from streamlit_redis_session.objects import JSON


@dataclass(frozen=True, eq=False)
class Place:
    """A column where it is: another value may take it in as long as pandas sees to it."""

    holder: Any
    """A frame or a Series under Copy-on-Write."""
    place: int = 0

    def __len__(self) -> int:
        return len(self.holder)

    def take_in(self, index: pd.Index[Any]) -> Any:
        """Give the column as a Series that shares its memory."""
        is_series = isinstance(self.holder, pd.Series)
        return _bare(self.holder if is_series else self.holder.iloc[:, self.place], index)


@encodes(pd.DataFrame)
def _encode_frame(writer: Writer, value: pd.DataFrame, path: str) -> JSON:
    labels = value.columns
    tokens = private.column_tokens(value) if private.COPY_ON_WRITE else [None] * len(labels)
    arrays = [_encode_column(writer, value, n, token, path) for n, token in enumerate(tokens)]
    return {
        "t": "pd.DataFrame",
        "index": _encode_labels(writer, value.index, f"the index of {path}"),
        "columns": _encode_labels(writer, labels, f"the columns of {path}"),
        "arrays": arrays,
        **_encode_extras(writer, value, path),
    }


def _encode_column(
    writer: Writer, frame: pd.DataFrame, place: int, token: Hashable | None, path: str
) -> JSON:
    """Describe a column, or set it aside; what is known is not even looked at."""

    def describe(writer: Writer, array: Any) -> JSON:
        label = frame.columns[place]
        where = f"{path}[{label!r:.60}]"
        return encode_array(writer, array, where, protected=private.COPY_ON_WRITE)

    if token is None or token not in writer.known:
        array = private.flat_array_at(frame, place)
        token = array_token(array, writer.known) if token is None else token
        return set_aside(
            writer, token, array, lambda writer: describe(writer, array),
            lend=lambda: Place(frame, place),
        )  # fmt: skip
    return set_aside(
        writer, token, frame,
        lambda writer: describe(writer, private.flat_array_at(frame, place)),
        lend=lambda: Place(frame, place), nbytes=private.nbytes_of_token(token),
    )  # fmt: skip


def _encode_array(writer: Writer, array: Any, path: Callable[[], str], place: Place) -> JSON:
    """Describe an array, or set it aside as a part and give its number."""

    def make(writer: Writer) -> JSON:
        return encode_array(writer, array, path(), protected=private.COPY_ON_WRITE)

    return set_aside(writer, array_token(array, writer.known), array, make, lend=lambda: place)


def _encode_labels(writer: Writer, index: pd.Index[Any], path: str) -> JSON:
    """Describe an index, or set it aside as a part and give its number."""
    return set_aside(
        writer,
        index_token(index),
        index,
        lambda writer: encode_node(writer, index, path),
        lend=index.view,
    )


@decodes("pd.DataFrame")
def _decode_frame(reader: Reader, node: JSON) -> Any:
    index = _decode_labels(reader, node["index"])
    columns = _decode_labels(reader, node["columns"])
    arrays = [_decode_array(reader, each) for each in part(node, "arrays", list)]
    if len(arrays) != len(columns) or any(len(each) != len(index) for each in arrays):
        raise damaged("the columns of a frame do not fit its labels")
    if any(isinstance(each, Place) for each in arrays):
        frame = put_together(arrays, index)
    else:
        frame = _make_frame(arrays, index)
    frame.columns = columns
    return _with_extras(reader, node, frame)


@encodes(pd.Series)
def _encode_series(writer: Writer, value: pd.Series[Any], path: str) -> JSON:
    array = private.flat_array(value)
    return {
        "t": "pd.Series",
        "index": _encode_labels(writer, value.index, f"the index of {path}"),
        "name": encode_node(writer, value.name, f"the name of {path}"),
        "v": _encode_array(writer, array, lambda: path, Place(value)),
        **_encode_extras(writer, value, path),
    }


@decodes("pd.Series")
def _decode_series(reader: Reader, node: JSON) -> Any:
    index = _decode_labels(reader, node["index"])
    name: Any = decode_node(reader, node["name"])
    array = _decode_array(reader, node["v"])
    if len(array) != len(index):
        raise damaged("the values of a Series do not fit its labels")
    series = array.take_in(index) if isinstance(array, Place) else _as_series(array, index)
    series.name = name
    return _with_extras(reader, node, series)


def _make_frame(arrays: list[Any], index: pd.Index[Any]) -> pd.DataFrame:
    # a Series says its dtype, a bare object array would be looked into
    parts = {
        place: _as_series(each, index) if each.dtype == object else each
        for place, each in enumerate(arrays)
    }
    return pd.DataFrame(parts, index=index, copy=False)


def put_together(arrays: list[Any], index: pd.Index[Any]) -> pd.DataFrame:
    """Make a frame of new arrays and of columns that other frames lend.

    What is lent goes through pandas all the way, never through its bare memory: so pandas knows
    that it is shared, and copies it before it is written to.
    """
    pieces: list[pd.DataFrame] = []
    for is_lent, run in groupby(arrays, key=lambda each: isinstance(each, Place)):
        same = list(run)
        pieces += _taken_in(same, index) if is_lent else [_make_frame(same, index)]
    return pd.concat(pieces, axis=1, ignore_index=True)


def _taken_in(places: list[Place], index: pd.Index[Any]) -> list[pd.DataFrame]:
    """Slice neighbours out of their frame at once."""
    slices: list[tuple[Any, int, int]] = []
    for each in places:
        if slices and slices[-1][0] is each.holder and slices[-1][2] == each.place:
            slices[-1] = (each.holder, slices[-1][1], each.place + 1)
        else:
            slices.append((each.holder, each.place, each.place + 1))
    pieces = []
    for holder, start, stop in slices:
        frame = holder.to_frame() if isinstance(holder, pd.Series) else holder.iloc[:, start:stop]
        pieces.append(_bare(frame, index))
    return pieces


def _bare(shown: Any, index: pd.Index[Any]) -> Any:
    """Give a view of a frame or Series other labels, and nothing else of what it had."""
    bare = shown.set_flags(allows_duplicate_labels=True)
    bare.attrs = {}
    bare.index = index
    return bare


def _as_series(array: Any, index: pd.Index[Any]) -> Any:
    if isinstance(array, np.ndarray) and array.dtype.kind not in "biufcmMO":
        raise damaged(f"a Series cannot hold {array.dtype}")
    return pd.Series(array, index=index, dtype=array.dtype, copy=False)


def _decode_array(reader: Reader, node: JSON) -> Any:
    found = hand_out(reader, node, decode_array)
    if not isinstance(found, Lent):
        return found
    if not isinstance(found.value, Place):
        raise damaged("an array of a frame is none")
    return found.value


def _decode_labels(reader: Reader, node: JSON) -> pd.Index[Any]:
    labels = hand_out(reader, node, decode_node)
    labels = labels.value if isinstance(labels, Lent) else labels
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
