"""What waits to be saved when the server is told to end is saved, or named in its log."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.apps import StreamlitApp
from support.outages import Site, site
from support.visitors import Visitor

import streamlit_redis_session as srs

pytestmark = pytest.mark.slow

EDITS = 4
DELAY_S = 0.2
"""Of each request: at the end several steps still wait."""
MOST_S = 15
PAGE = """
import os
import pandas as pd
import streamlit as st
import streamlit_redis_session as srs

session = srs.attach(os.environ["STORE"], identity="url")
rows = len(st.session_state.get("df", ()))
st.session_state.df = pd.DataFrame({"a": range(rows + 1)})
print("RAN", st.query_params.get("session"), flush=True)
"""
SERVED = """
import streamlit as st

app = st.App("page.py")
"""


@pytest.fixture
def place() -> Iterator[Site]:
    with site() as place:
        yield place


def server_of(kind: str, folder: Path, place: Site) -> StreamlitApp:
    (folder / "page.py").write_text(PAGE)
    (folder / "app.py").write_text(SERVED if kind == "st.App" else PAGE)
    return StreamlitApp(folder / "app.py", {"STORE": place.proxy.url}, directory=folder)


def end(server: StreamlitApp, how: signal.Signals) -> None:
    assert server.process is not None
    server.process.send_signal(how)
    server.process.wait(MOST_S)
    server.process = None


def session_id(server: StreamlitApp) -> str:
    found = re.search(r"RAN (\S{43})", server.log())
    assert found is not None, server.log()
    return found.group(1)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("kind", ["script", "st.App"])
def test_what_waits_at_the_end_is_saved(
    kind: str, how: signal.Signals, place: Site, tmp_path: Path
) -> None:
    with server_of(kind, tmp_path, place) as server, Visitor(server) as visitor:
        visitor.run("RAN")
        place.proxy.delay(DELAY_S)
        for _ in range(EDITS):
            visitor.run("RAN")
        end(server, how)
        with srs.connect(place.server.unix_url) as store:
            session = store.session(session_id(server))
            lengths = [len(session.read(v.id, "df")) for v in session.log()]  # type: ignore[arg-type]

        assert lengths == list(range(1 + EDITS, 0, -1))
        assert "Not saved before the end" not in server.log()


@pytest.mark.parametrize("kind", ["script", "st.App"])
def test_what_cannot_be_saved_at_the_end_is_named_in_the_log(
    kind: str, place: Site, tmp_path: Path
) -> None:
    with server_of(kind, tmp_path, place) as server, Visitor(server) as visitor:
        visitor.run("RAN")
        place.proxy.swallow()
        visitor.run("RAN")
        end(server, signal.SIGTERM)

        assert re.search(r"Not saved before the end: 'df' of session \w{8}\.", server.log())
        assert session_id(server) not in server.log().replace("RAN " + session_id(server), "")
