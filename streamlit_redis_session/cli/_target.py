"""Which store a command is about, and options that name it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

import click

import streamlit_redis_session as package
from streamlit_redis_session.errors import ConfigurationError, NotFoundError
from streamlit_redis_session.objects import SessionKey
from streamlit_redis_session.storage import (
    Address,
    environment_secret,
    parse_url,
    read_environment,
    resolve_url,
)

if TYPE_CHECKING:
    from streamlit_redis_session.session import Store

F = TypeVar("F", bound=Callable[..., Any])
LEAST_PREFIX_CHARS = 4
_LEAST_REDACTED_CHARS = 4
"""A shorter password would black out half of every message, and so tell what it is."""
_REDACTED: set[str] = set()
"""Credentials of the URLs that this process has seen."""


class NoSuchSessionError(NotFoundError):
    """A key or an id that no living session has."""


@dataclass(frozen=True)
class Target:
    """The store that a command is about."""

    url_option: str | None
    namespace: str
    secret: bytes | None = field(repr=False)

    @cached_property
    def found(self) -> tuple[str, str]:
        """The URL, and where it was found."""
        return _find_url(self.url_option)

    @cached_property
    def address(self) -> Address:
        """The URL taken apart."""
        return parse_url(self.found[0])

    def open(self) -> Store:
        """Open the store; nothing is sent yet."""
        note_credentials(self.address)
        return package.connect(self.found[0], namespace=self.namespace, secret=self.secret)


def note_credentials(address: Address) -> None:
    """Have no message show the passwords of this URL from here on."""
    for word in (address.password, address.sentinel_password):
        if word and len(word) >= _LEAST_REDACTED_CHARS:
            _REDACTED.update((word, quote(word, safe="")))


def redacted(text: str) -> str:
    """Take credentials out of a text."""
    for word in sorted(_REDACTED, key=len, reverse=True):
        text = text.replace(word, "***")
    return text


def _find_url(option: str | None) -> tuple[str, str]:
    if option is not None:
        return option, "--url"
    environment = read_environment()
    if environment.url:
        return environment.url, "STREAMLIT_REDIS_SESSION_URL"
    secret = _secrets_url()
    if secret:
        return secret, ".streamlit/secrets.toml"
    if environment.redis_url:
        return environment.redis_url, "REDIS_URL"
    source = "UPSTASH_REDIS_REST_URL" if environment.upstash_url else "default"
    return resolve_url(), source


def _secrets_url() -> str | None:
    """Read what an app in this folder would get from Streamlit, importing it only if need be."""
    folders = (Path.cwd(), Path.home())
    if not any((folder / ".streamlit" / "secrets.toml").is_file() for folder in folders):
        return None
    import streamlit  # noqa: PLC0415  # heavy, and only where there are secrets

    try:
        return str(streamlit.secrets["connections"]["redis_session"]["url"])
    except (KeyError, FileNotFoundError):
        return None


def target_options(command: F) -> F:
    """Add the options that name a store; the command takes ``target``."""

    def run(*args: Any, **kwargs: Any) -> Any:
        url, namespace, path = (kwargs.pop(n) for n in ("url", "namespace", "secret_file"))
        return command(*args, target=Target(url, namespace, _secret(path)), **kwargs)

    run.__name__, run.__doc__ = command.__name__, command.__doc__
    run.__dict__.update(command.__dict__)
    decorated: Any = run
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    found: F = decorated
    return found


def _secret(path: Path | None) -> bytes | None:
    if path is None:
        secret = environment_secret()
        return secret.encode() if secret else None
    try:
        secret_bytes = path.read_bytes().rstrip(b"\r\n")
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read ({error.strerror}).") from error
    if not secret_bytes:
        raise ConfigurationError(f"{path} is empty: it must hold the secret of the app.")
    return secret_bytes


_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "--url",
        metavar="URL",
        help="The store. Other users of this machine can read a password in a command line: "
        "rather set STREAMLIT_REDIS_SESSION_URL.",
    ),
    click.option(
        "--namespace", default="srs", show_default=True, help="The first part of every key."
    ),
    click.option(
        "--secret-file",
        type=click.Path(path_type=Path),
        help="A file with the secret of the app; else STREAMLIT_REDIS_SESSION_SECRET.",
    ),
)


_SESSION: Callable[[Any], Any] = click.argument("session", required=False)
_ID: Callable[[Any], Any] = click.option(
    "--id",
    "ask_id",
    is_flag=True,
    help="Read the session's secret id from standard input, instead of SESSION.",
)


def session_options(command: F) -> F:
    """Add SESSION and ``--id``; the command takes ``session`` and ``ask_id``."""
    decorated: Any = _SESSION(_ID(command))
    found: F = decorated
    return found


def find_key(store: Store, session: str | None, ask_id: bool) -> SessionKey:
    """Find the living session that a command names.

    Raises
    ------
    NoSuchSessionError
        There is none, or there are several.
    """
    if ask_id:
        return _key_of_id(store, session)
    if session is None:
        raise click.UsageError("Name a SESSION by its key, or give --id.")
    prefix = session.lower()
    if len(prefix) < LEAST_PREFIX_CHARS:
        raise click.UsageError(f"Give at least {LEAST_PREFIX_CHARS} characters of the key.")
    keys = [key for key in store.list_keys() if key.startswith(prefix)]
    if not keys:
        raise NoSuchSessionError(
            f"No session of namespace {store.namespace!r} has a key that starts with {session!r}. "
            "`sessions` lists them; an id goes in with --id."
        )
    if len(keys) > 1:
        raise NoSuchSessionError(f"{len(keys)} sessions have keys that start with {session!r}.")
    return keys[0]


def _key_of_id(store: Store, session: str | None) -> SessionKey:
    if session is not None:
        raise click.UsageError("Give a SESSION or --id, not both.")
    if sys.stdin.isatty():
        session_id = str(click.prompt("Session id", hide_input=True, err=True))
    else:
        session_id = sys.stdin.readline()
    key = store.key_of(session_id.strip())
    if key not in store.list_keys():
        raise NoSuchSessionError(
            "No session has this id: it never existed, has expired, or was deleted; or the app "
            "uses another secret or namespace."
        )
    return key
