"""A value is taken apart into parts; those whose memory is known are left alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from codec.roundtrip import content, roundtrip, stored
from codec.shapes import SHAPES
from support.identical import assert_identical

from streamlit_redis_session.codec import (
    Encoded,
    Part,
    decode,
    decode_parts,
    encode,
    identity,
    lay_out,
    snapshot,
)
from streamlit_redis_session.errors import CorruptDataError, UnsupportedValueError

COPY_ON_WRITE = int(pd.__version__.partition(".")[0]) >= 3
with_copy_on_write = pytest.mark.skipif(not COPY_ON_WRITE, reason="pandas 3 names memory")


def frame() -> pd.DataFrame:
    numbers = np.arange(50)
    age = pd.Series(numbers, dtype="Int64").mask(numbers % 7 == 0)
    return pd.DataFrame({"n": numbers, "x": numbers / 3, "age": age, "text": list(map(str, age))})


def known_of(encoded: Encoded) -> dict[Any, object]:
    """Everything that has a name."""
    return {part.token: True for part in encoded.parts if part.token is not None}


def taken_apart(value: object, known: dict[Any, object]) -> list[object]:
    """Sources of the parts that are not known."""
    parts = encode(value, path="df", known=known).parts
    return [part.source for part in parts[1:] if part.known_as is None]


def test_a_frame_is_its_arrays_its_index_and_its_labels() -> None:
    encoded = encode(frame(), path="df")

    assert len(encoded.parts) == 1 + 4 + 2
    assert not encoded.parts[0].columns
    assert isinstance(encoded.parts[-1].source, pd.Index)
    assert [len(part.columns) for part in encoded.parts[1:4]] == [1, 1, 2]


TWICE = frame()
NESTED: dict[str, Callable[[], Any]] = {
    "dict": lambda: {"a": frame(), "b": {"c": frame().x}, "n": np.arange(9), "t": "text"},
    "list": lambda: [frame(), 1, frame().head(3), [frame().age]],
    "twice the same": lambda: [TWICE, TWICE],
    "frame in a cell": lambda: pd.DataFrame({"o": pd.Series([frame(), 1], dtype=object)}),
    "frame in attrs": lambda: frame().set_axis(range(4), axis=1),
    "table": lambda: {"t": pa.table({"a": [1, None], "l": [[1], [2]], "s": ["x", "y"]})},
    "empty": lambda: [pd.DataFrame(), pd.Series(dtype=object)],
}


@pytest.mark.parametrize("name", NESTED)
def test_containers_of_frames_come_back_whatever_is_nested_in_what(name: str) -> None:
    value = NESTED[name]()

    assert_identical(roundtrip(value), value)


def test_a_frame_within_an_array_is_no_part() -> None:
    encoded = encode(NESTED["frame in a cell"](), path="df")

    assert len(encoded.parts) == 1 + 1 + 2


@with_copy_on_write
def test_what_shows_known_memory_is_not_taken_apart() -> None:
    before = frame()
    known = known_of(encode(before, path="df"))
    after = before.assign(new=1.5).rename(columns={"x": "y"})

    fresh = taken_apart(after, known)

    assert len(fresh) == 2
    assert all(len(source) in (5, 50) for source in fresh)  # type: ignore[arg-type]
    assert taken_apart(before.copy(deep=False), known) == []
    assert len(taken_apart(before.copy(), known)) == 3  # Arrow's texts are never written to


@with_copy_on_write
def test_a_known_part_can_still_be_taken_apart() -> None:
    """When the store has lost it, it is cut again."""
    value = frame()
    whole = encode(value, path="df")
    lazy = encode(value, path="df", known=known_of(whole))

    assert all(part.known_as for part in lazy.parts[1:])
    assert content(lazy) == content(whole)


@with_copy_on_write
def test_memory_that_others_may_write_to_has_no_name() -> None:
    cells = pd.DataFrame({"lists": [[1], [2]], "texts": pd.Series(["a", "b"], dtype=object)})
    lists, texts = encode(cells, path="df").parts[1:3]

    assert lists.token is None
    assert texts.token is not None
    assert len(taken_apart(cells, known_of(encode(cells, path="df")))) == 1


@pytest.mark.skipif(COPY_ON_WRITE, reason="before pandas 3 nothing protects memory")
def test_without_copy_on_write_no_array_has_a_name() -> None:
    assert {part.token for part in encode(frame(), path="df").parts[1:5]} == {None}


@with_copy_on_write
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
def test_the_same_moments_in_another_zone_are_another_part(zone: str) -> None:
    moments = pd.DataFrame({"t": pd.date_range("2026-01-01", periods=9, tz="Asia/Tokyo")})
    known = known_of(encode(moments, path="df"))

    assert len(taken_apart(moments.assign(t=moments.t.dt.tz_convert(zone)), known)) == 1


@with_copy_on_write
def test_zones_of_equal_offsets_and_different_kinds_are_different_parts() -> None:
    """pandas calls all kinds of UTC equal; they are not described in the same way."""
    one = pd.DataFrame({"t": pd.date_range("2026-01-01", periods=9, tz=dt.timezone.utc)})
    other = one.assign(t=one.t.dt.tz_convert(ZoneInfo("UTC")))

    assert len(taken_apart(other, known_of(encode(one, path="df")))) == 1
    assert identity(one) != identity(other)


def test_columns_of_a_table_are_known_by_their_buffers() -> None:
    table = pa.table({"n": pa.array([1, None, 3]), "s": ["a", "b", None], "l": [[1], None, []]})
    known = known_of(encode(table, path="t"))

    wider = table.append_column("x", pa.array([1.5, 2.5, 3.5]))
    assert len(taken_apart(wider, known)) == 2
    assert len(taken_apart(table.slice(1), known)) == 3
    assert len(taken_apart(table.set_column(0, "n", pa.array([1, None, 4])), known)) == 2


def test_nothing_is_taken_apart_to_lay_a_value_out() -> None:
    value = {"a": frame(), "b": frame().age}
    laid_out, encoded = lay_out(value), encode(value, path="x")

    assert laid_out.parts[0].description == encoded.parts[0].description
    assert [part.token for part in laid_out.parts[3:4]] != []
    assert content(laid_out) == content(encoded)


def test_a_part_may_be_released_and_taken_apart_again() -> None:
    encoded = encode(frame(), path="df")
    before = content(encoded)
    for part in encoded.parts:
        part.release()

    assert content(Encoded(encoded.parts)) == before


def test_what_cannot_be_stored_is_named_by_its_column() -> None:
    bad = frame().assign(model=pd.Series([object()] * 50, dtype=object))

    with pytest.raises(UnsupportedValueError, match=r"df\['model'\]"):
        encode(bad, path="df")


def test_a_part_is_as_large_as_its_source() -> None:
    encoded = encode({"df": frame(), "n": np.arange(1000)}, path="x")

    assert encoded.parts[0].nbytes == 8000
    assert encoded.parts[1].nbytes == 400
    assert encode(np.arange(1000), path="n").parts[0].nbytes == 8000


@pytest.mark.parametrize("name", [n for n in SHAPES if "frame" in n][:20] or list(SHAPES)[:20])
@pytest.mark.parametrize("change", ["swap", "twice", "lose", "more", "counts", "kind"])
def test_parts_that_do_not_fit_together_are_refused(name: str, change: str) -> None:
    description, columns = stored(encode(SHAPES[name](), path="df"))
    if "root" not in description:
        pytest.skip("it has no parts")
    parts, counts = description["parts"], description["counts"]
    if change == "swap":
        parts[0], parts[-1] = parts[-1], parts[0]
        counts[1], counts[-1] = counts[-1] + 1, counts[1]
    elif change == "twice":
        description["root"] = {"t": "list", "v": [description["root"], description["root"]]}
    elif change == "lose":
        parts.pop()
    elif change == "more":
        parts.append(parts[0])
        counts.append(0)
    elif change == "counts":
        counts[0] -= 1
    else:
        parts[0] = [parts[0]]

    with pytest.raises(CorruptDataError):
        decode(description, columns)


@with_copy_on_write
@pytest.mark.parametrize("name", SHAPES)
def test_a_value_made_of_parts_that_another_lends_is_the_same_value(name: str) -> None:
    value = SHAPES[name]()
    before = content(encode(value, path="df"))
    for every in (1, 2):  # all parts that can be lent, and every other one
        held = snapshot(value)
        made = decode_parts(with_lent_parts(value, lay_out(held).parts, every))

        assert_identical(made, value)
        if isinstance(made, pd.DataFrame) and len(made):
            write_to_each_column(made)
        assert content(encode(held, path="df")) == before


def with_lent_parts(value: object, lenders: Sequence[Part], every: int) -> list[Any]:
    """Give the parts of a value, some of them lent."""
    parts: list[Any] = [(p.description, p.columns) for p in encode(value, path="df").parts]
    for number in range(1, len(parts), every):
        if lenders[number].lend is not None:
            parts[number] = lenders[number]
    return parts


def write_to_each_column(made: Any) -> None:
    """Write in place, where the array takes it."""
    for place in range(made.shape[1]):
        with suppress(TypeError, ValueError, NotImplementedError):
            made.iloc[0, place] = made.iloc[-1, place]


def test_parts_that_lend_something_else_are_refused() -> None:
    lenders = lay_out(frame()).parts
    (root, *_) = encode(frame(), path="df").parts
    whole = (root.description, root.columns)

    wrong: list[list[Any]] = [
        [],
        [lenders[0]],
        [whole, *lenders[:0:-1]],
        [whole, *lenders[1:-1]],
    ]
    for parts in wrong:
        with pytest.raises(CorruptDataError):
            decode_parts(parts)
