from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from demo.expressions import MAX_CHARS, evaluate


@pytest.fixture
def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "a": [1, 2, 3],
            "b": [2.0, 0.0, np.nan],
            "two words": [10, 20, 30],
            "name": ["x", "y", "x"],
        }
    )


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("a + 1", [2, 3, 4]),
        ("-a * 2 ** 3", [-8, -16, -24]),
        ("(a + `two words`) // 2", [5, 11, 16]),
        ("a % 2 == 1", [True, False, True]),
        ("1 < a <= 2", [False, True, False]),
        ("not (a == 1 or name == 'y')", [False, False, True]),
        ("where(name == 'x', a, 0)", [1, 0, 3]),
        ("maximum(a, 2)", [2, 2, 3]),
        ("round(a / 3, 2)", [0.33, 0.67, 1.0]),
        ("name + '!'", ["x!", "y!", "x!"]),
        ("7", [7, 7, 7]),
    ],
)
def test_an_expression_is_computed_row_by_row(
    frame: pd.DataFrame, expression: str, expected: list[object]
) -> None:
    assert evaluate(frame, expression).tolist() == expected


def test_division_by_zero_and_missing_values_do_as_in_pandas(frame: pd.DataFrame) -> None:
    result = evaluate(frame, "a / b")

    assert result[0] == 0.5
    assert np.isinf(result[1])
    assert np.isnan(result[2])


@pytest.mark.parametrize(
    "expression",
    [
        "__import__('os').system('true')",
        "a.__class__",
        "a[0]",
        "[x for x in a]",
        "(lambda: 1)()",
        "open('/etc/passwd')",
        "f'{a}'",
        "a if a else b",
        "a @ b",
        "a & b",
        "abs(x=a)",
        "__builtins__",
        "(a := 1)",
        "a in b",
    ],
)
def test_whatever_is_not_arithmetic_is_refused(frame: pd.DataFrame, expression: str) -> None:
    with pytest.raises(ValueError, match=r"possible|functions|no column|read|Only|Compare"):
        evaluate(frame, expression)


@pytest.mark.parametrize(
    "expression", ["9 ** 9 ** 9 ** 9", "'x' * 1000000000", "name * 1000000000", "a * 'x'"]
)
def test_what_would_fill_the_memory_or_never_end_is_refused(
    frame: pd.DataFrame, expression: str
) -> None:
    with pytest.raises(ValueError, match=r"computed|needs numbers"):
        evaluate(frame, expression)


@pytest.mark.parametrize("expression", ["", "  ", "a +", "a b", "(" * 400, "a" * (MAX_CHARS + 1)])
def test_what_is_no_expression_says_so(frame: pd.DataFrame, expression: str) -> None:
    with pytest.raises(ValueError, match=r"expression|Write"):
        evaluate(frame, expression)


def test_texts_and_numbers_do_not_add_up(frame: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="cannot be computed"):
        evaluate(frame, "name + a")
