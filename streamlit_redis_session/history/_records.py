"""Versions and refs as bytes."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from streamlit_redis_session.errors import CorruptDataError
from streamlit_redis_session.objects import (
    JSON,
    Change,
    Head,
    ManifestId,
    RefName,
    Version,
    VersionId,
)

FORMAT = 1
HEAD_FIELD = "HEAD"
BRANCH_PREFIX = "b:"
TAG_PREFIX = "t:"

_DEFAULTS = [(f.name, f.default) for f in dataclasses.fields(Change)]
_TUPLES = {f.name for f in dataclasses.fields(Change) if str(f.type).startswith("tuple")}


_write = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


def version_content(version: Version, nonce: str) -> bytes:
    """Write everything of a version but its id and annotation; the id is the digest of this."""
    return _write(
        {
            "format": FORMAT,
            "parents": version.parents,
            "message": version.message,
            "created_at": version.created_at.isoformat(),
            "author": version.author,
            "changes": [_change_to_json(change) for change in version.changes],
            "values": dict(version.values),
            "settings": version.settings,
            "nonce": nonce,
        }
    ).encode()


def version_to_record(content: bytes, annotation: str = "") -> bytes:
    """Put a version's content and its annotation into one record: two lines of JSON.

    JSON as it is written here has no line break inside.
    """
    return content + b"\n" + (json.dumps(annotation).encode() if annotation else b"")


def version_from_record(version_id: VersionId, record: bytes) -> tuple[Version, bytes, str]:
    """Read a record: the version, its content as digested, and its nonce."""
    try:
        content, _, annotation = record.partition(b"\n")
        fields = json.loads(content)
        if fields["format"] != FORMAT:
            raise CorruptDataError(f"version {version_id[:8]}", "it has an unknown format")
        version = Version(
            id=version_id,
            parents=tuple(VersionId(parent) for parent in fields["parents"]),
            message=fields["message"],
            created_at=datetime.fromisoformat(fields["created_at"]).astimezone(timezone.utc),
            author=fields["author"],
            changes=tuple(_change_from_json(change) for change in fields["changes"]),
            annotation=_text(json.loads(annotation)) if annotation else "",
            values={key: ManifestId(value) for key, value in fields["values"].items()},
            settings=None if fields["settings"] is None else ManifestId(fields["settings"]),
        )
        return version, content, fields["nonce"]
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise CorruptDataError(f"version {version_id[:8]}", str(error)) from error


def _change_to_json(change: Change) -> JSON:
    """Leave out what has its default, so that a small change is a small record."""
    return {
        name: value for name, default in _DEFAULTS if (value := getattr(change, name)) != default
    }


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("its annotation is not text")
    return value


def _change_from_json(fields: JSON) -> Change:
    typed: dict[str, Any] = {k: tuple(v) if k in _TUPLES else v for k, v in fields.items()}
    return Change(**typed)


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
