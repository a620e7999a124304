"""`explain`, from the typed words to the screen and the file."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from typer.testing import CliRunner

import run_scenarios


def call(*words: object):
    return CliRunner().invoke(run_scenarios.app, ["explain", *map(str, words)], env={"COLUMNS": "120"})


@pytest.fixture(scope="module")
def explained(tmp_path_factory):
    out = tmp_path_factory.mktemp("explained")
    outcome = call("registered urbanization rate", "baseline", "plan", "--members", 2, "--out", out, "--levels", 2)
    assert outcome.exit_code == 0, outcome.output
    return outcome.stdout, pd.read_csv(out / "explain_baseline_plan_registered_urbanization_rate_2035.csv")


def test_causes_sum_to_the_difference_on_every_level(explained):
    _, table = explained
    direct = table[table["level"] == 1]
    assert direct["share"].sum() == pytest.approx(1.0)
    for row in direct.to_dict("records"):
        below = table[table["path"].str.startswith(f"{row['path']} < ") & (table["level"] == 2)]
        assert below["mean"].sum() == pytest.approx(row["mean"], rel=1e-6)
    assert set(direct["input"]) == {"registered urban population", "registered population"}


def test_the_screen_tells_the_difference_its_causes_and_the_basis(explained):
    lines = explained[0].splitlines()
    assert lines[0].startswith("2035年户籍人口城镇化率：“规划情景”比“基准情景”高")
    assert "直接原因：城镇户籍人口+" in explained[0]
    assert "2组参数（与济南2010—2023年观测相符）" in explained[0]
    assert "┃" not in explained[0]


def test_the_screen_names_what_moves_and_no_total_or_transfer(tmp_path):
    outcome = call("residents", "baseline", "plan", "--members", 1, "--out", tmp_path)
    assert outcome.exit_code == 0, outcome.output
    direct, behind = outcome.stdout.splitlines()[1:3]
    assert direct.startswith("直接原因：出生以外的净变动+")
    assert "；分区县分群体出生+" in direct
    assert behind.startswith("其中“出生以外的净变动”主要来自：迁入+")
    for transfer in ("升龄", "他区迁入", "迁出本区"):
        assert transfer not in outcome.stdout


def test_rates_are_in_percent_and_their_difference_in_points(explained):
    assert re.search(r"高\d\.\d+个百分点.*由\d\d\.\d%到\d\d\.\d%。", explained[0])


def test_in_english_with_an_element_and_the_table(tmp_path):
    words = ("residents by district", "baseline", "plan", "--element", "历下区", "--members", 1, "--levels", 1)
    outcome = call(*words, "--full", "--language", "en", "--out", tmp_path)
    assert outcome.exit_code == 0, outcome.output
    assert "Residents by district (Lixia) in 2035:" in outcome.stdout
    assert "What the difference of residents by district (Lixia) comes from" in outcome.stdout


def test_mistakes_are_told_together_with_near_matches(tmp_path):
    outcome = call("户籍人口城镇化", "baseline", "plann", "--out", tmp_path / "out")
    assert outcome.exit_code == 2
    assert "'registered urbanization rate' (户籍人口城镇化率)" in outcome.stderr
    assert "'plan'" in outcome.stderr
    assert not (tmp_path / "out").exists()
    outcome = call("residents by district", "baseline", "plan", "--element", "Lixa", "--out", tmp_path / "out")
    assert "'Lixia'" in outcome.stderr
