"""Kishu: checkpoints of a notebook's variables after every cell, in SQLite."""

from __future__ import annotations

import os
from types import SimpleNamespace
from uuid import uuid4

os.environ.setdefault("ENV_KISHU_TEST_MODE", "1")  # there is no notebook to save or reload

import nbformat
import pandas as pd
from IPython.core.interactiveshell import InteractiveShell

from benchmarks.peers._base import Frames, Peer, Place


class Kishu(Peer):
    """Every save is a cell that has run; its hooks are called as IPython calls them."""

    label = "Kishu"
    packages = ("kishu",)
    note = "a notebook tool, pickles of changed variables in SQLite on the local disk"
    is_on_disk = True

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        os.environ["KISHU_PATH_ROOT"] = str(place.folder)
        from kishu.jupyterint import KishuForJupyter  # noqa: PLC0415 (reads the variable above)
        from kishu.notebook_id import NotebookId  # noqa: PLC0415

        self._make, self._id = KishuForJupyter, NotebookId
        self._shell = InteractiveShell.instance()
        self._session = ""
        self._cells = 0

    def begin(self) -> str:
        name = uuid4().hex
        self._path = self.place.folder / f"{name}.ipynb"
        nbformat.write(nbformat.v4.new_notebook(), self._path)
        for key in [key for key in self._shell.user_ns if key in ("df", "summary")]:
            del self._shell.user_ns[key]
        self._open(name)
        return name

    def resume(self, session: str) -> None:
        self._path = self.place.folder / f"{session}.ipynb"
        self._open(session)

    def _open(self, name: str) -> None:
        self._session = name
        self._kishu = self._make(self._id(key=name, path=self._path, kernel_id=name), self._shell)
        self._kishu.set_session_id(self._cells)

    def save(self, frames: Frames, *, appended: pd.DataFrame | None = None) -> str:
        del appended
        self._cells += 1
        self._shell.execution_count = self._cells
        code = f"df = step({self._cells})"
        info = SimpleNamespace(raw_cell=code, store_history=True, silent=False, cell_id=None)
        result = SimpleNamespace(
            execution_count=self._cells,
            info=info,
            result=None,
            error_before_exec=None,
            error_in_exec=None,
        )
        self._kishu.pre_run_cell(info)
        for name, frame in frames.items():
            if self._shell.user_ns.get(name) is not frame:
                self._shell.user_ns[name] = frame
        self._kishu.post_run_cell(result)
        return str(self._kishu._kishu_branch.get_head().commit_id)

    def load(self, version: str) -> Frames:
        self._kishu.checkout(version, skip_notebook=True)
        names = self._shell.user_ns
        return {name: names[name] for name in ("df", "summary") if name in names}

    def end(self) -> None:
        for path in self.place.folder.glob(f"{self._session}*"):
            path.unlink()


PEER = Kishu
