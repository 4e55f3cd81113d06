"""The versions and refs of one session, and every way in which they move.

All writes are transactions with an expectation: who read an old head changes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from streamlit_redis_session.chunks import Chunker, digest
from streamlit_redis_session.errors import (
    ConflictError,
    CorruptDataError,
    SessionNotFoundError,
)
from streamlit_redis_session.history import _records as records
from streamlit_redis_session.history._graph import (
    first_parents,
    is_ancestor,
    line_with,
    redo_path,
    steps_back,
)
from streamlit_redis_session.history._lost import VersionsLostError
from streamlit_redis_session.history._placement import Draft, Landing, State, new_nonce, place
from streamlit_redis_session.history._refs import RefContext, resolve
from streamlit_redis_session.history._versions import VERSION_ROLE, VersionBook
from streamlit_redis_session.objects import (
    DEFAULT_BRANCH,
    Head,
    RefName,
    SessionKey,
    Version,
    VersionId,
)
from streamlit_redis_session.storage import Backend, Outcome, Transaction

SETTINGS_FIELD = "settings"
BEGUN_FIELD = "begun"
"""Field of a session's meta, from its first version on. Keys may be evicted one by one: a session
whose refs are gone must not look like one that nobody has committed to."""
_TRIES = 50
"""Lost races in a row after which something else must be wrong."""


@dataclass(frozen=True, slots=True)
class Committed:
    """What became of a draft."""

    how: str
    """As in ``Landing.how``."""
    head: Head
    version: Version


class Repository:
    """The history of one session. Not thread-safe: its session holds a lock."""

    def __init__(
        self, backend: Backend, chunker: Chunker, record_key: bytes, key: SessionKey, *, ttl_s: int
    ) -> None:
        self._backend = backend
        self._chunker = chunker
        self._record_key = record_key
        self.key = key
        self.ttl_s = ttl_s
        self.versions = VersionBook(backend, chunker, key)
        """All versions of the session; each is read when it is asked for."""
        self.parents_of = self.versions.parents_of
        self._due_meta: dict[str, bytes] = {}
        self._server_ahead_s = 0.0
        self.state = self._read_state()
        if self.state.head.version is not None:
            self.versions[self.state.head.version]  # opens, or says that it is damaged

    # reading

    def has_moved(self) -> bool:
        """Ask the store whether anybody wrote since the last read: one small round trip."""
        seq = self._backend.read_seq(self.key)
        if seq is None:
            raise SessionNotFoundError
        return seq != self.state.seq

    def reload(self) -> None:
        """Read refs, and the versions that other writers have made since."""
        before, self.state = self.state, self._read_state()
        self.versions.learn(self.state.named - before.named)

    def _read_state(self) -> State:
        record = self._backend.read_session(self.key)
        if record is None:
            raise SessionNotFoundError
        self._server_ahead_s = record.now_s - time.monotonic()
        refs = record.refs
        if BEGUN_FIELD in record.meta and records.HEAD_FIELD not in refs:
            raise CorruptDataError(f"session {self.key[:8]}", "its branches and head are missing")
        return State(
            epoch=record.epoch,
            seq=record.seq,
            head=records.head_from_bytes(refs[records.HEAD_FIELD])
            if records.HEAD_FIELD in refs
            else Head(DEFAULT_BRANCH, None),
            branches=records.named(refs, records.BRANCH_PREFIX),
            tags=records.named(refs, records.TAG_PREFIX),
            meta=record.meta,
        )

    def holds(self, version_id: VersionId) -> bool:
        """Ask the store for a version that this process may know from before."""
        named = version_id in self.state.named
        return named or bool(self._backend.read_versions(self.key, [version_id]))

    def go_on_without(self, lost: Head) -> tuple[Head, int]:
        """Forget the versions that the store has lost, and where they were shown go back.

        Returns
        -------
        tuple of Head and int
            The nearest version behind ``lost`` that the store has, and how many are lost.
        """
        line = list(first_parents(lost.version, self.parents_of))
        self.versions.start_anew()
        left = next((n for n, version in enumerate(line) if version in self.versions), None)
        if left is None:
            return self.state.head, len(line)
        return Head(self.branch_for(line[left], lost), line[left]), left

    def server_now_s(self) -> float:
        """Tell the server's time, by which everything expires, without asking it again."""
        return self._server_ahead_s + time.monotonic()

    def context(self, head: Head) -> RefContext:
        """Give what refs mean now, for a session that shows ``head``."""
        state = self.state
        return RefContext(
            head, state.branches, state.tags, self.parents_of, self.versions.with_prefix
        )

    def resolve(self, ref: str, head: Head) -> VersionId:
        """Find the version that a ref names; see ``_refs.resolve``."""
        return resolve(ref, self.context(head))

    def redo_steps(self, head: Head) -> tuple[VersionId, ...]:
        """List the versions that redo would go through, the next one first."""
        return redo_path(head.version, self.state.branches.get(head.branch), self.parents_of)

    def undo_steps(self, head: Head, most: int | None = None) -> tuple[VersionId, ...]:
        """List the versions that undo would go through, the next one first.

        ``most`` bounds how many are looked for: a long history is not walked for one step.
        """
        if most is not None:
            return steps_back(head.version, most, self.parents_of)
        return tuple(first_parents(head.version, self.parents_of))[1:]

    def branch_for(self, version_id: VersionId, head: Head) -> RefName:
        """Choose the branch that head gets when it goes to a version by id."""
        branches = self.state.branches
        if head.branch in branches and len(branches) == 1:
            return head.branch
        names = sorted(branches, key=lambda b: (b != head.branch, len(b), b))
        found = line_with(version_id, {b: branches[b] for b in names}, self.parents_of)
        if found is not None:
            return found
        for branch, tip in branches.items():
            if is_ancestor(version_id, tip, self.parents_of):
                return branch
        return head.branch

    # writing

    def transact(
        self,
        plan: Callable[[State, str], Transaction | None],
        *,
        nonce: str | None = None,
        needs: Iterable[VersionId | None] = (),
    ) -> None:
        """Apply what ``plan`` makes of the current state, planning anew after a lost race.

        ``plan`` is given the state and the ``tx_id`` of the try: the nonce, and which try it is.
        ``needs`` are versions that it refers to.

        Raises
        ------
        SessionNotFoundError
            The session expired or was deleted; nothing was written.
        VersionsLostError
            The race was lost to a server that has gone back to an earlier state.
        ConflictError
            Others were first, again and again.
        """
        nonce = nonce or new_nonce()
        for attempt in range(_TRIES):
            transaction = plan(self.state, f"{nonce}{attempt:02d}")
            if transaction is None:
                return
            outcome = self._backend.transact(self.key, transaction)
            if outcome is Outcome.GONE:
                raise SessionNotFoundError
            if outcome is not Outcome.CONFLICT:
                self._apply(transaction)
                return
            self.reload()
            lost = [v for v in needs if v is not None and not self.holds(v)]
            if lost:
                raise VersionsLostError(lost)
        raise ConflictError(f"Lost {_TRIES} races in a row; nothing was written. Try again.")

    def _apply(self, transaction: Transaction) -> None:
        """Follow our own write without reading it back.

        The seq is only guessed; when others wrote in between, the next ``has_moved`` says so,
        because ours is then behind.
        """
        state = self.state
        head, branches, tags = state.head, state.branches, state.tags
        for field, value in transaction.set_refs.items():
            if field == records.HEAD_FIELD:
                head = records.head_from_bytes(value)
            elif field.startswith(records.BRANCH_PREFIX):
                branches = {**branches, records.short_name(field): VersionId(value.decode())}
            else:
                tags = {**tags, records.short_name(field): VersionId(value.decode())}
        gone = set(transaction.delete_refs)
        if gone:
            branches = {k: v for k, v in branches.items() if records.BRANCH_PREFIX + k not in gone}
            tags = {k: v for k, v in tags.items() if records.TAG_PREFIX + k not in gone}
        meta = {**state.meta, **transaction.set_meta} if transaction.set_meta else state.meta
        self._due_meta.clear()
        self.state = State(state.epoch, state.seq + 1, head, branches, tags, meta)

    def _meta(self, settings: bytes | None) -> dict[str, bytes]:
        """Give the fields of meta that a write takes along."""
        if settings is None:
            return dict(self._due_meta)
        return {**self._due_meta, SETTINGS_FIELD: settings}

    def note_meta(self, field: str, value: bytes) -> None:
        """Let the next write set a field of meta, whatever it writes besides."""
        self._due_meta[field] = value

    def move_head(self, head: Head, *, settings: bytes | None = None) -> None:
        """Show another version, in all tabs of the session, and save the settings with it."""

        def plan(state: State, tx_id: str) -> Transaction | None:
            if state.head == head and settings is None:
                return None
            shown = records.head_to_bytes(head)
            return Transaction(
                tx_id,
                state.epoch,
                self.ttl_s,
                expect=_expect_head(state),
                set_refs={records.HEAD_FIELD: shown},
                set_meta=self._meta(settings),
                event=b"head " + shown,
            )

        self.transact(plan, needs=[head.version])

    def save_settings(self, sealed: bytes) -> None:
        """Save the settings of the moment, without a version."""
        self.transact(
            lambda state, tx_id: Transaction(
                tx_id, state.epoch, self.ttl_s, set_meta=self._meta(sealed)
            )
        )

    def commit(self, draft: Draft, *, settings: bytes | None = None) -> Committed | None:
        """Make a version of a draft, where the rules of history say it belongs.

        On its base's branch when that is still the tip; otherwise rebased onto the tip when both
        changed different values, and on a branch of its own when they changed the same one or
        when head had been undone. A draft equal to its base makes nothing; one equal to the next
        redo step is that redo. Repeating the same draft is harmless.

        Returns
        -------
        Committed or None
            ``None`` when there is nothing to show and nothing was committed.
        """
        made: list[tuple[Landing, Version, bytes]] = []

        def plan(state: State, tx_id: str) -> Transaction | None:
            made[:] = [self._make(draft, state)]
            return self._commit_transaction(tx_id, draft, made[0], state, settings)

        self.transact(plan, nonce=draft.nonce, needs=[draft.base.version])
        landing, version, _ = made[0]
        if landing.makes_version:
            self.versions.add(version, draft.nonce)
        return Committed(landing.how, Head(landing.branch, version.id), version)

    def _make(self, draft: Draft, state: State) -> tuple[Landing, Version, bytes]:
        """Place a draft and write the version it becomes, as far as it becomes one."""
        done = self.versions.of_nonce(draft.nonce)
        if done is not None:
            branch = self.branch_for(done.id, state.head)
            return Landing("nothing", branch, done.id, draft.values), done, b""
        landing = place(draft, state, self.versions)
        if not landing.makes_version:
            assert landing.version is not None
            return landing, self.versions[landing.version], b""
        blank = Version(
            id=VersionId(""),
            parents=(landing.version,) if landing.version else (),
            message=draft.message,
            created_at=draft.created_at,
            author=draft.author,
            changes=draft.changes,
            values=dict(landing.values),
            settings=draft.settings,
        )
        content = records.version_content(blank, draft.nonce)
        version_id = VersionId(digest(self._record_key, b"version\0", content))
        return landing, replace(blank, id=version_id), content

    def _commit_transaction(
        self,
        tx_id: str,
        draft: Draft,
        made: tuple[Landing, Version, bytes],
        state: State,
        settings: bytes | None,
    ) -> Transaction | None:
        landing, version, content = made
        if landing.how == "nothing" and settings is None:
            return None
        head = records.head_to_bytes(Head(landing.branch, version.id))
        expect: dict[str, bytes | None] = {}
        refs: dict[str, bytes] = {}
        if landing.how != "nothing":
            expect, refs = _expect_head(state), {records.HEAD_FIELD: head}
        if landing.makes_version:
            branch_field = records.BRANCH_PREFIX + landing.branch
            tip = state.branches.get(landing.branch)
            expect[branch_field] = tip.encode() if tip else None
            refs[branch_field] = version.id.encode()
        return Transaction(
            tx_id,
            state.epoch,
            self.ttl_s,
            expect=expect,
            set_refs=refs,
            put_versions={version.id: self._sealed(version.id, content)}
            if landing.makes_version
            else {},
            put_tables=draft.tables if landing.makes_version else {},
            set_meta=self._meta(settings) | ({} if state.branches else {BEGUN_FIELD: b"1"}),
            event=landing.how.encode() + b" " + head if refs else None,
            put_chunks=draft.chunks,
            lease_s=draft.lease_s,
        )

    def _sealed(self, version_id: VersionId, content: bytes, annotation: str = "") -> bytes:
        record = records.version_to_record(content, annotation)
        return self._chunker.seal_record(VERSION_ROLE, self.key, version_id, record)

    def annotate(self, version_id: VersionId, text: str) -> Version:
        """Add a note to a version; its id stays."""
        content = self.versions.read_content(version_id)
        sealed = self._sealed(version_id, content, text)
        self.transact(
            lambda state, tx_id: Transaction(
                tx_id,
                state.epoch,
                self.ttl_s,
                put_versions={version_id: sealed},
                set_meta=self._meta(None),
                event=b"annotate",
            )
        )
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
            if head is not None:
                if state.head != head[0]:
                    raise ConflictError("Head was moved by another writer. Try again.")
                expected |= _expect_head(state)
                refs[records.HEAD_FIELD] = records.head_to_bytes(head[1])
            return Transaction(
                tx_id,
                state.epoch,
                self.ttl_s,
                expect=expected,
                set_refs=refs,
                delete_refs=tuple(delete),
                set_meta=self._meta(None),
                event=b"refs",
            )

        self.transact(plan, needs=put.values())


def _expect_head(state: State) -> dict[str, bytes | None]:
    """Expect the head that was read; before the first commit the field is absent."""
    if state.head == Head(DEFAULT_BRANCH, None) and not state.branches:
        return {records.HEAD_FIELD: None}
    return {records.HEAD_FIELD: records.head_to_bytes(state.head)}
