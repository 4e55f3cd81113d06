"""How long importing the package takes, beside the client of Redis alone."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from benchmarks.run import Run
from benchmarks.servers import ROOT

TITLE = "Importing"
MODULES = ("redis", "streamlit_redis_session")
_CODE = "import time; a = time.perf_counter(); import {0}; print(time.perf_counter() - a)"


def ask(run: Run, found: dict[str, Any]) -> None:
    """Add ``module -> samples``, each in a new process."""
    run.say("imports")
    found.update({module: [] for module in MODULES})
    for _ in range(2 * run.rounds + 1):
        for module in MODULES:
            done = subprocess.run(
                [sys.executable, "-c", _CODE.format(module)],
                check=True, capture_output=True, text=True, cwd=ROOT,
            )  # fmt: skip
            found[module].append(float(done.stdout))
