"""One analyst's workspace, with names for its versions, its log, its graph and its lifetime."""

from __future__ import annotations

from datetime import timedelta

from streamlit_redis_session import codec
from streamlit_redis_session.errors import (
    ConfigurationError,
    HistoryStateError,
    RefExistsError,
    RefNotFoundError,
    VersionNotFoundError,
)
from streamlit_redis_session.history import (
    BRANCH_PREFIX,
    TAG_PREFIX,
    Diff,
    Keep,
    VersionGraph,
    automatic_name,
    check_name,
    named_chunks,
    normal_name,
    prune,
    purge_chunks,
)
from streamlit_redis_session.objects import Head, PruneReport, RefName, Version, VersionId
from streamlit_redis_session.session._describing import SessionDescribing


class Session(SessionDescribing):
    """One analyst's workspace: working values, and the history behind them.

    Get one from ``store.session()``. Values are read when they are first asked for; what you set
    is kept by ``commit()``. All methods may be called from any thread.

    Examples
    --------
    >>> session = store.session()
    >>> session["df"] = frame
    >>> session.commit("Loaded")
    >>> session["df"] = frame.dropna()
    >>> session.commit()
    >>> session.undo()
    """

    # branches and tags

    def create_branch(self, name: str | None, at: str = "HEAD") -> str:
        """Name a version as the tip of a new branch. Head stays; ``switch()`` goes there.

        Parameters
        ----------
        name
            By git's rules for names; ``None`` makes one from the present branch, as ``main-2``.
        at
            The version, as for ``checkout()``.

        Returns
        -------
        str
            The name, in Unicode's composed form.

        Raises
        ------
        RefExistsError
            A branch or tag of this name exists.
        VersionNotFoundError, RefNotFoundError
            ``at`` names nothing.
        """
        if name is None:
            self.settle()
            state = self._repository.state
            name = automatic_name(self._head.branch, {*state.branches, *state.tags})
        return self._create_ref(BRANCH_PREFIX, name, at)

    def tag(self, name: str, at: str = "HEAD") -> None:
        """Give a version a fixed name; see ``create_branch`` for what may go wrong."""
        self._create_ref(TAG_PREFIX, name, at)

    def _create_ref(self, prefix: str, name: str, at: str) -> RefName:
        checked = check_name(name, most_chars=self._limits.ref_chars)
        with self._moving(by_name=True):
            self._must_be_free(checked)
            version = self._repository.resolve(at, self._head)
            self._repository.set_refs(
                expect={prefix + checked: None}, put={prefix + checked: version}
            )
            return checked

    def _must_be_free(self, name: RefName) -> None:
        state = self._repository.state
        if name in state.branches or name in state.tags:
            raise RefExistsError(name)

    def switch(self, name: str) -> Version:
        """Show the tip of a branch; what is committed next extends it.

        Raises
        ------
        RefNotFoundError
            There is no such branch; head is where it was.
        """
        with self._moving(by_name=True):
            return self._repository.planned_anew(lambda: self._go(Head(*self._branch(name))))

    def _branch(self, name: str) -> tuple[RefName, VersionId]:
        branches, branch = self._repository.state.branches, normal_name(name)
        if branch not in branches:
            raise RefNotFoundError(name, known=branches)
        return branch, branches[branch]

    def rename_branch(self, old: str, new: str) -> None:
        """Give a branch another name; head follows."""
        checked = check_name(new, most_chars=self._limits.ref_chars)
        with self._moving(by_name=True):
            branch, tip = self._branch(old)
            self._must_be_free(checked)
            shown = self._repository.state.head
            self._repository.set_refs(
                expect={BRANCH_PREFIX + branch: tip, BRANCH_PREFIX + checked: None},
                put={BRANCH_PREFIX + checked: tip},
                delete=[BRANCH_PREFIX + branch],
                head=(shown, Head(checked, shown.version)) if shown.branch == branch else None,
            )
            if self._head.branch == branch:
                self._head = Head(checked, self._head.version)

    def delete_branch(self, name: str) -> None:
        """Delete a branch's name. Its versions stay until ``prune()``.

        Raises
        ------
        HistoryStateError
            Head is on this branch; switch to another first.
        """
        with self._moving(by_name=True):
            branch, tip = self._branch(name)
            if branch in (self._head.branch, self._repository.state.head.branch):
                raise HistoryStateError(f"Head is on {branch!r}. Switch to another branch first.")
            self._repository.set_refs(
                expect={BRANCH_PREFIX + branch: tip}, put={}, delete=[BRANCH_PREFIX + branch]
            )

    def delete_tag(self, name: str) -> None:
        """Delete a tag; the version stays."""
        with self._moving(by_name=True):
            tags, tag = self._repository.state.tags, normal_name(name)
            if tag not in tags:
                raise RefNotFoundError(name, known=tags)
            self._repository.set_refs(
                expect={TAG_PREFIX + tag: tags[tag]}, put={}, delete=[TAG_PREFIX + tag]
            )

    def annotate(self, ref: str, text: str) -> Version:
        """Add a note to a version, in place of an earlier one; its id stays."""
        self._check_text("A note", text)
        with self._moving(by_name=True):
            version_id = self._repository.resolve(ref, self._head)
            return self._repository.annotate(version_id, text)

    # looking at history

    def log(self, ref: str = "HEAD") -> list[Version]:
        """List a version and its first-parent ancestors, newest first."""
        self.settle()
        with self._lock:
            if ref == "HEAD" and self._head.version is None:
                return []
            start = self._repository.resolve(ref, self._head)
            return [self._version(start), *self._ancestors(start)]

    def _ancestors(self, start: VersionId) -> list[Version]:
        steps = self._repository.undo_steps(Head(self._head.branch, start))
        return [self._version(version_id) for version_id in steps]

    def graph(self) -> VersionGraph:
        """Return branches, tags, head and all versions behind them, at this moment."""
        self.settle()
        with self._lock:
            state = self._repository.state
            shown = () if self._head.version is None else (self._head.version,)
            versions = self._repository.versions.reached_from({*state.named, *shown})
            return VersionGraph(versions, state.branches, state.tags, self._head)

    def redo_path(self) -> tuple[VersionId, ...]:
        """List the versions that redo would go through, the next one first."""
        self.settle()
        with self._lock:
            return self._repository.redo_steps(self._head)

    def read(self, ref: str, key: str) -> object:
        """Return a value, data or setting, of any version; head does not move.

        Raises
        ------
        RefNotFoundError, VersionNotFoundError
            ``ref`` names nothing, or the version has no value ``key``.
        ChunkNotFoundError, CorruptDataError
            The value cannot be read; it never becomes an empty frame.
        """
        self.settle()
        with self._lock:
            version = self._version(self._repository.resolve(ref, self._head))
            if key in version.values:
                held = self._values.load(self.key, version.values[key], path=key)
                return codec.snapshot(held.value)
            settings = self._settings_of(version.id)
            if key not in settings:
                known = ", ".join(sorted([*version.values, *settings])) or "none"
                reason = f"It has no value {key!r} (it has: {known})."
                raise VersionNotFoundError(ref, reason=reason)
            return codec.snapshot(settings[key])

    def diff(self, a: str = "HEAD~1", b: str = "HEAD", key: str | None = None) -> Diff:
        """Compare two versions, value by value; frames are read only when looked at.

        Parameters
        ----------
        a, b
            Refs of the earlier and the later version.
        key
            Compare this value alone; ``None``: all data values that differ.
        """
        self.settle()
        with self._lock:
            before = self._version(self._repository.resolve(a, self._head))
            after = self._version(self._repository.resolve(b, self._head))
            return Diff(before, after, self.read, key=key)

    # retention

    def prune(self, keep: Keep, *, purge: bool = False) -> PruneReport:
        """Take versions out of the history.

        What head shows, the tips of branches, tags, the first version and those where lines part
        always stay. A version whose parent goes is from then on made from the nearest ancestor
        that stays. Chunks that nothing needs any more end with their leases.

        Parameters
        ----------
        keep
            How many of the newest versions stay; or a ``timedelta``: those not older; or a
            function that is given a ``Version``: those of which it says ``True``.
        purge
            Remove the chunks that no session names any more at once. This reads the manifests of
            all sessions of the namespace.

        Returns
        -------
        PruneReport
            What was removed.

        Raises
        ------
        ConfigurationError
            ``keep`` is none of these; nothing was removed.
        ConflictError
            Others wrote again and again meanwhile; nothing was removed.
        """
        self.settle()
        with self._lock:
            chunks = named_chunks(self._backend, self._values, self.key) if purge else []
            report = prune(self._repository, keep, shown=self._head)
            purge_chunks(self._backend, self._values, chunks)
            return report

    # lifetime

    def touch(self) -> None:
        """Start the session's time to live anew, and that of the chunks it needs."""
        self.settle()
        with self._lock:
            self._lifetime.touch()

    def expire(self, ttl: timedelta) -> None:
        """Set the session's time to live, from now on.

        Raises
        ------
        ConfigurationError
            Less than a second.
        """
        seconds = int(ttl.total_seconds())
        if seconds < 1:
            raise ConfigurationError(f"The time to live must be at least one second, not {ttl}.")
        self.settle()
        with self._lock:
            self._repository.ttl_s = seconds
            self._lifetime.touch()

    def delete(self, *, purge: bool = False) -> None:
        """Delete the session at once; its chunks go when their leases end.

        Parameters
        ----------
        purge
            Remove the chunks that no other session names at once, too. This reads the manifests
            of all sessions of the namespace. Those of versions that were pruned before, without
            ``purge``, still end with their leases.
        """
        self.settle()
        with self._lock:
            chunks = named_chunks(self._backend, self._values, self.key) if purge else []
            self._backend.delete_session(self.key)
            purge_chunks(self._backend, self._values, chunks)
