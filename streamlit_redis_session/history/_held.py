"""Values held in memory: what they are stored as, and how many are remembered."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Hashable, Mapping
from functools import cached_property
from threading import Lock

from streamlit_redis_session import codec
from streamlit_redis_session.chunks import Manifest, Selections, StoredColumn
from streamlit_redis_session.codec import Column
from streamlit_redis_session.objects import ManifestId


class Held:
    """A value as it was stored or read, held so that later edits can be told from it.

    ``value`` is a snapshot that nobody writes to: give away ``codec.snapshot(value)``.
    """

    def __init__(
        self,
        value: object,
        manifest_id: ManifestId,
        manifest: Manifest,
        by_token: Mapping[Hashable, StoredColumn] | None = None,
        selections: Selections | None = None,
        *,
        stamp: int | None = None,
    ) -> None:
        self._stamp = codec.memory_stamp() if stamp is None else stamp
        self.value = value
        self.manifest_id = manifest_id
        self.manifest = manifest
        self.selections = selections or Selections()
        self._by_token = by_token

    @property
    def is_intact(self) -> bool:
        """Whether the value still is what is stored: nobody is known to have written to it."""
        return not codec.is_tampered_with(self.value, since=self._stamp)

    @cached_property
    def identity(self) -> Hashable | None:
        """The token of the held memory, see ``codec.identity``."""
        return codec.identity(self.value)

    @cached_property
    def nbytes(self) -> int:
        """Memory of the snapshot, estimated."""
        return codec.nbytes(self.value)

    def by_token(self) -> Mapping[Hashable, StoredColumn]:
        """Pair the memory of the value's columns with what is stored of them."""
        if self._by_token is None:
            self._by_token = {
                token: stored
                for column, stored in self.columns()
                if (token := column.token()) is not None
            }
        return self._by_token

    def columns(self) -> list[tuple[Column, StoredColumn]]:
        """Pair the value's columns with what is stored of them."""
        columns = codec.encode(self.value, path="value").columns
        if len(columns) != len(self.manifest.columns):
            return []
        pairs = zip(columns, self.manifest.columns, strict=True)
        return [(column, stored) for column, stored in pairs if column.spec() == stored.spec]

    @cached_property
    def own_nbytes(self) -> int:
        """Memory beside the columns that other values may share."""
        return max(0, self.nbytes - sum(s.nbytes for s in self.by_token().values()))


class ValueCache:
    """Recently stored and read values, at most so many bytes; shared by all sessions.

    Columns that several values share (an edit leaves the others where they are) count once.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._held: OrderedDict[ManifestId, Held] = OrderedDict()
        self._users: Counter[Hashable] = Counter()
        self._bytes = 0
        self._lock = Lock()

    def get(self, manifest_id: ManifestId) -> Held | None:
        """Look a value up and mark it as recently used."""
        with self._lock:
            held = self._held.get(manifest_id)
            if held is not None and not held.is_intact:
                self._discharge(self._held.pop(manifest_id))
                return None
            if held is not None:
                self._held.move_to_end(manifest_id)
            return held

    def put(self, held: Held) -> None:
        """Remember a value; the least recently used go when the bytes are exceeded."""
        if held.nbytes > self._most_bytes:
            return
        held.by_token()  # outside of the lock: it may take a moment
        with self._lock:
            old = self._held.pop(held.manifest_id, None)
            if old is not None:
                self._discharge(old)
            self._held[held.manifest_id] = held
            self._charge(held)
            while self._bytes > self._most_bytes:
                self._discharge(self._held.popitem(last=False)[1])

    def _charge(self, held: Held) -> None:
        self._bytes += held.own_nbytes
        for token, stored in held.by_token().items():
            self._bytes += 0 if self._users[token] else stored.nbytes
            self._users[token] += 1

    def _discharge(self, held: Held) -> None:
        self._bytes -= held.own_nbytes
        for token, stored in held.by_token().items():
            self._users[token] -= 1
            if not self._users[token]:
                del self._users[token]
                self._bytes -= stored.nbytes
