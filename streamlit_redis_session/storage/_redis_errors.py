"""One table from the errors of redis-py to ours, by class name, and by the server's own word.

Names instead of classes, because redis-py gains classes with every release; an unknown class is
what its nearest known base is.
"""

from __future__ import annotations

import ssl

from redis import exceptions as redis_errors

from streamlit_redis_session.errors import (
    StorageError,
    StorageFullError,
    StorageReadOnlyError,
    StorageUnavailableError,
)

CAUGHT = (
    redis_errors.RedisError,
    redis_errors.RedisClusterException,
    redis_errors.ChildDeadlockedError,
    OSError,
)
"""What a call of redis-py may raise."""

_UNAVAILABLE = (
    StorageUnavailableError,
    "{where} did not answer ({error}). The same call may be made again.",
)
_FULL = (
    StorageFullError,
    "{where} has no memory left for writes; what is stored stays readable. Raise its maxmemory "
    "or delete sessions.",
)
_READ_ONLY = (
    StorageReadOnlyError,
    "{where} accepts no writes now ({error}). Connect to the primary, or try again after the "
    "failover.",
)
_NOT_PERSISTING = (
    StorageReadOnlyError,
    "{where} refuses writes because it cannot save to its disk. Free the disk, then try again.",
)
_LOGIN = (
    StorageError,
    "{where} refused the login. Check the user name and password of the URL.",
)
_DENIED = (
    StorageError,
    "{where} does not allow this user a command that is needed ({error}). Widen its ACL rules.",
)
_CLUSTER = (
    StorageError,
    "{where} is a node of a cluster ({error}). Connect with redis+cluster:// or rediss+cluster://.",
)
_NO_CLUSTER = (
    StorageError,
    "{where} is no cluster ({error}). Connect with redis:// or rediss://.",
)
_TOO_FEW_REPLICAS = (
    StorageUnavailableError,
    "{where} wrote it, but {error}. The same call may be made again; wait_replicas in the URL "
    "says how many are needed.",
)
_UNKNOWN_SERVICE = (
    StorageError,
    "{where} has sentinels that watch {error}. Check the name at the end of the URL.",
)
_TOO_LARGE = (
    StorageError,
    "{where} takes no request or record of this size ({error}). Raise its limits, or keep fewer "
    "and smaller values.",
)
_OTHER = (
    StorageError,
    "{where} answered with an error: {error}. Redis or Valkey 7.0 or later is needed; see its log.",
)

BY_CLASS: dict[str, tuple[type[StorageError], str]] = {
    "RedisError": _OTHER,
    "ConnectionError": _UNAVAILABLE,
    "TimeoutError": _UNAVAILABLE,
    "BusyLoadingError": _UNAVAILABLE,
    "MaxConnectionsError": _UNAVAILABLE,
    "ChildDeadlockedError": _UNAVAILABLE,
    "OSError": _UNAVAILABLE,
    "TryAgainError": _UNAVAILABLE,
    "MasterDownError": _UNAVAILABLE,
    "ClusterDownError": _UNAVAILABLE,
    "SlotNotCoveredError": _UNAVAILABLE,
    "InvalidResponse": _UNAVAILABLE,
    "OutOfMemoryError": _FULL,
    "ReadOnlyError": _READ_ONLY,
    "AuthenticationError": _LOGIN,
    "AuthenticationWrongNumberOfArgsError": _LOGIN,
    "AuthorizationError": _LOGIN,
    "ExternalAuthProviderError": _LOGIN,
    "IncorrectPolicyType": _OTHER,
    "NoPermissionError": _DENIED,
    "AskError": _CLUSTER,
    "MovedError": _CLUSTER,
    "ClusterError": _CLUSTER,
    "ClusterCrossSlotError": _CLUSTER,
    "CrossSlotTransactionError": _CLUSTER,
    "RedisClusterException": _CLUSTER,
    "InvalidPipelineStack": _CLUSTER,
    "ResponseError": _OTHER,
    "DataError": _OTHER,
    "PubSubError": _OTHER,
    "WatchError": _OTHER,
    "NoScriptError": _OTHER,
    "ExecAbortError": _OTHER,
    "ModuleError": _OTHER,
    "NoSuchFieldsetError": _OTHER,
    "LockError": _OTHER,
    "TooFewReplicasError": _TOO_FEW_REPLICAS,
    "UnknownServiceError": _UNKNOWN_SERVICE,
    "LockNotOwnedError": _OTHER,
}

BY_WORD: dict[str, tuple[type[StorageError], str]] = {
    "OOM": _FULL,
    "READONLY": _READ_ONLY,
    "NOREPLICAS": _READ_ONLY,
    "MISCONF": _NOT_PERSISTING,
    "LOADING": _UNAVAILABLE,
    "BUSY": _UNAVAILABLE,
    "MASTERDOWN": _UNAVAILABLE,
    "CLUSTERDOWN": _UNAVAILABLE,
    "TRYAGAIN": _UNAVAILABLE,
    "NOAUTH": _LOGIN,
    "WRONGPASS": _LOGIN,
    "NOPERM": _DENIED,
    "DENIED": _DENIED,
    "MOVED": _CLUSTER,
    "ASK": _CLUSTER,
    "CROSSSLOT": _CLUSTER,
}
"""First words of error answers for which redis-py, in some release, has no class."""

_BY_TEXT = {
    "request limit exceeded": _UNAVAILABLE,
    "max number of clients": _UNAVAILABLE,
    "max request size exceeded": _TOO_LARGE,
    "max single record size exceeded": _TOO_LARGE,
    "cluster support disabled": _NO_CLUSTER,
}
"""Sentences that use no word of their own, most of them of managed servers."""

_FAILOVER = frozenset(
    {
        "LOADING",
        "READONLY",
        "NOREPLICAS",
        "MASTERDOWN",
        "CLUSTERDOWN",
        "TRYAGAIN",
        "MOVED",
        "ASK",
        "ReadOnlyError",
        "MasterDownError",
        "ClusterDownError",
        "TryAgainError",
        "MovedError",
        "AskError",
    }
)
"""Answers that a failover, or slots on the move, make a server give for a while."""


def translated(error: BaseException, where: str) -> StorageError:
    """Say in our words what went wrong at this address.

    Parameters
    ----------
    error
        Any of ``CAUGHT``.
    where
        The address without credentials.
    """
    kind, sentence = _meaning(error)
    text = str(error).strip().rstrip(".") or type(error).__name__
    return kind(sentence.format(where=where, error=text))


def is_connection_loss(error: BaseException) -> bool:
    """Tell whether nobody answered at the address, as opposed to an answer we do not like."""
    lost = isinstance(error, (redis_errors.ConnectionError, OSError))
    return lost and _meaning(error) is _UNAVAILABLE and not _is_loading(error)


def is_failover(error: BaseException) -> bool:
    """Tell whether the same call may well succeed in a few seconds, at this server or another."""
    if isinstance(error, redis_errors.ResponseError):
        word = str(error).split(" ", 1)[0]
        return word in _FAILOVER or type(error).__name__ in _FAILOVER
    return _meaning(error) in (_UNAVAILABLE, _TOO_FEW_REPLICAS) and not _is_distrust(error)


def _is_distrust(error: BaseException | None) -> bool:
    """Tell whether a certificate was refused; redis-py makes that a lost connection."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False


def is_too_large(error: BaseException | None) -> bool:
    """Tell whether a server refused a request, or its answer, for its size."""
    return error is not None and _meaning(error) is _TOO_LARGE


def _is_loading(error: BaseException) -> bool:
    return isinstance(error, redis_errors.BusyLoadingError)


def _meaning(error: BaseException) -> tuple[type[StorageError], str]:
    if isinstance(error, redis_errors.ResponseError):
        text = str(error)
        if (found := BY_WORD.get(text.split(" ", 1)[0])) is not None:
            return found
        for part, meaning in _BY_TEXT.items():
            if part in text:
                return meaning
    for base in type(error).__mro__:
        if (found := BY_CLASS.get(base.__name__)) is not None:
            return found
    return _OTHER
