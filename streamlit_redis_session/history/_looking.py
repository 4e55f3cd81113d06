"""The versions and refs of one session, as far as reading them goes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from streamlit_redis_session.chunks import Chunker
from streamlit_redis_session.errors import CorruptDataError, SessionNotFoundError
from streamlit_redis_session.history import _records as records
from streamlit_redis_session.history._events import Hearing
from streamlit_redis_session.history._graph import (
    first_parents,
    is_ancestor,
    line_with,
    redo_path,
    steps_back,
)
from streamlit_redis_session.history._joining import may_replace
from streamlit_redis_session.history._placement import State
from streamlit_redis_session.history._refs import RefContext, resolve
from streamlit_redis_session.history._versions import VersionBook
from streamlit_redis_session.objects import (
    DEFAULT_BRANCH,
    Head,
    RefName,
    SessionKey,
    VersionId,
)
from streamlit_redis_session.storage import Backend

BEGUN_FIELD = "begun"
"""Field of a session's meta, from its first version on. Keys may be evicted one by one: a session
whose refs are gone must not look like one that nobody has committed to."""


class HistoryReader:
    """The history of one session, to be looked at."""

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
        self.on_swept: Callable[[], None] = _nothing_to_forget
        """Called when somebody took away what this process may take for stored."""
        self.sweeps = 0
        """How often it was noticed that something is gone."""
        self.lost: set[VersionId] = set()
        """Versions that were shown here, and that the server has forgotten."""
        self._due_meta: dict[str, bytes] = {}
        self._in_doubt: dict[str, VersionId] = {}
        """Nonce of a draft whose answer was lost -> the version that it became, if it arrived."""
        self._server_ahead_s = 0.0
        self.hearing = Hearing()
        self.home: RefName | None = None
        """Where a head of one's own started from."""
        self.state = self._read_state()
        self.hearing.adopt()
        if self.state.head.version is not None:
            self.versions[self.state.head.version]  # opens, or says that it is damaged

    # reading

    def has_moved(self) -> bool:
        """Ask the store whether anybody wrote since the last read: one small round trip."""
        seq = self._backend.read_seq(self.key)
        if seq is None:
            raise SessionNotFoundError
        return self.hearing.has_missed(seq, self.state.seq)

    def was_swept(self) -> bool:
        """Ask whether something was taken away since the last read; if so, read all anew."""
        sweeps = self.sweeps
        if self.has_moved():
            self.reload()
        return self.sweeps != sweeps

    def reload(self) -> None:
        """Read refs, and the versions that other writers have made since."""
        before, self.state = self.state, self._read_state()
        if self.state.swept != before.swept:
            self._start_anew()
        elif self.state.seq < before.seq:  # the server may have gone back to an earlier state
            self.look_for([before.head.version])
        self.versions.learn(self.state.named - before.named)

    def look_for(self, shown: Iterable[VersionId | None]) -> bool:
        """Find out whether versions are still in the store, and take note of those that are not.

        A server that crashed, or a replica that took over, may have lost the last moments. Says
        whether any is lost.
        """
        unnamed = [
            version
            for version in shown
            if version is not None
            and version not in self.state.named
            and not self.versions.is_pruned(version)
        ]
        if not unnamed:
            return False
        lost = set(unnamed) - self._backend.read_versions(self.key, unnamed).keys()
        if lost:
            self.lost |= lost
            self._start_anew()
        return bool(lost)

    def go_on_without(self, lost: Head) -> tuple[Head, int]:
        """Find the nearest version behind a lost one that the store has, and how many it lost."""
        line = list(first_parents(lost.version, self.versions.parents_before))
        left = next((n for n, version in enumerate(line) if version in self.versions), None)
        if left is None:
            return self.state.head, len(line)
        return Head(self.branch_for(line[left], lost), line[left]), left

    def _start_anew(self) -> None:
        self.sweeps += 1
        self.versions.start_anew()
        self.on_swept()

    def _read_state(self) -> State:
        record = self._backend.read_session(self.key)
        if record is None:
            raise SessionNotFoundError
        self._server_ahead_s = record.now_s - time.monotonic()
        self.hearing.known_seq = record.seq
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
            swept=refs.get(records.SWEPT_FIELD),
            version_count=record.version_count,
        )

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

    def may_replace(self, version_id: VersionId | None, head: Head) -> bool:
        """Say whether a commit may take a version's place, as far as is known."""
        return may_replace(version_id, head, self.state, self.versions)

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


def _nothing_to_forget() -> None:
    """Forget nothing: nobody takes anything for stored."""
