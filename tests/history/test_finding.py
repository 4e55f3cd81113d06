"""What stands for a new value's columns: rows of the value before, in as few bytes as may be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from chunks.reading import columns_of
from hypothesis import given, settings
from hypothesis import strategies as st

from streamlit_redis_session import codec
from streamlit_redis_session.chunks import (
    Chunker,
    FoundColumn,
    Keys,
    Manifest,
    Patch,
    Plan,
    Selection,
    Selections,
    StoredPart,
    pack_rows,
    same_chunks,
    values_at,
)
from streamlit_redis_session.chunks._rows import Positions
from streamlit_redis_session.codec import Column
from streamlit_redis_session.errors import CorruptDataError, LimitExceededError
from streamlit_redis_session.history import _finding
from streamlit_redis_session.history._finding import Finder
from streamlit_redis_session.history._patching import Pair
from streamlit_redis_session.objects import ChunkId

ROWS = 60_000
Edit = Callable[[pd.DataFrame], pd.DataFrame]
Lie = Callable[[Selection, list[Pair]], Selection]

EDITS: dict[str, Edit] = {
    "filter": lambda d: d[d["a"] < 0.6],
    "filter, new index": lambda d: d[d["a"] < 0.6].reset_index(drop=True),
    "few rows": lambda d: d[d["a"] < 0.09],
    "range": lambda d: d.iloc[100:-100],
    "range, new index": lambda d: d.iloc[100:-100].reset_index(drop=True),
    "tail": lambda d: d.tail(len(d) // 2),
    "sort": lambda d: d.sort_values("a"),
    "sort downwards": lambda d: d.sort_values("b", ascending=False),
    "sort with gaps": lambda d: d.sort_values("gaps", kind="stable"),
    "sort with ties": lambda d: d.sort_values("few", kind="stable"),
    "sort with ties downwards": lambda d: d.sort_values("few", kind="stable", ascending=False),
    "sort by texts": lambda d: d.sort_values("words"),
    "sort by two": lambda d: d.sort_values(["few", "a"], ascending=[True, False]),
    "sort by times": lambda d: d.sort_values("when", ignore_index=True),
    "sample": lambda d: d.sample(frac=0.5, random_state=3),
    "reversed": lambda d: d.iloc[::-1],
}


def frame(rows: int = ROWS) -> pd.DataFrame:
    rng = np.random.default_rng(7)
    gaps = rng.normal(size=rows)
    gaps[rng.random(rows) < 0.1] = np.nan
    words = [f"word {n}" for n in rng.integers(0, 50, rows)]
    names = [f"a longer name {n}" for n in rng.integers(0, 10**6, rows)]
    return pd.DataFrame(
        {
            "a": rng.random(rows),
            "b": rng.normal(size=rows),
            "gaps": gaps,
            "few": rng.integers(0, 9, rows),
            "words": words,
            "names": names,
            "when": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.permutation(rows), unit="s"),
        }
    )


def content(columns: Sequence[Column]) -> list[bytes]:
    return [bytes(column.piece(0, column.rows)) for column in columns]


class Store:
    """A chunker, and the sealed chunks of what it has planned."""

    def __init__(self, rows_per_chunk: int = 4096) -> None:
        keys = Keys.derive("secret", namespace="srs")
        self.chunker = Chunker(keys, rows_per_chunk=rows_per_chunk)
        self.sealed: dict[ChunkId, bytes | None] = {}

    def keep(self, plan: Plan) -> list[Column]:
        """Store what a plan brings, as if every chunk were new, and read the value anew."""
        for chunk_id, planned in plan.chunks.items():
            if planned.column is None:
                assert chunk_id in self.sealed, "a lent chunk that was never stored"
            else:
                self.sealed[chunk_id] = self.chunker.seal_chunk(chunk_id, planned)
        manifest = Manifest.from_bytes(plan.manifest.to_bytes())
        return columns_of(self.chunker, manifest, self.sealed)

    def pairs_of(self, value: object) -> list[Pair]:
        """Store a value whole."""
        encoded = codec.encode(value, path="df")
        plan = self.chunker.plan(encoded, {})
        self.keep(plan)
        return list(zip(encoded.columns, plan.manifest.columns, strict=True))

    def follow(
        self, base: list[Pair], before: object, after: object, selections: Selections | None = None
    ) -> tuple[Plan, dict[int, FoundColumn]]:
        """Store a value as what was found of it, and check that it reads as it was."""
        encoded = codec.encode(after, path="df")
        finder = Finder(self.chunker, base, selections or Selections())
        found = finder.find(dict(enumerate(encoded.columns)), before, after)
        plan = self.chunker.plan(encoded, found)
        assert content(self.keep(plan)) == content(encoded.columns)
        return plan, found


@pytest.mark.parametrize("name", EDITS)
def test_rows_of_the_value_before_are_found_and_read_back(name: str) -> None:
    store, before = Store(), frame()
    after = EDITS[name](before)
    plan, _ = store.follow(store.pairs_of(before), before, after)

    derived = [c for c in plan.manifest.columns if c.selection is not None]
    assert len(derived) >= 7


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("filter", "mask"),
        ("few rows", "steps"),
        ("range", "ranges"),
        ("range, new index", "ranges"),
        ("tail", "ranges"),
        ("filter, new index", "mask"),
        ("sort", "ascending"),
        ("sort downwards", "descending"),
        ("sort with gaps", "ascending"),
        ("sort with ties", "ascending"),
        ("sort with ties downwards", "descending"),
        ("sort by times", "ascending"),
        ("sort by texts", "list"),
        ("sample", "list"),
    ],
)
def test_the_form_follows_the_edit(name: str, form: str) -> None:
    store, before = Store(), frame()
    plan, _ = store.follow(store.pairs_of(before), before, EDITS[name](before))

    assert {c.selection.form for c in plan.manifest.columns if c.selection} == {form}


def test_a_sort_by_a_column_writes_nothing_at_all() -> None:
    store, before = Store(), frame()
    base = store.pairs_of(before)
    known = set(store.sealed)
    plan, _ = store.follow(base, before, before.sort_values("a"))

    assert set(plan.chunks) == known


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(0, 2999), min_size=1, max_size=40, unique=True),
    st.sampled_from(sorted(EDITS)),
    st.booleans(),
)
def test_rows_of_an_edited_column_keep_the_edits(
    places: list[int], name: str, is_selected: bool
) -> None:
    """A patch counts rows of the column it is applied to, also when that is a selection."""
    store, whole = Store(rows_per_chunk=1000), frame(ROWS // 20)
    base = store.pairs_of(whole)
    selections = Selections()
    before = whole
    if is_selected:
        before = whole[whole["b"] < 1.0]
        base, selections = selected(store, base, whole, before, selections)
    edited = before.copy()
    at = sorted({place % len(before) for place in places})
    edited.iloc[at, 1] = np.arange(len(at)) + 100.0
    edited.iloc[at, 5] = [f"by hand {n}" for n in at]
    base = patched(store, base, edited, np.array(at, dtype=np.int64), selections)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_finding, "LEAST_BYTES", 1024)
        plan, found = store.follow(base, edited, EDITS[name](edited), selections)

    assert len(found) >= 7
    assert all(c.patch is None or c.selection for c in plan.manifest.columns)


def selected(
    store: Store, base: list[Pair], whole: object, before: object, selections: Selections
) -> tuple[list[Pair], Selections]:
    """Store a selection, and give what it is stored as."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_finding, "LEAST_BYTES", 1024)
        plan, _ = store.follow(base, whole, before, selections)
    columns = codec.encode(before, path="df").columns
    return list(zip(columns, plan.manifest.columns, strict=True)), selections


def patched(
    store: Store,
    base: list[Pair],
    edited: object,
    at: Positions,
    selections: Selections,
    *,
    is_known: bool = True,
) -> list[Pair]:
    """Store the columns that differ from the base as patches on it."""
    encoded = codec.encode(edited, path="df")
    found = {}
    for ordinal, column in enumerate(encoded.columns):
        old, stored = base[ordinal]
        if content([old]) == content([column]):
            found[ordinal] = FoundColumn(stored, None)
            continue
        form, packed = pack_rows(at, column.rows)
        values = values_at(column, at)
        kept, kept_values = store.chunker.store_side(packed), store.chunker.store_side(values)
        patch = Patch(form, kept, kept_values)
        if is_known:
            selections.add_patch(patch, column.rows, at)
        both = replace(stored, patch=patch)
        found[ordinal] = FoundColumn(both, None, ((kept, packed), (kept_values, values)))
    plan = store.chunker.plan(encoded, found)
    assert content(store.keep(plan)) == content(encoded.columns)
    return list(zip(encoded.columns, plan.manifest.columns, strict=True))


def test_an_unknown_patch_makes_the_rows_whole() -> None:
    """Positions that are neither in memory nor in the manifest cannot be moved."""
    store, before, at = Store(), frame(), np.arange(0, ROWS, 50)
    edited = before.copy()
    edited.iloc[at, 1] = 0.5
    base = store.pairs_of(before)
    base = patched(store, base, edited, at, Selections(), is_known=False)
    plan, found = store.follow(base, edited, edited[edited["a"] < 0.5], Selections())

    assert plan.manifest.columns[1].selection is None
    assert 1 not in found


def test_a_selection_of_a_selection_is_one_selection() -> None:
    store, whole = Store(), frame()
    base, value, selections = store.pairs_of(whole), whole, Selections()
    for name in ("filter", "sort", "filter, new index", "range", "reversed", "sample"):
        after = EDITS[name](value)
        plan, _ = store.follow(base, value, after, selections)
        assert plan.manifest.columns[0].selection.base_rows == ROWS  # type: ignore[union-attr]
        columns = codec.encode(after, path="df").columns
        base, value = list(zip(columns, plan.manifest.columns, strict=True)), after


def test_appended_rows_leave_full_chunks_as_they_are() -> None:
    """Their names are taken over: nothing is digested again, and each can be cut anew."""
    store, before = Store(), frame()
    base = store.pairs_of(before)
    known = set(store.sealed)
    after = pd.concat([before, before.head(50)], ignore_index=True)
    plan, found = store.follow(base, before, after)

    new = set(plan.chunks) - known
    assert len(found) == 7
    assert len(new) <= 7
    assert all(planned.column is not None for planned in plan.chunks.values())


def test_a_column_with_one_changed_chunk_keeps_the_names_of_the_others() -> None:
    store, before = Store(), frame()
    base = store.pairs_of(before)
    after = before.copy(deep=True)
    after.loc[5000, "a"] = 0.5
    after.loc[5000, "names"] = "by hand"
    encoded = codec.encode(after, path="df")
    for ordinal, changed in ((0, 1), (1, 0), (5, 1)):
        column, (old, stored) = encoded.columns[ordinal], base[ordinal]
        kept = same_chunks(old, stored, column, 4096)

        assert [n for n, name in enumerate(kept) if name is None] == [1] * changed
        again = store.chunker.store_again(column, kept)
        assert again == store.chunker.store_side(column)


def test_nothing_is_found_in_another_frame() -> None:
    store, before = Store(), frame()
    numbers = before.iloc[::-1].reset_index(drop=True).select_dtypes("number") * 1.5
    other = numbers.assign(names="other " + before["names"])
    _, found = store.follow(store.pairs_of(before), before, other)

    assert found == {}


@pytest.mark.parametrize("name", ["filter", "few rows", "range", "sort", "sort by texts"])
@pytest.mark.parametrize(
    "lie",
    [
        lambda s, _: replace(s, form="ascending" if s.form != "ascending" else "list"),
        lambda s, _: replace(s, form="steps" if s.form != "steps" else "mask"),
        lambda s, _: replace(s, form="no form"),
        lambda s, _: replace(s, base_rows=s.base_rows - 10, base_nbytes=8 * (s.base_rows - 10)),
        lambda s, _: replace(s, base_rows=s.base_rows + 10, base_nbytes=8 * (s.base_rows + 10)),
        lambda s, _: replace(s, base_rows=2**52, base_nbytes=2**52),
        lambda s, base: replace(s, positions=base[5][1]),
    ],
)
def test_a_manifest_that_lies_about_rows_is_refused(name: str, lie: Lie) -> None:
    """Whatever it claims, nothing outside of the base is read."""
    store, before = Store(), frame()
    base = store.pairs_of(before)
    plan, _ = store.follow(base, before, EDITS[name](before))
    lying = [
        StoredPart(
            part.description,
            tuple(
                replace(c, selection=lie(c.selection, base)) if c.selection else c
                for c in part.columns
            ),
        )
        for part in plan.manifest.parts
    ]
    manifest = replace(plan.manifest, parts=tuple(lying))

    with pytest.raises((CorruptDataError, LimitExceededError)):
        columns_of(store.chunker, Manifest.from_bytes(manifest.to_bytes()), store.sealed)


def test_positions_of_earlier_values_are_forgotten() -> None:
    """A long chain must not keep the rows of every step in memory."""
    store, value, selections = Store(), frame(), Selections()
    base = store.pairs_of(value)
    for name in ("filter", "range", "sample"):
        after = EDITS[name](value)
        plan, _ = store.follow(base, value, after, selections)
        columns = codec.encode(after, path="df").columns
        base, value = list(zip(columns, plan.manifest.columns, strict=True)), after
        selections = selections.used_by(plan.manifest)

        assert len(selections._rows) == 1
