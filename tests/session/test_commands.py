"""What each operation costs in commands, on a server that bills every one of them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from support.managed import ManagedServer

from streamlit_redis_session import Session, Store, connect

from .contract_parts import committed, frame_of

ROWS = 1_000_000


@pytest.fixture(scope="module")
def managed() -> Iterator[ManagedServer]:
    with ManagedServer() as managed:
        yield managed


@pytest.fixture
def store(managed: ManagedServer) -> Iterator[Store]:
    with connect(managed.url) as store:
        yield store


@pytest.fixture
def session(store: Store, managed: ManagedServer) -> Session:
    """A session of several versions; the server knows all scripts."""
    session = store.session()
    for number in range(4):
        committed(session, df=frame(2_000 + number), note=f"{number}")
    session.undo()
    session.redo()
    with connect(managed.url) as other:
        assert frame_of(other.session(session.id)).shape == (2_003, 4)
    session.touch()
    return session


def frame(rows: int) -> pd.DataFrame:
    rng = np.random.default_rng(rows)
    return pd.DataFrame({name: rng.random(rows) for name in "abcd"})


def test_a_cell_is_one_command(session: Session, managed: ManagedServer) -> None:
    frame_of(session).loc[3, "b"] = 7.0
    managed.taken()
    committed(session)
    assert managed.taken() == {"EVALSHA": 1}


def test_a_commit_of_nothing_is_none(session: Session, managed: ManagedServer) -> None:
    managed.taken()
    assert session.commit() is None
    assert managed.taken() == {}


def test_undo_and_redo_are_one_command_each(session: Session, managed: ManagedServer) -> None:
    managed.taken()
    session.undo()
    assert managed.taken() == {"EVALSHA": 1}
    session.redo()
    assert managed.taken() == {"EVALSHA": 1}


def test_following_others_is_one_command(session: Session, managed: ManagedServer) -> None:
    managed.taken()
    assert not session.refresh()
    assert managed.taken() == {"HGET": 1}


def test_a_session_is_opened_and_a_small_frame_read_with_four_commands(
    session: Session, managed: ManagedServer
) -> None:
    """Meta and refs, the record of head, its manifest, the chunks."""
    with connect(managed.url) as fresh:
        managed.taken()
        assert frame_of(fresh.session(session.id)).shape == (2_003, 4)
        assert managed.taken() == {"EVALSHA": 3, "MGET": 1}


def test_a_touch_is_three_commands_at_most(session: Session, managed: ManagedServer) -> None:
    """The session, its manifests, and the leases that have lost a tenth."""
    managed.taken()
    session.touch()
    assert managed.taken() == {"EVALSHA": 2}


def test_a_first_save_of_a_million_rows_takes_a_command_for_each_four_megabytes(
    session: Session, managed: ManagedServer
) -> None:
    """32 MB of noise in 64 chunks; one command asks which of them others have stored."""
    committed(session, noise=frame(50_000))  # the server knows the scripts now
    managed.taken()
    committed(session, large=frame(ROWS))
    sent = managed.taken()
    assert set(sent) == {"EVALSHA"}
    assert sent["EVALSHA"] <= 12
    assert managed.largest_bytes < 10_000_000


def test_a_million_rows_are_read_with_one_command_for_each_four_megabytes(
    session: Session, managed: ManagedServer
) -> None:
    committed(session, large=frame(ROWS))
    with connect(managed.url) as fresh:
        again = fresh.session(session.id)
        managed.taken()
        assert frame_of(again, "large").shape == (ROWS, 4)
        taken = managed.taken()
    assert set(taken) == {"EVALSHA", "MGET"}
    assert taken["EVALSHA"] <= 2
    assert taken["MGET"] <= 10
