"""Private names of Streamlit, part two: the open tabs, and reruns from any thread.

Here no name has to be there: without it a tab counts as closed, and nothing is raised.
"""

# ruff: noqa: SLF001
# Touching private names is what this file is for.

from __future__ import annotations

import logging
from typing import Final
from weakref import WeakValueDictionary

import streamlit

from streamlit_redis_session.errors import ConfigurationError

try:
    from streamlit.proto.ClientState_pb2 import ClientState
    from streamlit.runtime import Runtime
    from streamlit.runtime.app_session import AppSession
    from streamlit.runtime.scriptrunner import ScriptRunner
    from streamlit.runtime.scriptrunner_utils.script_run_context import ScriptRunContext
except ImportError as error:
    raise ConfigurationError(
        f"Streamlit {streamlit.__version__} is not supported: {error}. Install streamlit>=1.66."
    ) from error

REQUIRED_NAMES: Final[tuple[tuple[type, tuple[str, ...]], ...]] = (
    (Runtime, ("exists", "instance")),
    (AppSession, ("request_rerun",)),
)

_LOGGER: Final = logging.getLogger(__name__)
_BUSY_POLL_S: Final = 0.05

# The newest run context of each tab: it knows the page and the query string that a rerun
# must keep, also before the tab's first run is over.
_contexts: WeakValueDictionary[str, ScriptRunContext] = WeakValueDictionary()
_tabs_waiting_for_rerun: set[str] = set()


def remember_context(ctx: ScriptRunContext) -> None:
    """Note the run context that knows best what a rerun of its tab must keep."""
    _contexts[ctx.session_id] = ctx


def request_rerun(tab_id: str, fragment_id: str | None) -> bool:
    """Ask for a rerun of one fragment of a tab, or of its whole script; any thread may.

    A rerun of the whole script waits until the running script is done, because
    interrupting it would lose the click that started it. Page, query string and browser
    context stay as they are.

    Returns
    -------
    bool
        False when the tab or the fragment is gone, also under ``AppTest``. It never raises.
    """
    session = _app_session(tab_id)
    if session is None:
        return False
    try:
        if fragment_id is not None and not session._fragment_storage.contains(fragment_id):
            return False
        if fragment_id is None:
            if tab_id in _tabs_waiting_for_rerun:
                return True
            _tabs_waiting_for_rerun.add(tab_id)
        session._event_loop.call_soon_threadsafe(_rerun_on_loop, session, fragment_id)
    except Exception:  # a loop that was closed, a name that was moved
        _tabs_waiting_for_rerun.discard(tab_id)
        _LOGGER.debug("A rerun of a tab could not be requested.", exc_info=True)
        return False
    return True


def _rerun_on_loop(session: AppSession, fragment_id: str | None) -> None:
    try:
        if fragment_id is None:
            if _app_session(session.id) is session and session._scriptrunner is not None:
                session._event_loop.call_later(_BUSY_POLL_S, _rerun_on_loop, session, None)
                return
            _tabs_waiting_for_rerun.discard(session.id)
        if _app_session(session.id) is session:
            session.request_rerun(_client_state(session, fragment_id))
    except Exception:
        _tabs_waiting_for_rerun.discard(session.id)
        _LOGGER.exception("A rerun of a tab could not be started.")


def _client_state(session: AppSession, fragment_id: str | None) -> ClientState:
    client = ClientState(fragment_id=fragment_id or "", is_auto_rerun=fragment_id is not None)
    ctx = _contexts.get(session.id)
    if ctx is None:
        known = session._client_state
        client.query_string = known.query_string
        client.page_script_hash = known.page_script_hash
        if known.HasField("context_info"):
            client.context_info.CopyFrom(known.context_info)
        return client
    client.query_string = ctx.query_string
    client.page_script_hash = ctx.page_script_hash
    if ctx.context_info is not None:
        client.context_info.CopyFrom(ctx.context_info)
    return client


def _runtime() -> Runtime | None:
    runtime = Runtime.instance() if Runtime.exists() else None
    # AppTest puts a mock in the place of the runtime; isinstance() would believe it.
    return runtime if issubclass(type(runtime), Runtime) else None


def _app_session(tab_id: str) -> AppSession | None:
    try:
        runtime = _runtime()
        info = runtime and runtime._session_mgr.get_active_session_info(tab_id)
    except Exception:  # noqa: BLE001 (the runtime is stopping)
        return None
    return info.session if info else None


def tab_is_alive(tab_id: str) -> bool:
    """Whether a browser is connected to the tab right now."""
    return _app_session(tab_id) is not None


def active_tabs() -> list[str]:
    """List the tabs with a connected browser; empty under ``AppTest``."""
    try:
        runtime = _runtime()
        infos = runtime._session_mgr.list_active_sessions() if runtime else []
        return [info.session.id for info in infos]
    except Exception:  # noqa: BLE001 (the runtime is stopping)
        return []


def is_superseded(runner: ScriptRunner, tab_id: str) -> bool:
    """Whether another script thread has taken over the tab that `runner` ran for."""
    newest = getattr(_app_session(tab_id), "_scriptrunner", None)
    return newest is not None and newest is not runner
