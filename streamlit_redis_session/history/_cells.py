"""How many cells of a frame an edit has changed, as far as planning it has shown."""

from __future__ import annotations

from collections.abc import Mapping

from streamlit_redis_session.chunks import FoundColumn, Manifest, Plan


def changed_cells(plan: Plan, before: Manifest, found: Mapping[int, FoundColumn]) -> dict[int, int]:
    """Give, by a column's position in a frame, how many of its rows are others than before.

    Only where the frame's labels are the same memory, so that a column has one place in both,
    and where the column was compared with the one in that place.
    """
    parts = plan.manifest.parts
    if len(parts) != len(before.parts) or parts[-1] is not before.parts[-1]:
        return {}
    cells = {}
    at = 0
    for number, part in enumerate(parts):
        if len(part.columns) == 1 and at in found:
            find, other = found[at], before.parts[number].columns
            is_in_place = len(other) == 1 and other[0].has_pieces_of(find.stored)
            if find.changed_rows is not None and is_in_place:
                cells[number - 1] = find.changed_rows
        at += len(part.columns)
    return cells
