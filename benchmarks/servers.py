"""The servers that the tests start, too."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))  # the tests' folder is no package

from support.servers import RedisServer

__all__ = ["ROOT", "RedisServer"]
