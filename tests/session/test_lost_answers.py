"""A store that did what it was told, and whose answer was lost on the way."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
import pytest
from support.proxy import Proxy
from support.servers import RedisServer

import streamlit_redis_session as srs
from streamlit_redis_session.errors import StorageUnavailableError
from streamlit_redis_session.objects import Version
from streamlit_redis_session.session import Session, Store


@pytest.fixture
def proxy(redis_server: RedisServer) -> Iterator[Proxy]:
    with Proxy(redis_server.port) as proxy:
        yield proxy


@pytest.fixture
def store(proxy: Proxy, request: pytest.FixtureRequest) -> Iterator[Store]:
    with srs.connect(
        f"{proxy.url}?socket_timeout=0.5", namespace=f"lost-{abs(hash(request.node.nodeid)):x}"
    ) as store:
        yield store


@pytest.fixture
def session(store: Store) -> Session:
    session = store.session()
    session["df"] = pd.DataFrame({"a": [1, 2, 3]})
    session.commit("first")
    return session


def seen(store: Store, session: Session) -> list[str]:
    """The messages that somebody else reads, oldest first."""
    return [version.message for version in reversed(store.session(session.id).log())]


def lose_the_commit(session: Session, proxy: Proxy, message: str | None = None) -> None:
    proxy.lose_answers()
    with pytest.raises(StorageUnavailableError):
        session.commit(message)
    proxy.restore()


def test_a_commit_that_is_made_again_reports_the_version_of_the_first(
    session: Session, store: Store, proxy: Proxy
) -> None:
    session["df"] = pd.DataFrame({"a": [1, 2, 4]})
    lose_the_commit(session, proxy, "second")
    assert seen(store, session) == ["first", "second"]
    version = session.commit("second")

    assert version is not None
    assert version.message == "second"
    assert session.head.version == version.id
    assert seen(store, session) == ["first", "second"]
    assert session.commit() is None
    assert not session.is_dirty


def test_a_commit_that_never_arrived_is_made_once(
    session: Session, store: Store, proxy: Proxy
) -> None:
    session["df"] = pd.DataFrame({"a": [1, 2, 4]})
    proxy.refuse()
    for _ in range(3):
        with pytest.raises(StorageUnavailableError):
            session.commit("second")
    proxy.restore()
    version = session.commit("second")

    assert version is not None
    assert seen(store, session) == ["first", "second"]


def test_a_commit_that_arrives_after_all_is_not_made_twice(
    session: Session, store: Store, proxy: Proxy
) -> None:
    """The bytes wait in the network while the program has given up, and are delivered later."""
    session["df"] = pd.DataFrame({"a": [1, 2, 4]})
    proxy.swallow()
    with pytest.raises(StorageUnavailableError):
        session.commit("second")
    proxy.restore()
    version = session.commit("second")

    assert version is not None
    assert version.message == "second"
    assert seen(store, session) == ["first", "second"]
    pd.testing.assert_frame_equal(
        store.session(session.id)["df"],  # type: ignore[arg-type]
        pd.DataFrame({"a": [1, 2, 4]}),
    )


def test_what_was_edited_after_the_answer_was_lost_is_a_version_of_its_own(
    session: Session, store: Store, proxy: Proxy
) -> None:
    session["df"] = pd.DataFrame({"a": [1, 2, 4]})
    session["gone"] = pd.DataFrame({"b": [1]})
    lose_the_commit(session, proxy, "second")
    session["df"] = pd.DataFrame({"a": [5, 2, 4]})
    session["other"] = pd.DataFrame({"c": [1]})
    del session["gone"]
    version = session.commit("third")

    assert version is not None
    assert version.message == "third"
    assert seen(store, session) == ["first", "second", "third"]
    there = store.session(session.id)
    assert list(there) == ["df", "other"]
    assert there["df"]["a"].tolist() == [5, 2, 4]  # type: ignore[index]
    assert there.read("HEAD~1", "df")["a"].tolist() == [1, 2, 4]  # type: ignore[index]
    assert there.read("HEAD~1", "gone")["b"].tolist() == [1]  # type: ignore[index]


def test_others_may_go_on_from_a_version_whose_answer_was_lost(
    session: Session, store: Store, proxy: Proxy
) -> None:
    session["df"] = pd.DataFrame({"a": [1, 2, 4]})
    lose_the_commit(session, proxy, "second")
    other = store.session(session.id)
    other["theirs"] = pd.DataFrame({"c": [1]})
    other.commit("theirs")
    other["df"] = pd.DataFrame({"a": [0]})
    other.commit("over")
    version = session.commit("second")

    assert version is not None
    assert version.message == "second"
    assert seen(store, session) == ["first", "second", "theirs", "over"]
    assert sorted(session.graph().branches) == ["main"]
    session.refresh()
    assert session["df"]["a"].tolist() == [0]  # type: ignore[index]


def test_an_edit_in_the_meantime_is_not_overwritten_by_what_others_made(
    session: Session, store: Store, proxy: Proxy
) -> None:
    session["x"] = pd.DataFrame({"x": [1]})
    session.commit("x")
    session["df"] = pd.DataFrame({"a": [1, 2, 4]})
    proxy.refuse()
    with pytest.raises(StorageUnavailableError):
        session.commit("second")
    proxy.restore()
    other = store.session(session.id)
    other["x"] = pd.DataFrame({"x": [2]})
    other.commit("theirs")
    session["x"] = pd.DataFrame({"x": [3]})
    version = session.commit("mine")

    assert version is not None
    assert session["x"]["x"].tolist() == [3]  # type: ignore[index]
    texts = {v.message for v in store.session(session.id).graph().versions}
    assert texts == {"first", "x", "second", "theirs", "mine"}


@pytest.mark.parametrize("move", ["undo", "redo", "checkout"])
def test_a_move_whose_answer_was_lost_can_be_made_again(
    move: str, session: Session, store: Store, proxy: Proxy
) -> None:
    session["df"] = pd.DataFrame({"a": [1, 2, 4]})
    session.commit("second")
    if move == "redo":
        session.undo()
    calls: dict[str, Callable[[], Version]] = {
        "undo": session.undo,
        "redo": session.redo,
        "checkout": lambda: session.checkout("main~1"),
    }
    call = calls[move]
    seen_there = store.session(session.id).head
    proxy.swallow()
    with pytest.raises(StorageUnavailableError):
        call()
    proxy.restore()
    time.sleep(0.1)  # what was held is delivered
    assert session["df"]["a"].tolist() == ([1, 2, 3] if move == "redo" else [1, 2, 4])  # type: ignore[index]
    call()

    assert session["df"]["a"].tolist() == ([1, 2, 4] if move == "redo" else [1, 2, 3])  # type: ignore[index]
    assert store.session(session.id).head == session.head
    assert session.head != seen_there
    assert len(store.session(session.id).graph().versions) == 2


def test_an_undo_after_a_lost_answer_keeps_the_commit(
    session: Session, store: Store, proxy: Proxy
) -> None:
    session["df"] = pd.DataFrame({"a": [1, 2, 4]})
    lose_the_commit(session, proxy, "second")
    session.undo()

    assert session["df"]["a"].tolist() == [1, 2, 3]  # type: ignore[index]
    session.redo()
    assert session["df"]["a"].tolist() == [1, 2, 4]  # type: ignore[index]
    assert seen(store, session) == ["first", "second"]


def test_a_lost_redo_by_commit_is_reported(session: Session, store: Store, proxy: Proxy) -> None:
    session["df"] = pd.DataFrame({"a": [1, 2, 4]})
    second = session.commit("second")
    session.undo()
    session["df"] = pd.DataFrame({"a": [1, 2, 4]})
    lose_the_commit(session, proxy)
    again = session.commit()

    assert second is not None
    assert again is not None
    assert again.id == second.id
    assert len(store.session(session.id).graph().versions) == 2


def test_chunks_that_the_server_lost_with_the_answer_are_sent_again(
    session: Session, store: Store, proxy: Proxy, redis_server: RedisServer
) -> None:
    """A crashed server comes back without its last second: chunks that it had taken are gone."""
    rng = np.random.default_rng(5)
    before: set[bytes] = set()
    for passes in range(8):
        with redis_server.client() as client:
            before = set(client.scan_iter(f"{store.namespace}:c:*"))
        session["df"] = pd.DataFrame({"a": rng.integers(0, 2**62, 100_000)})
        proxy.lose_answers(after=passes)
        with contextlib.suppress(StorageUnavailableError):
            session.commit()
        proxy.restore()
        if session._unfinished is not None:
            break
    assert session._unfinished is not None
    with redis_server.client() as client:
        lost = set(client.scan_iter(f"{store.namespace}:c:*")) - before
        assert lost
        client.delete(*lost)
    session.commit()

    with srs.connect(redis_server.url, namespace=store.namespace) as other:
        pd.testing.assert_frame_equal(other.session(session.id)["df"], session["df"])  # type: ignore[arg-type]
