"""``verify``, ``prune``, ``delete``: what keeps a store in order."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from streamlit_redis_session.cli._output import (
    add_row,
    console,
    json_option,
    print_json,
    progress,
    say,
    table,
)
from streamlit_redis_session.cli._target import Target, find_key, session_options, target_options
from streamlit_redis_session.cli._text import bytes_text, counted

if TYPE_CHECKING:
    from streamlit_redis_session.objects import VerifyReport

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_KEEP = re.compile(r"([0-9]{1,9})([mhdw]?)")

yes_option = click.option("--yes", is_flag=True, help="Do not ask.")


# --- verify ----------------------------------------------------------------------------------


@click.command()
@target_options
@session_options
@click.option("--repair", is_flag=True, help="Mend what can be mended; say the rest.")
@yes_option
@json_option
def verify(
    target: Target, *, session: str | None, ask_id: bool, repair: bool, yes: bool, as_json: bool
) -> None:
    """Read all that is stored, of SESSION or of the namespace, and say what is damaged.

    Ends with 1 when a fault is left. --repair lengthens leases, takes damaged chunks away and leads
    around versions that are lost. store.verify(repair=True) within the app mends more, from memory.
    """
    with target.open() as store:
        key = find_key(store, session, ask_id) if session or ask_id else None
        if repair:
            _confirm("Take away what is damaged, and lead around versions that are lost?", yes)
        with progress("Reading chunks") as told:
            if key is None:
                report = store.verify(repair=repair, progress=told)
            else:
                report = store.verify_key(key, repair=repair, progress=told)
    if as_json:
        print_json(_report_json(report))
    else:
        _print_report(report)
    if not report.is_sound:
        click.get_current_context().exit(1)


def _report_json(report: VerifyReport) -> dict[str, Any]:
    return {
        "is_sound": report.is_sound,
        "sessions": report.session_count,
        "versions": report.version_count,
        "manifests": report.manifest_count,
        "chunks": report.chunk_count,
        "read_bytes": report.read_bytes,
        "faults": [
            {
                "kind": fault.kind,
                "session": fault.session_key,
                "what": fault.what,
                "reason": fault.reason,
                "versions": list(fault.versions),
                "can_repair": fault.can_repair,
                "is_repaired": fault.is_repaired,
                "remedy": fault.remedy,
            }
            for fault in report.faults
        ],
    }


def _print_report(report: VerifyReport) -> None:
    if report.faults:
        made = table("session", "fault", "what", "why", "versions", "repair", right=("versions",))
        for fault in report.faults:
            state = "done" if fault.is_repaired else ("possible" if fault.can_repair else "no")
            add_row(
                *(made, fault.session_key[:8], fault.kind, fault.what, fault.reason),
                *(str(len(fault.versions)), f"{state}: {fault.remedy}" if fault.remedy else state),
            )
        console().print(made)
    say(
        f"{counted(report.session_count, 'session')}, {counted(report.version_count, 'version')}, "
        f"{counted(report.chunk_count, 'chunk')}, {bytes_text(report.read_bytes)} read: "
        + (counted(len(report.faults), "fault") if report.faults else "all is sound")
    )


# --- prune -----------------------------------------------------------------------------------


def _keep(ctx: click.Context, param: click.Parameter, value: str) -> int | timedelta:
    """Read ``20`` or ``7d``."""
    match = _KEEP.fullmatch(value.strip())
    if match is None:
        what = f"{value!r} is neither a number of versions nor a time such as 7d."
        raise click.BadParameter(what, ctx, param)
    count, unit = int(match[1]), match[2]
    try:
        return timedelta(**{_UNITS[unit]: count}) if unit else count
    except OverflowError:
        raise click.BadParameter(f"{value!r} is too long.", ctx, param) from None


@click.command()
@target_options
@session_options
@click.option(
    "--keep",
    metavar="N|TIME",
    callback=_keep,
    required=True,
    help="How many of the newest versions stay, or how far back: 30m, 12h, 7d, 4w.",
)
@yes_option
@json_option
def prune(
    target: Target,
    *,
    session: str | None,
    ask_id: bool,
    keep: int | timedelta,
    yes: bool,
    as_json: bool,
) -> None:
    """Take old versions out of a session's history. They cannot be brought back.

    What head, branches and tags show always stays, and so do the first version and those where
    lines part. The session's time to live stays as it is.
    """
    with target.open() as store:
        key = find_key(store, session, ask_id)
        opened = store.open_key(key)
        count = len(opened.graph().versions)
        what = f"the newest {keep:,}" if isinstance(keep, int) else f"those of the last {keep}"
        _confirm(f"Keep {what} of {counted(count, 'version')} of session {key[:8]}?", yes)
        report = opened.prune(keep)
    if as_json:
        print_json(
            {
                "key": key,
                "removed": [version.id for version in report.removed],
                "kept": report.kept_count,
                "reparented": list(report.reparented),
                "manifests": report.manifest_count,
            }
        )
    else:
        say(f"{report}. Their chunks end with their leases.")


# --- delete ----------------------------------------------------------------------------------


@click.command()
@target_options
@session_options
@click.option(
    "--purge",
    is_flag=True,
    help="Remove the chunks that no other session needs at once, too; reads all manifests.",
)
@yes_option
@json_option
def delete(
    target: Target, *, session: str | None, ask_id: bool, purge: bool, yes: bool, as_json: bool
) -> None:
    """Delete a session with its whole history. It cannot be brought back."""
    with target.open() as store:
        key = find_key(store, session, ask_id)
        info = store.info(key)
        count = info.versions if info else 0
        _confirm(f"Delete session {key[:8]} with its {counted(count, 'version')}?", yes)
        store.delete_key(key, purge=purge)
    if as_json:
        print_json({"key": key, "versions": count, "purged": purge})
    else:
        ends = "are gone, too" if purge else "end with their leases"
        say(f"Session {key[:8]} is deleted. Chunks that only it needed {ends}.")


def _confirm(question: str, yes: bool) -> None:
    if not yes:
        click.confirm(question, abort=True, err=True)
