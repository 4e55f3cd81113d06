"""Streamlit: the end of a rerun, who the person is, and the only writer of session state."""

from streamlit_redis_session.adapter._attach import attach, current_tab, label
from streamlit_redis_session.adapter._saving import Notice
from streamlit_redis_session.adapter._streamlit_components import component_asset_root
from streamlit_redis_session.adapter._streamlit_private import (
    current_fragment_id,
    current_state,
)
from streamlit_redis_session.adapter._tab import Tab

__all__ = [
    "Notice",
    "Tab",
    "attach",
    "component_asset_root",
    "current_fragment_id",
    "current_state",
    "current_tab",
    "label",
]
