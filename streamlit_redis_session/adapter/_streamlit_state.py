"""Private names of Streamlit, part one: the session state of one tab.

Import from ``_streamlit_private``. Checked against Streamlit 1.66 and 1.67.
"""

# ruff: noqa: SLF001
# Touching private names is what this file is for.

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from enum import Enum
from typing import Any, Final

import streamlit
from streamlit.errors import StreamlitAPIException

from streamlit_redis_session.errors import ConfigurationError

try:
    from streamlit.runtime.state.common import GENERATED_ELEMENT_ID_PREFIX, WidgetMetadata
    from streamlit.runtime.state.safe_session_state import SafeSessionState
    from streamlit.runtime.state.session_state import (
        STREAMLIT_INTERNAL_KEY_PREFIX,
        KeyIdMapper,
        Serialized,
        SessionState,
        Value,
        WStates,
    )
except ImportError as error:
    raise ConfigurationError(
        f"Streamlit {streamlit.__version__} is not supported: {error}. Install streamlit>=1.66."
    ) from error

OWN_PREFIX: Final = "_srs_"
"""Session-state keys with this prefix are the package's own and are never saved."""

REQUIRED_NAMES: Final[tuple[tuple[type, tuple[str, ...]], ...]] = (
    (SafeSessionState, ("_state", "_lock")),
    (SessionState, ("_old_state", "_new_session_state", "_new_widget_state", "_key_id_mapper")),
    (WStates, ("states", "widget_metadata", "__getitem__")),
    (KeyIdMapper, ("_key_id_mapping",)),
    (WidgetMetadata, ("value_type", "deserializer")),
)

_SLOT_KEY: Final = f"{STREAMLIT_INTERNAL_KEY_PREFIX}_SRS_SLOT"
_MISSING: Final = object()

# --- kinds of widgets -------------------------------------------------------------------------


class WidgetKind(Enum):
    """What a keyed widget's value is, seen from saving and restoring."""

    SETTING = "setting"
    TRIGGER = "trigger"
    UPLOAD = "upload"
    EDITOR = "editor"
    SELECTION = "selection"
    COMPONENT = "component"
    UNKNOWN = "unknown"

    @property
    def is_restorable(self) -> bool:
        """Whether the value may be set again in a new tab.

        A restored trigger would stay pressed, and Streamlit refuses values set for
        triggers, uploads, editors and selections in charts.
        """
        return self is WidgetKind.SETTING


_KIND_BY_VALUE_TYPE: Final = {
    "trigger_value": WidgetKind.TRIGGER,
    "string_trigger_value": WidgetKind.TRIGGER,
    "json_trigger_value": WidgetKind.TRIGGER,
    "chat_input_value": WidgetKind.TRIGGER,
    "file_uploader_state_value": WidgetKind.UPLOAD,
    "json_value": WidgetKind.COMPONENT,
    "arrow_value": WidgetKind.COMPONENT,
    "bytes_value": WidgetKind.COMPONENT,
}

# Text inputs, data editors and chart selections all travel as "string_value": only the
# module of the deserializer tells them apart.
_KIND_BY_MODULE: Final = {
    **dict.fromkeys(
        [
            *("streamlit.elements.widgets." + name for name in (
                "button_group", "checkbox", "color_picker", "feedback", "multiselect",
                "number_input", "pagination", "radio", "select_slider", "selectbox", "slider",
                "text_widgets", "time_widgets",
            )),
            "streamlit.elements.layouts",
        ],
        WidgetKind.SETTING,
    ),
    **dict.fromkeys(
        [
            "streamlit.elements." + name
            for name in ("arrow", "deck_gl_json_chart", "echarts_chart", "plotly_chart",
                         "vega_charts")
        ],
        WidgetKind.SELECTION,
    ),
    "streamlit.elements.widgets.data_editor": WidgetKind.EDITOR,
    "streamlit.elements.widgets.button": WidgetKind.TRIGGER,
    "streamlit.elements.widgets.menu_button": WidgetKind.TRIGGER,
    "streamlit.elements.widgets.chat": WidgetKind.TRIGGER,
}  # fmt: skip

# No editor, trigger or selection uses these: a widget that is new in Streamlit is a setting.
_PLAIN_VALUE_TYPES: Final = frozenset(
    {
        *("bool_value", "int_value", "double_value"),
        *("double_array_value", "int_array_value", "string_array_value"),
    }
)


# Dragged or typed into: these send many values on the way to the one that is meant.
_GRADUAL_MODULES: Final = frozenset(
    "streamlit.elements.widgets." + name
    for name in ("number_input", "select_slider", "slider", "text_widgets")
)


def _module_of(metadata: WidgetMetadata[Any]) -> str:
    owner = getattr(metadata.deserializer, "__self__", metadata.deserializer)
    module: str = owner.__module__  # of its class, unless it is a function
    return module


def _kind_of(metadata: WidgetMetadata[Any]) -> WidgetKind:
    # Streamlit sets value_type to None once a widget was cleared, hence the module as well.
    kind = _KIND_BY_VALUE_TYPE.get(metadata.value_type)
    if kind is not None:
        return kind
    kind = _KIND_BY_MODULE.get(_module_of(metadata))
    if kind is not None:
        return kind
    is_plain = metadata.value_type in _PLAIN_VALUE_TYPES
    return WidgetKind.SETTING if is_plain else WidgetKind.UNKNOWN


def _differs(value: object, before: object) -> bool:
    if not value and not before:
        return False  # of a trigger: False, None
    try:
        return bool(value != before)
    except Exception:  # noqa: BLE001 (arrays of an editor, objects of the app)
        return True


# --- one tab's session state --------------------------------------------------------------------


class TabSlot(dict[str, Any]):
    """What the package remembers of one tab, kept in its session state out of sight.

    It lives as long as the tab's session state (a reconnecting browser keeps it) and is
    left out when Streamlit serializes session state.
    """

    def __reduce__(self) -> tuple[type[TabSlot], tuple[()]]:
        return (TabSlot, ())


class TabState:
    """Session state of one tab, read and written without a chance of interruption.

    ``st.session_state`` raises Streamlit's control exceptions at every access during a
    run; this does not, inside the run body and outside it.
    """

    __slots__ = ("_safe", "_state")

    def __init__(self, safe: SafeSessionState) -> None:
        self._safe = safe
        self._state = safe._state

    @property
    def slot(self) -> TabSlot:
        """The package's own memory of this tab."""
        with self._safe._lock:
            slot = self._state._old_state.get(_SLOT_KEY)
            if slot is None:
                slot = self._state._old_state[_SLOT_KEY] = TabSlot()
            assert isinstance(slot, TabSlot) or type(slot).__name__ == "TabSlot"
            return slot

    def read(self, own_prefix: str = OWN_PREFIX) -> dict[str, Any]:
        """Collect the app's own entries and the values of restorable keyed widgets.

        The values are the live objects, not copies. Left out: widgets without a key,
        widgets that cannot be restored, keys that start with `own_prefix`. It costs
        about 1 us per entry.
        """
        hidden = (GENERATED_ELEMENT_ID_PREFIX, STREAMLIT_INTERNAL_KEY_PREFIX, own_prefix)
        with self._safe._lock:
            # Copies, newest layer first: a newer run of the tab may be moving entries from
            # new to old on another thread, and none may seem to be gone.
            new = self._state._new_session_state.copy()
            entries = self._state._new_widget_state.states.copy()
            old = self._state._old_state.copy()
            values = {**old, **new}
            for key, widget_id in self._state._key_id_mapper._key_id_mapping.copy().items():
                metadata = self._state._new_widget_state.widget_metadata.get(widget_id)
                if metadata is None:
                    continue
                if _kind_of(metadata) is not WidgetKind.SETTING:
                    values.pop(key, None)
                elif key not in new:
                    value = self._widget_value(widget_id, entries.get(widget_id), old)
                    if value is not _MISSING:
                        values[key] = value
        return {key: value for key, value in values.items() if not key.startswith(hidden)}

    def widget_kinds(self) -> dict[str, WidgetKind]:
        """Tell for every key that belongs or belonged to a widget what the widget is."""
        with self._safe._lock:
            return {key: _kind_of(metadata) for key, (_, metadata) in self._widgets().items()}

    def moved_widgets(self) -> dict[str, bool]:
        """Tell which widgets have another value than in the run before; pressed buttons too.

        To be asked at the end of a run. Costs about 2 us per widget.

        Returns
        -------
        dict
            By the widget's id, keyed or not: whether it is one that people drag or type into.
        """
        moved = {}
        with self._safe._lock:
            old, entries = self._state._old_state, self._state._new_widget_state.states.copy()
            for widget_id, entry in entries.items():
                metadata = self._state._new_widget_state.widget_metadata.get(widget_id)
                if metadata is None:
                    continue
                is_trigger = _kind_of(metadata) is WidgetKind.TRIGGER
                before = old.get(widget_id, None if is_trigger else _MISSING)
                value = self._widget_value(widget_id, entry, old)
                if before is not _MISSING and _differs(value, before):
                    moved[widget_id] = _module_of(metadata) in _GRADUAL_MODULES
        return moved

    def restore(self, values: Mapping[str, Any]) -> None:
        """Set saved values before the first script body of a tab runs.

        They become part of the state of "the run before", so that widgets adopt them
        without a warning about defaults. What the browser itself sends (a tab that
        reconnects after the server restarted) wins over them.
        """
        with self._safe._lock:
            self._state._old_state.update(values)
            self.slot.setdefault("restored", set()).update(values)

    def write(self, values: Mapping[str, Any]) -> tuple[str, ...]:
        """Set values in a callback or at the top of a script, as the app itself would.

        Returns
        -------
        tuple of str
            Keys left alone, because they belong to widgets that cannot be restored.

        Raises
        ------
        streamlit.errors.StreamlitAPIException
            A widget with one of the keys was drawn in this run already.
        """
        with self._safe._lock:
            kinds = self.widget_kinds()
            refused = tuple(k for k in values if not kinds.get(k, WidgetKind.SETTING).is_restorable)
            for key, value in values.items():
                if key not in refused:
                    self._state[key] = value
            return refused

    def write_undrawn(self, values: Mapping[str, Any]) -> None:
        """Set values as ``write`` does; a widget drawn in this run already keeps its own."""
        for key, value in values.items():
            with suppress(StreamlitAPIException):
                self.write({key: value})

    def delete(self, keys: Iterable[str]) -> None:
        """Remove entries; a key that is not there is passed over."""
        with self._safe._lock:
            for key in keys:
                if key in self._state:
                    del self._state[key]

    def settle_restored(self) -> None:
        """Let go of restored values whose widget has a value of its own by now.

        Until the browser has sent the widget's value the restored one must stay: a run
        that is cut short would otherwise show, and then send back, the default. A
        restored value whose key a button or upload has taken over is dropped.
        """
        with self._safe._lock:
            pending: set[str] = self.slot.get("restored", set())
            if not pending:
                return
            widgets = self._widgets()
            for key in pending & widgets.keys():
                widget_id, metadata = widgets[key]
                is_ours = _kind_of(metadata).is_restorable
                if not is_ours or widget_id in self._state._new_widget_state.states:
                    self._state._old_state.pop(key, None)
                    pending.discard(key)
                if not is_ours:
                    self._state._old_state.pop(widget_id, None)

    def _widgets(self) -> dict[str, tuple[str, WidgetMetadata[Any]]]:
        metadata = self._state._new_widget_state.widget_metadata
        return {
            key: (widget_id, metadata[widget_id])
            for key, widget_id in self._state._key_id_mapper._key_id_mapping.copy().items()
            if widget_id in metadata and widget_id.startswith(GENERATED_ELEMENT_ID_PREFIX)
        }

    def _widget_value(
        self, widget_id: str, entry: Value | Serialized | None, old: Mapping[str, Any]
    ) -> Any:
        if isinstance(entry, Value):
            return entry.value
        if entry is None:
            return old.get(widget_id, _MISSING)
        try:
            return self._state._new_widget_state[widget_id]
        except Exception:  # noqa: BLE001 (a deserializer that refuses what the browser sent)
            return old.get(widget_id, _MISSING)
