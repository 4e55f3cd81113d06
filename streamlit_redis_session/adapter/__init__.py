"""Streamlit: the end of a rerun, who the person is, and the only writer of session state."""

from streamlit_redis_session.adapter._attach import attach, current_tab, label
from streamlit_redis_session.adapter._identity import COOKIE_NAME
from streamlit_redis_session.adapter._streamlit_components import component_asset_root
from streamlit_redis_session.adapter._streamlit_private import (
    current_fragment_id,
    current_state,
)
from streamlit_redis_session.adapter._tab import Notice, Tab

__all__ = [
    "COOKIE_NAME",
    "Notice",
    "Tab",
    "attach",
    "component_asset_root",
    "current_fragment_id",
    "current_state",
    "current_tab",
    "label",
]
