"""Types that users teach the codec."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from streamlit_redis_session.codec._dispatch import (
    ENCODERS,
    decode_node,
    decodes,
    encode_node,
)
from streamlit_redis_session.codec._tree import Reader, Writer, part, type_name
from streamlit_redis_session.errors import ConfigurationError, UnsupportedValueError
from streamlit_redis_session.objects import JSON

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _UserCodec:
    cls: type
    name: str
    to_plain: Callable[[Any], object]
    from_plain: Callable[[Any], object]


_BY_NAME: dict[str, _UserCodec] = {}
_BY_CLASS: dict[type, _UserCodec] = {}


def register_codec(
    cls: type[T],
    *,
    name: str,
    to_plain: Callable[[T], object],
    from_plain: Callable[[Any], T],
) -> None:
    """Teach the codec a type: it is stored as the plain value that ``to_plain`` gives.

    Registering the same class under the same name again replaces its functions, as a rerun of a
    script does.

    Parameters
    ----------
    cls
        The exact type; subclasses have to be registered themselves.
    name
        What the type is called in the store. Keep it when the class moves or is renamed.
    to_plain
        Gives a value that can be stored, and that says all of the object.
    from_plain
        Makes an equal object of that value.

    Raises
    ------
    ConfigurationError
        The codec knows the class by itself, or the name belongs to another class.
    """
    holder = _BY_NAME.get(name)
    is_same = holder is not None and type_name(holder.cls) == type_name(cls)
    if holder is not None and not is_same:
        raise ConfigurationError(f"The name {name!r} belongs to {type_name(holder.cls)} already.")
    if cls in ENCODERS and cls not in _BY_CLASS:
        raise ConfigurationError(f"{type_name(cls)} can be stored as it is.")
    codec = _UserCodec(cls, name, to_plain, from_plain)
    _BY_NAME[name] = codec
    _BY_CLASS[cls] = codec
    ENCODERS[cls] = _encode_user


def is_registered(cls: type) -> bool:
    """Tell whether a type was taught with :func:`register_codec`."""
    return cls in _BY_CLASS


def _encode_user(writer: Writer, value: Any, path: str) -> JSON:
    codec = _BY_CLASS[type(value)]
    plain = codec.to_plain(value)
    return {"t": "user", "name": codec.name, "v": encode_node(writer, plain, path)}


@decodes("user")
def _decode_user(reader: Reader, node: JSON) -> object:
    name = part(node, "name", str)
    codec = _BY_NAME.get(name)
    if codec is None:
        hint = "Call register_codec() with that name before reading."
        raise UnsupportedValueError("A stored value", f"it needs the codec {name!r}", hint=hint)
    return codec.from_plain(decode_node(reader, node["v"]))
