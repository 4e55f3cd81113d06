"""What a check of ``doctor`` says. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

Verdict: TypeAlias = Literal["ok", "unknown", "warning", "problem"]
_ORDER: tuple[Verdict, ...] = ("ok", "unknown", "warning", "problem")
NOT_TOLD = "not told"
Data: TypeAlias = "Mapping[str, int | float | str | None]"
Node: TypeAlias = Mapping[str, object]
"""The fields of INFO of one server."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One row of ``doctor``."""

    check: str
    found: str
    verdict: Verdict = "ok"
    advice: str = ""
    """What to do; empty where nothing is to be done."""
    data: Data = field(default_factory=dict)
    """What was found as numbers and words, for programs."""

    @property
    def is_risk(self) -> bool:
        """Whether something should be done."""
        return self.verdict in ("warning", "problem")


def worst(findings: Sequence[Finding]) -> Finding:
    """Give the worst of what servers of one cluster say, with how many of them say so."""
    top = max(findings, key=lambda each: _ORDER.index(each.verdict))
    same = sum(each.verdict == top.verdict for each in findings)
    if same == len(findings):
        return top
    return replace(top, found=f"{top.found} ({same} of {len(findings)} servers)")


def overall(findings: Sequence[Finding]) -> Verdict:
    """Give the worst verdict; what is not told is no risk."""
    verdicts = {each.verdict for each in findings if each.is_risk}
    return "problem" if "problem" in verdicts else "warning" if verdicts else "ok"


def number(node: Node, name: str) -> int | None:
    """Read a whole number of INFO; ``None`` where the server does not tell."""
    value = node.get(name)
    return value if isinstance(value, int) else None


def word(node: Node, name: str) -> str | None:
    """Read a text of INFO; ``None`` where the server does not tell."""
    value = node.get(name)
    return value if isinstance(value, str) else None
