"""After a run it is said which variables left the range that the model file states: how far, when and how often."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

import run_scenarios
from analysis.charts import catalogue
from analysis.comparison import charts as comparison_charts
from analysis.outcome.limits import ATTRIBUTE, LINES, Outside, from_text, in_words, outside_limits, print_outside
from model import load_model
from model.definition import variables_by_name
from model.engine import limits

STOCK = "Municipal Debt"


@pytest.fixture
def narrow(monkeypatch):
    """The city with a range that one of its stocks leaves, above or below: made up."""
    monkeypatch.setattr(limits, "_limits", lambda *_: iter([("", STOCK, 0.9999, 1.0001)]))
    monkeypatch.setattr(catalogue, "draw_figures", lambda *_: iter(()))
    monkeypatch.setattr(comparison_charts, "draw", lambda *_: [])
    return load_model()


def call(*words: object, language: str = "en"):
    outcome = CliRunner().invoke(run_scenarios.app, [*map(str, words), "--language", language], env={"COLUMNS": "200"})
    assert outcome.exit_code == 0, outcome.output
    return outcome.output


@pytest.fixture(scope="module")
def dataset():
    """Two members of a variable of two elements at three times; one leaves its range in the second year."""
    values = np.array([[[1.0, 2.0], [1.0, 2.0], [1.0, 2.0]], [[1.0, 2.0], [-3.0, 2.0], [1.0, 2.0]]])
    return xr.Dataset({STOCK: (("run", "time", "place"), values)}, {"time": [2020.0, 2021.0, 2022.0]})


def test_what_is_outside_is_named_with_its_first_year_and_how_many_members(narrow, dataset):
    (one,) = outside_limits(narrow, dataset)
    assert one == Outside("", STOCK, 0.9999, 1.0001, -3.0, 2.0, 2020.0, 2, 2)
    below, above = in_words([one], "The plan", "en")
    assert below == f"The plan: {STOCK} falls to -3, below 0.9999; first in 2020, in all 2 members"
    assert above == f"The plan: {STOCK} rises to 2, above 1; first in 2020, in all 2 members"
    (chinese, _) = in_words([one], "规划情景", "zh")
    assert chinese.startswith(f"规划情景：{variables_by_name()[STOCK].term}最低为-3，低于下限0.9999，2020年首次出现")
    chinese.encode("gbk")


def test_a_table_that_is_overrun_names_the_table_and_what_it_is_read_at():
    one = Outside("effect of crowding", "density", None, 2.0, 1.0, 3.0, 2031.0, 1, 1)
    assert in_words([one], "Baseline", "en") == [
        "Baseline: density (read by the table effect of crowding) rises to 3, above 2; first in 2031"
    ]


def test_what_the_city_misses_by_rounding_is_not_outside():
    dataset = xr.Dataset({"Newborns": (("run", "time"), [[0.0, -2e-12]])}, {"time": [2020.0, 2021.0]})
    assert outside_limits(load_model(), dataset) == ()
    assert len(outside_limits(load_model(), dataset - 1e-6)) == 1


@pytest.mark.parametrize("full", [False, True])
def test_only_a_few_lines_are_printed_unless_all_are_asked_for(full, capsys):
    from rich.console import Console

    from analysis.outcome.screen import printed_in
    from scenarios import load_scenario

    many = [Outside("", f"x{number}", 0.0, None, -1.0, 1.0, 2021.0, 1, 2) for number in range(LINES + 2)]
    with printed_in("en"):
        print_outside(Console(width=150), {"plan": many}, [load_scenario("plan")], full=full)
    printed = capsys.readouterr().out
    assert printed.count("falls to") == (LINES + 2 if full else LINES)
    assert ("and 2 more: --full" in printed) is not full


def test_a_run_says_what_is_outside_whether_it_was_just_made_or_kept(narrow, tmp_path):
    first = call("run", "baseline", "--members", 2, "--out", tmp_path)
    assert "Outside the range that the model file states" in first
    assert f"Baseline: {STOCK} " in first
    again = call("run", "baseline", "--members", 2, "--out", tmp_path, language="zh")
    assert "baseline.nc" in again.split("\n")[0], "kept, not run again"
    assert "超出模型文件规定的取值范围" in again
    with xr.open_dataset(tmp_path / "baseline.nc") as run:
        (one,) = from_text(run.attrs[ATTRIBUTE])
        values = run[STOCK]
        assert (one.lowest, one.highest) == pytest.approx((float(values.min()), float(values.max())), rel=1e-6)
    assert one.members == 2


def test_a_comparison_says_what_is_outside_under_either_scenario(narrow, tmp_path):
    printed = call("compare", "baseline", "affordable_housing", "--members", 3, "--out", tmp_path)
    assert f"Baseline: {STOCK} " in printed
    with xr.open_dataset(tmp_path / "compare_baseline_affordable_housing.nc") as data:
        for name in ("baseline", "affordable_housing"):
            assert [one.variable for one in from_text(data.attrs[f"{ATTRIBUTE}_{name}"])] == [STOCK]


def test_nothing_is_said_of_runs_that_keep_to_their_ranges(monkeypatch, tmp_path):
    monkeypatch.setattr(catalogue, "draw_figures", lambda *_: iter(()))
    assert "Outside the range" not in call("run", "plan", "--members", 2, "--out", tmp_path)
