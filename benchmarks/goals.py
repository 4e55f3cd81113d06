"""The goals, beside what was measured. Nothing here decides whether a test passes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from benchmarks.data import Data
from benchmarks.peers import OURS, SEED
from benchmarks.results import Results, largest, median, ratio
from benchmarks.timing import Spread, exponent, within_95


@dataclass(frozen=True)
class Goal:
    """One figure and what it should be."""

    what: str
    bound: str
    is_met: Callable[[float], bool]
    measure: Callable[[], float]
    show: Callable[[float], str]

    def row(self) -> tuple[str, str, str, str]:
        """Give what, goal, measured and verdict, for a table."""
        try:
            value = self.measure()
        except (LookupError, ZeroDivisionError, ValueError):
            return self.what, self.bound, "-", "not measured"
        return self.what, self.bound, self.show(value), "met" if self.is_met(value) else "**no**"


def times(value: float) -> str:
    """Write a ratio."""
    return f"{value:,.0f}x" if value >= 100 else f"{value:.3g}x"


def duration(seconds: float) -> str:
    """Write a time with three digits."""
    if seconds < 0:
        return f"-{duration(-seconds)}"
    for size, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "us")):
        if seconds >= 0.9995 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def size(count: float) -> str:
    """Write bytes with three digits."""
    for unit, step in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= step:
            return f"{count / step:.3g} {unit}"
    return f"{count:.0f} B"


def _least(what: str, bound: float, measure: Callable[[], float]) -> Goal:
    return Goal(what, f">= {bound:,.0f}x", lambda value: value >= bound, measure, times)


def _most(
    what: str, bound: float, measure: Callable[[], float], show: Callable[[float], str]
) -> Goal:
    return Goal(what, f"<= {show(bound)}", lambda value: value <= bound, measure, show)


def goals(results: Results) -> list[Goal]:
    """List all goals for the frame that they are measured on."""
    data = largest(results, "edits") or Data("1000000x20")
    return [
        *_reruns(results, data), *_edits(results, data), *_undo(results, data), *_reads(results),
        *_rest(results), *_peers(results, data), *_scaling(results), *_live(results),
    ]  # fmt: skip


def _reruns(results: Results, data: Data) -> Iterator[Goal]:
    def rerun_s() -> float:
        found = largest(results, "reruns") or data
        return Spread.of(results["reruns"][found.name]["end_s"]).median

    def seed_s() -> float:
        return median(results, "edits", data, "cell", SEED, "total_s")

    def worst_caller_s() -> float:
        edits = results["edits"][data.name]
        names = [name for name in edits if name != "unchanged"]
        return max(median(results, "edits", data, name, OURS, "caller_s") for name in names)

    yield _most("unchanged rerun, end of the run", 10e-6, rerun_s, duration)
    yield _least("unchanged rerun, against a save", 150_000, lambda: seed_s() / rerun_s())
    yield _most("any edit, script thread (the slowest)", 250e-6, worst_caller_s, duration)
    yield _least(
        "any edit, script thread, against a save", 4000, lambda: seed_s() / worst_caller_s()
    )


def _edits(results: Results, data: Data) -> Iterator[Goal]:
    def faster(name: str) -> Callable[[], float]:
        return lambda: ratio(results, "edits", data, name, "total_s")

    def smaller(name: str) -> Callable[[], float]:
        return lambda: ratio(results, "edits", data, name, "bytes")

    yield _least("one cell, complete", 400, faster("cell"))
    yield _most(
        "one cell, bytes", 150_000,
        lambda: median(results, "edits", data, "cell", OURS, "bytes"), size,
    )  # fmt: skip
    yield _least("add a column", 120, faster("add"))
    yield _least("drop a column", 1000, faster("drop"))
    yield _least("rename a column", 1000, faster("rename"))
    for name, speed, saving in (("filter", 13, 1000), ("range", 13, 1000), ("sort", 4, 90),
                                ("append", 43, 120)):  # fmt: skip
        yield _least(f"{name}, complete", speed, faster(name))
        yield _least(f"{name}, bytes", saving, smaller(name))
    yield _least(
        "one cell at 10k x 20", 15,
        lambda: ratio(results, "edits", Data("10000x20"), "cell", "total_s"),
    )  # fmt: skip


def _undo(results: Results, data: Data) -> Iterator[Goal]:
    def undo_s() -> float:
        kinds = [n for n in results["edits"][data.name] if n != "unchanged"]
        return max(median(results, "edits", data, name, OURS, "undo_s") for name in kinds)

    yield _most("undo, version in memory (the slowest)", 1e-3, undo_s, duration)


def _reads(results: Results) -> Iterator[Goal]:
    data = largest(results, "reads") or Data("1000000x20")

    def stall_s() -> float:
        found = results["stalls"]
        frame = largest(results, "stalls") or data
        return max(median(results, "stalls", frame, n, OURS, "stall_s") for n in found[frame.name])

    yield _least(
        "cold checkout", 12, lambda: ratio(results, "reads", data, "unchanged", "checkout_s")
    )
    yield _least(
        "cold checkout of a sort", 5, lambda: ratio(results, "reads", data, "sort", "checkout_s")
    )
    yield _most("worst wait of another thread", 10e-3, stall_s, duration)


def _rest(results: Results) -> Iterator[Goal]:
    def memory() -> float:
        found = largest(results, "long_session") or Data("1000000x20")
        sessions = results["long_session"][found.name]
        return float(sessions[SEED]["bytes"] / sessions[OURS]["bytes"])

    def shared() -> float:
        ours = results["sharing"][OURS]
        return float(ours["all_bytes"] / ours["one_bytes"])

    def importing() -> float:
        found = results["imports"]
        ours, client = (Spread.of(found[m]).median for m in ("streamlit_redis_session", "redis"))
        return ours - client

    yield _least("memory of a session of 50 versions", 45, memory)
    yield _most("100 sessions on one data set, of one", 1.2, shared, times)
    yield _most("import, more than `import redis`", 0.150, importing, duration)


def _peers(results: Results, data: Data) -> Iterator[Goal]:
    for peer, label in (("arcticdb", "ArcticDB"), ("kishu", "Kishu")):
        for name, figure, bound in (("cell", "total_s", 50), ("filter", "total_s", 3),
                                    ("cell", "undo_s", 50)):  # fmt: skip
            what = "undo" if figure == "undo_s" else name
            yield _least(
                f"{what}, against {label}", bound,
                partial(ratio, results, "edits", data, name, figure, other=peer),
            )  # fmt: skip


def _scaling(results: Results) -> Iterator[Goal]:
    def grows() -> float:
        points = results["scaling"]["versions"]["cell"][OURS]
        return float(points[-1][1] / points[0][1])

    def by_rows() -> float:
        points = results["scaling"]["rows"]["cell"][OURS]
        return exponent([p[0] for p in points], [p[1] for p in points])

    yield _most("commit at the end of the longest history, of the first", 1.1, grows, times)
    yield _most("one cell, time against rows: exponent", 0.1, by_rows, lambda value: f"{value:.2f}")


def _live(results: Results) -> Iterator[Goal]:
    def slowest_s() -> float:
        return max(within_95(one["wake_s"]) for one in results["live"].values())

    yield _most("told of another process's commit, 95 of 100", 0.250, slowest_s, duration)
