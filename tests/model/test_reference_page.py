"""The reference page says what the model file says."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from analysis.pages.__main__ import app
from model import reference_page
from model.reference_page import PAGE, print_page


def test_the_page_in_docs_is_fresh():
    assert PAGE.read_text(encoding="utf-8") == print_page(), "run `make docs`"


def test_the_page_names_every_variable(variables):
    page = print_page()
    assert [variable.name for variable in variables if variable.name not in page] == []


def test_a_sector_shows_what_flows_and_what_decides_it(small_town_file):
    page = print_page(small_town_file)
    chart = page.partition("```mermaid")[2].partition("```")[0]
    assert 'n0("births")' in chart
    assert 'n1["Residents"]' in chart
    assert "n0 ==> n1" in chart
    assert "n2 -.-> n0" in chart
    assert "n1 ==> n3" in chart


def test_a_row_holds_unit_range_source_and_grade(small_town_file):
    row = next(
        line for line in print_page(small_town_file).splitlines() if line.startswith("| `LENGTH OF LIFE` | 寿命")
    )
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells == [
        "`LENGTH OF LIFE`", "寿命", "constant", "Year", "40 to 100", "", "Mean length of life.", "for tests", "E", "",
    ]  # fmt: skip


def test_assumptions_are_listed_worst_first(small_town_file):
    section = print_page(small_town_file).partition("## Assumptions")[2].partition("\n## ")[0]
    assert "5 of 5 inputs rest on" in section
    assert "`BIRTHS PER RESIDENT` | E | 0.02 | 1/Year | 0 to 0.1 | for tests" in section


@pytest.mark.parametrize("line", ["--check", ""])
def test_a_stale_page_is_reported_or_written(line, monkeypatch, tmp_path, small_town_file):
    page = tmp_path / "model.md"
    page.write_text("old", encoding="utf-8")
    monkeypatch.setattr(reference_page, "PAGE", page)
    monkeypatch.setattr(reference_page, "print_page", lambda: print_page(small_town_file))
    outcome = CliRunner().invoke(app, ["model", *line.split()])
    stale = line == "--check"
    assert outcome.exit_code == int(stale), outcome.output
    assert (page.read_text(encoding="utf-8") == "old") is stale
    assert ("make pages" in outcome.stderr) is stale
