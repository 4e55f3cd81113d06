"""The mapping, the tracker (what changed) and the writer (background)."""

from streamlit_redis_session.session._connect import connect
from streamlit_redis_session.session._describing import ValueInfo
from streamlit_redis_session.session._session import Session
from streamlit_redis_session.session._store import SessionInfo, Store, StoreStats
from streamlit_redis_session.session._writer import CLOSE_TIMEOUT_S, Job, Writer

__all__ = [
    "CLOSE_TIMEOUT_S",
    "Job",
    "Session",
    "SessionInfo",
    "Store",
    "StoreStats",
    "ValueInfo",
    "Writer",
    "connect",
]
