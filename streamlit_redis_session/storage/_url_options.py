"""The query arguments that a URL may carry, and their types."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

from streamlit_redis_session.errors import ConfigurationError

Option: TypeAlias = "bool | int | float | str"

_VERIFICATIONS = {
    "required": "required",
    "cert_required": "required",
    "optional": "optional",
    "cert_optional": "optional",
    "none": "none",
    "cert_none": "none",
}
_BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def _seconds(text: str) -> float:
    seconds = float(text)
    if not (math.isfinite(seconds) and seconds > 0):
        raise ValueError
    return seconds


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def _db(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError
    return int(text)


def _boolean(text: str) -> bool:
    return _BOOLEANS[text.lower()]


def _verification(text: str) -> str:
    return _VERIFICATIONS[text.lower()]


def _text(text: str) -> str:
    if not text:
        raise ValueError
    return text


_Reader: TypeAlias = "tuple[Callable[[str], Option], str]"

_POSITIVE_SECONDS: _Reader = (_seconds, "a positive number of seconds")
_POSITIVE_COUNT: _Reader = (_count, "a whole number from 1 on")
_SOME_TEXT: _Reader = (_text, "some text")
_TRUE_OR_FALSE: _Reader = (_boolean, "true or false")

_POOL: dict[str, _Reader] = {
    "socket_timeout": _POSITIVE_SECONDS,
    "max_connections": _POSITIVE_COUNT,
}
_LOGIN: dict[str, _Reader] = {
    "db": (_db, "a database number, such as 0"),
    "username": _SOME_TEXT,
    "password": _SOME_TEXT,
    "health_check_interval": _POSITIVE_SECONDS,
}
_NETWORK: dict[str, _Reader] = {
    "socket_connect_timeout": _POSITIVE_SECONDS,
    "socket_keepalive": _TRUE_OR_FALSE,
}
_TLS: dict[str, _Reader] = {
    "ssl_cert_reqs": (_verification, "required, optional or none"),
    "ssl_check_hostname": _TRUE_OR_FALSE,
    "ssl_ca_certs": _SOME_TEXT,
    "ssl_ca_path": _SOME_TEXT,
    "ssl_certfile": _SOME_TEXT,
    "ssl_keyfile": _SOME_TEXT,
}
_DURABILITY: dict[str, _Reader] = {"wait_replicas": _POSITIVE_COUNT}
_BILLING: dict[str, _Reader] = {"few_commands": _TRUE_OR_FALSE}
_SENTINELS: dict[str, _Reader] = {
    "sentinel_username": _SOME_TEXT,
    "sentinel_password": _SOME_TEXT,
}
_SERVER = _POOL | _LOGIN | _NETWORK | _DURABILITY
_CLUSTER = {name: reader for name, reader in _SERVER.items() if name != "db"}
_READERS: dict[str, dict[str, _Reader]] = {
    "redis": _SERVER | _BILLING,
    "rediss": _SERVER | _BILLING | _TLS,
    "redis+cluster": _CLUSTER,
    "rediss+cluster": _CLUSTER | _TLS,
    "redis+sentinel": _SERVER | _SENTINELS,
    "rediss+sentinel": _SERVER | _SENTINELS | _TLS,
    "unix": _POOL | _LOGIN,
    "embedded": _POOL | {"grace_s": _POSITIVE_SECONDS},
    "memory": {},
}


def options_of(scheme: str) -> tuple[str, ...]:
    """List the query arguments of a scheme."""
    return tuple(sorted(_READERS[scheme]))


def read_option(scheme: str, name: str, text: str) -> Option:
    """Read one query argument.

    Raises
    ------
    ConfigurationError
        The text is not of the argument's type; it is not shown, because it may be a secret.
    """
    read, expected = _READERS[scheme][name]
    try:
        return read(text)
    except (ValueError, KeyError):
        raise ConfigurationError(
            f"The query argument {name!r} of the {scheme}:// URL must be {expected}."
        ) from None
