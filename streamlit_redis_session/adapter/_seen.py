"""What session state held when it was last saved or shown, and what differs from that."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Hashable, Mapping

from streamlit_redis_session import codec
from streamlit_redis_session.adapter._saving import Snapshot
from streamlit_redis_session.errors import UnsupportedValueError

Refuse = Callable[[str, UnsupportedValueError], None]


class Seen:
    """Tells what a run changed, at the cost of a look at each value."""

    def __init__(self) -> None:
        self._data: dict[str, tuple[Hashable | None, object]] = {}
        """Data values: identity, and a snapshot that keeps it valid."""
        self._settings: dict[str, object] | None = {}
        """Descriptions; ``None``: not known, all are to be saved."""

    def note(self, values: Mapping[str, object], *, at_head: Collection[str]) -> None:
        """Take data values as they are shown now; forget those that head does not have."""
        for key, value in values.items():
            if key in at_head:
                self._data[key] = (codec.identity(value), codec.snapshot(value))
        for key in self._data.keys() - set(at_head):
            del self._data[key]

    def note_settings(self, values: Mapping[str, object] | None) -> None:
        """Take settings as saved; ``None``: what is saved is not known."""
        self._settings = None
        if values is not None:
            settings = {k: v for k, v in values.items() if is_setting(v)}
            self._settings = {key: _describe(key, value) for key, value in settings.items()}

    def keys(self) -> set[str]:
        """List what is taken as saved."""
        return {*self._data, *(self._settings or {})}

    def forget(self) -> None:
        """Take nothing as saved."""
        self._data.clear()
        self._settings = None

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
        settings: dict[str, tuple[object, object]] = {}
        for key, value in values.items():
            error = self._tried(key, value, snapshot, settings)
            if error is not None:
                refuse(key, error)
                snapshot.unstorable.add(key)
        self._take_removed(values.keys() - settings.keys(), snapshot)
        self._take_settings(settings, snapshot)
        return snapshot

    def _tried(
        self,
        key: str,
        value: object,
        snapshot: Snapshot,
        settings: dict[str, tuple[object, object]],
    ) -> UnsupportedValueError | None:
        try:
            self._take(key, value, snapshot, settings)
        except UnsupportedValueError as error:
            return error
        except Exception as error:  # noqa: BLE001 (an object of the app may raise anything)
            return UnsupportedValueError(
                key, f"looking at it raised {type(error).__name__}: {error}"
            )
        return None

    def _take(
        self,
        key: str,
        value: object,
        snapshot: Snapshot,
        settings: dict[str, tuple[object, object]],
    ) -> None:
        if is_setting(value):
            settings[key] = (value, _describe(key, value))
            return
        identity = codec.identity(value)
        seen = self._data.get(key)
        if identity is not None and seen is not None and seen[0] == identity:
            return
        copy = codec.snapshot(value)
        held = codec.identity(copy)
        self._data[key] = (held, None if held is None else copy)
        snapshot.changed[key] = copy
        snapshot.is_certain |= seen is None or seen[0] is not None or held is not None

    def _take_removed(self, present: Collection[str], snapshot: Snapshot) -> None:
        snapshot.removed = self._data.keys() - present
        snapshot.is_certain |= bool(snapshot.removed)
        for key in snapshot.removed:
            del self._data[key]

    def _take_settings(
        self, settings: Mapping[str, tuple[object, object]], snapshot: Snapshot
    ) -> None:
        described = {key: description for key, (_, description) in settings.items()}
        before, self._settings = self._settings, described
        if described == before:
            return
        snapshot.settings = {key: codec.snapshot(value) for key, (value, _) in settings.items()}
        if before is not None:
            snapshot.is_certain = True
            snapshot.own_settings = {k for k, d in described.items() if before.get(k) != d}


def is_setting(value: object) -> bool:
    """Whether a change of a value makes no version."""
    return codec.classify(value) is codec.Kind.SETTING


def _describe(key: str, value: object) -> object:
    """Describe a setting so that equal descriptions mean equal settings."""
    encoded = codec.encode(value, path=key)
    # as text, because True == 1 == 1.0
    return json.dumps(encoded.description), [bytes(c.piece(0, c.rows)) for c in encoded.columns]
