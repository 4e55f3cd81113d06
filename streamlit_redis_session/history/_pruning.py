"""Taking versions out of a history, in one change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone

from streamlit_redis_session.history import _records as records
from streamlit_redis_session.history._following import expect_head
from streamlit_redis_session.history._placement import State, new_nonce
from streamlit_redis_session.history._repository import Repository
from streamlit_redis_session.history._retention import Keep, kept, new_parents, wanted
from streamlit_redis_session.objects import (
    Head,
    ManifestId,
    PruneReport,
    Version,
    VersionId,
)
from streamlit_redis_session.storage import Transaction


def prune(repository: Repository, keep: Keep, *, shown: Head) -> PruneReport:
    """Take out the versions that ``keep`` does not speak for, and the manifests that only they had.

    What refs name and what ``shown`` shows stays, and so do the first version and those where
    lines part. A version whose parent goes is made a child of the nearest ancestor that stays.
    All of it is one change, which expects that nobody has written anything since it was planned.
    """
    reports: list[PruneReport] = []

    def plan(state: State, tx_id: str) -> Transaction | None:
        all_versions = repository.versions.newest_first()
        versions = {v.id: v for v in all_versions}
        now = datetime.fromtimestamp(repository.server_now_s(), tz=timezone.utc)
        named = state.named | ({shown.version} if shown.version else set())
        listed = repository.versions.reached_from(named)
        staying = kept(versions, wanted(listed, keep, now=now), named)
        parents = new_parents(versions, staying)
        removed = tuple(v for v in all_versions if v.id not in staying)
        tables = _only_of(removed, {v: versions[v] for v in staying})
        reports[:] = [PruneReport(removed, len(staying), tuple(parents), len(tables))]
        if not removed:
            return None
        return Transaction(
            tx_id,
            state.epoch,
            repository.ttl_s,
            expect=expect_head(state),
            expect_seq=state.seq,
            set_refs={records.SWEPT_FIELD: new_nonce().encode()},
            put_versions=_with_parents(repository, parents),
            delete_versions=[v.id for v in removed],
            delete_tables=sorted(tables),
            set_meta=repository.meta(),
            event=b"prune",
        )

    if repository.has_moved():  # the number of changes is only guessed after one of our own
        repository.reload()
    repository.planned_anew(lambda: repository.transact(plan))
    if reports[0].removed:
        repository.versions.start_anew()
    return reports[0]


def _only_of(removed: tuple[Version, ...], staying: Mapping[VersionId, Version]) -> set[ManifestId]:
    """List the manifests that no version needs any more."""
    needed = {m for version in staying.values() for m in manifests_of(version)}
    return {m for version in removed for m in manifests_of(version)} - needed


def manifests_of(version: Version) -> list[ManifestId]:
    """List the manifests of a version's values and settings."""
    settings = [version.settings] if version.settings else []
    return [*version.values.values(), *settings]


def _with_parents(
    repository: Repository, parents: Mapping[VersionId, tuple[VersionId, ...]]
) -> dict[VersionId, bytes]:
    """Seal the records of versions that get other parents; their content stays."""
    found = {}
    for version_id, own in parents.items():
        version, content = repository.versions.read_record(version_id)
        found[version_id] = repository.sealed(version_id, content, version.annotation, own)
    return found
