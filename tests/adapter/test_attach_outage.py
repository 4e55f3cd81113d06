"""The app goes on without its store, says so, and saves everything when it is back."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest
from support.servers import RedisServer, free_port
from support.tabs import (
    app,
    link,
    log_of,
    messages,
    payloads,
    ran,
    session_of,
    tab_of,
)

BODY = """
st.session_state.setdefault("df", pd.DataFrame({"a": [0]}))
if st.button("add"):
    st.session_state.df = pd.concat([st.session_state.df, pd.DataFrame({"a": [1]})])
st.slider("n", 0, 10, 3, key="n")
st.markdown(str(len(st.session_state.df)))
srs.toolbar()
srs.version_graph()
srs.diff_view()
"""


@pytest.fixture
def server() -> Iterator[RedisServer]:
    """A server of this test alone, which keeps what it was told when it is killed."""
    with RedisServer("--appendfsync", "always", persistent=True) as server:
        yield server


def until_saved(at: AppTest, *, runs: int = 60) -> None:
    """Rerun, as a person who clicks on does, until the tab says that it is saved."""
    for _ in range(runs):
        ran(at)
        if tab_of(at).session is not None and tab_of(at).save_state.state == "saved":
            return
        time.sleep(0.25)
    raise AssertionError(tab_of(at).save_state)


def test_an_app_without_its_store_works_and_says_why_nothing_is_saved(
    caplog: pytest.LogCaptureFixture,
) -> None:
    port = free_port()
    with caplog.at_level(logging.WARNING, "streamlit_redis_session"):
        at = ran(app(BODY, f"redis://user:hidden@127.0.0.1:{port}/0"))
        at.button[0].click().run()

    assert not at.exception
    assert at.markdown[0].value == "2"
    save = payloads(at)["version_graph"]["save"]
    assert save["state"] == "not-saved"
    assert str(port) in save["reason"]
    assert "hidden" not in save["reason"]
    assert "hidden" not in caplog.text
    assert save["since"] <= time.time()
    assert tab_of(at).working_session.log() == []
    assert caplog.text.count("Not saved") == 1


def test_the_session_that_attach_returns_can_be_used_without_a_store() -> None:
    at = app(
        """
        session = srs.attach(URL, identity="url")
        st.markdown(f"{session.log()} {session.can_undo} {session.head.branch} {len(session)}")
        """.replace("URL", repr(url := f"redis://127.0.0.1:{free_port()}")),
        url,
    )
    ran(at)

    assert at.markdown[0].value == "[] False main 0"


def test_a_store_that_comes_up_later_gets_what_the_app_has_made() -> None:
    server = RedisServer(persistent=True)
    at = ran(app(BODY, server.url))
    at.button[0].click().run()
    with server:
        until_saved(at)

        assert messages(at) == ["df: new, 2 x 1"]
        assert link(at) == session_of(at).id
        again = ran(app(BODY, server.url, session=link(at)))
        assert again.markdown[0].value == "2"


def test_what_the_store_had_is_in_history_when_the_app_started_without_it(
    server: RedisServer,
) -> None:
    first = ran(app(BODY + "st.session_state.setdefault('other', [1])", server.url))
    first.button[0].click().run()
    first.slider[0].set_value(8).run()
    server.kill()
    late = ran(app(BODY, server.url, session=link(first)))
    assert late.markdown[0].value == "1"
    server.start()
    until_saved(late)

    assert link(late) == link(first)
    assert late.markdown[0].value == "1"
    assert messages(late) == ["df: new, 1 x 1", "df: +1 row", "df: -1 row"]
    assert len(session_of(late).read("HEAD~1", "df")) == 2  # type: ignore[arg-type]
    assert late.session_state["other"] == [1]


def test_a_store_that_stops_and_starts_again_loses_no_step(server: RedisServer) -> None:
    at = ran(app(BODY, server.url))
    server.kill()
    started = time.monotonic()
    for _ in range(4):
        at.button[0].click().run()
        assert not at.exception
        assert tab_of(at).save_state.state == "not-saved"
    waited_s = time.monotonic() - started
    assert at.markdown[0].value == "5"
    server.start()
    until_saved(at)

    assert messages(at) == ["df: new, 1 x 1", *["df: +1 row"] * 4]
    assert [len(session_of(at).read(f"HEAD~{n}", "df")) for n in range(5)] == [5, 4, 3, 2, 1]  # type: ignore[arg-type]
    assert tab_of(at).save_state.reason is None
    assert waited_s < 60


def test_settings_that_were_changed_in_an_outage_are_saved(server: RedisServer) -> None:
    at = ran(app(BODY, server.url))
    server.kill()
    at.slider[0].set_value(9).run()
    server.start()
    until_saved(at)

    assert ran(app(BODY, server.url, session=link(at))).slider[0].value == 9
    assert len(log_of(at)) == 1


def test_an_outage_without_edits_ends_as_saved(server: RedisServer) -> None:
    at = ran(app(BODY, server.url))
    server.kill()
    ran(at)
    assert tab_of(at).save_state.state == "not-saved"
    server.start()
    until_saved(at)

    assert payloads(at)["version_graph"]["save"] == {
        "state": "saved",
        "reason": None,
        "since": None,
    }


@pytest.mark.slow
def test_reruns_go_on_while_the_server_is_frozen(server: RedisServer) -> None:
    at = ran(app(BODY, server.url))
    server.freeze()
    durations_s = []
    for _ in range(12):
        started = time.monotonic()
        at.button[0].click().run()
        durations_s.append(time.monotonic() - started)
        assert not at.exception
    server.thaw()
    until_saved(at)

    assert max(durations_s) < 25
    assert sorted(durations_s)[6] < 5
    assert messages(at) == ["df: new, 1 x 1", *["df: +1 row"] * 12]


def test_a_server_without_memory_for_writes_is_named(server: RedisServer) -> None:
    at = ran(app(BODY, server.url))
    with server.client() as client:
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("maxmemory", "1mb")
    at.button[0].click().run()
    assert not at.exception
    assert tab_of(at).save_state.state == "not-saved"
    assert "memory" in str(tab_of(at).save_state.reason)
    with server.client() as client:
        client.config_set("maxmemory", "0")
    until_saved(at)

    assert messages(at) == ["df: new, 1 x 1", "df: +1 row"]


def test_a_value_that_is_damaged_in_the_store_is_named_and_the_others_come_back(
    server: RedisServer,
) -> None:
    good = "st.session_state.setdefault('good', pd.DataFrame({'a': range(9)}))\n"
    at = ran(app(good + BODY, server.url))
    with server.client() as client:
        before = set(client.scan_iter("srs:c:*"))
    at.session_state["bad"] = pd.DataFrame({"b": range(100)})
    ran(at)
    with server.client() as client:
        for chunk in set(client.scan_iter("srs:c:*")) - before:
            client.delete(chunk)
    tab_of(at).hub.store._values._cache.clear()
    again = ran(app(BODY, server.url, session=link(at)))

    assert "bad" not in again.session_state
    assert len(again.session_state["good"]) == 9
    notice = tab_of(again).notices["unreadable bad"]
    assert notice.level == "error"
    assert "missing from the store" in notice.text
    ran(again)
    assert "bad" in set(session_of(again))
    assert len(log_of(again)) == len(log_of(at))
