"""The benchmarks run, and report what they measured; how fast anything is, no test says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from pandas.testing import assert_frame_equal

from benchmarks import report
from benchmarks.__main__ import main
from benchmarks.data import generated
from benchmarks.edits import EDITS, step
from benchmarks.goals import goals
from benchmarks.questions import history, long_session, scaling, sharing
from benchmarks.timing import Spread, StallProbe, exponent, timed

SMALL = ["--quick", "--frames", "300x20", "--rounds", "1", "--peers", "ours,seed,arrow"]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """The smallest run that asks about edits, reruns, fresh processes, waits and memory."""
    folder = tmp_path_factory.mktemp("results")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(long_session, "VERSIONS", 5)
        asked = "edits,reruns,reads,stalls,long_session,imports"
        main([*SMALL, "--only", asked, "--out", str(folder)])
    return json.loads((folder / "latest.json").read_text()), folder


@pytest.mark.slow
def test_every_edit_is_saved_by_every_system(results: tuple[dict[str, Any], Path]) -> None:
    measured, _ = results

    assert not measured["notes"]
    for name, systems in measured["edits"]["300x20"].items():
        for peer in ("ours", "seed", "arrow"):
            assert systems[peer]["total_s"][0] > 0, (name, peer)


@pytest.mark.slow
def test_bytes_are_what_the_server_counts(results: tuple[dict[str, Any], Path]) -> None:
    edits = results[0]["edits"]["300x20"]

    assert edits["cell"]["seed"]["bytes"][0] > generated(300, 20).memory_usage().sum()
    assert edits["unchanged"]["ours"]["bytes"][0] < 100


@pytest.mark.slow
def test_the_report_names_every_edit_and_no_machine(
    results: tuple[dict[str, Any], Path],
) -> None:
    text = (results[1] / "latest.md").read_text()

    assert all(edit.title in text for edit in EDITS.values())
    assert "| one cell, complete | >= 400x |" in text
    assert "/" + "home" not in text


@pytest.mark.slow
def test_the_chart_is_an_image_with_a_dot_for_every_median(
    results: tuple[dict[str, Any], Path],
) -> None:
    root = ET.fromstring((results[1] / "chart.svg").read_text())

    dots = root.findall("{http://www.w3.org/2000/svg}circle")
    assert len(dots) == 3 * len(EDITS) + 3  # and the legend


@pytest.mark.slow
def test_goals_that_were_not_measured_say_so(results: tuple[dict[str, Any], Path]) -> None:
    verdicts = {row[0]: row[3] for row in (goal.row() for goal in goals(results[0]))}

    assert verdicts["one cell, complete"] != "not measured"
    assert verdicts["100 sessions on one data set, of one"] == "not measured"


def test_a_system_that_is_not_there_is_a_note(tmp_path: Path) -> None:
    """Its packages may be missing, or the server may lack what it needs."""
    main([*SMALL[:5], "--peers", "langgraph", "--only", "edits", "--out", str(tmp_path)])

    assert "langgraph" in json.loads((tmp_path / "latest.json").read_text())["notes"]


@pytest.mark.slow
def test_long_histories_many_sessions_and_growth_are_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "SESSIONS", 3)
    monkeypatch.setattr(history, "ROUNDS", 1)
    monkeypatch.setattr(scaling, "ROWS", (300, 600, 900))
    monkeypatch.setattr(scaling, "COLUMNS", (20, 40))

    main([*SMALL, "--only", "sharing,history,scaling", "--out", str(tmp_path)])

    measured = json.loads((tmp_path / "latest.json").read_text())
    assert not measured["notes"]
    assert len(measured["scaling"]["rows"]["cell"]["ours"]) == 3
    assert measured["sharing"]["ours"]["all_bytes"] < measured["sharing"]["seed"]["all_bytes"]
    assert "The exponent" in report.markdown(measured)


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_leaves_the_frame_before_it_alone(name: str) -> None:
    frame = generated(300, 20)

    after = EDITS[name].apply({"df": frame}, 3)

    assert_frame_equal(frame, generated(300, 20))
    changed = EDITS[name].into != "df" or not after["df"].equals(frame)
    assert changed is (name != "unchanged")


def test_a_long_session_can_take_all_its_steps() -> None:
    frames = {"df": generated(300, 20)}

    for number in range(long_session.VERSIONS):
        frames = step(number).apply(frames, number)

    assert len(frames["df"]) > 100
    assert "summary" in frames


def test_the_exponent_of_a_square_is_two() -> None:
    assert exponent([1, 10, 100], [3, 300, 30_000]) == pytest.approx(2)


def test_a_spread_has_quartiles() -> None:
    assert Spread.of([5, 1, 3, 2, 4]) == Spread(3, 2, 4, 5)
    assert Spread.of([7]) == Spread(7, 7, 7, 1)


def test_the_probe_sees_a_thread_that_holds_the_interpreter() -> None:
    """Sorting a list is one call that lets no other thread run."""
    numbers = [(-1) ** n * n for n in range(2_000_000)]
    with StallProbe() as stalls:
        seconds, _ = timed(numbers.sort, collect=False)

    assert stalls.worst_s > seconds / 2
