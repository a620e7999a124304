"""``run_scenarios.py reach``, and what it is made from: a second probability, what it rests on, tables, charts."""

from __future__ import annotations

import json
import math
import re

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.image import imread
from scipy import stats
from typer.testing import CliRunner

import run_scenarios
from analysis.outcome import bottlenecks
from analysis.outcome.bottlenecks import BOTTLENECKS, RELIEFS, Relief
from analysis.outcome.discrepancies import Discrepancy, discrepancies, probability_with, restated
from analysis.reach import charts as reach_figures
from analysis.reach import tables as reach_tables
from analysis.reach import words
from analysis.reach.drivers import Screen
from analysis.reach.probability import SUMMARY_COLUMNS, reach
from calibration.fit.ensemble import read_members
from calibration.fit.evidence import Evidence
from calibration.fit.forecast import FORECASTS
from model.definition import model_hash, variables_by_name
from scenarios import Target, load_scenarios, load_targets, shipped_scenarios
from tests.support.city import city
from tests.support.result_listing import names_of_results

MEMBERS = 4
REGISTERED, GAP = "target.urbanization.registered.2025", "target.urban_rural_gap.2035"


def call(*words: object):
    return CliRunner().invoke(
        run_scenarios.app, [*map(str, words), "--full", "--language", "en"], env={"COLUMNS": "120"}
    )


def said(outcome) -> str:
    """What was printed, without the folds and frames of the screen."""
    return " ".join(outcome.output.replace("│", " ").split())


def goal(comparison: str = "at least", tolerance: float = 0.0) -> Target:
    return Target("goal", {}, "1", "core", 2025, 78.5, comparison, "percent", "rate", 0.01, tolerance=tolerance)


def test_a_scenario_is_only_called_likeliest_where_others_are_less_likely():
    told = load_scenarios(["baseline", "plan"])
    rows = pd.DataFrame({"scenario": ["baseline", "plan"], "reached": [0, 0]})
    assert words._best(rows, told, 200) == "；2个情景的概率都是如此"
    rows["reached"] = [20, 30]
    assert words._best(rows, told, 200) == "；把握最大的情景是“规划情景”（15% ±3）"


# What the model leaves out.


def test_the_probability_with_discrepancy_is_that_of_drawing_it():
    random = np.random.default_rng(1)
    values = 0.01 * random.normal(77.5, 1.0, size=200)
    found, error = probability_with(goal(), values, 0.006)
    drawn = values[:, None] * np.exp(0.006 * random.standard_normal((200, 4000)))
    known = (drawn >= 0.785).mean()
    # Half a million draws and more that depend on 200 values: known to a thousandth or so.
    assert found == pytest.approx(known, abs=0.002)
    assert error == pytest.approx((drawn >= 0.785).mean(axis=1).std(ddof=1) / math.sqrt(200), rel=0.05)


def test_a_member_at_the_limit_has_even_odds_from_either_side():
    assert probability_with(goal("at most", 0.5), np.full(3, 0.79), 0.01)[0] == pytest.approx(0.5)
    assert probability_with(goal("at least", 0.5), np.full(3, 0.78), 0.01)[0] == pytest.approx(0.5)
    assert probability_with(goal("at most"), np.full(3, 0.77), 0.01)[0] > 0.9


def test_a_member_keeps_what_it_left_out_of_the_values_it_has_seen():
    above, below = (
        probability_with(goal(), np.full(2, 0.78), 0.01, np.array([0.1, -0.1])),
        probability_with(goal(), np.full(2, 0.78), 0.01),
    )
    # One member is certain, the other cannot: half, against what either is without.
    assert above[0] == pytest.approx(0.5, abs=1e-6)
    assert below[0] == pytest.approx(stats.norm.cdf(np.log(0.78 / 0.785) / 0.01))


@pytest.mark.parametrize("evidence", Evidence)
def test_who_has_seen_more_is_surer_of_what_is_published_next(evidence):
    targets = [load_targets()["target.urbanization.resident.2025"]]
    variable, members = str(targets[0].variable), read_members(20, evidence)
    found = discrepancies(targets, city(), members)[variable][2025]
    unseen = 0.006 * np.sqrt(1 - np.exp(-2 * 5 / 5))
    if evidence is Evidence.TO_2020:
        assert found.spread == pytest.approx(unseen)
        assert found.mean == 0
    else:
        assert found.spread < 0.85 * unseen
        assert np.shape(found.mean) == (20,)
        assert 0 < np.abs(found.mean).max() < 0.02


def test_without_spread_or_with_values_below_nil_nothing_is_made_up():
    for values, spread in ((np.array([0.7, -0.1]), 0.01), (np.array([0.7]), 0.0)):
        with pytest.raises(ValueError, match="must be positive"):
            probability_with(goal(), values, spread)


def test_a_target_no_member_reaches_is_still_possible_with_what_the_model_leaves_out():
    run = xr.Dataset({"rate": (("member", "time"), np.full((50, 1), 0.78))}, coords={"time": [2025.0]})
    members = xr.Dataset({"A": ("member", np.arange(50.0))})
    both = [
        reach([goal()], {"plan": run}, members, parameters=["A"], spreads=spreads).summary.iloc[0]
        for spreads in ({}, {"rate": {2025: Discrepancy(0.006)}}, {"rate": {2030: Discrepancy(0.006)}})
    ]
    assert [row["probability"] for row in both] == [0.0, 0.0, 0.0]
    assert both[1]["probability_with_discrepancy"] == pytest.approx(stats.norm.sf(math.log(78.5 / 78) / 0.006))
    # Where no discrepancy is known for the target's year, none is supposed.
    assert all(math.isnan(both[place]["probability_with_discrepancy"]) for place in (0, 2))


def test_a_restated_variable_is_the_other_one_in_another_unit():
    variables, judged = variables_by_name(), {forecast.variable for forecast in FORECASTS}
    names = {
        str(target.variable): restated(str(target.variable), variables)
        for target in load_targets().values()
        if target.modelled
    }
    pairs = {name: other for name, other in names.items() if other in judged}
    assert pairs["target resident urbanization rate"] == "resident urbanization rate"
    assert pairs["target income ratio"] == "urban rural income ratio"
    run = city().run({}, outputs=[*pairs, *pairs.values()])
    for name, other in pairs.items():
        ratio = (run[name] / run[other]).to_numpy()
        np.testing.assert_allclose(ratio, ratio.flat[0], rtol=1e-12)
    # The least of several, or a sum, is no restatement.
    assert names["target citizenization"] == "target citizenization"


# What an outcome moves with.


def drawn(count: int, columns: int, seed: int) -> dict[str, np.ndarray]:
    values = np.random.default_rng(seed).normal(size=(columns, count))
    return {f"p{place}": column for place, column in enumerate(values)}


def strongest(outcome, parameters, count=3):
    screen = Screen.of(parameters)
    return screen.strongest(screen.correlations(outcome), count, list(parameters))


def test_rank_correlations_are_those_of_spearman():
    parameters = drawn(40, 5, seed=1)
    outcome = parameters["p2"] ** 3 + drawn(40, 1, seed=2)["p0"]
    found = Screen.of(parameters).correlations(outcome)
    for name, values in parameters.items():
        assert found[name] == pytest.approx(stats.spearmanr(outcome, values).statistic, abs=1e-9)


def test_the_parameter_that_matters_is_named_among_hundreds_and_noise_names_none():
    parameters = drawn(200, 400, seed=3)
    assert strongest(np.exp(parameters["p7"]) + 0.5 * drawn(200, 1, seed=4)["p0"], parameters)[0] == "p7"
    alarms = sum(bool(strongest(drawn(200, 1, seed=100 + seed)["p0"], parameters)) for seed in range(100))
    # Five in a hundred are expected; fifteen would be seen once in ten thousand times.
    assert alarms < 15


def test_parameters_that_rise_together_are_named_once_and_a_fixed_one_never():
    base = drawn(60, 1, seed=5)["p0"]
    assert strongest(base, {"fixed": np.ones(60), "first": 2 * base, "second": 3 * base + 1}) == ["first"]


# The command.


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Two targets in two scenarios over a few members, one bottleneck relaxed, with everything that is written."""
    out = tmp_path_factory.mktemp("reach") / "outputs"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bottlenecks, "RELIEFS", RELIEFS[-1:])
        outcome = call(
            "reach",
            "--target",
            REGISTERED,
            "--target",
            "urban_rural_gap.2035",
            "--scenario",
            "plan",
            "--scenario",
            "county_towns",
            "--members",
            MEMBERS,
            "--out",
            out,
        )
    assert outcome.exit_code == 0, outcome.output
    return outcome, out


def test_tables_data_and_charts_are_written(made):
    _, out = made
    tables = set(reach_tables.TABLES)
    assert names_of_results(out) == {*tables, "reach.nc", "figures"}
    stems = ("reach_curves", "reach_margins", "reach_bottlenecks_plan", "reach_bottlenecks_county_towns")
    charts = {f"{stem}_{language}.png" for stem in stems for language in ("zh", "en")}
    assert {path.name for path in (out / "figures").iterdir()} == charts
    assert all(imread(path).std() > 0.05 for path in (out / "figures").iterdir())


def test_the_summary_on_disk_is_that_of_the_members_in_the_data(made):
    table = pd.read_csv(made[1] / "reach.csv")
    assert tuple(table.columns) == SUMMARY_COLUMNS
    assert len(table) == 4
    with xr.open_dataset(made[1] / "reach.nc") as data:
        data.load()
    assert data.attrs["model_hash"] == model_hash()
    assert data.attrs["members"] == str(MEMBERS)
    for row in table.to_dict("records"):
        margin = data["margin"].sel(target=row["target"], scenario=row["scenario"])
        assert row["probability"] == pytest.approx(float((margin >= 0).mean()))
        assert row["margin_median"] == pytest.approx(float(margin.median()), rel=1e-8)
        assert 0 < row["probability_with_discrepancy"] < 1
    assert data["bottleneck_probability"].sizes == {
        "detailed": 2,
        "bottleneck": len(BOTTLENECKS),
        "district": 12,
        "time": 16,
    }


def test_the_tables_of_what_it_rests_on_and_what_relief_brings_cover_every_scenario(made):
    contrasts, gains = (pd.read_csv(made[1] / f"reach_{name}.csv") for name in ("contrasts", "gains"))
    for parameter in ("REGISTERED URBAN SHARE 2020", "UNREGISTERED RESIDENTS 2020"):
        assert (contrasts["parameter"] == parameter).sum() == 4
    assert set(zip(gains["scenario"], gains["target"], strict=True)) == {
        (scenario, target) for scenario in ("plan", "county_towns") for target in (REGISTERED, GAP)
    }
    curves = pd.read_csv(made[1] / "reach_curves.csv")
    assert (curves.groupby(["target", "scenario"])["not_yet"].diff().dropna() <= 0).all()


def test_the_answer_is_told_in_words_and_never_as_surely_nil(made):
    text = said(made[0])
    assert "With how far single years stray from the model" in text
    assert f"share of {MEMBERS} parameter sets" in text
    assert "0% ±0" not in text
    # Wilson's bound for none or all of four members.
    table = pd.read_csv(made[1] / "reach.csv")
    if (table["reached"] == 0).any():
        assert "<49%" in text
    for bottleneck in BOTTLENECKS:
        assert bottleneck.title["en"] in text


def test_margins_are_told_with_their_unit_and_never_in_powers_of_ten(made):
    text = said(made[0])
    assert re.search(r"median margin [+-][\d.,]+ percentage points", text)
    assert not re.search(r"\de[+-]\d", text)


def test_the_looks_of_all_shipped_scenarios_differ():
    scenarios = load_scenarios(shipped_scenarios())
    looks = reach_figures.looks(scenarios)
    assert len({(look["color"], str(look["linestyle"])) for look in looks.values()}) == len(scenarios)


def test_results_of_another_call_are_replaced_and_that_is_said(made, monkeypatch):
    monkeypatch.setattr(bottlenecks, "RELIEFS", (Relief("willingness", "WILLINGNESS 2020", 0.01),))
    monkeypatch.setattr(reach_figures, "draw", lambda *_: [])
    outcome = call("reach", "--target", GAP, "--scenario", "plan", "--members", 2, "--out", made[1].parent / "again")
    assert "Will replace" not in outcome.output
    outcome = call("reach", "--target", GAP, "--scenario", "plan", "--members", 2, "--out", made[1].parent / "again")
    assert "Will replace" in outcome.output
    assert "reach.nc, reach.csv" in said(outcome)


def test_scenarios_of_2026_are_judged_by_what_is_due_later(tmp_path, monkeypatch):
    monkeypatch.setattr("analysis.reach.charts.draw", lambda *_: [])
    words = ("reach", "--scenario", "as_carried_out", "--scenario", "renewal_2026", "--scenario", "plan")
    outcome = call(*words, "--members", MEMBERS, "--out", tmp_path)
    assert outcome.exit_code == 0, outcome.output
    told = said(outcome)
    assert "Levers act from the start of 2021 on: As carried out, The plan." in told
    assert "from the start of 2026 on, and are until then as in As carried out: Less new land, more renewal." in told
    table = pd.read_csv(tmp_path / "reach.csv")
    assert set(table["year"]) == {2030, 2035}
    assert "target.urbanization.resident.2035" in set(table["target"])
    made_from = json.loads((tmp_path / "reach.csv-metadata.json").read_text(encoding="utf-8"))
    assert made_from["notes"][0]["made from"]["levers_from"] == "2021, 2026, 2021"


@pytest.mark.parametrize(
    ("words", "messages"),
    [
        (["--target", "target.urbanization.resident.2026"], ["Did you mean 'target.urbanization.resident.2025'?"]),
        (
            ["--target", "smart_district_share.2025", "--target", "moon"],
            ["tracked and not modelled", "no target 'moon'"],
        ),
        (["--scenario", "plann"], ["Did you mean 'plan'?"]),
        (["--members", "0"], ["--members"]),
        (["--members", "1"], ["--members"]),
        (["--members", "100000"], ["holds 1 to"]),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused_in_words(words, messages, tmp_path):
    outcome = call("reach", *words, "--out", tmp_path / "outputs")
    assert outcome.exit_code == 2
    for message in messages:
        assert message in " ".join(outcome.stderr.replace("│", " ").split())
    assert not list(tmp_path.rglob("*.nc"))
