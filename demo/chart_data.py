"""What a chart draws: at most some thousand marks, however many rows there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types

from demo import steps

SAMPLE_ROWS = 4_000
BINS = 40
MOST_BARS = 40
MOST_COLOURS = 8
_REST = "others"


@dataclass(frozen=True, slots=True)
class Chart:
    """The choices of a person."""

    kind: str
    """``"Line"``, ``"Bar"``, ``"Scatter"`` or ``"Histogram"``."""
    x: str
    y: str | None = None
    """``None``: count the rows (line and bar)."""
    how: str = "mean"
    """One of :data:`demo.steps.AGGREGATES`."""
    colour: str | None = None


@dataclass(frozen=True, slots=True)
class Marks:
    """What is drawn, with columns ``x``, ``y`` and perhaps ``colour``."""

    data: pd.DataFrame
    note: str
    """How the marks come from the rows, for the line under the chart."""


def marks_of(frame: pd.DataFrame, chart: Chart) -> Marks:
    """Aggregate or sample the rows to what the chart draws.

    Raises
    ------
    ValueError
        A column of the chart is no number where one is needed.
    """
    draw = {"Scatter": _scatter, "Histogram": _histogram}.get(chart.kind, _aggregated)
    try:
        return draw(frame, chart)
    except TypeError:
        raise ValueError("A column of lists or mixed types cannot be drawn.") from None


def _scatter(frame: pd.DataFrame, chart: Chart) -> Marks:
    if chart.y is None:
        raise ValueError("A scatter chart needs a column for y.")
    both = frame[chart.x].notna() & frame[chart.y].notna()
    positions = np.flatnonzero(both.to_numpy())
    if len(positions) > SAMPLE_ROWS:
        # a fixed seed: the same rows give the same picture on every rerun
        chosen = np.random.default_rng(7).choice(positions, SAMPLE_ROWS, replace=False)
        note = f"A random {SAMPLE_ROWS:,} of {len(positions):,} rows with both values"
        positions = np.sort(chosen)
    else:
        note = f"{len(positions):,} rows with both values"
    rows = frame.iloc[positions]
    data = {"x": _drawable(rows[chart.x]), "y": _drawable(rows[chart.y])}
    if chart.colour is not None:
        data["colour"] = _coloured(frame[chart.colour]).iloc[positions]
    return Marks(pd.DataFrame(data).reset_index(drop=True), note)


def _histogram(frame: pd.DataFrame, chart: Chart) -> Marks:
    column = frame[chart.x]
    if not steps.is_number(column):
        raise ValueError(f"{chart.x} is not a number; draw its counts as bars.")
    values = column.to_numpy(dtype="float64", na_value=np.nan)
    finite = np.isfinite(values)
    edges = _edges(values[finite])
    groups = {"all": finite}
    if chart.colour is not None:
        colours = _coloured(frame[chart.colour])
        groups = {name: finite & (colours == name).to_numpy() for name in colours.unique()}
    parts = []
    for name, mask in groups.items():
        counts, _ = np.histogram(values[mask], bins=edges)
        part = pd.DataFrame({"x": edges[:-1], "until": edges[1:], "y": counts})
        parts.append(part.assign(colour=name) if chart.colour is not None else part)
    note = (
        f"{int(finite.sum()):,} values in {len(edges) - 1} bins; {int((~finite).sum()):,} missing"
    )
    return Marks(pd.concat(parts, ignore_index=True), note)


def _edges(values: Any) -> Any:
    """Cut into bins: one for each of a few whole numbers, else :data:`BINS` of one width."""
    if not len(values):
        return np.array([0.0, 1.0])
    low, high = values.min(), values.max()
    if high - low < BINS and (values % 1 == 0).all():
        return np.arange(low, high + 2) - 0.5
    return np.linspace(low, high, BINS + 1)


def _aggregated(frame: pd.DataFrame, chart: Chart) -> Marks:
    keys = {"x": frame[chart.x]}
    if chart.colour is not None:
        keys["colour"] = _coloured(frame[chart.colour])
    if chart.y is None:
        keyed = pd.DataFrame(keys)
        data = keyed.groupby(list(keys), observed=True).size().to_frame("y")
        what = "rows"
    else:
        if chart.how in ("mean", "median", "sum", "std") and not steps.is_number(frame[chart.y]):
            raise ValueError(f"{chart.y} is not a number; it has no {chart.how}.")
        keyed = pd.DataFrame({**keys, "y": frame[chart.y]})
        grouped = keyed.groupby(list(keys), observed=True)["y"]
        data = grouped.agg(steps.AGGREGATES[chart.how]).to_frame("y")
        what = f"{chart.how} of {chart.y}"
    data = data.dropna().reset_index()
    note = f"{what} by {chart.x}, from {len(frame):,} rows"
    if chart.kind == "Bar":
        return _fewer_bars(data, note)
    return _fewer_points(data, note)


def _fewer_bars(data: pd.DataFrame, note: str) -> Marks:
    totals = data.groupby("x", observed=True)["y"].sum().abs().sort_values(ascending=False)
    if len(totals) > MOST_BARS:
        data = data[data["x"].isin(totals.index[:MOST_BARS])]
        note = f"{note}; the largest {MOST_BARS} of {len(totals):,} bars"
    return Marks(data.assign(x=data["x"].map(str)), note)


def _fewer_points(data: pd.DataFrame, note: str) -> Marks:
    if len(data) > SAMPLE_ROWS:
        step = -(-len(data) // SAMPLE_ROWS)
        data = data.iloc[::step]
        note = f"{note}; every {step}th point"
    return Marks(data.assign(x=_drawable(data["x"])).reset_index(drop=True), note)


def _coloured(column: pd.Series[Any]) -> pd.Series[str]:
    """Keep the most frequent values as colours; all others are ``others``."""
    text = column.map(str, na_action="ignore").astype("object")
    frequent = text.value_counts().index[:MOST_COLOURS]
    return text.where(text.isin(frequent), _REST)


def _drawable(column: pd.Series[Any]) -> pd.Series[Any]:
    """Turn a column into numbers, dates or texts: what a chart's axis can show."""
    if types.is_datetime64_any_dtype(column.dtype):
        return column
    if steps.is_number(column):
        return column.astype("float64")
    return column.map(str, na_action="ignore").astype("object")
