"""``attach()``: the one line that gives an app its memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from streamlit_redis_session.adapter import _streamlit_private as private
from streamlit_redis_session.adapter._identity import Identity, check_identity, vouched_id
from streamlit_redis_session.adapter._options import Options
from streamlit_redis_session.adapter._registry import hub_for
from streamlit_redis_session.adapter._tab import SETTLE_TIMEOUT_S, Tab
from streamlit_redis_session.errors import ConfigurationError
from streamlit_redis_session.session import Session, Store

_SLOT = "tab"


def attach(
    store_or_url: Store | str | None = None,
    *,
    identity: Identity = "browser",
    include: Sequence[str] = ("*",),
    exclude: Sequence[str] = (),
    autosave: Literal["background", "sync"] = "background",
    follow: bool = True,
    detect: Literal["audit", "freeze"] = "audit",
) -> Session:
    """Restore the session into ``st.session_state``, and save it after every rerun.

    Call it as the first line of the script. An unchanged rerun costs a look at each value; a
    changed one a Copy-on-Write snapshot, which a background thread then saves. The app never
    fails because the store failed: the widget says "Not saved" and why.

    Parameters
    ----------
    store_or_url
        A store from ``connect()``, a URL, or ``None`` for the configured one (see ``connect``).
    identity
        Whose session it is. ``"browser"``: a cookie, all tabs of a browser share the session.
        ``"url"``: ``?session=`` in the address, the link is the session. A function: returns an
        id that the app vouches for, such as that of a signed-in user.
    include, exclude
        Shell patterns of the keys that are kept.
    autosave
        ``"background"``: the rerun does not wait. ``"sync"``: it ends when everything is saved.
    follow
        Whether this tab shows what other tabs of the session do, at once. ``False`` gives it a
        head of its own, on a branch of its own from its first change on: undo and checkout move
        nobody else, and nobody else moves it. The graph shows the branches of all. The address
        of the page names the branch (``?branch=``), so that a refresh comes back to it.
    detect
        What happens to a write that goes around pandas (``df["a"].array[0] = 1``, an array that
        the app shares with a frame). ``"audit"``: it is found in the background after the run,
        and saved as a step. ``"freeze"``: it raises ``ValueError`` where it is made, as NumPy
        does for read-only arrays; the audit goes on for what that cannot stop. Memory can be
        written to again once it is not shown any more; a view that the app takes of it in the
        meantime stays read-only.

    Returns
    -------
    Session
        For reading and moving the history from the app itself.

    Raises
    ------
    ConfigurationError
        An argument cannot be used, or no Streamlit script runs here.
    """
    check_identity(identity)
    if autosave not in ("background", "sync"):
        raise ConfigurationError(f"autosave={autosave!r} is not known. Use 'background' or 'sync'.")
    if detect not in ("audit", "freeze"):
        raise ConfigurationError(f"detect={detect!r} is not known. Use 'audit' or 'freeze'.")
    state = private.current_state()
    private.install_end_of_run(_end_of_run)
    options = Options(
        identity,
        _patterns("include", include),
        _patterns("exclude", exclude),
        is_synchronous=autosave == "sync",
        is_frozen=detect == "freeze",
        follows=bool(follow),
    )
    tab = _tab_of(state)
    hub = hub_for(store_or_url)
    run_token = private.current_run_token()
    if tab is not None and callable(identity) and tab.belongs_to_another(vouched_id(identity)):
        tab.leave(state)
        tab = None
    if tab is None or tab.hub is not hub:
        if tab is not None:
            _leave(tab, run_token)
        tab = Tab(private.current_tab_id() or "", hub, options)
        state.slot[_SLOT] = tab
        tab.run_token = run_token
        tab.open(state)
    tab.options = options
    if tab.run_token is not run_token:
        tab.run_token = run_token
        tab.start_run(state)
    return tab.working_session


def _patterns(name: str, patterns: Sequence[str]) -> tuple[str, ...]:
    if isinstance(patterns, str):
        return (patterns,)
    if isinstance(patterns, Iterable) and all(isinstance(p, str) for p in patterns):
        return tuple(patterns)
    raise ConfigurationError(f"{name}={patterns!r} is not a sequence of shell patterns.")


def _leave(tab: Tab, run_token: object) -> None:
    """Finish saving to another store before this tab goes to a new one."""
    if tab.run_token is run_token:
        raise ConfigurationError("attach() was called with two different stores in one run.")
    tab.hub.writer.flush(tab, timeout_s=SETTLE_TIMEOUT_S)


def _tab_of(state: private.TabState) -> Tab | None:
    tab = state.slot.get(_SLOT)
    return tab if isinstance(tab, Tab) else None


def current_tab() -> Tab | None:
    """Give the attached tab whose script runs on this thread; ``None`` before ``attach()``."""
    return _tab_of(private.current_state())


def label(message: str) -> None:
    """Set the message of the version that this rerun makes.

    Parameters
    ----------
    message
        One line, at most ``Limits.message_chars``; longer ones are cut. Without effect when the
        rerun changes no data.

    Raises
    ------
    ConfigurationError
        ``attach()`` was not called before.
    """
    tab = current_tab()
    if tab is None:
        raise ConfigurationError("label() needs attach() before it, as the script's first line.")
    text = " ".join(str(message).split())
    tab.label = text[: tab.hub.store.limits.message_chars] or None


def _end_of_run(run: private.Run) -> None:
    tab = _tab_of(run.state)
    if tab is None or run.is_superseded:
        return
    if run.is_fragment and run.ended_early:
        tab.drawing.interrupted(run.fragment_ids)
    try:
        tab.steps.run_ended(run)
        if run.has_body_run:
            tab.end_run(run.state)
    except Exception as error:
        tab.lost(error)
        raise  # into the log; it goes no further
