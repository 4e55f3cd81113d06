"""``sessions``, ``show`` and ``log``: what an operator sees."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import numpy as np
import pandas as pd
import pytest
from support.servers import RedisServer

import streamlit_redis_session as srs
from streamlit_redis_session.cli._sessions import short_length

from .conftest import Run, Sample, found_json, table_rows


def listed(run: Run, url: str, *more: str) -> list[dict[str, Any]]:
    result = run("sessions", "--url", url, "--json", *more)
    assert result.exit_code == 0, result.output
    rows: list[dict[str, Any]] = found_json(result)["sessions"]
    return rows


# --- sessions ----------------------------------------------------------------------------------


def test_an_empty_store_says_so(run: Run, redis_url: str) -> None:
    result = run("sessions", "--url", redis_url)

    assert result.exit_code == 0
    assert result.stdout == f"No sessions in {redis_url}, namespace srs.\n"
    assert listed(run, redis_url) == []


def test_a_session_is_listed_by_its_key_and_never_by_its_id(run: Run, sample: Sample) -> None:
    result = run("sessions", "--url", sample.url)

    header, row, footer = table_rows(result)
    assert header == "session created expires in versions branches head bytes"
    assert row.startswith(sample.key[:8])
    assert row.endswith(f"4 2 main-2 @ {sample.session.head.version[:8]} -")  # type: ignore[index]
    assert footer == f"1 of 1 in {sample.url}, namespace srs"
    assert sample.session.id not in result.output


def test_json_of_sessions_has_the_keys_of_the_manual(run: Run, sample: Sample) -> None:
    found = found_json(run("sessions", "--url", sample.url, "--json"))

    assert list(found) == ["where", "namespace", "total", "sessions"]
    (row,) = found["sessions"]
    assert list(row) == [
        *("key", "created_at", "expires_at", "versions", "branches", "head", "bytes"),
    ]
    assert row["head"] == {"branch": "main-2", "version": sample.session.head.version}
    left = datetime.fromisoformat(row["expires_at"]) - datetime.now(timezone.utc)
    assert timedelta(days=6, hours=23) < left <= timedelta(days=7)


def test_bytes_are_those_of_all_chunks(run: Run, sample: Sample, redis_server: RedisServer) -> None:
    with redis_server.client() as client:
        sizes = [client.strlen(key) for key in client.keys("srs:c:*")]

    (row,) = listed(run, sample.url, "--measure")
    assert row["bytes"] == sum(sizes) > 0
    assert listed(run, sample.url)[0]["bytes"] is None


def test_sessions_are_sorted_and_cut(run: Run, redis_url: str) -> None:
    with srs.connect(redis_url) as store:
        keys = []
        for count in (2, 3, 1):
            session = store.session()
            for number in range(count):
                session["a"] = np.arange(number + 1)
                session.commit()
            session.expire(timedelta(hours=10 - count))
            keys.append(session.key)
    two, three, one = keys

    def order(*arguments: str) -> list[str]:
        return [row["key"] for row in listed(run, redis_url, *arguments)]

    assert order() == [one, three, two]
    assert order("--sort", "versions") == [three, two, one]
    assert order("--sort", "expires") == [three, two, one]
    assert order("--sort", "versions", "--limit", "1") == [three]


def test_namespaces_are_apart(run: Run, sample: Sample) -> None:
    assert listed(run, sample.url, "--namespace", "other") == []


def test_listed_keys_are_long_enough_to_be_told_apart() -> None:
    assert short_length([]) == 8
    assert short_length(["a" * 32, "b" * 32]) == 8
    assert short_length(["a" * 12 + "b", "a" * 12 + "c"]) == 13


# --- which session -----------------------------------------------------------------------------


def test_a_prefix_of_the_key_is_enough(run: Run, sample: Sample) -> None:
    for prefix in (sample.key, sample.key[:4], sample.key[:6].upper()):
        assert run("show", prefix, "--url", sample.url).exit_code == 0


def test_too_short_a_prefix_is_no_name(run: Run, sample: Sample) -> None:
    result = run("show", sample.key[:3], "--url", sample.url)

    assert result.exit_code == 2
    assert "at least 4 characters" in result.stderr


def test_a_key_that_nobody_has_is_not_found(run: Run, sample: Sample) -> None:
    for command in ("show", "log", "verify", "delete"):
        result = run(command, "zzzz", "--url", sample.url)

        assert result.exit_code == 4
        assert "No session of namespace 'srs' has a key that starts with 'zzzz'" in result.stderr


def test_an_id_is_read_from_standard_input(run: Run, sample: Sample) -> None:
    for command in ("show", "log", "verify"):
        result = run(command, "--id", "--url", sample.url, input=f"{sample.session.id}\n")

        assert result.exit_code == 0, result.output
        assert sample.session.id not in result.output


@pytest.mark.parametrize("session_id", ["", "no such id", "x" * 43])
def test_an_id_that_nobody_has_is_not_found(run: Run, sample: Sample, session_id: str) -> None:
    assert run("show", "--id", "--url", sample.url, input=session_id).exit_code == 4


def test_a_session_must_be_named(run: Run, sample: Sample) -> None:
    result = run("show", "--url", sample.url)

    assert result.exit_code == 2
    assert "--id" in result.stderr


# --- show --------------------------------------------------------------------------------------


def test_show_names_refs_values_and_settings(run: Run, sample: Sample) -> None:
    rows = table_rows(run("show", sample.key, "--url", sample.url))

    assert f"session {sample.key}" in rows
    assert "versions 4" in rows
    assert any(row.startswith("head main-2 @ ") for row in rows)
    assert any(row.startswith("tag report @ ") for row in rows)
    assert any(row.startswith("df pd.DataFrame 10,000 x 2 ") for row in rows)
    assert any(row.startswith("extra dict 1 ") for row in rows)
    assert "settings scale" in rows


def test_values_of_settings_are_shown_when_asked_for(run: Run, sample: Sample) -> None:
    assert "scale = 3" in table_rows(run("show", sample.key, "--values", "--url", sample.url))
    hidden = run("show", sample.key, "--json", "--url", sample.url)
    shown = run("show", sample.key, "--json", "--values", "--url", sample.url)

    assert found_json(hidden)["version"]["settings"] == {"scale": None}
    assert found_json(shown)["version"]["settings"] == {"scale": "3"}


@pytest.mark.parametrize("ref", ["report", "main", "main~0"])
def test_another_version_is_shown_by_its_name(run: Run, sample: Sample, ref: str) -> None:
    found = found_json(run("show", sample.key, ref, "--url", sample.url, "--json"))
    with_id = run("show", "--id", ref, "--url", sample.url, "--json", input=sample.session.id)

    assert found["version"]["message"] == "df: -6,000 rows"
    assert found_json(with_id)["version"]["message"] == "df: -6,000 rows"
    (value,) = found["version"]["values"]
    assert (value["key"], value["type"]) == ("df", "pd.DataFrame")
    assert (value["rows"], value["columns"], value["chunks_lost"]) == (4_000, 2, 0)
    assert 7 * 86_400 < value["lease_s"] < 10 * 86_400


def test_a_value_of_an_earlier_version_keeps_its_shape(run: Run, sample: Sample) -> None:
    found = found_json(run("show", sample.key, "--url", sample.url, "--json"))
    shapes = {v["key"]: (v["rows"], v["columns"]) for v in found["version"]["values"]}

    assert shapes == {"df": (10_000, 2), "extra": (1, None)}


def test_a_version_that_nobody_made_is_not_found(run: Run, sample: Sample) -> None:
    result = run("show", sample.key, "nothing", "--url", sample.url)

    assert result.exit_code == 4
    assert "nothing" in result.stderr


def test_a_session_without_a_version_can_be_shown(run: Run, redis_url: str) -> None:
    with srs.connect(redis_url) as store:
        key = store.session().key

    assert "head main @ no version" in table_rows(run("show", key, "--url", redis_url))
    assert found_json(run("show", key, "--url", redis_url, "--json"))["version"] is None
    assert "no version yet" in run("log", key, "--url", redis_url).stdout


def test_lost_chunks_are_counted_and_nothing_is_read(
    run: Run, sample: Sample, redis_server: RedisServer
) -> None:
    with redis_server.client() as client:
        client.delete(*client.keys("srs:c:*"))

    result = run("show", sample.key, "--url", sample.url)

    assert result.exit_code == 0
    assert "LOST)" in result.stdout


def test_a_damaged_value_does_not_hide_the_others(
    run: Run, sample: Sample, redis_server: RedisServer
) -> None:
    version = sample.session.log()[0]
    with redis_server.client() as client:
        client.hdel(f"{{srs:{sample.key}}}:tables", version.values["df"])

    rows = table_rows(run("show", sample.key, "--url", sample.url))

    assert any(row.startswith("df DAMAGED ") for row in rows)
    assert any(row.startswith("extra dict ") for row in rows)
    assert "df: its manifest is missing" in rows


def test_another_secret_is_a_fault_and_no_traceback(run: Run, redis_url: str) -> None:
    with srs.connect(redis_url, secret="one") as store:
        session = store.session()
        session["a"] = np.arange(3)
        session.commit()

    result = run("show", session.key, "--url", redis_url)

    assert result.exit_code == 1
    assert "damaged" in result.stderr
    assert "--secret-file" in result.stderr
    assert "Traceback" not in result.output


# --- log ---------------------------------------------------------------------------------------


def test_the_log_is_a_graph_with_its_names(run: Run, sample: Sample) -> None:
    result = run("log", sample.key, "--url", sample.url)
    graph = sample.session.graph()
    newest, head, report, first = (version.short_id for version in by_line(graph))

    lines = [line.rpartition("  ")[0].rstrip() or line for line in result.stdout.splitlines()]
    assert lines == [
        f"* {newest} (main-2) Only five �[31mrows�[0m",
        f"* {head} (HEAD on main-2) extra: new, 1",
        f"| * {report} (main, tag: report) df: -6,000 rows",
        "|/",
        f"* {first} Loaded",
    ]


def by_line(graph: srs.VersionGraph) -> list[srs.Version]:
    """The versions of the sample as they are drawn: the newest branch first, then main."""
    newest, head, report, first = graph.versions
    return [newest, head, report, first]


def test_a_log_can_be_cut(run: Run, sample: Sample) -> None:
    result = run("log", sample.key, "--limit", "2", "--url", sample.url)

    assert len(result.stdout.splitlines()) == 2


def test_head_on_the_tip_of_its_branch_points_at_it(run: Run, sample: Sample) -> None:
    sample.session.switch("main")

    assert "(HEAD -> main, tag: report)" in run("log", sample.key, "--url", sample.url).stdout


def test_json_of_a_log_is_the_graph(run: Run, sample: Sample) -> None:
    found = found_json(run("log", sample.key, "--url", sample.url, "--json"))

    assert list(found) == ["versions", "branches", "tags", "head"]
    assert [version["id"] for version in found["versions"]] == [
        version.id for version in sample.session.graph().versions
    ]
    assert found["head"] == {"branch": "main-2", "version": sample.session.head.version}


def test_looking_changes_nothing(run: Run, sample: Sample, redis_server: RedisServer) -> None:
    def everything() -> dict[bytes, Any]:
        with redis_server.client() as client:
            return {key: client.dump(key) for key in client.keys("*")}

    before = everything()
    for command in ("show", "log", "verify"):
        assert run(command, sample.key, "--url", sample.url).exit_code == 0
    assert run("sessions", "--measure", "--url", sample.url).exit_code == 0

    assert everything() == before


def test_long_messages_are_not_broken_where_nobody_sees(run: Run, redis_url: str) -> None:
    with srs.connect(redis_url) as store:
        session = store.session()
        session["df"] = pd.DataFrame({"a": [1]})
        session.commit("x" * 190)

    result = run("log", session.key, "--url", redis_url)

    assert "x" * 190 in result.stdout
    assert len(result.stdout.splitlines()) == 1
