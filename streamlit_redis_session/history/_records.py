"""Versions and refs as bytes."""

from __future__ import annotations

import dataclasses
import json
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

_TUPLES = {f.name for f in dataclasses.fields(Change) if str(f.type).startswith("tuple")}


def version_content(version: Version, nonce: str) -> bytes:
    """Write everything of a version but its id and annotation; the id is the digest of this."""
    return json.dumps(
        {
            "format": FORMAT,
            "parents": list(version.parents),
            "message": version.message,
            "created_at": version.created_at.isoformat(),
            "author": version.author,
            "changes": [_change_to_json(change) for change in version.changes],
            "values": dict(version.values),
            "settings": version.settings,
            "nonce": nonce,
        },
        sort_keys=True,
        separators=(",", ":"),
    ).encode()


def version_to_record(content: bytes, annotation: str = "") -> bytes:
    """Put a version's content and its annotation into one record."""
    return json.dumps({"content": content.decode(), "annotation": annotation}).encode()


def version_from_record(version_id: VersionId, record: bytes) -> tuple[Version, bytes, str]:
    """Read a record: the version, its content as digested, and its nonce."""
    try:
        outer = json.loads(record)
        content = outer["content"].encode()
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
            annotation=outer["annotation"],
            values={key: ManifestId(value) for key, value in fields["values"].items()},
            settings=None if fields["settings"] is None else ManifestId(fields["settings"]),
        )
        return version, content, fields["nonce"]
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise CorruptDataError(f"version {version_id[:8]}", str(error)) from error


def _change_to_json(change: Change) -> JSON:
    """Leave out what has its default, so that a small change is a small record."""
    return {
        f.name: value
        for f in dataclasses.fields(change)
        if (value := getattr(change, f.name)) != f.default
    }


def _change_from_json(fields: JSON) -> Change:
    typed: dict[str, Any] = {k: tuple(v) if k in _TUPLES else v for k, v in fields.items()}
    return Change(**typed)


def ref_text(data: bytes) -> str:
    """Read the value of a ref, which anybody who reaches the server could have written."""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise CorruptDataError("a ref", "it is not text") from error


def head_to_bytes(head: Head) -> bytes:
    """Write head as ``<version or -> <branch>``."""
    return f"{head.version or '-'} {head.branch}".encode()


def head_from_bytes(data: bytes) -> Head:
    """Read head."""
    version, _, branch = ref_text(data).partition(" ")
    return Head(RefName(branch), None if version == "-" else VersionId(version))
