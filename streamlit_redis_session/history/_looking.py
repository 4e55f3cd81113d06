"""The versions and refs of one session, as far as reading them goes."""

from __future__ import annotations

import time
from collections.abc import Callable

from streamlit_redis_session.chunks import Chunker
from streamlit_redis_session.errors import SessionNotFoundError
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
    Head,
    RefName,
    SessionKey,
    VersionId,
)
from streamlit_redis_session.storage import Backend


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
        """Ask whether somebody has pruned since the last read; if so, read everything anew."""
        swept = self.state.swept
        if self.has_moved():
            self.reload()
        return self.state.swept != swept

    def reload(self) -> None:
        """Read refs, and the versions that other writers have made since."""
        before, self.state = self.state, self._read_state()
        if self.state.swept != before.swept:
            self.versions.start_anew()
            self.on_swept()
        self.versions.learn(self.state.named - before.named)

    def _read_state(self) -> State:
        record = self._backend.read_session(self.key)
        if record is None:
            raise SessionNotFoundError
        self._server_ahead_s = record.now_s - time.monotonic()
        self.hearing.known_seq = record.seq
        refs = record.refs
        return State(
            epoch=record.epoch,
            seq=record.seq,
            head=records.head_in(refs),
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
