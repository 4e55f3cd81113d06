"""What every backend must do when chunks are looked at or taken away, and sessions are told."""

from __future__ import annotations

from streamlit_redis_session.objects import SessionKey
from streamlit_redis_session.storage import Backend, Outcome

from .contract_parts import DAY, ContractParts, change, chunk_id, new_key


class SweepContract(ContractParts):
    def test_sizes_and_lives_of_chunks_are_told_in_order(self, backend: Backend) -> None:
        backend.put_chunks({chunk_id(1): b"four"}, lease_s=DAY)
        backend.put_chunks({chunk_id(2): b"123456"}, lease_s=2 * DAY)
        names = [chunk_id(2), chunk_id(9), chunk_id(1)]

        assert backend.chunk_sizes(names) == [6, 0, 4]
        assert [round(left / DAY) for left in backend.chunk_lives(names)] == [2, 0, 1]
        assert (backend.chunk_sizes([]), backend.chunk_lives([])) == ([], [])

    def test_a_lease_is_cut_but_never_lengthened(self, backend: Backend) -> None:
        backend.put_chunks({chunk_id(1): b"x"}, lease_s=DAY)
        backend.put_chunks({chunk_id(2): b"y"}, lease_s=100)

        backend.cut_leases([chunk_id(1), chunk_id(2), chunk_id(3)], lease_s=600)

        first, second, third = backend.chunk_lives([chunk_id(1), chunk_id(2), chunk_id(3)])
        assert 590 < first <= 600
        assert 90 < second <= 100
        assert third == 0

    def test_only_chunks_whose_lease_ends_soon_are_dropped(self, backend: Backend) -> None:
        names = [chunk_id(n) for n in range(4)]
        backend.put_chunks(dict.fromkeys(names[:3], b"x"), lease_s=DAY)
        backend.cut_leases(names[:2], lease_s=600)
        backend.extend_chunks(names[:1], lease_s=DAY)

        assert backend.drop_chunks(names, most_s=600) == 1
        assert backend.get_chunks(names) == [b"x", None, b"x", None]
        assert backend.drop_chunks(names) == 2
        assert backend.get_chunks(names) == [None] * 4
        assert backend.drop_chunks([]) == 0

    def test_putting_a_chunk_again_saves_it_from_being_dropped(self, backend: Backend) -> None:
        backend.put_chunks({chunk_id(1): b"x"}, lease_s=DAY)
        backend.cut_leases([chunk_id(1)], lease_s=600)
        backend.put_chunks({chunk_id(1): b"x"}, lease_s=DAY)

        assert backend.drop_chunks([chunk_id(1)], most_s=600) == 0

    def test_the_last_sweep_is_known_to_all(self, backend: Backend) -> None:
        assert backend.read_sweep() is None
        backend.announce_sweep(b"first")
        backend.announce_sweep(b"second")
        assert backend.read_sweep() == b"second"

    def test_a_mark_is_a_change_that_keeps_the_time_to_live(
        self, backend: Backend, key: SessionKey
    ) -> None:
        before = backend.read_lives(key).meta
        assert before is not None

        assert backend.mark_session(key, "SWEPT", b"now")

        record = self.record(backend, key)
        assert (record.refs["SWEPT"], record.seq) == (b"now", 1)
        lives = backend.read_lives(key)
        assert lives.meta is not None
        assert before - 5 < lives.meta <= before
        assert lives.refs is not None
        assert abs(lives.refs - lives.meta) < 1
        assert not backend.mark_session(new_key(), "SWEPT", b"now")

    def test_lives_tell_which_keys_there_are(self, backend: Backend, key: SessionKey) -> None:
        new = backend.read_lives(key)
        assert (new.graph, new.refs, new.tables, new.events) == (None, None, None, None)
        self.fill(backend, key)

        lives = backend.read_lives(key)
        parts = (lives.meta, lives.graph, lives.refs, lives.tables, lives.events, lives.index)
        assert all(left is not None and DAY - 5 < left <= DAY for left in parts)
        gone = backend.read_lives(new_key())
        assert (gone.meta, gone.refs, gone.index) == (None, None, None)
        assert backend.list_index() == [key]

    def test_a_change_may_expect_that_nobody_wrote(
        self, backend: Backend, key: SessionKey, epoch: str
    ) -> None:
        first = change(epoch, expect_seq=0, set_refs={"main": b"1"})

        assert backend.transact(key, first) is Outcome.APPLIED
        assert backend.transact(key, first) is Outcome.REPEATED
        late = change(epoch, expect_seq=0, set_refs={"main": b"2"})
        assert backend.transact(key, late) is Outcome.CONFLICT
        again = change(epoch, expect={"main": b"1"}, expect_seq=1, set_refs={"main": b"2"})
        assert backend.transact(key, again) is Outcome.APPLIED
        assert self.record(backend, key).refs == {"main": b"2"}
