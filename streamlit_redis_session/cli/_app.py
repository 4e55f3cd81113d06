"""The program: its commands, and what becomes of an error."""

from __future__ import annotations

import traceback
from typing import Any

import click

from streamlit_redis_session import __version__
from streamlit_redis_session.cli._care import delete, prune, verify
from streamlit_redis_session.cli._doctor import doctor
from streamlit_redis_session.cli._log import log
from streamlit_redis_session.cli._serve import serve
from streamlit_redis_session.cli._sessions import sessions
from streamlit_redis_session.cli._show import show
from streamlit_redis_session.cli._target import redacted
from streamlit_redis_session.cli._text import printable
from streamlit_redis_session.errors import (
    ConfigurationError,
    CorruptDataError,
    NotFoundError,
    SessionStoreError,
    StorageError,
)
from streamlit_redis_session.storage import is_debugging

FOUND, USAGE, UNREACHABLE, NOT_FOUND = 1, 2, 3, 4
_HELP = """Look after the sessions that streamlit-redis-session keeps.

The store is found as the app finds it: --url, else STREAMLIT_REDIS_SESSION_URL, else
.streamlit/secrets.toml here, else REDIS_URL, else the embedded server. SESSION is a session's key,
as `sessions` lists it, or at least the first 4 characters of it.

\b
Exit codes:
  0  good
  1  something was found (doctor: a risk; verify: a fault), or it could not be done
  2  the command or the configuration cannot be used
  3  the store does not answer, or refuses
  4  there is no such session or version

SRS_DEBUG=1 shows the traceback of an error.
"""


_ANOTHER_KEY = (
    " If the app uses a secret, give it here, too: --secret-file or STREAMLIT_REDIS_SESSION_SECRET."
)


class _Failure(click.ClickException):
    """One sentence for standard error, and an exit code."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        setattr(self, "exit_code", exit_code)  # noqa: B010  # click reads it, and types it badly


class _Commands(click.Group):
    """Commands whose errors become one sentence, without credentials."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except (click.exceptions.Exit, click.ClickException, click.Abort, OSError):
            raise  # click ends these itself, a closed pipe among them
        except SessionStoreError as error:
            hint = _ANOTHER_KEY if isinstance(error, CorruptDataError) else ""
            raise self._failure(f"{error}{hint}", _exit_code(error)) from None
        except Exception as error:  # noqa: BLE001  # the border: whatever it is becomes a sentence
            text = f"Unexpected {type(error).__name__}: {error}. SRS_DEBUG=1 shows where."
            raise self._failure(text, FOUND) from None

    @staticmethod
    def _failure(text: str, exit_code: int) -> _Failure:
        if is_debugging():
            click.echo(redacted(traceback.format_exc()), err=True)
        return _Failure(printable(redacted(text)), exit_code)


def _exit_code(error: SessionStoreError) -> int:
    if isinstance(error, ConfigurationError):
        return USAGE
    if isinstance(error, StorageError):
        return UNREACHABLE
    return NOT_FOUND if isinstance(error, NotFoundError) else FOUND


@click.group(cls=_Commands, help=_HELP, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, package_name="streamlit-redis-session")
def main() -> None:
    """Do nothing by itself; the help is above."""


for _command in (doctor, sessions, show, log, verify, prune, delete, serve):
    main.add_command(_command)
