"""No movers, no births, no land, no budget, tenfold prices: the city still makes sense, and its stocks stay real."""

from __future__ import annotations

from inspect import signature

import numpy as np
import pandas as pd
import pytest

from model.checks import check_extremes
from scenarios.start import JUMP
from tests.support.city import (
    OTHER_FORMS,
    STARTS,
    batches,
    city,
    default,
    draws,
    full,
    mixed_forms,
    negative,
    not_finite,
    scaled,
    stocks,
)


def no_migration():
    tables = ("ARRIVAL RATE", "DEPARTURE RATE", "VILLAGE LEAVING RATE", "BASE MOVE RATE")
    rates = ("VILLAGE RETURN RATE", "REGISTERED LEAVING RATE", "REGISTERED RETURN RATE")
    return {name: full(name, 0.0) for name in tables} | dict.fromkeys(rates, 0.0)


def no_births():
    return dict.fromkeys(("FERTILITY 2010", "TWO CHILD WAVE", "FERTILITY 2020", "LONG RUN FERTILITY"), 0.0)


def no_land():
    quotas = ("BASE LAND QUOTA", "BASE LAND QUOTA 2010", "HOMESTEAD EXIT SHARE", "START UP AREA BUILD RATE")
    renewed = ("REDEVELOPMENT RATE", "URBAN VILLAGE RENEWAL RATE")
    # All plots of demolished homes go to those who lived there.
    return dict.fromkeys((*quotas, *renewed), 0.0) | {
        "PEOPLE LAND LINK": full("PEOPLE LAND LINK", 0.0),
        "REHOUSING SHARE": 1.0,
    }


def no_capital_budget():
    # The award buys places too.
    budgets = ("CAPITAL BUDGET FOR SERVICES", "CAPITAL BUDGET FOR SERVICES 2010", "AWARD PER SETTLED PERSON")
    return dict.fromkeys(budgets, 0.0)


def homes_ten_times_as_dear(start=2020.0):
    if start < 2020:
        return {"HOUSE PRICE 2010": scaled("HOUSE PRICE 2010", 10.0)}
    # Only the price that homes start from: from the next moment on, what is usual is again what it was in 2020.
    usual = float(default("HOUSE PRICE 2020"))
    return {"HOUSE PRICE 2020": pd.Series({2020.0: 10 * usual, 2020.0 + JUMP: usual})}


def equal_incomes():
    return dict.fromkeys(("INCOME RATIO 2010", "INCOME RATIO 2020"), 1.0)


def quota_without_limit():
    return dict.fromkeys(("BASE LAND QUOTA", "BASE LAND QUOTA 2010"), 1e4)


def everyone_settles():
    at_once = {"EASE OF SETTLEMENT": 1.0, "EASE OF SETTLEMENT 2010": 0.5, "SETTLEMENT PROCESSING TIME": 0.5}
    return at_once | {"WILLINGNESS 2020": full("WILLINGNESS 2020", 1 - 1e-9)}


def nobody_settles():
    return dict.fromkeys(("EASE OF SETTLEMENT", "EASE OF SETTLEMENT 2010"), 0.0)


def no_programmes():
    people = ("SKILLS TRAINING", "TRAINED START")
    return dict.fromkeys((*people, "COUNTY TOWN PROGRAMME", "RURAL PENSION RISE", "RENT SUBSIDY"), 0.0)


def an_empty_dear_city(start):
    nobody = no_migration() | no_births() | nobody_settles()
    return nobody | no_land() | no_capital_budget() | homes_ten_times_as_dear(start)


EXTREMES = (
    *(no_migration, no_births, no_land, no_capital_budget, homes_ten_times_as_dear, equal_incomes),
    *(quota_without_limit, everyone_settles, nobody_settles, no_programmes, an_empty_dear_city),
)


@pytest.fixture(params=[{}, OTHER_FORMS], ids=["present forms", "other forms"])
def forms(request):
    """The forms of the decision rules."""
    return request.param


def pair(forms, changes, *outputs, start=2020.0, **settings):
    """The base run and the changed one, both with the same forms of the decision rules."""
    names = [*outputs]
    base = city().run(forms, outputs=names, initial_time=start, **settings)
    return base, city().run(forms | changes, outputs=names, initial_time=start, **settings)


def total(run, name):
    return run[name].sum([dim for dim in run[name].dims if dim != "time"])


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("extreme", EXTREMES, ids=lambda extreme: extreme.__name__.replace("_", " "))
def test_every_stock_stays_real_in(extreme, start, forms):
    # Every variable of the model, not only the stocks: nothing may stop being a number.
    changes = extreme(start) if signature(extreme).parameters else extreme()
    run = city().run(forms | changes, initial_time=start, keep_non_finite=True)
    assert not_finite(run) == []
    assert negative(run, stocks()) == {}


@pytest.mark.parametrize("start", STARTS)
def test_every_stock_stays_real_for_any_parameters_in_range(start):
    changes = draws(2000, seed=2) | mixed_forms(2000, seed=2)
    for run in batches(changes, [*stocks(), "fiscal gap ratio", "price to income ratio"], start):
        assert not_finite(run) == []
        assert negative(run, stocks()) == {}


def test_a_negative_stock_would_be_seen():
    run = city().run(outputs=["Sector Jobs", "Village Land"])
    run["Sector Jobs"][5, 3] = -100.0
    run["Village Land"][0, 0] = -1e-12
    assert list(negative(run, ["Sector Jobs", "Village Land"])) == ["Sector Jobs"]


@pytest.mark.parametrize("start", STARTS)
def test_without_migration_residents_change_by_births_and_deaths_only(start, forms):
    names = ("residents by district", "births", "deaths by district and group")
    _, run = pair(forms, no_migration(), *names, start=start, saveper=0.25, time_step=0.25)
    natural = (run["births"] - run["deaths by district and group"]).sum("Group")
    change = run["residents by district"].diff("time", label="lower")
    expected = natural.isel(time=slice(0, -1)) * 0.25
    # Groups still change within a district; the tolerance is the rounding of a million people.
    np.testing.assert_allclose(change, expected, atol=1e-4)


def test_without_births_the_schools_empty_from_below(forms):
    _, run = pair(forms, no_births(), "births in city", "service need in city", "Population")
    need = run["service need in city"]
    assert float(run["births in city"].max()) == 0.0
    # Infants still arrive with their parents, so a few per cent of the need remains.
    assert float(need.sel(Service="childcare", time=2026) / need.sel(Service="childcare", time=2020)) < 0.1
    assert float(need.sel(Service="primary", time=2035) / need.sel(Service="primary", time=2020)) < 0.2
    assert (
        float(need.sel(Service="junior secondary", time=2025) / need.sel(Service="junior secondary", time=2020)) > 0.8
    )


def test_without_new_land_building_stops_and_prices_rise(forms):
    base, run = pair(
        forms,
        no_land(),
        "land supplied",
        "market starts",
        "affordable starts",
        "price to income ratio",
        "Approved Land",
    )
    supplied, starts = total(run, "land supplied"), total(run, "market starts") + total(run, "affordable starts")
    base_starts = total(base, "market starts") + total(base, "affordable starts")
    # What was approved before runs out with the supply delay of some two years, and then the land that developers hold;
    # that lasts longest where few homes are asked for.
    assert float(supplied.sel(time=2035)) < 1e-3 * float(supplied.sel(time=2020))
    assert float(total(run, "Approved Land").sel(time=2035)) < 1e-3 * float(total(run, "Approved Land").sel(time=2020))
    assert float(starts.sel(time=2035)) < 0.06 * float(starts.sel(time=2020))
    assert float(starts.sel(time=2035)) < 0.2 * float(base_starts.sel(time=2035))
    prices, base_prices = run["price to income ratio"], base["price to income ratio"]
    assert float(prices.sel(time=2035)) > 1.2 * float(base_prices.sel(time=2035))
    assert float(prices.sel(time=2035)) > float(prices.sel(time=2030)) > float(prices.sel(time=2025))


def test_without_a_capital_budget_no_place_is_ordered_and_capacity_decays(forms):
    _, run = pair(
        forms,
        no_capital_budget(),
        "capacity ordered",
        "Service Capacity",
        "Capacity Under Construction",
        "SERVICE LIFETIME",
    )
    assert float(abs(run["capacity ordered"]).max()) == 0.0
    # Once what was under construction is open (a building time of 1.5 years), the rest decays with its lifetime;
    # schools are also merged.
    capacity = run["Service Capacity"].sel(Service=["hospital beds", "elder care beds"]).sum(["District", "Service"])
    lifetime = float(np.asarray(run["SERVICE LIFETIME"]).flat[0])
    expected = float(capacity.sel(time=2030)) * np.exp(-5 / lifetime)
    # A quarter-year Euler step makes a decay of 1/40 a year faster by 0.03 percent over five years.
    np.testing.assert_allclose(float(capacity.sel(time=2035)), expected, rtol=1e-3)


@pytest.mark.parametrize("start", STARTS)
def test_homes_ten_times_as_dear_burden_households_and_keep_people_away(start, forms):
    names = ("housing burden", "arrivals by origin", "willingness to settle", "residents")
    base, run = pair(forms, homes_ten_times_as_dear(start), *names, start=start, saveper=0.25)
    # The first moment at which both cities measure prices alike.
    first = start + 0.25
    np.testing.assert_allclose(
        run["housing burden"].sel(time=first), 10 * base["housing burden"].sel(time=first), rtol=0.1
    )
    # From a step later, when people see it, for as long as homes stay more than three times as dear.
    early = slice(start + 0.5, start + 3)
    for name in ("arrivals by origin", "willingness to settle"):
        assert bool((run[name].sel(time=early) < base[name].sel(time=early)).all()), name
    # For ten years; by then prices have overshot downwards and have begun to draw people.
    assert bool((run["residents"] < base["residents"]).sel(time=slice(start + 1, start + 10)).all())
    # Demand bends prices back down: the loop B1 balances.
    ratio = (run["housing burden"] / base["housing burden"]).mean("District")
    assert float(ratio[-1]) < 0.5 * float(ratio.sel(time=first))


@pytest.mark.parametrize("start", STARTS)
def test_equal_incomes_keep_villagers_at_home(start, forms):
    names = (
        "urban rural income ratio",
        "town pull",
        "leaving village",
        "returning to village",
        "resident urbanization rate",
    )
    base, run = pair(forms, equal_incomes(), *names, start=start)
    np.testing.assert_allclose(float(run["urban rural income ratio"][0]), 1, rtol=1e-9)
    assert bool((run["town pull"] < base["town pull"]).all())
    early = slice(0, 6)
    assert bool((total(run, "leaving village")[early] < total(base, "leaving village")[early]).all())
    assert bool((total(run, "returning to village")[early] > total(base, "returning to village")[early]).all())
    assert float(run["resident urbanization rate"][-1]) < float(base["resident urbanization rate"][-1])


@pytest.mark.parametrize("start", STARTS)
def test_a_quota_without_limit_stops_at_the_boundary_and_spares_the_protected_fields(start, forms):
    names = (
        "cultivated land in city",
        "URBAN DEVELOPMENT BOUNDARY",
        "CULTIVATED FLOOR",
        "built up area",
        "Approved Land",
    )
    _, run = pair(forms, quota_without_limit(), *names, start=start)
    # The boundary is approached within the turnover time of land and never crossed; rounding only.
    used = (run["built up area"] + total(run, "Approved Land")) / run["URBAN DEVELOPMENT BOUNDARY"]
    assert float(used.max()) <= 1 + 1e-9
    assert float(used[-1]) > 0.99
    assert float(run["built up area"].max()) <= 1456.03 * (1 + 1e-9)
    assert float(run["cultivated land in city"].min()) >= 3355.1 * (1 - 1e-9)


@pytest.mark.parametrize("start", STARTS)
def test_when_everyone_settles_hardly_any_mover_stays_unregistered(start, forms):
    names = ("residents by group", "target citizenization", "registered urbanization rate", "settled people")
    base, run = pair(forms, everyone_settles(), *names, start=start)
    movers = city().subscripts["Mover"]
    left = run["residents by group"].sel(Group=movers, time=2030).sum()
    # All settle within a year on average: what remains is about one year's arrivals.
    assert float(left) < 0.15 * float(base["residents by group"].sel(Group=movers, time=2030).sum())
    assert float(run["target citizenization"][-1]) >= 1.0
    assert float(run["registered urbanization rate"][-1]) > float(base["registered urbanization rate"][-1])


@pytest.mark.parametrize("start", STARTS)
def test_when_nobody_settles_no_land_and_no_award_is_earned(start, forms):
    names = ("settled people", "linked quota earned", "settlement award by district", "homesteads vacated")
    base, run = pair(forms, nobody_settles(), *names, "registered urbanization rate", start=start)
    for name in names:
        assert float(abs(run[name]).max()) == 0.0, name
    assert float(run["registered urbanization rate"][-1]) < float(base["registered urbanization rate"][-1])


def test_limits_and_balances_hold_at_both_ends_of_every_constants_range():
    assert check_extremes() == []
