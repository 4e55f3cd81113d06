"""A session that is deleted, with the chunks that nobody else needs."""

from __future__ import annotations

from typing import Any

import pytest

from streamlit_redis_session import SessionNotFoundError, Store, connect
from streamlit_redis_session.history import purge_chunks
from streamlit_redis_session.storage import Backend

from .contract_parts import SessionParts, assert_shows, committed
from .frames import counts, flights


def stored(store: Store, names: set[str]) -> set[str]:
    """Say which of these chunks the store has."""
    ordered: Any = sorted(names)
    sizes = store._backend.chunk_sizes(ordered)
    return {name for name, size in zip(ordered, sizes, strict=True) if size}


def chunks_of(session: Any) -> set[str]:
    return {
        chunk_id
        for version in session.graph().versions
        for manifest_id in version.values.values()
        for chunk_id in session._values.read_table(session.key, manifest_id).chunk_ids()
    }


class DeleteContract(SessionParts):
    def test_chunks_stay_until_their_lease_ends(self, store: Store) -> None:
        session = store.session()
        committed(session, df=flights())
        names = chunks_of(session)
        store.delete(session.id)
        assert stored(store, names) == names

    def test_a_purge_takes_what_nobody_else_names(self, store: Store) -> None:
        session, other = store.session(), store.session()
        committed(session, df=flights(), by=counts(300))
        committed(session, df=flights(400))
        committed(other, by=counts(300))
        names, shared = chunks_of(session), chunks_of(other)

        store.delete(session.id, purge=True)

        assert stored(store, names) == shared
        assert shared < names
        assert_shows(other, by=counts(300))
        assert store.verify().is_sound
        with pytest.raises(SessionNotFoundError):
            store.session(session.id)

    def test_a_session_can_purge_itself(self, store: Store) -> None:
        session = store.session()
        committed(session, df=flights())
        names = chunks_of(session)
        session.delete(purge=True)
        assert stored(store, names) == set()

    def test_a_prune_can_purge_what_it_took_out(self, store: Store) -> None:
        session, other = store.session(), store.session()
        committed(session, df=flights())
        committed(session, df=flights(400).assign(more=1.5), by=counts(300))
        committed(session, df=counts(3), by=counts(200))
        committed(other, by=counts(300))
        names = chunks_of(session)

        assert session.prune(keep=1, purge=True).removed

        left = chunks_of(session)
        assert stored(store, names) == left | (chunks_of(other) & names)
        assert left < names
        assert store.verify().is_sound
        assert session.commit() is None
        committed(session, df=flights(400).assign(more=1.5), by=counts(300))
        assert store.verify().is_sound

    def test_settings_of_other_sessions_keep_their_chunks(self, store: Store, url: str) -> None:
        session, other = store.session(), store.session()
        for each in (session, other):
            each["note"] = "x" * 3000
            each.commit()
        session.delete(purge=True)
        with connect(url) as fresh:
            assert_shows(fresh.session(other.id), note="x" * 3000)

    def test_who_believes_that_chunks_are_there_stores_them_again(
        self, store: Store, url: str
    ) -> None:
        """The same process has just stored them, for the session that is deleted elsewhere."""
        session, other = store.session(), store.session()
        committed(other, by=counts(3))
        committed(session, df=flights())
        with connect(url) as elsewhere:
            elsewhere.delete(session.id, purge=True)

        committed(other, df=flights())

        with connect(url) as fresh:
            assert_shows(fresh.session(other.id), df=flights(), by=counts(3))
            assert fresh.verify().is_sound

    def test_a_session_that_is_opened_after_the_purge_believes_nothing(
        self, store: Store, url: str
    ) -> None:
        session = store.session()
        committed(session, df=flights())
        with connect(url) as elsewhere:
            elsewhere.delete(session.id, purge=True)

        later = store.session()
        committed(later, df=flights())

        with connect(url) as fresh:
            assert_shows(fresh.session(later.id), df=flights())

    @pytest.mark.parametrize("moment", ["cut_leases", "mark_session", "drop_chunks"])
    def test_a_commit_in_the_middle_of_a_purge_keeps_its_chunks(
        self, store: Store, url: str, moment: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Just before each step of it, another process names a chunk that it takes for stored."""
        session, other = store.session(), store.session()
        committed(other, by=counts(3))
        committed(session, df=flights())
        names: Any = sorted(chunks_of(session))
        with connect(url) as elsewhere:
            backend: Backend = elsewhere._backend
            step = getattr(backend, moment)

            def first_commit(*given: Any, **named: Any) -> Any:
                monkeypatch.undo()
                committed(other, df=flights())
                return step(*given, **named)

            elsewhere._backend.delete_session(session.key)
            monkeypatch.setattr(backend, moment, first_commit)
            purge_chunks(backend, elsewhere._values, names)

        with connect(url) as fresh:
            assert_shows(fresh.session(other.id), df=flights(), by=counts(3))
            assert fresh.verify().is_sound
