"""Everything of a session looked at: records, refs, manifests, chunks, leases; and mended."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from streamlit_redis_session.chunks import Manifest
from streamlit_redis_session.errors import CorruptDataError, LimitExceededError
from streamlit_redis_session.history._mending import mend_history
from streamlit_redis_session.history._picture import Picture, look_at_history
from streamlit_redis_session.history._placement import new_nonce
from streamlit_redis_session.history._pruning import manifests_of
from streamlit_redis_session.history._records import SWEPT_FIELD
from streamlit_redis_session.history._values import SETTINGS_ROLE, ValueStore
from streamlit_redis_session.history._versions import VersionBook
from streamlit_redis_session.objects import (
    ChunkId,
    Fault,
    ManifestId,
    SessionKey,
    VerifyReport,
    VersionId,
)
from streamlit_redis_session.storage import Backend, Outcome, SessionRecord, Transaction

T = TypeVar("T")
Progress = Callable[[int, int], None]
SLICE = 64
"""Manifests or chunks that are in memory together."""
_FOREVER = float("inf")
_EPOCH = re.compile(rb"[0-9a-f]{32}")
_LEASED = re.compile(rb"[0-9]{1,15}")
_CREATED = re.compile(rb"[0-9]{1,15}\.[0-9]{3}")
_TRIES = 5
_LONG_S = 86_400
"""What a session gets to live that was made to live for ever."""
_SLACK_S = 2.0
"""Keys that end together are read one after the other."""


class Verifier:
    """Looks at sessions one after the other, and at each chunk once.

    Parameters
    ----------
    books
        The versions of a session that this process knows, to mend records by.
    lease_s
        The lease that chunks of a session get which lives so many seconds.
    """

    def __init__(
        self,
        backend: Backend,
        values: ValueStore,
        *,
        books: Callable[[SessionKey], Iterable[VersionBook]],
        lease_s: Callable[[int], int],
        repair: bool,
        progress: Progress | None,
    ) -> None:
        self._backend = backend
        self._chunker = values.chunker
        self._values = values
        self._most_bytes = values.most_bytes
        self._books = books
        self._lease_s = lease_s
        self._wants_repair = repair
        self._repair = False
        self._progress = progress or _say_nothing
        self._seen: dict[bytes, tuple[str, str]] = {}
        """For each chunk looked at, what is wrong with it: kind and reason, or nothing."""
        self._faults: list[Fault] = []
        self._counts = dict.fromkeys(("sessions", "versions", "manifests", "bytes"), 0)
        self._done = self._total = 0

    def report(self) -> VerifyReport:
        """Say what was looked at and found so far."""
        counts = self._counts
        return VerifyReport(
            session_count=counts["sessions"],
            version_count=counts["versions"],
            manifest_count=counts["manifests"],
            chunk_count=len(self._seen),
            read_bytes=counts["bytes"],
            faults=tuple(self._faults),
        )

    def look_at(self, key: SessionKey) -> None:
        """Verify one session, which the index names or somebody knows.

        Where faults are found and somebody wrote meanwhile, it is looked at again: a history that
        changes while it is read seems to have lost something.
        """
        counts, faults = dict(self._counts), list(self._faults)
        for _ in range(_TRIES):
            seq = self._seq(key)
            self._look(key, repair=False)
            found = self._faults[len(faults) :]
            if not found or seq == self._seq(key):
                break
            self._start_over(counts, faults)
        if found and self._wants_repair:
            self._start_over(counts, faults)
            self._look(key, repair=True)

    def _start_over(self, counts: dict[str, int], faults: list[Fault]) -> None:
        """Forget what was found in a session, to look at it once more."""
        self._counts, self._faults = dict(counts), list(faults)
        self._seen = {name: found for name, found in self._seen.items() if not found[0]}

    def _seq(self, key: SessionKey) -> bytes | None:
        record = self._backend.read_session(key)
        return record.meta.get("seq") if record else None

    def _look(self, key: SessionKey, *, repair: bool) -> None:
        self._repair = repair
        self._counts["sessions"] += 1
        record = self._backend.read_session(key)
        if record is None:
            reason = "the index names it, but its meta is gone"
            self._faults.append(Fault("session-lost", key, "the session", reason))
            return
        if not self._is_meta_sound(key, record):
            return
        self._look_at_lives(key, record)
        picture = look_at_history(self._backend, self._chunker, key, record)
        self._counts["versions"] += len(picture.versions)
        self._counts["bytes"] += picture.read_bytes
        self._faults += mend_history(
            self._backend, self._chunker, picture, self._books(key), repair=self._repair
        )
        self._look_at_values(key, record, picture)

    # meta, and how long the keys live

    def _is_meta_sound(self, key: SessionKey, record: SessionRecord) -> bool:
        forms = {"epoch": _EPOCH, "created_at": _CREATED, "seq": _LEASED, "leased": _LEASED}
        wrong = [
            name
            for name, form in forms.items()
            if not form.fullmatch(record.meta.get(name, b"0" if name == "leased" else b""))
        ]
        if wrong:
            reason = f"{', '.join(wrong)} cannot be read"
            self._faults.append(Fault("meta-damaged", key, "the session's meta", reason))
        return wrong in ([], ["leased"], ["created_at"])

    def _look_at_lives(self, key: SessionKey, record: SessionRecord) -> None:
        lives = self._backend.read_lives(key)
        life = lives.meta
        if life is None:
            return  # it ended just now
        if lives.index is None or abs(lives.index - life) > _SLACK_S:
            what = "the session's entry in the index"
            reason = "it is missing" if lives.index is None else "it ends at another time"
            self._mended("index-missing", key, what, reason, "entered again")
        others = [lives.graph, lives.refs, lives.tables, lives.events]
        ends = [own for own in (*others, lives.index) if own is not None and own != _FOREVER]
        left_s = max(1, round(life if life != _FOREVER else max(ends, default=_LONG_S)))
        if any(own is not None and abs(own - life) > _SLACK_S for own in others):
            reason = "they do not end with the session"
            self._mended("life-differs", key, "the session's keys", reason, "end together")
        if self._repair and self._faults and self._faults[-1].kind in _LIVES:
            self._backend.touch_session(key, ttl_s=left_s)
        if lives.events is None and record.version_count:
            self._tell_again(key, record, left_s)

    def _tell_again(self, key: SessionKey, record: SessionRecord, left_s: int) -> None:
        """Begin the list of events anew: it holds hints only."""
        self._mended(
            "events-lost", key, "the session's events", "the list is missing", "begun anew"
        )
        if self._repair:
            change = Transaction(new_nonce() + "00", record.epoch, left_s, event=b"refs")
            self._backend.transact(key, change)

    def _mended(self, kind: str, key: SessionKey, what: str, reason: str, remedy: str) -> None:
        """Note what can always be repaired."""
        self._note(kind, key, what, reason, (), True, remedy)

    # values

    def _look_at_values(self, key: SessionKey, record: SessionRecord, picture: Picture) -> None:
        users: dict[ManifestId, list[VersionId]] = defaultdict(list)
        for version in picture.versions.values():
            for manifest_id in dict.fromkeys(manifests_of(version)):
                users[manifest_id].append(version.id)
        chunk_users: dict[ChunkId, set[VersionId]] = defaultdict(set)
        for names in slices(users, SLICE):
            for name, manifest in self._manifests(key, record, names, users):
                for chunk_id in manifest.chunk_ids():
                    chunk_users[chunk_id].update(users[name])
        for chunk_id in self._settings_chunks(key, record, picture):
            chunk_users[chunk_id].update(())
        self._look_at_chunks(key, chunk_users)

    def _manifests(
        self,
        key: SessionKey,
        record: SessionRecord,
        names: Sequence[ManifestId],
        users: dict[ManifestId, list[VersionId]],
    ) -> Iterator[tuple[ManifestId, Manifest]]:
        """Give the manifests that can be read, or that this process has."""
        tables = self._backend.read_tables(key, names)
        again: dict[ManifestId, bytes] = {}
        for name in names:
            self._counts["manifests"] += 1
            self._counts["bytes"] += len(tables.get(name, b""))
            try:
                if name in tables:
                    yield name, self._values.open_table(key, name, tables[name])
                    continue
                kind, reason = "manifest-lost", "it is missing from the session"
            except (CorruptDataError, LimitExceededError) as error:
                kind, reason = "manifest-damaged", _reason(error)
            known = self._values.known_manifest(name)
            self._note(kind, key, f"manifest {name}", reason, users[name], known is not None)
            if known is not None:
                again[name] = self._values.seal_manifest(key, name, known)
                yield name, known
        if again and self._repair:
            self._put_tables(key, record, again)

    def _put_tables(
        self, key: SessionKey, record: SessionRecord, again: dict[ManifestId, bytes]
    ) -> None:
        lives = self._backend.read_lives(key)
        change = Transaction(
            new_nonce() + "00", record.epoch, max(1, round(lives.meta or 1)), put_tables=again
        )
        if self._backend.transact(key, change) is not Outcome.APPLIED:
            raise CorruptDataError("the session", "it was replaced while it was verified")

    def _settings_chunks(
        self, key: SessionKey, record: SessionRecord, picture: Picture
    ) -> list[ChunkId]:
        """Check the settings of the moment; give their chunks."""
        sealed = record.meta.get(SETTINGS_ROLE)
        if sealed is None:
            return []
        self._counts["bytes"] += len(sealed)
        try:
            data = self._chunker.open_record(SETTINGS_ROLE, key, "current", sealed)
            return Manifest.from_bytes(data).chunk_ids()
        except (CorruptDataError, LimitExceededError) as error:
            again = self._settings_again(key, picture)
            self._note(
                *("settings-damaged", key, "the settings of the moment", _reason(error)),
                *((), again is not None, "those of head's version take their place"),
            )
            if again is not None and self._repair:
                left_s = max(1, round(self._backend.read_lives(key).meta or 1))
                meta = {SETTINGS_ROLE: again}
                change = Transaction(new_nonce() + "00", record.epoch, left_s, set_meta=meta)
                self._backend.transact(key, change)
            return []

    def _settings_again(self, key: SessionKey, picture: Picture) -> bytes | None:
        """Seal the settings of head's version as those of the moment."""
        at = picture.head.version if picture.head else None
        shown = picture.versions.get(at) if at else None
        if shown is None or shown.settings is None:
            return None
        try:
            data = self._values.read_table(key, shown.settings).to_bytes()
        except CorruptDataError:
            return None
        return self._chunker.seal_record(SETTINGS_ROLE, key, "current", data)

    # chunks

    def _look_at_chunks(self, key: SessionKey, users: dict[ChunkId, set[VersionId]]) -> None:
        life = self._backend.read_lives(key).meta or 0.0
        short: list[ChunkId] = []
        self._total += len(users)
        for names in slices(users, SLICE):
            fresh = [name for name in names if bytes.fromhex(name) not in self._seen]
            for name, sealed in zip(fresh, self._backend.get_chunks(fresh), strict=True):
                self._counts["bytes"] += len(sealed or b"")
                self._seen[bytes.fromhex(name)] = self._checked(name, sealed)
            lives = self._backend.chunk_lives(names)
            short += [c for c, own in zip(names, lives, strict=True) if 0 < own < life - _SLACK_S]
            for name in names:
                self._judge(key, name, sorted(users[name]))
            self._done += len(names)
            self._progress(self._done, self._total)
        if short:
            reason = f"{len(short):,} of {len(users):,} chunks end before the session"
            self._mended("lease-short", key, "leases", reason, "lengthened")
            if self._repair and life != _FOREVER:
                self._backend.extend_chunks(short, lease_s=self._lease_s(round(life)))

    def _checked(self, name: ChunkId, sealed: bytes | None) -> tuple[str, str]:
        if sealed is None:
            return "chunk-lost", "the store does not have it"
        try:
            self._chunker.check_chunk(name, sealed, most_bytes=self._most_bytes)
        except (CorruptDataError, LimitExceededError) as error:
            return "chunk-damaged", _reason(error)
        return "", ""

    def _judge(self, key: SessionKey, name: ChunkId, versions: Sequence[VersionId]) -> None:
        kind, reason = self._seen[bytes.fromhex(name)]
        if not kind:
            return
        is_damaged = kind == "chunk-damaged"
        can = bool(self._values.heal([name], damaged=is_damaged, dry=not self._repair))
        remedy = "stored again from memory"
        if is_damaged and not can and self._repair:
            # who has the content could never store it again beside these bytes
            remedy = "taken away, so that whoever has its content can store it again"
            self._backend.drop_chunks([name])
            self._backend.announce_sweep(new_nonce().encode())
            self._backend.mark_session(key, SWEPT_FIELD, new_nonce().encode())
            self._seen[bytes.fromhex(name)] = "chunk-lost", "the store does not have it"
        self._note(kind, key, f"chunk {name}", reason, versions, can, remedy)
        if can and self._repair:
            self._seen[bytes.fromhex(name)] = "", ""

    def _note(
        self,
        kind: str,
        key: SessionKey,
        what: str,
        reason: str,
        versions: Sequence[VersionId],
        can: bool,
        remedy: str = "written again from memory",
    ) -> None:
        self._faults.append(
            Fault(
                kind,
                key,
                what,
                reason,
                tuple(versions),
                can_repair=can,
                is_repaired=can and self._repair,
                remedy=remedy if can or (self._repair and kind == "chunk-damaged") else "",
            )
        )


_LIVES = ("index-missing", "life-differs")


def _reason(error: CorruptDataError | LimitExceededError) -> str:
    return error.reason if isinstance(error, CorruptDataError) else "it would be too large"


def slices(items: Iterable[T], most: int) -> Iterator[list[T]]:
    """Cut something into lists of at most so many."""
    remaining = iter(items)
    return iter(lambda: list(islice(remaining, most)), [])


def _say_nothing(done: int, total: int) -> None:
    """Report no progress."""
    del done, total
