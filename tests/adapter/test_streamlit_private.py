"""The end of a run, and where code runs, seen through AppTest."""

# ruff: noqa: PLC0415
# AppTest runs the source text of a function, so its imports stand inside.

from __future__ import annotations

import logging
from collections.abc import Callable
from types import FunctionType
from typing import Any

import pytest
import streamlit as st
from streamlit.runtime.scriptrunner import ScriptRunner
from streamlit.testing.v1 import AppTest, app_test
from streamlit.testing.v1.local_script_runner import LocalScriptRunner

from streamlit_redis_session.adapter import _streamlit_private as private
from streamlit_redis_session.adapter._streamlit_private import Run
from streamlit_redis_session.errors import ConfigurationError

Runs = list[Run]


def app(script: Callable[[], None]) -> AppTest:
    assert isinstance(script, FunctionType)
    return AppTest.from_function(script, default_timeout=20)


# --- the end of a run --------------------------------------------------------------------------


def test_this_streamlit_has_every_name_that_is_needed() -> None:
    assert private.missing_names() == ()


def test_a_streamlit_without_a_needed_name_is_reported_by_version(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(ScriptRunner, "_on_script_finished")
    private.check_streamlit.cache_clear()

    with pytest.raises(ConfigurationError) as caught:
        private.check_streamlit()

    assert st.__version__ in str(caught.value)
    assert "ScriptRunner._on_script_finished" in str(caught.value)


def test_the_callback_follows_a_normal_end(runs: Runs) -> None:
    def script() -> None:
        import streamlit as st

        st.session_state["df"] = [1, 2, 3]

    app(script).run()

    assert [run.state.read() for run in runs] == [{"df": [1, 2, 3]}]
    assert runs[0].has_body_run
    assert not runs[0].is_fragment
    assert not runs[0].ended_early


def test_the_callback_follows_a_stop_with_the_values_set_before_it(runs: Runs) -> None:
    def script() -> None:
        import streamlit as st

        st.session_state["before"] = 1
        st.stop()

    app(script).run()

    assert [run.state.read() for run in runs] == [{"before": 1}]
    assert runs[0].ended_early


def test_the_callback_follows_an_uncaught_exception(runs: Runs) -> None:
    def script() -> None:
        import streamlit as st

        st.session_state["before"] = 1
        raise ValueError("the analyst's own mistake")

    at = app(script).run()

    assert [error.message for error in at.exception] == ["the analyst's own mistake"]
    assert [run.state.read() for run in runs] == [{"before": 1}]
    assert runs[0].ended_early


def test_the_callback_follows_both_halves_of_a_rerun(runs: Runs) -> None:
    def script() -> None:
        import streamlit as st

        if "step" not in st.session_state:
            st.session_state["step"] = 1
            st.rerun()
        st.session_state["step"] = 2

    app(script).run()

    assert [run.ended_for_rerun for run in runs] == [True, False]
    assert [run.state.read()["step"] for run in runs][-1] == 2


def test_the_callback_follows_a_run_that_a_widget_callback_ended(runs: Runs) -> None:
    def script() -> None:
        import streamlit as st

        def again() -> None:
            st.session_state["clicked"] = True
            st.rerun()

        st.button("go", on_click=again)

    at = app(script).run()
    at.button[0].click().run()

    assert runs[-1].state.read() == {"clicked": True}
    assert runs[-1].has_body_run


def test_installing_again_does_not_call_twice(runs: Runs) -> None:
    def one_more(run: Run) -> None:
        runs.append(run)

    for _ in range(3):
        private.install_end_of_run(one_more)

    def script() -> None:
        import streamlit as st

        st.write("hello")

    app(script).run()

    private.uninstall_end_of_run(one_more)
    # one by the fixture's callback, one by this test's
    assert len(runs) == 2


def test_a_runner_class_that_calls_its_parents_method_counts_once(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Runner(LocalScriptRunner):
        def _on_script_finished(self, *args: Any, **kwargs: Any) -> None:
            super()._on_script_finished(*args, **kwargs)

    def note(run: Run) -> None:
        runs.append(run)

    private.install_end_of_run(note)
    private.uninstall_end_of_run(note)
    monkeypatch.setattr(app_test, "LocalScriptRunner", Runner)

    def script() -> None:
        import streamlit as st

        st.write("hello")

    app(script).run()

    assert len(runs) == 1


def test_a_failing_callback_is_logged_and_the_app_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(_run: Run) -> None:
        raise ZeroDivisionError("in the callback")

    private.install_end_of_run(fail)

    def script() -> None:
        import streamlit as st

        st.write("still here")

    try:
        with caplog.at_level(logging.ERROR):
            at = app(script).run()
    finally:
        private.uninstall_end_of_run(fail)

    assert [text.value for text in at.markdown] == ["still here"]
    assert not at.exception
    assert "in the callback" in caplog.text


def test_a_callback_that_asks_for_a_rerun_or_stop_cannot_disturb_streamlit() -> None:
    def stop(_run: Run) -> None:
        st.stop()

    private.install_end_of_run(stop)

    def script() -> None:
        import streamlit as st

        st.write("still here")

    try:
        at = app(script).run()
    finally:
        private.uninstall_end_of_run(stop)

    assert [text.value for text in at.markdown] == ["still here"]


# --- inside a run -----------------------------------------------------------------------------


def test_outside_a_run_there_is_no_tab() -> None:
    assert private.current_tab_id() is None
    assert private.current_run_token() is None
    assert private.current_fragment_id() is None
    assert private.main_script_path() is None
    assert not private.is_callback()
    with pytest.raises(ConfigurationError, match="streamlit run"):
        private.read_user_state()


def test_the_run_token_is_one_per_run_and_new_in_the_next(runs: Runs) -> None:
    def script() -> None:
        import streamlit as st

        from streamlit_redis_session.adapter import _streamlit_private as private

        tokens = private.tab_slot().setdefault("tokens", [])
        tokens.append((private.current_run_token(), private.current_run_token()))
        st.button("again", on_click=lambda: tokens.append(private.current_run_token()))

    at = app(script).run()
    at.button[0].click().run()

    (first, first_again), in_callback, (second, _) = runs[-1].state.slot["tokens"]
    assert first is first_again
    assert in_callback is second
    assert second is not first


def test_the_tab_slot_survives_reruns_and_stays_out_of_sight(runs: Runs) -> None:
    def script() -> None:
        import streamlit as st

        from streamlit_redis_session.adapter import _streamlit_private as private

        slot = private.tab_slot()
        slot["runs"] = slot.get("runs", 0) + 1
        st.session_state["seen"] = [key for key in st.session_state if key != "seen"]
        st.session_state.clear() if slot["runs"] == 1 else None

    app(script).run().run()

    assert runs[-1].state.slot["runs"] == 2
    assert runs[-1].state.read() == {"seen": []}


# --- from any thread --------------------------------------------------------------------------


def test_without_a_server_no_tab_is_alive_and_a_rerun_is_refused(runs: Runs) -> None:
    """AppTest puts a mock in the place of the runtime; it must not be believed."""

    def script() -> None:
        import streamlit as st

        from streamlit_redis_session.adapter import _streamlit_private as private

        tab = private.current_tab_id()
        assert tab is not None
        st.session_state["answers"] = [
            private.request_rerun(tab, None),
            private.request_rerun(tab, "a fragment"),
            private.tab_is_alive(tab),
            private.active_tabs(),
        ]

    app(script).run()

    assert runs[-1].state.read() == {"answers": [False, False, False, []]}
    assert private.request_rerun("nobody", None) is False
    assert private.active_tabs() == []
