"""What session state held when it was last saved or shown, and what differs from that."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from streamlit_redis_session import codec
from streamlit_redis_session.adapter._saving import Snapshot
from streamlit_redis_session.errors import UnsupportedValueError

Refuse = Callable[[str, UnsupportedValueError], None]


class SeenValue:
    """One data value as it was seen last."""

    # in this order they go: memory must be writable again before its snapshot is gone
    __slots__ = ("_content", "_frozen", "_mark", "_stamp", "copy")

    def __init__(self, value: object, copy: object = None, *, freeze: bool = False) -> None:
        """See a value; ``copy`` is a snapshot that shares all memory with it, if there is one."""
        self._stamp = codec.memory_stamp()
        self.copy: object = codec.snapshot(value) if copy is None else copy
        """A snapshot; it keeps the memory from being used for anything else."""
        if copy is None:
            self._mark = codec.mark_of(value, self.copy)
        else:
            self._mark = codec.Mark(value, copy)
        self._content = codec.fingerprint(value) if self._mark is None else None
        self._frozen = codec.Frozen(value) if freeze and self._mark is not None else None

    @property
    def is_by_memory(self) -> bool:
        """Whether memory alone tells if the value was written to."""
        return self._mark is not None

    @property
    def is_exact(self) -> bool:
        """Whether a difference can be told without comparing with what is stored."""
        return self._mark is not None or self._content is not None

    @property
    def is_tampered_with(self) -> bool:
        """Whether a write around pandas to the value's memory was found since."""
        return self._mark is not None and codec.is_tampered_with(self.copy, since=self._stamp)

    def settle(self) -> SeenValue:
        """Let go of a copy that is not needed to tell changes."""
        if self._mark is None:
            self.copy = None
        return self

    def is_of(self, value: object) -> bool:
        """Tell whether this is the same value, written to around pandas or not."""
        return self._mark is not None and self._mark.matches(value)

    def is_unchanged(self, value: object) -> bool:
        """Tell whether this is the same value, and nobody wrote to it."""
        if self._mark is not None:
            is_as_marked = self._mark.matches(value)
            if self._stamp == codec.memory_stamp():
                return is_as_marked
            return is_as_marked and not self.is_tampered_with
        return self._content is not None and codec.has_fingerprint(value, self._content)


@dataclass(slots=True)
class _Setting:
    value: object
    description: object

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Setting) and other.description == self.description

    __hash__ = None  # type: ignore[assignment]  # the value may be a list


class Seen:
    """Tells what a run changed, at the cost of a look at each value."""

    def __init__(self) -> None:
        self._data: dict[str, SeenValue] = {}
        self._settings: dict[str, _Setting] | None = {}
        """``None``: not known, all are to be saved."""
        self.freezes = False
        """Whether writes around pandas to what is seen are to raise."""

    def note(
        self,
        values: Mapping[str, object],
        *,
        at_head: Collection[str],
        copies: Mapping[str, object] | None = None,
    ) -> None:
        """Take data values as they are shown now; forget those that head does not have.

        ``copies`` are snapshots that share all memory with some of them, and have been noted.
        """
        for key, value in values.items():
            if key in at_head:
                copy = copies.get(key) if copies else None
                seen = self._data[key] = SeenValue(value, copy, freeze=self.freezes).settle()
                if copy is None:
                    codec.note_memory(seen.copy)  # before the app can write to it
        for key in self._data.keys() - set(at_head):
            del self._data[key]

    def note_settings(self, values: Mapping[str, object] | None) -> None:
        """Take settings as saved; ``None``: what is saved is not known."""
        self._settings = None
        if values is not None:
            settings = {k: v for k, v in values.items() if is_setting(v)}
            self._settings = {k: _Setting(v, _describe(k, v)) for k, v in settings.items()}

    def keys(self) -> set[str]:
        """List what is taken as saved."""
        return {*self._data, *(self._settings or {})}

    def forget(self) -> None:
        """Take nothing as saved."""
        self._data.clear()
        self._settings = None

    # writes around pandas

    def copies(self) -> list[object]:
        """Give the snapshots whose memory the app can write to around pandas."""
        return [seen.copy for seen in self._data.values() if seen.is_by_memory]

    def tampered(self) -> list[str]:
        """List the values whose memory was found to be tampered with."""
        return [key for key, seen in self._data.items() if seen.is_tampered_with]

    def tampered_in(self, values: Mapping[str, object]) -> list[str]:
        """List those of them that are still shown."""
        return [k for k in self.tampered() if k in values and self._data[k].is_of(values[k])]

    def take_tampered(self) -> Snapshot:
        """Snapshot what was found to be tampered with, and take it as seen."""
        snapshot = Snapshot()
        for key in self.tampered():
            seen = SeenValue(self._data[key].copy)
            snapshot.changed[key] = seen.copy
            self._data[key] = seen.settle()
            snapshot.is_certain = True
        return snapshot

    # what a run changed

    def changes(self, values: Mapping[str, object], refuse: Refuse) -> Snapshot:
        """Snapshot what differs, and take it as seen.

        Parameters
        ----------
        values
            All tracked entries of session state.
        refuse
            Told of each value that cannot be stored; what was stored of it last stays.
        """
        snapshot = Snapshot()
        settings: dict[str, _Setting] = {}
        before = self._settings or {}
        for key, value in values.items():
            try:
                seen, known = self._data.get(key), before.get(key)
                if seen is not None and seen.is_unchanged(value):
                    continue
                if known is not None and codec.is_same_setting(value, known.value):
                    settings[key] = known
                else:
                    self._take(key, value, snapshot, settings)
            except Exception as error:  # noqa: BLE001 (an object of the app may raise anything)
                refuse(key, _refusal(key, error))
                snapshot.unstorable.add(key)
        if not self._data.keys() <= values.keys() or not settings.keys().isdisjoint(self._data):
            self._take_removed(values.keys() - settings.keys(), snapshot)
        self._take_settings(settings, snapshot)
        return snapshot

    def _take(
        self, key: str, value: object, snapshot: Snapshot, settings: dict[str, _Setting]
    ) -> None:
        if is_setting(value):
            settings[key] = _Setting(value, _describe(key, value))
            return
        before, now = self._data.get(key), SeenValue(value, freeze=self.freezes)
        snapshot.changed[key] = now.copy
        snapshot.is_certain |= before is None or before.is_exact or now.is_exact
        self._data[key] = now.settle()

    def _take_removed(self, present: Collection[str], snapshot: Snapshot) -> None:
        snapshot.removed = self._data.keys() - present
        snapshot.is_certain |= bool(snapshot.removed)
        for key in snapshot.removed:
            del self._data[key]

    def _take_settings(self, settings: dict[str, _Setting], snapshot: Snapshot) -> None:
        before, self._settings = self._settings, settings
        if settings == before:
            return
        snapshot.settings = {k: codec.snapshot(setting.value) for k, setting in settings.items()}
        if before is not None:
            snapshot.is_certain = True
            snapshot.own_settings = {k for k, s in settings.items() if before.get(k) != s}


def _refusal(key: str, error: Exception) -> UnsupportedValueError:
    if isinstance(error, UnsupportedValueError):
        return error
    return UnsupportedValueError(key, f"looking at it raised {type(error).__name__}: {error}")


def is_setting(value: object) -> bool:
    """Whether a change of a value makes no version."""
    return codec.classify(value) is codec.Kind.SETTING


def _describe(key: str, value: object) -> object:
    """Describe a setting so that equal descriptions mean equal settings."""
    encoded = codec.encode(value, path=key)
    # as text, because True == 1 == 1.0
    return json.dumps(encoded.description), [bytes(c.piece(0, c.rows)) for c in encoded.columns]
