"""Rural income comes from land, wages, remittances and pensions, and the income ratio falls by what moves them."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import xarray as xr

from tests.support.city import city, default, full

RATIO = "urban rural income ratio"
#: Of the plan (2015, 2020) and of a press conference of the city (2019).
OBSERVED = {2015: 2.80, 2019: 2.67, 2020: 2.61}
#: Urban income of 2012 over rural net income of districts by rural people: old survey, old boundary.
OLD_SURVEY = {2012: 2.82}


@functools.cache
def past() -> xr.Dataset:
    return city().run(outputs=[RATIO, "rural wage coefficient"], initial_time=2010, final_time=2020)


def ratio(changes: dict[str, object], year: int = 2035) -> float:
    return float(city().run(changes, outputs=[RATIO])[RATIO].sel(time=year))


def test_the_ratio_starts_where_it_was_published():
    assert ratio({}, 2020) == pytest.approx(OBSERVED[2020], rel=1e-9)


def test_a_start_in_2010_tells_2019_and_2020_better_than_a_straight_line():
    # The line through 2.99 in 2010 is no rival: that number was drawn back from 2015 and 2020.
    ((first, value),), years = OLD_SURVEY.items(), [2019, 2020]
    slope = (OBSERVED[2015] - value) / (2015 - first)
    truth = np.array([OBSERVED[year] for year in years])
    line = value + slope * (np.array(years) - first)
    told = past()[RATIO].sel(time=years).to_numpy()
    assert np.hypot(*(told - truth)) < np.hypot(*(line - truth))


def test_one_rule_of_wages_serves_2010_and_2020():
    # With a free trend of rural wages the two starts lay 13 % apart.
    then = past()["rural wage coefficient"].isel(time=0)
    now = city().run(outputs=["rural wage coefficient"], final_time=2021)["rural wage coefficient"].isel(time=0)
    assert float(then) == pytest.approx(float(now), rel=0.05)


def test_the_ratio_falls_less_when_nobody_leaves_the_villages_or_the_fields():
    stay = {"VILLAGE LEAVING RATE": full("VILLAGE LEAVING RATE", 0.0), "FARM EXIT RATE": 0.0}
    assert ratio(stay) > ratio({}) + 0.2


def test_wages_of_villagers_rise_as_fewer_work_the_land():
    assert ratio({"LABOUR SURPLUS ELASTICITY": 0.0}) > ratio({}) + 0.05


def test_a_rise_of_pensions_reaches_people_at_home_and_is_paid_by_the_budget():
    names = ["rural income per head", "residents by group", "rural pension spending", "public spending"]
    raised, before = (
        city().run(changes, outputs=names, final_time=2021).isel(time=0)
        for changes in ({"RURAL PENSION RISE": 3000.0}, {})
    )
    at_home = before["residents by group"].sel(Group="rural at home")
    received = (raised["rural income per head"] - before["rural income per head"]) * at_home
    paid = raised["rural pension spending"] - before["rural pension spending"]
    assert float(received) == pytest.approx(float(paid), rel=1e-9)
    assert float(raised["public spending"] - before["public spending"]) == pytest.approx(float(paid), rel=1e-9)


def test_land_revenue_spent_on_villages_raises_farm_output_slowly_and_less_than_pensions_do_for_the_same_money():
    names = [RATIO, "farm output", "public spending", "land revenue for agriculture spending", "rural pension spending"]
    works = city().run({"LAND REVENUE FOR AGRICULTURE": 0.2}, outputs=names)
    base = city().run(outputs=names)
    gain = works["farm output"] / base["farm output"] - 1
    assert gain.sel(time=2020) == 0
    assert gain.sel(time=2025) < gain.sel(time=2035) < 0.25
    spent = (works - base)["land revenue for agriculture spending"].mean()
    rise = float(spent / base["rural pension spending"].mean()) * default("RURAL PENSION 2020")
    assert ratio({"RURAL PENSION RISE": rise}) < float(works[RATIO].sel(time=2035)) < ratio({})
