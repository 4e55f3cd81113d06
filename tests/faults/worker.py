"""A process that is killed, or raced: commits, and says on its output what it was told is saved.

``python -m faults.worker loop URL SESSION FIRST_SERIAL`` commits until it is killed;
``python -m faults.worker tab URL`` does what it reads, one command a line, as one of several tabs.
Each answer is one line of JSON.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from support.crash_walk import value_of

from streamlit_redis_session import ConflictError, Session, StorageError, connect

UNDO_EVERY = 7
PAUSE_S = 0.02

_T = TypeVar("_T")


def say(**answer: Any) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def loop(url: str, session_id: str, first_serial: str) -> None:
    """Commit again and again; every few versions undo one first, so that branches come about."""
    session = _persists(partial(_opened, url, session_id))
    values: dict[str, int] = {key: _serial(session[key]) for key in session}
    serial = int(first_serial)
    while True:
        serial += 1
        if serial % UNDO_EVERY == 0:
            _persists(partial(_undo, session))
            values = {key: _serial(session[key]) for key in session}
        key = "ab"[serial % 2]
        values[key] = serial
        session[key] = value_of(serial)
        say(tries=serial, values=values)
        _persists(partial(session.commit, f"{serial}"))
        say(saved=session.shown_version, values=values)


def _undo(session: Session) -> None:
    """Undo, if there is something, and if the server has not just lost it."""
    try:
        if session.can_undo:
            session.undo()
    except ConflictError as error:
        say(failed=f"{type(error).__name__}: {error}")


def _opened(url: str, session_id: str) -> Session:
    return connect(url).session(session_id, create=True)


def _persists(call: Callable[[], _T]) -> _T:
    """Make the same call until the store answers."""
    while (answer := _tried(call)) is None:
        time.sleep(PAUSE_S)
    return answer[0]


def _tried(call: Callable[[], _T]) -> tuple[_T] | None:
    try:
        return (call(),)
    except StorageError as error:
        say(failed=f"{type(error).__name__}: {error}")
        return None


def _serial(frame: Any) -> int:
    """Tell from a frame which number it stands for."""
    return int(frame["t"].iloc[0][1:])


def tab(url: str) -> None:
    """Obey: ``open SESSION``, ``edit KEY SERIAL`` (commits at once), ``follow``."""
    store = connect(url)
    session: Session | None = None
    for line in sys.stdin:
        match line.split():
            case ["open", session_id]:
                session = store.session(session_id, create=True)
                say(opened=True)
            case ["edit", key, serial]:
                assert session is not None
                session[key] = value_of(int(serial))
                version = session.commit()
                assert version is not None
                keys = sorted(version.values)
                branch = session.head.branch
                say(saved=version.id, keys=keys, branch=branch, parents=version.parents)
            case ["follow"]:
                assert session is not None
                session.refresh()
                shown = {key: _serial(session[key]) for key in session}
                say(version=session.head.version, branch=session.head.branch, values=shown)
            case other:
                raise ValueError(other)


if __name__ == "__main__":
    tab(*sys.argv[2:]) if sys.argv[1] == "tab" else loop(*sys.argv[2:])
