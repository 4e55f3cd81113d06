"""Versions and refs that were lost: written again from memory, or led around."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from streamlit_redis_session.chunks import Chunker
from streamlit_redis_session.history import _records as records
from streamlit_redis_session.history._picture import Picture
from streamlit_redis_session.history._placement import new_nonce
from streamlit_redis_session.history._versions import VERSION_ROLE, VersionBook
from streamlit_redis_session.objects import (
    DEFAULT_BRANCH,
    Fault,
    Head,
    RefName,
    Version,
    VersionId,
)
from streamlit_redis_session.storage import Backend, Outcome, Transaction


@dataclass
class _Mend:
    """What is to be written."""

    versions: dict[VersionId, bytes] = field(default_factory=dict)
    refs: dict[str, bytes] = field(default_factory=dict)
    gone_refs: list[str] = field(default_factory=list)
    gone_versions: list[VersionId] = field(default_factory=list)
    parents: dict[VersionId, list[VersionId]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.versions or self.refs or self.gone_refs or self.parents)


def mend_history(
    backend: Backend,
    chunker: Chunker,
    picture: Picture,
    books: Iterable[VersionBook],
    *,
    repair: bool,
) -> list[Fault]:
    """Name what is wrong with versions and refs; mend it where ``repair`` says so.

    A lost record that a session of this process has opened is written again. Otherwise refs and
    versions that name it are led to what was most likely its parent. Nothing is done where no
    version at all can be read: then rather the secret is another one.
    """
    mend = _Mend()
    faults = _mend_versions(chunker, picture, list(books), mend)
    faults += _mend_refs(picture, mend)
    for version_id, parents in mend.parents.items():
        mend.versions[version_id] = _with_parents(chunker, picture, version_id, parents)
    if not repair or not mend:
        return faults
    return [replace(f, is_repaired=f.can_repair) for f in _written(backend, picture, mend, faults)]


def _written(backend: Backend, picture: Picture, mend: _Mend, faults: list[Fault]) -> list[Fault]:
    """Write what mends; when somebody else has written meanwhile, nothing is repaired."""
    lives = backend.read_lives(picture.key)
    outcome = backend.transact(
        picture.key,
        Transaction(
            new_nonce() + "00",
            picture.record.epoch,
            max(1, round(lives.meta or 1)),
            expect_seq=picture.record.seq,
            set_refs={**mend.refs, records.SWEPT_FIELD: new_nonce().encode()},
            delete_refs=mend.gone_refs,
            put_versions=mend.versions,
            delete_versions=mend.gone_versions,
            event=b"refs",
        ),
    )
    if outcome is Outcome.APPLIED:
        return faults
    return [replace(f, can_repair=False, remedy="") for f in faults]


def _mend_versions(
    chunker: Chunker, picture: Picture, books: Sequence[VersionBook], mend: _Mend
) -> list[Fault]:
    faults = []
    for version_id, users in picture.lost().items():
        damage = picture.damaged.get(version_id)
        kind = "version-lost" if damage is None else "version-damaged"
        reason = damage or f"its record is missing, and {', '.join(users)} needs it"
        again = _again(chunker, picture, books, version_id)
        if again is not None:
            mend.versions[version_id] = again
            remedy = "written again from memory"
        else:
            remedy = _lead_around(picture, version_id, mend)
        what = f"version {version_id}"
        faults.append(
            Fault(
                *(kind, picture.key, what, reason, (version_id,)),
                can_repair=bool(remedy),
                remedy=remedy,
            )
        )
    return faults


def _again(
    chunker: Chunker, picture: Picture, books: Sequence[VersionBook], wanted: VersionId
) -> bytes | None:
    """Seal a record anew that a session of this process has opened."""
    for book in books:
        for version, nonce in book.written():
            content = records.version_content(version, nonce)
            # others than those of its content where its parents were pruned: then it is lost
            if version.id == wanted and chunker.version_id(content) == wanted:
                record = records.version_to_record(content, version.annotation)
                picture.versions[wanted] = version
                picture.contents[wanted] = content
                return chunker.seal_record(VERSION_ROLE, picture.key, wanted, record)
    return None


def _lead_around(picture: Picture, lost: VersionId, mend: _Mend) -> str:
    """Let what names a lost version name another one; say what was done, if anything."""
    if not picture.versions:
        return ""
    instead = _likely_parent(picture, lost)
    done = []
    if picture.head is not None and picture.head.version == lost:
        if instead is None:
            return ""
        mend.refs[records.HEAD_FIELD] = records.head_to_bytes(
            replace(picture.head, version=instead)
        )
        done.append(f"HEAD shows {instead[:8]}")
    for name, version_id in picture.refs.items():
        if version_id != lost:
            continue
        if name.startswith(records.BRANCH_PREFIX) and instead is not None:
            mend.refs[name] = instead.encode()
            done.append(f"branch {records.short_name(name)} ends at {instead[:8]}")
        else:
            mend.gone_refs.append(name)
            done.append(f"{records.short_name(name)}, which named it, is removed")
    for child in picture.versions.values():
        if lost in child.parents:
            own = mend.parents.get(child.id, list(child.parents))
            others = [p for p in own if p != lost]
            place = own.index(lost)
            others[place:place] = [instead] if instead and instead not in others else []
            mend.parents[child.id] = others
            done.append(f"{child.short_id} is made from {instead[:8] if instead else 'nothing'}")
    if lost in picture.damaged:
        mend.gone_versions.append(lost)
        done.append("its record is removed")
    return "; ".join(done)


def _likely_parent(picture: Picture, lost: VersionId) -> VersionId | None:
    """Guess what a lost version was made from: the newest before it that leads nowhere else."""
    children = [v for v in picture.versions.values() if lost in v.parents]
    until = min((v.created_at for v in children), default=None)
    parents = {p for v in picture.versions.values() for p in v.parents}
    tips = set(picture.refs.values())
    older = [v for v in picture.versions.values() if until is None or v.created_at < until]
    ends = [v for v in older if v.id not in parents and v.id not in tips]
    best = max(ends or older, key=lambda v: v.created_at, default=None)
    return best.id if best else None


def _with_parents(
    chunker: Chunker, picture: Picture, version_id: VersionId, parents: Sequence[VersionId]
) -> bytes:
    record = records.version_to_record(
        picture.contents[version_id], picture.versions[version_id].annotation, parents
    )
    return chunker.seal_record(VERSION_ROLE, picture.key, version_id, record)


# refs


def _mend_refs(picture: Picture, mend: _Mend) -> list[Fault]:
    faults = [_mend_odd(picture, name, mend) for name in picture.odd_refs]
    if not picture.versions:
        return faults
    branches = {n for n in picture.refs if n.startswith(records.BRANCH_PREFIX)}
    if picture.head is None:
        if records.HEAD_FIELD not in picture.odd_refs:
            head = _new_head(picture, mend)
            remedy = f"HEAD shows {str(head.version)[:8]} on {head.branch}"
            reason = "it is missing, though there are versions"
            faults.append(_fault(picture, "ref-lost", "HEAD", reason, remedy))
    elif (name := records.BRANCH_PREFIX + picture.head.branch) not in branches | mend.refs.keys():
        tip = _tip_after(picture, picture.head.version)
        if tip is not None:
            mend.refs[name] = tip.encode()
            remedy, reason = f"it ends at {tip[:8]}", "HEAD is on it, but it is missing"
            what = f"branch {picture.head.branch}"
            faults.append(_fault(picture, "ref-lost", what, reason, remedy))
    return faults


def _mend_odd(picture: Picture, name: str, mend: _Mend) -> Fault:
    what, reason, remedy = name, "its value cannot be read", ""
    if not picture.versions:
        return _fault(picture, "ref-damaged", what, reason, "")
    if name == records.HEAD_FIELD:
        head = _new_head(picture, mend)
        remedy = f"HEAD shows {str(head.version)[:8]} on {head.branch}"
    elif name.startswith(records.BRANCH_PREFIX):
        at = picture.head.version if picture.head else None
        tip = _tip_after(picture, at) or _newest(picture.versions).id
        mend.refs[name] = tip.encode()
        what, remedy = f"branch {records.short_name(name)}", f"it ends at {tip[:8]}"
    else:
        mend.gone_refs.append(name)
        what, remedy = f"tag {records.short_name(name)}", "removed"
    return _fault(picture, "ref-damaged", what, reason, remedy)


def _new_head(picture: Picture, mend: _Mend) -> Head:
    """Put HEAD on a branch's tip, the default one's first; with no branch, make one."""
    tips = {
        records.short_name(name): version_id
        for name, version_id in sorted(picture.refs.items())
        if name.startswith(records.BRANCH_PREFIX) and version_id in picture.versions
    }
    branch = DEFAULT_BRANCH if DEFAULT_BRANCH in tips or not tips else next(iter(tips))
    for number, end in enumerate(_loose_ends(picture) if not tips else ()):
        name = RefName(f"{DEFAULT_BRANCH}-{number + 1}") if number else DEFAULT_BRANCH
        tips[name] = end
        mend.refs[records.BRANCH_PREFIX + name] = end.encode()
    head = Head(branch, tips[branch])
    mend.refs[records.HEAD_FIELD] = records.head_to_bytes(head)
    return head


def _loose_ends(picture: Picture) -> list[VersionId]:
    """List the versions that nothing was made from, newest first."""
    parents = {p for v in picture.versions.values() for p in v.parents}
    ends = [v for v in picture.versions.values() if v.id not in parents]
    return [v.id for v in sorted(ends, key=lambda v: v.created_at, reverse=True)]


def _tip_after(picture: Picture, shown: VersionId | None) -> VersionId | None:
    """Follow the newest children of a version that lead to no branch's tip, as far as they go."""
    if shown not in picture.versions:
        return None
    children: dict[VersionId, list[Version]] = defaultdict(list)
    for version in picture.versions.values():
        for parent in version.parents[:1]:
            children[parent].append(version)
    named = set(picture.refs.values())
    at = picture.versions[shown]
    while nexts := [v for v in children[at.id] if v.id not in named]:
        at = _newest({v.id: v for v in nexts})
    return at.id


def _newest(versions: Mapping[VersionId, Version]) -> Version:
    return max(versions.values(), key=lambda v: v.created_at)


def _fault(picture: Picture, kind: str, what: str, reason: str, remedy: str) -> Fault:
    return Fault(kind, picture.key, what, reason, can_repair=bool(remedy), remedy=remedy)
