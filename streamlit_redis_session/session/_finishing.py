"""Commits whose answer was lost: they are finished before anything else is committed."""

from __future__ import annotations

import time
from abc import abstractmethod
from dataclasses import dataclass, replace

from streamlit_redis_session.errors import StorageUnavailableError
from streamlit_redis_session.history import (
    BaseLostError,
    Committed,
    Draft,
    Repository,
    SweptError,
    ValueStore,
    VersionsLostError,
)
from streamlit_redis_session.objects import Head
from streamlit_redis_session.session._budget import Budget
from streamlit_redis_session.session._recovery import Recovering
from streamlit_redis_session.session._working import Staged, WorkingValues

OLD_S = 1800.0
"""Age at which a draft is not sent again: the leases of its chunks, an hour at least, run."""


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A commit that was sent, as far as it is known."""

    staged: Staged
    draft: Draft
    settings: bytes | None
    """Sealed settings that go with it."""
    made_at_s: float
    """By the monotonic clock."""


class Finishing(Recovering):
    """A session that remembers what it has sent until it knows what became of it."""

    _repository: Repository
    _values: ValueStore
    _working: WorkingValues
    _head: Head
    _budget: Budget
    _unfinished: Unfinished | None
    """The commit whose answer was lost."""

    @abstractmethod
    def _keep_settings(self, staged: Staged, draft: Draft) -> None:
        """Keep the settings of a version in memory."""

    @abstractmethod
    def _note_settings(self, staged: Staged) -> None:
        """Note the settings as saved."""

    def _conclude(self, unfinished: Unfinished) -> Committed | None:
        """Send a draft and become what it became; keep it when the answer is lost."""
        staged, draft = unfinished.staged, unfinished.draft
        self._unfinished = None
        try:
            committed = self._repository.commit(draft, settings=unfinished.settings)
        except StorageUnavailableError:
            self._unfinished = unfinished
            raise
        if self._values.is_in_doubt:  # it was sent again, maybe to a server that has lost chunks
            self._values.write_chunks(*staged.all_plans, lease_s=draft.lease_s)
        if committed is not None:
            if committed.how != "nothing":
                self._values.brought(draft.chunks, lease_s=draft.lease_s)
            self._keep_settings(staged, draft)
            self._head = committed.head
            self._working.committed(staged, committed.version.values)
            self._note_settings(staged)
            self._budget.prune_if_due(self._head)
        return committed

    def _complete(self) -> Committed | None:
        """Finish the commit whose answer was lost; what was edited since then stays.

        So a commit that is made again reports what the first one did, and makes nothing twice.
        """
        unfinished = self._unfinished
        if unfinished is None:
            return None
        if time.monotonic() - unfinished.made_at_s > OLD_S:
            self._repository.reload()
            if self._repository.made_of(unfinished.draft) is None:
                self._unfinished = None  # its chunks may be gone: all is staged anew
                return None
        try:
            self._values.write_chunks_again(
                *unfinished.staged.all_plans, lease_s=unfinished.draft.lease_s
            )
        except BaseLostError:
            self._unfinished = None
            return None
        edited, gone = self._working.edited_since(unfinished.staged)
        try:
            committed = self._conclude(unfinished)
        except (SweptError, VersionsLostError):
            return None  # nothing was written: all is staged anew
        for key, value in edited.items():
            self._working.put(key, value)
        for key in gone:
            self._working.remove(key)
        if committed is not None and committed.how == "nothing":
            return replace(committed, how="done")  # head is what the first try made it
        return committed
