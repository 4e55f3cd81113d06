"""Quick checks of the protocol: each is a function that raises where a promise is broken."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, cast

from streamlit_redis_session.errors import SessionNotFoundError, StorageUnavailableError
from streamlit_redis_session.objects import ChunkId, SessionKey
from streamlit_redis_session.storage import Backend, Outcome, Transaction
from streamlit_redis_session.storage._memory import MemoryBackend
from streamlit_redis_session.storage._memory_store import MemoryStore
from support.clients import (
    Client,
    assert_sound,
    frame,
    number_of,
    open_store,
)
from support.programs import (
    World,
    assert_size,
    begin,
    branch,
    delete,
    drag,
    follow,
    orders,
    put,
    rename,
    tag,
    then,
    undo,
)

Check = Callable[[], None]

# in every order of the store calls


def commits_of_one_value_make_two_branches() -> None:
    orders(put("df", 5), put("df", 6), check=assert_size(2, 1))


def commits_of_two_values_make_one_line_with_both() -> None:
    def check(world: World) -> None:
        assert_size(2, 0)(world)
        session = world.session()
        assert number_of(session["df"]) == 5
        assert number_of(session["by"]) == 6

    orders(put("df", 5), put("by", 6), check=check)


def one_commit_made_twice_is_one_version() -> None:
    orders(put("df", 5), put("df", 5), check=assert_size(1, 0))


def an_undo_does_not_swallow_a_commit() -> None:
    orders(undo, put("df", 5))


def a_late_commit_does_not_bring_back_a_deleted_session() -> None:
    orders(delete, put("df", 5))


def an_undo_of_a_deleted_session_says_that_it_is_gone() -> None:
    orders(delete, undo)


def a_renamed_branch_keeps_head() -> None:
    orders(rename, undo)


def drags_and_names_get_along() -> None:
    orders(drag("df", 5, 6), then(follow, branch), most=12)
    orders(drag("df", 5, 6), then(follow, tag), most=12)


def a_drag_and_another_value_make_one_line() -> None:
    orders(drag("df", 5, 6), put("by", 7), check=lambda w: _has_branches(w, 2))


def a_drag_and_the_same_value_lose_nothing() -> None:
    orders(drag("df", 5, 6), then(follow, put("df", 7)), most=12)


def _has_branches(world: World, count: int) -> None:
    assert len(world.session().graph().branches) == count


# one after the other


class Pair:
    """A session in memory with two clients that have seen the same head."""

    def __init__(self, backend: Backend | None = None) -> None:
        self.store = MemoryStore()
        self.backend: Backend = backend or MemoryBackend(store=self.store)
        self.session_id, self.promises = begin(self.backend)
        self.one, self.two = self.client(), self.client()

    def client(self, backend: Backend | None = None) -> Client:
        return Client(backend or self.backend, self.session_id, self.promises)

    def check(self) -> None:
        assert_sound(self.backend, self.session_id, self.promises)

    def key(self) -> SessionKey:
        return self.one.session.key


def an_edit_after_undo_keeps_the_old_tip() -> None:
    pair = Pair()
    for number in (5, 6, 7):
        pair.one.undo()
        pair.one.put("df", number)
        pair.check()
    assert len(pair.one.session.graph().branches) == 5


def the_same_edit_after_undo_is_the_redo() -> None:
    pair = Pair()
    pair.one.undo()
    pair.one.put("df", 2)
    assert pair.one.session.head.branch == "main"
    assert not pair.one.session.can_redo
    assert len(pair.one.session.graph().versions) == 3


def a_repeated_edit_does_not_pull_others_back() -> None:
    pair = Pair()
    pair.one.put("df", 5)
    later = pair.client()
    later.put("df", 6)
    pair.two.put("df", 5)
    assert pair.client().session.head == later.session.head


def a_change_is_seen_by_who_follows() -> None:
    pair = Pair()
    pair.one.put("df", 5)
    pair.two.follow()
    assert number_of(pair.two.session["df"]) == 5


def a_drag_is_one_version_with_the_parent_of_the_first() -> None:
    pair = Pair()
    before = pair.one.session.shown_version
    pair.one.put("df", 5)
    pair.one.drag("df", 9)
    made = pair.one.session.log()[0]
    assert made.parents == (before,)
    assert made.message == "df: +7 rows"
    pair.check()


def a_drag_that_leads_back_leaves_no_step() -> None:
    pair = Pair()
    before = pair.one.session.graph()
    pair.one.put("df", 5)
    pair.one.drag("df", 2)
    assert pair.one.session.graph() == before
    assert pair.client().session.graph() == before


def a_named_version_is_not_dragged_away() -> None:
    for name in ("tag", "branch"):
        pair = Pair()
        pair.one.put("df", 5)
        getattr(pair.one, name)("kept")
        pair.one.drag("df", 6)
        assert len(pair.one.session.log()) == 5


def a_version_that_others_went_on_from_is_not_dragged_away() -> None:
    pair = Pair()
    pair.one.put("df", 5)
    pair.two.follow()
    pair.two.put("by", 7)
    pair.one.drag("df", 6)
    pair.check()
    assert len(pair.one.session.graph().versions) == 6


def who_saw_a_dragged_version_is_rebased() -> None:
    pair = Pair()
    pair.one.put("df", 5)
    pair.two.follow()
    pair.one.drag("df", 6)
    pair.two.put("by", 7)
    pair.check()
    assert set(pair.two.session.graph().branches) == {"main", "side"}


def another_incarnation_is_another_session() -> None:
    pair = Pair()
    pair.backend.delete_session(pair.key())
    pair.backend.create_session(pair.key(), ttl_s=1000)
    try:
        pair.one.session["df"] = frame(5).copy()
        pair.one.session.commit()
    except SessionNotFoundError:
        return
    raise AssertionError("a commit went into another incarnation of its session")


class _Proxy:
    """A backend that does something besides for one kind of call."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)


class _SentTwice(_Proxy):
    """The answer to each change is lost on the way, and the connection sends it again."""

    def transact(self, key: SessionKey, transaction: Transaction) -> Outcome:
        self._backend.transact(key, transaction)
        return self._backend.transact(key, transaction)


def a_change_that_is_sent_twice_happens_once() -> None:
    pair = Pair()
    one = pair.client(cast("Backend", _SentTwice(pair.backend)))
    one.put("df", 5)
    one.put("df", 6)
    one.drag("df", 7)
    one.set("chart", 1)
    record = pair.backend.read_session(pair.key())
    assert record is not None
    assert record.seq == 8
    assert_sound(pair.backend, pair.session_id, pair.promises)


class _AnswerLost(_Proxy):
    """The next change is applied, and nobody hears of it."""

    is_armed = True

    def transact(self, key: SessionKey, transaction: Transaction) -> Outcome:
        outcome = self._backend.transact(key, transaction)
        if self.is_armed:
            self.is_armed = False
            raise StorageUnavailableError("the connection was closed")
        return outcome


def a_commit_that_is_tried_again_is_one_version() -> None:
    for drags in (False, True):
        pair = Pair()
        proxy = _AnswerLost(pair.backend)
        proxy.is_armed = False
        one = pair.client(cast("Backend", proxy))
        one.put("df", 5)
        proxy.is_armed = True
        again = one.drag if drags else one.put
        with contextlib.suppress(StorageUnavailableError):
            again("df", 6)
        others = pair.client()
        others.put("df", 8)
        again("df", 6)
        pair.check()
        assert len(pair.client().session.graph().branches) == 2


class _Dies(_Proxy):
    """A process that ends after so many writes, and cannot do anything any more."""

    def __init__(self, backend: Backend, writes: int) -> None:
        super().__init__(backend)
        self.left = writes

    def _spend(self) -> None:
        if self.left == 0:
            raise StorageUnavailableError("the process has ended")
        self.left -= 1

    def put_chunks(self, chunks: dict[ChunkId, bytes], *, lease_s: int) -> None:
        self._spend()
        self._backend.put_chunks(chunks, lease_s=lease_s)

    def transact(self, key: SessionKey, transaction: Transaction) -> Outcome:
        self._spend()
        return self._backend.transact(key, transaction)


def what_a_process_leaves_behind_is_whole() -> None:
    """A process that ends after any of its writes leaves nothing that cannot be read."""
    for writes in range(4):
        pair = Pair()
        dying = pair.client(cast("Backend", _Dies(pair.backend, writes)))
        with contextlib.suppress(StorageUnavailableError):
            dying.put("df", 5)
            dying.undo()
        pair.check()


# time


class _Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def chunks_live_as_long_as_their_session() -> None:
    clock = _Clock()
    pair = Pair(MemoryBackend(clock=clock))
    day_s = 86_400
    clock.now += day_s - 60
    pair.check()
    pair.one.set("chart", 1)
    clock.now += 3_600
    pair.check()


def a_chunk_that_is_gone_is_stored_again() -> None:
    """A fresh process reuses nothing of which it has not heard that it is there."""
    pair = Pair()
    pair.store.chunks.clear()
    fresh = open_store(pair.backend).session()
    fresh["df"] = frame(2).copy()
    fresh.commit()
    assert number_of(open_store(pair.backend).session(fresh.id)["df"]) == 2
