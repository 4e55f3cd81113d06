"""The heart of a session: working values, commits, and the ways in which head moves."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from threading import RLock

from streamlit_redis_session import codec
from streamlit_redis_session.chunks import Plan
from streamlit_redis_session.errors import (
    ChunkNotFoundError,
    ConfigurationError,
    CorruptDataError,
    LimitExceededError,
)
from streamlit_redis_session.history import (
    SETTINGS_FIELD,
    BaseLostError,
    Committed,
    Draft,
    Repository,
    SweptError,
    ValueStore,
    VersionsLostError,
)
from streamlit_redis_session.objects import (
    ChunkId,
    Head,
    Limits,
    ManifestId,
    SessionKey,
    Version,
    VersionId,
)
from streamlit_redis_session.session._budget import Budget
from streamlit_redis_session.session._finishing import Finishing, Unfinished
from streamlit_redis_session.session._lifetime import Lifetime, lease_s
from streamlit_redis_session.session._working import SETTINGS_PATH, Refuse, Staged, WorkingValues
from streamlit_redis_session.storage import Backend

_LOGGER = logging.getLogger(__name__)


class SessionCore(Finishing):
    """A mapping of working values over a history of versions."""

    def __init__(
        self,
        session_id: str | None,
        repository: Repository,
        values: ValueStore,
        *,
        backend: Backend,
        limits: Limits,
    ) -> None:
        self._id = session_id
        self._repository = repository
        self._values = values
        self._backend = backend
        self._limits = limits
        repository.on_swept = values.forget_leases
        self._lifetime = Lifetime(backend, values, repository)
        self._budget = Budget(backend, values, repository, limits)
        self._lock = RLock()
        self._connections = backend.connections
        self._working = WorkingValues(values, repository.key)
        self._head = repository.state.head
        self._unfinished = None
        self.settle: Callable[[], bool] = _nothing_to_settle
        """Called before head is read or moved: waits for the background writer, and says whether
        everything is saved. ``False``: the store fails at the moment."""
        self._show_head()

    def _show_head(self) -> None:
        """Show head's data and the settings as last saved, in place of everything."""
        self._working.show(self.head_values())
        settings = self._readable(self._saved_settings)
        if settings is None:
            settings = self._readable(lambda: self._settings_of(self._head.version)) or {}
        at_head = self.head_values()  # a crash after an undo may leave settings of another version
        self._working.replace_settings(
            {k: codec.snapshot(v) for k, v in settings.items() if k not in at_head}
        )
        staged = self._working.stage(leave_out)
        self._note_settings(staged)

    # identity

    @property
    def id(self) -> str:
        """The secret id: who has it has the session. Raises where it was opened by its key."""
        if self._id is None:
            raise ConfigurationError(f"Session {self.key[:8]} was opened by its key alone.")
        return self._id

    @property
    def key(self) -> SessionKey:
        """The keyed hash of the id, fit for logs and for the names of keys."""
        return self._repository.key

    @property
    def head(self) -> Head:
        """The branch and version that the session shows."""
        self.settle()
        return self._head

    @property
    def shown_version(self) -> VersionId | None:
        """The version of head, without settling."""
        return self._head.version

    @property
    def seen_seq(self) -> int:
        """How many changes of the session are known here; grows with every one."""
        return self._repository.state.seq

    @property
    def is_busy(self) -> bool:
        """Whether another thread is at work here, so that most calls would wait for it."""
        if not self._lock.acquire(blocking=False):
            return True
        self._lock.release()
        return False

    def setting_keys(self) -> set[str]:
        """List the working values that are settings."""
        with self._lock:
            return self._working.setting_keys()

    def __repr__(self) -> str:
        version = self._head.version[:8] if self._head.version else "no version"
        return f"<Session {self.key[:8]} on {self._head.branch} at {version}>"

    # the mapping

    def __getitem__(self, key: str) -> object:
        with self._lock:
            return self._working.get(key)

    def __setitem__(self, key: str, value: object) -> None:
        if not isinstance(key, str):
            raise ConfigurationError(f"Keys of a session are strings, not {key!r}.")
        with self._lock:
            self._working.put(key, value)

    def __delitem__(self, key: str) -> None:
        with self._lock:
            self._working.remove(key)

    def __contains__(self, key: object) -> bool:
        with self._lock:
            return key in self._working

    def __iter__(self) -> Iterator[str]:
        with self._lock:
            return iter(self._working.keys())

    def __len__(self) -> int:
        with self._lock:
            return len(self._working.keys())

    def held_copies(self, keys: Iterable[str]) -> dict[str, object]:
        """Give snapshots of working values that are head's and share all memory with it.

        They are not to be written to. A write to their memory is noticed from now on.
        """
        with self._lock:
            found = {key: self._working.held_copy(key) for key in keys}
        return {key: copy for key, copy in found.items() if copy is not None}

    def read_anew(self, keys: Iterable[str]) -> None:
        """Take the working values of these keys from the store when they are next asked for.

        For values whose memory somebody else has written to; what is not committed is lost.
        """
        with self._lock:
            for key in keys:
                self._working.unload(key)

    # commit

    @property
    def is_dirty(self) -> bool:
        """Whether a commit would make a version. Costs what finding that out costs."""
        self.settle()
        with self._lock:
            return self._working.stage(refuse_all).data_differs(self.head_values())

    def commit(self, message: str | None = None) -> Version | None:
        """Record the working values as a new version of the current branch.

        Chunks already stored are not sent again: the cost follows what changed, not how large
        the frames are. Settings are saved whether or not a version is made.

        A change is told by what pandas moves when it writes. A write around pandas into memory
        that a frame already had (``frame["a"].array[0] = 1``, an array that you have kept) is not
        looked for here, as a Streamlit app's background look does: assign a copy to have it
        saved, ``session["df"] = frame.copy()``.

        Parameters
        ----------
        message
            One line for the version graph, at most ``Limits.message_chars``; ``None`` writes one
            from what changed.

        Returns
        -------
        Version or None
            ``None`` when no data value differs from head.

        Raises
        ------
        UnsupportedValueError
            A value cannot be stored exactly; nothing was written.
        LimitExceededError
            A value, or the session, would be larger than ``Limits`` allows; nothing was written.
        StorageUnavailableError
            The store did not answer within its deadline. The working values and head are as
            before; the same call may be made again, and reports the version even where only the
            answer was lost. What was edited in between becomes a version after it.
        """
        self.settle()
        committed = self.commit_staged(message, refuse=refuse_all)
        return committed.version if committed and committed.how != "nothing" else None

    def commit_staged(
        self, message: str | None, *, refuse: Refuse, replaces: VersionId | None = None
    ) -> Committed | None:
        """Commit as the background writer does: without settling, values refused one by one.

        ``replaces`` is the version that the new one continues: where nothing else refers to it,
        the new one takes its place.
        """
        with self._lock:
            if message is not None:
                self._check_text("A message", message)
            self._reassure()
            completed = self._complete()
            staged = self._working.stage(refuse)
            if not staged.data_differs(self.head_values()):
                self._repository.planned_anew(lambda: self._save_settings(staged))
                return completed
            return self._commit_until_placed(staged, message, refuse, replaces)

    def _commit_until_placed(
        self,
        staged: Staged,
        message: str | None,
        refuse: Refuse,
        replaces: VersionId | None,
        tries: int = 5,
    ) -> Committed | None:
        """Commit, and stage anew when something that it relied on was taken away meanwhile."""
        try:
            return self._commit_version(staged, message, replaces)
        except BaseLostError:  # what stands for other rows is gone: store the rows themselves
            staged = self._working.stage(refuse, afresh=True)
            if not tries:
                raise
        except SweptError:  # nothing is taken for stored any more
            if not tries:
                raise
        except VersionsLostError:
            if not tries or not self._recover_if_lost():
                raise
            staged = self._working.stage(refuse)
        return self._commit_until_placed(staged, message, refuse, replaces, tries - 1)

    def _save_again(self) -> None:
        self.commit_staged(None, refuse=leave_out)

    def _commit_version(
        self, staged: Staged, message: str | None, replaces: VersionId | None
    ) -> Committed | None:
        redo = self._repository.redo_steps(self._head)
        if redo:
            self._working.recognise(staged, self._version(redo[0]).values)
        if not self._repository.may_replace(replaces, self._head):
            replaces = None
        if replaces is not None:
            self._working.recognise(staged, self._parent_values(replaces))
        changes = self._working.changes(staged)
        plans = staged.all_plans
        self._lifetime.renew_if_due()
        chunks: dict[ChunkId, bytes] = {}
        lease = lease_s(self._repository.ttl_s)
        self._values.write_chunks(*plans, lease_s=lease, along=chunks)
        self._budget.check(plans, chunks)
        settings = self._sealed_settings(staged, along=chunks)
        draft = Draft(
            base=self._head,
            values=staged.values,
            settings=staged.settings_plan.manifest_id if staged.settings_plan else None,
            tables=self._tables(staged, plans),
            message=_one_line(message) or self._automatic_message(changes),
            changes=changes,
            chunks=chunks,
            lease_s=lease,
        )
        if replaces is not None:
            draft = self._joining(draft, staged, message, self._version(replaces))
        return self._conclude(Unfinished(staged, draft, settings, time.monotonic()))

    def _joining(
        self, draft: Draft, staged: Staged, message: str | None, replaced: Version
    ) -> Draft:
        """Say what a draft is in the place of a version. A message that was given stays."""
        before = self._parent_values(replaced.id)
        changes = self._working.changes_since(before, replaced.changes, staged)
        kept = replaced.message
        if kept == self._automatic_message(replaced.changes):
            kept = self._automatic_message(changes)
        return replace(
            draft,
            replaces=replaced.id,
            joined_message=_one_line(message) or kept,
            joined_changes=changes,
        )

    def _parent_values(self, version_id: VersionId) -> Mapping[str, ManifestId]:
        parents = self._version(version_id).parents
        return self._version(parents[0]).values if parents else {}

    def _tables(self, staged: Staged, plans: Sequence[Plan]) -> dict[ManifestId, bytes]:
        """Seal the manifests that the session may lack.

        Where head was pruned, also those of values that nobody has changed since.
        """
        tables = {p.manifest_id: self._values.seal_table(self.key, p) for p in plans}
        if self._repository.versions.is_pruned(self._head.version):
            others = {k: v for k, v in staged.values.items() if v not in tables}
            lacking = self._repository.lacks(others.values())
            for key, manifest_id in others.items():
                if manifest_id in lacking:
                    held = self._working.held(key)
                    tables[manifest_id] = self._values.table_again(self.key, key, held)
        return tables

    def _keep_settings(self, staged: Staged, draft: Draft) -> None:
        """Keep the settings of a version in memory where they are new, for an undo."""
        base = draft.base.version
        known = self._version(base).settings if base else None
        if staged.settings_plan is not None and draft.settings != known:
            snapshot = codec.snapshot(staged.settings)
            self._values.remember(snapshot, staged.settings_plan, stamp=staged.stamp)

    def _automatic_message(self, changes: Sequence[object]) -> str:
        text = "; ".join(str(change) for change in changes) or "changed"
        most = self._limits.message_chars
        return text if len(text) <= most else text[: most - 1] + "…"

    def head_values(self) -> Mapping[str, ManifestId]:
        """Give the manifests of head's data values, without settling."""
        return self._version(self._head.version).values if self._head.version else {}

    def _version(self, version_id: VersionId) -> Version:
        return self._repository.versions[version_id]

    # settings

    def _sealed_settings(
        self, staged: Staged, *, along: dict[ChunkId, bytes] | None = None
    ) -> bytes | None:
        if staged.settings_plan is None and self._working.saved_settings is None:
            return None
        if self._repository.home is not None:  # a tab of its own: others start with theirs
            return None
        plan = staged.settings_plan or self._values.plan({}, path=SETTINGS_PATH)
        if plan.manifest_id == self._working.saved_settings:
            return None
        self._values.write_chunks(plan, lease_s=lease_s(self._repository.ttl_s), along=along)
        return self._values.seal_settings(self.key, plan)

    def _save_settings(self, staged: Staged) -> None:
        sealed = self._sealed_settings(staged)
        if sealed is not None and (staged.settings or self._working.saved_settings):
            self._lifetime.renew_if_due()
            self._repository.save_settings(sealed)
            self._note_settings(staged)

    def _note_settings(self, staged: Staged) -> None:
        plan = staged.settings_plan
        self._working.saved_settings = plan.manifest_id if plan else None

    def _settings_of(self, version_id: VersionId | None) -> dict[str, object]:
        manifest_id = self._version(version_id).settings if version_id else None
        if manifest_id is None:
            return {}
        settings = self._values.load(self.key, manifest_id, path=SETTINGS_PATH).value
        assert isinstance(settings, dict)
        return settings

    def _readable(self, read: Callable[[], dict[str, object]]) -> dict[str, object] | None:
        """Read settings; ``None`` when they are lost: they must not keep data from being shown."""
        try:
            return read()
        except (ChunkNotFoundError, CorruptDataError, LimitExceededError) as error:
            _LOGGER.warning("Settings could not be restored: %s", error)
            return None

    def _saved_settings(self) -> dict[str, object]:
        sealed = self._repository.state.meta.get(SETTINGS_FIELD)
        if sealed is None:
            return self._settings_of(self._head.version)
        settings = self._values.open_settings(self.key, sealed)
        assert isinstance(settings, dict)
        return settings

    # text

    def _check_text(self, what: str, text: str) -> None:
        if len(text) > self._limits.message_chars:
            raise LimitExceededError(
                what, size=len(text), limit=self._limits.message_chars, unit="characters"
            )


def _nothing_to_settle() -> bool:
    """Wait for nobody: without a background writer everything is settled."""
    return True


def refuse_all(key: str, error: Exception) -> None:
    """Refuse the whole commit because of one value."""
    del key
    raise error


def leave_out(key: str, error: Exception) -> None:
    """Leave a value out of the commit; the adapter has named it already."""
    del key, error


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())
