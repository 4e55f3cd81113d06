"""The demo stands beside the package, so its folder must be found."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))


@pytest.fixture
def flights() -> pd.DataFrame:
    """Eight flights, one of which never left, in the columns that the demo works with."""
    return pd.DataFrame(
        {
            "month": [1, 1, 2, 2, 3, 3, 12, 12],
            "dep_time": [517.0, 533.0, None, 544.0, 554.0, 554.0, 555.0, 557.0],
            "dep_delay": [2.0, 4.0, None, -1.0, -6.0, -4.0, -5.0, -3.0],
            "carrier": ["UA", "UA", "AA", "B6", "DL", "UA", "B6", "EV"],
            "air_time": [227.0, 227.0, None, 183.0, 116.0, 150.0, 158.0, 53.0],
            "distance": [1400, 1416, 1089, 1576, 762, 719, 1065, 229],
        }
    )
