"""Tabs with a head of their own: which branch they show is in the address of the page.

The head itself is kept nowhere else: it is where one person looks. The branch in the address
survives a refresh, can be sent to somebody, and needs no clearing away.
"""

from __future__ import annotations

import streamlit as st

from streamlit_redis_session.errors import NotFoundError
from streamlit_redis_session.session import Session

QUERY_NAME = "branch"


def take_head(session: Session, *, follows: bool) -> None:
    """Have a session that was just opened show its own head, or the branch in the address.

    Raises
    ------
    StorageError
        The store does not answer.
    """
    session.follows = follows
    name = None if follows else st.query_params.get(QUERY_NAME)
    if isinstance(name, str) and name and name != session.shown_head.branch:
        try:
            session.switch(name)
        except NotFoundError:  # deleted, or never there: start where the session is
            return


def keep_branch(session: Session | None) -> None:
    """Put the branch of a tab's own head into the address, where it is not the session's."""
    if session is None or session.follows:
        return
    branch = session.shown_head.branch
    name = None if branch == session.home else branch
    if st.query_params.get(QUERY_NAME) == name:
        return
    if name is None:
        del st.query_params[QUERY_NAME]
    else:
        st.query_params[QUERY_NAME] = name
