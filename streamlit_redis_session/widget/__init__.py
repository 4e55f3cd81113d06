"""History -> payload -> component, and diffs as tables."""

from streamlit_redis_session.widget._diff_view import diff_view
from streamlit_redis_session.widget._graph import toolbar, version_graph

__all__ = ["diff_view", "toolbar", "version_graph"]
