"""A process in which one system works: reads commands as lines of JSON, answers with what it took.

    python -m benchmarks.worker PEER URL FOLDER

The process that asks interleaves the systems; here everything that is not the system's own work
stays outside the clock.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.data import Data
from benchmarks.edits import EDITS, Edit, edit_named, step
from benchmarks.peers import Peer, peer_class
from benchmarks.peers._base import Frames, NotComparableError, Place
from benchmarks.timing import StallProbe, timed, touch_memory

Answer = dict[str, Any]
SMALL = "1000x20"
COLLECT_EVERY = 50
"""Collections of garbage between the versions of a long chain."""


class Worker:
    """The commands; each returns what is to be answered."""

    def __init__(self, name: str, place: Place) -> None:
        self._name = name
        self._place = place
        self._peer: Peer | None = None
        self._base: Frames = {}
        self._frames: Frames = {}
        self._background: Any = None

    @property
    def peer(self) -> Peer:
        """The system, opened when it is first needed."""
        if self._peer is None:
            self._peer = peer_class(self._name)(self._place)
        return self._peer

    def hello(self) -> Answer:
        """Open the system and describe it."""
        kind = type(self.peer)
        return {
            "label": kind.label, "note": kind.note, "is_on_disk": kind.is_on_disk,
            "versions": {name: metadata.version(name) for name in (*kind.packages, "pandas")},
        }  # fmt: skip

    def warm(self) -> Answer:
        """Do everything once with a small frame, so that nothing measured pays for a first time."""
        peer = self.peer
        before = peer.prepare({"df": Data(SMALL).load()})
        peer.begin()
        first = peer.save(before)
        second = peer.save(peer.prepare(EDITS["cell"].apply(before, 0)))
        peer.undo(first)
        peer.forget(second)
        peer.end()
        return {}

    def data(self, name: str, flights: str | None = None) -> Answer:
        """Make the frame that everything starts from."""
        self._base = self.peer.prepare({"df": Data(name).load(flights)})
        gc.collect()
        gc.freeze()  # the libraries' own objects need not be looked at before every measurement
        return {"nbytes": int(self._base["df"].memory_usage(index=True, deep=False).sum())}

    def begin(self, *, keep: bool = False, probe: bool = False) -> Answer:
        """Start a session with the frame in it; the one before is deleted."""
        if self._frames and not keep:
            self.peer.end()
        session = self.peer.begin()
        self._frames = dict(self._base)
        answer = self._save(self._frames, None, probe=probe)
        return {"session": session, **answer}

    def edit(self, name: str, number: int, *, probe: bool = False) -> Answer:
        """Edit and save."""
        return self._run(edit_named(name), number, probe=probe)

    def step(self, number: int) -> Answer:
        """Make one step of a long session."""
        return self._run(step(number), number)

    def _run(
        self, edit: Edit, number: int, *, probe: bool = False, is_chain: bool = False
    ) -> Answer:
        before = self._frames
        after = self.peer.prepare(edit.apply(before, number))
        appended = after["df"].iloc[len(before["df"]) :] if edit.appends else None
        self._frames = after
        return self._save(after, appended, number if is_chain else 0, probe=probe)

    def _save(
        self, frames: Frames, appended: pd.DataFrame | None, number: int = 0, *, probe: bool
    ) -> Answer:
        def save() -> str:
            return self.peer.save(frames, appended=appended)

        if not probe:
            seconds, version = timed(save, collect=number % COLLECT_EVERY == 0)
            return {"version": version, "seconds": seconds}
        with StallProbe() as stalls:
            seconds, version = timed(save, collect=False)
        return {"version": version, "seconds": seconds, "stall_s": stalls.worst_s}

    def undo(self, version: str) -> Answer:
        """Go back to the first version, the one before; say whether it came back as it was."""
        seconds, self._frames = timed(lambda: self.peer.undo(version))
        return {"seconds": seconds, "is_same": self._is_base()}

    def _is_base(self) -> bool:
        if not self._base:  # a fresh process
            return True
        return set(self._frames) == {"df"} and _is_same(self._base["df"], self._frames["df"])

    def load(self, version: str) -> Answer:
        """Go to any version."""
        seconds, self._frames = timed(lambda: self.peer.load(version))
        return {"seconds": seconds, "is_base": self._is_base()}

    def forget(self, version: str) -> Answer:
        """Delete a version that is no longer needed."""
        self.peer.forget(version)
        return {}

    def reset(self) -> Answer:
        """Take the first frame again, without telling the system."""
        self._frames = dict(self._base)
        return {}

    def open(self, session: str, version: str, touch_bytes: int = 0) -> Answer:
        """Connect, open a session that another process made, and read a version of it."""
        touch_memory(touch_bytes)

        def connect_and_load() -> Frames:
            self.peer.resume(session)
            return self.peer.load(version)

        seconds, self._frames = timed(connect_and_load)
        return {"seconds": seconds, "rows": len(self._frames["df"])}

    def script(self, command: str, **arguments: Any) -> Answer:
        """Do something as a Streamlit app does it; this package only."""
        if self._background is None:
            from benchmarks.script_thread import ScriptThread  # noqa: PLC0415

            self._background = ScriptThread(self._place.url)
        if command == "begin":
            return dict(self._background.begin(dict(self._base), **arguments))
        return dict(getattr(self._background, command)(**arguments))

    def chain(self, name: str, first: int, count: int) -> Answer:
        """Make many versions by the same edit, one upon the other."""
        numbers = range(first, first + count)
        saved = [self._run(EDITS[name], number, is_chain=True) for number in numbers]
        return {
            "seconds": [answer["seconds"] for answer in saved],
            "versions": [answer["version"] for answer in saved],
        }

    def graph(self, session: str) -> Answer:
        """Open a session and read what a graph of its versions needs."""

        def resume_and_list() -> int:
            self.peer.resume(session)
            return self.peer.list_versions()

        seconds, count = timed(resume_and_list)
        return {"seconds": seconds, "count": count}

    def close(self) -> Answer:
        """End the process."""
        if self._background is not None:
            self._background.close()
        if self._peer is not None:
            self._peer.close()
        return {}


def _is_same(given: pd.DataFrame, got: pd.DataFrame) -> bool:
    """Compare by columns: `DataFrame.equals` of pandas 2 also compares how they lie in memory."""
    if not (got.columns.equals(given.columns) and got.index.equals(given.index)):
        return False
    places = range(given.shape[1])
    return all(
        got.dtypes.iloc[at] == given.dtypes.iloc[at] and got.iloc[:, at].equals(given.iloc[:, at])
        for at in places
    )


def serve(worker: Worker, answers: Callable[[Answer], None]) -> None:
    """Answer commands until there are none."""
    for line in sys.stdin:
        command, arguments = json.loads(line)
        try:
            answers(getattr(worker, command)(**arguments))
        except NotComparableError as error:
            answers({"error": str(error)})
        except Exception as error:  # noqa: BLE001 (whatever a system raises belongs in the report)
            answers({"error": f"{type(error).__name__}: {error}"})
        if command == "close":
            return


def main() -> None:
    """Run as a process of its own. Whatever a system prints goes to stderr."""
    name, url, folder = sys.argv[1:4]
    with os.fdopen(os.dup(1), "w", buffering=1) as out:
        os.dup2(2, 1)
        serve(
            Worker(name, Place(url, Path(folder))),
            lambda answer: print(json.dumps(answer), file=out),
        )
        out.flush()


if __name__ == "__main__":
    main()
