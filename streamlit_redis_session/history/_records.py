"""Versions and refs as bytes."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from streamlit_redis_session.errors import CorruptDataError
from streamlit_redis_session.objects import (
    DEFAULT_BRANCH,
    Change,
    Head,
    ManifestId,
    RefName,
    Version,
    VersionId,
)

FORMAT = 1
HEAD_FIELD = "HEAD"
SWEPT_FIELD = "SWEPT"
"""Beside the refs: another value whenever somebody took away versions, manifests or chunks."""
BRANCH_PREFIX = "b:"
TAG_PREFIX = "t:"

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND = timedelta(microseconds=1)
_CHANGE_FIELDS = [f.name for f in dataclasses.fields(Change)]
_CHANGE_DEFAULTS = [f.default for f in dataclasses.fields(Change)]
_CHANGE_LISTS = [
    n for n, f in enumerate(dataclasses.fields(Change)) if str(f.type).startswith("tuple")
]
_read = json.JSONDecoder().decode
_write = json.JSONEncoder(separators=(",", ":")).encode


def head_in(refs: Mapping[str, bytes]) -> Head:
    """Read head from a session's refs; before the first commit there is none."""
    return head_from_bytes(refs[HEAD_FIELD]) if HEAD_FIELD in refs else Head(DEFAULT_BRANCH, None)


def version_content(version: Version, nonce: str) -> bytes:
    """Write everything of a version but its id and annotation; the id is the digest of this."""
    fields = [
        FORMAT,
        version.parents,
        version.message,
        version.author,
        (version.created_at - _EPOCH) // _MICROSECOND,
        [_change_to_list(change) for change in version.changes],
        dict(sorted(version.values.items())),
        version.settings,
        nonce,
    ]
    if version.replaces is not None:
        fields.append(version.replaces)
    return _write(fields).encode()


def version_to_record(
    content: bytes, annotation: str = "", parents_now: Sequence[VersionId] | None = None
) -> bytes:
    """Put a version's content and what was said of it later into one record: lines of JSON.

    The second line is the annotation; the third one the parents that the version has since those
    of the content were pruned. Lines at the end that say nothing are left out. JSON as it is
    written here has no line break inside.
    """
    lines = [content]
    if annotation or parents_now is not None:
        lines.append(json.dumps(annotation).encode())
    if parents_now is not None:
        lines.append(_write(list(parents_now)).encode())
    return b"\n".join(lines)


def parents_in(content: bytes) -> tuple[VersionId, ...]:
    """Read the parents that a version was made from."""
    return tuple(json.loads(content)[1])


def version_from_record(version_id: VersionId, record: bytes) -> tuple[Version, bytes, str]:
    """Read a record: the version, its content as digested, and its nonce."""
    content, _, later = record.partition(b"\n")
    note, _, parents_now = later.partition(b"\n")
    try:
        made_by, parents, message, author, created_us, changes, values, settings, nonce, *more = (
            _read(content.decode())
        )
        (replaces,) = more or (None,)
        if made_by != FORMAT:
            raise CorruptDataError(f"version {version_id[:8]}", "it has an unknown format")
        annotation = json.loads(note) if note else ""
        if parents_now:
            parents = json.loads(parents_now)
        texts = (message, author, nonce, annotation, settings or "", *more, *parents)
        _must_be_texts(*texts, *values, *values.values())
        version = Version(
            id=version_id,
            parents=tuple(parents),
            message=message,
            created_at=_EPOCH + timedelta(microseconds=created_us),
            author=author,
            changes=tuple(map(_change_from_list, changes)),
            annotation=annotation,
            values=values,
            settings=ManifestId(settings) if settings else None,
            replaces=replaces,
        )
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise CorruptDataError(f"version {version_id[:8]}", str(error)) from error
    return version, content, nonce


def _must_be_texts(*values: object) -> None:
    if {*map(type, values)} != {str}:
        raise TypeError("something in it is not text")


def _change_to_list(change: Change) -> list[Any]:
    """List the fields in order, without those at the end that have their defaults."""
    values = [getattr(change, name) for name in _CHANGE_FIELDS]
    while values[-1] == _CHANGE_DEFAULTS[len(values) - 1]:
        values.pop()
    return values


def _change_from_list(values: list[Any]) -> Change:
    for place in _CHANGE_LISTS:
        if place < len(values):
            values[place] = tuple(values[place])
    return Change(*values)


def ref_text(data: bytes) -> str:
    """Read the value of a ref, which anybody who reaches the server could have written."""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise CorruptDataError("a ref", "it is not text") from error


def named(refs: Mapping[str, bytes], prefix: str) -> dict[RefName, VersionId]:
    """Read the branches, or the tags."""
    return {
        short_name(field): VersionId(ref_text(value))
        for field, value in refs.items()
        if field.startswith(prefix)
    }


def short_name(field: str) -> RefName:
    """Give a branch's or tag's name without its prefix."""
    return RefName(field[len(BRANCH_PREFIX) :])


def head_to_bytes(head: Head) -> bytes:
    """Write head as ``<version or -> <branch>``."""
    return f"{head.version or '-'} {head.branch}".encode()


def head_from_bytes(data: bytes) -> Head:
    """Read head."""
    version, _, branch = ref_text(data).partition(" ")
    return Head(RefName(branch), None if version == "-" else VersionId(version))
