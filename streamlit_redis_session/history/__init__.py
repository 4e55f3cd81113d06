"""Versions, branches and how they move; values under manifests.

Knows the rules of history. Sees values only through the codec, the store only through a backend.
"""

from streamlit_redis_session.history._diff import Diff
from streamlit_redis_session.history._export import VersionGraph
from streamlit_redis_session.history._held import Held
from streamlit_redis_session.history._lost import VersionsLostError
from streamlit_redis_session.history._placement import Draft, Landing, State
from streamlit_redis_session.history._records import BRANCH_PREFIX, TAG_PREFIX
from streamlit_redis_session.history._refs import automatic_name, check_name, normal_name
from streamlit_redis_session.history._repository import SETTINGS_FIELD, Committed, Repository
from streamlit_redis_session.history._together import together
from streamlit_redis_session.history._values import BaseLostError, ValueStore

__all__ = [
    "BRANCH_PREFIX",
    "SETTINGS_FIELD",
    "TAG_PREFIX",
    "BaseLostError",
    "Committed",
    "Diff",
    "Draft",
    "Held",
    "Landing",
    "Repository",
    "State",
    "ValueStore",
    "VersionGraph",
    "VersionsLostError",
    "automatic_name",
    "check_name",
    "normal_name",
    "together",
]
