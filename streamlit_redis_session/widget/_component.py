"""Registers and mounts the browser side."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from streamlit_redis_session.adapter import component_asset_root
from streamlit_redis_session.errors import ConfigurationError

NAME = "streamlit-redis-session.version_graph"
ASSETS = Path(__file__).parent / "assets"


def component() -> Any:
    """Give the mounting command.

    Streamlit serves the bundle as a file when it has found the package's manifest; when another
    package's broken manifest has stopped the search, the bundle is sent inline.
    """
    is_served = component_asset_root(NAME) is not None
    js = "index-*.js" if is_served else _bundle_text()
    return st.components.v2.component(NAME, js=js)


@cache
def _bundle_text() -> str:
    bundles = sorted(ASSETS.glob("index-*.js"))
    if not bundles:
        raise ConfigurationError(
            f"The widget's JavaScript is missing from {ASSETS}. Build it with `make frontend`, "
            "or install the package from a wheel."
        )
    return bundles[0].read_text(encoding="utf-8")
