"""A store: sessions of one namespace on one server."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Hashable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from weakref import WeakSet

from streamlit_redis_session.chunks import Chunker, Keys, mint_session_id
from streamlit_redis_session.errors import SessionNotFoundError
from streamlit_redis_session.history import (
    BRANCH_PREFIX,
    Repository,
    Told,
    ValueStore,
    Verifier,
    head_in,
    measured,
    named_chunks,
    purge_chunks,
    read_event,
)
from streamlit_redis_session.objects import Head, Limits, SessionKey, VerifyReport
from streamlit_redis_session.session._budget import counted_bytes
from streamlit_redis_session.session._lifetime import lease_s
from streamlit_redis_session.session._session import Session
from streamlit_redis_session.storage import Backend, Closing, ServerInfo, Subscription

CACHE_BYTES = 512 * 2**20
"""Values remembered per store, so that undo need not read; estimated memory."""

_ID = re.compile(r"[\x21-\x7e]{1,256}")
"""A minted id has 43 characters; one that a program vouches for may be an e-mail address."""


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """What an operator sees of a session; never its id."""

    key: SessionKey
    """The keyed hash of the id."""
    created_at: datetime
    versions: int
    branches: int
    head: Head
    expires_at: datetime | None
    """When it ends unless somebody uses it; ``None``: never."""
    stored_bytes: int | None
    """No fewer than its chunks have together; ``None``: nobody has counted, because
    ``Limits.session_bytes`` is off."""


@dataclass(frozen=True, slots=True)
class StoreStats:
    """What a store holds, and where."""

    server: ServerInfo
    sessions: int


class Store(Closing):
    """Sessions of one namespace on one server; made by ``connect()``, safe in all threads."""

    def __init__(
        self,
        backend: Backend,
        keys: Keys,
        *,
        namespace: str,
        ttl: timedelta,
        limits: Limits,
    ) -> None:
        self.namespace = namespace
        """The first part of every key."""
        self._backend = backend
        self._keys = keys
        self._ttl_s = max(1, int(ttl.total_seconds()))
        self._limits = limits
        self.is_closed = False
        """Whether :meth:`close` was called."""
        self._chunker = Chunker(keys)
        self._open: WeakSet[Repository] = WeakSet()
        """Histories of sessions that somebody has open here."""
        self._values = ValueStore(
            backend,
            self._chunker,
            lease_s=lease_s(self._ttl_s),
            limits=limits,
            cache_bytes=CACHE_BYTES,
        )

    @property
    def where(self) -> str:
        """The server's address without credentials, fit to be shown."""
        return self._backend.where

    @property
    def identity(self) -> Hashable:
        """Equal for stores that hold the same sessions under the same rules."""
        return self.where, self._keys, self._ttl_s, self._limits

    @property
    def ttl(self) -> timedelta:
        """How long a session lives after its last use."""
        return timedelta(seconds=self._ttl_s)

    @property
    def limits(self) -> Limits:
        """How much sessions may hold."""
        return self._limits

    def ping(self, *, writes: bool = False) -> None:
        """Ask the server for an answer.

        Parameters
        ----------
        writes
            Ask whether it takes writes, too.

        Raises
        ------
        StorageError
            It does not answer, or refuses.
        """
        self._backend.ping(writes=writes)

    def deadline(self, seconds: float) -> AbstractContextManager[None]:
        """Bound how long this thread waits for the server, each time, until the context ends.

        With 0 nothing is sent: what needs the server raises ``StorageUnavailableError`` at once.
        """
        return self._backend.deadline(seconds)

    def start_sweep(self) -> None:
        """Have the memory of remembered values looked at anew, by :meth:`sweep`."""
        self._values.start_sweep()

    def sweep(self, stop: Callable[[], bool], *, but: Iterable[object] = ()) -> bool:
        """Look for writes around pandas to remembered values until ``stop`` says so.

        A value that was written to is read anew when a version shows it again.

        Parameters
        ----------
        but
            Snapshots whose memory is left out.

        Returns
        -------
        bool
            Whether all have been looked at.
        """
        return self._values.sweep(stop, but=but)

    def session(self, session_id: str | None = None, *, create: bool = False) -> Session:
        """Open a session, or start one.

        Parameters
        ----------
        session_id
            ``None`` mints a new id: 256 random bits, 43 URL-safe characters.
        create
            Start the session when there is none of this id. For ids that the program itself
            vouches for (a signed-in user), never for one that came from a browser.

        Raises
        ------
        SessionNotFoundError
            No session has this id, or the id is not of the form of one.
        """
        if session_id is None:
            session_id, create = mint_session_id(), True
        key = self.key_of(session_id)
        if create:
            self._backend.create_session(key, ttl_s=self._ttl_s)
        return self._opened(session_id, key, ttl_s=self._ttl_s)

    def open_key(self, key: SessionKey) -> Session:
        """Open a living session of which only the key is known, for operators; ``id`` raises.

        What is written through it leaves the session's time to live as it is.

        Raises
        ------
        SessionNotFoundError
            No session has this key.
        """
        left_s = self._backend.read_lives(key).meta or 1
        is_endless = left_s == math.inf
        return self._opened(None, key, ttl_s=self._ttl_s if is_endless else math.ceil(left_s))

    def _opened(self, session_id: str | None, key: SessionKey, *, ttl_s: int) -> Session:
        repository = Repository(self._backend, self._chunker, self._keys.record, key, ttl_s=ttl_s)
        self._values.hear_of_sweeps()  # after refs were read: a later sweep marks the session
        self._open.add(repository)
        return Session(
            session_id, repository, self._values, backend=self._backend, limits=self._limits
        )

    def key_of(self, session_id: str) -> SessionKey:
        """Give the key of a session, by which operators know it; asks nobody.

        Raises
        ------
        SessionNotFoundError
            The id is not of the form of one.
        """
        if not isinstance(session_id, str) or not _ID.fullmatch(session_id):
            raise SessionNotFoundError
        return self._keys.session_key(session_id)

    def sessions(self) -> list[SessionInfo]:
        """List living sessions, newest first; for operators. Never scans keys."""
        infos = (self.info(key) for key in self._backend.list_sessions())
        found = [info for info in infos if info is not None]
        return sorted(found, key=lambda info: info.created_at, reverse=True)

    def list_keys(self) -> list[SessionKey]:
        """List the keys of living sessions, in one round trip. Never scans keys."""
        return self._backend.list_sessions()

    def measure(self, key: SessionKey) -> int:
        """Count the bytes of all chunks that a session needs; this reads all its manifests."""
        return measured(self._backend, self._values, key, {})

    def info(self, key: SessionKey) -> SessionInfo | None:
        """Tell what ``sessions()`` says of one session; ``None`` when there is none."""
        record = self._backend.read_session(key)
        left_s = self._backend.read_lives(key).meta
        if record is None or left_s is None:
            return None
        is_endless = left_s == math.inf
        return SessionInfo(
            key=key,
            created_at=_time(float(record.meta["created_at"])),
            versions=record.version_count,
            branches=sum(name.startswith(BRANCH_PREFIX) for name in record.refs),
            head=head_in(record.refs),
            expires_at=None if is_endless else _time(record.now_s + left_s),
            stored_bytes=counted_bytes(record.meta),
        )

    def delete(self, session_id: str, *, purge: bool = False) -> None:
        """Delete a session at once; its chunks go when their leases end.

        Parameters
        ----------
        purge
            Remove the chunks that no other session names at once, too. This reads the manifests
            of all sessions of the namespace. Those of versions that were pruned before, without
            ``purge``, still end with their leases.

        Raises
        ------
        SessionNotFoundError
            There was none of this id. Nothing else was touched, whatever the id looks like.
        """
        self.delete_key(self.key_of(session_id), purge=purge)

    def delete_key(self, key: SessionKey, *, purge: bool = False) -> None:
        """Do what ``delete()`` does for a session of which only the key is known."""
        chunks = named_chunks(self._backend, self._values, key) if purge else []
        if not self._backend.delete_session(key):
            raise SessionNotFoundError
        purge_chunks(self._backend, self._values, chunks)

    def verify(
        self,
        session_id: str | None = None,
        *,
        repair: bool = False,
        progress: Callable[[int, int], None] | None = None,
    ) -> VerifyReport:
        """Look at everything that is stored: refs, versions, manifests, chunks, leases.

        All of it is read once, in slices; nothing is decoded. Keys are never scanned: sessions are
        those of the index.

        Parameters
        ----------
        session_id
            Look at this session alone; ``None``: at all of the namespace.
        repair
            Mend what can be mended from what this process holds in memory, lengthen leases, and
            lead around versions that are lost for good. A second time there is nothing to do.
        progress
            Told now and then how many chunks were looked at, of how many that are known of.

        Raises
        ------
        SessionNotFoundError
            No session has this id.
        """
        if session_id is None:
            return self._verify(self._backend.list_index(), repair, progress)
        key = self.key_of(session_id)
        if self._backend.read_session(key) is None and key not in self._backend.list_index():
            raise SessionNotFoundError
        return self._verify([key], repair, progress)

    def verify_key(
        self,
        key: SessionKey,
        *,
        repair: bool = False,
        progress: Callable[[int, int], None] | None = None,
    ) -> VerifyReport:
        """Do what ``verify()`` does for a session of which only the key is known."""
        return self._verify([key], repair, progress)

    def _verify(
        self,
        keys: Iterable[SessionKey],
        repair: bool,
        progress: Callable[[int, int], None] | None,
    ) -> VerifyReport:
        verifier = Verifier(
            self._backend,
            self._values,
            books=lambda key: [r.versions for r in list(self._open) if r.key == key],
            lease_s=lease_s,
            repair=repair,
            progress=progress,
        )
        for key in keys:
            verifier.look_at(key)
        return verifier.report()

    def subscribe(
        self, told: Callable[[SessionKey, int, Told], None], changed: Callable[[bool], None]
    ) -> Subscription:
        """Hear of changes of all sessions as they happen; see ``Backend.subscribe``."""
        return self._backend.subscribe(
            lambda key, seq, event: told(key, seq, read_event(event)), changed
        )

    def read_seqs(self, keys: Sequence[SessionKey]) -> list[int | None]:
        """Read how many changes these sessions have had; ``None`` for one that is gone."""
        return self._backend.read_seqs(keys)

    def stats(self) -> StoreStats:
        """Ask the server how it is and count the living sessions."""
        return StoreStats(self._backend.info(), len(self._backend.list_sessions()))

    def close(self) -> None:
        """Let go of the server. Sessions of this store cannot be used afterwards."""
        self.is_closed = True
        self._backend.close()


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, tz=timezone.utc)
