"""The ways in which head moves: undo, redo, checkout."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from streamlit_redis_session import codec
from streamlit_redis_session.errors import (
    ChunkNotFoundError,
    CorruptDataError,
    NothingToRedoError,
    NothingToUndoError,
    RefNotFoundError,
    StorageUnavailableError,
)
from streamlit_redis_session.history import SweptError, VersionsLostError, normal_name
from streamlit_redis_session.objects import Head, RefName, Version, VersionId
from streamlit_redis_session.session._core import SessionCore, leave_out
from streamlit_redis_session.session._working import SETTINGS_PATH, Staged


class SessionMoves(SessionCore):
    """A session whose head can be moved."""

    @property
    def can_undo(self) -> bool:
        """Whether head has a parent."""
        self.settle()
        with self._lock:
            return bool(self._repository.undo_steps(self._head, most=1))

    @property
    def can_redo(self) -> bool:
        """Whether the branch goes on after head."""
        self.settle()
        with self._lock:
            return bool(self._repository.redo_steps(self._head))

    def undo(self, steps: int = 1) -> Version:
        """Move head to its first parent, ``steps`` times; the branch keeps its tip.

        Data come back as they were, and so do the settings that differ between the version left
        and the version reached. Uncommitted changes are committed first, so that ``redo`` brings
        them back.

        Raises
        ------
        NothingToUndoError
            There are fewer steps than that; head is where it was.
        """

        def back() -> Version:
            path = self._repository.undo_steps(self._head, most=steps)
            return self._along(path, steps, NothingToUndoError)

        with self._moving():
            return self._repository.planned_anew(back)

    def redo(self, steps: int = 1) -> Version:
        """Move head ``steps`` versions towards its branch's tip.

        Raises
        ------
        NothingToRedoError
            There are fewer steps than that; head is where it was.
        """

        def forth() -> Version:
            return self._along(self._repository.redo_steps(self._head), steps, NothingToRedoError)

        with self._moving():
            return self._repository.planned_anew(forth)

    def _along(
        self,
        path: Sequence[VersionId],
        steps: int,
        error: type[NothingToUndoError | NothingToRedoError],
    ) -> Version:
        """Go so many steps along a path that begins beside head."""
        if not 1 <= steps <= len(path):
            raise error(steps, available=len(path))
        return self._go(Head(self._head.branch, path[steps - 1]))

    def checkout(
        self, ref: str, *, keys: Sequence[str] | None = None, branch: str | None = None
    ) -> Version:
        """Show another version, or bring some of its values back.

        Parameters
        ----------
        ref
            A branch, a tag, a version id or a unique prefix of at least 4 characters, or
            ``HEAD``, each with ``~n`` and ``^n`` behind it.
        keys
            Bring back these values alone, as working values on the present head.
        branch
            The branch that head gets; ``None``: the named one, else the present one where the
            version lies on it, else another that has it.

        Raises
        ------
        RefNotFoundError, VersionNotFoundError
            Nothing has this name; head is where it was.
        """

        def there() -> Version:
            version_id = self._repository.resolve(ref, self._head)
            if keys is not None:
                return self._bring_back(version_id, keys)
            return self._go(Head(self._branch_of(ref, version_id, branch), version_id))

        with self._moving(by_name=True):
            return self._repository.planned_anew(there)

    def _branch_of(self, ref: str, version_id: VersionId, branch: str | None) -> RefName:
        branches = self._repository.state.branches
        for name in (branch, ref):
            if name is not None and normal_name(name) in branches:
                return normal_name(name)
        if branch is not None:
            raise RefNotFoundError(branch, known=branches)
        return self._repository.branch_for(version_id, self._head)

    def _bring_back(self, version_id: VersionId, keys: Sequence[str]) -> Version:
        version = self._version(version_id)
        settings = self._settings_of(version_id)
        found: dict[str, object] = {}
        for key in keys:
            if key in version.values:
                held = self._values.load(self.key, version.values[key], path=key)
                found[key] = codec.snapshot(held.value)
            elif key in settings:
                found[key] = codec.snapshot(settings[key])
            else:
                known = [*version.values, *settings]
                raise RefNotFoundError(f"{version.short_id}:{key}", known=known)
        for key, value in found.items():
            self._working.put(key, value)
        return version

    @contextmanager
    def _moving(self, *, by_name: bool = False) -> Iterator[None]:
        """Hold the lock, with nothing uncommitted that a move could drop.

        ``by_name`` asks first what others made of branches and tags.
        """
        if not self.settle():
            raise StorageUnavailableError(
                "The last changes are not saved yet, because the store does not answer. "
                "Try again when it does."
            )
        with self._lock:
            self.commit_staged(None, refuse=leave_out)
            if by_name and self._repository.has_moved():
                self._repository.reload()
            self._reassure(saves=True)
            try:
                yield
            except VersionsLostError:
                self._repository.look_for([self._head.version])
                self._reassure(saves=True)
                raise

    def _go(self, head: Head) -> Version:
        """Move head, then the working values; nothing has changed when it raises."""
        reached = head.version
        assert reached is not None
        self._check_there(reached)
        put, drop = self.settings_between(self._head.version, reached)
        staged, sealed = self._settings_after(reached, put, drop)
        self._lifetime.renew_if_due()
        head = self._repository.move_head(head, settings=sealed)
        self._adopt(head, put, drop)
        if staged is not None:
            self._note_settings(staged)
        return self._version(reached)

    def _check_there(self, version_id: VersionId) -> None:
        """See that what differs in a version can be read, before head goes there."""
        here = self.head_values()
        try:
            there = self._version(version_id).values
            differing = {k: m for k, m in there.items() if here.get(k) != m}
            self._values.check_there(self.key, differing)
        except (ChunkNotFoundError, CorruptDataError):
            if self._repository.was_swept():  # the version itself may have been pruned
                raise SweptError from None
            raise

    def _settings_after(
        self, reached: VersionId, put: Mapping[str, object], drop: Sequence[str]
    ) -> tuple[Staged | None, bytes | None]:
        """Plan and seal the settings that a move will leave; nothing when it leaves them alone."""
        if not put and not drop:
            return None, None
        data = self._version(reached).values
        now = self._working.stage(leave_out).settings
        kept = {k: v for k, v in now.items() if k not in drop and k not in data}
        staged = Staged(settings={**kept, **put})
        if staged.settings:
            staged.settings_plan = self._values.plan(staged.settings, path=SETTINGS_PATH)
        return staged, self._sealed_settings(staged)

    def _adopt(self, head: Head, put: Mapping[str, object], drop: Sequence[str]) -> None:
        self._head = head
        self._working.show(self.head_values())
        self._working.replace_settings(put, drop=drop)

    def settings_between(
        self, left: VersionId | None, reached: VersionId | None
    ) -> tuple[dict[str, object], list[str]]:
        """Give the settings that differ between two versions: those to set, those to drop.

        Where those of one of them are lost, settings stay as they are.
        """
        before = self._readable(lambda: self._settings_of(left))
        after = self._readable(lambda: self._settings_of(reached))
        if before is None or after is None:
            return {}, []
        put = {k: v for k, v in after.items() if k not in before or not _same(before[k], v)}
        drop = [k for k in before if k not in after]
        return {k: codec.snapshot(v) for k, v in put.items()}, drop


def _same(a: object, b: object) -> bool:
    """Compare two settings exactly: type, bits and order."""
    left, right = codec.encode(a, path="a"), codec.encode(b, path="b")
    if left.description != right.description or len(left.columns) != len(right.columns):
        return False
    return all(
        x.spec() == y.spec() and bytes(x.piece(0, x.rows)) == bytes(y.piece(0, y.rows))
        for x, y in zip(left.columns, right.columns, strict=True)
    )
