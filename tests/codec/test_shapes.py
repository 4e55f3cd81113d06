from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from codec.roundtrip import content, roundtrip
from codec.shapes import SHAPES
from support.identical import assert_identical

from streamlit_redis_session.codec import decode, describe_shape, encode, identity, nbytes, snapshot

shapes = pytest.mark.parametrize("name", SHAPES)


def test_there_are_at_least_170_shapes() -> None:
    assert len(SHAPES) >= 170


@shapes
def test_a_value_comes_back_identical(name: str) -> None:
    value = SHAPES[name]()

    assert_identical(roundtrip(value), value)
    assert_identical(value, SHAPES[name]())


@shapes
def test_equal_content_gives_equal_bytes(name: str) -> None:
    once, again = SHAPES[name](), SHAPES[name]()

    first = content(encode(once, path="df"))
    assert first == content(encode(again, path="df"))
    assert first == content(encode(roundtrip(once), path="df"))


@shapes
def test_a_snapshot_is_identical_and_has_the_same_token(name: str) -> None:
    value = SHAPES[name]()
    held = snapshot(value)

    assert_identical(held, value)
    assert identity(held) == identity(value)


@shapes
def test_a_decoded_view_shares_no_memory_with_its_source(name: str) -> None:
    """Undo within a process may decode what was never cut into pieces."""
    value = SHAPES[name]()
    encoded = encode(value, path="df")
    before = content(encoded)
    made: Any = decode(encoded.description, encoded.columns)

    assert_identical(made, value)
    if isinstance(made, (pd.DataFrame, pd.Series)):
        _write_over_numbers(made)
    assert content(encode(value, path="df")) == before


def _write_over_numbers(made: Any) -> None:
    for place in range(made.shape[1] if made.ndim == 2 else 1):
        column = made.iloc[:, place] if made.ndim == 2 else made
        if len(column) and isinstance(column.dtype, np.dtype) and column.dtype.kind in "iuf":
            made.iloc[(0, place) if made.ndim == 2 else 0] = 99


@shapes
def test_size_and_shape_are_told_of_every_value(name: str) -> None:
    value = SHAPES[name]()
    rows, columns = describe_shape(value)

    assert nbytes(value) >= 0
    if hasattr(value, "shape") and len(value.shape) == 2:
        assert (rows, columns) == value.shape
    elif hasattr(value, "__len__") and getattr(value, "ndim", 1) == 1:
        assert rows == len(value)
