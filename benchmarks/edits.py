"""What an analyst does to a frame; each edit differs with its number, so that none was seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.data import SEED

Frames = dict[str, pd.DataFrame]
COPY_ON_WRITE = int(pd.__version__.split(".", 1)[0]) >= 3


@dataclass(frozen=True)
class Edit:
    """One edit of a session's frames."""

    title: str
    run: Callable[[pd.DataFrame, int], pd.DataFrame]
    into: str = "df"
    """The frame that the result becomes."""
    appends: bool = False
    """Whether all rows of before stay, in front of new ones."""

    def apply(self, frames: Frames, number: int) -> Frames:
        """Give the session's frames after the edit; those before stay as they were."""
        return {**frames, self.into: self.run(frames["df"], number)}


def own(frame: pd.DataFrame) -> pd.DataFrame:
    """Copy, lazily where pandas can."""
    return frame.copy(deep=not COPY_ON_WRITE)


def numeric(frame: pd.DataFrame, number: int = 0) -> str:
    """Name a column of floats, another one for each number."""
    names = list(frame.select_dtypes("float64").columns)
    return str(names[number % len(names)])


def textual(frame: pd.DataFrame) -> str:
    """Name a column of many different strings, or of any strings."""
    names = [str(name) for name, kind in frame.dtypes.items() if str(kind) in ("str", "object")]
    return "customer" if "customer" in names else names[0]


def _with_cell(frame: pd.DataFrame, number: int, column: str, value: Any) -> pd.DataFrame:
    frame = own(frame)
    position: Any = ((7919 * (number + 1)) % len(frame), frame.columns.get_loc(column))
    frame.iloc[position] = value
    return frame


def _one_cell(frame: pd.DataFrame, number: int) -> pd.DataFrame:
    return _with_cell(frame, number, numeric(frame), number + 0.125)


def _one_string(frame: pd.DataFrame, number: int) -> pd.DataFrame:
    return _with_cell(frame, number, textual(frame), f"corrected by hand {number}")


def _add(frame: pd.DataFrame, number: int) -> pd.DataFrame:
    return frame.assign(**{f"new_{number}": frame[numeric(frame)] * (1.19 + number)})


def _drop(frame: pd.DataFrame, number: int) -> pd.DataFrame:
    return frame.drop(columns=[frame.columns[-1 - number % 8]])


def _rename(frame: pd.DataFrame, number: int) -> pd.DataFrame:
    return frame.rename(columns={numeric(frame): f"renamed_{number}"})


def _retype(frame: pd.DataFrame, number: int) -> pd.DataFrame:
    name = numeric(frame, number)
    kind: Any = "float32" if number % 2 else "str"
    return frame.assign(**{name: frame[name].astype(kind)})


def _fill(frame: pd.DataFrame, number: int) -> pd.DataFrame:
    gaps = frame.columns[frame.isna().any()]
    name = gaps[0] if len(gaps) else numeric(frame)
    return frame.assign(**{name: frame[name].fillna(number + 1)})


def _filter_at_random(frame: pd.DataFrame, number: int) -> pd.DataFrame:
    return frame[np.random.default_rng(SEED + number).random(len(frame)) < 0.6]


def _filter_a_range(frame: pd.DataFrame, number: int) -> pd.DataFrame:
    return frame.iloc[len(frame) // 5 + number : len(frame) * 4 // 5 + number]


def _filter_and_renumber(frame: pd.DataFrame, number: int) -> pd.DataFrame:
    return _filter_at_random(frame, 1000 + number).reset_index(drop=True)


def _sort(frame: pd.DataFrame, number: int) -> pd.DataFrame:
    return frame.sort_values(numeric(frame, number))


def _append(frame: pd.DataFrame, number: int) -> pd.DataFrame:
    more = frame.sample(max(1, len(frame) // 100), random_state=number)
    return pd.concat([frame, more], ignore_index=isinstance(frame.index, pd.RangeIndex))


def _group(frame: pd.DataFrame, number: int) -> pd.DataFrame:
    texts = [name for name in ("city", "kind", "carrier", "origin") if name in frame.columns]
    by = texts[number % len(texts)] if texts else frame.columns[0]
    return frame.groupby(by)[[numeric(frame, number)]].agg(["mean", "sum", "count"]) + number


EDITS: dict[str, Edit] = {
    "unchanged": Edit("unchanged rerun", lambda frame, _: frame),
    "cell": Edit("one cell", _one_cell),
    "string": Edit("one string cell", _one_string),
    "add": Edit("add a column", _add),
    "drop": Edit("drop a column", _drop),
    "rename": Edit("rename a column", _rename),
    "retype": Edit("retype a column", _retype),
    "fillna": Edit("fillna in a column", _fill),
    "filter": Edit("filter 60 % at random", _filter_at_random),
    "range": Edit("filter a range of 60 %", _filter_a_range),
    "filter_reset": Edit("filter + reset_index", _filter_and_renumber),
    "sort": Edit("sort", _sort),
    "append": Edit("append 1 %", _append, appends=True),
    "group": Edit("group-by result", _group, into="summary"),
}


def _scattered(count: int) -> Edit:
    def change(frame: pd.DataFrame, number: int) -> pd.DataFrame:
        frame, random = own(frame), np.random.default_rng(SEED + number)
        column: Any = frame.columns.get_loc(numeric(frame))
        places = random.choice(len(frame), min(count, len(frame)), replace=False)
        frame.iloc[places, column] = random.normal(size=len(places))
        return frame

    return Edit(f"{count:,} cells of a column", change)


def _wider(count: int) -> Edit:
    def add(frame: pd.DataFrame, number: int) -> pd.DataFrame:
        base = frame[numeric(frame)]
        return frame.assign(**{f"new_{n}": base * (1.19 + number + n) for n in range(count)})

    return Edit(f"{count} new columns", add)


SIZED: dict[str, Callable[[int], Edit]] = {"cells": _scattered, "columns": _wider}
"""Edits that touch as much as one says, such as ``cells:100``: at random places of a column."""


def edit_named(name: str) -> Edit:
    """Find an edit, of ``EDITS`` or of ``SIZED``."""
    kind, _, count = name.partition(":")
    return SIZED[kind](int(count)) if count else EDITS[name]


def _light_filter(frame: pd.DataFrame, number: int) -> pd.DataFrame:
    return frame[np.random.default_rng(SEED + number).random(len(frame)) < 0.97]


def _cut_off(frame: pd.DataFrame, number: int) -> pd.DataFrame:
    return frame.iloc[number : len(frame) - len(frame) // 50]


_PROGRAM = [
    *(EDITS[name] for name in ("cell", "add", "group", "fillna", "cell", "rename")),
    Edit("filter 97 % at random", _light_filter),
    *(EDITS[name] for name in ("cell", "string", "retype", "sort", "add", "append", "cell")),
    Edit("cut off 2 %", _cut_off),
    EDITS["drop"],
]


def step(number: int) -> Edit:
    """Give the edit of step ``number`` of a long session: 16 kinds of edits, again and again."""
    return _PROGRAM[number % len(_PROGRAM)]
