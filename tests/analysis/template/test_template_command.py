"""Workbooks are written for a person to fill in, never over one that is there, and what is in them is read."""

from __future__ import annotations

from io import BytesIO

import openpyxl
import pytest
from typer.testing import CliRunner

import run_scenarios
from analysis.assessment.observations import AssessmentError, fingerprint, read_newer_observations, read_stored_forecast
from analysis.template.workbooks import observation_template, scenario_template
from calibration.fit.evidence import Evidence
from scenarios import load_levers, load_scenario
from tests.support.workbooks import fill, lever_cell, observation_book, saved, scenario_book

FORECAST = read_stored_forecast(Evidence.TO_2023.forecast)


def call(*words: object):
    return CliRunner().invoke(run_scenarios.app, [str(word) for word in words], env={"COLUMNS": "200"})


def observe(book, row: int, **said) -> None:
    columns = {
        name: column for column, name in enumerate(("variable", "year", "value", "unit", "source", "note", "grade"), 1)
    }
    for name, value in said.items():
        book.worksheets[1].cell(row, columns[name]).value = value


def refused(path) -> str:
    with pytest.raises(AssessmentError) as caught:
        read_newer_observations(path, FORECAST)
    return str(caught.value)


# What is written


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_lever_has_a_row_with_its_range_and_cells_that_keep_to_it(language):
    book = openpyxl.load_workbook(BytesIO(scenario_template(language)))
    sheet = book.worksheets[2]
    heads = [cell.value for cell in sheet[1]]
    assert heads[11:26] == list(range(2021, 2036))
    rows = list(sheet.iter_rows(min_row=2, values_only=True))
    parts = sum(1 if isinstance(lever.default, float) else len(lever.default) for lever in load_levers().values())
    assert len(rows) == parts
    for row in rows:
        lever = load_levers()[row[3]]
        own = lever.default if isinstance(lever.default, float) else lever.default[row[4]]
        assert row[0:2] == (lever.section, lever.title[language])
        assert row[6:10] == (own, lever.lowest, lever.highest, lever.guidance[language])
        assert row[11:] == (None,) * 17
    cell = lever_cell(book, "RENT SUBSIDY", 2025)
    (check,) = (one for one in sheet.data_validations.dataValidation if cell.coordinate in one)
    assert (check.type, float(check.formula1), float(check.formula2), check.errorStyle) == ("decimal", 0, 0.5, None)
    assert sheet.freeze_panes == "D2"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_variables_of_the_forecast_are_listed_with_their_units(language):
    book = openpyxl.load_workbook(BytesIO(observation_template(language)))
    listed = {row[1]: row[3:5] for row in book.worksheets[0].iter_rows(min_row=8, values_only=True) if row[3]}
    listed.pop("模型变量" if language == "zh" else "name in the model")
    assert set(listed) == set(FORECAST["variable"])
    assert set(listed.values()) == {(2024, 2035)}


def test_a_filled_in_workbook_is_never_written_over(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    outcome = call("template", "我的方案.xlsx")
    assert outcome.exit_code == 0, outcome.output
    assert "run 我的方案.xlsx" in outcome.output
    before = (tmp_path / "我的方案.xlsx").read_bytes()
    again = call("template", "我的方案.xlsx")
    assert again.exit_code == 2
    assert "It is there already" in again.stderr
    assert (tmp_path / "我的方案.xlsx").read_bytes() == before
    assert call("template", "plan.xls").exit_code == 2
    assert "may hold letters, digits" in call("template", "方案 (1).xlsx").stderr
    assert call("template", "--observations", "--language", "en").exit_code == 0
    assert {path.name for path in tmp_path.iterdir()} == {"我的方案.xlsx", "observations.xlsx"}


def test_a_workbook_is_run_and_written_as_yaml(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    book = scenario_book()
    fill(book, "EASE OF SETTLEMENT", {2025: 1.0})
    path = saved(book, tmp_path / "quick.xlsx")
    outcome = call("template", "--as-yaml", path)
    assert outcome.exit_code == 0, outcome.output
    assert load_scenario(tmp_path / "quick.yaml").hash == load_scenario(path).hash
    monkeypatch.setattr("analysis.charts.catalogue.list_charts", lambda *_: [])
    outcome = call("run", path, "--members", 1, "--out", tmp_path / "out")
    assert outcome.exit_code == 0, outcome.output
    assert "加快落户" in outcome.output
    assert (tmp_path / "out" / "quick.nc").exists()
    fill(book, "EASE OF SETTLEMENT", {2025: 2.0})
    wrong = call("template", "--as-yaml", saved(book, tmp_path / "wrong.xlsx"))
    assert wrong.exit_code == 2
    assert "2 is outside 0 to 1 Dmnl" in wrong.stderr
    assert not (tmp_path / "wrong.yaml").exists()


# Observations


@pytest.mark.parametrize("language", ["zh", "en"])
def test_observations_in_a_workbook_equal_those_of_a_csv(tmp_path, language):
    book = observation_book(language)
    observe(book, 2, year=2024, value=9111000, source="编造，仅供检验")
    observe(book, 3, year="2024年" if language == "zh" else 2024.0, value=0.777, source="编造，仅供检验")
    book.worksheets[1].cell(3, 3).number_format = "0.0%"
    observe(book, 5, year=2024, value="５５．５％", source="编造，仅供检验", grade="A")
    path = saved(book, tmp_path / "newer.xlsx")
    table = tmp_path / "newer.csv"
    table.write_text(
        "variable,year,value,unit,source,note,grade\n"
        "residents,2024,9111000,person,编造，仅供检验,,\n"
        "resident urbanization rate,2024,0.777,Dmnl,编造，仅供检验,,\n"
        "registered urbanization rate,2024,55.5%,Dmnl,编造，仅供检验,,A\n",
        encoding="utf-8",
    )
    one, other = (read_newer_observations(file, FORECAST) for file in (path, table))
    assert fingerprint(one) == fingerprint(other)
    assert one["value"].tolist() == [9111000.0, 0.777, 0.555]


def test_mistakes_in_observations_are_told_by_cell(tmp_path):
    book = observation_book()
    observe(book, 2, year=2019, value="911.1万", unit="万人")
    observe(book, 3, variable="常住人口城镇率", year=2024, value=0.5, source="编造")
    observe(book, 4, year=2024, value=0.5, source="编造", grade="F")
    book.worksheets[1].cell(4, 3).number_format = "0%"
    observe(book, 30, variable="residents", year=2025, value=9111000, unit="人", source="编造")
    observe(book, 31, variable="常住人口总数", year=2025, value=9111000, unit="人", source="编造")
    told = refused(saved(book, tmp_path / "newer.xlsx"))
    for words in (
        "B2: year 2019 is outside the forecast, 2024-2035",
        "C2: value '911.1万' is not a finite number above zero; write 9111000",
        "D2: unit '万人' of 'residents' must be 'person': multiply by 10,000",
        "E2: source is empty",
        "A3: '常住人口城镇率' is not a variable of the forecast. "
        "Did you mean '常住人口城镇化率' (resident urbanization rate)?",
        "C4: value '50%' is a percentage, but 'registered population' is in 'person'",
        "G4: grade 'F' is none of A, B, C, D, E",
        "A31: 'residents' of 2025 is given a second time",
    ):
        assert words in told, (words, told)


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda sheet: sheet.merge_cells("B2:B3"), "B2: the cells B2:B3 are merged"),
        (lambda sheet: sheet.row_dimensions.__getitem__(2).__setattr__("hidden", True), "A2: is hidden"),
        (lambda sheet: sheet.cell(2, 3).__setattr__("value", "=1+1"), "C2: holds a formula whose value was not saved"),
        (lambda sheet: sheet.cell(2, 9).__setattr__("value", 7), "I2: stands in a column without a name"),
        (
            lambda sheet: sheet.cell(1, 2).__setattr__("value", "年分"),
            "column 'year' is missing (in Chinese 年份)",
        ),
        (lambda sheet: sheet.cell(1, 6).__setattr__("value", "数值"), "F1: the column '数值' is given twice"),
        (lambda sheet: sheet.cell(2, 2).__setattr__("number_format", "yyyy-mm-dd"), "B2: holds a date"),
    ],
)
def test_what_a_spreadsheet_can_hide_is_refused_by_cell(tmp_path, harm, words):
    book = observation_book()
    observe(book, 2, year=2024, value=9111000, source="编造，仅供检验")
    harm(book.worksheets[1])
    told = refused(saved(book, tmp_path / "newer.xlsx"))
    assert words in told, told


def test_an_untouched_template_and_a_file_of_another_kind_are_refused(tmp_path):
    assert "it holds no observations" in refused(saved(observation_book(), tmp_path / "newer.xlsx"))
    (tmp_path / "other.xlsx").write_text("variable,year\n", encoding="utf-8")
    assert "It is no workbook, whatever its name" in refused(tmp_path / "other.xlsx")
    assert "It has no sheet" in refused(saved(scenario_book(), tmp_path / "scenario.xlsx"))
    saved(observation_book(), tmp_path / "newer.xlsx").rename(tmp_path / "newer.csv")
    assert "Give a workbook the ending .xlsx" in refused(tmp_path / "newer.csv")
    (tmp_path / "old.xls").write_bytes(b"")
    assert "It is a .xls file, which is not read" in refused(tmp_path / "old.xls")
