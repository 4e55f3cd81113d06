"""Whose session a tab shows, and what happens to ids that nobody has vouched for."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest
from support.tabs import app, link, ran, script, session_of, tab_of

import streamlit_redis_session as srs
from streamlit_redis_session.adapter._identity import check_identity, hash_if_needed
from streamlit_redis_session.errors import ConfigurationError

BODY = "st.session_state.setdefault('df', pd.DataFrame({'a': [1, 2]}))"

UNKNOWN = [
    "x" * 43,
    "short",
    "",
    "*",
    "../../etc/passwd",
    "with space",
    "ünïcode",
    "a" * 10_000,
    "\x00",
    "{ns:1}:meta",
]


@pytest.mark.parametrize("given", UNKNOWN)
def test_a_link_that_names_nothing_starts_a_new_session_under_a_new_id(
    given: str, memory_url: str
) -> None:
    other = ran(app(BODY, memory_url))
    at = ran(app("", memory_url, session=given))

    assert link(at) not in (given, link(other))
    assert len(link(at)) == 43
    assert "df" not in at.session_state
    if given:
        notice = tab_of(at).notices["identity"]
        assert notice.level == "warning"
        assert "does not exist" in notice.text
        assert given not in notice.text
    assert len(srs.connect(memory_url).sessions()) == 2


def test_a_known_link_shows_no_notice(memory_url: str) -> None:
    first = ran(app(BODY, memory_url))
    second = ran(app("", memory_url, session=link(first)))

    assert tab_of(second).notices == {}
    assert len(second.session_state.df) == 2


def test_the_link_appears_in_the_address_and_other_arguments_stay(memory_url: str) -> None:
    at = app(BODY, memory_url)
    at.query_params["page"] = "3"
    ran(at)

    assert at.query_params["page"] == "3"
    assert link(at) == session_of(at).id


def by_function(result: str, url: str) -> AppTest:
    return script(
        f"""
        import pandas as pd, streamlit as st, streamlit_redis_session as srs
        srs.attach({url!r}, identity=lambda: {result})
        {BODY}
        """
    )


@pytest.mark.parametrize(
    "name", ["ada@example.com", "Ada Lovelace", "アダ", "x" * 5000, "tab\tand\nline", "'; DROP"]
)
def test_a_function_of_the_app_vouches_for_any_text(name: str, memory_url: str) -> None:
    first, second = ran(by_function(repr(name), memory_url)), by_function(repr(name), memory_url)
    first.session_state["mine"] = 1
    ran(first)
    ran(second)
    other = ran(by_function(repr(name + "!"), memory_url))

    assert second.session_state.mine == 1
    assert "mine" not in other.session_state
    assert "session" not in first.query_params


SIGN_IN = """
import numpy as np, pandas as pd, streamlit as st, streamlit_redis_session as srs
st.text_input("user", "ada", key="user")
srs.attach(URL, identity=lambda: st.session_state.user)
if "df" not in st.session_state:
    st.session_state.df = pd.DataFrame({"by": [st.session_state.user]})
    st.session_state.array = np.array([len(st.session_state.user)])
    st.session_state.note = "of " + st.session_state.user
if st.button("edit"):
    st.session_state.df["edited"] = 1
st.markdown(f"{st.session_state.df['by'][0]} {st.session_state.note} {st.session_state.array}")
"""


def test_a_widget_drawn_before_attach_keeps_what_it_shows_after_a_refresh(memory_url: str) -> None:
    text = SIGN_IN.replace("URL", repr(memory_url)).replace(
        "lambda: st.session_state.user", "lambda: 'team'"
    )
    first = ran(script(text))
    first.text_input[0].set_value("grace")
    ran(first)
    again = ran(script(text))

    assert again.text_input[0].value == "ada"
    assert again.markdown[0].value == "ada of ada [3]"


def test_who_signs_in_after_another_sees_nothing_of_the_other(memory_url: str) -> None:
    at = ran(script(SIGN_IN.replace("URL", repr(memory_url))))
    at.button[0].click().run()
    at.text_input[0].set_value("grace")
    ran(at)
    assert at.markdown[0].value == "grace of grace [5]"
    at.text_input[0].set_value("ada")
    ran(at)
    assert at.markdown[0].value == "ada of ada [3]"
    assert "edited" in at.session_state["df"]

    store = srs.connect(memory_url)
    for user in ("ada", "grace"):
        frame = store.session(user)["df"]
        assert isinstance(frame, pd.DataFrame)
        assert frame["by"].tolist() == [user]
    assert len(store.session("grace").log()) == 1
    assert len(store.session("ada").log()) == 2


@pytest.mark.parametrize("result", ["None", "''", "5", "b'ada'", "['ada']"])
def test_a_function_that_gives_no_text_is_reported(result: str, memory_url: str) -> None:
    at = by_function(result, memory_url).run()

    assert "identity function returned" in at.exception[0].message
    assert srs.connect(memory_url).sessions() == []


def test_a_function_that_raises_shows_its_own_error(memory_url: str) -> None:
    at = by_function("1 / 0", memory_url).run()

    assert at.exception[0].message == "division by zero"


@pytest.mark.parametrize("identity", ["'cookie'", "None", "5", "''", "['url']", "b'url'"])
def test_an_unknown_identity_is_reported_by_name(identity: str, memory_url: str) -> None:
    at = script(
        f"import streamlit_redis_session as srs; srs.attach({memory_url!r}, identity={identity})"
    ).run()

    assert "identity=" in at.exception[0].message
    assert "'browser', 'url'" in at.exception[0].message


@pytest.mark.parametrize("identity", ["browser", "url", str, lambda: "id"])
def test_the_known_identities_are_accepted(identity: object) -> None:
    check_identity(identity)


def test_an_unknown_identity_raises_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match="identity="):
        check_identity("everybody")


def test_a_browser_without_a_cookie_gets_a_minted_id_for_one(memory_url: str) -> None:
    at = ran(script(f"import streamlit_redis_session as srs; srs.attach({memory_url!r})"))

    assert cookie_of(at)[1] == session_of(at).id
    assert len(session_of(at).id) == 43
    assert tab_of(at).notices == {}
    assert "session" not in at.query_params


def cookie_of(at: AppTest) -> tuple[str, str]:
    cookie = tab_of(at).cookie
    assert cookie is not None
    return cookie


def test_apps_on_one_host_have_cookies_of_their_own(tmp_path: Path, memory_url: str) -> None:
    """Browsers share cookies between the ports of a host."""
    names = []
    for script_name, namespace in (("a", "x"), ("a", "x"), ("b", "x"), ("a", "y")):
        path = tmp_path / f"{script_name}.py"
        path.write_text(
            "import streamlit_redis_session as srs\n"
            f"srs.attach(srs.connect({memory_url!r}, namespace={namespace!r}))\n"
        )
        names.append(cookie_of(ran(AppTest.from_file(str(path), default_timeout=30)))[0])

    assert names[0] == names[1]
    assert len(set(names)) == 3
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name) for name in names)


def test_plain_ids_are_kept_and_others_are_hashed() -> None:
    assert hash_if_needed("ada@example.com") == "ada@example.com"
    assert hash_if_needed("Ada Lovelace") != hash_if_needed("Ada  Lovelace")
    assert all(len(hash_if_needed(name)) == 64 for name in ("a b", "é", "x" * 257, "a\n"))


# --- other arguments ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("'redsi://localhost'", "redsi"),
        ("'redis://localhost?sockettimeout=1'", "sockettimeout"),
        ("'not a url'", "URL"),
        ("5", "store_or_url=5"),
        ("['redis://localhost']", "store_or_url="),
        ("'memory://x', autosave='never'", "autosave='never'"),
        ("'memory://x', include=5", "include=5"),
        ("'memory://x', exclude=[1]", "exclude=[1]"),
        ("'memory://x', detect='never'", "detect='never'"),
    ],
)
def test_an_argument_that_cannot_be_used_is_named(arguments: str, expected: str) -> None:
    at = script(f"import streamlit_redis_session as srs; srs.attach({arguments})").run()

    assert expected in at.exception[0].message


def test_attach_outside_a_script_says_how_to_run_it() -> None:
    with pytest.raises(ConfigurationError, match="streamlit run"):
        srs.attach("memory://")


@pytest.mark.parametrize("call", ["label('x')", "version_graph()", "toolbar()", "diff_view()"])
def test_everything_else_asks_for_attach_first(call: str) -> None:
    at = script(f"import streamlit_redis_session as srs; srs.{call}").run()

    assert "needs attach() before it" in at.exception[0].message


def test_a_link_never_opens_a_session_that_an_app_vouches_for(memory_url: str) -> None:
    """A person's address is an id in some apps; typing it into the address bar is no sign-in."""
    with srs.connect(memory_url) as store:
        ada = store.session("ada@example.com", create=True)
        ada["secret"] = 1
        ada.commit()
        at = script(
            f"import streamlit_redis_session as srs; srs.attach({memory_url!r}, identity='url')"
        )
        at.query_params["session"] = "ada@example.com"
        ran(at)

        assert session_of(at).id != ada.id
        assert "secret" not in at.session_state
