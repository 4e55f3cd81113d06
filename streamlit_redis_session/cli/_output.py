"""Where results and progress go: tables or JSON to standard output, progress to standard error."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from streamlit_redis_session.cli._text import printable

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
PIPE_COLUMNS = 200
"""How wide tables may be where nobody sees them."""


def console(*, err: bool = False) -> Console:
    """Give the console of this moment; wide where it is no terminal, so that nothing is cut."""
    stream = sys.stderr if err else sys.stdout
    columns = shutil.get_terminal_size((PIPE_COLUMNS, 25)).columns
    return Console(
        file=stream,
        width=None if stream.isatty() else max(columns, PIPE_COLUMNS),
        highlight=False,
        markup=False,
        emoji=False,
    )


def print_json(found: object) -> None:
    """Print JSON that no terminal obeys: everything but ASCII is escaped."""
    click.echo(json.dumps(found, indent=2))


def table(*columns: str, right: tuple[str, ...] = (), title: str | None = None) -> Table:
    """Make an empty table."""
    made = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for name in columns:
        is_key = name in ("session", "version")
        made.add_column(name, justify="right" if name in right else "left", no_wrap=is_key)
    return made


def add_row(made: Table, *cells: str | Text) -> None:
    """Add a row; plain texts are made safe first."""
    made.add_row(*(c if isinstance(c, Text) else Text(printable(c)) for c in cells))


def say(text: str | Text = "") -> None:
    """Print a line as it is, however long."""
    safe = text if isinstance(text, Text) else Text(printable(text))
    console().print(safe, soft_wrap=True)


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar on standard error, where that is a terminal; yields who is told of progress."""
    bars = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=console(err=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
    with bars:
        task: Any = bars.add_task(what, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total or None)
