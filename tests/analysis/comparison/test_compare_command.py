"""``run_scenarios.py compare``, from the typed words to the files, in a temporary folder."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.image import imread
from matplotlib.text import Text
from typer.testing import CliRunner

import run_scenarios
from analysis.comparison import charts as comparison_figures
from analysis.comparison.contributions import EXACT_UP_TO, compare
from analysis.comparison.request import HEADLINES
from analysis.comparison.study import FEWEST, MOST, STEP, YEARS, Effort, affordable_effort, compare_until
from analysis.comparison.tables import TOTAL
from analysis.outcome.files import joint_manifest
from calibration.fit.ensemble import read_members
from model import load_model
from model.definition import model_hash, variables_by_name
from scenarios import load_levers, load_scenario, load_scenarios
from tests.support.result_listing import names_of_results

MEMBERS = 3
INDICATORS = [panel.variable for panel in HEADLINES]


def call(*words: object):
    return CliRunner().invoke(
        run_scenarios.app, [*map(str, words), "--full", "--language", "en"], env={"COLUMNS": "120"}
    )


def said(outcome) -> str:
    """What was printed, without the folds of the screen."""
    return " ".join(outcome.output.split())


@pytest.fixture
def no_charts(monkeypatch):
    monkeypatch.setattr(comparison_figures, "draw", lambda *_: [])


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The baseline beside affordable housing, which sets three levers, with everything that is written."""
    out = tmp_path_factory.mktemp("compare") / "outputs"
    words = ("compare", "baseline", "affordable_housing", "--members", MEMBERS, "--indicator", "births in city")
    outcome = call(*words, "--out", out)
    assert outcome.exit_code == 0, outcome.output
    return outcome, out


def stored(out: Path) -> xr.Dataset:
    return xr.load_dataset(out / "compare_baseline_affordable_housing.nc")


def test_a_comparison_leaves_data_a_table_and_charts_in_both_languages(made):
    _, out = made
    name = "compare_baseline_affordable_housing"
    charts = {
        f"{name}_{kind}_{language}.png"
        for kind in ("urbanization_rates", "other_indicators")
        for language in ("zh", "en")
    }
    assert names_of_results(out) == {f"{name}.nc", f"{name}.csv", "figures"}
    assert {path.name for path in (out / "figures").iterdir()} == charts
    assert all(imread(path).std() > 0.05 for path in (out / "figures").iterdir())


def test_the_contributions_on_disk_sum_to_the_difference_for_every_member(made):
    data = stored(made[1])
    assert data.sizes["member"] == MEMBERS
    assert data.attrs["largest_residual"] < 1e-9
    for name in [*INDICATORS, "births in city"]:
        difference = data[name].sel(scenario="affordable_housing") - data[name].sel(scenario="baseline")
        np.testing.assert_allclose(
            data[f"contribution to {name}"].sum("lever"), difference, atol=1e-9 * float(abs(data[name]).max())
        )
    assert float(abs(data["contribution to residents"]).max()) > 0


def test_the_data_say_what_made_them(made):
    data = stored(made[1])
    assert data.attrs["model_hash"] == model_hash()
    assert data.attrs["scenario"] == "baseline, affordable_housing"
    assert data.attrs["scenario_hash"].split(", ") == [
        load_scenario(name).hash for name in ("baseline", "affordable_housing")
    ]
    assert data.attrs["members"] == str(MEMBERS)
    assert all(array.attrs["units"] and array.attrs["long_name"] for array in data.data_vars.values())


def test_the_table_on_disk_has_a_row_for_every_indicator_year_and_lever(made):
    table = pd.read_csv(made[1] / "compare_baseline_affordable_housing.csv")
    levers = {change.constant for change in load_scenario("affordable_housing").changes}
    over_time = table[table["indicator"].isin(INDICATORS)]
    assert set(over_time["lever"]) == levers | {TOTAL}
    assert len(over_time) == len(INDICATORS) * 3 * (len(levers) + 1)
    assert set(over_time["year"]) == {2025.0, 2030.0, 2035.0}
    means = over_time.pivot_table(index=["indicator", "year"], columns="lever", values="mean")
    # The file keeps ten digits.
    np.testing.assert_allclose(means[sorted(levers)].sum(axis=1), means[TOTAL], rtol=1e-8, atol=1e-12)
    assert ((over_time["p05"] <= over_time["median"]) & (over_time["median"] <= over_time["p95"])).all()
    assert over_time["same_sign"].between(0, 1).all()


def test_the_difference_is_said_with_its_levers_and_what_it_rests_on(made):
    text = said(made[0])
    for lever in (load_levers()[change.constant] for change in load_scenario("affordable_housing").changes):
        assert lever.title["en"] in text
    assert f"all {MEMBERS} members agree on the sign" in text
    assert "All 8 combinations of 3 changes were run" in text
    assert f"{MEMBERS} parameter sets" in text


def test_more_than_twelve_levers_are_sampled_and_the_error_is_told(tmp_path, no_charts):
    outcome = call("compare", "baseline", "plan", "--members", 1, "--orders", 4, "--out", tmp_path)
    assert outcome.exit_code == 0, outcome.output
    assert "4 sampled orders" in said(outcome)
    with xr.open_dataset(tmp_path / "compare_baseline_plan.nc") as data:
        assert data.attrs["largest_residual"] < 1e-9
        assert float(data["sampling error of contribution to rent burden"].max()) > 0


def test_results_of_another_call_are_replaced_and_that_is_said(tmp_path, no_charts):
    words = ("compare", "baseline", "county_towns", "--out", tmp_path, "--members")
    assert "Will replace" not in call(*words, 2).output
    again = call(*words, 1)
    assert "compare_baseline_county_towns.nc, compare_baseline_county_towns.csv" in said(again)
    assert "Will replace" in again.output
    assert "nothing is said about how sure this is" in said(again)
    with xr.open_dataset(tmp_path / "compare_baseline_county_towns.nc") as data:
        assert data.sizes["member"] == 1


@pytest.mark.parametrize("language", ["zh", "en"])
def test_numbers_of_a_chart_have_equal_digits_and_end_inside_their_panel(language):
    pair = load_scenarios(["baseline", "affordable_housing"])
    members = read_members(MEMBERS)
    found = compare(load_model(), pair[0], pair[1], members, INDICATORS, YEARS)
    facts = joint_manifest(pair, members)
    drawn = comparison_figures.chart(found, "other_indicators", pair, facts, variables_by_name(), language)
    drawn.draw_without_rendering()
    for ax in drawn.axes:
        numbers = [text.get_text() for text in ax.texts]
        assert len({len(number.partition(".")[2]) for number in numbers}) == 1, numbers
        ends = [Text.get_window_extent(text).x1 for text in ax.texts]
        assert max(ends) <= ax.get_window_extent().x1


def test_all_or_none_of_a_few_members_are_no_certainty_and_no_interval(made):
    text = said(made[0])
    assert "100%" not in text
    assert "100 %" not in text
    assert f"{MEMBERS}/{MEMBERS}" in text
    # None reaches the resident target in either scenario: neither share is resolved, so their difference is not 0.
    row = re.search(r"resident urbanization rate, 2025\s*│\s*(<\d+%)\D*(<\d+%)\s*│\s*(\S+)", text)
    assert row
    assert row.groups() == ("<56%", "<56%", "<±56")
    assert f"No 90 % interval is given of {MEMBERS} members; 20 are the fewest." in text
    assert not re.search(r"\(90 % interval", text)


def test_english_words_count_people_one_by_one(made):
    text = said(made[0])
    sentence = re.search(r"Residents in 2035: Affordable.*?members agree", text)
    assert sentence
    assert re.search(r"differs from Baseline by [+-][\d,]+000? people \(", sentence[0])
    assert "10,000 people" not in sentence[0]


def test_fewer_members_and_then_fewer_orders_are_taken_where_time_is_short():
    def coalitions(exact_up_to: int, orders: int) -> int:
        return 4096 if exact_up_to else 20 * orders

    assert affordable_effort(100.0, 1e-5, coalitions) == Effort(MOST, EXACT_UP_TO, 32, 4096)
    assert affordable_effort(100.0, 2e-3, coalitions) == Effort(70, 0, 32, 640)
    assert affordable_effort(100.0, 1e-2, coalitions) == Effort(30, 0, 16, 320)
    assert affordable_effort(1.0, 1.0, coalitions) == Effort(FEWEST, 0, 8, 160)


def test_a_comparison_in_steps_equals_one_in_a_piece_and_ends_when_the_time_is_up():
    pair, members = load_scenarios(["baseline", "affordable_housing"]), read_members(40)
    compared = partial(compare, load_model(), pair[0], pair[1], indicators=["residents"], years=YEARS)
    told: list[tuple[int, int]] = []
    steps = compare_until(
        lambda seconds: len(told) > 1,
        lambda some, progress: compared(some, progress=progress),
        members,
        lambda done, of: told.append((done, of)),
    )
    assert steps.values.sizes["member"] == FEWEST + STEP
    assert told == [(8 * FEWEST, 8 * 40), (8 * (FEWEST + STEP), 8 * 40)]
    whole = compared(members.isel(member=slice(FEWEST + STEP)))
    for name in ("values", "contributions", "sampling_error", "alone", "last"):
        xr.testing.assert_allclose(getattr(steps, name), getattr(whole, name), rtol=1e-12)


def test_without_members_those_that_were_compared_are_told(tmp_path, no_charts, monkeypatch):
    monkeypatch.setattr("analysis.comparison.study.SECONDS", 0.0)
    outcome = call("compare", "baseline", "affordable_housing", "--out", tmp_path)
    assert outcome.exit_code == 0, outcome.output
    assert f"{FEWEST} members fit into two minutes" in said(outcome)
    # Differences and probabilities come of different numbers of members, and each line says which.
    assert "Probability in time (200 members)" in said(outcome)
    assert f"Rests on {FEWEST} parameter sets" in said(outcome)
    with xr.open_dataset(tmp_path / "compare_baseline_affordable_housing.nc") as data:
        assert data.sizes["member"] == FEWEST
        assert data.attrs["members"] == str(FEWEST)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["plan", "plan"], "plan and plan are the same scenario"),
        (["plan", "plann"], "Did you mean 'plan'?"),
        (["plan"], "Missing argument 'B'"),
        (["plan", "baseline", "--members", "0"], "--members"),
        (["plan", "baseline", "--members", "100000"], "holds 1 to"),
        (["plan", "baseline", "--orders", "7", "--members", "1"], "an even number of at least 4"),
        (
            ["plan", "baseline", "--indicator", "resident", "--indicator", "RENT SUBSIDY"],
            "'RENT SUBSIDY' is not a comp",
        ),
        (["plan", "baseline", "--indicator", "residants"], "Did you mean 'residents'"),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused_in_words(words, message, tmp_path):
    outcome = call("compare", *words, "--out", tmp_path / "outputs")
    assert outcome.exit_code == 2
    assert message in " ".join(outcome.stderr.replace("│", " ").split())
    assert not list(tmp_path.iterdir()), "a folder is made only once nothing more can be refused"
