"""What the program before this one did wrong: each fault is a test that it does not come back.

All nineteen are here. Of the sixteenth, paths and addresses given to an upload, only names of
values are left: the package takes no files and fetches nothing. That a refresh, a second tab and a
rerun in between harm nothing (1, 2, 14) is shown in a running app in ``tests/adapter``, the sixth
at every byte of every command, and the tenth with servers that evict, in ``tests/faults``.
"""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from support.identical import assert_identical
from support.servers import RedisServer

from streamlit_redis_session import (
    ChunkNotFoundError,
    CorruptDataError,
    NotFoundError,
    Session,
    SessionNotFoundError,
    SessionStoreError,
    Store,
    UnsupportedValueError,
    connect,
)

from .contract_parts import assert_shows, committed
from .frames import counts, flights


@pytest.fixture
def client(redis_server: RedisServer) -> Iterator[redis.Redis]:
    with redis_server.client() as client:
        yield client


@pytest.fixture
def store(redis_url: str) -> Iterator[Store]:
    with connect(redis_url) as store:
        yield store


@pytest.fixture
def session(store: Store) -> Session:
    session = store.session()
    committed(session, df=flights())
    return session


def keys_of(client: redis.Redis, pattern: str = "*") -> list[bytes]:
    found: Any = client.keys(pattern)
    return sorted(found)


def test_01_opening_a_session_again_never_deletes_it(session: Session, redis_url: str) -> None:
    for _ in range(5):
        with connect(redis_url) as store:
            assert_shows(store.session(session.id), df=flights())


def test_02_two_tabs_lose_no_update_and_ids_never_collide(session: Session, store: Store) -> None:
    tabs = [session, store.session(session.id)]
    made: list[str] = []
    lock = threading.Lock()

    def work(tab: Session, number: int) -> None:
        for step in range(15):
            version = committed(tab, df=counts(1 + 2 * step + number))
            with lock:
                made.append(version.id)

    threads = [threading.Thread(target=work, args=(t, n)) for n, t in enumerate(tabs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    again = store.session(session.id)
    assert len(set(made)) == 30
    assert set(made) <= {v.id for b in again.graph().branches for v in again.log(b)}


def test_03_a_failed_read_never_overwrites_the_history(
    session: Session, redis_url: str, client: redis.Redis
) -> None:
    graph = f"{{srs:{session.key}}}:graph"
    before: Any = client.hgetall(graph)
    client.hset(graph, next(iter(before)), b"damaged")
    with connect(redis_url) as fresh, pytest.raises(CorruptDataError):
        fresh.session(session.id)
    client.hset(graph, mapping=before)
    with connect(redis_url) as fresh:
        assert_shows(fresh.session(session.id), df=flights())


@pytest.mark.parametrize("pattern", ["*", "?" * 43, "[a-z]*", "", "srs:*", "\\*"])
def test_04_no_id_is_a_pattern(session: Session, store: Store, pattern: str) -> None:
    with pytest.raises(SessionNotFoundError):
        store.delete(pattern)
    assert_shows(store.session(session.id), df=flights())


class Exploit:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def test_05_stored_bytes_never_run_code(
    session: Session, redis_url: str, client: redis.Redis, tmp_path: Path
) -> None:
    trap = tmp_path / "ran"
    session["trap"] = Exploit(trap)
    with pytest.raises(UnsupportedValueError):
        session.commit()
    for key in keys_of(client, "srs:c:*"):
        client.set(key, pickle.dumps(Exploit(trap)), keepttl=True)
    with connect(redis_url) as fresh, pytest.raises(CorruptDataError):
        fresh.session(session.id)["df"]
    assert not trap.exists()


def test_06_a_commit_that_fails_half_way_changes_nothing(
    session: Session, redis_url: str, client: redis.Redis
) -> None:
    """Chunks are written first; without the last step nobody sees them."""
    refs: Any = client.hgetall(f"{{srs:{session.key}}}:refs")
    session["df"] = flights(900)
    session["bad"] = lambda: None
    with pytest.raises(UnsupportedValueError):
        session.commit()
    assert client.hgetall(f"{{srs:{session.key}}}:refs") == refs
    with connect(redis_url) as fresh:
        assert_shows(fresh.session(session.id), df=flights())


def test_07_deleting_keeps_the_graph_whole(session: Session, store: Store) -> None:
    session.create_branch("side")
    session.switch("side")
    lost = committed(session, df=counts(2))
    session.switch("main")
    session.delete_branch("side")
    again = store.session(session.id)
    for version in again.graph().versions:
        assert all(again.read(parent, "df") is not None for parent in version.parents)
    assert_identical(again.read(lost.id, "df"), counts(2))


def test_08_errors_are_exceptions_with_a_sentence(session: Session, store: Store) -> None:
    failures: list[Callable[[], object]] = [
        lambda: session.checkout("nobody"),
        lambda: session.read("HEAD", "nobody"),
        lambda: session.undo(99),
        lambda: session.switch("nobody"),
        lambda: store.session("nobody"),
        lambda: connect("nobody://"),
    ]
    for fail in failures:
        with pytest.raises(SessionStoreError) as caught:
            fail()
        assert len(str(caught.value)) > 20


@pytest.mark.parametrize("name", ["a:b", "v:1:2"])
def test_09_a_colon_breaks_nothing(session: Session, store: Store, name: str) -> None:
    session[name] = counts(2)
    committed(session)
    assert_shows(store.session(session.id), **{"df": flights(), name: counts(2)})
    with pytest.raises(NotFoundError):
        session.checkout(name)
    assert len(store.sessions()) == 1


def test_10_the_keys_of_one_session_expire_together(session: Session, client: redis.Redis) -> None:
    session["n"] = 1
    session.commit()
    ends = {client.pexpiretime(key.decode()) for key in keys_of(client, f"*{session.key}*")}
    assert len(keys_of(client, f"*{session.key}*")) >= 4
    assert len(ends) == 1


def test_11_nothing_scans_the_keys(session: Session, store: Store, client: redis.Redis) -> None:
    client.config_resetstat()
    committed(session, df=flights(9))
    session.undo()
    store.session(session.id)
    store.sessions()
    store.delete(session.id)
    used: Any = client.info("commandstats")
    assert not {"cmdstat_scan", "cmdstat_keys", "cmdstat_hscan"} & set(used)
    assert sum(entry["calls"] for entry in used.values()) < 120


def test_12_a_failed_load_is_never_saved_as_an_empty_value(
    session: Session, redis_url: str, client: redis.Redis
) -> None:
    lost: dict[bytes, Any] = {key: client.dump(key) for key in keys_of(client, "srs:c:*")}
    client.delete(*lost)
    with connect(redis_url) as fresh:
        again = fresh.session(session.id)
        for _ in range(2):
            with pytest.raises(ChunkNotFoundError):
                again["df"]
        assert again.commit() is None
        committed(again, other=counts(2))
        assert "df" in again
    for key, data in lost.items():
        client.restore(key, 60_000, data)
    with connect(redis_url) as fresh:
        assert_shows(fresh.session(session.id), df=flights(), other=counts(2))


def test_13_values_that_were_not_touched_stay(session: Session, redis_url: str) -> None:
    with connect(redis_url) as fresh:
        committed(fresh.session(session.id), other=counts(2))
    with connect(redis_url) as fresh:
        assert_shows(fresh.session(session.id), df=flights(), other=counts(2))


def test_12_an_unreadable_value_is_never_taken_for_an_absent_one(
    session: Session, redis_url: str, client: redis.Redis
) -> None:
    """``get(key, empty_frame)`` must not answer with the empty frame."""
    client.delete(*keys_of(client, "srs:c:*"))
    with connect(redis_url) as fresh:
        again = fresh.session(session.id)
        assert "df" in again
        for read in (again.get, again.setdefault, again.pop):
            with pytest.raises(ChunkNotFoundError):
                read("df", counts(0))
        assert "df" in again
        assert again.get("nobody") is None
        assert again.pop("nobody", 5) == 5
        assert again.commit() is None


def test_14_every_committed_step_can_be_undone(session: Session, redis_url: str) -> None:
    for number in range(1, 6):
        committed(session, df=counts(number), n=number)
        with connect(redis_url) as fresh:
            assert fresh.session(session.id).can_undo
    for number in range(4, 0, -1):
        session.undo()
        assert_shows(session, df=counts(number), n=number)


def test_15_who_lists_sessions_cannot_open_them(session: Session, store: Store) -> None:
    assert [info.key for info in store.sessions()] == [session.key]
    for info in store.sessions():
        with pytest.raises(SessionNotFoundError):
            store.session(info.key)


@pytest.mark.parametrize("key", ["../../etc/passwd", "/etc/passwd", "http://169.254.169.254/x"])
def test_16_names_are_never_paths_or_addresses(session: Session, store: Store, key: str) -> None:
    session[key] = counts(2)
    committed(session)
    assert_identical(store.session(session.id)[key], counts(2))


def test_17_the_id_is_in_no_log_and_no_message(
    session: Session, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    session.delete()
    with pytest.raises(SessionNotFoundError) as caught:
        store.session(session.id)
    assert session.id not in f"{caught.value}{caplog.text}{session!r}{store.stats()}"


def test_18_the_present_version_does_not_depend_on_any_clock(
    session: Session, store: Store
) -> None:
    """Two versions of one instant, or of clocks that disagree, keep their order."""
    ids = [committed(session, df=counts(n)).id for n in range(1, 8)]
    again = store.session(session.id)
    assert [v.id for v in again.log()][:7] == ids[::-1]


def test_19_a_session_has_one_root(store: Store) -> None:
    tabs = [store.session()]
    tabs += [store.session(tabs[0].id) for _ in range(3)]
    for number, tab in enumerate(tabs):
        committed(tab, df=counts(number + 1))
    tabs[0].refresh()
    roots = [v for v in store.session(tabs[0].id).graph().versions if not v.parents]
    assert len(roots) == 1
