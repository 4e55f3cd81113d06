"""What every backend must do with chunks and their leases."""

from __future__ import annotations

from streamlit_redis_session.objects import SessionKey
from streamlit_redis_session.storage import Backend

from .contract_parts import (
    ALL_BYTES,
    DAY,
    ContractParts,
    chunk_id,
)


class ChunkContract(ContractParts):
    def test_chunks_come_back_in_the_order_asked_for(self, backend: Backend) -> None:
        backend.put_chunks({chunk_id(1): b"one", chunk_id(2): b"two"}, lease_s=DAY)

        found = backend.get_chunks([chunk_id(2), chunk_id(9), chunk_id(1), chunk_id(2)])

        assert found == [b"two", None, b"one", b"two"]

    def test_nothing_asked_for_is_nothing_found(self, backend: Backend, key: SessionKey) -> None:
        backend.put_chunks({}, lease_s=DAY)

        assert backend.get_chunks([]) == []
        assert backend.extend_chunks([], lease_s=DAY) == []
        assert backend.read_versions(key, []) == {}
        assert backend.read_tables(key, []) == {}

    def test_any_bytes_survive_in_a_chunk(self, backend: Backend) -> None:
        awkward = [b"", b"\0", ALL_BYTES, b"\r\n$-1\r\n", "ü€".encode(), b"x" * 1_000_003]
        chunks = {chunk_id(number): data for number, data in enumerate(awkward)}

        backend.put_chunks(chunks, lease_s=DAY)

        assert backend.get_chunks(list(chunks)) == awkward

    def test_a_stored_chunk_is_never_rewritten(self, backend: Backend) -> None:
        backend.put_chunks({chunk_id(1): b"first"}, lease_s=DAY)
        backend.put_chunks({chunk_id(1): b"other", chunk_id(2): b"new"}, lease_s=DAY)

        assert backend.get_chunks([chunk_id(1), chunk_id(2)]) == [b"first", b"new"]

    def test_chunks_of_more_than_one_batch_all_arrive(self, backend: Backend) -> None:
        chunks = {chunk_id(n): bytes([n]) * 300_000 for n in range(70)}  # 21 MB

        backend.put_chunks(chunks, lease_s=DAY)

        assert backend.get_chunks(list(chunks)) == list(chunks.values())

    def test_a_chunk_goes_when_its_lease_ends(self, backend: Backend) -> None:
        backend.put_chunks({chunk_id(1): b"x"}, lease_s=1)
        backend.put_chunks({chunk_id(2): b"y"}, lease_s=DAY)

        self.pass_time(1.1)

        assert backend.get_chunks([chunk_id(1), chunk_id(2)]) == [None, b"y"]
        assert backend.extend_chunks([chunk_id(1), chunk_id(2)], lease_s=DAY) == [False, True]

    def test_an_extended_chunk_outlives_its_first_lease(self, backend: Backend) -> None:
        backend.put_chunks({chunk_id(1): b"x", chunk_id(2): b"y"}, lease_s=1)

        assert backend.extend_chunks([chunk_id(1)], lease_s=DAY) == [True]
        self.pass_time(1.1)

        assert backend.get_chunks([chunk_id(1), chunk_id(2)]) == [b"x", None]

    def test_a_lease_is_never_shortened(self, backend: Backend) -> None:
        """One session of a day and one of a second share a chunk."""
        backend.put_chunks({chunk_id(1): b"x"}, lease_s=DAY)

        assert backend.extend_chunks([chunk_id(1)], lease_s=1) == [True]
        backend.put_chunks({chunk_id(1): b"x"}, lease_s=1)
        self.pass_time(1.1)

        assert backend.get_chunks([chunk_id(1)]) == [b"x"]

    def test_putting_a_chunk_again_extends_its_lease(self, backend: Backend) -> None:
        backend.put_chunks({chunk_id(1): b"x"}, lease_s=1)
        backend.put_chunks({chunk_id(1): b"x"}, lease_s=DAY)

        self.pass_time(1.1)

        assert backend.get_chunks([chunk_id(1)]) == [b"x"]

    def test_thousands_of_leases_are_extended_at_once(self, backend: Backend) -> None:
        chunks = {chunk_id(n): b"x" for n in range(2_500)}
        backend.put_chunks(chunks, lease_s=DAY)

        found = backend.extend_chunks([chunk_id(n) for n in range(2_501)], lease_s=2 * DAY)

        assert found == [True] * 2_500 + [False]
