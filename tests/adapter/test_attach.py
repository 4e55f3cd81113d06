"""What an app gets from its one line: restored before the body, saved however a run ends."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest
from support.tabs import app, link, log_of, messages, ran, same_session, script, session_of

COUNTING = """
if "df" not in st.session_state:
    st.session_state.df = pd.DataFrame({"a": range(10)})
    st.text("loaded")
if st.button("drop"):
    st.session_state.df = st.session_state.df.head(len(st.session_state.df) - 1)
st.markdown(str(len(st.session_state.df)))
"""


def values(at: AppTest) -> list[str]:
    return [each.value for each in at.markdown]


# --- restored ----------------------------------------------------------------------------------


def test_a_refresh_restores_the_frame_before_the_script_body_runs(memory_url: str) -> None:
    first = ran(app(COUNTING, memory_url))
    first.button[0].click().run()

    second = ran(same_session(COUNTING, memory_url, first))

    assert [each.value for each in first.text] == []
    assert [each.value for each in second.text] == []
    assert values(second) == ["9"]
    assert link(second) == link(first)


def test_a_refresh_makes_no_version(memory_url: str) -> None:
    first = ran(app(COUNTING, memory_url))
    before = [version.id for version in log_of(first)]

    second = ran(same_session(COUNTING, memory_url, first))

    assert [version.id for version in log_of(second)] == before


def test_a_new_visitor_gets_a_session_of_his_own(memory_url: str) -> None:
    one, other = ran(app(COUNTING, memory_url)), ran(app(COUNTING, memory_url))

    assert link(one) != link(other)
    assert len(link(one)) == 43


def test_the_frame_comes_back_exactly(redis_url: str) -> None:
    body = """
    if "df" not in st.session_state:
        df = pd.DataFrame(
            {"when": pd.date_range("2024-01-01", periods=3, tz="Europe/Berlin"),
             "kind": pd.Categorical(["x", "y", "x"], ordered=True),
             "n": pd.array([1, None, 3], dtype="Int8")},
            index=pd.Index(["i", "j", "k"], name="label"),
        )
        df.attrs["source"] = "test"
        st.session_state.df = df
    st.session_state["dtypes of the run"] = str(st.session_state.df.dtypes.to_dict())
    """
    first = ran(app(body, redis_url))
    second = ran(same_session(body, redis_url, first))

    pd.testing.assert_frame_equal(first.session_state.df, second.session_state.df)
    assert second.session_state.df.attrs == {"source": "test"}
    assert second.session_state.df.index.name == "label"
    assert len(log_of(second)) == 1


# --- saved however a run ends ------------------------------------------------------------------

ENDINGS = {
    "a normal end": "",
    "st.stop()": "st.stop()",
    "an uncaught exception": "raise ValueError('a mistake')",
    "a rerun": "if st.session_state.setdefault('n', 0) < 1: st.session_state.n += 1; st.rerun()",
}


@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS.keys())
def test_what_a_run_made_is_saved_after(ending: str, memory_url: str) -> None:
    body = f"""
if "df" not in st.session_state:
    st.session_state.df = pd.DataFrame({{"a": [1, 2, 3]}})
{ending}
"""
    at = app(body, memory_url).run()

    assert messages(at) == ["df: new, 3 x 1"]
    assert len(session_of(same_session(body, memory_url, at).run())["df"]) == 3  # type: ignore[arg-type]


def test_a_callback_s_edit_is_saved_with_the_run_it_belongs_to(memory_url: str) -> None:
    at = ran(
        app(
            """
            def halve():
                st.session_state.df = st.session_state.df.head(5)
            st.session_state.setdefault("df", pd.DataFrame({"a": range(10)}))
            if st.button("halve", on_click=halve):
                st.session_state.df = st.session_state.df.assign(b=1)
            """,
            memory_url,
        )
    )
    at.button[0].click().run()

    assert messages(at) == ["df: new, 10 x 1", "df: -5 rows, + b"]


def test_a_callback_that_reruns_loses_nothing(memory_url: str) -> None:
    at = ran(
        app(
            """
            def halve():
                st.session_state.df = st.session_state.df.head(5)
                st.rerun()
            st.session_state.setdefault("df", pd.DataFrame({"a": range(10)}))
            st.button("halve", on_click=halve)
            """,
            memory_url,
        )
    )
    at.button[0].click().run()

    assert messages(at) == ["df: new, 10 x 1", "df: -5 rows"]


def test_a_form_is_one_version_and_nothing_before_it_is_sent(memory_url: str) -> None:
    body = """
    st.session_state.setdefault("df", pd.DataFrame({"a": range(10)}))
    with st.form("keep"):
        rows = st.number_input("rows", 0, 10, 10, key="rows")
        if st.form_submit_button("keep"):
            st.session_state.df = st.session_state.df.head(int(rows))
    """
    at = ran(app(body, memory_url))
    at.number_input[0].set_value(4)
    at.button[0].click().run()

    assert messages(at) == ["df: new, 10 x 1", "df: -6 rows"]
    assert ran(same_session(body, memory_url, at)).number_input[0].value == 4


def test_every_tab_of_st_tabs_is_saved(memory_url: str) -> None:
    body = """
    for tab, name in zip(st.tabs(["one", "two"]), ["one", "two"]):
        with tab:
            if name not in st.session_state:
                st.session_state[name] = pd.DataFrame({name: [1]})
            st.markdown(f"{name} {len(st.session_state[name])}")
    """
    at = ran(app(body, memory_url))

    assert messages(at) == ["one: new, 1 x 1; two: new, 1 x 1"]
    assert values(ran(same_session(body, memory_url, at))) == ["one 1", "two 1"]


def test_a_fragment_s_edit_is_saved_when_the_fragment_ran(memory_url: str) -> None:
    body = """
    st.session_state.setdefault("df", pd.DataFrame({"a": range(10)}))

    @st.fragment
    def edit():
        if st.button("drop"):
            st.session_state.df = st.session_state.df.tail(3)

    edit()
    """
    at = ran(app(body, memory_url))
    at.button[0].click().run()

    assert messages(at) == ["df: new, 10 x 1", "df: -7 rows"]


def test_pages_of_st_navigation_share_the_session(tmp_path: Path, memory_url: str) -> None:
    (tmp_path / "one.py").write_text(
        "import pandas as pd, streamlit as st\n"
        "st.session_state.setdefault('df', pd.DataFrame({'a': [1, 2]}))\n"
    )
    (tmp_path / "two.py").write_text(
        "import streamlit as st\n"
        "if st.button('drop'): st.session_state.df = st.session_state.df.head(1)\n"
        "st.markdown(str(len(st.session_state.df)))\n"
    )
    main = tmp_path / "main.py"
    main.write_text(
        "import streamlit as st, streamlit_redis_session as srs\n"
        f"srs.attach({memory_url!r}, identity='url')\n"
        "st.navigation([st.Page('one.py'), st.Page('two.py')]).run()\n"
    )
    at = ran(AppTest.from_file(str(main), default_timeout=30))
    at.switch_page("two.py").run()
    at.button[0].click().run()

    assert not at.exception
    assert values(at) == ["1"]
    assert messages(at) == ["df: new, 2 x 1", "df: -1 row"]


def test_pages_of_the_pages_directory_share_the_session(tmp_path: Path, memory_url: str) -> None:
    opening = (
        "import pandas as pd, streamlit as st, streamlit_redis_session as srs\n"
        f"srs.attach({memory_url!r}, identity='url')\n"
    )
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "two.py").write_text(
        opening + "st.session_state.df['b'] = 1\nst.markdown(str(st.session_state.df.shape))\n"
    )
    main = tmp_path / "main.py"
    main.write_text(opening + "st.session_state.setdefault('df', pd.DataFrame({'a': [1, 2]}))\n")
    at = ran(AppTest.from_file(str(main), default_timeout=30))
    at.switch_page("pages/two.py").run()

    assert values(at) == ["(2, 2)"]
    assert messages(at) == ["df: new, 2 x 1", "df: + b"]


# --- what is edited ----------------------------------------------------------------------------


def test_an_edit_in_place_is_a_version(memory_url: str) -> None:
    body = """
    st.session_state.setdefault("df", pd.DataFrame({"a": range(10)}))
    if st.button("edit"):
        st.session_state.df.loc[3, "a"] = 100
    """
    at = ran(app(body, memory_url))
    at.button[0].click().run()

    assert messages(at) == ["df: new, 10 x 1", "df: 1 cell of a"]
    assert session_of(at).read("HEAD~1", "df")["a"].tolist() == list(range(10))  # type: ignore[index]


def test_frames_in_nested_dicts_are_tracked_in_place(memory_url: str) -> None:
    body = """
    results = st.session_state.setdefault("results", {"q1": [pd.DataFrame({"a": [1]})], "n": 3})
    if st.button("edit"):
        results["q1"][0].loc[0, "a"] = 2
        results["q2"] = [pd.DataFrame({"b": ["x"]})]
    """
    at = ran(app(body, memory_url))
    ran(at)
    at.button[0].click().run()
    again = ran(same_session(body, memory_url, at))

    assert len(log_of(at)) == 2
    assert again.session_state.results["q1"][0].loc[0, "a"] == 2
    assert again.session_state.results["q2"][0]["b"].tolist() == ["x"]
    assert session_of(at).read("HEAD~1", "results")["q1"][0].loc[0, "a"] == 1  # type: ignore[index]


def test_a_deleted_key_is_a_version_and_stays_deleted(memory_url: str) -> None:
    body = """
    if st.button("make"):
        st.session_state.df = pd.DataFrame({"a": [1]})
    if st.button("delete"):
        del st.session_state["df"]
    """
    at = ran(app(body, memory_url))
    at.button[0].click().run()
    at.button[1].click().run()
    again = ran(same_session(body, memory_url, at))

    assert messages(at) == ["df: new, 1 x 1", "df: removed"]
    assert "df" not in again.session_state


def test_a_frame_may_become_a_plain_value_and_a_frame_again(memory_url: str) -> None:
    body = """
    st.session_state.setdefault("x", pd.DataFrame({"a": [1]}))
    if st.button("plain"):
        st.session_state.x = 5
    if st.button("frame"):
        st.session_state.x = pd.DataFrame({"a": [1, 2]})
    """
    at = ran(app(body, memory_url))
    at.button[0].click().run()
    assert ran(same_session(body, memory_url, at)).session_state.x == 5
    at.button[1].click().run()

    assert messages(at) == ["x: new, 1 x 1", "x: removed", "x: new, 2 x 1"]
    assert len(ran(same_session(body, memory_url, at)).session_state.x) == 2


def test_autosave_sync_ends_the_run_when_everything_is_saved(memory_url: str) -> None:
    at = ran(app(COUNTING, memory_url, options="autosave='sync'"))

    assert messages(at) == ["df: new, 10 x 1"]


def test_two_attach_lines_in_one_run_are_one(memory_url: str) -> None:
    at = ran(app(f"srs.attach({memory_url!r}, identity='url')\n" + COUNTING, memory_url))
    at.button[0].click().run()

    assert not at.exception
    assert messages(at) == ["df: new, 10 x 1", "df: -1 row"]


def test_two_stores_in_one_run_are_refused(memory_url: str) -> None:
    at = app(f"srs.attach('{memory_url}-other', identity='url')", memory_url).run()

    assert "two different stores in one run" in at.exception[0].message


def test_a_script_that_connects_anew_in_every_run_keeps_its_tab(memory_url: str) -> None:
    at = script(
        f"""
        import pandas as pd, streamlit as st, streamlit_redis_session as srs
        srs.attach(srs.connect({memory_url!r}), identity="url")
        st.session_state.setdefault("df", pd.DataFrame({{"a": range(10)}}))
        if st.button("edit"):
            st.session_state.df.loc[0, "a"] = 7
        """
    )
    ran(at)
    session = session_of(at)
    at.button[0].click().run()

    assert session_of(at) is session
    assert messages(at) == ["df: new, 10 x 1", "df: 1 cell of a"]


def test_another_store_in_mid_session_gets_a_session_of_its_own(memory_url: str) -> None:
    at = script(
        f"""
        import pandas as pd, streamlit as st, streamlit_redis_session as srs
        where = st.session_state.get("where", "first")
        srs.attach({memory_url!r} + "-" + where, identity=lambda: "ada", exclude=["where"])
        st.session_state.setdefault("df", pd.DataFrame({{"a": range(10)}}))
        if st.button("move"):
            st.session_state.df.loc[0, "a"] = 7
            st.session_state.where = "second"
            st.rerun()
        """
    )
    ran(at)
    first = session_of(at)
    at.button[0].click().run()

    assert not at.exception
    assert len(first.log()) == 2
    assert messages(at) == ["df: new, 10 x 1"]
    assert session_of(at)["df"].loc[0, "a"] == 7  # type: ignore[attr-defined]
