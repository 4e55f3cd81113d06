"""A value to flat arrays and an exact description, and back; nothing about bytes on the wire.

What comes back is what went in, or an error names what cannot be stored and why.
"""

from __future__ import annotations

from streamlit_redis_session.codec._codec import decode, decode_parts, encode, lay_out
from streamlit_redis_session.codec._fingerprint import (
    check_memory,
    check_part,
    fingerprint,
    has_fingerprint,
    is_tampered_with,
    memory_of,
    note_memory,
)
from streamlit_redis_session.codec._freeze import Frozen
from streamlit_redis_session.codec._memory import memory_stamp
from streamlit_redis_session.codec._parts import Encoded, Part, Stored, join_descriptions
from streamlit_redis_session.codec._pieces import (
    Source,
    column_from_pieces,
    column_from_sources,
)
from streamlit_redis_session.codec._same import Mark, is_same_memory, is_same_setting, mark_of
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
    "Frozen",
    "Kind",
    "Mark",
    "Part",
    "Piece",
    "SegmentedColumn",
    "Source",
    "Stored",
    "VarColumn",
    "check_memory",
    "check_part",
    "classify",
    "column_from_pieces",
    "column_from_sources",
    "decode",
    "decode_parts",
    "describe_shape",
    "encode",
    "fingerprint",
    "has_fingerprint",
    "identity",
    "is_same_memory",
    "is_same_setting",
    "is_tampered_with",
    "join_descriptions",
    "lay_out",
    "mark_of",
    "memory_of",
    "memory_stamp",
    "nbytes",
    "note_memory",
    "register_codec",
    "snapshot",
]
