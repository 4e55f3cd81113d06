"""``serve``: the embedded server in the foreground."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from streamlit_redis_session.cli._output import json_option, print_json, say
from streamlit_redis_session.storage import embedded_folder, serve_embedded


@click.command()
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where data are; as the app finds it when not given.",
)
@json_option
def serve(folder: Path | None, *, as_json: bool) -> None:
    """Run the embedded server until Ctrl+C, and print its URL.

    Without it, the server starts with the first app that needs it, and ends when all are gone.
    Refuses when a server of this folder runs already.
    """
    place = embedded_folder(folder)
    url = f"embedded://{place}"

    def ready(pid: int) -> None:
        if as_json:
            print_json({"url": url, "pid": pid})
        else:
            say(url)
            click.echo("Ctrl+C stops it.", err=True)
        sys.stdout.flush()

    serve_embedded(place, ready)
