"""Arrays -> ranges -> digests -> sealed bytes, and back.

Knows keys, digests, compression and manifests; never a server, never a DataFrame.
"""

from streamlit_redis_session.chunks._chunker import Chunker, Plan, PlannedChunk
from streamlit_redis_session.chunks._keys import Keys, digest, mint_session_id
from streamlit_redis_session.chunks._manifest import Manifest, StoredColumn

__all__ = [
    "Chunker",
    "Keys",
    "Manifest",
    "Plan",
    "PlannedChunk",
    "StoredColumn",
    "digest",
    "mint_session_id",
]
