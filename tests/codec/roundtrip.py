"""A value through everything that stands between an encode and a decode in another process."""

from __future__ import annotations

import json
from typing import Any

from streamlit_redis_session.codec import (
    Column,
    Encoded,
    column_from_pieces,
    decode,
    encode,
)

_ODD = (1, 7, 3, 64, 1000)


def stored(encoded: Encoded) -> tuple[Any, list[Column]]:
    """Push a description through JSON and columns through pieces of odd lengths."""
    text = json.dumps(encoded.description, allow_nan=False)
    assert_exact_json(encoded.description)
    return json.loads(text), [_cut(each) for each in encoded.columns]


def roundtrip(value: object) -> Any:
    """Encode a value, store it, decode it."""
    return decode(*stored(encode(value, path="value")))


def content(encoded: Encoded) -> tuple[str, list[tuple[str, bytes]]]:
    """Give all that an encoded value consists of, fit to be compared."""
    columns = [
        (json.dumps(each.spec()), bytes(each.piece(0, each.rows))) for each in encoded.columns
    ]
    return json.dumps(encoded.description), columns


def assert_exact_json(node: Any) -> None:
    """Fail on anything in a description that some JSON reader could change."""
    if isinstance(node, dict):
        assert all(type(key) is str for key in node)
        for each in node.values():
            assert_exact_json(each)
    elif isinstance(node, list):
        for each in node:
            assert_exact_json(each)
    elif type(node) is int:
        assert abs(node) < 2**53
    else:
        assert node is None or type(node) in (bool, str), f"{type(node)} in a description"
        if type(node) is str:
            node.encode("utf-8")


def _cut(column: Column) -> Column:
    pieces = []
    at, turn = 0, 0
    while at < column.rows:
        stop = min(at + _ODD[turn % len(_ODD)], column.rows)
        pieces.append((stop - at, bytes(column.piece(at, stop))))
        at, turn = stop, turn + 1
    return column_from_pieces(json.loads(json.dumps(column.spec())), pieces)
