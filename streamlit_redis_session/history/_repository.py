"""The versions and refs of one session, and every way in which they move.

All writes are transactions with an expectation: who read an old head changes nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from streamlit_redis_session.chunks import Chunker, digest
from streamlit_redis_session.errors import (
    ConflictError,
    CorruptDataError,
    SessionNotFoundError,
)
from streamlit_redis_session.history import _records as records
from streamlit_redis_session.history._graph import first_parents, is_ancestor, redo_path
from streamlit_redis_session.history._placement import Draft, Landing, State, place
from streamlit_redis_session.history._refs import RefContext, resolve
from streamlit_redis_session.objects import (
    DEFAULT_BRANCH,
    Head,
    RefName,
    SessionKey,
    Version,
    VersionId,
)
from streamlit_redis_session.storage import Backend, Outcome, Transaction

VERSION_ROLE = "version"
SETTINGS_FIELD = "settings"
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
        self._versions: dict[VersionId, Version] = {}
        self._nonces: dict[str, VersionId] = {}
        self._records: dict[VersionId, tuple[bytes, str]] = {}
        self.state = self._read_state()

    # reading

    @property
    def versions(self) -> Mapping[VersionId, Version]:
        """All versions of the session, as last read."""
        return MappingProxyType(self._versions)

    def parents_of(self, version_id: VersionId) -> tuple[VersionId, ...]:
        """Look up a version's parents that are known."""
        version = self._versions.get(version_id)
        return version.parents if version else ()

    def has_moved(self) -> bool:
        """Ask the store whether anybody wrote since the last read: one small round trip."""
        seq = self._backend.read_seq(self.key)
        if seq is None:
            raise SessionNotFoundError
        return seq != self.state.seq

    def reload(self) -> None:
        """Read refs, and the versions that are not known yet."""
        self.state = self._read_state()

    def _read_state(self) -> State:
        record = self._backend.read_session(self.key)
        if record is None:
            raise SessionNotFoundError
        refs = record.refs
        state = State(
            epoch=record.epoch,
            seq=record.seq,
            head=records.head_from_bytes(refs[records.HEAD_FIELD])
            if records.HEAD_FIELD in refs
            else Head(DEFAULT_BRANCH, None),
            branches=_named(refs, records.BRANCH_PREFIX),
            tags=_named(refs, records.TAG_PREFIX),
            meta=record.meta,
        )
        self._learn(state)
        return state

    def _learn(self, state: State) -> None:
        """Read unknown versions: all at first, afterwards only those behind new refs."""
        named = {*state.branches.values(), *state.tags.values()}
        if state.head.version is not None:
            named.add(state.head.version)
        if not self._versions and named:
            self._add(self._backend.read_versions(self.key))
        todo = [v for v in named if v not in self._versions]
        while todo:
            found = self._backend.read_versions(self.key, todo)
            for missing in set(todo) - set(found):
                raise CorruptDataError(f"version {missing[:8]}", "its record is missing")
            self._add(found)
            parents = {p for v in found for p in self._versions[v].parents}
            todo = [p for p in parents if p not in self._versions]

    def _add(self, sealed: Mapping[VersionId, bytes]) -> None:
        for version_id, data in sealed.items():
            opened = self._chunker.open_record(VERSION_ROLE, self.key, version_id, data)
            version, content, nonce = records.version_from_record(version_id, opened)
            self._keep(version, content, nonce)

    def _keep(self, version: Version, content: bytes, nonce: str) -> None:
        self._versions[version.id] = version
        self._records[version.id] = (content, nonce)
        self._nonces[nonce] = version.id

    def context(self, head: Head) -> RefContext:
        """Give what refs mean now, for a session that shows ``head``."""
        parents = {v.id: v.parents for v in self._versions.values()}
        return RefContext(head, self.state.branches, self.state.tags, parents)

    def resolve(self, ref: str, head: Head) -> VersionId:
        """Find the version that a ref names; see ``_refs.resolve``."""
        return resolve(ref, self.context(head))

    def redo_steps(self, head: Head) -> tuple[VersionId, ...]:
        """List the versions that redo would go through, the next one first."""
        return redo_path(head.version, self.state.branches.get(head.branch), self.parents_of)

    def undo_steps(self, head: Head) -> tuple[VersionId, ...]:
        """List the versions that undo would go through, the next one first."""
        return tuple(first_parents(head.version, self.parents_of))[1:]

    def branch_for(self, version_id: VersionId, head: Head) -> RefName:
        """Choose the branch that head gets when it goes to a version by id."""
        for branch in sorted(self.state.branches, key=lambda b: (b != head.branch, len(b), b)):
            if version_id in first_parents(self.state.branches[branch], self.parents_of):
                return branch
        for branch, tip in self.state.branches.items():
            if is_ancestor(version_id, tip, self.parents_of):
                return branch
        return head.branch

    # writing

    def transact(
        self, plan: Callable[[State], Transaction | None], *, tx_id: str | None = None
    ) -> None:
        """Apply what ``plan`` makes of the current state, planning anew after a lost race.

        Raises
        ------
        SessionNotFoundError
            The session expired or was deleted; nothing was written.
        ConflictError
            Others were first, again and again.
        """
        identity = tx_id or secrets.token_hex(12)
        for attempt in range(_TRIES):
            transaction = plan(self.state)
            if transaction is None:
                return
            transaction = replace(transaction, tx_id=f"{identity}-{attempt}")
            outcome = self._backend.transact(self.key, transaction)
            if outcome is Outcome.GONE:
                raise SessionNotFoundError
            if outcome is not Outcome.CONFLICT:
                self._apply(transaction)
                return
            self.reload()
        raise ConflictError(f"Lost {_TRIES} races in a row; nothing was written. Try again.")

    def _apply(self, transaction: Transaction) -> None:
        """Follow our own write without reading it back.

        The seq is only guessed; when others wrote in between, the next ``has_moved`` says so,
        because ours is then behind.
        """
        refs: dict[str, bytes] = {records.HEAD_FIELD: records.head_to_bytes(self.state.head)}
        refs |= {records.BRANCH_PREFIX + k: v.encode() for k, v in self.state.branches.items()}
        refs |= {records.TAG_PREFIX + k: v.encode() for k, v in self.state.tags.items()}
        refs |= transaction.set_refs
        for name in transaction.delete_refs:
            refs.pop(name, None)
        self.state = replace(
            self.state,
            seq=self.state.seq + 1,
            head=records.head_from_bytes(refs[records.HEAD_FIELD]),
            branches=_named(refs, records.BRANCH_PREFIX),
            tags=_named(refs, records.TAG_PREFIX),
            meta={**self.state.meta, **transaction.set_meta},
        )

    def _transaction(self, **parts: Any) -> Transaction:
        """Start a transaction on the current state."""
        blank = Transaction(tx_id="", epoch=self.state.epoch, ttl_s=self.ttl_s)
        return replace(blank, **parts)

    def move_head(self, head: Head) -> None:
        """Show another version, in all tabs of the session."""

        def plan(state: State) -> Transaction | None:
            if state.head == head:
                return None
            return self._transaction(
                expect=_expect_head(state),
                set_refs={records.HEAD_FIELD: records.head_to_bytes(head)},
                event=b"head " + records.head_to_bytes(head),
            )

        self.transact(plan)

    def save_settings(self, sealed: bytes) -> None:
        """Save the settings of the moment, without a version."""
        self.transact(lambda _: self._transaction(set_meta={SETTINGS_FIELD: sealed}))

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

        def plan(state: State) -> Transaction | None:
            made[:] = [self._make(draft, state)]
            return self._commit_transaction(draft, made[0], state, settings)

        self.transact(plan, tx_id=draft.nonce)
        landing, version, content = made[0]
        if landing.makes_version:
            self._keep(version, content, draft.nonce)
        return Committed(landing.how, Head(landing.branch, version.id), version)

    def _make(self, draft: Draft, state: State) -> tuple[Landing, Version, bytes]:
        """Place a draft and write the version it becomes, as far as it becomes one."""
        done = self._nonces.get(draft.nonce)
        if done is not None:
            branch = self.branch_for(done, state.head)
            return Landing("nothing", branch, done, draft.values), self._versions[done], b""
        landing = place(draft, state, self._versions)
        if not landing.makes_version:
            assert landing.version is not None
            return landing, self._versions[landing.version], b""
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
        draft: Draft,
        made: tuple[Landing, Version, bytes],
        state: State,
        settings: bytes | None,
    ) -> Transaction | None:
        landing, version, content = made
        meta = {} if settings is None else {SETTINGS_FIELD: settings}
        head = records.head_to_bytes(Head(landing.branch, version.id))
        if landing.how == "nothing":
            return self._transaction(set_meta=meta) if meta else None
        refs = {records.HEAD_FIELD: head}
        moved = self._transaction(
            expect=_expect_head(state),
            set_refs=refs,
            set_meta=meta,
            event=landing.how.encode() + b" " + head,
        )
        if landing.how == "redo":
            return moved
        branch_field = records.BRANCH_PREFIX + landing.branch
        tip = state.branches.get(landing.branch)
        record = records.version_to_record(content)
        sealed = self._chunker.seal_record(VERSION_ROLE, self.key, version.id, record)
        return replace(
            moved,
            expect={**moved.expect, branch_field: tip.encode() if tip else None},
            set_refs=refs | {branch_field: version.id.encode()},
            put_versions={version.id: sealed},
            put_tables=draft.tables,
        )

    def annotate(self, version_id: VersionId, text: str) -> Version:
        """Add a note to a version; its id stays."""
        content, nonce = self._records[version_id]
        record = records.version_to_record(content, text)
        sealed = self._chunker.seal_record(VERSION_ROLE, self.key, version_id, record)
        self.transact(
            lambda _: self._transaction(put_versions={version_id: sealed}, event=b"annotate")
        )
        self._keep(replace(self._versions[version_id], annotation=text), content, nonce)
        return self._versions[version_id]

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

        def plan(state: State) -> Transaction:
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
            return self._transaction(
                expect=expected,
                set_refs=refs,
                delete_refs=tuple(delete),
                event=b"refs",
            )

        self.transact(plan)


def _named(refs: Mapping[str, bytes], prefix: str) -> dict[RefName, VersionId]:
    return {
        RefName(name[len(prefix) :]): VersionId(records.ref_text(value))
        for name, value in refs.items()
        if name.startswith(prefix)
    }


def _expect_head(state: State) -> dict[str, bytes | None]:
    """Expect the head that was read; before the first commit the field is absent."""
    if state.head == Head(DEFAULT_BRANCH, None) and not state.branches:
        return {records.HEAD_FIELD: None}
    return {records.HEAD_FIELD: records.head_to_bytes(state.head)}
