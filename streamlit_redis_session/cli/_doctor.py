"""``doctor``: why something is not saved, or may be lost, and what to do."""

from __future__ import annotations

from collections.abc import Sequence

import click
from rich.text import Text

from streamlit_redis_session.cli._checks import examine
from streamlit_redis_session.cli._facts import gather
from streamlit_redis_session.cli._output import (
    add_row,
    console,
    json_option,
    print_json,
    say,
    table,
)
from streamlit_redis_session.cli._target import Target, redacted, target_options
from streamlit_redis_session.cli._text import printable
from streamlit_redis_session.cli._verdicts import Finding, overall
from streamlit_redis_session.errors import StorageError

UNREACHABLE = 3
_STYLES = {"ok": "green", "unknown": "dim", "warning": "yellow", "problem": "bold red"}


@click.command()
@target_options
@json_option
def doctor(target: Target, *, as_json: bool) -> None:
    """Look for what keeps the store from saving, and for what may lose data.

    Asks the server with INFO and PING, and writes 1 MiB that is removed again. Ends with 1 when
    there is a warning or a problem, with 3 when the server does not answer or refuses.
    """
    code = 0
    try:
        findings = examine(gather(target))
    except StorageError as error:
        advice = redacted(str(error))
        findings, code = [Finding("reachable", "no", "problem", advice)], UNREACHABLE
    else:
        findings.insert(0, Finding("reachable", "yes"))
        code = int(any(each.is_risk for each in findings))
    if as_json:
        print_json(_as_json(target, findings))
    else:
        _print(target, findings)
    click.get_current_context().exit(code)


def _as_json(target: Target, findings: Sequence[Finding]) -> dict[str, object]:
    return {
        "where": target.address.where,
        "source": target.found[1],
        "namespace": target.namespace,
        "verdict": overall(findings),
        "checks": [
            {
                "check": each.check,
                "found": each.found,
                "verdict": each.verdict,
                "advice": each.advice,
                "data": dict(each.data),
            }
            for each in findings
        ],
    }


def _print(target: Target, findings: Sequence[Finding]) -> None:
    say(f"{target.address.where}, namespace {target.namespace} (from {target.found[1]})")
    say()
    made = table("check", "found", "verdict", "what to do")
    for each in findings:
        verdict = Text(each.verdict, style=_STYLES[each.verdict])
        add_row(made, each.check, each.found, verdict, printable(each.advice))
    console().print(made)
    risks = sum(each.is_risk for each in findings)
    say()
    say(f"{risks} of {len(findings)} checks need a look." if risks else "All is well.")
