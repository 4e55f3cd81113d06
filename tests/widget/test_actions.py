"""Messages of the browser side: each is performed once, and nothing in them is trusted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

import streamlit_redis_session as srs
from streamlit_redis_session import Session
from streamlit_redis_session.errors import NothingToUndoError
from streamlit_redis_session.widget._actions import Action, Inbox, parse_action

VERSION = "0123456789abcdef0123456789abcdef01234567"
GOOD: dict[str, Any] = {
    "kind": "checkout",
    "version": VERSION,
    "branch": None,
    "client": "c1",
    "seq": 3,
}


def without(key: str) -> dict[str, Any]:
    return {name: value for name, value in GOOD.items() if name != key}


def test_a_checkout_is_read() -> None:
    assert parse_action(GOOD) == Action("c1", 3, "checkout", VERSION, None)
    assert parse_action(GOOD | {"branch": "main"}) == Action("c1", 3, "checkout", VERSION, "main")


def test_a_branch_is_read() -> None:
    message = {"kind": "branch", "at": VERSION, "name": "idea", "client": "c1", "seq": 0}

    assert parse_action(message) == Action("c1", 0, "branch", VERSION, "idea")
    assert parse_action(message | {"name": ""}) == Action("c1", 0, "branch", VERSION, None)


BAD_FIELDS: dict[str, list[object]] = {
    "kind": [None, 1, [], {}, "delete", "CHECKOUT", "branch"],
    "version": [
        *(None, 1, "", "main", "HEAD~1", VERSION[:8], VERSION.upper(), VERSION + "\n"),
        *(VERSION + "0", "é" * 40, ["x"], "*"),
    ],
    "seq": [None, "3", 3.0, -1, True, 2**53, 10**400, [3]],
    "client": [None, "", "a b", "x" * 65, "a\n", 7, "../x", ["c"]],
    "branch": [1, "x" * 201, ["main"], {}, True, "y" * 10_000_000],
}
HOSTILE: list[object] = [
    *(None, 5, "checkout", [], [GOOD], {}),
    *(without(key) for key in ("kind", "version", "client", "seq")),
    *({**GOOD, key: bad} for key, bads in BAD_FIELDS.items() for bad in bads),
]


@pytest.mark.parametrize("message", HOSTILE, ids=lambda message: repr(message)[:60])
def test_anything_else_is_no_action_and_does_nothing(message: object) -> None:
    inbox, performed = Inbox(), list[object]()

    assert parse_action(message) is None
    assert not inbox.take(message, performed.append)
    assert performed == []
    assert inbox.ack is None


# --- the inbox ---------------------------------------------------------------------------------


@pytest.fixture
def session(memory_url: str) -> Session:
    session = srs.connect(memory_url).session()
    for rows in range(1, 7):
        session["df"] = pd.DataFrame({"a": range(rows)})
        session.commit()
    return session


def go_to(version: str, seq: int, *, client: str = "c1") -> dict[str, Any]:
    return GOOD | {"version": version, "seq": seq, "client": client}


def performer(session: Session) -> Callable[[Callable[[Session], None]], None]:
    return lambda action: action(session)


def test_five_quick_checkouts_end_at_the_last(session: Session) -> None:
    inbox = Inbox()
    targets = [version.id for version in session.log()[1:6]]
    for seq, target in enumerate(targets):
        assert inbox.take(go_to(target, seq), performer(session))

    assert session.head.version == targets[-1]
    assert inbox.ack == {"client": "c1", "seq": 4, "error": None}


def test_an_older_message_that_comes_late_does_nothing(session: Session) -> None:
    inbox = Inbox()
    new, old = (version.id for version in session.log()[1:3])
    inbox.take(go_to(new, 8), performer(session))

    assert not inbox.take(go_to(old, 7), performer(session))
    assert session.head.version == new
    assert inbox.ack == {"client": "c1", "seq": 8, "error": None}


def test_a_message_sent_again_is_performed_once_and_stays_acknowledged(session: Session) -> None:
    inbox, times = Inbox(), list[int]()
    target = session.log()[2].id

    def perform(action: Callable[[Session], None]) -> None:
        times.append(1)
        action(session)

    for _ in range(3):
        inbox.take(go_to(target, 5), perform)

    assert len(times) == 1
    assert inbox.ack == {"client": "c1", "seq": 5, "error": None}


def test_a_new_mount_counts_from_its_own_beginning(session: Session) -> None:
    inbox = Inbox()
    one, other = (version.id for version in session.log()[1:3])
    inbox.take(go_to(one, 70), performer(session))

    assert inbox.take(go_to(other, 0, client="c2"), performer(session))
    assert session.head.version == other
    assert inbox.ack == {"client": "c2", "seq": 0, "error": None}


def test_a_version_of_another_session_changes_nothing_and_is_acknowledged_with_the_reason(
    session: Session, memory_url: str
) -> None:
    foreign = srs.connect(memory_url).session()
    foreign["secret"] = pd.DataFrame({"a": [1]})
    version = foreign.commit()
    assert version is not None
    before, inbox = session.head, Inbox()

    assert not inbox.take(go_to(version.id, 1), performer(session))
    assert session.head == before
    assert "secret" not in session
    assert inbox.ack is not None
    assert version.id[:8] in inbox.ack["error"]


def test_an_unknown_branch_is_acknowledged_with_the_reason(session: Session) -> None:
    before, inbox = session.head, Inbox()
    message = go_to(session.log()[1].id, 1) | {"branch": "nowhere"}

    assert not inbox.take(message, performer(session))
    assert session.head == before
    assert inbox.ack is not None
    assert "nowhere" in inbox.ack["error"]


@pytest.mark.parametrize("name", ["main", "HEAD", "a..b", "-x", "x" * 150, "a b~1", "\x00", "a/"])
def test_a_branch_name_that_cannot_be_is_acknowledged_with_the_reason(
    name: str, session: Session
) -> None:
    before, inbox = session.graph(), Inbox()
    message = {"kind": "branch", "at": session.log()[2].id, "name": name, "client": "c", "seq": 1}

    assert not inbox.take(message, performer(session))
    assert session.graph() == before
    assert inbox.ack is not None
    assert inbox.ack["error"]


def test_a_new_branch_is_made_and_gone_to(session: Session) -> None:
    inbox, at = Inbox(), session.log()[2].id
    message = {"kind": "branch", "at": at, "name": None, "client": "c", "seq": 1}

    assert inbox.take(message, performer(session))
    assert (session.head.branch, session.head.version) == ("main-2", at)


def test_what_fails_for_the_store_s_sake_may_be_asked_again_with_a_new_number() -> None:
    inbox = Inbox()

    def fail(_action: object) -> None:
        raise NothingToUndoError

    assert not inbox.take(go_to(VERSION, 1), fail)
    assert inbox.ack is not None
    assert "Cannot undo" in inbox.ack["error"]
    performed: list[object] = []
    assert inbox.take(go_to(VERSION, 2), performed.append)
    assert inbox.ack["error"] is None
