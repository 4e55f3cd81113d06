"""Arrays -> ranges -> digests -> sealed bytes, and back.

Knows keys, digests, compression and manifests; never a server, never a DataFrame.
"""

from streamlit_redis_session.chunks._chunker import (
    Chunker,
    FoundColumn,
    Plan,
    PlannedChunk,
    known_part,
)
from streamlit_redis_session.chunks._compression import MOST_SMALL_BYTES, Way, load_compression
from streamlit_redis_session.chunks._keys import Keys, digest, mint_session_id
from streamlit_redis_session.chunks._manifest import Manifest
from streamlit_redis_session.chunks._order import is_order_of
from streamlit_redis_session.chunks._parts import SidePart, StoredPart
from streamlit_redis_session.chunks._patch import (
    MOST_PATCHED_ROWS,
    PatchForm,
    apply_patch,
    pack_rows,
    remapped,
    values_at,
)
from streamlit_redis_session.chunks._rows import Rows, Run
from streamlit_redis_session.chunks._same import same_chunks
from streamlit_redis_session.chunks._selection import affine_of, comes_from, same_bytes, sample_of
from streamlit_redis_session.chunks._selections import Selections
from streamlit_redis_session.chunks._stored import Patch, Selection, StoredColumn

__all__ = [
    "MOST_PATCHED_ROWS",
    "MOST_SMALL_BYTES",
    "Chunker",
    "FoundColumn",
    "Keys",
    "Manifest",
    "Patch",
    "PatchForm",
    "Plan",
    "PlannedChunk",
    "Rows",
    "Run",
    "Selection",
    "Selections",
    "SidePart",
    "StoredColumn",
    "StoredPart",
    "Way",
    "affine_of",
    "apply_patch",
    "comes_from",
    "digest",
    "is_order_of",
    "known_part",
    "load_compression",
    "mint_session_id",
    "pack_rows",
    "remapped",
    "same_bytes",
    "same_chunks",
    "sample_of",
    "values_at",
]
