"""The benchmarks run, and report what they measured; how fast anything is, no test says."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pandas.testing import assert_frame_equal
from support.servers import RedisServer

from benchmarks import contestants, profile
from benchmarks.__main__ import main
from benchmarks.contestants import Contestant, WorkerError
from benchmarks.data import Data, generated
from benchmarks.edits import EDITS, edit_named, step
from benchmarks.goals import goals
from benchmarks.questions import QUESTIONS, history, long_session, scaling, sharing
from benchmarks.run import Run
from benchmarks.timing import Spread, StallProbe, exponent, timed

SMALL = ["--quick", "--frames", "300x20", "--rounds", "1"]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """The smallest run that asks every question."""
    folder = tmp_path_factory.mktemp("results")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(long_session, "VERSIONS", 5)
        patch.setattr(sharing, "SESSIONS", 3)
        patch.setattr(history, "QUICK_VERSIONS", 20)
        patch.setattr(scaling, "MARKS", (2, 5, 10))
        patch.setattr(scaling, "WINDOW", 2)
        patch.setattr(scaling, "ROWS", (300, 600))
        patch.setattr(scaling, "COLUMNS", (20,))
        main([*SMALL, "--peers", "ours,seed", "--out", str(folder)])
    return json.loads((folder / "latest.json").read_text()), folder


@pytest.mark.slow
def test_every_question_is_answered_without_a_note(
    results: tuple[dict[str, Any], Path],
) -> None:
    measured, _ = results

    assert not measured["notes"]
    assert measured["complete"] == list(QUESTIONS)
    assert set(measured["took_s"]) == set(QUESTIONS)
    assert all(measured[name] for name in QUESTIONS)


@pytest.mark.slow
def test_every_edit_is_saved_by_every_system(results: tuple[dict[str, Any], Path]) -> None:
    for name, systems in results[0]["edits"]["300x20"].items():
        for peer in ("ours", "seed"):
            assert systems[peer]["total_s"][0] > 0, (name, peer)
            assert systems[peer]["caller_s"][0] > 0, (name, peer)


@pytest.mark.slow
def test_bytes_and_memory_are_what_the_server_counts(
    results: tuple[dict[str, Any], Path],
) -> None:
    edits = results[0]["edits"]["300x20"]
    frame_bytes = generated(300, 20).memory_usage().sum()

    assert edits["cell"]["seed"]["bytes"][0] > frame_bytes
    assert edits["cell"]["seed"]["memory"][0] > frame_bytes
    assert edits["unchanged"]["ours"]["bytes"][0] < 100
    assert edits["unchanged"]["ours"]["memory"][0] == 0


@pytest.mark.slow
def test_growth_is_measured_along_every_axis(results: tuple[dict[str, Any], Path]) -> None:
    grown = results[0]["scaling"]

    assert set(grown) >= {"rows", "columns", "versions", "sessions", "cells touched"}
    assert [point[0] for point in grown["rows"]["cell"]["ours"]] == [300, 600]
    assert results[0]["sharing"]["ours"]["all_bytes"] < results[0]["sharing"]["seed"]["all_bytes"]


@pytest.mark.slow
def test_a_finished_run_has_nothing_left_to_add(results: tuple[dict[str, Any], Path]) -> None:
    measured, folder = results

    main([*SMALL, "--peers", "ours,seed", "--add", "--out", str(folder)])

    assert json.loads((folder / "latest.json").read_text())["edits"] == measured["edits"]


@pytest.mark.slow
def test_a_goal_of_a_complete_run_is_met_or_not(results: tuple[dict[str, Any], Path]) -> None:
    verdicts = {row[0]: row[3] for row in (goal.row() for goal in goals(results[0]))}

    assert verdicts["one cell, complete"] in ("met", "**no**")
    assert verdicts["cell, against Kishu"] == "not measured"


@pytest.mark.slow
def test_a_profile_names_the_phases_of_a_commit(capsys: pytest.CaptureFixture[str]) -> None:
    profile.main(["300x20", "cell", "--rounds", "2", "--lines", "5"])

    printed = capsys.readouterr().out
    assert "one cell, medians of 2 commits" in printed
    assert "move head" in printed


def test_a_system_that_is_not_there_is_a_note(tmp_path: Path) -> None:
    """Its packages may be missing, or the server may lack what it needs."""
    main([*SMALL, "--peers", "langgraph", "--only", "edits", "--out", str(tmp_path)])

    assert "langgraph" in json.loads((tmp_path / "latest.json").read_text())["notes"]


@pytest.mark.slow
def test_a_system_that_cannot_is_named_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server takes values up to a size; whole copies of a large frame exceed it."""
    small = partial(RedisServer, "--proto-max-bulk-len", "1mb")
    monkeypatch.setattr(contestants, "RedisServer", small)

    asked = ["--quick", "--frames", "10000x20", "--rounds", "1", "--peers", "ours,seed"]
    main([*asked, "--only", "edits", "--out", str(tmp_path)])

    cell = json.loads((tmp_path / "latest.json").read_text())["edits"]["10000x20"]["cell"]
    assert cell["ours"]["total_s"]
    assert "the server takes at most 1 MB" in cell["seed"]["cannot"]
    assert "cannot" in (tmp_path / "latest.md").read_text()


def test_a_system_whose_process_dies_says_so() -> None:
    contestant = Contestant("ours")
    try:
        contestant.start()
        contestant.process._process.kill()

        with pytest.raises(WorkerError, match=r"process (has )?ended"):
            contestant.ask("begin")
    finally:
        contestant.close()
        contestant.close()  # harmless


def test_a_run_that_goes_on_leaves_what_it_has_and_keeps_each_frame() -> None:
    kept: list[None] = []
    frames = [Data("300x20"), Data("600x20"), Data("900x20")]
    found: dict[str, Any] = {"600x20": {"cell": {}}}
    run = Run(True, [], frames, 1, keep=lambda: kept.append(None), only_missing=True)

    assert [data.name for data in run.frames_left(found)] == ["300x20", "900x20"]
    assert len(kept) == 2


@pytest.mark.parametrize("count", [1, 10])
def test_an_edit_of_many_cells_touches_as_many(count: int) -> None:
    frame = generated(300, 20)

    after = edit_named(f"cells:{count}").apply({"df": frame}, 0)["df"]

    assert (after["amount"] != frame["amount"]).sum() == count
    assert len(edit_named(f"columns:{count}").apply({"df": frame}, 0)["df"].columns) == 20 + count


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
