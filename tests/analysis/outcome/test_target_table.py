"""Targets are judged as the plan words them, by hand-made runs whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from analysis.outcome.printing import wanted
from analysis.outcome.targets import COLUMNS, evaluate_targets, first_year_reached
from scenarios import Target, load_targets

YEARS = np.arange(2020.0, 2036.0)
FIXED = ("target", "scenario", "year", "threshold", "unit", "median", "p05", "p95", "probability", "probability_se")


def goal(threshold: float = 78.5, comparison: str = "at least", year: int = 2025, tolerance: float = 0.0) -> Target:
    return Target(
        "goal", {"zh": "目标", "en": "goal"}, "1.4(1)", "core", year, threshold, comparison, "percent", "rate", 0.01,
        tolerance=tolerance,
    )  # fmt: skip


def run(values) -> xr.Dataset:
    dims = ("time",) if np.ndim(values) == 1 else ("run", "time")
    return xr.Dataset({"rate": (dims, np.asarray(values, dtype=float))}, coords={"time": YEARS})


RISING = 0.74 + 0.01 * np.arange(16)


def row(target, values):
    return evaluate_targets([target], {"plan": run(values)}).iloc[0]


def test_columns_are_those_promised():
    assert COLUMNS[:11] == (*FIXED, "year_reached_median")
    assert tuple(evaluate_targets([goal()], {"plan": run(RISING)}).columns) == COLUMNS


def test_value_and_margin_are_in_the_unit_of_the_plan():
    judged = row(goal(), RISING)
    assert judged["median"] == pytest.approx(79.0)
    assert judged["margin"] == pytest.approx(0.5)
    assert judged["reached"] == "yes"
    assert judged["year_reached_median"] == 2025


def test_a_single_run_claims_no_probability():
    judged = row(goal(), RISING)
    assert np.isnan(judged[["p05", "p95", "probability", "probability_se"]].astype(float)).all()


@pytest.mark.parametrize(
    ("target", "margin", "reached"),
    [
        (goal(79.0), 0.0, "yes"),
        (goal(79.1), -0.1, "no"),
        (goal(79.1, "at least", tolerance=1.0), 0.9, "yes"),
        (goal(80.0, "at most"), 1.0, "yes"),
        (goal(78.0, "at most"), -1.0, "no"),
        (goal(75.0, "about", tolerance=5.0), 9.0, "yes"),
        (goal(82.0, "about", tolerance=5.0), 2.0, "yes"),
        (goal(85.0, "about", tolerance=5.0), -1.0, "no"),
    ],
)
def test_a_positive_margin_is_better_whatever_the_comparison(target, margin, reached):
    judged = row(target, RISING)
    assert judged["margin"] == pytest.approx(margin, abs=1e-9)
    assert judged["reached"] == reached


def test_the_first_year_is_told_even_after_the_target_year_and_left_empty_when_there_is_none():
    late = row(goal(80.0), RISING)
    assert (late["reached"], late["year_reached_median"]) == ("no", 2026)
    assert np.isnan(row(goal(99.0), RISING)["year_reached_median"])


def test_the_first_year_counts_even_if_the_target_is_lost_again():
    there_and_back = xr.DataArray(np.where(YEARS == 2022, 0.9, 0.5), dims="time", coords={"time": YEARS})
    assert float(first_year_reached(goal(), there_and_back)) == 2022


def test_an_ensemble_gives_a_probability_with_its_standard_error():
    shifts = np.linspace(-0.02, 0.02, 200)
    judged = row(goal(), RISING + shifts[:, None])
    share = np.mean(79.0 + 100 * shifts >= 78.5)
    assert judged["probability"] == pytest.approx(share)
    assert judged["probability_se"] == pytest.approx(np.sqrt(share * (1 - share) / 200))
    assert judged["p05"] == pytest.approx(79.0 + 100 * np.quantile(shifts, 0.05))
    assert judged["median"] == pytest.approx(79.0)


def test_members_that_never_arrive_count_in_the_median_year():
    values = np.where(np.arange(3)[:, None] == 0, RISING, 0.5)
    assert np.isnan(row(goal(), values)["year_reached_median"])


def test_an_ensemble_of_one_claims_no_probability():
    assert np.isnan(row(goal(), RISING[None, :])["probability"])


def test_a_target_that_is_only_tracked_stays_in_the_table():
    tracked = Target(
        "tracked", {"zh": "跟踪", "en": "tracked"}, "4.4(5)", "tracking", 2025, 80.0, "at least", "percent"
    )
    judged = evaluate_targets([tracked], {"plan": run(RISING)}).iloc[0]
    assert judged["reached"] == "not modelled"
    assert np.isnan(judged["median"])
    with pytest.raises(KeyError):
        evaluate_targets([goal(year=2050)], {"plan": run(RISING)})


def test_every_target_that_is_judged_by_another_number_than_the_plan_writes_says_so():
    for target in load_targets().values():
        if target.modelled and target.limit != target.threshold:
            for languages in ((), ("zh",), ("en",)):
                assert f"{target.limit:,g}" in wanted(target, *languages), target.id
