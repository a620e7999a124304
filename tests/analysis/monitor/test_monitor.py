"""``run_scenarios.py monitor``: every indicator on one page, judged by the rules, and since when."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from typer.testing import CliRunner

import run_scenarios
from analysis.assessment.observations import AssessmentError
from analysis.monitor.observations import Observation, key, place_in, read_observed
from analysis.monitor.study import latest_assessment, monitor_indicators
from analysis.monitor.words import asked, number
from calibration.fit.evidence import Evidence
from model.definition import model_hash
from scenarios import load_targets
from scenarios.monitor import load_monitor

CHROMIUM = shutil.which("chromium")
HEADER = "variable,year,value,unit,source\n"
MADE_UP = '"SYNTHETIC, for the test only"'
RATE = "target.urbanization.resident.2025"


def call(*words: object):
    return CliRunner().invoke(run_scenarios.app, [str(word) for word in words], env={"COLUMNS": "400"})


@pytest.fixture(scope="module")
def targets():
    return load_targets()


def test_a_workbook_of_observations_is_read_as_a_table_is(tmp_path, targets):
    import openpyxl

    from analysis.template.workbooks import observation_template

    path = tmp_path / "made_up.xlsx"
    path.write_bytes(observation_template("zh"))
    book = openpyxl.load_workbook(path)
    sheet = book["观测"]
    row = next(cells for cells in sheet.iter_rows() if cells[0].value == "常住人口城镇化率")
    for cell, value in zip(row[1:5], (2024, 0.759, "比率", "SYNTHETIC, for the test only"), strict=True):
        cell.value = value
    book.save(path)
    seen = read_observed(path, targets, load_monitor())[key(targets[RATE])][-1]
    assert seen.year == 2024
    assert seen.value == pytest.approx(75.9)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """What the command leaves, in both languages, with observations of series and of targets."""
    folder = tmp_path_factory.mktemp("monitor")
    newer = folder / "newer.csv"
    newer.write_text(
        HEADER
        + f"resident urbanization rate,2024,75.9%,Dmnl,{MADE_UP}\n"
        + f"target.gigabit_rural.2025,2023,85,percent,{MADE_UP}\n"
        + f"forest_cover.2025,2025,13.1%,%,{MADE_UP}\n"
        + f"泉城书房,2024,44,count,{MADE_UP}\n",
        encoding="utf-8",
    )
    out = folder / "out"
    outcomes = {
        language: call("monitor", "--observations", newer, "--members", 20, "--language", language, "--out", out)
        for language in ("zh", "en")
    }
    assert all(outcome.exit_code == 0 for outcome in outcomes.values()), [one.output for one in outcomes.values()]
    return outcomes, out


def test_the_verdict_is_short_and_in_one_language(made):
    outcomes, _ = made
    for language, outcome in outcomes.items():
        *verdict, files = outcome.output.strip().splitlines()
        assert len(verdict) <= 5
        assert "monitor.csv" in files
        chinese = re.search("[\u4e00-\u9fff]", " ".join(verdict)) is not None
        assert chinese is (language == "zh")
    assert "模型计算的22项目标中" in outcomes["zh"].output
    assert "其中3项有数据" in outcomes["zh"].output


def test_every_target_of_the_plan_is_in_the_table(made, targets):
    _, out = made
    table = pd.read_csv(out / "monitor.csv").set_index("target")
    assert list(table.index) == list(targets)
    modelled = table[table["modelled"] == "yes"]
    assert modelled["probability"].between(0, 1).all()
    assert modelled["forecast_median"].notna().all()
    assert not (modelled["status"] == "no data").any()
    tracked = table[table["modelled"] == "no"]
    assert set(tracked[tracked["observed"].isna()]["status"]) == {"no data"}
    assert tracked["status"].value_counts().to_dict() == {"no data": 24, "reached": 1, "off course": 1, "watch": 1}
    # Of the plan's own unit, whatever the unit of the series.
    assert table.loc[RATE, "observed"] == pytest.approx(75.9)
    assert table.loc[RATE, "observed_year"] == 2024
    assert table.loc["target.forest_cover.2025", "status"] == "off course"


def test_a_forecast_is_one_made_before_the_observation(made):
    _, out = made
    table = pd.read_csv(out / "monitor.csv").set_index("target")
    assert table.loc[RATE, "expected_seen_to"] == 2023
    # The record that is shipped ends in 2023, which only the forecast of 2020 did not know.
    assert table.loc["target.urban_rural_gap.2035", "expected_seen_to"] == 2020


def test_the_page_is_whole_by_itself_and_names_what_made_it(made, targets):
    _, out = made
    for language in ("zh", "en"):
        page = (out / f"monitor_{language}.html").read_text(encoding="utf-8")
        assert not re.search(r'(?:src|href)="(?!data:)', page)
        assert "http" not in page
        for name in targets:
            assert f'id="{name}"' in page
        assert f"{'模型' if language == 'zh' else 'model'} {model_hash()}" in page
        notes = page.partition("<footer>")[2]
        for rule in load_monitor().rules:
            assert rule.because[language].replace(">", "&gt;") in notes


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
@pytest.mark.parametrize("language", ["zh", "en"])
def test_it_prints_on_one_page(made, tmp_path, language):
    _, out = made
    assert CHROMIUM is not None
    printed = tmp_path / "page.pdf"
    words = ["--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer", f"--print-to-pdf={printed}"]
    page = (out / f"monitor_{language}.html").resolve().as_uri()
    subprocess.run(
        [CHROMIUM, *words, f"--user-data-dir={tmp_path}", page], check=True, capture_output=True, timeout=120
    )
    assert len(re.findall(rb"/Type\s*/Page[^s]", printed.read_bytes())) == 1


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("target.gigabit_rurl.2025,2023,85,percent", "Did you mean 'target.gigabit_rural.2025'?"),
        ("target.gigabit_rural.2025,2023,0.85,percent", "write 85 if the share is meant"),
        ("target.gigabit_rural.2025,2023,185,percent", "more than 100 percent"),
        ("target.gigabit_rural.2025,2023,85,persons", "must be 'percent', that of the plan"),
        ("target.gigabit_rural.2025,1999,85,percent", "is not a year from 2010 to 2035"),
        ("target.gigabit_rural.2025,2023,many,percent", "is not a finite number"),
        ("residnets,2024,9400000,person", "Did you mean 'residents'?"),
        ("residents,2024,940,person", "is the value in that unit?"),
    ],
)
def test_a_mistake_in_a_row_is_told_with_its_row(tmp_path, targets, row, said):
    file = tmp_path / "newer.csv"
    # The row of the mistake is the fourth, behind one that is right and an empty one.
    right = f"target.book_rooms.2025,2024,44,count,{MADE_UP}\n"
    file.write_text(f"{HEADER}{right}\n{row},{MADE_UP}\n", encoding="utf-8")
    with pytest.raises(AssessmentError) as told:
        read_observed(file, targets, load_monitor())
    assert said in str(told.value)
    assert "row 4" in str(told.value)


def test_mistakes_of_both_kinds_are_told_at_once(tmp_path, targets):
    file = tmp_path / "newer.csv"
    file.write_text(f"{HEADER}residnets,2024,1,person,x\ntarget.none.2025,2024,1,count,x\n", encoding="utf-8")
    with pytest.raises(AssessmentError) as told:
        read_observed(file, targets, load_monitor())
    assert "row 2" in str(told.value)
    assert "row 3" in str(told.value)


def test_nothing_is_written_when_a_file_is_refused(tmp_path):
    file = tmp_path / "newer.csv"
    file.write_text(f"{HEADER}residnets,2024,1,person,x\n", encoding="utf-8")
    outcome = call("monitor", "--observations", file, "--out", tmp_path / "out")
    assert outcome.exit_code == 2
    assert not (tmp_path / "out").exists()


def test_a_newer_number_takes_the_place_of_the_record(tmp_path, targets):
    file = tmp_path / "newer.csv"
    file.write_text(f"{HEADER}resident urbanization rate,2023,0.755,Dmnl,{MADE_UP}\n", encoding="utf-8")
    record = read_observed(None, targets, load_monitor())[key(targets[RATE])]
    newer = read_observed(file, targets, load_monitor())[key(targets[RATE])]
    assert record[-1].year == 2023
    assert record[-1].value == pytest.approx(75.3)
    assert newer[-1].value == pytest.approx(75.5)
    assert len(newer) == len(record)


@pytest.mark.parametrize(("better", "place"), [("at least", 0.95), ("at most", 0.05)])
def test_the_better_end_of_a_band_depends_on_the_target(better, place, targets):
    target = next(one for one in targets.values() if one.comparison == better)
    assert place_in(3.0, {0.05: 1.0, 0.5: 2.0, 0.95: 3.0}, target) == pytest.approx(
        place if place < 0.5 else 1.0, abs=0.06
    )


def judged(targets, rate: float, kept: pd.DataFrame, observed=None):
    """The resident rate alone, with a run in which every member has one rate."""
    years = np.arange(2010.0, 2036.0)
    run = xr.Dataset(
        {"target resident urbanization rate": (("run", "time"), np.full((20, years.size), rate))}, {"time": years}
    )
    only = {RATE: targets[RATE]}
    rules = load_monitor()
    return monitor_indicators(only, observed or {}, run, rules, kept, Evidence.TO_2023, "baseline")[0]


def history(*rows: tuple[int, int, float, float, str]) -> pd.DataFrame:
    columns = ["evidence", "data_to", "probability_before", "probability_after", "scenario"]
    return pd.DataFrame(rows, columns=columns).assign(target=RATE, course="on course")


def test_a_status_lasts_since_the_assessment_that_first_gave_it(targets):
    kept = history((2020, 2021, 0.9, 0.8, "baseline"), (2020, 2022, 0.9, 0.1, "baseline"))
    off = judged(targets, 70.0, kept)
    assert (off.status, off.since, off.since_start) == ("off course", 2022, False)
    on = judged(targets, 80.0, kept)
    assert (on.status, on.since) == ("on course", 2023)


def test_without_a_history_the_status_is_as_old_as_what_is_known(targets):
    empty = history()
    assert (judged(targets, 70.0, empty).since, judged(targets, 70.0, empty).since_start) == (2023, True)
    other = history((2020, 2022, 0.1, 0.1, "plan"))
    assert judged(targets, 70.0, other).since == 2023


def test_an_observation_when_due_goes_before_the_forecast(targets):
    missed = {key(targets[RATE]): [Observation(2025, 78.0, "x")]}
    assert judged(targets, 80.0, history(), missed).status == "off course"
    reached = {key(targets[RATE]): [Observation(2024, 78.6, "x")]}
    assert judged(targets, 70.0, history(), reached).status == "reached"


def test_a_newer_assessment_gives_the_probability_if_its_model_is_the_present_one(tmp_path, targets):
    from analysis.assessment.memory import COLUMNS

    row = dict.fromkeys(COLUMNS, "x") | {
        "assessed_on": "2025-03-01", "data_to": 2024, "evidence": 2023, "scenario": "baseline", "target": RATE,
        "year": 2025, "probability_before": 0.1, "probability_after": 0.7, "course": "on course",
    }  # fmt: skip
    file = tmp_path / "baseline_evidence_2023_data_to_2024_0123abcd.csv"
    pd.DataFrame([row]).to_csv(file, index=False)
    beside = file.with_name(f"{file.name}-metadata.json")
    for hashed, found in ((model_hash(), True), ("another", False)):
        beside.write_text(json.dumps({"notes": [{"made from": {"model_hash": hashed}}]}), encoding="utf-8")
        assessed = latest_assessment(tmp_path, "baseline", Evidence.TO_2023)
        assert (assessed is not None) is found
        if assessed is not None:
            assert assessed.data_to == 2024
            assert assessed.probabilities[RATE] == 0.7


def test_numbers_are_short_and_in_the_units_of_the_language(targets):
    talent = targets["target.talent_settled.2021_2025"]
    assert asked(talent, "zh") == "≥60万人"
    assert asked(talent, "en") == "≥ 600 thousand"
    assert number(76.834, targets[RATE], "zh") == "76.8%"
    assert number(2.4, targets["target.urban_rural_gap.2035"], "en") == "2.40"
