"""One file per question. Each has a ``TITLE`` and ``ask(run)``, which gives what was measured."""

from __future__ import annotations

from benchmarks.questions import (
    edits,
    history,
    imports,
    long_session,
    reads,
    reruns,
    scaling,
    sharing,
    stalls,
)

QUESTIONS = {
    "edits": edits,
    "reruns": reruns,
    "reads": reads,
    "stalls": stalls,
    "long_session": long_session,
    "sharing": sharing,
    "history": history,
    "scaling": scaling,
    "imports": imports,
}
"""In the order of the report."""
