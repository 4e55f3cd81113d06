"""Which session a tab shows: by cookie, by link, or by a function of the app."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import streamlit as st

from streamlit_redis_session.errors import ConfigurationError, SessionNotFoundError
from streamlit_redis_session.session import Session, Store

Identity: TypeAlias = "Literal['browser', 'url'] | Callable[[], str]"

COOKIE_NAME = "streamlit_redis_session"
QUERY_NAME = "session"

UNKNOWN_LINK = (
    "The link names a session that does not exist: it has expired, was deleted, or was "
    "mistyped. A new session has been started; its link is in the address bar."
)
UNKNOWN_COOKIE = (
    "This browser's earlier session does not exist any more: it has expired or was deleted. "
    "A new session has been started."
)


@dataclass(frozen=True)
class Found:
    """The session of a tab, and what the person has to know about how it was found."""

    session: Session
    notice: str | None = None
    cookie: str | None = None
    """The value that the browser's cookie should have; ``None``: leave it alone."""


def check_identity(identity: object) -> None:
    """Refuse anything that is not a way of finding sessions.

    Raises
    ------
    ConfigurationError
        ``identity`` is none of the ways that ``attach()`` knows.
    """
    if identity in ("browser", "url") or callable(identity):
        return
    raise ConfigurationError(
        f"identity={identity!r} is not known. Use 'browser', 'url', or a function that returns "
        "a session id."
    )


def find_session(store: Store, identity: Identity) -> Found:
    """Open the session of the current tab, or start a new one under a new id.

    Raises
    ------
    StorageError
        The store does not answer; nothing was started.
    """
    if callable(identity):
        return Found(_by_function(store, identity))
    if identity == "url":
        return _by_link(store)
    return _by_cookie(store)


def _by_function(store: Store, identity: Callable[[], str]) -> Session:
    """Trust the app: it vouches for the id, for instance of a signed-in user."""
    session_id = identity()
    if not isinstance(session_id, str) or not session_id:
        raise ConfigurationError(
            f"The identity function returned {session_id!r}; a session id is a non-empty string."
        )
    return store.session(hash_if_needed(session_id), create=True)


def hash_if_needed(session_id: str) -> str:
    """Bring an id with spaces, other scripts or great length into the form of one."""
    is_plain = len(session_id) <= 256 and session_id.isascii() and session_id.isprintable()
    if is_plain and " " not in session_id:
        return session_id
    return hashlib.sha256(session_id.encode()).hexdigest()


def _by_link(store: Store) -> Found:
    given = st.query_params.get(QUERY_NAME)
    session, is_unknown = _open(store, given)
    if given != session.id:
        st.query_params[QUERY_NAME] = session.id
    return Found(session, UNKNOWN_LINK if is_unknown else None)


def _by_cookie(store: Store) -> Found:
    given = st.context.cookies.get(COOKIE_NAME)
    session, is_unknown = _open(store, given)
    return Found(session, UNKNOWN_COOKIE if is_unknown else None, cookie=session.id)


def _open(store: Store, given: str | None) -> tuple[Session, bool]:
    """Open a session that exists; never start one under an id that came from a browser."""
    if not given:
        return store.session(), False
    try:
        return store.session(given), False
    except SessionNotFoundError:
        return store.session(), True
