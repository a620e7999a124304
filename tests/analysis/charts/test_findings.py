"""What a chart says it shows follows from its numbers, in both languages and in each case."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from analysis.charts import findings
from analysis.charts.panels import FUNDED
from tests.support.plain_runs import run, series

BRINGS, COSTS = "gain of a settled person", "cost of a settled person"
READY, SETTLED = "district readiness", "settled by district"


def by_district(*values: float) -> np.ndarray:
    """The same twelve values in every year."""
    return np.tile(values, (3, 1))


def circle_run(gaining: int, readiness: object = 1.0, settled: object = 100.0) -> xr.Dataset:
    brings = by_district(*[3.0] * gaining, *[1.0] * (12 - gaining))
    return run({BRINGS: brings, COSTS: 2.0, READY: readiness, SETTLED: settled})


@pytest.mark.parametrize(
    ("gaining", "zh", "en"), [(0, "没有", "none"), (12, "全部12个", "all 12"), (5, "5个", "5 of 12")]
)
def test_districts_that_gain_are_counted(gaining, zh, en):
    told = {language: findings.circle(circle_run(gaining), None, (2025, 2035), language) for language in ("zh", "en")}
    assert f"2025年{zh}，2035年{zh}" in told["zh"]
    assert f"{en} in 2025, {en} in 2035" in told["en"]


def test_readiness_is_compared_between_the_two_years_and_with_the_baseline():
    # From 2025 to 2035 it rises in four districts, falls in two, and moves by less than anyone can see in the others.
    late = [1.2] * 4 + [0.9] * 2 + [1.001] * 6
    ours = circle_run(5, np.array([[1.0] * 12, [1.0] * 12, late]), settled=[100.0, 130.0, 90.0])
    baseline = circle_run(5, 1.0, settled=[500.0, 100.0, 100.0])
    told = findings.circle(ours, baseline, (2025, 2035), "en")
    assert "From 2025 to 2035 readiness rises in 4 districts, falls in 2 and hardly changes in the others." in told
    # The first year of a run, with what flows in its first step, is left out: 220 against 200.
    assert "10 % more people settle in 2025-2035; readiness in 2035 is higher in 4 districts, lower in 2" in told
    assert "落户人数少9%" in findings.circle(baseline, ours, (2025, 2035), "zh")
    assert "as many people settle" in findings.circle(baseline, baseline, (2025, 2035), "en")


@pytest.mark.parametrize(
    ("late", "zh", "en"),
    [
        ([1.2] * 12, "各区县均提高", "rises in all districts"),
        ([0.8] * 12, "各区县均降低", "falls in all districts"),
        ([1.001] * 12, "各区县基本不变", "hardly changes in any district"),
        ([1.2] * 5 + [1.0] * 7, "5个区县提高，其余基本不变", "rises in 5 districts and hardly changes in the others"),
        ([0.8] * 5 + [1.0] * 7, "5个区县降低，其余基本不变", "falls in 5 districts and hardly changes in the others"),
        ([1.2] * 5 + [0.8] * 7, "5个区县提高，7个降低", "rises in 5 districts and falls in 7"),
    ],
)
def test_what_happens_in_no_district_is_not_said(late, zh, en):
    ours = circle_run(12, np.array([[1.0] * 12, [1.0] * 12, late]))
    told = {language: findings.circle(ours, None, (2025, 2035), language) for language in ("zh", "en")}
    assert told["zh"].endswith(f"，{zh}。")
    assert told["en"].endswith(f"{en}.")
    assert "0个" not in told["zh"]
    assert "none" not in told["en"]


def test_those_who_wait_and_register_are_added_up_and_the_largest_group_is_named():
    waiting = series("Willing To Settle", np.array([[1e3, 2e3, 1e3], [1e3, 2e3, 1e3], [3e3, 1e3, 1e3]])[:, None, :])
    registering = series("settled by district and group", [1e3, 8e2, 5e2])
    told = findings.settlement(waiting.sum("District"), registering.sum("District"), "en")
    assert "48 thousand people want to register and have not at the end of 2020, 60 thousand at that of 2035" in told
    assert "'registered rural, in town'" in told
    assert "from 36 to 18 thousand" in told
    # Ten thousands in Chinese.
    assert "有4.8万" in findings.settlement(waiting.sum("District"), registering.sum("District"), "zh")


def test_price_unsold_homes_and_land_income_say_where_they_go():
    price = series("unsold homes in years of sales", [100.0, 110.0, 99.0])
    months = series("unsold homes in years of sales", [12.0, 30.0, 24.0])
    land = series("land sale revenue", [50.0, 60.0, 75.0])
    told = findings.housing(price, months, land, "en")
    assert "Price in 2035 against 2020: 1 % lower, falling in 1 of 2 years." in told
    assert "12 months of sales in 2020, 24 in 2035, and 30 at the most (2025)" in told
    assert "Land income: 50 % higher." in told
    assert "50 % higher, falling in 0 of 2 years." in findings.housing(land, months, price, "en")
    assert "土地出让收入比2020年持平" in findings.housing(price, months, price / price * land[:, 0], "zh")


@pytest.mark.parametrize(
    ("capital", "other", "said", "unsaid"),
    [
        ([1.0, 1.0, 0.999], 1.0, "funded in every year", "Other spending"),
        ([1.0, 0.4, 0.6], 1.0, "40 % is funded in the worst year (2025)", "Other spending"),
        ([1.0, 0.4, 0.0], [1.0, 1.0, 0.8], "Other spending is cut too, to 80 % (2035)", "every year"),
    ],
)
def test_debt_is_measured_by_its_ceiling_and_cuts_by_their_worst_year(capital, other, said, unsaid):
    funded = run(dict(zip(FUNDED, (capital, other), strict=True)), spread=0.0)
    debt, ceiling = series("Municipal Debt", [100.0, 230.0, 190.0]), series("Municipal Debt", 200.0)
    told = findings.accounts(debt, ceiling, funded, "en")
    assert "Debt is at 50 % of its ceiling in 2020, at 95 % in 2035, and at 115 % at the most (2025);" in told
    assert said in told
    assert unsaid not in told
    assert "95%" in findings.accounts(debt, ceiling, funded, "zh")


def test_the_ends_of_a_comparison_and_of_a_course_are_told_with_their_scenarios():
    low, high = (series("residents", [1e6, 1e6, end]) for end in (9e6, 1e7))
    titles = {"baseline": "Baseline", "plan": "The plan"}
    told = findings.comparison({"Residents (people)": {"plan": high, "baseline": low}}, titles, "en")
    assert told == "Residents (people), 2035: from 9,000,000 (Baseline) to 10,000,000 (The plan)."
    alone = findings.comparison({"常住人口（万人）": {"plan": low / 1e4}}, titles, "zh")
    assert alone == "2035年常住人口（万人）为900。"
    assert findings.course({"常住人口（万人）": low / 1e4}, "zh") == "常住人口（万人）由2020年的100升至2035年的900。"
    falling = series("residents", [90.0, 88.0, 67.5])
    assert findings.course({"Births": falling}, "en") == "Births: down from 90.0 in 2020 to 67.5 in 2035."
    assert findings.course({"出生人数": falling * 0 + 90.0}, "zh").endswith("基本持平。")


def test_places_are_short_where_the_need_is_farthest_above_what_is_provided():
    need = xr.DataArray(
        [[1.0, 2.0], [5.0, 3.0]],
        dims=("Service", "time"),
        coords={"Service": ["childcare", "primary"], "time": [2020, 2025]},
    )
    told = findings.places(need, need * 0 + 1.0, "zh")
    assert told == "缺口最大的是小学（6—11岁），2020年缺4.0万个。"
    assert findings.places(need, need + 1.0, "en").startswith("Places suffice")


def test_the_largest_cause_of_a_rate_is_told_with_its_sign():
    parts = xr.DataArray(
        [[0.5, 0.5], [-2.0, -1.0]],
        dims=("Cause", "time"),
        coords={"Cause": ["migration", "settlement"], "time": [2021, 2022]},
    )
    told = findings.account({"Rate": parts}, "en")
    assert told == "Rate: -2.0 points in all, the largest part being settlement (-3.0)."
