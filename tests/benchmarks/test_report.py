"""The report, the plots and README's table are made of results alone; nothing is measured here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from benchmarks import chart_edits, chart_scaling, headline, report
from benchmarks.__main__ import main, write
from benchmarks.goals import duration, goals
from benchmarks.timing import Spread

SVG = "{http://www.w3.org/2000/svg}"
RESULTS = Path(__file__).with_name("results.json")
FRAME = "300x20"


@pytest.fixture
def results() -> dict[str, Any]:
    """Two systems on a small frame, and a large one that one of them cannot keep."""
    found: dict[str, Any] = json.loads(RESULTS.read_text())
    return found


def row_of(text: str, title: str) -> list[str]:
    """The cells of the first line of a table that begins with a title."""
    line = next(line for line in text.splitlines() if line.startswith(f"| {title} |"))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_headline_has_a_column_for_each_system_and_a_line_for_each_edit(
    results: dict[str, Any],
) -> None:
    del results["edits"]["5000000x20"]

    text = headline.headline(results)

    middle = Spread.of(results["edits"][FRAME]["sort"]["seed"]["total_s"]).median
    assert row_of(text, "300 x 20")[1:] == ["**streamlit-redis-session**", "pickled copies"]
    assert row_of(text, "sort")[2].startswith(f"{duration(middle)}, ")
    assert len(text.splitlines()) > 10


def test_what_a_system_cannot_do_is_said_with_its_reason(results: dict[str, Any]) -> None:
    text = report.markdown(results)

    assert row_of(headline.headline(results), "one cell")[2] == "cannot"
    assert "* seed, 5M x 20, one cell: one value of 1,072 MB" in text


def test_the_report_says_which_goals_are_met(results: dict[str, Any]) -> None:
    del results["edits"]["5000000x20"]
    verdicts = {goal.what: goal.row()[3] for goal in goals(results)}

    assert verdicts["one cell, time against rows: exponent"] == "met"
    assert verdicts["one cell, complete"] == "**no**"
    assert verdicts["commit at the end of the longest history, of the first"] == "met"
    assert verdicts["cell, against Kishu"] == "not measured"


def test_the_report_of_a_run_that_was_cut_is_made_of_what_there_is(
    results: dict[str, Any], tmp_path: Path
) -> None:
    whole = [name for name in results if isinstance(results[name], dict)]
    for name in set(whole) - {"machine"}:
        partial = {key: value for key, value in results.items() if key != name}

        write(partial, tmp_path)

        assert (tmp_path / "latest.md").read_text().startswith("# Benchmarks"), name
        assert json.loads((tmp_path / "latest.json").read_text()) == partial


def test_the_report_is_written_anew_without_measuring(
    results: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "latest.json").write_text(json.dumps(results))

    main(["--again", "--out", str(tmp_path)])

    assert (tmp_path / "latest.md").read_text() == report.markdown(results)


def test_the_plot_of_edits_has_a_bar_for_every_system_and_edit(results: dict[str, Any]) -> None:
    del results["edits"]["5000000x20"]

    root = ET.fromstring(chart_edits.svg(results))

    bars = root.findall(f"{SVG}rect")
    # an unchanged rerun is no edit that could be undone, so that undo has a panel of its own
    assert len(bars) == 2 * len(chart_edits.PANELS)
    assert sum(bar.get("class") == "ours" for bar in bars) == len(chart_edits.PANELS)


def test_the_plot_of_growth_names_the_fitted_exponents(results: dict[str, Any]) -> None:
    root = ET.fromstring(chart_scaling.svg(results))

    exponents = ["".join(words.itertext()) for words in root.findall(f"{SVG}text")]
    assert "n1.00" in exponents  # whole copies grow with the rows
    assert "n0.05" in exponents  # bytes of one cell
    assert len(root.findall(f"{SVG}polyline")) == 2 * 5


@pytest.mark.parametrize("draw", [chart_edits.svg, chart_scaling.svg])
def test_a_plot_of_nothing_says_so(draw: Any) -> None:
    root = ET.fromstring(draw({}))

    assert "was measured" in "".join(root.itertext()) or "not measured" in "".join(root.itertext())


def test_both_plots_follow_the_colour_scheme_of_the_reader(results: dict[str, Any]) -> None:
    for draw in (chart_edits.svg, chart_scaling.svg):
        assert "prefers-color-scheme:dark" in draw(results)


def test_readme_gets_the_table_between_its_markers_and_nothing_else(
    results: dict[str, Any], tmp_path: Path
) -> None:
    readme, folder = tmp_path / "README.md", tmp_path / "benchmarks" / "results"
    readme.write_text(f"before\n\n{headline.BEGIN}\nold\n{headline.END}\n\nafter\n")

    headline.put_into(readme, results, folder)
    once = readme.read_text()
    headline.put_into(readme, results, folder)

    assert once == readme.read_text()
    assert once.startswith(f"before\n\n{headline.BEGIN}\n")
    assert once.endswith(f"\n{headline.END}\n\nafter\n")
    assert "old" not in once
    assert "(benchmarks/results/edits.svg)" in once
    assert headline.headline(results) in once


def test_a_readme_without_markers_is_left_alone(results: dict[str, Any], tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("text\n")

    with pytest.raises(ValueError, match="needs the lines"):
        headline.put_into(readme, results, tmp_path)

    assert readme.read_text() == "text\n"
