"""Changes as tables: whatever the values are, something readable is drawn."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest
from support.tabs import app, ran

PAIRS = {
    "cells": ("pd.DataFrame({'a': [1, 2]})", "pd.DataFrame({'a': [1, 3]})"),
    "rows": ("pd.DataFrame({'a': range(9)})", "pd.DataFrame({'a': range(4)})"),
    "more rows than are shown": (
        "pd.DataFrame({'a': range(2000)})",
        "pd.DataFrame({'a': range(1, 2001), 'b': 1})",
    ),
    "columns": ("pd.DataFrame({'a': [1], 'b': [2]})", "pd.DataFrame({'a': [1], 7: ['x']})"),
    "other types": ("pd.DataFrame({'a': [1, 2]})", "pd.DataFrame({'a': ['1', '2']})"),
    "duplicate columns": (
        "pd.DataFrame([[1, 2], [3, 4]], columns=['a', 'a'])",
        "pd.DataFrame([[1, 2], [3, 5]], columns=['a', 'a'])",
    ),
    "duplicate labels": (
        "pd.DataFrame({'a': [1, 2]}, index=[0, 0])",
        "pd.DataFrame({'a': [1, 3]}, index=[0, 0])",
    ),
    "levels": (
        "pd.DataFrame({('a', 'x'): [1], ('a', 'y'): [2]})",
        "pd.DataFrame({('a', 'x'): [5], ('b', 'y'): [2]})",
    ),
    "mixed objects": (
        "pd.DataFrame({'a': [1, 'x', None, (1, 2)]}, dtype=object)",
        "pd.DataFrame({'a': [1, 'y', 2.5, (1, 3)]}, dtype=object)",
    ),
    "kinds of columns": (
        "pd.DataFrame({'c': pd.Categorical(['x', 'y']), 'p': pd.period_range('2024', periods=2),"
        " 'z': [1j, 2j], 'i': pd.interval_range(0, 2), 'd': pd.to_timedelta([1, 2], 's')})",
        "pd.DataFrame({'c': pd.Categorical(['y', 'x']), 'p': pd.period_range('2025', periods=2),"
        " 'z': [1j, 3j], 'i': pd.interval_range(1, 3), 'd': pd.to_timedelta([1, 3], 's')})",
    ),
    "an empty frame": ("pd.DataFrame()", "pd.DataFrame({'a': []})"),
    "all gone": ("pd.DataFrame({'a': [1]})", "pd.DataFrame()"),
    "a Series": ("pd.Series([1, 2])", "pd.Series([1, 3])"),
    "an array": ("np.arange(4)", "np.arange(5)"),
    "a dict of frames": ("{'q': pd.DataFrame({'a': [1]})}", "{'q': pd.DataFrame({'a': [2]})}"),
    "another kind of value": ("pd.DataFrame({'a': [1]})", "pd.Series([1])"),
    "a plain value": ("pd.DataFrame({'a': [1]})", "5"),
    "a new value": ("None", "pd.DataFrame({'a': [1]})"),
}

BODY = """
import numpy as np
st.session_state.setdefault("fixed", pd.DataFrame({{"z": [1]}}))
if "x" not in st.session_state:
    st.session_state.x = {before}
if st.button("edit"):
    st.session_state.x = {after}
srs.diff_view({refs})
"""


def texts(at: AppTest) -> str:
    return "\n".join(each.value for each in (*at.text, *at.caption, *at.info))


@pytest.mark.parametrize(("before", "after"), PAIRS.values(), ids=PAIRS.keys())
def test_every_kind_of_change_is_drawn(before: str, after: str, memory_url: str) -> None:
    at = ran(app(BODY.format(before=before, after=after, refs=""), memory_url))
    at.button[0].click().run()
    ran(at)

    assert "x: " in texts(at)
    assert "From" in at.caption[0].value


def test_changed_cells_are_listed_with_both_values(memory_url: str) -> None:
    before, after = PAIRS["cells"]
    at = ran(app(BODY.format(before=before, after=after, refs=""), memory_url))
    at.button[0].click().run()
    ran(at)

    assert "Cells changed: 1" in texts(at)
    row = at.dataframe[0].value.iloc[0].astype(str).tolist()
    assert {"2", "3", "a"} <= set(row)


def test_a_long_list_is_cut_and_says_so(memory_url: str) -> None:
    before, after = PAIRS["more rows than are shown"]
    at = ran(app(BODY.format(before=before, after=after, refs=""), memory_url))
    at.button[0].click().run()
    ran(at)

    assert "the first 500" in texts(at)
    assert all(len(each.value) <= 500 for each in at.dataframe)


@pytest.mark.parametrize("refs", ["", "'nowhere'", "'HEAD~9', 'HEAD'", "'abcd'", "a='', b='HEAD'"])
def test_a_ref_that_names_nothing_gives_a_message(refs: str, memory_url: str) -> None:
    at = ran(app(BODY.format(before="[1]", after="[2]", refs=refs), memory_url))
    ran(at)

    assert len(at.info) == 1
    assert at.dataframe == [] or len(at.dataframe) == 0


def test_two_versions_that_are_equal_say_so(memory_url: str) -> None:
    refs = "'HEAD', 'HEAD'"
    at = ran(app(BODY.format(before="[1]", after="[2]", refs=refs), memory_url))
    ran(at)

    assert at.info[0].value == "These two versions hold the same data."
