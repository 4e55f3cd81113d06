"""Numbers and texts as people read them; texts of users, made safe for a terminal. Pure."""

from __future__ import annotations

import unicodedata
from datetime import datetime

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
_SPANS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def printable(text: str) -> str:
    """Replace what moves the cursor, changes colours or turns the direction of text.

    Messages, names and settings are written by users; a terminal would obey them.
    """
    return "".join("�" if unicodedata.category(c) in ("Cc", "Cf", "Cs") else c for c in text)


def bytes_text(count: int | None) -> str:
    """Say a number of bytes with three digits at most."""
    if count is None:
        return "-"
    size = float(count)
    for unit in _UNITS:
        if size < 999.5 or unit == _UNITS[-1]:
            break
        size /= 1024
    return f"{size:.0f} {unit}" if unit == "B" or size >= 99.95 else f"{size:.1f} {unit}"


def span_text(seconds: float | None) -> str:
    """Say a length of time by its two largest units: ``6 d 4 h``."""
    if seconds is None:
        return "never"
    left, words = max(0, round(seconds)), []
    for length, unit in _SPANS:
        count, left = divmod(left, length)
        if count:
            words.append(f"{count} {unit}")
    return " ".join(words[:2]) or "0 s"


def age_text(moment: datetime, now: datetime) -> str:
    """Say how long ago something was, by its largest unit."""
    seconds = (now - moment).total_seconds()
    for length, unit in _SPANS:
        if seconds >= length:
            return f"{int(seconds // length)} {unit} ago"
    return "now"


def counted(count: int, noun: str) -> str:
    """Say how many there are of something whose plural ends in s."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def shape_text(rows: int | None, columns: int | None) -> str:
    """Say rows and columns, as far as they are known."""
    if rows is None:
        return "-"
    return f"{rows:,}" if columns is None else f"{rows:,} x {columns:,}"
