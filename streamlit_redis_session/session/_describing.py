"""What operators see of a version: its values by type, shape, bytes and lease; nothing is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from streamlit_redis_session import codec
from streamlit_redis_session.chunks import Manifest
from streamlit_redis_session.errors import CorruptDataError, LimitExceededError
from streamlit_redis_session.objects import Change, ChunkId, ManifestId, Version, VersionId
from streamlit_redis_session.session._following import SessionFollowing


@dataclass(frozen=True, slots=True)
class ValueInfo:
    """One data value of a version, as far as can be told without reading it."""

    key: str
    """The value's name in the session."""
    type: str
    """What the codec calls it, such as ``"pd.DataFrame"``; empty where it is damaged."""
    rows: int | None
    """``None`` where the value has none, or the version that made it was pruned."""
    columns: int | None
    nbytes: int
    """Uncompressed."""
    stored_bytes: int
    """What its chunks take in the store, whoever else uses them."""
    chunk_count: int
    lost_count: int
    """Chunks that the store does not have."""
    lease_s: float | None
    """How long the first of its chunks to end is kept; ``None``: it has none."""
    error: str = ""
    """Why nothing more can be told; empty: the manifest is sound."""


class SessionDescribing(SessionFollowing):
    """A session whose versions can be looked at without reading their values."""

    def describe(self, ref: str = "HEAD") -> list[ValueInfo]:
        """List the data values of a version, whether or not they can be read.

        Costs three round trips, and up to a few for the history; no value is read.

        Raises
        ------
        RefNotFoundError, VersionNotFoundError
            ``ref`` names nothing.
        """
        self.settle()
        with self._lock:
            version = self._version(self._repository.resolve(ref, self._head))
            tables = self._tables_of(version)
            chunks = self._look_at_chunks(m for m, _ in tables.values() if m is not None)
            changes = self._changes_that_made(version)
            return [
                _described(key, *tables[key], changes.get(key), chunks) for key in version.values
            ]

    def settings_at(self, ref: str = "HEAD") -> dict[str, object]:
        """Give copies of the settings that a version holds; errors as of ``describe()``."""
        self.settle()
        with self._lock:
            found = self._settings_of(self._repository.resolve(ref, self._head))
            return {key: codec.snapshot(value) for key, value in found.items()}

    def _tables_of(self, version: Version) -> dict[str, tuple[Manifest | None, str]]:
        """Open the manifests of a version's values; without one there is a reason."""
        sealed = self._backend.read_tables(self.key, list(version.values.values()))
        return {key: self._table(name, sealed.get(name)) for key, name in version.values.items()}

    def _table(self, name: ManifestId, sealed: bytes | None) -> tuple[Manifest | None, str]:
        if sealed is None:
            return None, "its manifest is missing"
        try:
            return self._values.open_table(self.key, name, sealed), ""
        except (CorruptDataError, LimitExceededError) as error:
            return None, str(error)

    def _look_at_chunks(self, manifests: Iterable[Manifest]) -> Mapping[ChunkId, tuple[int, float]]:
        """Read the size and the lease of each chunk of some manifests, in seconds."""
        chunks = list(dict.fromkeys(c for manifest in manifests for c in manifest.chunk_ids()))
        sizes, lives = self._backend.chunk_sizes(chunks), self._backend.chunk_lives(chunks)
        return dict(zip(chunks, zip(sizes, lives, strict=True), strict=True))

    def _changes_that_made(self, version: Version) -> Mapping[str, Change]:
        """Find, for each value, the change that gave it its shape, along first parents.

        A change that made another value than the one looked for says nothing of it: those between
        may have been pruned.
        """
        wanted, found = version.values, dict[str, Change]()
        at: Version | None = version
        while at is not None:
            for change in at.changes:
                if at.values.get(change.key) == wanted.get(change.key):
                    found.setdefault(change.key, change)
            if not at.parents or wanted.keys() <= found.keys():
                return found
            at = self._version_if_sound(at.parents[0])
        return found

    def _version_if_sound(self, version_id: VersionId) -> Version | None:
        try:
            return self._version(version_id)
        except CorruptDataError:
            return None


def _described(
    key: str,
    manifest: Manifest | None,
    reason: str,
    change: Change | None,
    looked_at: Mapping[ChunkId, tuple[int, float]],
) -> ValueInfo:
    chunks = [looked_at[c] for c in manifest.chunk_ids()] if manifest is not None else []
    return ValueInfo(
        key=key,
        type="" if manifest is None else _type_of(manifest),
        rows=change.rows_after if change else None,
        columns=change.columns_after if change else None,
        nbytes=0 if manifest is None else manifest.nbytes,
        stored_bytes=sum(size for size, _ in chunks),
        chunk_count=len(chunks),
        lost_count=sum(size == 0 for size, _ in chunks),
        lease_s=min((life for _, life in chunks), default=None),
        error=reason,
    )


def _type_of(manifest: Manifest) -> str:
    """Name a type by the tag of its description; plain containers have none."""
    node = manifest.parts[0].description  # the root
    tag = node.get("t") if isinstance(node, dict) else None
    return tag if isinstance(tag, str) else type(node).__name__
