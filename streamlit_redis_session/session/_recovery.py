"""Going on after the server has forgotten some of what it had acknowledged.

A server that crashed starts with what was on its disk, and a replica that takes over has what it
was sent: the last moments may be missing. A program that lives on knows more than the server. What
it shows is saved again, and nothing new is made to refer to what is not there any more.
"""

from __future__ import annotations

import logging
from abc import abstractmethod

from streamlit_redis_session.history import Repository
from streamlit_redis_session.objects import Head
from streamlit_redis_session.session._mapping import ReadingMapping
from streamlit_redis_session.session._working import WorkingValues
from streamlit_redis_session.storage import Backend

_LOGGER = logging.getLogger(__name__)


class Recovering(ReadingMapping):
    """A session that looks at the store again when it had to connect anew."""

    _repository: Repository
    _backend: Backend
    _working: WorkingValues
    _head: Head
    _connections: int

    @abstractmethod
    def _save_again(self) -> None:
        """Commit what is shown."""

    def _reassure(self, *, saves: bool = False) -> None:
        """See to it that head is in the store; costs nothing while the connection lasts.

        With ``saves``, what a server has lost is committed again at once.
        """
        if self._backend.connections != self._connections:
            self._connections = self._backend.connections
            self._repository.reload()
            self._repository.look_for([self._head.version])
        if self._recover_if_lost() and saves:
            self._save_again()

    def _recover_if_lost(self) -> bool:
        """Go back to what the store has, with what is shown as uncommitted changes."""
        shown = self._head
        if shown.version not in self._repository.lost:
            return False
        self._head, lost = self._repository.go_on_without(shown)
        version = self._head.version
        self._working.rebase(self._repository.versions[version].values if version else {})
        _LOGGER.warning(
            "%s has lost the last %d version(s) of session %s, branch %r, which it had "
            "acknowledged. What is shown is saved again. Switch on appendfsync always, or "
            "replicas with WAIT, if that must not happen.",
            self._backend.where,
            lost,
            self._repository.key[:8],
            shown.branch,
        )
        return True
