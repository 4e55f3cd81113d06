# mypy: disable-error-code="arg-type, var-annotated"
# pandas-stubs know fewer values than pandas takes
from __future__ import annotations

import collections
import enum
import pathlib
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from codec.roundtrip import roundtrip, stored
from support.identical import assert_identical

from streamlit_redis_session.codec import decode, encode, register_codec, snapshot
from streamlit_redis_session.errors import ConfigurationError, UnsupportedValueError


class Frame(pd.DataFrame):
    """A subclass that nobody taught the codec."""


class Colour(enum.Enum):
    RED = 1


class Model:
    def __init__(self, weight: float) -> None:
        self.weight = weight


def _objects(*items: Any) -> pd.DataFrame:
    return pd.DataFrame({"model": pd.Series(items, dtype=object)})


CYCLE: list[Any] = []
CYCLE.append(CYCLE)

REFUSED: dict[str, tuple[Any, str]] = {
    "subclass of DataFrame": (Frame({"a": [1]}), "a subclass of pandas."),
    "subclass of dict": (collections.OrderedDict(a=1), "subclass of dict"),
    "default dict": (collections.defaultdict(list), "subclass of dict"),
    "named tuple": (collections.namedtuple("Point", "x")(1), "subclass of tuple"),  # noqa: PYI024
    "enum": (Colour.RED, "Colour"),
    "path": (pathlib.PurePosixPath("/x"), "PurePosixPath"),
    "function": (len, "builtin_function_or_method"),
    "class": (Model, "type"),
    "object": (object(), "object"),
    "generator": ((each for each in ()), "generator"),
    "array of objects": (np.array([Model(1)], dtype=object), "element 0 is a"),
    "structured objects": (np.zeros(1, dtype=[("a", object)]), "'O'"),
    "masked array": (np.ma.array([1]), "subclass of numpy.ndarray"),
    "record array": (np.zeros(1, dtype=[("a", "i1")]).view(np.recarray), "recarray"),
    "cycle": (CYCLE, "contains itself"),
    "Arrow view": (pa.array(["a"], pa.string_view()), "string_view"),
    "Arrow run-end": (pa.RunEndEncodedArray.from_arrays([2], [1]), "run_end"),
    "Arrow union": (
        pa.UnionArray.from_sparse(pa.array([0], pa.int8()), [pa.array([1])]),
        "union",
    ),
    "Arrow extension": (
        pa.ExtensionArray.from_storage(pa.uuid(), pa.array([b"0" * 16], pa.binary(16)))
        if hasattr(pa, "uuid")
        else object(),
        "",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_stored_is_refused_by_name(name: str) -> None:
    value, reason = REFUSED[name]

    with pytest.raises(UnsupportedValueError) as caught:
        encode(value, path="value")

    assert reason in caught.value.reason
    assert caught.value.path.startswith("value")


def test_the_message_names_column_and_element() -> None:
    frame = _objects(1, "a", None, Model(1.0))

    with pytest.raises(UnsupportedValueError) as caught:
        encode(frame, path="df")

    assert caught.value.path == "df['model']"
    assert caught.value.reason.startswith("element 3 is a ")
    assert caught.value.reason.endswith("Model")


def test_the_message_names_the_key_in_a_dict() -> None:
    with pytest.raises(UnsupportedValueError) as caught:
        encode({"q": [1, {"m": Model(1)}]}, path="results")

    assert caught.value.path == "results['q'][1]['m']"


def test_a_snapshot_of_what_is_refused_does_not_fail() -> None:
    for value, _ in REFUSED.values():
        if value is not CYCLE:
            snapshot(value)


def test_a_registered_type_comes_back_anywhere() -> None:
    register_codec(Weight, name="weight", to_plain=lambda each: each.kg, from_plain=Weight)
    value = {"w": Weight(1.5), "frame": pd.DataFrame({"o": pd.Series([Weight(2.5), None])})}
    made = roundtrip(value)

    assert made["w"].kg == 1.5
    assert made["frame"]["o"][0].kg == 2.5
    assert made["frame"]["o"][1] is None


class Weight:
    def __init__(self, kg: float) -> None:
        self.kg = kg


class Length:
    def __init__(self, m: float) -> None:
        self.m = m


def test_a_type_that_is_not_registered_here_is_named_on_reading() -> None:
    register_codec(Length, name="length", to_plain=lambda each: each.m, from_plain=Length)
    description, columns = stored(encode(Length(2.0), path="x"))

    with pytest.raises(UnsupportedValueError, match="metres"):
        decode({**description, "name": "metres"}, columns)


def test_a_name_belongs_to_one_type() -> None:
    register_codec(Length, name="length", to_plain=lambda each: each.m, from_plain=Length)

    with pytest.raises(ConfigurationError, match="length"):
        register_codec(Weight, name="length", to_plain=lambda each: each.kg, from_plain=Weight)
    with pytest.raises(ConfigurationError, match="as it is"):
        register_codec(dict, name="dict", to_plain=dict, from_plain=dict)


def test_a_big_frame_of_models_is_refused_at_its_first_model() -> None:
    assert_identical(roundtrip(_objects(*([1, "a"] * 500))), _objects(*([1, "a"] * 500)))


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_an_index_written_to_around_pandas_is_refused_by_the_frequency_it_no_longer_has(
    zone: str | None,
) -> None:
    """It could be written down, but never be made again."""
    values = np.arange("2020-01-01", "2020-01-06", dtype="datetime64[D]").astype("M8[ns]")
    index: Any = pd.DatetimeIndex(values, copy=False).tz_localize(zone)
    index.freq = "D"
    values[2] = values[0]
    memory = np.asarray(index.asi8)
    memory.flags.writeable = True
    memory[2] = memory[0]

    with pytest.raises(UnsupportedValueError, match="do not have its frequency 'D'"):
        encode(pd.DataFrame({"a": range(5)}, index=index), path="df")
    index.freq = None
    assert_identical(roundtrip(index), index)
