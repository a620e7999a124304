"""The command line, from the typed words to the files, in a temporary folder."""

from __future__ import annotations

import re

import pandas as pd
import pytest
import xarray as xr
from rich.cells import cell_len
from typer.testing import CliRunner

import run_scenarios
from analysis import figures, model_checks
from analysis.target_table import COLUMNS
from model.definition import MODEL_FILE, model_hash
from scenarios import load_scenario, load_targets, shipped_scenarios


def call(*words: object, columns: int = 120):
    return CliRunner().invoke(run_scenarios.app, [str(word) for word in words], env={"COLUMNS": str(columns)})


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """One run of the plan, with everything it writes."""
    out = tmp_path_factory.mktemp("run") / "outputs"
    outcome = call("run", "plan", "--out", out)
    assert outcome.exit_code == 0, outcome.output
    return outcome, out


def test_a_run_leaves_data_table_and_charts_and_nothing_half_written(first):
    _, out = first
    assert {path.name for path in out.iterdir()} == {"baseline.nc", "plan.nc", "targets.csv", "figures"}
    assert len(list((out / "figures").iterdir())) == figures.count_figures(["plan"])
    assert not list(out.rglob("*partial*"))


def test_the_table_on_disk_has_every_target_for_every_scenario(first):
    table = pd.read_csv(first[1] / "targets.csv")
    assert tuple(table.columns) == COLUMNS
    assert len(table) == 2 * len(load_targets())
    assert table["probability"].isna().all()
    modelled = table[table["reached"] != "not modelled"]
    assert modelled["median"].notna().all()
    assert modelled["margin"].notna().all()


def test_the_data_say_what_made_them(first):
    with xr.open_dataset(first[1] / "plan.nc") as data:
        data.load()
    assert data.attrs["model_hash"] == model_hash()
    assert data.attrs["scenario_hash"] == load_scenario("plan").hash
    assert "numpy" in data.attrs["versions"]
    assert data.attrs["data_vintage"] == "observations up to 2020"
    assert "member" not in data.sizes
    assert {"time", "district"} <= set(data.sizes)
    assert data["residents by district"].dims == ("time", "district")
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
            assert f"{target.year}年“{target.title['zh']}”达到目标的情景" in outcome.output
    assert "未模拟 not modelled" in outcome.output
    assert "no probability" in outcome.output
    assert str(out) in outcome.output.replace("\n", "")


def test_a_second_run_says_what_it_replaces(first, monkeypatch):
    monkeypatch.setattr(figures, "draw_figures", lambda *_: iter(()))
    outcome = call("run", "plan", "--out", first[1])
    assert outcome.exit_code == 0
    assert "baseline.nc, plan.nc, targets.csv" in outcome.output
    assert "Replacing" in outcome.output


@pytest.mark.parametrize("columns", [100, 160])
def test_the_tables_fit_the_screen(columns, tmp_path, monkeypatch):
    monkeypatch.setattr(figures, "draw_figures", lambda *_: iter(()))
    outcome = call("run", "low_fertility", "--out", tmp_path, columns=columns)
    assert max(map(cell_len, outcome.output.splitlines())) <= columns
    assert "…" not in outcome.output
    # Each table's own lines are equally wide, Chinese or not.
    for line in outcome.output.splitlines():
        assert not line.startswith("│") or line.rstrip().endswith("│")


def test_without_a_command_every_shipped_scenario_is_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(figures, "draw_figures", lambda *_: iter(()))
    outcome = call()
    assert outcome.exit_code == 0, outcome.output
    assert {path.stem for path in (tmp_path / "outputs").glob("*.nc")} == set(shipped_scenarios())


def test_a_changed_assumption_is_shown_as_one(first, tmp_path, monkeypatch):
    monkeypatch.setattr(figures, "draw_figures", lambda *_: iter(()))
    assert "假设 assumption" in call("run", "low_fertility", "--out", tmp_path).output
    assert "假设 assumption" not in first[0].output


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run", "--members", "200"], "only one member"),
        (["run", "--members", "0"], "only one member"),
        (["run", "--engine", "vensim"], "vensim"),
        (["run", "--members", "many"], "valid integer"),
        (["run", "--turbo"], "turbo"),
        (["calibrate"], "calibrate"),
    ],
)
def test_a_wrong_word_is_refused(words, message):
    outcome = call(*words)
    assert outcome.exit_code == 2
    assert message in outcome.stderr


def test_a_folder_that_is_a_file_is_refused(tmp_path):
    file = tmp_path / "outputs"
    file.write_text("mine", encoding="utf-8")
    outcome = call("run", "baseline", "--out", file)
    assert outcome.exit_code == 2
    assert file.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["check", "--help"]])
def test_help_is_there(words):
    outcome = call(*words)
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
