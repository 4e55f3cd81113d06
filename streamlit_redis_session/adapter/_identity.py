"""Which session a tab shows: by cookie, by link, or by a function of the app."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

import streamlit as st

from streamlit_redis_session.adapter import _streamlit_private as private
from streamlit_redis_session.errors import ConfigurationError, SessionNotFoundError
from streamlit_redis_session.session import Session, Store

Identity: TypeAlias = "Literal['browser', 'url'] | Callable[[], str]"

QUERY_NAME = "session"

_MINTED = re.compile(r"[A-Za-z0-9_-]{43}")
"""The form of ids that we mint. Ids that an app vouches for (a person's address) are never taken
from a browser."""

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
    cookie: tuple[str, str] | None = None
    """Name and value that the browser's cookie should have; ``None``: leave it alone."""


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
        return Found(store.session(vouched_id(identity), create=True))
    if identity == "url":
        return _by_link(store)
    return _by_cookie(store)


def vouched_id(identity: Callable[[], str]) -> str:
    """Trust the app: it vouches for the id, for instance of a signed-in user."""
    session_id = identity()
    if not isinstance(session_id, str) or not session_id:
        raise ConfigurationError(
            f"The identity function returned {session_id!r}; a session id is a non-empty string."
        )
    return hash_if_needed(session_id)


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
    given: object = st.context.cookies.get(cookie_name(store))
    # AppTest puts a mock in the place of the browser's cookies
    session, is_unknown = _open(store, given if isinstance(given, str) else None)
    return Found(
        session, UNKNOWN_COOKIE if is_unknown else None, cookie=(cookie_name(store), session.id)
    )


def cookie_name(store: Store) -> str:
    """Name the cookie of this app.

    Browsers share cookies between the ports of a host, and developers run one app after the
    other on the same port: the name tells apps apart by namespace, port, base path and script.
    """
    url: object = st.context.url
    port = urlsplit(url).port if isinstance(url, str) else None
    script = PurePath(private.main_script_path() or "").name
    place = f"{store.namespace}\0{port}\0{st.get_option('server.baseUrlPath')}\0{script}"
    return f"srs_session_{hashlib.sha256(place.encode()).hexdigest()[:12]}"


def _open(store: Store, given: str | None) -> tuple[Session, bool]:
    """Open a session that exists; never start one under an id that came from a browser."""
    if not given:
        return store.session(), False
    if not _MINTED.fullmatch(given):
        return store.session(), True
    try:
        return store.session(given), False
    except SessionNotFoundError:
        return store.session(), True
