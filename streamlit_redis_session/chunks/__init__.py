"""Arrays -> ranges -> digests -> sealed bytes, and back.

Knows keys, digests, compression and manifests; never a server, never a DataFrame.
"""

from streamlit_redis_session.chunks._chunker import (
    Chunker,
    FoundColumn,
    Plan,
    PlannedChunk,
    Selections,
    known_part,
)
from streamlit_redis_session.chunks._keys import Keys, digest, mint_session_id
from streamlit_redis_session.chunks._manifest import Manifest
from streamlit_redis_session.chunks._parts import SidePart, StoredPart
from streamlit_redis_session.chunks._selection import affine_of, comes_from, may_come_from
from streamlit_redis_session.chunks._stored import Patch, Selection, StoredColumn

__all__ = [
    "Chunker",
    "FoundColumn",
    "Keys",
    "Manifest",
    "Patch",
    "Plan",
    "PlannedChunk",
    "Selection",
    "Selections",
    "SidePart",
    "StoredColumn",
    "StoredPart",
    "affine_of",
    "comes_from",
    "digest",
    "known_part",
    "may_come_from",
    "mint_session_id",
]
