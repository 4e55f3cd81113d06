"""A server that comes back without its last moments, under a program that lives on.

Redis promises no more than that with ``appendfsync everysec``, or when a replica takes over. What
the program shows is saved again, and nothing refers to what is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

import pandas as pd
import pytest
from support.consistency import assert_consistent
from support.identical import assert_identical
from support.power import lose_power, written_bytes
from support.servers import RedisServer

from streamlit_redis_session import (
    ConflictError,
    NothingToUndoError,
    Session,
    SessionNotFoundError,
    Store,
    connect,
)

from .contract_parts import assert_shows, committed
from .frames import counts, flights


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with RedisServer(persistent=True) as server:
        yield server


@pytest.fixture
def store(server: RedisServer) -> Iterator[Store]:
    with connect(server.url) as store:
        yield store


@pytest.fixture
def session(store: Store) -> Session:
    session = store.session()
    committed(session, df=flights())
    return session


def test_the_next_commit_hangs_on_what_is_left_and_has_everything_shown(
    server: RedisServer, session: Session, caplog: pytest.LogCaptureFixture
) -> None:
    kept = session.head.version
    assert kept is not None
    synced = written_bytes(server)
    committed(session, other=counts(3))
    committed(session, df=flights(900))
    lose_power(server, synced_bytes=synced)

    last = committed(session, df=flights(901))
    values = {"df": flights(901), "other": counts(3)}
    found = assert_consistent(server.url, session.id, {kept: {"df": flights()}, last.id: values})
    assert found.versions == 2
    assert caplog.text.count("has lost the last 2 version(s)") == 1
    assert session.id not in caplog.text


def test_what_is_shown_stays_when_only_looked_at(server: RedisServer, session: Session) -> None:
    synced = written_bytes(server)
    committed(session, df=flights(900))
    lose_power(server, synced_bytes=synced)

    assert not session.refresh()
    assert_shows(session, df=flights(900))
    with connect(server.url) as fresh:
        assert_shows(fresh.session(session.id), df=flights(900))


@pytest.mark.parametrize(
    "move",
    [
        lambda s: s.undo(),
        lambda s: s.create_branch("side"),
        lambda s: s.tag("v1"),
        lambda s: s.annotate("HEAD", "a note"),
        lambda s: s.checkout("HEAD~1"),
    ],
)
def test_no_move_refers_to_what_is_gone(
    server: RedisServer, session: Session, move: Callable[[Session], object]
) -> None:
    synced = written_bytes(server)
    committed(session, df=flights(900))
    committed(session, df=flights(901))
    lose_power(server, synced_bytes=synced)

    with suppress(ConflictError):
        move(session)
    assert_consistent(server.url, session.id, {})
    with connect(server.url) as fresh:
        again = fresh.session(session.id)
        assert_identical(again.read("main", "df"), flights(901))


def test_a_move_that_meets_the_loss_itself_saves_what_is_shown_and_asks_to_try_again(
    server: RedisServer, session: Session
) -> None:
    synced = written_bytes(server)
    committed(session, df=flights(900))
    committed(session, df=flights(901))
    lose_power(server, synced_bytes=synced)
    with pytest.raises(ConflictError, match="has lost its last changes"):
        session.undo()
    assert_shows(session, df=flights(901))
    assert_consistent(server.url, session.id, {})
    session.undo()
    assert_shows(session, df=flights())


def test_chunks_that_another_session_had_stored_are_stored_again(
    server: RedisServer, store: Store
) -> None:
    """What is known of chunks ends with the connection over which it was learned."""
    one, other = store.session(), store.session()
    committed(other, n=counts(2))
    synced = written_bytes(server)
    committed(one, df=flights(800))
    lose_power(server, synced_bytes=synced)

    version = committed(other, df=flights(800))
    assert_consistent(server.url, other.id, {version.id: {"n": counts(2), "df": flights(800)}})


def test_rows_of_a_frame_that_is_gone_are_stored_as_themselves(
    server: RedisServer, session: Session
) -> None:
    synced = written_bytes(server)
    large = pd.concat([flights(150_000)] * 2, ignore_index=True)
    committed(session, df=large)
    committed(session, df=large[large["age"] > 40])
    lose_power(server, synced_bytes=synced)

    last = committed(session, other=counts(2))
    values = {"df": large[large["age"] > 40], "other": counts(2)}
    assert_consistent(server.url, session.id, {last.id: values})


def test_a_session_without_any_version_left_begins_again_with_what_is_shown(
    server: RedisServer, store: Store
) -> None:
    session = store.session()
    synced = written_bytes(server)
    committed(session, df=flights())
    lose_power(server, synced_bytes=synced)

    committed(session, other=counts(2))
    assert_consistent(server.url, session.id, {})
    with connect(server.url) as fresh:
        assert_shows(fresh.session(session.id), df=flights(), other=counts(2))
    with pytest.raises(NothingToUndoError):
        session.undo()


def test_a_session_that_is_gone_says_so(server: RedisServer, store: Store) -> None:
    synced = written_bytes(server)
    session = store.session()
    committed(session, df=flights())
    lose_power(server, synced_bytes=synced)

    session["df"] = flights(3)
    with pytest.raises(SessionNotFoundError):
        session.commit()


def test_a_restart_that_lost_nothing_changes_nothing(
    server: RedisServer, session: Session, caplog: pytest.LogCaptureFixture
) -> None:
    server.kill()
    server.start()

    committed(session, other=counts(2))
    assert [v.message for v in session.log()] == ["other: new, 2 x 4", "df: new, 500 x 3"]
    assert caplog.text == ""
