"""The command line, ``streamlit-redis-session`` or ``srs``: what an operator needs to see.

Nothing but this room imports click and rich, and nothing imports this room.
"""

from streamlit_redis_session.cli._app import main

__all__ = ["main"]
