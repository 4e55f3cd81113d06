# mypy: disable-error-code="call-overload, index, attr-defined, assignment"
"""Frozen memory: writes around pandas raise, ordinary ones do not, and nothing stays frozen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from streamlit_redis_session.codec import Frozen, snapshot

pytestmark = pytest.mark.skipif(
    int(pd.__version__.partition(".")[0]) < 3, reason="needs Copy-on-Write"
)


def _frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "i": [1, 2, 3],
            "j": [4, 5, 6],
            "m": pd.array([1, None, 3], dtype="Int64"),
            "c": pd.Categorical(list("xyx")),
            "t": pd.date_range("2020", periods=3),
        }
    )


AROUND: dict[str, Callable[[pd.DataFrame], Any]] = {
    "numbers": lambda frame: frame["i"].array.__setitem__(0, 9),
    "masked": lambda frame: frame["m"].array.__setitem__(0, 9),
    "categories": lambda frame: frame["c"].array.__setitem__(0, "y"),
    "dates": lambda frame: frame["t"].array.__setitem__(0, pd.Timestamp("1999")),
}


@pytest.mark.parametrize("name", AROUND)
def test_a_write_around_pandas_raises_while_frozen(name: str) -> None:
    frame = _frame()
    held, frozen = snapshot(frame), Frozen(frame)

    with pytest.raises(ValueError, match="read-only"):
        AROUND[name](frame)

    del frozen
    AROUND[name](frame)
    del held


@pytest.mark.parametrize("name", ["i", "m", "c", "t"])
def test_ordinary_writes_go_on_while_frozen_and_afterwards(name: str) -> None:
    frame = _frame()
    held, frozen = snapshot(frame), Frozen(frame)

    frame.loc[0, name] = frame.loc[1, name]
    frame.loc[0, "j"] = 50

    del frozen, held
    frame.loc[2, name] = frame.loc[1, name]
    frame.loc[2, "j"] = 60
    assert frame["j"].tolist() == [50, 5, 60]


def test_an_ordinary_write_after_the_snapshot_has_gone_does_not_raise() -> None:
    frame = _frame()
    held, frozen = snapshot(frame), Frozen(frame)
    del frozen
    del held

    for name in frame:
        frame.loc[0, name] = frame.loc[1, name]

    assert frame["i"].tolist() == [2, 2, 3]


def test_what_two_hold_is_frozen_until_both_have_let_go() -> None:
    frame = _frame()
    held, one, two = snapshot(frame), Frozen(frame), Frozen(frame)
    del one
    with pytest.raises(ValueError, match="read-only"):
        frame["i"].array[0] = 9
    del two

    frame["i"].array[0] = 9
    assert held["i"].tolist() == [9, 2, 3]  # which is why there is an audit


def test_a_shallow_copy_that_is_frozen_in_turn_can_be_written_to_in_the_end() -> None:
    frame = _frame()
    held, first = snapshot(frame), Frozen(frame)
    other: Any = snapshot(frame)
    second = Frozen(other)
    del first, frame, held
    del second

    for name in other:
        other.loc[0, name] = other.loc[1, name]

    assert other["i"].tolist() == [2, 2, 3]


def test_an_array_that_the_app_keeps_is_frozen_too_and_given_back() -> None:
    kept = np.zeros(3)
    frame = pd.DataFrame({"a": kept}, copy=False)
    frozen = Frozen(frame)
    with pytest.raises(ValueError, match="read-only"):
        kept[0] = 1
    del frozen

    kept[0] = 1


def test_what_was_read_only_before_stays_so() -> None:
    kept = np.zeros(3)
    kept.flags.writeable = False
    frozen = Frozen(pd.Series(kept, copy=False))
    del frozen

    assert not kept.flags.writeable
