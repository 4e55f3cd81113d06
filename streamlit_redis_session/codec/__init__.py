"""A value to flat arrays and an exact description, and back; nothing about bytes on the wire.

What comes back is what went in, or an error names what cannot be stored and why.
"""

from __future__ import annotations

from streamlit_redis_session.codec._codec import decode, decode_parts, encode, lay_out
from streamlit_redis_session.codec._parts import Encoded, Part, Stored, join_descriptions
from streamlit_redis_session.codec._pieces import (
    Source,
    column_from_pieces,
    column_from_sources,
)
from streamlit_redis_session.codec._snapshot import (
    Kind,
    classify,
    describe_shape,
    identity,
    nbytes,
    snapshot,
)
from streamlit_redis_session.codec._user import register_codec
from streamlit_redis_session.codec.columns import (
    Column,
    ColumnSpec,
    FixedColumn,
    Piece,
    SegmentedColumn,
    VarColumn,
)

__all__ = [
    "Column",
    "ColumnSpec",
    "Encoded",
    "FixedColumn",
    "Kind",
    "Part",
    "Piece",
    "SegmentedColumn",
    "Source",
    "Stored",
    "VarColumn",
    "classify",
    "column_from_pieces",
    "column_from_sources",
    "decode",
    "decode_parts",
    "describe_shape",
    "encode",
    "identity",
    "join_descriptions",
    "lay_out",
    "nbytes",
    "register_codec",
    "snapshot",
]
