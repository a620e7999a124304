"""What each lever contributes: games with known answers, then the city."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from analysis.comparison.contributions import Comparison, compare, runs_per_member
from analysis.comparison.request import ComparisonError
from analysis.comparison.shapley import antithetic_orders, masks_needed, sampled_shapley, shapley
from analysis.comparison.tables import COLUMNS, TOTAL, summary, waterfall
from calibration.fit.ensemble import read_members
from scenarios import load_scenario, load_targets
from tests.support.city import city

#: Sums of some thousand terms in double precision.
ROUNDING = 1e-9
RATE, INCOME = "registered urbanization rate", "urban rural income ratio"
YEARS = [2025.0, 2035.0]


def game(players: int, worth, masks=None) -> xr.Dataset:
    """The worth of coalitions, by a function of the set of players."""
    masks = np.arange(2**players) if masks is None else masks
    values = [float(worth({i for i in range(players) if int(mask) >> i & 1})) for mask in masks]
    return xr.Dataset({"worth": ("coalition", values)}, coords={"coalition": masks})


def exact(players: int, worth) -> np.ndarray:
    return shapley(game(players, worth), [f"p{i}" for i in range(players)])[0]["worth"].to_numpy()


def sampled(players: int, worth, orders) -> tuple[np.ndarray, np.ndarray]:
    names = [f"p{i}" for i in range(players)]
    mean, error = sampled_shapley(game(players, worth, masks_needed(orders)), names, orders)
    return mean["worth"].to_numpy(), error["worth"].to_numpy()


def test_the_glove_game_has_its_textbook_answer():
    # Two left gloves and one right: only pairs are worth anything.
    assert exact(3, lambda s: 2 in s and (0 in s or 1 in s)) == pytest.approx([1 / 6, 1 / 6, 4 / 6], abs=1e-15)


def test_levers_that_only_add_get_what_they_add():
    weights = np.array([3.0, -1.0, 0.5, 7.0])
    assert exact(4, lambda s: sum(weights[i] for i in s)) == pytest.approx(weights, abs=1e-14)


def test_identical_levers_share_equally_and_one_without_effect_gets_nothing():
    found = exact(4, lambda s: len(s & {0, 1}) ** 2 + 3 * (2 in s) * (0 in s or 1 in s))
    assert found[0] == pytest.approx(found[1], rel=1e-14)
    assert found[3] == 0.0


def test_contributions_sum_to_the_difference_in_any_game():
    random = np.random.default_rng(4)
    worth = xr.Dataset(
        {"worth": (("coalition", "member"), random.normal(size=(2**7, 5)))}, coords={"coalition": range(2**7)}
    )
    found, error = shapley(worth, [f"p{i}" for i in range(7)])
    total = worth["worth"].sel(coalition=127) - worth["worth"].sel(coalition=0)
    np.testing.assert_allclose(found["worth"].sum("lever"), total, rtol=ROUNDING)
    assert float(abs(error["worth"]).max()) == 0.0


def test_any_game_agrees_with_the_mean_over_all_orders():
    random = np.random.default_rng(5)
    values = random.normal(size=2**5)
    orders = np.array(list(itertools.permutations(range(5))))
    found = exact(5, lambda s: values[sum(1 << i for i in s)])
    gains = np.zeros(5)
    for order in orders:
        for place, player in enumerate(order):
            before = sum(1 << int(i) for i in order[:place])
            gains[player] += values[before | (1 << int(player))] - values[before]
    np.testing.assert_allclose(found, gains / len(orders), rtol=ROUNDING)


def test_sampled_orders_are_exact_for_levers_that_only_add():
    weights = np.linspace(-2, 5, 20)
    mean, error = sampled(20, lambda s: sum(weights[i] for i in s), antithetic_orders(20, 8, seed=1))
    # Prefix sums of twenty numbers leave rounding, and nothing else.
    np.testing.assert_allclose(mean, weights, atol=1e-12)
    np.testing.assert_allclose(error, 0.0, atol=1e-12)


def test_sampled_orders_with_their_reverse_are_exact_for_levers_that_work_in_pairs():
    mean, _ = sampled(14, lambda s: len(s) ** 2, antithetic_orders(14, 4, seed=2))
    np.testing.assert_allclose(mean, 14.0, rtol=ROUNDING)


def test_the_standard_error_is_that_of_the_estimates():
    # Three of fourteen must act together, which gives each of them a third.
    def worth(s):
        return {0, 1, 2} <= s

    answer = np.array([1 / 3] * 3 + [0.0] * 11)
    found = [sampled(14, worth, antithetic_orders(14, 40, seed)) for seed in range(60)]
    means, errors = (np.array(part) for part in zip(*found, strict=True))
    spread = means[:, :3].std(ddof=1)
    # The spread of 180 estimates, three by three dependent, is itself known to a tenth or so.
    assert np.sqrt((errors[:, :3] ** 2).mean()) == pytest.approx(spread, rel=0.25)
    assert abs(means.mean(axis=0) - answer).max() < 4 * spread / math.sqrt(60)
    np.testing.assert_allclose(means.sum(axis=1), 1.0, rtol=ROUNDING)


def test_every_order_is_followed_by_itself_backwards_and_repeats_with_its_seed():
    orders = antithetic_orders(9, 10, seed=3)
    assert (orders[1::2] == orders[::2, ::-1]).all()
    assert (np.sort(orders, axis=1) == np.arange(9)).all()
    assert (orders == antithetic_orders(9, 10, seed=3)).all()
    assert (orders != antithetic_orders(9, 10, seed=4)).any()


THREE = """\
name: three
title: {zh: 三项, en: Three}
question: {zh: "三项措施各起多大作用？", en: "What does each of three measures do?"}
base: baseline
changes:
  EASE OF SETTLEMENT: {path: {2020: default, 2025: 1.0}, unit: Dmnl, source: test}
  PERMIT ENTITLEMENT: {by: {childcare: {2020: default, 2025: 0.8}, primary: 1.0}, unit: Dmnl, source: test}
  DISTRICT COST SHARE: {value: 0.2, unit: Dmnl, source: test}
expect: []
"""


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    file = tmp_path_factory.mktemp("scenarios") / "three.yaml"
    Path(file).write_text(THREE, encoding="utf-8")
    return load_scenario(file)


@pytest.fixture(scope="module")
def members() -> xr.Dataset:
    return read_members(2)


@pytest.fixture(scope="module")
def comparison(three, members) -> Comparison:
    target = load_targets()["target.urbanization.registered.2025"]
    baseline = load_scenario("baseline")
    return compare(city(), baseline, three, members, [RATE, INCOME], YEARS, targets=[target], batch=7)


def test_the_ends_are_what_the_scenarios_themselves_come_to(comparison, three, members):
    for scenario in (load_scenario("baseline"), three):
        run = city().run(scenario.settings(members), outputs=[RATE])[RATE].sel(time=YEARS)
        # A path read at the years of another differs by rounding.
        np.testing.assert_allclose(comparison.values[RATE].sel(scenario=scenario.name), run, rtol=1e-12)


def test_three_levers_of_the_city_agree_with_runs_made_by_hand(comparison, three, members):
    drawn, own = load_scenario("baseline").settings(members), three.changed(members)

    def rate(names):
        return city().run({**drawn, **{name: own[name] for name in names}}, outputs=[RATE])[RATE].sel(time=YEARS).values

    gains = dict.fromkeys(own, 0.0)
    for order in itertools.permutations(own):
        for place, name in enumerate(order):
            gains[name] = gains[name] + (rate(order[: place + 1]) - rate(order[:place])) / 6
    for name, gain in gains.items():
        # Effects of 1e-5 to 1e-2 of a share near one, and rounding of 1e-15.
        np.testing.assert_allclose(comparison.contributions[RATE].sel(lever=name), gain, rtol=1e-8, atol=1e-14)


def test_contributions_in_the_city_sum_to_the_difference(comparison):
    for name, parts in comparison.contributions.data_vars.items():
        ends = comparison.values[name]
        difference = ends.isel(scenario=1, drop=True) - ends.isel(scenario=0, drop=True)
        np.testing.assert_allclose(parts.sum("lever"), difference, rtol=ROUNDING, atol=1e-15)


def test_turning_the_question_round_turns_the_signs(comparison, three, members):
    back = compare(city(), three, load_scenario("baseline"), members, [RATE], YEARS)
    levers = list(comparison.levers)
    np.testing.assert_allclose(
        back.contributions[RATE].sel(lever=levers), -comparison.contributions[RATE], rtol=1e-8, atol=1e-14
    )


def test_sampling_the_levers_of_the_city_agrees_with_all_coalitions(comparison, three, members):
    found = compare(
        city(), load_scenario("baseline"), three, members, [RATE], YEARS, exact_up_to=2, permutations=200, seed=8
    )
    assert found.permutations == 200
    error = found.sampling_error[RATE]
    off = abs(found.contributions[RATE] - comparison.contributions[RATE])
    assert bool((off <= 4 * error + 1e-14).all())
    assert float(error.max()) > 0


def test_the_table_has_every_lever_and_a_total_that_the_means_sum_to(comparison):
    table = summary(comparison)
    assert tuple(table.columns) == COLUMNS
    for _, rows in table.groupby(["indicator", "element", "year"]):
        total = rows[rows["lever"] == TOTAL]
        assert len(total) == 1
        assert len(rows) == 4
        assert rows.loc[rows["lever"] != TOTAL, "mean"].sum() == pytest.approx(total["mean"].item(), rel=ROUNDING)
    assert set(table["indicator"]) == {RATE, INCOME, "target.urbanization.registered.2025"}
    assert set(table.loc[table["indicator"] == "target.urbanization.registered.2025", "year"]) == {2025.0}


def test_the_share_of_members_with_the_same_sign_is_that_of_the_median():
    values = xr.DataArray(
        [[[0.0] * 4, [1.0, 2.0, 3.0, -1.0]]], dims=("time", "scenario", "member"), coords={"time": [2025.0]}
    ).assign_coords(scenario=["a", "b"])
    parts = (values.sel(scenario="b", drop=True) - values.sel(scenario="a", drop=True)).expand_dims(lever=["only"])
    ends, change, nil = (xr.Dataset({"x": part}) for part in (values, parts, 0 * parts))
    made = Comparison("a", "b", ("only",), ends, change, nil, change, change, None, 2)
    table = summary(made).set_index("lever")
    assert table.loc["only", "same_sign"] == 0.75
    assert table.loc[TOTAL, "median"] == 1.5


def test_the_steps_lead_from_one_scenario_to_the_other(comparison):
    steps = waterfall(comparison, RATE, 2035)
    assert list(steps["step"].iloc[[0, -1]]) == ["baseline", "three"]
    levers = steps[steps["kind"] == "lever"]
    assert levers["start"].iloc[0] == steps["end"].iloc[0]
    assert levers["end"].iloc[-1] == pytest.approx(steps["end"].iloc[-1], rel=1e-12)
    assert list(levers["start"].iloc[1:]) == list(levers["end"].iloc[:-1])
    assert levers["change"].abs().is_monotonic_decreasing
    assert isinstance(waterfall(comparison, "target.urbanization.registered.2025"), pd.DataFrame)


def test_steps_beyond_those_asked_for_are_taken_together(comparison):
    whole, short = waterfall(comparison, RATE, 2035), waterfall(comparison, RATE, 2035, most=1)
    assert short["kind"].tolist() == ["scenario", "lever", "others", "scenario"]
    assert short["step"].iloc[2] == "2"
    for column in ("change", "alone", "sampling_error"):
        assert short[column].iloc[2] == pytest.approx(whole[column].iloc[2:4].sum(), rel=1e-9)
    # Not the sum of the quantiles, but the quantile of the sum.
    parts = comparison.contributions[RATE].sel(time=2035, lever=list(whole["step"].iloc[2:4])).sum("lever")
    assert short["p95"].iloc[2] == pytest.approx(float(parts.quantile(0.95)), rel=1e-12)
    # Calling a single lever "others" would only hide its name.
    assert waterfall(comparison, RATE, 2035, most=2)["kind"].tolist() == whole["kind"].tolist()


def test_the_runs_are_told_before_they_are_made(three, members, comparison):
    baseline, plan = load_scenario("baseline"), load_scenario("plan")
    assert runs_per_member(city(), baseline, three, members) == comparison.coalitions == 8
    # Four orders of twenty levers pass through at most 78 coalitions and nil; then each lever alone and all but each.
    assert 40 <= runs_per_member(city(), baseline, plan, members, permutations=4) <= 150
    with pytest.raises(ComparisonError, match="an even number of at least 4"):
        runs_per_member(city(), baseline, plan, members, permutations=5)


def test_an_indicator_by_district_is_traced_district_by_district(three):
    name = "residents by district"
    found = compare(city(), load_scenario("baseline"), three, None, [name], [2030.0])
    assert found.contributions[name].sizes["District"] == 12
    rows = summary(found)
    assert len(rows) == 4 * 12
    assert waterfall(found, name, 2030, {"District": "Lixia"})["kind"].tolist().count("lever") == 3


def test_a_question_without_an_answer_is_refused_in_words(three):
    baseline = load_scenario("baseline")
    with pytest.raises(ComparisonError, match=r"three and three set every constant alike"):
        compare(city(), three, three, None, [RATE], YEARS)
    with pytest.raises(ComparisonError, match=r"Not among the saved times 2020 to 2034: 2034\.5"):
        compare(city(), baseline, three, None, [RATE], [2034.5])
    tracked = load_targets()["target.smart_district_share.2025"]
    with pytest.raises(ComparisonError, match=r"is not modelled[\s\S]*an even number"):
        compare(city(), baseline, three, None, [RATE], YEARS, targets=[tracked], exact_up_to=1, permutations=5)
