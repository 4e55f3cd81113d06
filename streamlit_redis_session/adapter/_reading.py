"""Values for session state; what cannot be read is named, and stays in the store."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from streamlit_redis_session.adapter._saving import Notice
from streamlit_redis_session.adapter._seen import Seen
from streamlit_redis_session.adapter._streamlit_private import TabState
from streamlit_redis_session.errors import SessionStoreError, StorageError
from streamlit_redis_session.session import Session

_LOGGER = logging.getLogger(__name__)


def read_values(
    session: Session, keys: Iterable[str], notices: dict[str, Notice]
) -> dict[str, object]:
    """Read values; for each that cannot be read there is a notice from then on.

    Raises
    ------
    StorageError
        The store does not answer; the values may be read later.
    """
    values: dict[str, object] = {}
    for key in keys:
        _read_one(session, key, values, notices)
    return values


def _read_one(
    session: Session, key: str, values: dict[str, object], notices: dict[str, Notice]
) -> None:
    try:
        values[key] = session[key]
        notices.pop(f"unreadable {key}", None)
    except StorageError:
        raise  # it may be read later
    except SessionStoreError as error:
        _LOGGER.warning("%r could not be restored: %s", key, error)
        notices[f"unreadable {key}"] = Notice("error", f"{key}: {error}")


def let_go(seen: Seen, session: Session, state: TabState) -> list[str]:
    """Have values that another tab wrote to around pandas read anew, and name them.

    Tabs of one process may share the memory of a value, even those of different sessions.
    """
    if not seen.tampered():
        return []
    keys = seen.tampered_in(state.read())
    session.read_anew(keys)
    return keys
