"""What a verdict must be: lines that break between words, claims that hold of priors, and no row of names."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from rich.cells import cell_len
from typer.testing import CliRunner

import run_scenarios
from analysis.effort.frontier import words as frontier_words
from analysis.outcome.screen import printed_in
from analysis.outcome.verdict import basis_line, broken, members_in_words, run_verdict
from calibration.fit.evidence import Evidence
from scenarios import Scenario, Target
from tests.conftest import ROOT

LINES = (
    "“规划情景”2025年缺口最大的学段是托育（0—2岁）：全市缺68.3%的位子（90%区间61.9—74.0%），缺得最多的群体是省内流入未落户（75.7%）。",
    "户籍人口城镇化率（2025年）：按时达到的概率63% ±3，余量+0.27个百分点；把握最大的是“全面放开落户”（94% ±2）。",
    "Registered urbanization rate, 2025: probability 50% ±11 of 1,000 members (90 % interval 64.3 to 67.0 %).",
)


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("width", [30, 47, 60, 100])
def test_a_line_breaks_between_words(line, width):
    lines = broken(line, width).split("\n")
    assert re.sub(r"\s", "", "".join(lines)) == re.sub(r"\s", "", line)
    assert max(map(cell_len, lines)) <= width + len("），") * 2
    assert len(lines) > 1 or cell_len(line) <= width
    for one, following in pairwise(lines):
        # A word or number is cut only where the line has a space, and no line begins with what belongs to the last.
        if one[-1].isascii() and one[-1].isalnum() and following[0].isascii():
            assert f"{one.split()[-1]} {following.split()[0]}" in line
        assert following[0] not in "，。；：、）”%±"


@pytest.mark.parametrize("fitted", [True, False])
def test_no_agreement_with_a_record_is_claimed_of_priors(fitted, tmp_path, monkeypatch):
    note = tmp_path / "not_calibrated_2020.txt"
    if not fitted:
        note.write_text("made up\n", encoding="utf-8")
    monkeypatch.setattr(Evidence, "uncalibrated", property(lambda _: note))
    with printed_in("zh"):
        said = [basis_line(20, "2020"), members_in_words("2020", "zh")]
    assert ["观测相符" in text for text in said] == [fitted, fitted]
    assert ["先验范围，没有用" in text or "先验范围的参数，没有用" in text for text in said] == [not fitted] * 2


@pytest.mark.parametrize(
    "part",
    ["assessment", "conditions", "effort/frontier", "information", "left_out", "monitor", "sensitivity"],
)
def test_files_of_words_leave_it_to_the_shared_sentence_what_supports_the_members(part):
    text = Path(ROOT / "analysis" / part / "words.yaml").read_text(encoding="utf-8")
    assert not re.search("观测相符|观测所支持|record of 2010|observations of 2010", text)


def test_of_many_scenarios_that_are_alike_two_are_named():
    def scenario(name):
        title = {"zh": f"情景{name}", "en": f"Case {name}"}
        return Scenario(name=name, title=title, question=title, base=None, changes=(), expectations=(), path=Path(name))

    names = [scenario(letter) for letter in "abcde"]
    target = Target("t", {"zh": "率", "en": "rate"}, "1", "core", 2025, 65.0, "at least", "percent", "rate")
    rows = [{"target": "t", "scenario": one.name, "reached": "yes"} for one in names]
    for language, said in (("zh", "“情景b”、“情景c”等4个情景"), ("en", "'Case b', 'Case c' and 2 more")):
        with printed_in(language):
            lines = run_verdict(pd.DataFrame(rows), {"t": target}, names, names[0], 20, Evidence.TO_2020)
        assert any(said in line for line in lines), lines


def test_without_a_knee_the_first_line_is_the_surest_setting_and_nothing_contradicts_it():
    row = {"probability_asked_for": 0.2, "effort": 0.1, "levers": 1, "probability_of_others": 0.36}
    table = pd.DataFrame([{**row, "reachable": True, "knee": False}, {**row, "reachable": False, "knee": False}])
    found: Any = SimpleNamespace(
        table=table, others=380, searched=20, others_without=133,
        target=SimpleNamespace(title={"zh": "户籍人口城镇化率", "en": "rate"}, year=2025),
    )  # fmt: skip
    fronts: Any = SimpleNamespace(
        years=(2035,), verdict=lambda _: SimpleNamespace(best=None, better=(), settings=0)
    )  # fmt: skip
    with printed_in("zh"):
        first, *rest = frontier_words.verdict(found, fronts, Evidence.TO_2020)
    assert first.startswith("户籍人口城镇化率（2025年）：")
    assert "36%" in first
    assert "更大的把握达不到" in first
    assert "20%以上" not in "".join(rest)
    assert len(rest) == 3


@pytest.mark.parametrize("kind", ["targets", "scenarios", "cities"])
def test_names_in_a_list_are_whole_at_a_hundred_columns(kind):
    outcome = CliRunner().invoke(run_scenarios.app, ["list", kind], env={"COLUMNS": "100"})
    cells = [line.split("│")[1].strip() for line in outcome.output.splitlines() if line.startswith("│")]
    names = [cell for cell in cells if cell]
    assert max(map(cell_len, outcome.output.splitlines())) <= 100
    wide = CliRunner().invoke(run_scenarios.app, ["list", kind], env={"COLUMNS": "400"}).output
    assert all(f"│ {name} " in wide for name in names)
