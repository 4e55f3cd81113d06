"""Small frames, large enough for chunks of their own."""

from __future__ import annotations

import numpy as np
import pandas as pd


def flights(rows: int = 500) -> pd.DataFrame:
    """A table of numbers and texts."""
    numbers = np.arange(rows)
    return pd.DataFrame(
        {"age": numbers % 83, "fare": numbers / 7, "carrier": [f"C{n % 7}" for n in numbers]}
    )


def counts(rows: int = 12) -> pd.DataFrame:
    """A second, small table."""
    return pd.DataFrame({name: np.arange(rows) * n for n, name in enumerate("abcd")})
