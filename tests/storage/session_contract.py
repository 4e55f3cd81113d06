"""What every backend must do with a session from its creation to its end."""

from __future__ import annotations

from streamlit_redis_session.objects import SessionKey
from streamlit_redis_session.storage import Backend, Outcome

from .contract_parts import (
    DAY,
    ContractParts,
    change,
    chunk_id,
    new_key,
    version_id,
)


class SessionContract(ContractParts):
    def test_a_new_session_has_an_epoch_and_no_refs(
        self, backend: Backend, key: SessionKey
    ) -> None:
        record = self.record(backend, key)

        assert len(record.epoch) == 32
        assert record.seq == 0
        assert float(record.meta["created_at"]) > 0
        assert record.refs == {}
        assert record.version_count == 0
        assert set(record.meta) == {"epoch", "created_at", "seq"}

    def test_creating_a_session_that_exists_leaves_it_alone(
        self, backend: Backend, key: SessionKey, epoch: str
    ) -> None:
        backend.transact(key, change(epoch, set_refs={"main": b"1"}))

        assert not backend.create_session(key, ttl_s=DAY)
        assert self.record(backend, key).epoch == epoch
        assert self.record(backend, key).refs == {"main": b"1"}

    def test_what_was_never_created_is_not_there(self, backend: Backend) -> None:
        key = new_key()

        assert backend.read_session(key) is None
        assert backend.read_seq(key) is None
        assert backend.read_versions(key) == {}
        assert backend.read_tables(key) == {}
        assert not backend.touch_session(key, ttl_s=DAY)
        assert not backend.delete_session(key)
        assert backend.transact(key, change("e" * 32)) is Outcome.GONE
        assert backend.read_session(key) is None

    def test_a_session_goes_as_a_whole_when_its_time_is_over(self, backend: Backend) -> None:
        key = new_key()
        backend.create_session(key, ttl_s=DAY)
        self.fill(backend, key, ttl_s=1)

        self.pass_time(1.1)

        assert backend.read_session(key) is None
        assert backend.read_versions(key) == {}
        assert backend.read_tables(key) == {}
        assert backend.list_sessions() == []

    def test_a_touch_gives_a_session_another_life(self, backend: Backend) -> None:
        key = new_key()
        backend.create_session(key, ttl_s=1)

        assert backend.touch_session(key, ttl_s=DAY)
        self.pass_time(1.1)

        assert backend.read_session(key) is not None
        assert backend.list_sessions() == [key]

    def test_a_touch_may_shorten_a_life(self, backend: Backend, key: SessionKey) -> None:
        assert backend.touch_session(key, ttl_s=1)
        self.pass_time(1.1)

        assert backend.read_session(key) is None

    def test_a_session_born_again_is_another_one(self, backend: Backend) -> None:
        key = new_key()
        backend.create_session(key, ttl_s=DAY)
        old = self.fill(backend, key)
        backend.delete_session(key)

        assert backend.create_session(key, ttl_s=DAY)

        record = self.record(backend, key)
        assert record.epoch != old
        assert record.refs == {}
        assert backend.read_versions(key) == {}
        assert backend.read_tables(key) == {}
        assert backend.transact(key, change(old)) is Outcome.GONE
        assert self.record(backend, key).seq == 0

    def test_a_late_transaction_cannot_undo_a_delete(
        self, backend: Backend, key: SessionKey, epoch: str
    ) -> None:
        late = change(epoch, set_refs={"main": b"1"}, put_versions={version_id(1): b"v"})

        assert backend.delete_session(key)
        assert backend.transact(key, late) is Outcome.GONE

        assert backend.read_session(key) is None
        assert backend.read_versions(key) == {}
        assert backend.list_sessions() == []

    def test_deleting_one_session_leaves_others_and_all_chunks(self, backend: Backend) -> None:
        first, second = new_key(), new_key()
        for key in (first, second):
            backend.create_session(key, ttl_s=DAY)
            self.fill(backend, key)
        backend.put_chunks({chunk_id(1): b"x"}, lease_s=DAY)

        assert backend.delete_session(first)

        assert backend.list_sessions() == [second]
        assert backend.read_versions(second) == {version_id(1): b"v1"}
        assert backend.get_chunks([chunk_id(1)]) == [b"x"]

    def test_living_sessions_are_listed(self, backend: Backend) -> None:
        keys = [new_key() for _ in range(5)]
        for key in keys:
            backend.create_session(key, ttl_s=DAY)
        short = new_key()
        backend.create_session(short, ttl_s=1)
        assert set(backend.list_sessions()) == {*keys, short}

        backend.delete_session(keys.pop())
        self.pass_time(1.1)

        assert set(backend.list_sessions()) == set(keys)
