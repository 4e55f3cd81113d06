"""Private names of Streamlit, part three: runs and their end.

Together with ``_streamlit_state`` (the session state of one tab) and ``_streamlit_tabs``
(the open tabs) this is the only place that knows Streamlit's private names; others
import from here. ``check_streamlit`` looks for the names before
their first use, so that a Streamlit which moved them is reported by version instead of
failing in the middle of a run. Checked against Streamlit 1.66 and 1.67.
"""

# ruff: noqa: SLF001
# Touching private names is what this file is for.

from __future__ import annotations

import dataclasses
import functools
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import streamlit

from streamlit_redis_session.adapter import _streamlit_state, _streamlit_tabs
from streamlit_redis_session.adapter._streamlit_state import (
    OWN_PREFIX,
    TabSlot,
    TabState,
    WidgetKind,
)
from streamlit_redis_session.adapter._streamlit_tabs import (
    active_tabs,
    is_superseded,
    remember_context,
    request_rerun,
    tab_is_alive,
)
from streamlit_redis_session.errors import ConfigurationError

try:
    from streamlit.runtime.scriptrunner import ScriptRunner
    from streamlit.runtime.scriptrunner_utils.script_run_context import (
        ScriptRunContext,
        ThreadState,
        get_script_run_ctx,
    )
except ImportError as error:
    raise ConfigurationError(
        f"Streamlit {streamlit.__version__} is not supported: {error}. Install streamlit>=1.66."
    ) from error

__all__ = [
    "OWN_PREFIX",
    "Run",
    "RunToken",
    "TabSlot",
    "TabState",
    "WidgetKind",
    "active_tabs",
    "check_streamlit",
    "current_fragment_id",
    "current_run_token",
    "current_state",
    "current_tab_id",
    "delete_state",
    "install_end_of_run",
    "is_callback",
    "main_script_path",
    "missing_names",
    "read_user_state",
    "request_rerun",
    "restore_state",
    "tab_is_alive",
    "tab_slot",
    "uninstall_end_of_run",
    "widget_kinds",
    "write_state",
]

_LOGGER: Final = logging.getLogger(__name__)
_TOKEN_ATTRIBUTE: Final = "_srs_run_token"  # noqa: S105 (the name of an attribute)
_CALLBACKS_ATTRIBUTE: Final = "_srs_end_of_run_callbacks"
_WRAPPER_ATTRIBUTE: Final = "_srs_wrapper"
_FINISHING_ATTRIBUTE: Final = "_srs_is_finishing"

# --- does this Streamlit have what we need? ---------------------------------------------------

_ALL_REQUIRED_NAMES: Final[tuple[tuple[type, tuple[str, ...]], ...]] = (
    *_streamlit_state.REQUIRED_NAMES,
    *_streamlit_tabs.REQUIRED_NAMES,
    (ScriptRunner, ("_on_script_finished",)),
    (ScriptRunContext, ("session_id", "session_state", "main_script_path", "query_string")),
    (ScriptRunContext, ("context_info", "fragment_ids_this_run", "has_script_started")),
    (ScriptRunContext, ("page_script_hash",)),
    (ThreadState, ("get",)),
)


def missing_names() -> tuple[str, ...]:
    """Name what the installed Streamlit lacks; empty on a supported version."""
    return tuple(
        f"{owner.__name__}.{name}"
        for owner, names in _ALL_REQUIRED_NAMES
        for name in names
        if name not in _declared(owner)
    )


def _declared(owner: type) -> set[str]:
    names = {name for base in owner.__mro__ for name in vars(base)}
    names.update(getattr(owner, "__annotations__", ()))
    if dataclasses.is_dataclass(owner):
        names.update(field.name for field in dataclasses.fields(owner))
    return names


@functools.cache
def check_streamlit() -> None:
    """Verify once per process that the private names have the expected shape.

    Raises
    ------
    ConfigurationError
        Names are missing; the message has the Streamlit version and the names.
    """
    if missing := missing_names():
        raise ConfigurationError(
            f"Streamlit {streamlit.__version__} is not supported: it has no "
            f"{', '.join(missing)}. Install a version this package was tested with."
        )


# --- the end of a run -------------------------------------------------------------------------


@dataclass(frozen=True)
class Run:
    """A run that has just ended, as its end-of-run callback gets it."""

    tab_id: str
    """Streamlit's session id. All ``AppTest`` runs share one: keep state in ``state.slot``."""
    state: TabState = field(repr=False)
    fragment_ids: tuple[str, ...] = ()
    """Fragments that ran; empty after a run of the whole script."""
    has_body_run: bool = True
    """False when a callback's ``st.rerun()`` came before the script body."""
    ended_for_rerun: bool = False
    """The run gave way to another run of the same script thread."""
    ended_early: bool = False
    """``st.stop()``, an uncaught exception, or an interruption."""
    is_superseded: bool = False
    """A newer run of the tab is under way on another thread and may be writing."""

    @property
    def is_fragment(self) -> bool:
        """Whether only fragments ran, not the whole script."""
        return bool(self.fragment_ids)


RunCallback = Callable[[Run], None]


def install_end_of_run(callback: RunCallback) -> None:
    """Have `callback` called after every run of every tab, on the script thread.

    That is after a normal end, ``st.stop()``, an uncaught exception, ``st.rerun()`` and a
    fragment's run, in the browser and under ``AppTest``. It comes just before Streamlit
    tells the tab that the run is over, so that the next click waits for it and nothing can
    interrupt it. What it raises is logged and goes no further.

    Installing again is cheap, covers classes of script runners that were defined since,
    and replaces the callback of the same module and name instead of adding a second one
    (a development server imports changed modules again).

    Raises
    ------
    ConfigurationError
        This version of Streamlit has moved what is needed.
    """
    check_streamlit()
    callbacks: dict[str, RunCallback] | None = vars(ScriptRunner).get(_CALLBACKS_ATTRIBUTE)
    if callbacks is None:
        callbacks = {}
        setattr(ScriptRunner, _CALLBACKS_ATTRIBUTE, callbacks)
    callbacks[_name(callback)] = callback
    for runner_class in _with_subclasses(ScriptRunner):
        finish = vars(runner_class).get("_on_script_finished")
        if finish is not None and not hasattr(finish, _WRAPPER_ATTRIBUTE):
            runner_class._on_script_finished = _wrap(finish)  # type: ignore[method-assign]


def uninstall_end_of_run(callback: RunCallback) -> None:
    """Take an installed callback away again; one that is not installed is passed over."""
    vars(ScriptRunner).get(_CALLBACKS_ATTRIBUTE, {}).pop(_name(callback), None)


def _name(callback: RunCallback) -> str:
    return f"{callback.__module__}.{getattr(callback, '__qualname__', repr(callback))}"


def _with_subclasses(root: type[ScriptRunner]) -> Iterator[type[ScriptRunner]]:
    yield root
    for subclass in root.__subclasses__():
        yield from _with_subclasses(subclass)


def _wrap(finish: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(finish)
    def _on_script_finished(self: ScriptRunner, *args: Any, **kwargs: Any) -> None:
        if getattr(self, _FINISHING_ATTRIBUTE, False):
            finish(self, *args, **kwargs)  # super() of a wrapped subclass
            return
        setattr(self, _FINISHING_ATTRIBUTE, True)
        # Before Streamlit's own end of the run: afterwards the next click may start a new
        # script thread at once, and two steps would be seen as one.
        _after_run(self, *args, **kwargs)
        try:
            finish(self, *args, **kwargs)
        finally:
            setattr(self, _FINISHING_ATTRIBUTE, False)

    setattr(_on_script_finished, _WRAPPER_ATTRIBUTE, True)
    return _on_script_finished


def _after_run(
    runner: ScriptRunner,
    ctx: ScriptRunContext,
    event: object = None,
    premature_stop: bool = False,
    *_args: object,
    **_kwargs: object,
) -> None:
    callbacks: Mapping[str, RunCallback] = getattr(ScriptRunner, _CALLBACKS_ATTRIBUTE, {})
    try:
        vars(ctx).pop(_TOKEN_ATTRIBUTE, None)
        remember_context(ctx)
        state = TabState(ctx.session_state)
        state.settle_restored()
        run = Run(
            tab_id=ctx.session_id,
            state=state,
            fragment_ids=tuple(ctx.fragment_ids_this_run or ()),
            has_body_run=ctx.has_script_started,
            ended_for_rerun=getattr(event, "name", "") == "SCRIPT_STOPPED_FOR_RERUN",
            ended_early=premature_stop,
            is_superseded=is_superseded(runner, ctx.session_id),
        )
        for callback in tuple(callbacks.values()):
            _call(callback, run)
    except Exception:  # the border to Streamlit: the script thread must go on
        _LOGGER.exception("The end of a run could not be handled; its changes are not saved.")


def _call(callback: RunCallback, run: Run) -> None:
    try:
        callback(run)
    except BaseException:  # Streamlit's control exceptions are no Exceptions
        _LOGGER.exception("An end-of-run callback failed; the app goes on.")


# --- inside a run -----------------------------------------------------------------------------


class RunToken:
    """One run of one tab; compare with ``is``."""


def _current_context() -> ScriptRunContext | None:
    return get_script_run_ctx(suppress_warning=True)


def current_tab_id() -> str | None:
    """Tell which tab's script runs on this thread; None outside a run."""
    ctx = _current_context()
    return None if ctx is None else ctx.session_id


def current_run_token() -> RunToken | None:
    """Give an object that is the same within one run and new in the next; None outside.

    A callback and the script body after it are one run.
    """
    ctx = _current_context()
    if ctx is None:
        return None
    token = vars(ctx).get(_TOKEN_ATTRIBUTE)
    if token is None:
        token = RunToken()
        setattr(ctx, _TOKEN_ATTRIBUTE, token)
        remember_context(ctx)
    assert isinstance(token, RunToken) or type(token).__name__ == "RunToken"
    return token


def current_fragment_id() -> str | None:
    """Tell in which fragment (or callback of a fragment's widget) the caller runs."""
    if _current_context() is None:
        return None
    try:
        return ThreadState.get().fragment_id
    except RuntimeError:  # a thread of the app's own
        return None


def is_callback() -> bool:
    """Whether the caller runs in a widget's callback, before the script body."""
    ctx = _current_context()
    return ctx is not None and not ctx.has_script_started


def main_script_path() -> str | None:
    """Path of the app's main script; None outside a run."""
    ctx = _current_context()
    return None if ctx is None else ctx.main_script_path


def current_state() -> TabState:
    """Give the session state of the tab whose script runs on this thread.

    Raises
    ------
    ConfigurationError
        No script runs here: not started by ``streamlit run``, or a thread of the app.
    """
    ctx = _current_context()
    if ctx is None:
        raise ConfigurationError(
            "No Streamlit script runs on this thread. Start the app with `streamlit run`, and "
            "call this from the script itself."
        )
    check_streamlit()
    return TabState(ctx.session_state)


def tab_slot() -> TabSlot:
    """Give the package's own memory of the current tab; see ``TabSlot``."""
    return current_state().slot


def read_user_state(own_prefix: str = OWN_PREFIX) -> dict[str, Any]:
    """Collect what the current tab's app and its restorable widgets hold."""
    return current_state().read(own_prefix)


def widget_kinds() -> dict[str, WidgetKind]:
    """Tell for every key of a widget of the current tab what the widget is."""
    return current_state().widget_kinds()


def restore_state(values: Mapping[str, Any]) -> None:
    """Set saved values at the top of a tab's first run; see ``TabState.restore``."""
    current_state().restore(values)


def write_state(values: Mapping[str, Any]) -> tuple[str, ...]:
    """Set values in a callback or at the top of a script; see ``TabState.write``."""
    return current_state().write(values)


def delete_state(keys: Iterable[str]) -> None:
    """Remove entries of the current tab; a key that is not there is passed over."""
    current_state().delete(keys)
