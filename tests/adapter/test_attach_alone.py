"""``attach(follow=False)``: a tab with a head of its own, beside one that follows."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest
from support.tabs import (
    app,
    link,
    log_of,
    payloads,
    ran,
    same_session,
    send,
    session_of,
    tab_of,
)

BODY = """
with st.sidebar:
    srs.version_graph()
st.session_state.setdefault("df", pd.DataFrame({"x": [1]}))
if st.button("add"):
    st.session_state.df = st.session_state.df + 1
st.slider("n", 0, 100, 3, key="n")
st.markdown(f"{st.session_state.df['x'].tolist()}")
"""
ALONE = "follow=False"


@pytest.fixture(params=["memory", "redis"])
def url(request: pytest.FixtureRequest) -> str:
    found = request.getfixturevalue(f"{request.param}_url")
    assert isinstance(found, str)
    return found


@pytest.fixture
def tabs(url: str) -> tuple[AppTest, AppTest]:
    """A tab that follows and one that does not, both at the first version."""
    follows = ran(app(BODY, url))
    assert session_of(follows).head.branch == "main"
    return follows, ran(same_session(BODY, url, follows, options=ALONE))


def shown(at: AppTest) -> str:
    assert not at.exception, [error.message for error in at.exception]
    return str(at.markdown[0].value)


def add(at: AppTest) -> None:
    at.button[0].click().run()
    session_of(at).settle()


def checkout(at: AppTest, version: str, branch: str, seq: int) -> AppTest:
    message = {"kind": "checkout", "version": version, "branch": branch, "client": "c", "seq": seq}
    return send(at, message)


def test_its_edits_go_to_a_branch_that_the_other_tab_sees_but_does_not_show(
    tabs: tuple[AppTest, AppTest],
) -> None:
    follows, alone = tabs
    add(alone)
    add(alone)
    ran(follows)

    assert (shown(follows), shown(alone)) == ("[1]", "[3]")
    graph = session_of(follows).graph()
    assert graph.head.branch == "main"
    assert set(graph.branches) == {"main", "main-2"}
    assert session_of(alone).head.branch == "main-2"
    (payload,) = payloads(follows).values()
    assert set(payload["branches"]) == {"main", "main-2"}


def test_what_others_do_moves_it_nowhere_and_shows_in_its_graph(
    tabs: tuple[AppTest, AppTest],
) -> None:
    follows, alone = tabs
    add(alone)
    add(follows)
    add(follows)
    ran(alone)

    assert (shown(follows), shown(alone)) == ("[3]", "[2]")
    (payload,) = payloads(alone).values()
    assert len(payload["versions"]) == 4
    assert payload["head"]["branch"] == "main-2"


def test_undo_and_checkout_in_the_widget_move_its_own_head_alone(
    tabs: tuple[AppTest, AppTest],
) -> None:
    follows, alone = tabs
    add(alone)
    first = log_of(follows)[0].id
    checkout(alone, first, "main-2", 1)
    ran(follows)
    assert (shown(follows), shown(alone)) == ("[1]", "[1]")
    assert session_of(alone).can_redo
    assert not session_of(follows).can_redo

    session_of(alone).redo()
    ran(alone)
    assert (shown(follows), shown(alone)) == ("[1]", "[2]")

    add(follows)
    checkout(follows, first, "main", 1)
    ran(alone)
    assert (shown(follows), shown(alone)) == ("[1]", "[2]")


def test_the_address_brings_it_back_to_its_branch_after_a_refresh(
    tabs: tuple[AppTest, AppTest], url: str
) -> None:
    follows, alone = tabs
    add(alone)
    ran(alone)
    assert alone.query_params["branch"] in ("main-2", ["main-2"])

    refreshed = app(BODY, url, options=ALONE, session=link(follows))
    refreshed.query_params["branch"] = "main-2"
    ran(refreshed)
    assert shown(refreshed) == "[2]"
    add(refreshed)
    ran(follows)
    assert session_of(refreshed).head.branch == "main-2"
    assert (shown(follows), shown(refreshed)) == ("[1]", "[3]")


@pytest.mark.parametrize("branch", ["gone", "main", "", "a b~1", "\ud7ff" * 500])
def test_an_address_that_names_no_branch_of_its_own_starts_where_the_session_is(
    tabs: tuple[AppTest, AppTest], url: str, branch: str
) -> None:
    opened = app(BODY, url, options=ALONE, session=link(tabs[0]))
    opened.query_params["branch"] = branch
    ran(opened)
    assert shown(opened) == "[1]"
    assert session_of(opened).head.branch == "main"


def test_a_tab_that_follows_takes_no_branch_from_the_address(
    tabs: tuple[AppTest, AppTest], url: str
) -> None:
    follows, alone = tabs
    add(alone)
    opened = app(BODY, url, session=link(follows))
    opened.query_params["branch"] = "main-2"
    assert shown(ran(opened)) == "[1]"
    assert session_of(follows).head.branch == "main"


def test_its_slider_is_not_what_others_open_with(tabs: tuple[AppTest, AppTest], url: str) -> None:
    follows, alone = tabs
    follows.slider[0].set_value(7).run()
    session_of(follows).settle()
    alone.slider[0].set_value(50).run()
    add(alone)
    opened = ran(same_session(BODY, url, follows))

    assert opened.slider[0].value == 7
    assert session_of(alone).read("main-2", "n") == 50


def test_an_app_whose_tabs_all_go_alone_loses_nothing(url: str) -> None:
    one = ran(app(BODY, url, options=ALONE))
    two = ran(same_session(BODY, url, one, options=ALONE))
    add(one)
    add(two)
    add(one)

    assert (shown(one), shown(two)) == ("[3]", "[2]")
    assert set(session_of(one).graph().branches) <= {"main", "main-2", "main-3"}
    assert len(session_of(ran(one)).graph().versions) == 4
    assert tab_of(one).save_state.state == tab_of(two).save_state.state == "saved"
