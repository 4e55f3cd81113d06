"""What every backend must do for those who want to hear of changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition

from streamlit_redis_session.objects import SessionKey
from streamlit_redis_session.storage import DELETED, Backend, Outcome, Subscription

from .contract_parts import DAY, ContractParts, change, new_key

WAIT_S = 20.0


class Ear:
    """Notes what a subscription says, and waits for it."""

    def __init__(self) -> None:
        self.changes: list[tuple[SessionKey, int, bytes]] = []
        self.lives: list[bool] = []
        self._noted = Condition()

    def told(self, key: SessionKey, seq: int, event: bytes) -> None:
        with self._noted:
            self.changes.append((key, seq, event))
            self._noted.notify_all()

    def changed(self, is_live: bool) -> None:
        with self._noted:
            self.lives.append(is_live)
            self._noted.notify_all()

    def wait(self, until: Callable[[], bool]) -> None:
        with self._noted:
            assert self._noted.wait_for(until, WAIT_S), (self.changes, self.lives)

    def wait_live(self, times: int = 1) -> None:
        self.wait(lambda: self.lives.count(True) >= times)


@contextmanager
def listening(backend: Backend, ear: Ear) -> Iterator[Subscription]:
    subscription = backend.subscribe(ear.told, ear.changed)
    try:
        ear.wait_live()
        yield subscription
    finally:
        subscription.close()


class LiveContract(ContractParts):
    def test_every_applied_change_with_an_event_is_told_in_order(
        self, backend: Backend, key: SessionKey, epoch: str
    ) -> None:
        ear = Ear()
        with listening(backend, ear) as subscription:
            assert subscription.is_live
            one = change(epoch, event=b"one \0 event")
            for transaction in (one, one, change(epoch), change(epoch, expect={"x": b"y"})):
                backend.transact(key, transaction)
            backend.transact(key, change(epoch, event=b"two"))
            ear.wait(lambda: len(ear.changes) >= 2)

        assert ear.changes == [(key, 1, b"one \0 event"), (key, 3, b"two")]
        assert ear.lives[0] is True

    def test_changes_of_all_sessions_are_told_and_a_deleted_one_as_well(
        self, backend: Backend, key: SessionKey, epoch: str
    ) -> None:
        other = new_key()
        backend.create_session(other, ttl_s=DAY)
        ear = Ear()
        with listening(backend, ear):
            backend.transact(key, change(epoch, event=b"here"))
            backend.transact(
                other, change(self.record(backend, other).epoch, event=b"there", ttl_s=DAY)
            )
            assert backend.delete_session(other)
            assert not backend.delete_session(other)
            backend.transact(key, change(epoch, event=b"last"))
            ear.wait(lambda: len(ear.changes) >= 4)

        # in order for each session; nodes of a cluster publish beside each other
        told = {
            each: [(seq, what) for k, seq, what in ear.changes if k == each]
            for each in (key, other)
        }
        assert told == {key: [(1, b"here"), (2, b"last")], other: [(1, b"there"), (2, DELETED)]}

    def test_a_closed_subscription_tells_nothing(
        self, backend: Backend, key: SessionKey, epoch: str
    ) -> None:
        closed, other = Ear(), Ear()
        with listening(backend, other):
            with listening(backend, closed) as subscription:
                pass
            assert not subscription.is_live
            assert backend.transact(key, change(epoch, event=b"later")) is Outcome.APPLIED
            other.wait(lambda: bool(other.changes))

        assert closed.changes == []

    def test_a_listener_that_fails_hears_the_next_change(
        self, backend: Backend, key: SessionKey, epoch: str
    ) -> None:
        ear = Ear()

        def failing(key: SessionKey, seq: int, event: bytes) -> None:
            ear.told(key, seq, event)
            raise RuntimeError("a fault of the listener")

        subscription = backend.subscribe(failing, ear.changed)
        ear.wait_live()
        for event in (b"one", b"two"):
            assert backend.transact(key, change(epoch, event=event)) is Outcome.APPLIED
        ear.wait(lambda: len(ear.changes) >= 2)
        subscription.close()

    def test_seqs_of_many_sessions_are_read_at_once(
        self, backend: Backend, key: SessionKey, epoch: str
    ) -> None:
        backend.transact(key, change(epoch))
        missing, fresh = new_key(), new_key()
        backend.create_session(fresh, ttl_s=DAY)

        assert backend.read_seqs([missing, key, fresh, key]) == [None, 1, 0, 1]
        assert backend.read_seqs([]) == []
        assert backend.read_seqs([key] * 2500) == [1] * 2500
