"""Filters and sorts cost their positions, and come back exactly, however they are piled up."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.identical import assert_identical

import streamlit_redis_session as srs
from streamlit_redis_session.storage import Backend

ROWS = 40_000

Edit = Callable[[pd.DataFrame], pd.DataFrame]

EDITS: dict[str, Edit] = {
    "filter": lambda d: d[d["f0"] < 0.6],
    "range": lambda d: d.iloc[len(d) // 10 : -len(d) // 10],
    "head": lambda d: d.head(len(d) // 2),
    "sort": lambda d: d.sort_values("f1"),
    "sort, new index": lambda d: d.sort_values("f1", ignore_index=True),
    "filter, new index": lambda d: d[d["f2"] > 0.3].reset_index(drop=True),
    "sample": lambda d: d.sample(frac=0.7, random_state=1),
    "dropna": lambda d: d.dropna(),
    "drop_duplicates": lambda d: d.drop_duplicates("i0"),
    "filter and a new column": lambda d: d[d["f0"] < 0.8].assign(new=1.5),
    "drop a column and filter": lambda d: d.drop(columns=d.columns[-1])[d["f1"] < 0.9],
    "append": lambda d: pd.concat([d, d.head(100).assign(f0=0.5)], ignore_index=True),
    "one cell": lambda d: d.assign(f3=d["f3"].where(np.arange(len(d)) != 7, 0.25)),
}


def frame(rows: int = ROWS) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    numbers = {f"f{n}": rng.random(rows) for n in range(6)}
    words = np.array(["alpha", "beta", "gamma delta", None], dtype=object)
    texts = rng.choice(words, rows, p=[0.3, 0.3, 0.39, 0.01])
    return pd.DataFrame(
        {"i0": rng.integers(0, rows // 2, rows), **numbers, "s": pd.Series(texts, dtype="str")}
    )


@pytest.fixture
def session(memory_url: str) -> Iterator[srs.Session]:
    with srs.connect(memory_url) as store:
        yield store.session()


def stored_bytes(backend: Backend) -> int:
    return backend.info().used_memory_bytes or 0


def read_cold(url: str, session_id: str, ref: str) -> object:
    """Read with nothing in memory but the store."""
    with srs.connect(url) as store:
        return store.session(session_id).read(ref, "df")


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_comes_back_exactly_in_another_process(
    session: srs.Session, memory_url: str, name: str
) -> None:
    session["df"] = frame()
    session.commit()
    session["df"] = EDITS[name](frame())
    session.commit()

    assert_identical(read_cold(memory_url, session.id, "HEAD"), session["df"])
    assert_identical(read_cold(memory_url, session.id, "HEAD~1"), frame())


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(sorted(EDITS)), min_size=2, max_size=6))
def test_any_pile_of_edits_comes_back_exactly(names: list[str]) -> None:
    with srs.connect("memory://piles") as store:
        session = store.session()
        expected = [frame(20_000)]
        session["df"] = expected[0]
        session.commit()
        for name in names:
            session["df"] = EDITS[name](session["df"])  # type: ignore[arg-type]
            if session.commit() is not None:
                expected.append(session["df"])  # type: ignore[arg-type]

        for steps, value in enumerate(reversed(expected)):
            assert_identical(read_cold("memory://piles", session.id, f"HEAD~{steps}"), value)


LIGHT: dict[str, Edit] = {
    "filter": lambda d: d[d["f0"] < d["f0"].quantile(0.98)],
    "filter, new index": lambda d: d[d["f1"] > d["f1"].quantile(0.01)].reset_index(drop=True),
    "head": lambda d: d.head(len(d) - 50),
    "tail": lambda d: d.tail(len(d) - 50),
    "sort": lambda d: d.sort_values("f1"),
    "sort downwards": lambda d: d.sort_values("f2", ascending=False),
    "sort by two": lambda d: d.sort_values(["i0", "f2"], ascending=[False, True]),
    "sort with ties": lambda d: d.sort_values("i0", kind="stable"),
    "sample": lambda d: d.sample(frac=0.99, random_state=5),
    "dropna": lambda d: d.dropna(),
    "drop_duplicates": lambda d: d.drop_duplicates(["i0", "s"]),
    "reset_index": lambda d: d.reset_index(drop=True),
    "append": lambda d: pd.concat([d, d.head(100).assign(f0=0.5)], ignore_index=True),
    "one cell": lambda d: d.assign(f3=d["f3"].where(np.arange(len(d)) != 7, 0.25)),
    "one text": lambda d: d.assign(s=d["s"].where(np.arange(len(d)) != 70, "by hand")),
    "a gap": lambda d: d.assign(f4=d["f4"].where(np.arange(len(d)) != 9, np.nan)),
}


@settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.sampled_from(sorted(LIGHT)), min_size=30, max_size=30))
@pytest.mark.parametrize("kind", ["memory", "redis"])
def test_a_chain_of_thirty_edits_reads_exactly_in_another_process(
    kind: str, memory_url: str, redis_url: str, names: list[str]
) -> None:
    """However long the chain is, a column is rows of one base, and no base is a selection."""
    url = memory_url if kind == "memory" else redis_url
    with srs.connect(url) as store:
        session = store.session()
        value = frame(12_000)
        expected = {}
        for name in [None, *names]:
            value = value if name is None else LIGHT[name](value)
            session["df"] = value
            version = session.commit()
            if version is not None:
                expected[version.id] = value.copy()
        for number, (version_id, before) in enumerate(expected.items()):
            if number % 5 == 0 or number == len(expected) - 1:
                assert_identical(read_cold(url, session.id, version_id), before)


@pytest.mark.parametrize("name", ["filter", "sort", "sample", "range", "filter, new index"])
def test_a_selection_costs_a_small_part_of_the_rows(
    session: srs.Session, memory_url: str, name: str
) -> None:
    with srs.connect(memory_url) as store:
        session["df"] = frame()
        session.commit()
        whole = store.stats().server.used_memory_bytes or 0
        session["df"] = EDITS[name](frame())
        session.commit()

        assert (store.stats().server.used_memory_bytes or 0) - whole < whole / 12


def test_a_sort_of_a_narrow_frame_is_a_selection_too(session: srs.Session, memory_url: str) -> None:
    """What counts is what the positions stand for, not how many columns there are."""
    narrow = frame()[["f0", "f1", "f2", "f3"]]
    with srs.connect(memory_url) as store:
        session["df"] = narrow
        session.commit()
        whole = store.stats().server.used_memory_bytes or 0
        session["df"] = narrow.sort_values("f1")
        session.commit()

        assert (store.stats().server.used_memory_bytes or 0) - whole < whole / 6
    assert_identical(read_cold(memory_url, session.id, "HEAD"), narrow.sort_values("f1"))


def test_the_same_rows_found_in_another_way_are_the_redo(session: srs.Session) -> None:
    """A filter of a sort is stored otherwise than the sort of the filter, and is equal to it."""
    session["df"] = frame()
    session.commit()
    session["df"] = frame()[frame()["f0"] < 0.6]
    session.commit()
    session["df"] = frame()[frame()["f0"] < 0.6].sort_values("f1")
    last = session.commit()
    assert last is not None
    session.undo()

    by_another_way = frame().sort_values("f1")
    session["df"] = by_another_way[by_another_way["f0"] < 0.6]

    assert session.commit() == last
    assert session.head == srs.Head("main", last.id)  # type: ignore[arg-type]


def test_an_equal_selection_made_anew_is_no_change(session: srs.Session) -> None:
    """A script that filters on every rerun makes one version, not one for each rerun."""
    session["df"] = frame()
    session.commit()
    session["df"] = frame()[frame()["f0"] < 0.6]
    session.commit()
    session["df"] = frame()[frame()["f0"] < 0.6]

    assert session.commit() is None


def test_a_lost_base_makes_the_next_selection_whole(session: srs.Session, memory_url: str) -> None:
    """What is in memory heals what the store has lost, as far as it is the value itself."""
    session["df"] = frame()
    session.commit()
    session["df"] = frame()[frame()["f0"] < 0.9]
    session.commit()
    backend = session._backend
    chunks = backend._store.chunks  # type: ignore[attr-defined]
    chunks.clear()
    session._values._leases._until.clear()

    narrower = frame()[frame()["f0"] < 0.8]
    session["df"] = narrower
    session.commit()

    assert_identical(read_cold(memory_url, session.id, "HEAD"), narrower)
