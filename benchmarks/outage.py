"""What an outage of the store costs the person: ``python -m benchmarks.outage [name ...]``.

For each way of failing: the longest and the later reruns of an app over the same reruns with a
store that is well, a click on undo, opening a new tab, and the time from the store's return until
everything is written. Wall clock, the median of several rounds: only an idle machine gives figures.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from streamlit import logger

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
import logging

from streamlit.testing.v1 import AppTest
from support.outages import OUTAGES, Site, site
from support.tabs import app, link, payloads, send, session_of, tab_of

ROUNDS = 3
EDITS = 6
BODY = """
st.session_state.setdefault("df", pd.DataFrame({"a": range(1000)}))
if st.button("add"):
    st.session_state.df = pd.concat([st.session_state.df, pd.DataFrame({"a": [1]})])
srs.version_graph()
"""


def main() -> None:
    """Print one line for each way of failing."""
    logging.getLogger("streamlit_redis_session").setLevel(logging.CRITICAL)
    logger.set_log_level("ERROR")
    names = sys.argv[1:] or list(OUTAGES)
    columns = ("first rerun", "later (median)", "later (worst)", "undo", "new tab", "caught up")
    print("added ms".ljust(18), *(c.rjust(15) for c in columns))
    for name in names:
        rounds = [_round(name) for _ in range(ROUNDS)]
        medians = [statistics.median(each) for each in zip(*rounds, strict=True)]
        print(name.ljust(18), *(f"{value:15,.0f}" for value in medians), flush=True)


def _round(name: str) -> list[float]:
    outage = OUTAGES[name]
    with site() as place:
        at = app(BODY, place.proxy.url).run()
        well = [_click(at) for _ in range(EDITS)]
        usual = statistics.median(well)
        _until(lambda: tab_of(at).save_state.state == "saved")
        outage.begin(place)
        during = [_click(at) - usual for _ in range(EDITS)]
        undo = _timed(lambda: _undo(at)) - usual
        opened = _timed(lambda: app(BODY, place.proxy.url, session=link(at)).run()) - usual
        outage.end(place)
        caught_up = _timed(lambda: _until(lambda: _is_written(at, place)))
        assert len(session_of(at).graph().versions) == 1 + 2 * EDITS
        later = during[1:]
        figures = (during[0], statistics.median(later), max(later), undo, opened, caught_up)
        return [1000 * seconds for seconds in figures]


def _click(at: AppTest) -> float:
    seconds = _timed(lambda: at.button[0].click().run())
    assert not at.exception
    time.sleep(0.05)  # a person is no faster
    return seconds


def _undo(at: AppTest) -> None:
    shown = payloads(at)["version_graph"]["versions"][-1]["id"]
    message = {"kind": "checkout", "version": shown, "client": "bench", "seq": int(time.time())}
    send(at, message | {"branch": None})


def _is_written(at: AppTest, place: Site) -> bool:
    del place
    return not tab_of(at).hub.writer.is_waiting(tab_of(at)) and session_of(at) is not None


def _until(is_true: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + 60
    while not is_true():
        assert time.monotonic() < give_up_at
        time.sleep(0.005)


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
