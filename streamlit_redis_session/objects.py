"""The nouns of the package: ids and frozen records, without behaviour or I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NewType

VersionId = NewType("VersionId", str)
"""40 lower-case hexadecimal characters."""

ChunkId = NewType("ChunkId", str)
"""40 lower-case hexadecimal characters: the digest of a chunk's content."""

ManifestId = NewType("ManifestId", str)
"""40 lower-case hexadecimal characters: the digest of a manifest's content."""

RefName = NewType("RefName", str)
"""The name of a branch or tag."""

SessionKey = NewType("SessionKey", str)
"""32 hexadecimal characters: the keyed hash of a session id, which itself is never stored."""

JSON = Any
"""What ``json.dumps`` accepts without loss: None, bool, int, float, str, list, dict of str."""

DEFAULT_BRANCH = RefName("main")
SHORT_ID_CHARS = 8


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a session may hold; every limit is checked before anything is written."""

    value_bytes: int = 4 * 2**30
    """One value, uncompressed."""
    queue_bytes: int = 2 * 2**30
    """Snapshots that wait for the background writer, uncompressed, per process."""
    message_chars: int = 200
    """A version's message or annotation."""
    ref_chars: int = 100
    """The name of a branch or tag."""
    session_bytes: int | None = None
    """All chunks that a session's versions need, as stored; ``None``: what the server holds."""
    session_versions: int | None = 5_000
    """Versions of a session: beyond, the oldest are pruned, but never what a branch, a tag or
    head needs. ``None``: all stay."""


@dataclass(frozen=True, slots=True)
class Head:
    """What a session shows."""

    branch: RefName
    """The branch that the next commit extends."""
    version: VersionId | None
    """``None`` before the first commit."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a version did to one value."""

    key: str
    """The value's name in the session."""
    kind: str
    """``"added"``, ``"removed"`` or ``"changed"``."""
    rows_before: int | None = None
    """Rows (or length) before; ``None`` where the value has none."""
    rows_after: int | None = None
    columns_before: int | None = None
    """Columns before; ``None`` where the value is not a table."""
    columns_after: int | None = None
    columns_added: tuple[str, ...] = ()
    columns_removed: tuple[str, ...] = ()
    columns_retyped: tuple[str, ...] = ()
    columns_changed: tuple[str, ...] = ()
    """Columns of the same name and type with other values or another order."""
    rows_reordered: bool = False
    """The same row labels stand in another order."""
    cells_changed: int | None = None
    """Cells that differ, counted where shape and columns are the same; ``None``: not counted."""

    def __str__(self) -> str:
        """Say the change in a few words, such as ``df: -40,210 rows``."""
        if self.kind == "removed":
            return f"{self.key}: removed"
        if self.kind == "added":
            return f"{self.key}: new{self._shape_after()}"
        parts = [*self._row_words(), *self._column_words()]
        return f"{self.key}: {', '.join(parts) or 'changed'}"

    def _shape_after(self) -> str:
        if self.rows_after is None:
            return ""
        if self.columns_after is None:
            return f", {self.rows_after:,}"
        return f", {self.rows_after:,} x {self.columns_after:,}"

    def _row_words(self) -> list[str]:
        if self.rows_before is None or self.rows_after is None:
            return []
        if self.rows_reordered:
            return ["rows reordered"]
        difference = self.rows_after - self.rows_before
        return [f"{difference:+,} {_plural('row', abs(difference))}"] if difference else []

    def _column_words(self) -> list[str]:
        words = []
        if self.columns_added:
            words.append(f"+ {_listed(self.columns_added)}")
        if self.columns_removed:
            words.append(f"- {_listed(self.columns_removed)}")
        if self.columns_retyped:
            words.append(f"retyped {_listed(self.columns_retyped)}")
        if self.cells_changed and self.columns_changed:
            cells = f"{self.cells_changed:,} {_plural('cell', self.cells_changed)}"
            words.append(f"{cells} of {_listed(self.columns_changed)}")
        elif self.cells_changed:
            words.append(f"{self.cells_changed:,} {_plural('cell', self.cells_changed)}")
        return words


def _plural(noun: str, count: int) -> str:
    return noun if count == 1 else f"{noun}s"


def _listed(names: tuple[str, ...], most: int = 2) -> str:
    """Name the first few, count the rest: ``a, b and 3 more``."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


@dataclass(frozen=True, slots=True)
class Version:
    """An immutable snapshot of all tracked values."""

    id: VersionId
    parents: tuple[VersionId, ...]
    """First parent first; empty for a session's first version."""
    message: str
    """One line."""
    created_at: datetime
    """Aware, in UTC."""
    author: str
    """Who or what made it; empty when nobody said."""
    changes: tuple[Change, ...]
    """What differs from the first parent, one entry per value."""
    annotation: str = ""
    """A note added later with ``session.annotate()``."""
    values: Mapping[str, ManifestId] = field(default_factory=dict, repr=False)
    """The manifest of each data value."""
    settings: ManifestId | None = field(default=None, repr=False)
    """The manifest of the dict of all settings; ``None`` where there are none."""
    replaces: VersionId | None = field(default=None, repr=False)
    """The version whose place it took: an earlier step of the same drag, or of the same typing."""

    @property
    def short_id(self) -> str:
        """The first 8 characters of the id."""
        return self.id[:SHORT_ID_CHARS]


@dataclass(frozen=True, slots=True)
class PruneReport:
    """What ``session.prune()`` took away."""

    removed: tuple[Version, ...]
    """Newest first."""
    kept_count: int
    reparented: tuple[VersionId, ...]
    """Versions that are now made from an ancestor of what they were made from."""
    manifest_count: int
    """Manifests that no version needed any more. Their chunks end with their leases."""

    def __str__(self) -> str:
        """Say it in a sentence."""
        count = len(self.removed)
        return f"{count:,} {_plural('version', count)} removed, {self.kept_count:,} kept"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that ``store.verify()`` found."""

    kind: str
    """What is wrong, in two words with a hyphen, such as ``"chunk-lost"``; see
    ``docs/format.md``."""
    session_key: SessionKey
    what: str
    """What it is about: a chunk, a manifest, a version, a ref, a key."""
    reason: str
    """How it was told, without a full stop."""
    versions: tuple[VersionId, ...] = ()
    """Versions that cannot be read completely because of it."""
    can_repair: bool = False
    """Whether ``repair=True`` would mend it, from here."""
    is_repaired: bool = False
    remedy: str = ""
    """What was done, or would be."""

    def __str__(self) -> str:
        """Say it in a line."""
        done = f"; {'repaired' if self.is_repaired else 'can be repaired'}: {self.remedy}"
        return f"{self.kind}: {self.what}: {self.reason}{done if self.remedy else ''}"


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What ``store.verify()`` looked at and found."""

    session_count: int
    version_count: int
    manifest_count: int
    chunk_count: int
    """Each counts once, however many sessions share it."""
    read_bytes: int
    """As stored."""
    faults: tuple[Fault, ...]

    @property
    def is_sound(self) -> bool:
        """Whether all that was found has been repaired, if anything was."""
        return all(fault.is_repaired for fault in self.faults)
