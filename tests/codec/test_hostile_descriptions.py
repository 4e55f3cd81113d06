"""A description that makes no sense raises an error of this package, or decodes; nothing else."""

from __future__ import annotations

import copy
import random
import warnings
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
from codec.roundtrip import stored
from codec.shapes import SHAPES

from streamlit_redis_session.codec import FixedColumn, column_from_pieces, decode, encode
from streamlit_redis_session.errors import CorruptDataError, SessionStoreError

JUNK: list[Any] = [
    None, True, -1, 0, 1, 7, 2**52, "", "x", "pd.DataFrame", "|O", [], [[]], {}, {"t": "list"},
    {"t": "nothing"}, "<i8", "ns", 1.5, ["int64"], {"t": "list", "v": [1, 2]},
]  # fmt: skip
MUTATIONS = 12


def _places(node: Any) -> Iterator[tuple[Any, Any]]:
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for key, each in list(items):
        yield node, key
        if isinstance(each, (dict, list)):
            yield from _places(each)


def _mutate(description: Any, chance: random.Random) -> Any:
    mutated = copy.deepcopy(description)
    if not isinstance(mutated, (dict, list)):
        return chance.choice(JUNK)
    holder, key = chance.choice(list(_places(mutated)))
    if chance.random() < 0.15:
        del holder[key]
    elif chance.random() < 0.3:
        other, other_key = chance.choice(list(_places(description)))
        holder[key] = copy.deepcopy(other[other_key])
    else:
        holder[key] = copy.deepcopy(chance.choice(JUNK))
    return mutated


@pytest.mark.parametrize("name", SHAPES)
def test_a_mutated_description_decodes_or_raises_our_error(name: str) -> None:
    chance = random.Random(name)
    description, columns = stored(encode(SHAPES[name](), path="df"))

    for _ in range(MUTATIONS):
        mutated = _mutate(description, chance)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                made = decode(mutated, columns)
                repr(type(made))
            except SessionStoreError:
                continue


@pytest.mark.parametrize("name", SHAPES)
def test_a_lost_swapped_or_additional_column_is_noticed(name: str) -> None:
    description, columns = stored(encode(SHAPES[name](), path="df"))

    with pytest.raises(CorruptDataError):
        decode(description, [*columns, *columns[:1]] if columns else [_other()])
    if columns:
        with pytest.raises(CorruptDataError):
            decode(description, columns[:-1])


def _other() -> Any:
    return column_from_pieces({"kind": "fixed", "dtype": "<i8", "rows": 1}, [(1, b"12345678")])


def test_rows_that_no_bytes_bear_out_are_refused_before_memory_is_asked_for() -> None:
    spec = {"kind": "fixed", "dtype": "<i8", "rows": 2**50}

    with pytest.raises(CorruptDataError, match="length"):
        column_from_pieces(spec, [(2**50, b"12345678")])
    with pytest.raises(CorruptDataError, match="lengths"):
        column_from_pieces({"kind": "var", "rows": 2**40}, [(2**40, b"1234")])


@pytest.mark.parametrize("dtype", ["O", "|O8", "nothing", "U0", "i4,O"])
def test_a_column_of_a_dtype_that_is_not_allowed_is_refused(dtype: str) -> None:
    with pytest.raises(CorruptDataError):
        column_from_pieces({"kind": "fixed", "dtype": dtype, "rows": 0}, [])


def test_a_deep_description_is_refused() -> None:
    description: Any = 1
    for _ in range(5000):
        description = {"t": "list", "v": [description]}

    with pytest.raises(CorruptDataError):
        decode(description, [])


def test_floats_and_lists_are_no_nodes() -> None:
    for node in (1.5, [], [1], {"t": "list", "v": [1.5]}):
        with pytest.raises(CorruptDataError):
            decode(node, [])


def test_a_boolean_that_is_neither_is_refused() -> None:
    description, columns = stored(encode(pd.Series([True, False]), path="s"))
    ordinal = next(n for n, each in enumerate(columns) if each.spec()["dtype"] == "|b1")
    spec = columns[ordinal].spec()
    columns[ordinal] = column_from_pieces(spec, [(2, b"\x01\x07")])
    assert isinstance(columns[ordinal], FixedColumn)

    with pytest.raises(CorruptDataError, match="boolean"):
        decode(description, columns)


def test_a_text_that_is_no_text_is_refused() -> None:
    description, columns = stored(encode(pd.Series(["ab", "c"]), path="s"))
    ordinal = next(n for n, each in enumerate(columns) if each.spec()["kind"] == "var")
    columns[ordinal] = column_from_pieces(
        columns[ordinal].spec(), [(2, b"\xff\xfec" + b"\x02\x01" + b"\x01")]
    )

    with pytest.raises(CorruptDataError):
        decode(description, columns)
