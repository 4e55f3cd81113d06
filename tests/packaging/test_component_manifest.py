"""Streamlit finds the widget of this installation by itself.

A project that is worked on is installed in editable mode: the package stays in
the source tree, where it has no ``pyproject.toml`` of its own, and Streamlit
falls back to the one beside the package. Installed wheels carry a copy inside
the package (``test_wheel.py``).
"""

from __future__ import annotations

from importlib.metadata import distribution
from pathlib import Path

from streamlit.components.v2.component_manager import BidiComponentManager
from streamlit.components.v2.manifest_scanner import scan_component_manifests

ROOT = Path(__file__).resolve().parents[2]
ASSETS = ROOT / "streamlit_redis_session" / "widget" / "assets"


def test_streamlit_lists_the_component_of_this_distribution() -> None:
    manifests = {manifest.name: manifest for manifest, _ in scan_component_manifests()}
    manifest = manifests["streamlit-redis-session"]

    assert manifest.version == distribution("streamlit-redis-session").version
    assert [component.name for component in manifest.components] == ["version_graph"]


def test_the_component_is_served_from_the_source_tree() -> None:
    """An edit followed by ``make frontend`` shows after a reload, without a new installation."""
    manager = BidiComponentManager()
    manager.discover_and_register_components(start_file_watching=False)

    served = manager.get_component_asset_root("streamlit-redis-session.version_graph")
    assert served == ASSETS.resolve()


def test_exactly_one_script_matches_the_pattern_it_is_registered_with() -> None:
    """Streamlit refuses a pattern that matches two files: a stale build must not stay behind."""
    assert len(list(ASSETS.glob("index-*.js"))) == 1
