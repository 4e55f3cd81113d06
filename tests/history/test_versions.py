"""Versions are read when they are asked for, and no more of them than that."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from support.graphs import START, manifest

from streamlit_redis_session.chunks import Chunker, Keys
from streamlit_redis_session.errors import CorruptDataError
from streamlit_redis_session.history import Committed, Draft, Repository
from streamlit_redis_session.objects import Head, SessionKey, VersionId
from streamlit_redis_session.storage import Transaction
from streamlit_redis_session.storage._memory import MemoryBackend

KEY = SessionKey("5e" * 16)
KEYS = Keys.derive("secret", namespace="srs")


class Watched(MemoryBackend):
    """Notes which versions are read."""

    def __init__(self) -> None:
        super().__init__()
        self.reads: list[int | None] = []

    def read_versions(
        self, key: SessionKey, version_ids: Sequence[VersionId] | None = None
    ) -> dict[VersionId, bytes]:
        self.reads.append(None if version_ids is None else len(version_ids))
        return super().read_versions(key, version_ids)


@pytest.fixture
def backend() -> Watched:
    backend = Watched()
    backend.create_session(KEY, ttl_s=1000)
    return backend


def opened(backend: Watched) -> Repository:
    backend.reads.clear()
    return Repository(backend, Chunker(KEYS), KEYS.record, KEY, ttl_s=1000)


def draft(repository: Repository, number: int, base: Head | None = None) -> Draft:
    return Draft(
        base=base or repository.state.head,
        values={"df": manifest(number)},
        settings=None,
        tables={},
        message=str(number),
        changes=(),
        created_at=START + timedelta(minutes=number),
    )


def made(committed: Committed | None) -> VersionId:
    assert committed is not None
    return committed.version.id


def line(repository: Repository, count: int) -> list[VersionId]:
    return [made(repository.commit(draft(repository, n))) for n in range(count)]


def test_opening_a_long_history_reads_one_version(backend: Watched) -> None:
    ids = line(opened(backend), 50)

    again = opened(backend)

    assert again.state.head.version == ids[-1]
    assert backend.reads == [1]


def test_a_step_back_and_a_far_version_read_themselves_alone(backend: Watched) -> None:
    ids = line(opened(backend), 50)
    again = opened(backend)

    assert again.undo_steps(again.state.head, most=1) == (ids[-2],)
    assert again.resolve(ids[3], again.state.head) == ids[3]
    assert again.branch_for(ids[3], again.state.head) == "main"
    again.move_head(Head(again.state.head.branch, ids[3]))

    assert sum(n or 1000 for n in backend.reads) <= 3


def test_a_long_walk_reads_all_versions_at_once(backend: Watched) -> None:
    ids = line(opened(backend), 50)
    again = opened(backend)

    assert list(again.undo_steps(again.state.head)) == ids[-2::-1]
    assert [v.id for v in again.versions.newest_first()] == ids[::-1]
    assert backend.reads.count(None) == 1
    assert len(backend.reads) <= 12


def test_a_commit_at_the_end_of_a_long_history_reads_nothing(backend: Watched) -> None:
    repository = opened(backend)
    ids = line(repository, 50)
    assert [v.id for v in repository.versions.newest_first()] == ids[::-1]
    backend.reads.clear()

    ids.append(made(repository.commit(draft(repository, 50))))
    repository.move_head(Head(repository.state.head.branch, ids[-2]))

    assert backend.reads == []
    assert [v.id for v in repository.versions.newest_first()] == ids[::-1]
    assert len(repository.versions) == 51
    assert set(repository.versions) == set(ids)


def test_what_another_writer_made_is_learned(backend: Watched) -> None:
    mine = opened(backend)
    ids = line(mine, 3)
    mine.versions.newest_first()
    other = opened(backend)
    ids += [made(other.commit(draft(other, n))) for n in range(10, 30)]

    assert mine.has_moved()
    mine.reload()

    assert [v.id for v in mine.versions.newest_first()] == ids[::-1]
    assert list(mine.undo_steps(mine.state.head)) == ids[-2::-1]


def test_versions_of_one_moment_stand_in_the_order_in_which_they_came(backend: Watched) -> None:
    repository = opened(backend)
    first = made(repository.commit(draft(repository, 1)))
    assert repository.versions.newest_first()[0].id == first
    older = made(repository.commit(draft(repository, 0)))

    assert [v.id for v in repository.versions.newest_first()] == [first, older]


def test_a_prefix_finds_what_came_later_too(backend: Watched) -> None:
    repository = opened(backend)
    ids = line(repository, 20)
    head = repository.state.head
    assert repository.resolve(ids[4][:12], head) == ids[4]

    ids.append(made(repository.commit(draft(repository, 20))))

    for version_id in ids:
        assert repository.resolve(version_id[:12], head) == version_id
    assert len(repository.versions.with_prefix("")) == 21


def test_a_missing_version_is_damage_where_something_refers_to_it(backend: Watched) -> None:
    repository = opened(backend)
    unknown = VersionId("0" * 40)
    assert unknown not in repository.versions
    assert repository.versions.find(unknown) is None
    assert repository.parents_of(unknown) == ()
    with pytest.raises(CorruptDataError, match="record is missing"):
        repository.versions[unknown]


def test_the_branch_of_a_version_is_the_present_one_where_it_can_be(backend: Watched) -> None:
    # 0 - 1 - 2 - 3     main
    #      \- 9         main-2
    repository = opened(backend)
    ids = line(repository, 4)
    main = repository.state.head
    repository.move_head(Head(main.branch, ids[1]))
    side = repository.commit(draft(repository, 9))
    assert side is not None
    assert side.how == "branch"

    assert repository.branch_for(ids[3], side.head) == "main"
    assert repository.branch_for(ids[0], side.head) == "main-2"
    assert repository.branch_for(ids[0], main) == "main"
    assert repository.branch_for(side.version.id, main) == "main-2"


def test_a_note_keeps_the_id_and_the_rest(backend: Watched) -> None:
    repository = opened(backend)
    ids = line(repository, 3)
    before = repository.versions[ids[1]]

    repository.annotate(ids[1], "first")
    repository.annotate(ids[1], "second")

    again = opened(backend).versions[ids[1]]
    assert again == repository.versions[ids[1]]
    assert (again.annotation, again.message, again.id) == ("second", before.message, before.id)


def test_a_move_saves_settings_in_the_same_change(backend: Watched) -> None:
    repository = opened(backend)
    ids = line(repository, 2)
    seq = backend.read_seq(KEY)
    assert seq is not None

    repository.move_head(Head(repository.state.head.branch, ids[0]), settings=b"sealed")

    record = backend.read_session(KEY)
    assert record is not None
    assert (record.seq, record.meta["settings"]) == (seq + 1, b"sealed")
    assert repository.state.meta["settings"] == b"sealed"
    assert opened(backend).state.head.version == ids[0]


def test_a_field_of_meta_goes_with_the_next_write_and_once(backend: Watched) -> None:
    repository = opened(backend)
    repository.note_meta("leased", b"5")
    line(repository, 1)
    backend.transact(KEY, _change(repository, leased=b"9"))
    repository.reload()

    repository.commit(draft(repository, 1))

    record = backend.read_session(KEY)
    assert record is not None
    assert record.meta["leased"] == b"9"


def _change(repository: Repository, **meta: bytes) -> Transaction:
    return Transaction("t" * 16, repository.state.epoch, 1000, set_meta=meta)
