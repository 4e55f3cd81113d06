"""What is stored of one column: its chunks or bytes, and what was selected or edited of them."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass

from streamlit_redis_session.codec.columns import ColumnSpec
from streamlit_redis_session.objects import ChunkId


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rows of a base, stored already, a column consists of."""

    form: str
    """How the positions are written, see ``_forms``."""
    positions: StoredColumn
    base_rows: int
    base_nbytes: int
    affine: tuple[int, int] | None = None
    """Start and step of a base that counts (a range index) and needs no chunks."""


@dataclass(frozen=True, slots=True)
class Patch:
    """Elements that stand in the place of some of a column's, such as edited cells."""

    form: str
    """How the positions are written, see ``_patch.pack_rows``."""
    positions: StoredColumn
    values: StoredColumn
    """One element for each position, in the same order."""


@dataclass(frozen=True)
class StoredColumn:
    """One column of a manifest: its spec and where its pieces are."""

    spec: ColumnSpec
    nbytes: int
    """Bytes of all pieces together, uncompressed, or somewhat more; see ``Column.nbytes``."""
    chunk_ids: tuple[ChunkId, ...] = ()
    inline: bytes | None = None
    """The only piece, where it is too small for a chunk of its own."""
    selection: Selection | None = None
    """Where there is one, the pieces are the base's."""
    patch: Patch | None = None
    """Applied after the selection: its positions are those of the column itself."""

    @property
    def key(self) -> Hashable:
        """Equal for equal content."""
        return self.chunk_ids, self.inline, str(self.spec)

    @property
    def pieces_key(self) -> Hashable:
        """The key of a column that is what the pieces make."""
        return self.chunk_ids, self.inline, str(self.pieces_spec)

    def has_pieces_of(self, other: StoredColumn) -> bool:
        """Whether both are made of the same chunks."""
        return (self.chunk_ids, self.inline) == (other.chunk_ids, other.inline)

    def sides(self) -> Iterator[StoredColumn]:
        """Give the side columns that this one needs beside its pieces."""
        if self.selection is not None:
            yield self.selection.positions
        if self.patch is not None:
            yield self.patch.positions
            yield self.patch.values

    @property
    def pieces_spec(self) -> ColumnSpec:
        """The spec of what the pieces make: of the base where this is a selection."""
        if self.selection is None:
            return self.spec
        return {**self.spec, "rows": self.selection.base_rows}

    @property
    def pieces_nbytes(self) -> int:
        """Bytes of the pieces, uncompressed."""
        return self.nbytes if self.selection is None else self.selection.base_nbytes
