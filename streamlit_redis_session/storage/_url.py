"""Where a store is: URLs parsed, checked, and found when none is given.

No message shows what could be a piece of a password: a URL whose password holds an unquoted
``/``, ``?``, ``#`` or ``@`` falls apart in surprising places.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

from streamlit_redis_session.errors import ConfigurationError
from streamlit_redis_session.storage._environment import (
    UPSTASH_TOKEN,
    UPSTASH_URL,
    Environment,
    read_environment,
)
from streamlit_redis_session.storage._url_options import Option, options_of, read_option

CLUSTER_SCHEMES = ("redis+cluster", "rediss+cluster")
SENTINEL_SCHEMES = ("redis+sentinel", "rediss+sentinel")
SCHEMES = ("redis", "rediss", "unix", *CLUSTER_SCHEMES, *SENTINEL_SCHEMES, "embedded", "memory")
DEFAULT_PORT = 6379
SENTINEL_PORT = 26379

_QUOTE_HINT = "In a user name or password, write '/' as %2F, '?' as %3F, '#' as %23, '@' as %40."
_SERVICE = re.compile(r"[A-Za-z0-9_.-]{1,200}")
_PER_COMMAND_BILLED = ".upstash.io"
"""Hosts whose servers bill each command of a pipeline."""
_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,252})|[0-9A-Fa-f:.%]*:[0-9A-Fa-f:.%]*")


@dataclass(frozen=True, slots=True)
class Address:
    """A checked URL."""

    scheme: str
    """One of ``SCHEMES``."""
    host: str = ""
    """For ``redis`` and ``rediss``; for ``memory`` the store's name, often empty."""
    port: int = DEFAULT_PORT
    hosts: tuple[tuple[str, int], ...] = ()
    """Some nodes of the cluster, or the sentinels, each with its port."""
    service: str = ""
    """The name by which sentinels know the primary."""
    path: str = ""
    """The socket (``unix``) or data directory (``embedded``, empty: the default one)."""
    db: int = 0
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    sentinel_username: str | None = field(default=None, repr=False)
    sentinel_password: str | None = field(default=None, repr=False)
    wait_replicas: int = 0
    """How many replicas must have a write before it counts."""
    few_commands: bool = False
    """Whether every command of a pipeline costs."""
    options: Mapping[str, Option] = field(default_factory=dict)
    """Query arguments, typed, that are for connections; without those above."""

    @property
    def is_tls(self) -> bool:
        """Whether connections are encrypted."""
        return self.scheme.startswith("rediss")

    @property
    def where(self) -> str:
        """The address without credentials, fit to be shown and logged."""
        if self.scheme in ("redis", "rediss"):
            return f"{self.scheme}://{_place(self.host, self.port)}/{self.db}"
        if self.hosts:
            listed = ",".join(_place(*host) for host in self.hosts)
            path = f"/{self.service}" if self.service else ""
            return f"{self.scheme}://{listed}{path}" + (f"?db={self.db}" if self.db else "")
        if self.scheme == "unix":
            return f"unix://{self.path}" + (f"?db={self.db}" if self.db else "")
        return f"{self.scheme}://{self.host}{self.path}"

    def at(self, host: str, port: int) -> Address:
        """Give the address of one server with the same login and options."""
        scheme = "rediss" if self.is_tls else "redis"
        return replace(self, scheme=scheme, host=host, port=port, hosts=(), service="")


def parse_url(url: str) -> Address:
    """Take a URL apart and check every part of it.

    Raises
    ------
    ConfigurationError
        The scheme or a query argument is unknown, or a part cannot be used; the message names
        the part and never shows a user name or password.
    """
    scheme = _checked_scheme(url)
    is_listed = scheme in CLUSTER_SCHEMES or scheme in SENTINEL_SCHEMES
    first, others = _hosts_apart(scheme, url.strip()) if is_listed else (url.strip(), [])
    try:
        parts, *more = map(urlsplit, (first, *others))
    except ValueError:
        # the original message shows user name and password
        raise ConfigurationError(
            f"The {scheme}:// URL has a malformed host. {_QUOTE_HINT}"
        ) from None
    if parts.fragment or "#" in url:
        raise ConfigurationError(f"The {scheme}:// URL contains a '#'. {_QUOTE_HINT}")
    if scheme in ("redis", "rediss"):
        return _network_address(scheme, parts)
    if is_listed:
        return _listed_address(scheme, parts, more)
    if scheme == "unix":
        return _unix_address(parts)
    return _local_address(scheme, parts)


def resolve_url(
    url: str | None = None,
    environ: Mapping[str, str] | None = None,
    streamlit_secret: Callable[[], str | None] | None = None,
) -> str:
    """Find the URL to connect to.

    The first of these that is there: the argument, ``STREAMLIT_REDIS_SESSION_URL``, the secret
    of Streamlit, ``REDIS_URL``, ``UPSTASH_REDIS_REST_URL`` with ``UPSTASH_REDIS_REST_TOKEN``
    (reached over TLS on the same host), ``embedded://``.

    Parameters
    ----------
    url
        What the caller was given.
    environ
        Where to look for variables; ``None``: this process's environment.
    streamlit_secret
        Reads ``[connections.redis_session] url`` of ``secrets.toml``; called only when needed.
    """
    if url is not None:
        return url
    environment = read_environment(environ)
    if environment.url:
        return environment.url
    if streamlit_secret is not None and (secret := streamlit_secret()):
        return secret
    return environment.redis_url or _upstash_url(environment) or "embedded://"


def _upstash_url(environment: Environment) -> str | None:
    url, token = environment.upstash_url, environment.upstash_token
    if not url and not token:
        return None
    if not url or not token:
        there, missing = (UPSTASH_URL, UPSTASH_TOKEN) if url else (UPSTASH_TOKEN, UPSTASH_URL)
        raise ConfigurationError(f"{there} is set but {missing} is not. Set both, or neither.")
    try:
        host = urlsplit(url if "://" in url else f"https://{url}").hostname
    except ValueError:
        host = None
    if not host or not _HOST.fullmatch(host):
        raise ConfigurationError(
            f"{UPSTASH_URL} names no host. It looks like https://name-12345.upstash.io."
        )
    return f"rediss://default:{quote(token, safe='')}@{host}:{DEFAULT_PORT}"


def _checked_scheme(url: str) -> str:
    scheme, separator, _ = url.strip().partition("://")
    scheme = scheme.lower()
    known = ", ".join(f"{name}://" for name in SCHEMES)
    if not separator:
        raise ConfigurationError(f"The URL has no scheme. It must begin with one of {known}.")
    if scheme in SCHEMES:
        return scheme
    if scheme in ("http", "https"):
        raise ConfigurationError(
            f"{scheme}:// is the address of a web service. Use the provider's redis:// or "
            "rediss:// URL."
        )
    named = f" {scheme}://" if re.fullmatch(r"[a-z][a-z0-9+.-]{0,30}", scheme) else ""
    close = difflib.get_close_matches(scheme, SCHEMES, n=1)
    hint = f" Did you mean {close[0]}://?" if close else ""
    raise ConfigurationError(f"Unknown scheme{named}.{hint} Known: {known}.")


def _network_address(scheme: str, parts: SplitResult) -> Address:
    host = _checked_host(scheme, parts)
    options = _read_query(scheme, parts)
    db = _db_of_path(scheme, parts.path)
    if db is not None and options.get("db", db) != db:
        raise ConfigurationError(f"The {scheme}:// URL names two databases. Name one.")
    username, password = _credentials(parts, options)
    few_commands = options.pop("few_commands", host.endswith(_PER_COMMAND_BILLED))
    return Address(
        scheme=scheme,
        host=host,
        port=_checked_port(scheme, parts),
        db=_taken_db(options) if db is None else (options.pop("db", None), db)[1],
        username=username,
        password=password,
        wait_replicas=_taken_replicas(options),
        few_commands=bool(few_commands),
        options=options,
    )


def _hosts_apart(scheme: str, url: str) -> tuple[str, list[str]]:
    """Leave only the first host in a URL, and make a URL of each other host."""
    rest = url.partition("://")[2]
    place, separator, tail = rest, "", ""
    if found := re.search(r"[/?#]", rest):
        place, separator, tail = rest[: found.start()], found[0], rest[found.end() :]
    login, at, hosts = place.rpartition("@")
    if "@" in login:
        raise ConfigurationError(
            f"The {scheme}:// URL has more than one '@'. Write the login once, before the first "
            f"host. {_QUOTE_HINT}"
        )
    first, *others = hosts.split(",")
    return (
        f"{scheme}://{login}{at}{first}{separator}{tail}",
        [f"{scheme}://{other}" for other in others],
    )


def _listed_address(scheme: str, first: SplitResult, others: Sequence[SplitResult]) -> Address:
    """Read the address of a cluster, or of sentinels."""
    options = _read_query(scheme, first)
    username, password = _credentials(first, options)
    is_cluster = scheme in CLUSTER_SCHEMES
    port = DEFAULT_PORT if is_cluster else SENTINEL_PORT
    places = ((_checked_host(scheme, p), _checked_port(scheme, p, port)) for p in (first, *others))
    hosts = tuple(dict.fromkeys(places))
    if is_cluster and _db_of_path(scheme, first.path):
        raise ConfigurationError(f"The {scheme}:// URL names a database; a cluster has only /0.")
    service = "" if is_cluster else _checked_service(scheme, first.path)
    sentinel_login = (options.pop(f"sentinel_{part}", None) for part in ("username", "password"))
    sentinel_username, sentinel_password = (text and str(text) for text in sentinel_login)
    return Address(
        scheme=scheme,
        hosts=hosts,
        service=service,
        db=_taken_db(options),
        username=username,
        password=password,
        sentinel_username=sentinel_username or None,
        sentinel_password=sentinel_password or None,
        wait_replicas=_taken_replicas(options),
        options=options,
    )


def _checked_service(scheme: str, path: str) -> str:
    service = unquote(path).strip("/")
    if not _SERVICE.fullmatch(service):
        raise ConfigurationError(
            f"The path of the {scheme}:// URL must be the name of the service that the sentinels "
            f"watch, such as {scheme}://host:26379/mymaster. {_QUOTE_HINT}"
        )
    return service


def _unix_address(parts: SplitResult) -> Address:
    if not parts.path.strip("/") or parts.hostname:
        raise ConfigurationError(
            "A unix:// URL needs the absolute path of a socket, such as unix:///run/redis.sock."
        )
    options = _read_query("unix", parts)
    username, password = _credentials(parts, options)
    return Address(
        scheme="unix",
        path=unquote(parts.path),
        db=_taken_db(options),
        username=username,
        password=password,
        options=options,
    )


def _local_address(scheme: str, parts: SplitResult) -> Address:
    options = _read_query(scheme, parts)
    if scheme == "memory":
        if parts.path.strip("/") or "@" in parts.netloc or ":" in parts.netloc:
            raise ConfigurationError("A memory:// URL is memory:// or memory://name.")
        return Address(scheme=scheme, host=parts.netloc, options=options)
    if parts.netloc:
        raise ConfigurationError(
            "An embedded:// URL is embedded:// or embedded:///absolute/dir, with three slashes."
        )
    return Address(scheme=scheme, path=unquote(parts.path), options=options)


def _checked_host(scheme: str, parts: SplitResult) -> str:
    host = parts.hostname
    if not host:
        raise ConfigurationError(
            f"The {scheme}:// URL names no host. It looks like {_example(scheme)}. {_QUOTE_HINT}"
        )
    if not _HOST.fullmatch(host) or any(len(label) > 63 for label in host.split(".")):
        raise ConfigurationError(f"The {scheme}:// URL has a malformed host. {_QUOTE_HINT}")
    return host


def _example(scheme: str) -> str:
    if scheme in CLUSTER_SCHEMES:
        return f"{scheme}://host:6379,other:6379"
    if scheme in SENTINEL_SCHEMES:
        return f"{scheme}://host:26379,other:26379/mymaster"
    return f"{scheme}://host:6379/0"


def _place(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _checked_port(scheme: str, parts: SplitResult, default: int = DEFAULT_PORT) -> int:
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise ConfigurationError(
            f"The port of the {scheme}:// URL must be a number from 1 to 65535. {_QUOTE_HINT}"
        ) from None
    return default if port is None else port


def _db_of_path(scheme: str, path: str) -> int | None:
    text = path.strip("/")
    if not text:
        return None
    if not (text.isascii() and text.isdigit()):
        raise ConfigurationError(
            f"The path of the {scheme}:// URL must be a database number, such as /0. {_QUOTE_HINT}"
        )
    return int(text)


def _taken_db(options: dict[str, Option]) -> int:
    return int(options.pop("db", 0) or 0)


def _taken_replicas(options: dict[str, Option]) -> int:
    return int(options.pop("wait_replicas", 0))


def _credentials(parts: SplitResult, options: dict[str, Option]) -> tuple[str | None, str | None]:
    username, password = options.pop("username", None), options.pop("password", None)
    if parts.username:
        username = unquote(parts.username)
    if parts.password:
        password = unquote(parts.password)
    return (str(username) if username else None, str(password) if password else None)


def _read_query(scheme: str, parts: SplitResult) -> dict[str, Option]:
    known = options_of(scheme)
    found: dict[str, Option] = {}
    for name, text in parse_qsl(parts.query, keep_blank_values=True):
        if name not in known:
            raise ConfigurationError(_unknown_argument(scheme, name, known))
        if name in found:
            raise ConfigurationError(f"The {scheme}:// URL says {name} twice. Say it once.")
        found[name] = read_option(scheme, name, text)
    return found


def _unknown_argument(scheme: str, name: str, known: tuple[str, ...]) -> str:
    named = f" {name!r}" if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,40}", name) else ""
    close = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    listed = f" Known: {', '.join(known)}." if known else " It takes none."
    return f"Unknown query argument{named} in the {scheme}:// URL.{hint}{listed}"
