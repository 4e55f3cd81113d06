"""The versions and refs of one session, and every way in which they move.

All writes are transactions with an expectation: who read an old head changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar

from streamlit_redis_session.chunks import digest
from streamlit_redis_session.errors import (
    ConflictError,
    SessionNotFoundError,
    StorageUnavailableError,
)
from streamlit_redis_session.history import _records as records
from streamlit_redis_session.history._alone import is_alone, place_for
from streamlit_redis_session.history._following import (
    SweptError,
    VersionsLostError,
    expect_branch,
    expect_head,
    followed,
)
from streamlit_redis_session.history._looking import BEGUN_FIELD, HistoryReader
from streamlit_redis_session.history._placement import (
    Committed,
    Draft,
    Landing,
    State,
    beside,
    blank_version,
    new_nonce,
)
from streamlit_redis_session.history._versions import VERSION_ROLE
from streamlit_redis_session.objects import (
    Head,
    ManifestId,
    Version,
    VersionId,
)
from streamlit_redis_session.storage import Outcome, Transaction

SETTINGS_FIELD = "settings"
T = TypeVar("T")
_TRIES = 50
"""Lost races in a row after which something else must be wrong."""


class Repository(HistoryReader):
    """The history of one session. Not thread-safe: its session holds a lock."""

    def transact(
        self,
        plan: Callable[[State, str], Transaction | None],
        *,
        needs: Iterable[VersionId | None] = (),
    ) -> None:
        """Apply what ``plan`` makes of the current state, planning anew after a lost race.

        ``plan`` is given the state and the ``tx_id`` of the try, which no other try has: what
        was made of another state must not be taken for it. ``needs`` are versions that it
        refers to.

        Raises
        ------
        SessionNotFoundError
            The session expired or was deleted; nothing was written.
        SweptError
            Somebody took away something that the plan may rely on; nothing was written.
        VersionsLostError
            The server has gone back to an earlier state; nothing was written.
        ConflictError
            Others were first, again and again.
        """
        nonce = new_nonce()
        for attempt in range(_TRIES):
            transaction = plan(self.state, f"{nonce}{attempt:02d}")
            if transaction is None:
                return
            if transaction.event is not None:
                transaction = replace(transaction, event=self.hearing.sign(transaction))
            outcome = self._backend.transact(self.key, transaction)
            if outcome is Outcome.GONE:
                raise SessionNotFoundError
            if outcome is not Outcome.CONFLICT:
                self._apply(transaction)
                return
            sweeps, lost = self.sweeps, len(self.lost)
            self.reload()
            if len(self.lost) != lost or self.look_for(needs):
                raise VersionsLostError
            if self.sweeps != sweeps:
                raise SweptError
        raise ConflictError(f"Lost {_TRIES} races in a row; nothing was written. Try again.")

    def _apply(self, transaction: Transaction) -> None:
        """Follow our own write without reading it back."""
        if records.HEAD_FIELD in transaction.set_refs:
            self.hearing.adopt()
        self._due_meta.clear()
        self.state = followed(self.state, transaction)

    def meta(self, settings: bytes | None = None) -> dict[str, bytes]:
        """Give the fields of meta that a write takes along."""
        if settings is None:
            return dict(self._due_meta)
        return {**self._due_meta, SETTINGS_FIELD: settings}

    def note_meta(self, field: str, value: bytes) -> None:
        """Let the next write set a field of meta, whatever it writes besides."""
        self._due_meta[field] = value

    def move_head(self, head: Head, *, settings: bytes | None = None) -> Head:
        """Show another version, in all tabs of the session, and save the settings with it.

        Returns what head is then: on another branch, where others have renamed this one.
        """
        moved = [head]

        def plan(state: State, tx_id: str) -> Transaction | None:
            if is_alone(self.home, state):
                return None
            if head.version is not None and head.branch not in state.branches:
                moved[0] = Head(self.branch_for(head.version, head), head.version)
            if state.head == moved[0] and settings is None:
                return None
            if self.versions.is_pruned(head.version):
                raise SweptError
            shown = records.head_to_bytes(moved[0])
            return Transaction(
                tx_id,
                state.epoch,
                self.ttl_s,
                expect=expect_head(state) | expect_branch(state, moved[0].branch),
                set_refs={records.HEAD_FIELD: shown},
                set_meta=self.meta(settings),
                event=b"head " + shown,
            )

        self.transact(plan, needs=[head.version])
        return moved[0]

    def save_settings(self, sealed: bytes) -> None:
        """Save the settings of the moment, without a version."""
        self.transact(
            lambda state, tx_id: Transaction(
                tx_id,
                state.epoch,
                self.ttl_s,
                expect={records.SWEPT_FIELD: state.swept},
                set_meta=self.meta(sealed),
            )
        )

    def commit(self, draft: Draft, *, settings: bytes | None = None) -> Committed | None:
        """Make a version of a draft, where the rules of history say it belongs.

        On its base's branch when that is still the tip; otherwise rebased onto the tip when both
        changed different values, and on a branch of its own when they changed the same one or
        when head had been undone; in the place of ``draft.replaces`` where nothing else refers to
        that. A draft equal to its base makes nothing; one equal to the next redo step is that
        redo. Repeating the same draft is harmless.

        Returns
        -------
        Committed or None
            ``None`` when there is nothing to show and nothing was committed.

        Raises
        ------
        SweptError
            Somebody took away something that the draft may rely on; make it anew.
        """
        made: list[tuple[Landing, Version, bytes]] = []

        def plan(state: State, tx_id: str) -> Transaction | None:
            made[:] = [self._make(draft, state)]
            return self._commit_transaction(tx_id, draft, made[0], state, settings)

        try:
            self.transact(plan, needs=[draft.base.version])
        except StorageUnavailableError:
            if made and made[0][0].makes_version:
                self._in_doubt = {draft.nonce: made[0][1].id}
            raise
        landing, version, _ = made[0]
        if landing.makes_version:
            self.versions.add(version, draft.nonce)
        return Committed(landing.how, Head(landing.branch, version.id), version)

    def lacks(self, manifest_ids: Iterable[ManifestId]) -> set[ManifestId]:
        """List the manifests that the session does not have (any more)."""
        wanted = list(dict.fromkeys(manifest_ids))
        return set(wanted) - self._backend.read_tables(self.key, wanted).keys()

    def _make(self, draft: Draft, state: State) -> tuple[Landing, Version, bytes]:
        """Place a draft and write the version it becomes, as far as it becomes one."""
        done = self.made_of(draft)
        if done is not None:
            self.reload()  # what is known is older than the version
            branch = self.branch_for(done.id, draft.base if self.home else self.state.head)
            return Landing("done", branch, done.id, draft.values), done, b""
        kept = self._kept_base(draft)
        if kept is None:
            landing = place_for(self.home, draft, state, self.versions)
        else:
            landing = beside(draft, state, kept)
        if not landing.makes_version:
            assert landing.version is not None
            return landing, self.versions[landing.version], b""
        blank = blank_version(draft, landing)
        content = records.version_content(blank, draft.nonce)
        version_id = VersionId(digest(self._record_key, b"version\0", content))
        return landing, replace(blank, id=version_id), content

    def made_of(self, draft: Draft) -> Version | None:
        """Give the version that an earlier try of a draft has made."""
        done = self.versions.of_nonce(draft.nonce)
        if done is None and draft.nonce in self._in_doubt:
            done = self.versions.arrived(self._in_doubt[draft.nonce])
        return None if done is None or done.id in self.lost else done

    def _kept_base(self, draft: Draft) -> VersionId | None:
        """Give the nearest ancestor that there still is, where a draft's base was pruned."""
        base = draft.base.version
        if base is None or not self.versions.is_pruned(base):
            return None
        return self.versions.nearest_kept(base)

    def _commit_transaction(
        self,
        tx_id: str,
        draft: Draft,
        made: tuple[Landing, Version, bytes],
        state: State,
        settings: bytes | None,
    ) -> Transaction | None:
        landing, version, content = made
        alone = is_alone(self.home, state)
        is_there = landing.how in ("nothing", "done")
        if settings is None and (is_there or (alone and landing.how == "redo")):
            return None
        head = records.head_to_bytes(Head(landing.branch, version.id))
        expect: dict[str, bytes | None] = {}
        refs: dict[str, bytes] = {}
        if not is_there:
            expect, refs = expect_head(state), {} if alone else {records.HEAD_FIELD: head}
            expect |= expect_branch(state, landing.branch)
        if landing.moves_branch:
            refs[records.BRANCH_PREFIX + landing.branch] = version.id.encode()
        return Transaction(
            tx_id,
            state.epoch,
            self.ttl_s,
            expect=expect,
            set_refs=refs,
            put_versions={version.id: self.sealed(version.id, content)}
            if landing.makes_version
            else {},
            put_tables=draft.tables if landing.makes_version else {},
            set_meta=self.meta(settings) | ({} if state.branches else {BEGUN_FIELD: b"1"}),
            event=b" ".join((b"aside" if alone else landing.how.encode(), head)) if refs else None,
            put_chunks=draft.chunks,
            lease_s=draft.lease_s,
        )

    def sealed(
        self,
        version_id: VersionId,
        content: bytes,
        annotation: str = "",
        parents: Sequence[VersionId] | None = None,
    ) -> bytes:
        """Seal the record of a version, which may have other parents than it was made from."""
        if parents is not None and tuple(parents) == records.parents_in(content):
            parents = None
        record = records.version_to_record(content, annotation, parents)
        return self._chunker.seal_record(VERSION_ROLE, self.key, version_id, record)

    def annotate(self, version_id: VersionId, text: str) -> Version:
        """Add a note to a version; its id stays."""

        def plan(state: State, tx_id: str) -> Transaction:
            version, content = self.versions.read_record(version_id)
            return Transaction(
                tx_id,
                state.epoch,
                self.ttl_s,
                expect={records.SWEPT_FIELD: state.swept},
                put_versions={version_id: self.sealed(version_id, content, text, version.parents)},
                set_meta=self.meta(),
                event=b"annotate",
            )

        self.planned_anew(lambda: self.transact(plan))
        return self.versions.annotate(version_id, text)

    def set_refs(
        self,
        *,
        expect: Mapping[str, VersionId | None],
        put: Mapping[str, VersionId],
        delete: Sequence[str] = (),
        head: tuple[Head, Head] | None = None,
    ) -> None:
        """Change branches and tags (named with their prefixes) in one step.

        ``head`` is what head must be, and what it becomes.

        Raises
        ------
        ConflictError
            An expectation does not hold; nothing was written.
        """

        def plan(state: State, tx_id: str) -> Transaction:
            now = {records.BRANCH_PREFIX + k: v for k, v in state.branches.items()}
            now |= {records.TAG_PREFIX + k: v for k, v in state.tags.items()}
            for name, wanted in expect.items():
                if now.get(name) != wanted:
                    raise ConflictError(f"{name[2:]!r} was changed by another writer. Try again.")
            refs = {name: version.encode() for name, version in put.items()}
            expected = {k: v.encode() if v else None for k, v in expect.items()}
            expected[records.SWEPT_FIELD] = state.swept
            if any(map(self.versions.is_pruned, put.values())):
                raise ConflictError("The version was pruned by another writer. Try again.")
            if head is not None:
                if state.head != head[0]:
                    raise ConflictError("Head was moved by another writer. Try again.")
                expected |= expect_head(state)
                refs[records.HEAD_FIELD] = records.head_to_bytes(head[1])
            return Transaction(
                tx_id,
                state.epoch,
                self.ttl_s,
                expect=expected,
                set_refs=refs,
                delete_refs=tuple(delete),
                set_meta=self.meta(),
                event=b"refs",
            )

        self.planned_anew(lambda: self.transact(plan, needs=put.values()))

    @staticmethod
    def planned_anew(work: Callable[[], T], tries: int = 20) -> T:
        """Do something again when somebody has pruned the history meanwhile."""
        for _ in range(tries):
            with suppress(SweptError):
                return work()
        return work()
