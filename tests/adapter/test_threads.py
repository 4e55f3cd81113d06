"""Several threads in one session: parallel fragments, and threads of the app's own."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from support.tabs import app, log_of, ran, same_session, session_of, tab_of

from streamlit_redis_session import Session, Store, connect

PARALLEL = """
import threading

@st.cache_resource
def barrier():
    return threading.Barrier(3, timeout=20)

def values(name):
    # all three at once: each waits until the others are here too
    barrier().wait()
    for n in range(20):
        st.session_state[name] = pd.DataFrame({"a": range(n + 1)})
        srs.attach(URL, identity="url")

@st.fragment(parallel=True)
def one():
    values("one")

@st.fragment(parallel=True)
def two():
    values("two")

@st.fragment(parallel=True)
def three():
    values("three")

st.session_state.main = pd.DataFrame({"a": [1]})
if not st.session_state.get("quiet", False):
    one()
    two()
    three()
st.checkbox("quiet", key="quiet")
"""


@pytest.fixture(params=["memory", "redis"])
def url(request: pytest.FixtureRequest) -> str:
    found = request.getfixturevalue(f"{request.param}_url")
    assert isinstance(found, str)
    return found


def test_what_parallel_fragments_set_is_one_version_and_complete(url: str) -> None:
    body = PARALLEL.replace("URL", repr(url))
    at = ran(app(body, url))

    (version,) = log_of(at)
    assert set(version.values) == {"one", "two", "three", "main"}
    at.checkbox[0].check().run()
    again = ran(same_session("", url, at))
    for name in ("one", "two", "three"):
        assert len(again.session_state[name]) == 20
    assert tab_of(at).save_state.state == "saved"


def test_a_rerun_with_the_same_results_in_parallel_makes_no_version(url: str) -> None:
    at = ran(app(PARALLEL.replace("URL", repr(url)), url))
    ran(at)
    ran(at)

    assert len(log_of(at)) == 1


def test_a_thread_of_the_app_that_writes_meanwhile_loses_nothing(url: str) -> None:
    """The thread has the session that attach() gave, and writes values of its own to it."""
    at = ran(app("st.session_state.n = st.session_state.get('n', 0)\nst.button('more')", url))
    session = session_of(at)
    failures = in_threads(lambda: commits(session, "theirs", 15))
    for number in range(1, 16):
        at.session_state["ours"] = at.session_state["n"] + number
        ran(at)
    assert failures() == []
    ran(at)

    with connect(url) as store:
        fresh = store.session(session.id)
        assert fresh["ours"] == 15
        assert len(fresh["theirs"]) == 15  # type: ignore[arg-type]
        graph = fresh.graph()
        assert len(graph.versions) == len({v.id for v in graph.versions}) == 15


def commits(session: Session, key: str, count: int) -> None:
    import pandas as pd  # noqa: PLC0415

    for number in range(1, count + 1):
        session[key] = pd.DataFrame({"a": range(number)})
        session.commit()


def in_threads(*works: Callable[[], None]) -> Callable[[], list[BaseException]]:
    """Start threads; what is returned waits for them and tells what they raised."""
    failures: list[BaseException] = []

    def run(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 (shown by the test itself)
            failures.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()

    def wait() -> list[BaseException]:
        for thread in threads:
            thread.join(60)
        return failures

    return wait


@pytest.fixture
def store(url: str) -> Store:
    return connect(url)


def test_threads_of_one_session_object_make_one_line_with_all_values(store: Store) -> None:
    """Eight threads, each with a value of its own, on one Session: nothing lost or doubled."""
    session = store.session()
    names = [f"value {n}" for n in range(8)]
    failures = in_threads(*(lambda name=name: commits(session, name, 6) for name in names))

    assert failures() == []
    session.commit()
    again = store.session(session.id)
    assert {name: len(again[name]) for name in names} == dict.fromkeys(names, 6)  # type: ignore[arg-type]
    graph = again.graph()
    assert set(graph.branches) == {"main"}
    contents = [tuple(sorted(v.values.items())) for v in graph.versions]
    assert len(contents) == len(set(contents)) <= 48
    assert len(again.log()) == len(graph.versions)
    store.close()
