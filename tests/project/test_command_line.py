"""The command line, from the typed words to the files, in a temporary folder."""

from __future__ import annotations

import re

import pandas as pd
import pytest
import xarray as xr
from rich.cells import cell_len
from typer.testing import CliRunner

import run_scenarios
from analysis.charts import catalogue
from analysis.charts.catalogue import DETAILS
from analysis.charts.panels import COMPARISONS
from analysis.outcome.targets import COLUMNS
from analysis.outcome.words import LANGUAGES
from calibration.fit.ensemble import read_members
from model import checks as model_checks
from model.definition import MODEL_FILE, model_hash
from scenarios import load_scenario, load_targets, shipped_scenarios
from tests.support.result_listing import names_of_results

#: Few, so that the tests are quick; enough for bands and probabilities.
MEMBERS = 12


@pytest.fixture
def no_charts(monkeypatch):
    monkeypatch.setattr(catalogue, "draw_figures", lambda *_: iter(()))


def call(*words: object, columns: int = 120):
    return CliRunner().invoke(run_scenarios.app, [str(word) for word in words], env={"COLUMNS": str(columns)})


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """The plan on some members of the ensemble, with everything it writes."""
    out = tmp_path_factory.mktemp("run") / "outputs"
    outcome = call("run", "plan", "--members", MEMBERS, "--full", "--out", out)
    assert outcome.exit_code == 0, outcome.output
    return outcome, out


def test_a_run_leaves_data_table_and_charts_and_nothing_half_written(first):
    _, out = first
    assert names_of_results(out) == {"baseline.nc", "plan.nc", "targets.csv", "figures"}
    expected = {
        "_".join(filter(None, (scenario, name, language))) + ".png"
        for language in LANGUAGES
        for scenario, names in ((None, COMPARISONS), ("plan", DETAILS))
        for name in names
    }
    assert {path.name for path in (out / "figures").iterdir()} == expected
    assert not list(out.rglob("*partial*"))


def test_the_table_on_disk_has_every_target_for_every_scenario_with_its_probability(first):
    table = pd.read_csv(first[1] / "targets.csv")
    assert tuple(table.columns) == COLUMNS
    assert len(table) == 2 * len(load_targets())
    modelled = table[table["reached"] != "not modelled"]
    for column in ("median", "margin", "p05", "p95", "probability", "probability_se"):
        assert modelled[column].notna().all(), column
    assert modelled["probability"].between(0, 1).all()
    assert (modelled["p05"] <= modelled["median"]).all()
    assert (modelled["median"] <= modelled["p95"]).all()


def test_the_data_say_what_made_them(first):
    with xr.open_dataset(first[1] / "plan.nc") as data:
        data.load()
    assert data.attrs["model_hash"] == model_hash()
    assert data.attrs["scenario_hash"] == load_scenario("plan").hash
    assert data.attrs["engine"] == "compiled"
    assert data.attrs["members"] == str(MEMBERS)
    assert data.attrs["seed"] == read_members(1).attrs["seed"]
    assert data.attrs["posterior_hash"] != "none"
    assert "numpy" in data.attrs["versions"]
    assert data.attrs["data_vintage"] == "observations up to 2023"
    assert data.sizes["member"] == MEMBERS
    assert data["residents"].dims == ("member", "time")
    # A shipped scenario expects something of it, so it is kept for every member in each file.
    assert data["residents by district"].dims == ("member", "time", "district")
    assert data["destination share"].dims[:2] == ("quantile", "time")
    for name, array in data.data_vars.items():
        assert array.attrs["units"], name
        assert array.attrs["long_name"], name
        assert re.search(r"[\u4e00-\u9fff]", array.attrs["long_name_zh"]), name


def test_the_files_stay_reasonable(first):
    assert all(path.stat().st_size < 50e6 for path in first[1].glob("*.nc"))


def test_the_answer_is_told_in_words_and_assumptions_are_not_hidden(first):
    outcome, out = first
    for target in load_targets().values():
        if target.headline:
            assert f"{target.year}年按中位数达到“{target.title['zh']}”目标的情景" in outcome.output
    assert "未模拟" in outcome.output
    assert "以模型、先验范围和情景政策不变为前提" in outcome.output
    assert str(out) in outcome.output.replace("\n", "")


def test_a_scenario_of_2026_is_told_by_later_years_and_leaves_every_target_in_the_table(tmp_path, monkeypatch):
    monkeypatch.setattr("analysis.charts.catalogue.list_charts", lambda *_: [])
    outcome = call("run", "as_carried_out", "renewal_2026", "--members", 3, "--full", "--out", tmp_path)
    assert outcome.exit_code == 0, outcome.output
    told = "".join(outcome.output.split())
    until = load_scenario("as_carried_out").title["zh"]
    assert f"措施自2026年年初起实施，此前与“{until}”相同" in told
    assert "2030年按中位数达到“常住人口城镇化率（本项目自设）”目标的情景" in outcome.output
    assert "2025年按中位数达到" not in outcome.output
    table = pd.read_csv(tmp_path / "targets.csv")
    assert set(table["target"]) == set(load_targets(milestones=True))
    before = table[table["year"] <= 2025].pivot_table(index="target", columns="scenario", values="median")
    assert (before["as_carried_out"] == before["renewal_2026"]).all()
    with xr.open_dataset(tmp_path / "renewal_2026.nc") as data:
        assert data.attrs["levers_from"] == "2026"


def test_a_second_run_keeps_what_is_unchanged_and_says_so(first):
    outcome, out = first
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in out.rglob("*.*")}
    again = call("run", "plan", "--members", MEMBERS, "--full", "--out", out)
    assert again.exit_code == 0
    assert "未变、沿用：baseline.nc, plan.nc" in again.output.replace("\n", "")
    assert "将替换" not in again.output
    assert {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in out.rglob("*.*")} == before
    assert again.stdout.partition("常住人口")[2] == outcome.stdout.partition("常住人口")[2]


def test_results_of_other_members_are_replaced_and_that_is_said(tmp_path, no_charts):
    assert call("run", "plan", "--members", 2, "--out", tmp_path).exit_code == 0
    outcome = call("run", "plan", "--members", 3, "--out", tmp_path)
    assert "将替换" in outcome.output
    assert "baseline.nc, plan.nc, targets.csv" in " ".join(outcome.output.split())
    assert "沿用" not in outcome.output
    with xr.open_dataset(tmp_path / "plan.nc") as data:
        assert data.sizes["member"] == 3


def test_one_member_is_the_model_file_and_claims_no_probability(tmp_path, no_charts):
    outcome = call("run", "plan", "--members", 1, "--out", tmp_path)
    assert outcome.exit_code == 0, outcome.output
    assert "不表示概率" in outcome.output
    assert "中位数" not in outcome.output
    assert pd.read_csv(tmp_path / "targets.csv")["probability"].isna().all()
    with xr.open_dataset(tmp_path / "plan.nc") as data:
        assert "member" not in data.sizes
        assert data.attrs["seed"].startswith("none")


def test_without_an_ensemble_the_way_to_make_one_is_named(tmp_path, monkeypatch, no_charts):
    missing = tmp_path / "posterior.nc"
    monkeypatch.setattr(
        "calibration.fit.ensemble.read_members", lambda count, evidence: read_members(count, evidence, path=missing)
    )
    outcome = call("run", "plan", "--out", tmp_path)
    assert outcome.exit_code == 2
    assert "posterior.nc is missing; make it with: python run_scenarios.py calibrate --evidence 2023" in outcome.stderr


@pytest.mark.parametrize("columns", [100, 160])
def test_the_tables_fit_the_screen(columns, tmp_path, no_charts):
    outcome = call("run", "low_fertility", "--members", MEMBERS, "--full", "--out", tmp_path, columns=columns)
    assert "┃" in outcome.output
    assert max(map(cell_len, outcome.output.splitlines())) <= columns
    assert "…" not in outcome.output
    # Each table's own lines are equally wide, Chinese or not.
    for line in outcome.output.splitlines():
        assert not line.startswith("│") or line.rstrip().endswith("│")


def test_without_a_command_every_shipped_scenario_is_run(tmp_path, monkeypatch, no_charts):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("calibration.fit.ensemble.read_members", lambda *_: read_members(2))
    outcome = call()
    assert outcome.exit_code == 0, outcome.output
    assert {path.stem for path in (tmp_path / "outputs").glob("*.nc")} == set(shipped_scenarios())


def test_a_changed_assumption_is_shown_as_one(first, tmp_path, no_charts):
    assert re.search("│.*假设 ", call("run", "low_fertility", "--members", 1, "--full", "--out", tmp_path).output)
    assert not re.search("│ 假设 ", first[0].output)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run", "--members", "100000"], "holds 1 to 1000 members"),
        (["run", "--members", "0"], "--members"),
        (["run", "--engine", "pysd"], "--members 1"),
        (["calibrate", "--draws", "1"], "--draws"),
        (["run", "--engine", "vensim"], "vensim"),
        (["run", "--members", "many"], "write a whole number"),
        (["run", "--turbo"], "turbo"),
        (["calibrat"], "calibrat"),
    ],
)
def test_a_wrong_word_is_refused(words, message):
    outcome = call(*words)
    assert outcome.exit_code == 2
    assert message in outcome.stderr


@pytest.mark.parametrize(
    ("words", "messages"),
    [
        (["run", "plann", "--members", "100000"], ["Did you mean 'plan'?", "holds 1 to 1000 members"]),
        (
            ["compare", "baseline", "plann", "--indicator", "residants", "--members", "100000"],
            ["Did you mean 'plan'?", "Did you mean 'residents'?", "holds 1 to 1000 members"],
        ),
        (
            ["reach", "--target", "moon", "--scenario", "plann", "--members", "100000"],
            ["no target 'moon'", "Did you mean 'plan'?", "holds 1 to 1000 members"],
        ),
        (["left-out", "plann", "--members", "100000"], ["Did you mean 'plan'?", "holds 1 to 1000 members"]),
        (
            ["conditions", "--target", "moon", "--scenario", "plann", "--futures", "3"],
            ["no target 'moon'", "Did you mean 'plan'?", "3 futures are too few"],
        ),
        (
            [
                "sensitivity",
                "--targets",
                "moon,urbanization.resident.2025",
                "--scenario",
                "plann",
                "--vary",
                "polcy",
                "--samples",
                "100",
            ],
            ["no target 'moon'", "Did you mean 'plan'?", "Did you mean 'policy'?", "take 64 or 128"],
        ),
        (
            ["delay", "--target", "moon", "--scenario", "plann", "--probability", "7", "--members", "100000"],
            ["no target 'moon'", "Did you mean 'plan'?", "not at 7", "holds 1 to 1000 members"],
        ),
        (
            ["information", "plann", "--target", "moon", "--members", "100000"],
            ["no target 'moon'", "Did you mean 'plan'?", "holds 1 to 1000 members"],
        ),
    ],
)
def test_what_is_wrong_with_several_parts_of_a_request_is_told_at_once_and_nothing_is_left(words, messages, tmp_path):
    outcome = call(*words, "--out", tmp_path / "outputs")
    assert outcome.exit_code == 2
    for message in messages:
        assert message in outcome.stderr
    assert not list(tmp_path.iterdir())


def test_a_folder_inside_a_file_is_refused_in_words(tmp_path):
    (tmp_path / "notes.txt").write_text("", encoding="utf-8")
    outcome = call("run", "plan", "--members", MEMBERS, "--out", tmp_path / "notes.txt" / "outputs")
    assert outcome.exit_code == 2
    assert "is not a folder" in " ".join(outcome.stderr.replace("│", " ").split())
    assert "Errno" not in outcome.stderr


def test_a_folder_that_is_a_file_is_refused(tmp_path):
    file = tmp_path / "outputs"
    file.write_text("mine", encoding="utf-8")
    outcome = call("run", "baseline", "--members", 1, "--out", file)
    assert outcome.exit_code == 2
    assert file.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["check", "--help"], ["calibrate", "--help"]])
def test_help_is_there(words):
    outcome = call(*words, "--language", "en")
    assert outcome.exit_code == 0
    assert "Usage" in outcome.output


def test_check_tells_each_result_and_fails_with_one(monkeypatch):
    monkeypatch.setattr(model_checks, "CHECKS", {"all is well": lambda _: [], "one is off": lambda _: ["a leak of 3"]})
    outcome = call("check")
    assert outcome.exit_code == 1
    assert "✓ all is well" in outcome.output
    assert "a leak of 3" in outcome.output


@pytest.mark.parametrize("name", ["every variable is documented", "units are consistent", "people and accounts add up"])
def test_the_model_passes_its_own_check(name):
    assert model_checks.CHECKS[name](MODEL_FILE) == []
