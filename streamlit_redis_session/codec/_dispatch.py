"""Which function encodes a type, and which decodes a tag."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, TypeVar

from streamlit_redis_session.codec._tree import Reader, Writer, damaged, type_name
from streamlit_redis_session.errors import UnsupportedValueError
from streamlit_redis_session.objects import JSON

EncodeFunction = Callable[[Writer, Any, str], JSON]
DecodeFunction = Callable[[Reader, Any], object]
E = TypeVar("E", bound=EncodeFunction)
D = TypeVar("D", bound=DecodeFunction)

ENCODERS: dict[type, EncodeFunction] = {}
"""By exact type: a subclass may carry what its base knows nothing of."""
DECODERS: dict[str, DecodeFunction] = {}
"""By tag: the allowlist of everything that a description may ask for."""

_RAW = (type(None), bool, int, str)


def encodes(*kinds: type) -> Callable[[E], E]:
    """Register a function for these exact types."""

    def register(function: E) -> E:
        for kind in kinds:
            ENCODERS[kind] = function
        return function

    return register


def decodes(*tags: str) -> Callable[[D], D]:
    """Register a function for these tags."""

    def register(function: D) -> D:
        for tag in tags:
            DECODERS[tag] = function
        return function

    return register


def encode_node(writer: Writer, value: object, path: str) -> JSON:
    """Describe a value, adding its columns to ``writer``."""
    function = ENCODERS.get(type(value)) or _late_encoder(type(value))
    if function is None:
        raise UnsupportedValueError(path, _why_not(value))
    writer.enter(path)
    node = function(writer, value, path)
    writer.leave()
    return node


def decode_node(reader: Reader, node: JSON) -> object:
    """Make the value that a node describes."""
    if type(node) in _RAW:
        return node
    if type(node) is not dict:
        raise damaged(f"a node is of type {type(node).__name__}")
    function = DECODERS.get(node["t"]) or _late_decoder(node["t"])
    if function is None:
        raise damaged(f"nothing is called {node['t']!r}")
    reader.enter()
    value = function(reader, node)
    reader.leave()
    return value


def _late_encoder(kind: type) -> EncodeFunction | None:
    """Import what encodes types of optional packages once such a type is seen."""
    if kind.__module__.partition(".")[0] == "polars" and "polars" in sys.modules:
        from streamlit_redis_session.codec import _polars  # noqa: F401, PLC0415 - optional
    return ENCODERS.get(kind)


def _late_decoder(tag: JSON) -> DecodeFunction | None:
    if isinstance(tag, str) and tag.startswith("polars."):
        from streamlit_redis_session.codec import _polars  # noqa: F401, PLC0415 - optional
    return DECODERS.get(tag)


def _why_not(value: object) -> str:
    kind = type(value)
    base = next((each for each in kind.__mro__[1:] if each in ENCODERS), None)
    if base is not None and base is not object:
        return f"it is a {type_name(kind)}, a subclass of {type_name(base)}"
    return f"it is a {type_name(kind)}"
