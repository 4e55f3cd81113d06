"""Arithmetic over columns, as text: a small evaluator with a closed list of what it can do.

An expression is parsed to a syntax tree and walked; nothing is ever given to ``eval``. Names are
columns (`` `between backticks` `` where a name is not a word), and the functions are those of
:data:`FUNCTIONS`.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

MAX_CHARS = 500


def _where(condition: Any, yes: Any, no: Any) -> Any:
    chosen = _as_condition(condition).to_numpy(dtype=bool, na_value=False)
    return pd.Series(np.where(chosen, yes, no), index=condition.index)


def _numeric(function: Callable[..., Any]) -> Callable[..., Any]:
    def checked(*values: Any) -> Any:
        for value in values:
            _need_number(value, function.__name__)
        return function(*values)

    return checked


def _round(value: Any, digits: Any = 0) -> Any:
    return np.round(value, int(digits))


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "abs": _numeric(np.abs),
    "ceil": _numeric(np.ceil),
    "exp": _numeric(np.exp),
    "floor": _numeric(np.floor),
    "log": _numeric(np.log),
    "log10": _numeric(np.log10),
    "maximum": _numeric(np.maximum),
    "minimum": _numeric(np.minimum),
    "round": _numeric(_round),
    "sqrt": _numeric(np.sqrt),
    "where": _where,
}

_ARITHMETIC: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_COMPARISONS: Mapping[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def evaluate(frame: pd.DataFrame, expression: str) -> pd.Series[Any]:
    """Compute a column from others: ``distance / air_time * 60``.

    Parameters
    ----------
    frame
        The columns that the expression may name.
    expression
        At most 500 characters of numbers, texts, columns, ``+ - * / // % **``, comparisons,
        ``and``, ``or``, ``not`` and the functions of :data:`FUNCTIONS`.

    Raises
    ------
    ValueError
        The expression is not understood, names what is not there, or fits no column.
    """
    if not expression.strip():
        raise ValueError("Write an expression, such as distance / air_time * 60.")
    if len(expression) > MAX_CHARS:
        raise ValueError(f"The expression is longer than {MAX_CHARS} characters.")
    source, names = _without_backticks(expression.strip())
    try:
        tree = ast.parse(source, mode="eval")
        with np.errstate(all="ignore"):
            result = _Walker(frame, names).value(tree.body)
    except SyntaxError as error:
        raise ValueError(f"The expression cannot be read: {error.msg}.") from None
    except (TypeError, ArithmeticError, RecursionError, NotImplementedError) as error:
        raise ValueError(f"The expression cannot be computed: {error}") from None
    if isinstance(result, pd.Series):
        return result
    return pd.Series(result, index=frame.index)


def _without_backticks(expression: str) -> tuple[str, dict[str, str]]:
    """Put a plain word for every `` `column name` ``, and say which word means which column."""
    names: dict[str, str] = {}

    def word(found: re.Match[str]) -> str:
        alias = f"__column_{len(names)}__"
        names[alias] = found.group(1)
        return alias

    return re.sub(r"`([^`]+)`", word, expression), names


class _Walker:
    """One evaluation: the columns, and the words that stand for them."""

    def __init__(self, frame: pd.DataFrame, names: Mapping[str, str]) -> None:
        self._columns = {str(label): frame[label] for label in frame.columns}
        self._names = names

    def value(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant():
                result = self._constant(node)
            case ast.Name():
                result = self._column(node.id)
            case ast.BinOp():
                result = self._arithmetic(node)
            case ast.UnaryOp():
                result = self._unary(node)
            case ast.Compare():
                result = self._comparison(node)
            case ast.BoolOp():
                result = self._logic(node)
            case ast.Call():
                result = self._call(node)
            case _:
                raise ValueError(f"{type(node).__name__} is not possible in an expression.")
        return result

    def _constant(self, node: ast.Constant) -> Any:
        if isinstance(node.value, (bool, str)):
            return node.value
        if isinstance(node.value, (int, float)):
            # whole numbers of Python have no bounds: 9 ** 9 ** 9 would never end
            return node.value if abs(node.value) < 2**53 else float(node.value)
        raise ValueError(f"{node.value!r} is not possible in an expression.")

    def _column(self, word: str) -> pd.Series[Any]:
        name = self._names.get(word, word)
        if name not in self._columns:
            raise ValueError(f"There is no column {name!r}.")
        return self._columns[name]

    def _arithmetic(self, node: ast.BinOp) -> Any:
        how = _ARITHMETIC.get(type(node.op))
        if how is None:
            raise ValueError(
                "Only + - * / // % ** combine columns; use and, or between conditions."
            )
        left, right = self.value(node.left), self.value(node.right)
        if not isinstance(node.op, (ast.Add, ast.Sub)):
            # a text times a million would fill the memory
            _need_number(left, "arithmetic")
            _need_number(right, "arithmetic")
        if isinstance(node.op, ast.Pow):
            left = float(left) if isinstance(left, int) else left
        return how(left, right)

    def _unary(self, node: ast.UnaryOp) -> Any:
        operand = self.value(node.operand)
        if isinstance(node.op, ast.Not):
            return ~_as_condition(operand)
        _need_number(operand, "a sign")
        return -operand if isinstance(node.op, ast.USub) else operand

    def _comparison(self, node: ast.Compare) -> Any:
        left = self.value(node.left)
        result: Any = None
        for kind, right_node in zip(node.ops, node.comparators, strict=True):
            how = _COMPARISONS.get(type(kind))
            if how is None:
                raise ValueError("Compare with == != < <= > >=.")
            right = self.value(right_node)
            step = how(left, right)
            result = step if result is None else result & step
            left = right
        return result

    def _logic(self, node: ast.BoolOp) -> Any:
        result, *others = [_as_condition(self.value(each)) for each in node.values]
        for other in others:
            result = result & other if isinstance(node.op, ast.And) else result | other
        return result

    def _call(self, node: ast.Call) -> Any:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name not in FUNCTIONS or node.keywords:
            raise ValueError(f"The functions are {', '.join(FUNCTIONS)}.")
        return FUNCTIONS[name](*[self.value(argument) for argument in node.args])


def _need_number(value: Any, where: str) -> None:
    numeric = (
        pd.api.types.is_numeric_dtype(value.dtype) or value.dtype.kind in "mM"
        if isinstance(value, pd.Series)
        else not isinstance(value, str)
    )
    if not numeric:
        name = f"column {value.name!r}" if isinstance(value, pd.Series) else repr(value)
        raise ValueError(f"{where} needs numbers, but {name} is text.")


def _as_condition(value: Any) -> pd.Series[bool]:
    if isinstance(value, pd.Series) and pd.api.types.is_bool_dtype(value.dtype):
        return value
    raise ValueError("A condition is wanted, such as (a > 1) and (b < 2).")
