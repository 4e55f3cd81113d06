"""The working values of a session, and what of them differs from head (the tracker)."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

from streamlit_redis_session import codec
from streamlit_redis_session.chunks import Plan
from streamlit_redis_session.codec.compare import compare
from streamlit_redis_session.errors import (
    ChunkNotFoundError,
    CorruptDataError,
    LimitExceededError,
    UnsupportedValueError,
)
from streamlit_redis_session.history import Held, ValueStore, together
from streamlit_redis_session.objects import Change, ManifestId, SessionKey

Refuse = Callable[[str, "UnsupportedValueError | LimitExceededError"], None]
"""What to do with a value that cannot be stored: raise, or note it and go on."""

SETTINGS_PATH = "settings"
_PLAIN = (type(None), bool, int, float, str)
"""Settings that nobody can write to."""


class _Unloaded:
    """Stands for a value that head has and nobody has asked for yet."""

    def __repr__(self) -> str:
        return "<not loaded>"


UNLOADED = _Unloaded()


@dataclass
class Staged:
    """What differs from head, planned but not written."""

    plans: dict[str, tuple[object, Plan]] = field(default_factory=dict)
    """Changed data values: the snapshot and its plan."""
    recognised: dict[str, tuple[object, Plan]] = field(default_factory=dict)
    """Changed data values that are stored already, under the manifest that ``values`` names."""
    values: dict[str, ManifestId] = field(default_factory=dict)
    """All data values, changed or not."""
    settings: dict[str, object] = field(default_factory=dict)
    settings_plan: Plan | None = None
    """``None`` when there are no settings."""
    memory: dict[str, frozenset[Hashable]] = field(default_factory=dict)
    """Names of the memory of snapshots."""
    stamp: int = field(default_factory=codec.memory_stamp)
    """The moment before anything was read: what is tampered with later is not what was stored."""

    @property
    def all_plans(self) -> list[Plan]:
        """What has to be in the store before a version of it is."""
        plans = [plan for _, plan in self.plans.values()]
        return plans if self.settings_plan is None else [*plans, self.settings_plan]

    def data_differs(self, from_values: Mapping[str, ManifestId]) -> bool:
        """Say whether a version is due."""
        return self.values != dict(from_values)


class WorkingValues:
    """The values that a session shows: loaded when asked for, compared with head on demand."""

    def __init__(self, store: ValueStore, session_key: SessionKey) -> None:
        self._store = store
        self._session_key = session_key
        self._values: dict[str, object] = {}
        self._held: dict[str, Held] = {}
        self._at_head: dict[str, ManifestId] = {}
        self._marks: dict[str, tuple[object, codec.Mark]] = {}
        """The snapshot that a working value shares its memory with, and how to tell that."""
        self.saved_settings: ManifestId | None = None
        """The manifest of the settings as last saved or read."""
        self._planned_settings: tuple[dict[str, object], Plan] | None = None

    # the mapping

    def keys(self) -> list[str]:
        """List the keys, data and settings, in the order in which they came."""
        return list(self._values)

    def __contains__(self, key: object) -> bool:
        """Say whether there is a value, readable or not."""
        return key in self._values

    def get(self, key: str) -> object:
        """Return a value, reading it from the store when it is asked for the first time.

        Raises
        ------
        KeyError
            There is no such value.
        ChunkNotFoundError, CorruptDataError
            It cannot be read.
        """
        value = self._values[key]
        if isinstance(value, _Unloaded):
            held = self._load(key, self._at_head[key])
            value = self._values[key] = codec.snapshot(held.value)
            self._mark(key, value, held.value)
        return value

    def held_copy(self, key: str) -> object | None:
        """Give the snapshot of what head has, if the working value shares all memory with it.

        Its memory has been noted: what is written to it from now on is noticed.
        """
        held = self._held_of(key)
        if held is None or not self._is_unchanged(key, self._values.get(key), held):
            return None
        held.note()
        return held.value

    def _mark(self, key: str, value: object, snapshot: object) -> None:
        """Make it quick to find a value of which a snapshot was just taken unchanged."""
        mark = codec.mark_of(value, snapshot)
        if mark is not None:
            self._marks[key] = (snapshot, mark)

    def _is_unchanged(self, key: str, value: object, held: Held) -> bool:
        """Tell from memory addresses alone; ``False`` may still mean equal."""
        snapshot, mark = self._marks.get(key, (None, None))
        if mark is not None and snapshot is held.value:
            return mark.matches(value)
        if not codec.is_same_memory(value, held.value):
            return False
        self._marks[key] = (held.value, codec.Mark(value, held.value))
        return True

    def put(self, key: str, value: object) -> None:
        """Put a value in place of what was there."""
        self._values[key] = value

    def remove(self, key: str) -> None:
        """Drop a value from the working values; versions keep it."""
        del self._values[key]

    def unload(self, key: str) -> None:
        """Forget what is in memory of a value that head has."""
        if key in self._at_head:
            self._values[key] = UNLOADED
            self._held.pop(key, None)
            self._marks.pop(key, None)

    def _load(self, key: str, manifest_id: ManifestId) -> Held:
        held = self._held_of(key)
        if held is None or held.manifest_id != manifest_id:
            held = self._store.load(self._session_key, manifest_id, path=key)
            self._held[key] = held
        return held

    def _held_of(self, key: str) -> Held | None:
        """Give what is held of a value, unless it was written to around pandas."""
        held = self._held.get(key)
        if held is not None and not held.is_intact:
            del self._held[key]
            return None
        return held

    def held(self, key: str) -> Held | None:
        """Give what is held of a value that head has; ``None`` when it was never read."""
        held = self._held_of(key)
        return held if held is not None and held.manifest_id == self._at_head.get(key) else None

    # head

    def show(self, values: Mapping[str, ManifestId]) -> None:
        """Take head's data values: what differs is dropped and read anew when asked for."""
        for key in set(self._at_head) - set(values):
            self._values.pop(key, None)
            self._held.pop(key, None)
            self._marks.pop(key, None)
        for key, manifest_id in values.items():
            held = self._held.get(key)
            if self._at_head.get(key) != manifest_id or key not in self._values:
                self._values[key] = UNLOADED
                self._marks.pop(key, None)
                if held is not None and held.manifest_id != manifest_id:
                    del self._held[key]
        self._at_head = dict(values)

    def committed(self, staged: Staged, values: Mapping[str, ManifestId]) -> None:
        """Take what was staged as head's state, then whatever else head has."""
        for key, (snapshot, plan) in staged.plans.items():
            if values.get(key) == plan.manifest_id:
                self._held[key] = self._remembered(key, snapshot, plan, staged)
                self._at_head[key] = plan.manifest_id
        for key in set(self._at_head) - set(staged.values):
            self._at_head.pop(key)
            self._held.pop(key, None)
            self._marks.pop(key, None)
        self.show(values)

    def edited_since(self, staged: Staged) -> tuple[dict[str, object], list[str]]:
        """Give the data values that are others than those staged, and the keys that are gone."""
        edited = {
            key: value
            for key, value in self._values.items()
            if not isinstance(value, _Unloaded) and not self._is_as_staged(key, value, staged)
        }
        return edited, [key for key in staged.values if key not in self._values]

    def _is_as_staged(self, key: str, value: object, staged: Staged) -> bool:
        if codec.classify(value) is not codec.Kind.DATA:
            return key not in staged.values
        if key in staged.plans:
            return codec.is_same_memory(value, staged.plans[key][0])
        held = self._held_of(key)
        return held is not None and self._is_unchanged(key, value, held)

    def rebase(self, values: Mapping[str, ManifestId]) -> None:
        """Compare with other data values from now on, and keep what is shown.

        For a head that the store has lost. What of it was never read and cannot be read any more
        becomes what the other version has.
        """
        for key in [k for k, manifest in self._at_head.items() if values.get(k) != manifest]:
            if isinstance(self._values.get(key), _Unloaded) and self._at_head_of(key) is None:
                del self._values[key]
                if key in values:
                    self._values[key] = UNLOADED
            elif key in self._values:
                self.get(key)
            self._held.pop(key, None)
            self._marks.pop(key, None)
        self._at_head = dict(values)
        self.saved_settings = None

    # what differs

    def stage(self, refuse: Refuse, *, afresh: bool = False) -> Staged:
        """Plan everything that differs from head. Writes nothing, and reads only replaced values.

        Parameters
        ----------
        refuse
            What to do with a value that cannot be stored.
        afresh
            Make nothing of what head has stored.
        """
        staged = Staged()
        settings: dict[str, object] = {}
        for key, value in self._values.items():
            if isinstance(value, _Unloaded):
                staged.values[key] = self._at_head[key]
            elif codec.classify(value) is codec.Kind.DATA:
                self._stage_data(key, value, staged, refuse, afresh=afresh)
            else:
                settings[key] = value
        self._stage_settings(settings, staged, refuse)
        return staged

    def _stage_data(
        self, key: str, value: object, staged: Staged, refuse: Refuse, *, afresh: bool
    ) -> None:
        held = self._held_of(key)
        if held is not None and self._is_unchanged(key, value, held) and key in self._at_head:
            staged.values[key] = held.manifest_id
            return
        try:
            snapshot = codec.snapshot(value)
            self._mark(key, value, snapshot)  # at once: the value may be written to
            # before anything is read of it: a later write to it must be noticed
            staged.memory[key] = memory = codec.note_memory(snapshot, together=together)
            before = None if afresh else self._base_of(key, memory)
            plan = self._store.plan(snapshot, path=key, before=before)
        except (UnsupportedValueError, LimitExceededError) as error:
            refuse(key, error)
            if key in self._at_head:  # what could be stored of it last stays
                staged.values[key] = self._at_head[key]
            return
        staged.values[key] = plan.manifest_id
        if plan.manifest_id != self._at_head.get(key):
            staged.plans[key] = (snapshot, plan)
        else:  # equal, in other memory: know it by that from now on
            self._held[key] = self._remembered(key, snapshot, plan, staged)

    def _remembered(self, key: str, snapshot: object, plan: Plan, staged: Staged) -> Held:
        memory = staged.memory.get(key)
        return self._store.remember(snapshot, plan, stamp=staged.stamp, memory=memory)

    def _base_of(self, key: str, memory: AbstractSet[Hashable]) -> Held | None:
        """Give what head has of a value, as the base of a value in other memory.

        What the new value does not share was not looked at since it was held: what is taken from
        there must be what is stored.
        """
        held = self._held_of(key) or self._at_head_of(key)
        if held is not None and codec.check_part(
            held.value, held.memory - memory, together=together
        ):
            held = self._at_head_of(key)
        return held

    def _stage_settings(self, settings: dict[str, object], staged: Staged, refuse: Refuse) -> None:
        """Plan the settings, or take the plan that was made of the same ones."""
        last = self._planned_settings
        if last is not None and _are_same(settings, last[0]):
            staged.settings, staged.settings_plan = settings, last[1]
            return
        staged.settings = {k: v for k, v in settings.items() if _is_storable(k, v, refuse)}
        if staged.settings:
            plan = self._store.plan(staged.settings, path=SETTINGS_PATH)
            staged.settings_plan = plan
            self._planned_settings = (staged.settings, plan)

    def recognise(self, staged: Staged, values: Mapping[str, ManifestId]) -> None:
        """Use the manifests of another version for values that are equal to its own.

        A value may be stored in several ways (whole, or as rows of another one): equality of
        content is what makes a step the redo of another.
        """
        for key, (_, plan) in list(staged.plans.items()):
            other = values.get(key)
            if other is None or other == plan.manifest_id:
                continue
            if self._store.is_same(self._session_key, plan, other):
                staged.values[key] = other
                staged.recognised[key] = staged.plans.pop(key)

    def changes(self, staged: Staged) -> tuple[Change, ...]:
        """Say what the staged values do to head's."""
        changes = [Change(key, "removed") for key in self._at_head if key not in staged.values]
        planned = {**staged.plans, **staged.recognised}
        changes += [
            self._change(key, self._at_head, snapshot, plan)
            for key, (snapshot, plan) in planned.items()
            if staged.values[key] != self._at_head.get(key)
        ]
        return tuple(changes)

    def changes_since(
        self, parent: Mapping[str, ManifestId], known: Iterable[Change], staged: Staged
    ) -> tuple[Change, ...]:
        """Say what the staged values do to those of head's parent; head itself did ``known``."""
        at_head = {change.key: change for change in known}
        changes = [Change(key, "removed") for key in parent if key not in staged.values]
        for key, manifest_id in staged.values.items():
            if parent.get(key) == manifest_id:
                continue
            if key in staged.plans:
                changes.append(self._change(key, parent, *staged.plans[key]))
            else:
                changes.append(at_head.get(key) or Change(key, "changed"))
        return tuple(changes)

    def _change(
        self, key: str, since: Mapping[str, ManifestId], snapshot: object, plan: Plan
    ) -> Change:
        if key not in since:
            return compare(key, None, snapshot)
        before = self._read_before(key, since[key])
        if before is None:
            rows, columns = codec.describe_shape(snapshot)
            return Change(key, "changed", rows_after=rows, columns_after=columns)
        cells = plan.cells if since is self._at_head else None
        forms = (before.manifest.parts, plan.manifest.parts)
        return compare(key, before.value, snapshot, cells=cells, forms=forms)

    def _at_head_of(self, key: str) -> Held | None:
        """Read what head has of a value; ``None`` when it has none, or it cannot be read.

        What takes the place of a lost value can still be saved.
        """
        return self._read_before(key, self._at_head[key]) if key in self._at_head else None

    def _read_before(self, key: str, manifest_id: ManifestId) -> Held | None:
        try:
            if manifest_id == self._at_head.get(key):
                return self._load(key, manifest_id)
            return self._store.load(self._session_key, manifest_id, path=key)
        except (ChunkNotFoundError, CorruptDataError, LimitExceededError):
            return None

    def setting_keys(self) -> set[str]:
        """List the loaded values that are not data."""
        return {
            key
            for key, value in self._values.items()
            if not isinstance(value, _Unloaded) and codec.classify(value) is codec.Kind.SETTING
        }

    def replace_settings(self, new: Mapping[str, Any], *, drop: Iterable[str] = ()) -> None:
        """Set some settings and drop others."""
        for key in drop:
            if key not in self._at_head:
                self._values.pop(key, None)
        self._values.update(new)


def _is_storable(key: str, value: object, refuse: Refuse) -> bool:
    try:
        codec.encode(value, path=key)
    except UnsupportedValueError as error:
        refuse(key, error)
        return False
    return True


def _are_same(settings: Mapping[str, object], others: Mapping[str, object]) -> bool:
    """Say whether settings are surely the same, in the same order: plain values alone can be."""
    return list(settings) == list(others) and all(map(_is_same, settings.values(), others.values()))


def _is_same(value: object, other: object) -> bool:
    kind = type(value)
    if kind is not type(other) or kind not in _PLAIN:
        return False
    # zeros are equal whatever their sign
    return value is other or (value == other and (kind is not float or value != 0.0))
