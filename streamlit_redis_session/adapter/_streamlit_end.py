"""Private names of Streamlit, part four: the end of its server.

``streamlit run`` on a script ends as Python programs do, and what was registered with ``atexit``
runs. A server of an ``st.App`` stops its runtime and is then ended by the very signal, SIGTERM, so
nothing else of it runs. Where the name is missing, only that case is lost.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any, Final

from streamlit.runtime import Runtime

_LOGGER: Final = logging.getLogger(__name__)
_CALLBACK_ATTRIBUTE: Final = "_srs_end_of_server"


def install_end_of_server(callback: Callable[[], object]) -> None:
    """Have `callback` called once Streamlit's runtime is told to stop, before it does.

    Installing again is cheap and replaces the callback (a development server imports changed
    modules again). What it raises is logged.
    """
    stop = getattr(Runtime, "stop", None)
    if stop is None:
        return
    is_wrapped = hasattr(Runtime, _CALLBACK_ATTRIBUTE)
    setattr(Runtime, _CALLBACK_ATTRIBUTE, staticmethod(callback))
    if not is_wrapped:
        Runtime.stop = _wrap(stop)  # type: ignore[method-assign]


def _wrap(stop: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(stop)
    def _stop(self: Runtime, *args: Any, **kwargs: Any) -> None:
        try:
            getattr(Runtime, _CALLBACK_ATTRIBUTE)()
        except Exception:  # the server has to stop all the same
            _LOGGER.exception("What was not saved yet could not be saved at the end.")
        stop(self, *args, **kwargs)

    return _stop
