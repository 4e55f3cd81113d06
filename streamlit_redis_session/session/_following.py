"""Several programs and tabs in one session: what others did, and a head of one's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from streamlit_redis_session.history import Told
from streamlit_redis_session.objects import Head, RefName
from streamlit_redis_session.session._moves import SessionMoves


class SessionFollowing(SessionMoves):
    """A session that others may move as well."""

    @property
    def follows(self) -> bool:
        """Whether head is the session's, which all share, or one of this object's own.

        Set it to ``False`` to commit, undo and check out without moving what others show. The
        first commit then starts a branch. Neither such a head nor the settings of the moment are
        kept in the store: branches and versions are.
        """
        return self._repository.home is None

    @follows.setter
    def follows(self, follows: bool) -> None:
        with self._lock:
            if follows != self.follows:
                self._repository.home = None if follows else self._head.branch

    def is_behind(self) -> bool:
        """Ask whether another tab or process has moved head: one small round trip."""
        self.settle()
        with self._lock:
            is_behind = self._repository.has_moved()
            is_behind |= self.follows and self._repository.state.head != self._head
            if not is_behind:
                self._repository.hearing.adopt()
            return is_behind

    def refresh(self) -> bool:
        """Adopt a head that another tab or process has moved.

        Branches and versions of others are known afterwards in any case.

        Returns
        -------
        bool
            Whether head is another one now. ``False`` also when working values are uncommitted:
            they stay, and the commit finds out where it belongs; and where head is one's own.
        """
        self.settle()
        with self._lock:
            if self._repository.has_moved():
                self._repository.reload()
            self._reassure(saves=True)
            self._repository.hearing.adopt()
            shown = self._repository.state.head
            if not self.follows or shown == self._head or self._would_lose(shown):
                return False
            put, drop = self.settings_between(self._head.version, shown.version)
            self._adopt(shown, put, drop)
            return True

    def _would_lose(self, shown: Head) -> bool:
        """Say whether going to ``shown`` would drop a working value that no version has."""
        refused: list[str] = []
        staged = self._working.stage(lambda key, _: refused.append(key))
        here = self.head_values()
        there = self._version(shown.version).values if shown.version else {}
        return staged.data_differs(here) or any(here.get(k) != there.get(k) for k in refused)

    @property
    def home(self) -> RefName | None:
        """The branch that a head of one's own started from; ``None`` where it is shared."""
        return self._repository.home

    @property
    def shown_head(self) -> Head:
        """Head, without settling."""
        return self._head

    # what is heard of others

    @property
    def known_seq(self) -> int:
        """The ``seq`` up to which the branches and versions of others are known."""
        return self._repository.hearing.known_seq

    @property
    def adopted_seq(self) -> int:
        """The ``seq`` up to which moves of the session's head were followed."""
        return self._repository.hearing.adopted_seq

    def is_own(self, told: Told) -> bool:
        """Say whether this object made a change that was told. Waits for nobody."""
        return self._repository.hearing.is_own(told)

    def learn(self) -> None:
        """Read the branches and versions that others have made; head stays. Does not settle."""
        with self._lock:
            if self._repository.has_moved():
                self._repository.reload()

    @contextmanager
    def quietly(self, is_quiet: bool) -> Iterator[None]:
        """Tell others of what is committed meanwhile, but have none of them run for it."""
        self._repository.hearing.is_quiet = is_quiet
        try:
            yield
        finally:
            self._repository.hearing.is_quiet = False
