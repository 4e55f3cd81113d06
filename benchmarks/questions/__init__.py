"""One file per question. Each has a ``TITLE`` and ``ask(run, found)``, which adds what it measured.

What ``found`` holds is written to the results after every question, and after every frame.
"""

from __future__ import annotations

from benchmarks.questions import (
    edits,
    history,
    imports,
    live,
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
    "live": live,
    "imports": imports,
}
"""In the order of the report."""
