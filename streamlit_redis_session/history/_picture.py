"""The history of a session as it is stored, damaged or not."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from streamlit_redis_session.chunks import Chunker
from streamlit_redis_session.errors import CorruptDataError, LimitExceededError
from streamlit_redis_session.history import _records as records
from streamlit_redis_session.history._versions import VERSION_ROLE
from streamlit_redis_session.objects import Head, SessionKey, Version, VersionId
from streamlit_redis_session.storage import Backend, SessionRecord

_ID = re.compile("[0-9a-f]{40}")


@dataclass
class Picture:
    """What can be read of a history, and what cannot."""

    key: SessionKey
    record: SessionRecord
    versions: dict[VersionId, Version] = field(default_factory=dict)
    """Those whose record is sound."""
    contents: dict[VersionId, bytes] = field(default_factory=dict)
    damaged: dict[VersionId, str] = field(default_factory=dict)
    """Why a record cannot be used."""
    head: Head | None = None
    """``None``: there is none, or it cannot be read."""
    refs: dict[str, VersionId] = field(default_factory=dict)
    """Branches and tags, with their prefixes, that are well-formed."""
    odd_refs: list[str] = field(default_factory=list)
    """Fields that are not."""
    read_bytes: int = 0

    def lost(self) -> dict[VersionId, list[str]]:
        """List the versions that something names and nobody can read, and what names them."""
        found: dict[VersionId, list[str]] = defaultdict(list)
        for version_id in self.damaged:
            found[version_id] = []
        if self.head is not None and self.head.version and self.head.version not in self.versions:
            found[self.head.version].append("HEAD")
        for name, version_id in self.refs.items():
            if version_id not in self.versions:
                kind = "branch" if name.startswith(records.BRANCH_PREFIX) else "tag"
                found[version_id].append(f"{kind} {records.short_name(name)}")
        for version in self.versions.values():
            for parent in version.parents:
                if parent not in self.versions:
                    found[parent].append(f"version {version.short_id}")
        return found


def look_at_history(
    backend: Backend, chunker: Chunker, key: SessionKey, record: SessionRecord
) -> Picture:
    """Read refs and all version records; check each record's seal and name."""
    picture = Picture(key, record)
    _look_at_refs(picture, record.refs)
    for version_id, sealed in backend.read_versions(key).items():
        picture.read_bytes += len(sealed)
        _look_at_record(picture, chunker, version_id, sealed)
    return picture


def _look_at_record(
    picture: Picture, chunker: Chunker, version_id: VersionId, sealed: bytes
) -> None:
    try:
        opened = chunker.open_record(VERSION_ROLE, picture.key, version_id, sealed)
        version, content, _ = records.version_from_record(version_id, opened)
    except CorruptDataError as error:
        picture.damaged[version_id] = error.reason
    except LimitExceededError:
        picture.damaged[version_id] = "it would be too large"
    else:
        if chunker.version_id(content) != version_id:
            picture.damaged[version_id] = "its content has another digest than its name"
            return
        picture.versions[version_id] = version
        picture.contents[version_id] = content


def _look_at_refs(picture: Picture, refs: Mapping[str, bytes]) -> None:
    for name, value in refs.items():
        _look_at_ref(picture, name, value)


def _look_at_ref(picture: Picture, name: str, value: bytes) -> None:
    try:
        if name == records.HEAD_FIELD:
            picture.head = _sound_head(value)
        elif name.startswith((records.BRANCH_PREFIX, records.TAG_PREFIX)):
            picture.refs[name] = _sound_id(records.ref_text(value))
    except CorruptDataError:
        picture.odd_refs.append(name)


def _sound_head(value: bytes) -> Head:
    head = records.head_from_bytes(value)
    if head.version is not None:
        _sound_id(head.version)
    if not head.branch:
        raise CorruptDataError("HEAD", "it names no branch")
    return head


def _sound_id(text: str) -> VersionId:
    if not _ID.fullmatch(text):
        raise CorruptDataError("a ref", "it is no version id")
    return VersionId(text)
