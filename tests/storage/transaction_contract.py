"""What every backend must do with a change: all of it, once, or nothing."""

from __future__ import annotations

import threading

import pytest

from streamlit_redis_session.objects import SessionKey
from streamlit_redis_session.storage import Backend, Outcome, Transaction

from .contract_parts import (
    ALL_BYTES,
    DAY,
    ContractParts,
    change,
    chunk_id,
    manifest_id,
    new_key,
    version_id,
)


class TransactionContract(ContractParts):
    def test_a_change_is_there_as_a_whole(
        self, backend: Backend, key: SessionKey, epoch: str
    ) -> None:
        outcome = backend.transact(
            key,
            change(
                epoch,
                expect={"main": None},
                set_refs={"main": b"1", "head": b"main"},
                put_versions={version_id(1): b"v1", version_id(2): b"v2"},
                put_tables={manifest_id(1): b"m1"},
                set_meta={"title": b"t"},
                event=b"committed",
            ),
        )

        assert outcome is Outcome.APPLIED
        record = self.record(backend, key)
        assert record.refs == {"main": b"1", "head": b"main"}
        assert record.meta["title"] == b"t"
        assert record.seq == backend.read_seq(key) == 1
        assert record.version_count == 2
        assert backend.read_versions(key) == {version_id(1): b"v1", version_id(2): b"v2"}
        assert backend.read_versions(key, [version_id(2), version_id(3)]) == {version_id(2): b"v2"}
        assert backend.read_tables(key) == {manifest_id(1): b"m1"}
        assert backend.read_tables(key, [manifest_id(1)]) == {manifest_id(1): b"m1"}

    def test_a_change_removes_what_it_names(
        self, backend: Backend, key: SessionKey, epoch: str
    ) -> None:
        self.fill(backend, key)

        outcome = backend.transact(
            key,
            change(
                epoch,
                expect={"main": b"r1"},
                delete_refs=["main", "unknown"],
                delete_versions=[version_id(1), version_id(7)],
                delete_tables=[manifest_id(1), manifest_id(7)],
            ),
        )

        assert outcome is Outcome.APPLIED
        assert self.record(backend, key).refs == {}
        assert backend.read_versions(key) == {}
        assert backend.read_tables(key) == {}

    def test_what_is_both_put_and_deleted_is_gone(
        self, backend: Backend, key: SessionKey, epoch: str
    ) -> None:
        backend.transact(
            key,
            change(
                epoch,
                set_refs={"a": b"1", "b": b"2"},
                delete_refs=["a"],
                put_versions={version_id(1): b"v"},
                delete_versions=[version_id(1)],
                put_tables={manifest_id(1): b"m"},
                delete_tables=[manifest_id(1)],
            ),
        )

        assert self.record(backend, key).refs == {"b": b"2"}
        assert backend.read_versions(key) == {}
        assert backend.read_tables(key) == {}

    def test_a_stale_writer_loses_and_leaves_no_trace(
        self, backend: Backend, key: SessionKey, epoch: str
    ) -> None:
        """Two tabs read the same head; only the first may move it."""
        backend.transact(key, change(epoch, expect={"main": None}, set_refs={"main": b"A"}))
        before = self.record(backend, key)

        for expected in ({"main": None}, {"main": b"X"}, {"main": b"A", "other": b"1"}):
            stale = change(
                epoch,
                expect=expected,
                set_refs={"main": b"B"},
                put_versions={version_id(1): b"v"},
                put_tables={manifest_id(1): b"m"},
                set_meta={"title": b"t"},
                event=b"e",
            )
            assert backend.transact(key, stale) is Outcome.CONFLICT

        assert self.record(backend, key) == before
        assert backend.read_versions(key) == {}
        assert backend.read_tables(key) == {}

    def test_an_empty_ref_is_not_an_absent_one(
        self, backend: Backend, key: SessionKey, epoch: str
    ) -> None:
        backend.transact(key, change(epoch, set_refs={"main": b""}))

        absent = change(epoch, expect={"main": None})
        empty = change(epoch, expect={"main": b"", "other": None})

        assert backend.transact(key, absent) is Outcome.CONFLICT
        assert backend.transact(key, empty) is Outcome.APPLIED

    def test_a_repeated_transaction_is_recognised_and_writes_nothing(
        self, backend: Backend, key: SessionKey, epoch: str
    ) -> None:
        """The answer of the first try was lost; meanwhile another tab went on."""
        first = change(epoch, expect={"main": None}, set_refs={"main": b"A"})
        assert backend.transact(key, first) is Outcome.APPLIED
        backend.transact(key, change(epoch, expect={"main": b"A"}, set_refs={"main": b"B"}))

        assert backend.transact(key, first) is Outcome.REPEATED

        assert self.record(backend, key).refs == {"main": b"B"}
        assert backend.read_seq(key) == 2

    def test_a_lost_race_may_be_tried_again_under_the_same_tx_id(
        self, backend: Backend, key: SessionKey, epoch: str
    ) -> None:
        waiting = change(epoch, expect={"main": b"A"}, set_refs={"main": b"B"})
        assert backend.transact(key, waiting) is Outcome.CONFLICT

        backend.transact(key, change(epoch, set_refs={"main": b"A"}))

        assert backend.transact(key, waiting) is Outcome.APPLIED

    def test_the_last_64_transactions_are_remembered(
        self, backend: Backend, key: SessionKey, epoch: str
    ) -> None:
        tries = [change(epoch, set_refs={"main": b"%d" % n}) for n in range(70)]
        for number, transaction in enumerate(tries):
            assert backend.transact(key, transaction) is Outcome.APPLIED
            assert backend.read_seq(key) == number + 1

        repeated = [backend.transact(key, transaction) for transaction in tries[-64:]]

        assert repeated == [Outcome.REPEATED] * 64
        assert backend.transact(key, tries[5]) is Outcome.APPLIED
        assert "applied" not in self.record(backend, key).meta

    def test_a_tx_id_is_not_mistaken_for_a_part_of_another(
        self, backend: Backend, key: SessionKey, epoch: str
    ) -> None:
        for tx_id in ("a" * 16, "-" + "a" * 15, "a" * 15 + "-", "_" * 16, "a-" * 8, "-a" * 8):
            transaction = Transaction(tx_id=tx_id, epoch=epoch, ttl_s=DAY)
            assert backend.transact(key, transaction) is Outcome.APPLIED

    def test_another_incarnation_is_gone_before_anything_else_is_looked_at(
        self, backend: Backend, key: SessionKey, epoch: str
    ) -> None:
        done = change(epoch, set_refs={"main": b"A"})
        backend.transact(key, done)
        stranger = Transaction(tx_id=done.tx_id, epoch="f" * 32, ttl_s=DAY, expect={"x": b"y"})

        assert backend.transact(key, stranger) is Outcome.GONE
        assert self.record(backend, key).refs == {"main": b"A"}

    def test_a_change_sets_the_time_to_live_of_everything(self, backend: Backend) -> None:
        key = new_key()
        backend.create_session(key, ttl_s=1)
        self.fill(backend, key, ttl_s=DAY)

        self.pass_time(1.1)

        assert self.record(backend, key).refs == {"main": b"r1"}
        assert backend.read_versions(key) == {version_id(1): b"v1"}
        assert backend.read_tables(key) == {manifest_id(1): b"m1"}

    def test_any_bytes_and_names_survive_in_a_session(
        self, backend: Backend, key: SessionKey, epoch: str
    ) -> None:
        names = ["main", "a b", "ünïcode/€", "{x}:*?[a]", "0", "-1", "%a+", 'q"\r\n']
        refs = {name: ALL_BYTES + name.encode() for name in names}
        transaction = change(
            epoch,
            set_refs=refs,
            put_versions={version_id(1): ALL_BYTES, version_id(2): b""},
            put_tables={manifest_id(1): ALL_BYTES},
            set_meta={"ü": ALL_BYTES},
            event=ALL_BYTES,
        )

        assert backend.transact(key, transaction) is Outcome.APPLIED

        record = self.record(backend, key)
        assert record.refs == refs
        assert record.meta["ü"] == ALL_BYTES
        assert backend.read_versions(key) == {version_id(1): ALL_BYTES, version_id(2): b""}
        assert backend.read_versions(key, [version_id(2)]) == {version_id(2): b""}
        assert backend.read_tables(key) == {manifest_id(1): ALL_BYTES}
        assert backend.transact(key, change(epoch, expect=refs)) is Outcome.APPLIED

    def test_twenty_thousand_versions_go_in_and_out_at_once(
        self, backend: Backend, key: SessionKey, epoch: str
    ) -> None:
        versions = {version_id(n): b"v%d" % n for n in range(20_000)}
        tables = {manifest_id(n): b"m%d" % n for n in range(5_000)}
        refs = {f"tag-{n}": b"%d" % n for n in range(5_000)}
        put = change(epoch, put_versions=versions, put_tables=tables, set_refs=refs)

        assert backend.transact(key, put) is Outcome.APPLIED
        assert backend.read_versions(key) == versions
        assert backend.read_versions(key, list(versions)) == versions
        assert backend.read_tables(key) == tables
        assert self.record(backend, key).refs == refs

        remove = change(
            epoch,
            expect=refs,
            delete_versions=list(versions),
            delete_tables=list(tables),
            delete_refs=list(refs),
        )
        assert backend.transact(key, remove) is Outcome.APPLIED
        assert backend.read_versions(key) == {}
        assert backend.read_tables(key) == {}
        assert self.record(backend, key).refs == {}

    def test_of_four_writers_from_one_head_exactly_one_wins(
        self, backend: Backend, key: SessionKey, epoch: str
    ) -> None:
        start = threading.Barrier(4)
        outcomes: list[tuple[Outcome, bytes]] = []

        def write(name: bytes) -> None:
            for step in range(25):
                expected = None if step == 0 else b"step %d" % step
                start.wait()
                race = change(
                    epoch,
                    expect={"main": expected},
                    set_refs={"main": b"step %d" % (step + 1)},
                    put_versions={version_id(step): name},
                )
                outcomes.append((backend.transact(key, race), name))

        threads = [threading.Thread(target=write, args=(b"%d" % n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        won = [name for outcome, name in outcomes if outcome is Outcome.APPLIED]
        assert len(won) == 25
        assert sum(outcome is Outcome.CONFLICT for outcome, _ in outcomes) == 75
        assert backend.read_seq(key) == 25
        assert sorted(backend.read_versions(key).values()) == sorted(won)

    def test_a_change_brings_its_chunks_along(
        self, backend: Backend, key: SessionKey, epoch: str
    ) -> None:
        chunks = {chunk_id(1): ALL_BYTES, chunk_id(2): b"", chunk_id(3): b"x" * 100_000}
        transaction = change(
            epoch, set_refs={"main": b"1"}, event=b"e", put_chunks=chunks, lease_s=DAY
        )

        assert backend.transact(key, transaction) is Outcome.APPLIED
        assert backend.get_chunks(list(chunks)) == list(chunks.values())
        assert self.record(backend, key).refs == {"main": b"1"}

    @pytest.mark.parametrize("count", [3, 200])
    def test_chunks_that_a_change_brings_may_be_many_or_large(
        self, backend: Backend, key: SessionKey, epoch: str, count: int
    ) -> None:
        chunks = {chunk_id(n): b"%d" % n * (300_000 // count) for n in range(count)}
        transaction = change(
            epoch, put_versions={version_id(1): b"v"}, put_chunks=chunks, lease_s=DAY
        )

        assert backend.transact(key, transaction) is Outcome.APPLIED
        assert backend.get_chunks(list(chunks)) == list(chunks.values())
        assert backend.read_versions(key) == {version_id(1): b"v"}

    def test_a_chunk_that_a_change_brings_is_never_rewritten_and_lives_on(
        self, backend: Backend, key: SessionKey, epoch: str
    ) -> None:
        backend.put_chunks({chunk_id(1): b"there"}, lease_s=1)
        backend.put_chunks({chunk_id(2): b"longer"}, lease_s=2 * DAY)
        chunks = {chunk_id(1): b"other", chunk_id(2): b"other"}

        backend.transact(key, change(epoch, put_chunks=chunks, lease_s=DAY))
        backend.transact(key, change(epoch, put_chunks={chunk_id(2): b"other"}, lease_s=1))
        self.pass_time(1.1)

        assert backend.get_chunks(list(chunks)) == [b"there", b"longer"]

    def test_a_lost_race_that_brought_chunks_changes_nothing_else(
        self, backend: Backend, key: SessionKey, epoch: str
    ) -> None:
        before = self.record(backend, key)
        lost = change(
            epoch,
            expect={"main": b"X"},
            set_refs={"main": b"Y"},
            put_tables={manifest_id(1): b"m"},
            put_chunks={chunk_id(1): b"x"},
            lease_s=DAY,
        )

        assert backend.transact(key, lost) is Outcome.CONFLICT
        assert self.record(backend, key) == before
        assert backend.read_tables(key) == {}

    def test_a_repeated_change_whose_chunks_were_stored_leaves_them(
        self, backend: Backend, key: SessionKey, epoch: str
    ) -> None:
        first = change(epoch, put_chunks={chunk_id(1): b"x"}, lease_s=DAY)

        assert backend.transact(key, first) is Outcome.APPLIED
        assert backend.transact(key, first) is Outcome.REPEATED
        assert backend.get_chunks([chunk_id(1)]) == [b"x"]

    @pytest.mark.parametrize("tx_id", ["short", "x" * 17, "a;b" * 5 + "a", "ü" * 16, ""])
    def test_a_strange_tx_id_is_refused(
        self, backend: Backend, key: SessionKey, epoch: str, tx_id: str
    ) -> None:
        with pytest.raises(ValueError, match="tx_id"):
            backend.transact(key, Transaction(tx_id=tx_id, epoch=epoch, ttl_s=DAY))

    @pytest.mark.parametrize("field", ["epoch", "created_at", "seq", "applied"])
    def test_the_backends_own_fields_are_not_for_callers(
        self, backend: Backend, key: SessionKey, epoch: str, field: str
    ) -> None:
        with pytest.raises(ValueError, match=field):
            backend.transact(key, change(epoch, set_meta={field: b"1"}))

    def test_a_life_of_no_time_is_refused(
        self, backend: Backend, key: SessionKey, epoch: str
    ) -> None:
        with pytest.raises(ValueError, match="at least 1 second"):
            backend.transact(key, change(epoch, ttl_s=0))
        with pytest.raises(ValueError, match="at least 1 second"):
            backend.transact(key, change(epoch, put_chunks={chunk_id(1): b"x"}))
        with pytest.raises(ValueError, match="at least 1 second"):
            backend.create_session(new_key(), ttl_s=0)
        with pytest.raises(ValueError, match="at least 1 second"):
            backend.touch_session(key, ttl_s=-1)
        with pytest.raises(ValueError, match="at least 1 second"):
            backend.put_chunks({chunk_id(1): b"x"}, lease_s=0)
