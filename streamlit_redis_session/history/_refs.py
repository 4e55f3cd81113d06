"""Names of versions: what a branch or tag may be called, and how ``HEAD~2`` is read."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from streamlit_redis_session.errors import (
    ConfigurationError,
    LimitExceededError,
    RefNotFoundError,
    VersionNotFoundError,
)
from streamlit_redis_session.objects import Head, RefName, VersionId

HEAD = "HEAD"
LEAST_PREFIX_CHARS = 4
MOST_REF_CHARS = 1_000
MOST_STEPS = 1_000_000

_FORBIDDEN = re.compile(r"[~^:?*\[\]\\\s\x00-\x1f\x7f]|\.\.|@\{|^[-./]|[./]$|//")
_STEP = re.compile(r"([~^])([0-9]*)")
_PREFIX = re.compile(r"[0-9a-f]{4,40}")


def check_name(name: str, *, most_chars: int) -> RefName:
    """Check a name for a new branch or tag, by git's rules for refs.

    Raises
    ------
    ConfigurationError
        The name is empty, reserved, or has characters that refs cannot have.
    LimitExceededError
        The name is too long.
    """
    normal = normal_name(name)
    if len(normal) > most_chars:
        what = "The name of a branch or tag"
        raise LimitExceededError(what, size=len(normal), limit=most_chars, unit="characters")
    if not normal or normal == HEAD or _FORBIDDEN.search(normal) or not normal.isprintable():
        raise ConfigurationError(
            f"{name!r} cannot be the name of a branch or tag: use letters, digits, '-', '_', "
            "'.' and '/', without spaces and without ~ ^ : ? * [ ] \\."
        )
    return RefName(normal)


def normal_name(name: str) -> RefName:
    """Give a name in Unicode's composed form, in which all names are stored."""
    return RefName(unicodedata.normalize("NFC", str(name)))


def automatic_name(base: RefName, taken: Collection[str]) -> RefName:
    """Name the branch of a divergent edit: ``main-2``, ``main-3``, and so on."""
    stem = re.sub(r"-[0-9]+$", "", base)
    if stem not in taken:  # the number is part of a name that somebody chose: sales-2026
        stem = base
    number = 2
    while f"{stem}-{number}" in taken:
        number += 1
    return RefName(f"{stem}-{number}")


@dataclass(frozen=True, slots=True)
class RefContext:
    """What names mean in one session at one moment."""

    head: Head
    branches: Mapping[RefName, VersionId]
    tags: Mapping[RefName, VersionId]
    parents_of: Callable[[VersionId], tuple[VersionId, ...]]
    with_prefix: Callable[[str], Sequence[VersionId]]
    """All versions whose id begins so."""


def resolve(ref: str, context: RefContext) -> VersionId:
    """Find the version that a ref names.

    Parameters
    ----------
    ref
        A branch, a tag, a version id or a unique prefix of at least 4 characters, or ``HEAD``;
        after it any number of ``~n`` (n-th first-parent ancestor) and ``^n`` (n-th parent), as
        in git's ``gitrevisions``.

    Raises
    ------
    RefNotFoundError, VersionNotFoundError
        Nothing has this name, or the walk leaves the graph.
    """
    if not isinstance(ref, str) or not ref or len(ref) > MOST_REF_CHARS:
        raise RefNotFoundError(str(ref)[:80], known=_names(context))
    base, steps = _split(ref)
    version = _resolve_base(base, context)
    for sign, count in steps:
        version = _step(version, sign, count, ref, context.parents_of)
    return version


def _names(context: RefContext) -> list[str]:
    return [*context.branches, *context.tags, HEAD]


def _split(ref: str) -> tuple[str, list[tuple[str, int]]]:
    at = min((i for i in (ref.find("~"), ref.find("^")) if i >= 0), default=len(ref))
    base, tail = ref[:at] or HEAD, ref[at:]
    steps = [(sign, _count(digits)) for sign, digits in _STEP.findall(tail)]
    if "".join(m.group(0) for m in _STEP.finditer(tail)) != tail:
        raise RefNotFoundError(ref)
    return base, steps


def _count(digits: str) -> int:
    """Read the number after a sign; one too long to be read is more than any history has."""
    return int(digits.lstrip("0")[:8] or 0) if digits else 1


def _resolve_base(base: str, context: RefContext) -> VersionId:
    if base == HEAD:
        if context.head.version is None:
            raise VersionNotFoundError(HEAD, reason="Nothing has been committed yet.")
        return context.head.version
    name = normal_name(base)
    for refs in (context.branches, context.tags):
        if name in refs:
            return refs[name]
    if not _PREFIX.fullmatch(base):
        raise RefNotFoundError(base, known=_names(context))
    return _resolve_prefix(base, context)


def _resolve_prefix(prefix: str, context: RefContext) -> VersionId:
    matches = context.with_prefix(prefix)
    if len(matches) > 1:
        raise VersionNotFoundError(prefix, reason=f"{len(matches)} versions begin so.")
    if not matches:
        raise VersionNotFoundError(prefix)
    return matches[0]


def _step(
    version: VersionId,
    sign: str,
    count: int,
    ref: str,
    parents_of: Callable[[VersionId], tuple[VersionId, ...]],
) -> VersionId:
    if count > MOST_STEPS:
        raise VersionNotFoundError(ref, reason="It goes back beyond the first version.")
    if sign == "^":
        if count == 0:
            return version
        parents = parents_of(version)
        if count > len(parents):
            raise VersionNotFoundError(ref, reason=f"{version[:8]} has {len(parents)} parent(s).")
        return parents[count - 1]
    for _ in range(count):
        parents = parents_of(version)
        if not parents:
            raise VersionNotFoundError(ref, reason="It goes back beyond the first version.")
        version = parents[0]
    return version
