"""However the store fails, the app goes on; when it is back, everything is written, once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest
from support.outages import OUTAGES, Outage, Site, site
from support.tabs import app, link, payloads, ran, send, session_of, tab_of

import streamlit_redis_session as srs
from streamlit_redis_session.session import Session

LONG_S = 30.0
BODY = """
st.session_state.setdefault("df", pd.DataFrame({"a": [0]}))
if st.button("add"):
    rows = len(st.session_state.df)
    st.session_state.df = pd.concat([st.session_state.df, pd.DataFrame({"a": [rows]})])
st.slider("n", 0, 10, 3, key="n")
st.markdown(str(len(st.session_state.df)))
srs.toolbar()
srs.version_graph()
srs.diff_view()
"""


@pytest.fixture
def place() -> Iterator[Site]:
    with site() as place:
        yield place


@pytest.fixture(params=list(OUTAGES))
def outage(request: pytest.FixtureRequest) -> Outage:
    return OUTAGES[request.param]


def until(is_true: Callable[[], bool]) -> None:
    """Wait without a click or a run: what is awaited has to happen by itself."""
    give_up_at = time.monotonic() + LONG_S
    while not is_true():
        assert time.monotonic() < give_up_at
        time.sleep(0.01)


def is_saved(at: AppTest) -> bool:
    tab = tab_of(at)
    return tab.save_state.state == "saved" and not tab.hub.writer.is_waiting(tab)


def add(at: AppTest) -> None:
    at.button[0].click().run()
    assert not at.exception


def rows(session: Session, ref: str = "HEAD") -> list[int]:
    found = session.read(ref, "df")
    assert isinstance(found, pd.DataFrame)
    return found["a"].tolist()


def undo_to_the_first(at: AppTest) -> str | None:
    """Click on the first version; give the error that the widget shows."""
    first = payloads(at)["version_graph"]["versions"][-1]["id"]
    send(at, {"kind": "checkout", "version": first, "branch": None, "client": "c", "seq": 1})
    assert not at.exception
    error = payloads(at)["version_graph"]["ack"]["error"]
    assert error is None or isinstance(error, str)
    return error


def check_history(place: Site, session_id: str, count: int) -> None:
    """Look with other eyes: all versions are there once, in order, and read back right."""
    with srs.connect(place.server.unix_url) as store:
        session = store.session(session_id)
        versions = session.graph().versions
        by_rows = sorted(rows(session, version.id) for version in versions)
        assert by_rows == [list(range(n)) for n in range(1, count + 1)]
        assert len(session.log("main")) == count


def test_steps_in_an_outage_are_all_written_when_it_ends(outage: Outage, place: Site) -> None:
    at = ran(app(BODY, place.proxy.url))
    add(at)
    until(lambda: is_saved(at))
    outage.begin(place)
    ran(at)
    for _ in range(4):
        add(at)
    shown = at.markdown[0].value
    outage.end(place)

    assert shown == "6"
    until(lambda: is_saved(at))
    check_history(place, link(at), 6)
    ran(at)
    assert at.markdown[0].value == "6"
    assert payloads(at)["version_graph"]["save"]["state"] == "saved"
    assert payloads(at)["version_graph"]["total"] == 6


def test_a_step_under_way_when_the_outage_begins_is_written_once(
    outage: Outage, place: Site
) -> None:
    at = ran(app(BODY, place.proxy.url))
    for _ in range(3):
        add(at)
    outage.begin(place)  # with jobs in the queue, or half sent
    add(at)
    add(at)
    outage.end(place)

    until(lambda: is_saved(at))
    check_history(place, link(at), 6)


def test_an_outage_without_edits_ends_as_saved(outage: Outage, place: Site) -> None:
    at = ran(app(BODY, place.proxy.url))
    until(lambda: is_saved(at))
    outage.begin(place)
    for _ in range(3):
        ran(at)
    outage.end(place)

    until(lambda: is_saved(at))
    check_history(place, link(at), 1)


def test_undo_in_an_outage_works_or_says_why_not(outage: Outage, place: Site) -> None:
    at = ran(app(BODY, place.proxy.url))
    add(at)
    add(at)
    until(lambda: is_saved(at))
    ran(at)
    outage.begin(place)
    error = undo_to_the_first(at)
    shown = int(at.markdown[0].value)
    outage.end(place)

    assert shown == (1 if error is None else 3)
    if error is not None:
        assert place.server.url not in error
        assert str(place.proxy.port) in error
    until(lambda: is_saved(at))
    ran(at)
    assert int(at.markdown[0].value) == shown
    assert rows(session_of(at)) == list(range(shown))
    check_history(place, link(at), 3)
    if error is not None:
        send(
            at,
            {
                "kind": "checkout",
                "branch": None,
                "client": "c",
                "seq": 2,
                "version": payloads(at)["version_graph"]["versions"][-1]["id"],
            },
        )
    assert at.markdown[0].value == "1"


def test_undo_with_unsaved_steps_in_an_outage_loses_nothing(outage: Outage, place: Site) -> None:
    at = ran(app(BODY, place.proxy.url))
    add(at)
    until(lambda: is_saved(at))
    ran(at)
    outage.begin(place)
    add(at)
    error = undo_to_the_first(at)
    shown = int(at.markdown[0].value)
    outage.end(place)

    assert shown == (1 if error is None else 3)
    until(lambda: is_saved(at))
    check_history(place, link(at), 3)
    ran(at)
    assert int(at.markdown[0].value) == shown


def test_a_tab_opened_in_an_outage_works_and_is_saved_afterwards(
    outage: Outage, place: Site
) -> None:
    first = ran(app(BODY, place.proxy.url))
    until(lambda: is_saved(first))
    outage.begin(place)
    ran(first)
    at = ran(app(BODY, place.proxy.url))
    add(at)
    assert at.markdown[0].value == "2"
    outage.end(place)
    until(lambda: not tab_of(at).hub.watch.is_out)
    ran(at)

    until(lambda: is_saved(at))
    assert link(at) != link(first)
    assert rows(session_of(at)) == [0, 1]


def test_a_page_loaded_in_an_outage_shows_its_session_when_the_store_is_back(
    outage: Outage, place: Site
) -> None:
    """Nobody has touched the page, so what it shows gives way to what was stored."""
    first = ran(app(BODY, place.proxy.url))
    add(first)
    first.slider[0].set_value(7).run()
    until(lambda: is_saved(first))
    outage.begin(place)
    ran(first)
    at = ran(app(BODY, place.proxy.url, session=link(first)))
    outage.end(place)
    until(lambda: not tab_of(at).hub.watch.is_out)
    tab_of(at).is_woken = True  # a browser's page is, AppTest has none
    ran(at)

    assert at.markdown[0].value == "2"
    assert at.slider[0].value == 7
    until(lambda: is_saved(at))
    check_history(place, link(first), 2)


def test_a_page_that_was_used_in_an_outage_keeps_what_was_done(place: Site) -> None:
    first = ran(app(BODY, place.proxy.url))
    add(first)
    add(first)
    until(lambda: is_saved(first))
    place.proxy.refuse()
    ran(first)
    at = ran(app(BODY, place.proxy.url, session=link(first)))
    add(at)
    place.proxy.restore()
    until(lambda: not tab_of(at).hub.watch.is_out)
    tab_of(at).is_woken = True
    ran(at)

    assert at.markdown[0].value == "2"
    until(lambda: is_saved(at))
    assert rows(session_of(at)) == [0, 1]
    assert rows(session_of(at), "HEAD~1") == [0, 1, 2]


def test_settings_changed_before_the_page_was_woken_count_as_used(place: Site) -> None:
    first = ran(app(BODY, place.proxy.url))
    add(first)
    until(lambda: is_saved(first))
    place.proxy.refuse()
    ran(first)
    at = ran(app(BODY, place.proxy.url, session=link(first)))
    place.proxy.restore()
    until(lambda: not tab_of(at).hub.watch.is_out)
    tab_of(at).is_woken = True
    at.slider[0].set_value(9).run()

    assert at.slider[0].value == 9
    assert at.markdown[0].value == "1"


def test_two_tabs_of_a_session_are_both_written_after_an_outage(place: Site) -> None:
    one = ran(app(BODY, place.proxy.url))
    until(lambda: is_saved(one))
    other_body = BODY.replace('"df"', '"other"').replace(".df", ".other")
    two = ran(app(other_body, place.proxy.url, session=link(one)))
    until(lambda: is_saved(two))
    place.proxy.swallow()
    for at in (one, two, two, one):
        add(at)
    place.proxy.restore()
    until(lambda: is_saved(one) and is_saved(two))

    for at in (one, two):
        ran(at)
        assert at.markdown[0].value == "3"
    assert sorted(session_of(one).graph().branches) == ["main"]
    assert len(session_of(one).log()) == 6


def test_nobody_asks_a_store_that_is_out(place: Site) -> None:
    """After the first failure reruns send nothing: the probe alone does."""
    at = ran(app(BODY, place.proxy.url))
    until(lambda: is_saved(at))
    place.proxy.refuse()
    ran(at)
    assert tab_of(at).hub.watch.is_out
    store = tab_of(at).hub.store
    asked: list[str] = []
    read_seq = store._backend.read_seq
    store._backend.read_seq = lambda key: asked.append(key) or read_seq(key)  # type: ignore[method-assign, func-returns-value]
    for _ in range(5):
        ran(at)
        if tab_of(at).hub.watch.is_out:
            assert asked == []
    place.proxy.restore()
    until(lambda: not tab_of(at).hub.watch.is_out)
    ran(at)
    assert asked
