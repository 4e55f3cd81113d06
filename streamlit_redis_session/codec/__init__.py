"""A value to flat arrays and an exact description, and back; nothing about bytes on the wire.

What comes back is what went in, or an error names what cannot be stored and why.
"""

from __future__ import annotations

from streamlit_redis_session.codec._codec import decode, encode
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
from streamlit_redis_session.codec._tree import Encoded
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
    "Piece",
    "SegmentedColumn",
    "Source",
    "VarColumn",
    "classify",
    "column_from_pieces",
    "column_from_sources",
    "decode",
    "describe_shape",
    "encode",
    "identity",
    "nbytes",
    "register_codec",
    "snapshot",
]
