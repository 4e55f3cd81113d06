from __future__ import annotations

import inspect

import pytest
import redis
import redis.sentinel

from streamlit_redis_session.errors import (
    StorageError,
    StorageFullError,
    StorageReadOnlyError,
    StorageUnavailableError,
)
from streamlit_redis_session.storage import open_backend
from streamlit_redis_session.storage._durable import TooFewReplicasError
from streamlit_redis_session.storage._redis_errors import (
    BY_CLASS,
    CAUGHT,
    is_connection_loss,
    is_failover,
    translated,
)
from streamlit_redis_session.storage._sentinel import UnknownServiceError

WHERE = "redis://host:6379/0"
CLASSES = sorted(
    (
        item
        for item in vars(redis.exceptions).values()
        if inspect.isclass(item) and issubclass(item, Exception)
    ),
    key=lambda item: item.__name__,
)


def an_error(kind: type[Exception]) -> Exception:
    """Make one without its ``__init__``, whose arguments differ from class to class."""
    error = kind.__new__(kind, "something happened")
    error.args = ("something happened",)
    return error


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_error_of_redis_py_is_mapped_by_name(kind: type[Exception]) -> None:
    assert kind.__name__ in BY_CLASS


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_error_of_redis_py_becomes_ours_and_names_the_address(
    kind: type[Exception],
) -> None:
    told = translated(an_error(kind), WHERE)

    assert isinstance(told, StorageError)
    assert WHERE in str(told)
    assert str(told).endswith(".")


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_error_of_redis_py_that_a_server_can_cause_is_caught(kind: type[Exception]) -> None:
    callers_mistake = kind.__name__ == "IncorrectPolicyType"  # of a cluster client we do not make

    assert issubclass(kind, CAUGHT) or callers_mistake


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (redis.ConnectionError("Connection refused"), StorageUnavailableError),
        (redis.TimeoutError("Timeout reading from socket"), StorageUnavailableError),
        (redis.BusyLoadingError("loading"), StorageUnavailableError),
        (redis.exceptions.MaxConnectionsError("Too many"), StorageUnavailableError),
        (redis.sentinel.MasterNotFoundError("no master"), StorageUnavailableError),
        (ConnectionResetError("reset"), StorageUnavailableError),
        (redis.ResponseError("LOADING the dataset"), StorageUnavailableError),
        (redis.ResponseError("BUSY running a script"), StorageUnavailableError),
        (redis.ResponseError("MASTERDOWN Link is down"), StorageUnavailableError),
        (redis.ResponseError("max daily request limit exceeded."), StorageUnavailableError),
        (redis.OutOfMemoryError("command not allowed"), StorageFullError),
        (redis.ResponseError("OOM command not allowed"), StorageFullError),
        (redis.ReadOnlyError("You can't write"), StorageReadOnlyError),
        (redis.ResponseError("READONLY You can't"), StorageReadOnlyError),
        (redis.ResponseError("NOREPLICAS Not enough"), StorageReadOnlyError),
        (redis.ResponseError("MISCONF Errors writing to the AOF"), StorageReadOnlyError),
        (redis.AuthenticationError("invalid password"), StorageError),
        (redis.ResponseError("WRONGTYPE Operation against"), StorageError),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else str(value)[:20],
)
def test_an_error_becomes_what_a_handler_would_do(
    error: Exception, kind: type[StorageError]
) -> None:
    assert type(translated(error, WHERE)) is kind


def test_only_silence_counts_as_a_lost_connection() -> None:
    """After one, the embedded server is started again; never after an answer."""
    assert is_connection_loss(redis.ConnectionError("refused"))
    assert is_connection_loss(BrokenPipeError())
    assert not is_connection_loss(redis.TimeoutError("slow"))
    assert not is_connection_loss(redis.AuthenticationError("who?"))
    assert not is_connection_loss(redis.BusyLoadingError("soon"))
    assert not is_connection_loss(redis.ResponseError("no"))


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (redis.ConnectionError("refused"), True),
        (redis.TimeoutError("slow"), True),
        (redis.BusyLoadingError("soon"), True),
        (ConnectionResetError("reset"), True),
        (redis.ReadOnlyError("You can't write"), True),
        (redis.ResponseError("READONLY You can't"), True),
        (redis.ResponseError("NOREPLICAS Not enough"), True),
        (redis.exceptions.ClusterDownError("Hash slot not served"), True),
        (redis.exceptions.MasterDownError("Link is down"), True),
        (redis.exceptions.TryAgainError("Multiple keys"), True),
        (redis.exceptions.MovedError("1 host:1"), True),
        (TooFewReplicasError(2, 1), True),
        (redis.OutOfMemoryError("command not allowed"), False),
        (redis.AuthenticationError("invalid password"), False),
        (redis.ResponseError("MISCONF Errors writing to the AOF"), False),
        (redis.ResponseError("BUSY running a script"), False),
        (redis.ResponseError("max daily request limit exceeded."), False),
        (redis.ResponseError("WRONGTYPE Operation against"), False),
        (UnknownServiceError("no such service"), False),
    ],
    ids=lambda value: str(value)[:20],
)
def test_only_what_a_failover_explains_is_waited_for(error: Exception, *, passes: bool) -> None:
    assert is_failover(error) is passes


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1", "unix:///nowhere/s", "redis://no.invalid"])
def test_nobody_at_the_address_is_unavailable(url: str) -> None:
    with (
        open_backend(url, namespace="srs") as backend,
        pytest.raises(StorageUnavailableError, match="may be made again"),
    ):
        backend.list_sessions()


def test_a_server_that_speaks_no_redis_is_no_crash(redis_url: str) -> None:
    """TLS against a plain port: the handshake fails, with an error of ours."""
    url = redis_url.replace("redis://", "rediss://") + "?socket_timeout=1"
    with open_backend(url, namespace="srs") as backend, pytest.raises(StorageError):
        backend.list_sessions()


def test_a_key_that_holds_something_else_is_an_error_of_ours(redis_url: str) -> None:
    with open_backend(redis_url, namespace="srs") as backend, redis.from_url(redis_url) as client:
        client.set("srs:sessions", "a string")
        try:
            with pytest.raises(StorageError, match="WRONGTYPE"):
                backend.list_sessions()
        finally:
            client.delete("srs:sessions")
