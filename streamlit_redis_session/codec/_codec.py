"""The two functions of the room: encode and decode."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence

import pyarrow as pa

# imported for what they register
from streamlit_redis_session.codec import (  # noqa: F401
    _arrow_values,
    _numpy,
    _pandas_frame,
    _pandas_index,
    _pandas_scalars,
    _plain,
    _user,
)
from streamlit_redis_session.codec._dispatch import decode_node, encode_node
from streamlit_redis_session.codec._parts import (
    Encoded,
    Part,
    RootReader,
    RootWriter,
    Stored,
    split,
)
from streamlit_redis_session.codec._tree import damaged
from streamlit_redis_session.codec.columns import Column
from streamlit_redis_session.errors import UnsupportedValueError
from streamlit_redis_session.objects import JSON

_MISFITS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    NotImplementedError,
    RecursionError,
    TypeError,
    ValueError,
    pa.ArrowException,
)
"""What Python, NumPy, pandas and Arrow raise when they are given what makes no sense."""


def encode(value: object, *, path: str, known: Mapping[Hashable, object] | None = None) -> Encoded:
    """Take a value apart into parts, each of flat columns and an exact description.

    Equal content always gives equal descriptions and columns of equal bytes. Columns of frames
    under Copy-on-Write and of Arrow data are views: keep ``value`` unwritten (a snapshot) for as
    long as they are used.

    Parameters
    ----------
    value
        Any value; :func:`snapshot` makes it safe from later writes.
    path
        What the value is called in messages, such as ``df``.
    known
        What is known of parts, by token: those parts are taken apart only when asked for.

    Raises
    ------
    UnsupportedValueError
        Something in the value cannot be stored exactly; it names where and what.
    """
    return _encoded(RootWriter(known or {}, is_lazy=False), value, path)


def lay_out(value: object) -> Encoded:
    """Name the parts of a value that was encoded or decoded before, and take none apart.

    The root alone is described: equal roots mean that the parts of both correspond by number.
    """
    return _encoded(RootWriter({}, is_lazy=True), value, "value")


def _encoded(writer: RootWriter, value: object, path: str) -> Encoded:
    try:
        description = encode_node(writer, value, path)
    except RecursionError:
        raise UnsupportedValueError(path, "it is nested too deeply") from None
    return writer.encoded(value, description)


def decode(description: JSON, columns: Sequence[Column]) -> object:
    """Make the value that :func:`encode` took apart.

    The value takes over the memory of columns that own it: decode a set of columns once, or make
    them anew from their pieces. Views, such as ``encode`` gives, are copied.

    Parameters
    ----------
    description, columns
        ``Encoded.description`` and ``Encoded.columns``.

    Raises
    ------
    CorruptDataError
        The description and the columns do not fit together; nothing is guessed.
    UnsupportedValueError
        The value needs a codec that was not registered here.
    """
    return _decoded(lambda: split(description, columns))


def decode_parts(parts: Sequence[Stored | Part]) -> object:
    """Make a value of its parts: of each the description and columns, or a part that is lent.

    A part of another value that is in memory, with :attr:`Part.lend`, takes the place of an equal
    one. Both values then share memory under Copy-on-Write: a write to one does not reach the other.

    Raises
    ------
    CorruptDataError, UnsupportedValueError
        As :func:`decode` does.
    """
    return _decoded(lambda: parts)


def _decoded(parts: Callable[[], Sequence[Stored | Part]]) -> object:
    try:
        reader = RootReader(parts())
        value = decode_node(reader, reader.root)
    except _MISFITS as error:
        if isinstance(error, UnsupportedValueError):
            raise
        detail = f"{type(error).__name__}: {error}"
        raise damaged(f"its parts do not fit together ({detail:.200})") from error
    reader.finish()
    return value
