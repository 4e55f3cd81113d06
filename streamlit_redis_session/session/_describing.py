"""What operators see of a version: its values by type, shape, bytes and lease; nothing is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from streamlit_redis_session import codec
from streamlit_redis_session.chunks import Manifest
from streamlit_redis_session.objects import Change, VersionId
from streamlit_redis_session.session._following import SessionFollowing


@dataclass(frozen=True, slots=True)
class ValueInfo:
    """One data value of a version, as far as can be told without reading it."""

    key: str
    """The value's name in the session."""
    type: str
    """What the codec calls it, such as ``"pd.DataFrame"``."""
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


class SessionDescribing(SessionFollowing):
    """A session whose versions can be looked at without reading their values."""

    def describe(self, ref: str = "HEAD") -> list[ValueInfo]:
        """List the data values of a version; costs three small round trips, reads no value.

        Raises
        ------
        RefNotFoundError, VersionNotFoundError
            ``ref`` names nothing.
        CorruptDataError
            A manifest of the version is damaged or missing.
        """
        self.settle()
        with self._lock:
            version = self._version(self._repository.resolve(ref, self._head))
            changes = self._changes_that_made(version.id)
            return [
                self._describe(key, self._values.read_table(self.key, manifest), changes.get(key))
                for key, manifest in version.values.items()
            ]

    def settings_at(self, ref: str = "HEAD") -> dict[str, object]:
        """Give copies of the settings that a version holds; errors as of ``describe()``."""
        self.settle()
        with self._lock:
            found = self._settings_of(self._repository.resolve(ref, self._head))
            return {key: codec.snapshot(value) for key, value in found.items()}

    def _changes_that_made(self, version_id: VersionId) -> Mapping[str, Change]:
        """Find, for each value, the change that gave it its shape, along first parents.

        A change that made another value than the one looked for says nothing of it: those between
        may have been pruned.
        """
        version = self._version(version_id)
        wanted, found = version.values, dict[str, Change]()
        while True:
            for change in version.changes:
                if version.values.get(change.key) == wanted.get(change.key):
                    found.setdefault(change.key, change)
            if not version.parents or wanted.keys() <= found.keys():
                return found
            version = self._version(version.parents[0])

    def _describe(self, key: str, manifest: Manifest, change: Change | None) -> ValueInfo:
        chunks = manifest.chunk_ids()
        sizes, lives = self._backend.chunk_sizes(chunks), self._backend.chunk_lives(chunks)
        return ValueInfo(
            key=key,
            type=_type_of(manifest),
            rows=change.rows_after if change else None,
            columns=change.columns_after if change else None,
            nbytes=manifest.nbytes,
            stored_bytes=sum(sizes),
            chunk_count=len(chunks),
            lost_count=sum(size == 0 for size in sizes),
            lease_s=min(lives, default=None),
        )


def _type_of(manifest: Manifest) -> str:
    """Name a type by the tag of its description; plain containers have none."""
    node = manifest.parts[0].description  # the root
    tag = node.get("t") if isinstance(node, dict) else None
    return tag if isinstance(tag, str) else type(node).__name__
