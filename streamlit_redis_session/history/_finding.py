"""What stored columns stand for the columns of a new value: the same rows, or some of them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from streamlit_redis_session import codec
from streamlit_redis_session.chunks import (
    Chunker,
    FoundColumn,
    Patch,
    Rows,
    Run,
    Selection,
    Selections,
    StoredColumn,
    affine_of,
    comes_from,
    is_order_of,
    pack_rows,
    remapped,
    same_chunks,
    sample_of,
    values_at,
)
from streamlit_redis_session.codec import Column, FixedColumn
from streamlit_redis_session.codec.positions import candidates
from streamlit_redis_session.history._patching import Pair, Positions
from streamlit_redis_session.history._together import together

Sides = tuple[tuple[StoredColumn, Column], ...]

LEAST_BYTES = 256 * 1024
"""Less is stored as it is: positions would not pay."""
MOST_THINNING = 16
"""A selection of less than this part of its base is stored as it is: reading it would cost more
than storing it saves."""
LEAST_SAVING = 4
"""Positions must be this many times smaller than what they stand for."""
_SAMPLE_ROWS = 32
_MOST_TRIES = 4
"""Base columns of one sample that are compared in full with one column."""


@dataclass(frozen=True, slots=True)
class _Written:
    """Rows as they are stored: form, side column, and what to cut that from."""

    form: str
    stored: StoredColumn
    column: Column


@dataclass
class Finder:
    """Looks for one value's columns among those of the value that it was made from."""

    chunker: Chunker
    base: Sequence[Pair]
    """Columns of the value before, and what is stored of them."""
    selections: Selections
    """Positions that the value before knows; new ones are added."""
    found: dict[int, FoundColumn] = field(default_factory=dict)
    _written: dict[Hashable, _Written] = field(default_factory=dict)
    _known: set[int] = field(default_factory=set)
    """What of ``_written`` the selections have been told."""
    _compositions: dict[Hashable, Rows] = field(default_factory=dict)
    _base_rows: int = 0
    _stands_for_bytes: int = 0
    _alive: list[Rows] = field(default_factory=list)
    """Keeps rows that are known by their ``id`` from being replaced by others."""

    def find(
        self, wanted: Mapping[int, Column], before: object, after: object
    ) -> dict[int, FoundColumn]:
        """Find what stands for the wanted columns, by ordinal; what is missing has to be stored.

        Every find was compared element by element.
        """
        self.base = list(self.base)  # each is looked at several times
        self._find_same(wanted)
        self._base_rows = codec.describe_shape(before)[0] or 0
        left = self._left(wanted)
        enough = max(LEAST_BYTES, _nbytes(left.values()) // 2)
        guesses = candidates(before, after)
        while _nbytes(left.values()) >= enough:
            positions = next(guesses, None)
            if positions is None:
                break
            rows = Rows(positions)
            self._alive.append(rows)
            self._find_selected(left, rows)
            left = self._left(wanted)
        self._find_chunks(left)
        return self.found

    def _left(self, wanted: Mapping[int, Column]) -> dict[int, Column]:
        return {n: c for n, c in wanted.items() if n not in self.found}

    # columns that are derived already

    def _find_same(self, wanted: Mapping[int, Column]) -> None:
        """Find columns that equal a base which is itself a selection or has a patch.

        Only those: a plain column of the same content gets the same chunks by itself.
        """
        for ordinal, column in wanted.items():
            if ordinal >= len(self.base):
                continue
            base, stored = self.base[ordinal]
            is_derived = stored.selection is not None or stored.patch is not None
            if is_derived and is_equal(base, column):
                self.found[ordinal] = FoundColumn(stored, None)

    # rows of the base

    def _find_selected(self, wanted: Mapping[int, Column], rows: Rows) -> None:
        """Find selections of these rows, as far as they pay."""
        fitting = {n: c for n, c in wanted.items() if c.rows == len(rows)}
        matches = self._matches(fitting, rows)
        self._stands_for_bytes = _nbytes(fitting[n] for n in matches)
        if self._stands_for_bytes < LEAST_BYTES:
            return
        self._find_order(matches.values(), rows)
        for ordinal, (base, stored) in matches.items():
            self._select(ordinal, fitting[ordinal], base, stored, rows)
        for ordinal, column in fitting.items():
            affine = affine_of(rows, column) if ordinal not in matches else None
            if affine is not None:
                blank = StoredColumn(column.spec(), column.nbytes)
                origin = _Origin(blank, None, self._base_rows, 8 * self._base_rows, affine)
                self._put(ordinal, column, origin, rows)

    def _matches(self, wanted: Mapping[int, Column], rows: Rows) -> dict[int, Pair]:
        """Pair columns with the base columns that they are rows of, compared in full."""
        guesses = sorted(self._guesses(wanted, rows), key=lambda guess: -wanted[guess[0]].nbytes)
        if guesses and rows.start is None:
            rows.indices  # noqa: B018 - made once, before the threads need it
        verdicts = together(
            lambda guess: next(
                (pair for pair in guess[1] if comes_from(pair[0], rows, wanted[guess[0]])), None
            ),
            guesses,
            nbytes=_nbytes(wanted.values()),
        )
        pairs = zip(guesses, verdicts, strict=True)
        return dict(sorted((n, pair) for (n, _), pair in pairs if pair is not None))

    def _guesses(
        self, wanted: Mapping[int, Column], rows: Rows
    ) -> Iterator[tuple[int, list[Pair]]]:
        """Pair columns by a sample of rows: mostly in the same order, some left out or added."""
        places = np.linspace(0, max(0, len(rows) - 1), min(len(rows), _SAMPLE_ROWS)).astype(int)
        origins = _at(rows, places)
        known = self._by_sample(origins, lambda base: base.rows == self._base_rows)
        expected = 0
        for ordinal, column in wanted.items():
            alike = known.get(sample_of(column, places), [])
            in_order = [*(n for n in alike if n >= expected), *(n for n in alike if n < expected)]
            if in_order:
                expected = in_order[0] + 1
                yield ordinal, [self.base[n] for n in in_order[:_MOST_TRIES]]

    def _by_sample(
        self, places: np.ndarray, is_meant: Callable[[Column], bool]
    ) -> dict[Hashable, list[int]]:
        known: dict[Hashable, list[int]] = {}
        for number, (base, _) in enumerate(self.base):
            if is_meant(base):
                known.setdefault(sample_of(base, places), []).append(number)
        return known

    def _find_order(self, matches: Iterable[Pair], rows: Rows) -> None:
        """Look for a column that the rows were sorted by: then they need no positions."""
        if len(rows) != self._base_rows or rows.is_ascending:
            return
        for base, stored in matches:
            is_plain = stored.selection is None and stored.patch is None
            if not isinstance(base, FixedColumn) or not is_plain:
                continue
            for form, is_descending in (("ascending", False), ("descending", True)):
                if is_order_of(base.values, rows.positions, is_descending=is_descending):
                    self._written[id(rows), base.rows] = _Written(form, stored, base)
                    return

    def _select(
        self, ordinal: int, column: Column, base: Column, stored: StoredColumn, rows: Rows
    ) -> None:
        """Store a column as a selection; of the base's base where that is a selection itself."""
        sides: Sides = ()
        patch = None
        if stored.patch is not None:
            places = self.selections.patch_positions(stored.patch, base.rows)
            if places is None:
                return
            patch, sides = self._remapped(base, places, rows)
        inner, chosen = stored.selection, rows
        is_cut_from = base if inner is None and stored.patch is None else None
        origin = _Origin(stored, is_cut_from, base.rows, base.nbytes, None, patch, sides)
        if inner is not None:
            outer = self.selections.rows(inner, base.rows)
            if outer is None:
                return
            chosen = self._composed(inner, outer, rows)
            origin = _Origin(
                stored, None, inner.base_rows, inner.base_nbytes, inner.affine, patch, sides
            )
        elif stored.patch is not None:
            origin = _Origin(stored, None, base.rows, stored.nbytes, None, patch, sides)
        self._put(ordinal, column, origin, chosen)

    def _remapped(self, base: Column, places: Positions, rows: Rows) -> tuple[Patch | None, Sides]:
        """Give what a base's patch is to the chosen rows, and its side columns."""
        moved = remapped(places, values_at(base, places), rows.positions)
        if moved is None:
            return None, ()
        form, packed = pack_rows(moved[0], len(rows))
        kept, kept_values = self.chunker.store_side(packed), self.chunker.store_side(moved[1])
        patch = Patch(form, kept, kept_values)
        self.selections.add_patch(patch, len(rows), moved[0])
        return patch, ((kept, packed), (kept_values, moved[1]))

    def _composed(self, inner: Selection, outer: Rows, rows: Rows) -> Rows:
        key = (inner.form, inner.positions.key, inner.base_rows, id(rows))
        known = self._compositions.get(key)
        if known is None:
            known = self._compositions[key] = Rows(outer.positions[rows.positions])
        return known

    def _put(self, ordinal: int, column: Column, origin: _Origin, rows: Rows) -> None:
        if len(rows) * MOST_THINNING < origin.rows:
            return
        written = self._write(rows, origin.rows)
        has_order = written.form in {"ascending", "descending"}
        if not has_order and written.column.nbytes * LEAST_SAVING > self._stands_for_bytes:
            return
        selection = Selection(
            written.form, written.stored, origin.rows, origin.nbytes, origin.affine
        )
        chosen = StoredColumn(
            column.spec(),
            column.nbytes,
            origin.stored.chunk_ids,
            origin.stored.inline,
            selection,
            origin.patch,
        )
        if id(written) not in self._known:
            self._known.add(id(written))
            self.selections.add(selection, rows)
        sides = ((written.stored, written.column), *origin.sides)
        self.found[ordinal] = FoundColumn(chosen, origin.is_cut_from, sides)

    def _write(self, rows: Rows, base_rows: int) -> _Written:
        key = (id(rows), base_rows)
        if key not in self._written:
            form, packed, stored = self.chunker.store_positions(rows, base_rows)
            self._written[key] = _Written(form, stored, packed)
        return self._written[key]

    # chunks of the base

    def _find_chunks(self, wanted: Mapping[int, Column]) -> None:
        """Find columns that begin as a base column does, such as those of an appended frame."""
        rows = self.chunker.rows_per_chunk
        long = {n: c for n, c in wanted.items() if c.rows >= rows}
        if not long:
            return
        places = np.linspace(0, rows - 1, _SAMPLE_ROWS).astype(int)
        known = self._by_sample(places, lambda base: base.rows >= rows)
        alike = [(n, c, known.get(sample_of(c, places), [])) for n, c in long.items()]
        jobs = [
            (n, c, self.base[n if n in numbers else numbers[0]])
            for n, c, numbers in alike
            if numbers
        ]
        stored = together(lambda job: self._again(*job[1:]), jobs, nbytes=_nbytes(long.values()))
        for (ordinal, column, _), each in zip(jobs, stored, strict=True):
            if each is not None:
                self.found[ordinal] = FoundColumn(each, column)

    def _again(self, column: Column, base: Pair) -> StoredColumn | None:
        kept = same_chunks(*base, column, self.chunker.rows_per_chunk)
        return self.chunker.store_again(column, kept) if any(kept) else None


@dataclass(frozen=True, slots=True)
class _Origin:
    """What a selection chooses from."""

    stored: StoredColumn
    is_cut_from: Column | None
    """What the stored pieces were cut from; ``None``: not in memory."""
    rows: int
    nbytes: int
    affine: tuple[int, int] | None
    patch: Patch | None = None
    """What the patch of the base is to the chosen rows."""
    sides: Sides = ()


def _nbytes(columns: Iterable[Column]) -> int:
    return sum(column.nbytes for column in columns)


def _at(rows: Rows, places: np.ndarray) -> np.ndarray:
    start = rows.start
    return rows.positions[places] if start is None else start + places


def is_equal(base: Column, column: Column) -> bool:
    """Compare two columns bit by bit."""
    if base.spec() != column.spec():
        return False
    return comes_from(base, Run(0, base.rows), column)
