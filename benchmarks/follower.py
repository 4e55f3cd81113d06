"""Another process of an app, as far as following goes: tabs that note when they are woken.

    python -m benchmarks.follower URL

Reads ids of sessions as one line of JSON, answers ``"ready"``, then writes ``[<number of the
session>, <clock>]`` for every wake, until its input ends. The clock is that of all processes of the
machine.
"""

from __future__ import annotations

import json
import queue
import sys
import time
from threading import Thread

from streamlit_redis_session.adapter import Tab
from streamlit_redis_session.adapter._options import Options
from streamlit_redis_session.adapter._registry import Hub
from streamlit_redis_session.session import Writer, connect

Wakes = queue.SimpleQueue[tuple["NotingTab", float] | None]


class NotingTab(Tab):
    """A tab with a browser, whose script would run at the moment that is noted."""

    def __init__(self, hub: Hub, session_id: str, number: int, wakes: Wakes) -> None:
        super().__init__(str(number), hub, Options("url", ("*",), (), is_synchronous=False))
        self.number = number
        self._wakes = wakes
        self.session = hub.store.session(session_id)
        hub.join(self)

    @property
    def is_open(self) -> bool:
        """Whether a browser shows this tab: always."""
        return True

    def wake(self) -> None:
        """Note the moment."""
        self.is_woken = True
        self._wakes.put((self, time.perf_counter()))

    def follow(self) -> None:
        """Read what others did, as the start of a run does."""
        self.is_woken = False
        self.news.asks()
        assert self.session is not None
        self.session.refresh()


def main() -> None:
    """Follow until the input ends."""
    wakes: Wakes = queue.SimpleQueue()
    with connect(sys.argv[1]) as store:
        hub = Hub(store, Writer(most_bytes=2**20))
        ids = json.loads(sys.stdin.readline())
        tabs = [NotingTab(hub, session_id, number, wakes) for number, session_id in enumerate(ids)]
        while not hub.live.is_live:
            time.sleep(0.001)
        _say("ready")
        Thread(target=_wait_for_the_end, args=(wakes,), daemon=True).start()
        while (woken := wakes.get()) is not None:
            tab, at = woken
            tab.follow()
            _say([tab.number, at])
        del tabs


def _wait_for_the_end(wakes: Wakes) -> None:
    sys.stdin.read()
    wakes.put(None)


def _say(answer: object) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
