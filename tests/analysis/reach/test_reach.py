"""How likely, by what margin and when targets are reached: ensembles with known answers, then the city."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from analysis.outcome.shares import Share, share_in_percent
from analysis.outcome.targets import middle_year
from analysis.reach.probability import (
    CONDITION_COLUMNS,
    CONTRAST_COLUMNS,
    CURVE_COLUMNS,
    SUMMARY_COLUMNS,
    UNKNOWN_OF_2020,
    ReachError,
    not_yet_reached,
    reach,
)
from calibration.fit.ensemble import read_members
from scenarios import Target, load_scenario, load_targets
from tests.support.city import city

YEARS = np.arange(2020.0, 2036.0)
REGISTERED = "target.urbanization.registered.2025"


def answer(*given: Any, **options: Any) -> Any:
    """The answer as tables whose cells may be anything."""
    return reach(*given, **options)


def goal(threshold: float = 78.5, comparison: str = "at least", year: int = 2025) -> Target:
    return Target("goal", {}, "1.4(1)", "core", year, threshold, comparison, "percent", "rate", 0.01)


def run(values, dim: str = "member") -> xr.Dataset:
    return xr.Dataset({"rate": ((dim, "time"), np.asarray(values, dtype=float))}, coords={"time": YEARS})


def rising(first: list[float]) -> np.ndarray:
    """Rates that pass the goal in the year given, or never (infinity)."""
    return np.array([[0.8 if year >= reached else 0.7 for year in YEARS] for reached in first])


def linear_normal(count: int, seed: int) -> tuple[xr.Dataset, xr.Dataset]:
    """A rate that is a sum of two normal parameters: 77 + 1.5 a + 2 b percent in every year."""
    random = np.random.default_rng(seed)
    a, b = random.normal(size=(2, count))
    members = xr.Dataset({"A": ("member", a), "B": ("member", b)})
    return run(np.repeat(0.01 * (77 + 1.5 * a + 2 * b)[:, None], len(YEARS), axis=1)), members


@pytest.mark.parametrize("number", [1, 2, 198, 199])
def test_a_share_that_is_neither_none_nor_all_has_an_error_that_is_not_nil(number):
    told = share_in_percent(number, 200)
    share, error = told.split("% ±")
    assert 0 < float(share) < 100
    assert float(error) > 0


def test_the_probability_of_a_linear_normal_case_is_its_closed_form():
    result, members = linear_normal(4000, seed=1)
    row = answer([goal()], {"plan": result}, members, parameters=["A"]).summary.iloc[0]
    known = stats.norm.sf(1.5 / math.hypot(1.5, 2.0))
    assert row["probability_se"] == pytest.approx(math.sqrt(known * (1 - known) / 4000), rel=0.05)
    assert abs(row["probability"] - known) < 4 * row["probability_se"]
    # Margins are normal too, with the mean and spread of the rate.
    for level in (5, 25, 75, 95):
        assert row[f"margin_p{level:02d}"] == pytest.approx(-1.5 + 2.5 * stats.norm.ppf(level / 100), abs=0.25)
    assert row["margin_median"] == pytest.approx(-1.5, abs=0.2)


def test_the_probability_by_third_of_a_parameter_is_its_closed_form():
    result, members = linear_normal(6000, seed=2)
    table = answer([goal()], {"plan": result}, members, parameters=["A", "B"]).conditions
    grid = stats.norm.ppf((np.arange(3000) + 0.5) / 3000)
    for parameter, own, other in (("A", 1.5, 2.0), ("B", 2.0, 1.5)):
        rows = table[table["parameter"] == parameter]
        assert rows["members"].tolist() == [2000, 2000, 2000]
        for place, row in enumerate(rows.itertuples()):
            part = grid[1000 * place : 1000 * (place + 1)]
            known = stats.norm.sf((1.5 - own * part) / other).mean()
            assert abs(row.probability - known) < 4 * math.sqrt(known * (1 - known) / 2000)


def test_the_contrast_of_a_parameter_without_effect_is_within_its_error():
    result, members = linear_normal(3000, seed=3)
    members["C"] = ("member", np.random.default_rng(4).normal(size=3000))
    table = answer([goal()], {"plan": result}, members, parameters=["A", "C"]).contrasts.set_index("parameter")
    assert abs(table.loc["C", "difference"]) < 4 * table.loc["C", "difference_se"]
    assert table.loc["A", "difference"] > 10 * table.loc["A", "difference_se"]
    assert table.loc["A", "margin_difference"] > 1.0


def test_a_contrast_of_groups_without_a_single_success_still_has_an_error():
    members = xr.Dataset({"A": ("member", np.arange(30.0))})
    row = answer([goal()], {"p": run(rising([math.inf] * 30))}, members, parameters=["A"]).contrasts.iloc[0]
    assert row["difference"] == 0.0
    # Ten in each group and none there: one of twelve after Agresti and Caffo.
    assert row["difference_se"] == pytest.approx(math.sqrt(2 * (1 / 12) * (11 / 12) / 12))


def test_standard_errors_are_the_spread_over_repeated_ensembles():
    found = [answer([goal()], {"p": result}, members, parameters=["A"]) for result, members in map(small, range(200))]
    probabilities = np.array([one.summary["probability"].item() for one in found])
    errors = np.array([one.summary["probability_se"].item() for one in found])
    # Two hundred estimates give a spread known to a twentieth.
    assert errors.mean() == pytest.approx(probabilities.std(ddof=1), rel=0.2)
    known = stats.norm.sf(1.5 / 2.5)
    covered = [
        one.summary["probability_low"].item() <= known <= one.summary["probability_high"].item() for one in found
    ]
    assert 0.9 <= np.mean(covered) <= 0.99


def small(seed: int) -> tuple[xr.Dataset, xr.Dataset]:
    return linear_normal(60, 1000 + seed)


def test_none_of_many_members_does_not_mean_never():
    never = Share(0, 50)
    assert never.probability == 0.0
    assert never.standard_error == 0.0
    # Wilson's upper limit for none of n is z2 / (n + z2).
    z2 = stats.norm.ppf(0.975) ** 2
    assert never.high == pytest.approx(z2 / (50 + z2))
    assert Share(50, 50).low == pytest.approx(50 / (50 + z2))


@pytest.mark.parametrize(("number", "of"), [(0, 7), (7, 7), (1, 200), (103, 200), (199, 200)])
def test_the_interval_of_a_share_is_that_of_wilson(number, of):
    known = stats.binomtest(number, of).proportion_ci(0.95, method="wilson")
    found = Share(number, of)
    assert (found.low, found.high) == pytest.approx((known.low, known.high), abs=1e-12)


def test_a_share_of_none_or_all_is_told_by_how_far_it_is_sure():
    assert share_in_percent(100, 200) == "50% ±4"
    assert (share_in_percent(1, 200), share_in_percent(199, 200)) == ("0.5% ±0.5", "99.5% ±0.5")
    bound = float(share_in_percent(0, 200).strip("<%"))
    assert bound == pytest.approx(100 * Share(0, 200).high, abs=0.05)
    assert float(share_in_percent(200, 200).strip(">%")) == pytest.approx(100 - bound)
    assert float(share_in_percent(0, 2000).strip("<%")) < bound / 9


def test_a_member_that_never_reaches_a_target_stays_in_the_curve():
    series = run(rising([2022, 2030, math.inf, math.inf, math.inf]))["rate"]
    curve: Any = not_yet_reached(goal(), series).set_index("year")
    assert curve["not_yet"].iloc[-1] == pytest.approx(0.6)
    assert curve.loc[2021.0, "not_yet"] == 1.0
    assert curve.loc[2022.0, "not_yet"] == pytest.approx(0.8)
    assert curve["first_reached"].sum() == 2


def test_the_median_year_is_given_only_if_half_of_the_members_get_there():
    some, half = rising([2022, 2023, math.inf, math.inf, math.inf]), rising([2022, 2023, 2029, math.inf, math.inf])
    members = xr.Dataset({"A": ("member", np.arange(5.0))})
    table = answer([goal()], {"some": some_run(some), "half": some_run(half)}, members, parameters=["A"]).summary
    found = table.set_index("scenario")
    assert math.isnan(found.loc["some", "year_reached_median"])
    assert found.loc["half", "year_reached_median"] == 2029.0
    assert found.loc["some", "reached_by_last_year"] == pytest.approx(0.4)


def some_run(values) -> xr.Dataset:
    return run(values, dim="run")


def test_the_curve_is_the_estimate_of_kaplan_and_meier():
    random = np.random.default_rng(6)
    first = random.choice([*YEARS[1:], math.inf], size=80)
    curve: Any = not_yet_reached(goal(), run(rising(list(first)))["rate"])
    seen = np.isfinite(first)
    sample = stats.CensoredData(uncensored=first[seen], right=np.full((~seen).sum(), YEARS[-1]))
    np.testing.assert_allclose(curve["not_yet"], stats.ecdf(sample).sf.evaluate(curve["year"].to_numpy()), rtol=1e-12)
    # Greenwood's formula, year by year.
    at_risk = 80 - np.concatenate([[0], np.cumsum(curve["first_reached"])[:-1]])
    events = curve["first_reached"].to_numpy()
    greenwood = curve["not_yet"] * np.sqrt(np.cumsum(events / (at_risk * (at_risk - events))))
    np.testing.assert_allclose(curve["not_yet_se"], greenwood, rtol=1e-9)
    assert middle_year(xr.DataArray(first)) == np.quantile(first, 0.5, method="inverted_cdf")


def test_reaching_a_target_early_and_losing_it_again_is_not_reaching_it_in_time():
    values = rising([2022, 2022, 2026])
    values[0, 5:] = 0.7
    members = xr.Dataset({"A": ("member", np.arange(3.0))})
    row = answer([goal()], {"plan": run(values)}, members, parameters=["A"]).summary.iloc[0]
    assert row["reached"] == 1
    assert row["reached_then_lost"] == pytest.approx(1 / 3)


def test_a_ceiling_is_judged_from_above():
    members = xr.Dataset({"A": ("member", np.arange(2.0))})
    row = answer([goal(75, "at most")], {"p": run(rising([2022, math.inf]))}, members, parameters=["A"]).summary.iloc[0]
    assert row["reached"] == 1
    assert row["margin_p95"] > 0 > row["margin_p05"]


def test_members_with_equal_values_stay_together():
    members = xr.Dataset({"A": ("member", [1.0, 1.0, 1.0, 1.0, 2.0])})
    table = answer([goal()], {"p": run(rising([2022] * 4 + [math.inf]))}, members, parameters=["A"]).conditions
    assert table["members"].tolist() == [4, 1]
    assert table["probability"].tolist() == [1.0, 0.0]


def test_what_a_scenario_sets_itself_is_no_condition_there():
    members = xr.Dataset({"A": ("member", [1.0, 2.0]), "B": (("member", "Use"), [[1.0, 5.0], [2.0, 4.0]])})
    members = members.assign_coords(Use=["homes", "roads"])
    result = run(rising([2022, math.inf]))
    both = {"plan": result, "other": result}
    found = answer([goal()], both, members, parameters=["A", "B"], set_by_scenario={"plan": ["B"]})
    for table in (found.conditions, found.contrasts):
        pairs = set(zip(table["scenario"], table["parameter"], strict=True))
        assert pairs == {("plan", "A"), ("other", "A"), ("other", "B[homes]"), ("other", "B[roads]")}


def test_all_mistakes_are_told_at_once():
    members = xr.Dataset({"A": ("member", [1.0, 1.0])})
    bad = run([[math.nan] * 16, [0.7] * 16])
    with pytest.raises(ReachError) as caught:
        answer(
            [goal(), goal(year=2040)],
            {"bad": bad, "three": run(rising([2022] * 3)), "empty": xr.Dataset(), "one": bad.isel(member=0)},
            members,
            parameters=["A", "Z"],
        )
    told = str(caught.value).splitlines()
    assert told == [
        "'Z' is not among the parameters of the members.",
        "All members share the value of 'A'.",
        "'rate' of bad is not finite in members 0.",
        "The results of bad are not saved in 2040, the year of goal.",
        "The results of three are of 3 members, the parameters of 2.",
        "The results of empty lack 'rate'.",
        "'rate' of one has the dims time; wanted: member, time.",
    ]


def test_without_modelled_targets_the_tables_are_empty_but_whole():
    tracked = Target("t", {}, "1.4(1)", "tracking", 2025, 70, "at least", "percent")
    found = answer([tracked], {}, xr.Dataset({"A": ("member", [1.0, 2.0])}), parameters=["A"])
    for table, columns in (
        (found.summary, SUMMARY_COLUMNS),
        (found.curves, CURVE_COLUMNS),
        (found.conditions, CONDITION_COLUMNS),
        (found.contrasts, CONTRAST_COLUMNS),
    ):
        assert table.empty
        assert tuple(table.columns) == columns


def test_the_registered_target_of_the_city_rests_on_the_registered_share_of_2020():
    members = read_members(60)
    target = load_targets()[REGISTERED]
    runs = {
        name: city().run(load_scenario(name).settings(members), outputs=[str(target.variable)], final_time=2030.0)
        for name in ("baseline", "plan")
    }
    found = answer([target], runs, members)
    assert found.summary["last_year"].tolist() == [2030.0, 2030.0]
    assert set(found.contrasts["parameter"]) == set(UNKNOWN_OF_2020)
    rests_on = found.contrasts.set_index(["scenario", "parameter"])["margin_difference"]
    # People already registered in towns are counted in the rate from the start.
    assert rests_on["plan", "REGISTERED URBAN SHARE 2020"] > 0.5
