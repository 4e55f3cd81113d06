"""What the component asks for -> a step in history. Nothing from a browser is trusted."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from streamlit_redis_session.errors import SessionStoreError
from streamlit_redis_session.session import Session

_VERSION_ID = re.compile(r"[0-9a-f]{40}")
_CLIENT = re.compile(r"[A-Za-z0-9_-]{1,64}")
_MOST_NAME_CHARS = 200


@dataclass(frozen=True, slots=True)
class Action:
    """One absolute step: repeating it, or dropping an older one, does no harm."""

    client: str
    """A random id of the component's mount."""
    seq: int
    """Grows with every action of a client."""
    kind: str
    """``"checkout"`` or ``"branch"``."""
    version: str
    name: str | None
    """The branch to go on, or the new branch's name; ``None``: chosen here."""

    def perform(self, session: Session) -> None:
        """Do it."""
        if self.kind == "checkout":
            session.checkout(self.version, branch=self.name)
        else:
            session.switch(session.create_branch(self.name, at=self.version))


def parse_action(message: object) -> Action | None:
    """Read a message of the component; ``None`` for anything that is not one."""
    if not isinstance(message, dict):
        return None
    kind = message.get("kind")
    target, name = _fields(message, kind)
    client, seq = message.get("client"), message.get("seq")
    if not _is_text(client, _CLIENT) or type(seq) is not int or not 0 <= seq < 2**53:
        return None
    if not _is_text(target, _VERSION_ID):
        return None
    if name is not None and not (isinstance(name, str) and len(name) <= _MOST_NAME_CHARS):
        return None
    return Action(str(client), seq, str(kind), str(target), name or None)


def _fields(message: dict[Any, Any], kind: object) -> tuple[object, Any]:
    if kind == "checkout":
        return message.get("version"), message.get("branch")
    if kind == "branch":
        return message.get("at"), message.get("name")
    return None, None


def _is_text(value: object, pattern: re.Pattern[str]) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


class Inbox:
    """Performs each action of a client once, and remembers what to acknowledge."""

    def __init__(self) -> None:
        self._last: dict[str, int] = {}
        self.ack: dict[str, Any] | None = None

    def take(self, message: object, perform: Callable[[Callable[[Session], None]], None]) -> bool:
        """Perform an action unless it was performed before; say whether anything was done."""
        action = parse_action(message)
        if action is None:
            return False
        if action.seq <= self._last.get(action.client, -1):
            return False
        self._last = {action.client: action.seq}
        self.ack = {"client": action.client, "seq": action.seq, "error": None}
        try:
            perform(action.perform)
        except SessionStoreError as error:
            self.ack["error"] = str(error)
            return False
        return True
