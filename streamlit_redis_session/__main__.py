"""``python -m streamlit_redis_session``: the command line."""

from streamlit_redis_session.cli import main

if __name__ == "__main__":
    main()
