"""Graphs of versions written as short text: ``"c<b b<a a"`` is a line of three."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from streamlit_redis_session.objects import ManifestId, Version, VersionId

START = datetime(2026, 1, 1, tzinfo=timezone.utc)


def vid(letter: str) -> VersionId:
    """Make a whole version id from a letter."""
    return VersionId(letter.encode().hex() * 20)


def manifest(content: object) -> ManifestId:
    """Make the manifest id of some content."""
    return ManifestId(f"{content}".encode().hex().ljust(40, "0"))


def parents(picture: str) -> dict[VersionId, tuple[VersionId, ...]]:
    """Read ``child<parent+second_parent`` pairs; a version without ``<`` is a root."""
    found: dict[VersionId, tuple[VersionId, ...]] = {}
    for word in picture.split():
        child, _, line = word.partition("<")
        found[vid(child)] = tuple(vid(parent) for parent in line.split("+") if parent)
    return found


def version(letter: str, parent: str = "", message: str | None = None, **values: object) -> Version:
    """Make a version whose values are named by their content."""
    return Version(
        id=vid(letter),
        parents=tuple(vid(p) for p in parent),
        message=letter if message is None else message,
        created_at=START + timedelta(minutes=ord(letter[0])),
        author="",
        changes=(),
        values={key: manifest(content) for key, content in values.items()},
    )
