"""The look of the plots: one accent for this package, greys for the others, light and dark."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

FONT = "-apple-system,BlinkMacSystemFont,'Segoe UI','Noto Sans',Helvetica,Arial,sans-serif"
STYLE = f"""
text{{font:12px {FONT};fill:#59636e}}
.title{{font-size:16px;font-weight:600;fill:#1f2328}}
.head{{font-size:13px;font-weight:600;fill:#1f2328}}
.strong{{font-weight:600;fill:#0969da}}
.small{{font-size:11px}}
.ours{{fill:#0969da}} .other{{fill:#afb8c1}}
.line{{fill:none;stroke-width:2}} .line.ours{{stroke:#0969da}} .line.other{{stroke:#8c959f}}
.dot.other{{fill:#8c959f}}
.whisker{{stroke:#1f2328;stroke-opacity:.45;stroke-width:1}}
.grid{{stroke:#818b98;stroke-opacity:.25;stroke-width:1}}
@media(prefers-color-scheme:dark){{
text{{fill:#9198a1}} .title,.head{{fill:#f0f6fc}} .strong{{fill:#4493f8}}
.ours{{fill:#4493f8}} .other{{fill:#4b545f}}
.line.ours{{stroke:#4493f8}} .line.other{{stroke:#767f89}} .dot.other{{fill:#767f89}}
.line{{fill:none}} .whisker{{stroke:#f0f6fc}}
}}
"""


def page(width: float, height: float, label: str, parts: Sequence[str]) -> str:
    """Write an image without a background, so that it lies on a light and on a dark page."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}" role="img" aria-label="{escape(label)}">'
        f"<style>{STYLE}</style>\n" + "\n".join(parts) + "\n</svg>\n"
    )


def text(x: float, y: float, words: str, *, kind: str = "", anchor: str = "start") -> str:
    """Write words."""
    at = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}"{at}>{escape(words)}</text>'


def rule(x1: float, y1: float, x2: float, y2: float, *, kind: str = "grid") -> str:
    """Draw a thin line."""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'


def nothing(words: str) -> str:
    """Give an image that says why there is no plot."""
    return page(480, 40, words, [text(12, 25, words)])
