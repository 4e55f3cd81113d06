"""Versions, branches and how they move; values under manifests.

Knows the rules of history. Sees values only through the codec, the store only through a backend.
"""

from streamlit_redis_session.history._diff import Diff
from streamlit_redis_session.history._events import Told, read_event
from streamlit_redis_session.history._export import VersionGraph
from streamlit_redis_session.history._following import SweptError, VersionsLostError
from streamlit_redis_session.history._held import Held
from streamlit_redis_session.history._placement import Committed, Draft, Landing, State
from streamlit_redis_session.history._pruning import prune
from streamlit_redis_session.history._purging import (
    measured,
    named_chunks,
    purge_chunks,
    readable,
)
from streamlit_redis_session.history._records import BRANCH_PREFIX, TAG_PREFIX, head_in
from streamlit_redis_session.history._refs import automatic_name, check_name, normal_name
from streamlit_redis_session.history._repository import SETTINGS_FIELD, Repository
from streamlit_redis_session.history._retention import Keep
from streamlit_redis_session.history._together import together
from streamlit_redis_session.history._values import BaseLostError, ValueStore
from streamlit_redis_session.history._verifying import Verifier

__all__ = [
    "BRANCH_PREFIX",
    "SETTINGS_FIELD",
    "TAG_PREFIX",
    "BaseLostError",
    "Committed",
    "Diff",
    "Draft",
    "Held",
    "Keep",
    "Landing",
    "Repository",
    "State",
    "SweptError",
    "Told",
    "ValueStore",
    "Verifier",
    "VersionGraph",
    "VersionsLostError",
    "automatic_name",
    "check_name",
    "head_in",
    "measured",
    "named_chunks",
    "normal_name",
    "prune",
    "purge_chunks",
    "read_event",
    "readable",
    "together",
]
