"""What a rerun of a Streamlit app pays, without a browser: the one file that looks inside.

It drives the same calls that ``attach()`` and the end of a rerun make, on a session state of its
own, and tells the package that a browser shows the tab (otherwise it would wait for the save).
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pandas as pd
from streamlit.logger import set_log_level
from streamlit.runtime.state.safe_session_state import SafeSessionState
from streamlit.runtime.state.session_state import SessionState

import streamlit_redis_session as srs
from benchmarks.edits import EDITS
from benchmarks.timing import StallProbe, timed
from streamlit_redis_session.adapter import _streamlit_private as private
from streamlit_redis_session.adapter import _tab
from streamlit_redis_session.adapter._options import Options
from streamlit_redis_session.adapter._registry import hub_for

Answer = dict[str, Any]
FLUSH_S = 600.0


class ScriptThread:
    """One tab whose reruns are made here."""

    def __init__(self, url: str) -> None:
        vars(private)["tab_is_alive"] = lambda _: True
        # it would warn at every write, in the measured time, that no browser is there
        set_log_level("ERROR")
        self._url = url
        self._store = srs.connect(url)
        self._session_state = SessionState()
        self._state = private.TabState(SafeSessionState(self._session_state, lambda: None))
        self._tab: _tab.Tab | None = None
        self._base_version = ""

    @property
    def tab(self) -> _tab.Tab:
        """The tab, after ``begin``."""
        assert self._tab is not None
        return self._tab

    def begin(
        self, frames: dict[str, pd.DataFrame], *, probe: bool = False, anew: bool = False
    ) -> Answer:
        """Open a new tab on a new session, and save the frames; ``anew``: nothing is shared."""
        name = uuid4().hex
        if anew:
            self._store.close()
            self._store = srs.connect(self._url, namespace=f"bench-{name[:8]}")
        options = Options(lambda: name, ("*",), (), is_synchronous=False)
        self._session_state.clear()
        self._tab = _tab.Tab(name, hub_for(self._store), options)
        self._tab.open(self._state)
        for key, frame in frames.items():
            self._session_state[key] = frame
        answer = self._end_run(probe=probe)
        gc.freeze()  # as in the worker
        assert self.tab.session is not None
        self._base_version = str(self.tab.session.head.version)
        return answer

    def edit(self, name: str, number: int, *, probe: bool = False) -> Answer:
        """Rerun with an edit; then go back to the first frame, untimed."""
        start_s, _ = timed(self._start)
        frames = {k: v for k, v in self._state.read().items() if isinstance(v, pd.DataFrame)}
        for key, frame in EDITS[name].apply(frames, number).items():
            self._session_state[key] = frame
        answer = self._end_run(probe=probe)
        self._go(self._base_version)
        self._wait()
        return {"start_s": start_s, **answer}

    def rerun(self, number: int) -> Answer:
        """Rerun without touching anything: a thousand times, the mean of each part."""
        del number
        count = 1000
        end_s, _ = timed(lambda: self._repeat(self.tab.end_run, count))
        start_s, _ = timed(lambda: self._repeat(self.tab.start_run, count))
        self._wait()
        return {"end_s": end_s / count, "start_s": start_s / count}

    def undo(self, name: str, number: int) -> Answer:
        """Edit, save, and take the time of an undo as the widget does it."""
        frames = {k: v for k, v in self._state.read().items() if isinstance(v, pd.DataFrame)}
        for key, frame in EDITS[name].apply(frames, number).items():
            self._session_state[key] = frame
        self._end_run()
        undo_s, _ = timed(lambda: self._go(None))
        return {"undo_s": undo_s}

    def _end_run(self, *, probe: bool = False) -> Answer:
        if not probe:
            return dict(timed(self._timed_end)[1])
        with StallProbe() as stalls:
            answer = self._timed_end()
        return {**answer, "stall_s": stalls.worst_s}

    def _timed_end(self) -> Answer:
        start = time.perf_counter()
        self.tab.end_run(self._state)
        caller_s = time.perf_counter() - start
        self._wait()
        return {"caller_s": caller_s, "total_s": time.perf_counter() - start}

    def _start(self) -> None:
        self.tab.start_run(self._state)

    def _repeat(self, call: Callable[[private.TabState], None], count: int) -> None:
        for _ in range(count):
            call(self._state)

    def _go(self, version: str | None) -> None:
        """Do what a click in the widget does: ``None`` undoes."""

        def move(session: srs.Session) -> None:
            if version is None:
                session.undo()
            else:
                session.checkout(version)

        self.tab.act(move, self._state)

    def _wait(self) -> None:
        assert self.tab.hub.writer.flush(self.tab, timeout_s=FLUSH_S), "not saved"

    def close(self) -> None:
        """Let go of the server."""
        self._store.close()
