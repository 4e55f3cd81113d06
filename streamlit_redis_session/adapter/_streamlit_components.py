"""Private names of Streamlit, part four: where a packaged component is served from."""

from __future__ import annotations

from pathlib import Path


def component_asset_root(name: str) -> Path | None:
    """Give the folder from which Streamlit serves a packaged component.

    ``None`` when Streamlit has not found the package's manifest (another package's broken one
    stops its search) or has moved what is needed to ask; the caller then sends the bundle inline.
    """
    try:
        from streamlit.components.v2.get_bidi_component_manager import (  # noqa: PLC0415
            get_bidi_component_manager,  # absent from some versions, hence imported here
        )

        root = get_bidi_component_manager().get_component_asset_root(name)
    except (ImportError, AttributeError, RuntimeError):
        return None
    return None if root is None else Path(root)
