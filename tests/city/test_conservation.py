"""People, registrations, land, homes and money are moved about, never created or lost."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from scenarios.scenario import load_scenario, shipped_scenarios
from tests.support.city import OTHER_FORMS, ROUNDING, STARTS, batches, city, definition, draws, full, mixed_forms

ERRORS = [
    "population balance error",
    "registration balance error",
    "land balance error",
    "floor area balance error",
    "money balance error",
    "resident rate account error",
    "registered rate account error",
]

FLOWS_OF_PEOPLE = ("births", "deaths by cell", "net migration")


def broken(run):
    """The balances of a run that do not close, with the largest error; no number at all counts as broken."""
    worst = {name: float(abs(run[name]).max(skipna=False)) for name in ERRORS}
    return {name: value for name, value in worst.items() if not value <= ROUNDING}


def total(run, name):
    """Sum of a variable over its subscripts, at each moment."""
    return run[name].sum([dim for dim in run[name].dims if dim not in ("time", "run")]).to_numpy()


def leak(stock, net_flow, step):
    """Largest relative difference between a stock and what its flows make of it, step by step."""
    expected = stock[0] + np.concatenate([[0.0], np.cumsum(net_flow[:-1] * step)])
    return float(np.max(np.abs(stock - expected)) / np.max(np.abs(stock)))


def every_step(start, *outputs, scenario="plan"):
    step = 0.25
    run = city().run(
        load_scenario(scenario).settings(), outputs=outputs, initial_time=start, time_step=step, saveper=step
    )
    return run, step


def test_every_balance_of_the_model_is_watched():
    assert sorted(ERRORS) == sorted(name for name in definition() if name.endswith(" error"))


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("scenario", shipped_scenarios())
@pytest.mark.parametrize("forms", [{}, OTHER_FORMS], ids=["present forms", "other forms"])
def test_nothing_is_created_or_lost_in_a_scenario(scenario, start, forms):
    run = city().run(load_scenario(scenario).settings() | forms, outputs=ERRORS, initial_time=start)
    assert broken(run) == {}


@pytest.mark.parametrize("start", STARTS)
def test_nothing_is_created_or_lost_for_any_parameters_in_range(start):
    for run in batches(draws(300, seed=1) | mixed_forms(300, seed=1), ERRORS, start):
        assert broken(run) == {}


@pytest.mark.parametrize("start", STARTS)
def test_residents_change_by_births_deaths_and_migration_only(start):
    # From the cells and the flows themselves, so that a wrong account within the model cannot hide a leak.
    run, step = every_step(start, "Population", *FLOWS_OF_PEOPLE)
    net = total(run, "births") - total(run, "deaths by cell") + total(run, "net migration")
    people = total(run, "Population")
    assert leak(people, net, step) < ROUNDING
    assert leak(people, net + 1e-6 * people, step) > ROUNDING, "a leak of one in a million is seen"


@pytest.mark.parametrize("start", STARTS)
def test_migration_is_arrivals_less_departures(start):
    flows = ("arrivals", "departures", "registered returning", "registered leaving")
    run, _ = every_step(start, "net migration", *flows)
    came = total(run, "arrivals") + total(run, "registered returning")
    left = total(run, "departures") + total(run, "registered leaving")
    # Relative to the gross flow: the net is a small difference of large numbers.
    np.testing.assert_allclose((came - left) / came, run["net migration"].to_numpy() / came, atol=ROUNDING)


@pytest.mark.parametrize("start", STARTS)
def test_moves_within_the_city_move_everybody_somewhere(start):
    pairs = [
        ("leaving district", "arriving from other districts"),
        ("leaving village", "arriving in town"),
        ("returning to village", "returning home"),
        ("settled", "settled by age"),
    ]
    run, _ = every_step(start, *(name for pair in pairs for name in pair))
    for left, came in pairs:
        np.testing.assert_allclose(total(run, left), total(run, came), rtol=ROUNDING, err_msg=left)


@pytest.mark.parametrize("start", STARTS)
def test_a_birthday_takes_the_whole_cohort_and_only_the_cohort(start):
    # With nobody dying, coming or going, each age of one year end is the next age of the following one.
    nobody = {name: 0.0 for name in ("REGISTERED LEAVING RATE", "REGISTERED RETURN RATE")}
    tables = ("ARRIVAL RATE", "DEPARTURE RATE", "MORTALITY 2010", "MORTALITY 2020")
    run = city().run(
        nobody | {name: full(name, 0.0) for name in tables},
        outputs=["Population", "births"],
        initial_time=start,
        time_step=0.25,
        saveper=0.25,
    )
    year_ends = run["Population"].sum(["District", "Group"]).isel(time=slice(0, None, 4)).to_numpy()
    before, after = year_ends[:-1], year_ends[1:]
    np.testing.assert_allclose(after[:, 2:85], before[:, 1:84], rtol=ROUNDING)
    np.testing.assert_allclose(after[:, 85], before[:, 84] + before[:, 85], rtol=ROUNDING)
    # Children of the year and their elders within age 0 are told apart by share in each cell, while some move between
    # cells; the whole city errs by some in ten thousand.
    born = run["births"].sum(["District", "Group"]).to_numpy()[:-1].reshape(-1, 4).sum(1) * 0.25
    np.testing.assert_allclose(after[:, 0], born, rtol=1e-3)
    np.testing.assert_allclose(after[:, 1], before[:, 0], rtol=1e-3)


@pytest.mark.parametrize("start", STARTS)
def test_registrations_change_by_registered_births_deaths_and_registrations_moved_only(start):
    run, step = every_step(
        start,
        "Population",
        "Registered Elsewhere",
        "registered births",
        "registered deaths",
        "elsewhere natural change",
        "net registered migration",
    )
    registered = city().subscripts["Registered"]
    stock = run["Population"].sel(Group=registered).sum(["District", "Group", "Age"]).to_numpy()
    stock = stock + total(run, "Registered Elsewhere")
    net = total(run, "registered births") - total(run, "registered deaths")
    net = net + total(run, "elsewhere natural change") + total(run, "net registered migration")
    assert leak(stock, net, step) < ROUNDING
    assert leak(stock, net + 1e-6 * stock, step) > ROUNDING, "a leak of one in a million is seen"


@pytest.mark.parametrize("start", STARTS)
def test_every_district_keeps_its_land(start):
    kinds = ("Urban Land", "Underused Land", "Approved Land", "Village Land", "Cultivated Land", "Other Land")
    run, _ = every_step(start, *kinds, "LAND AREA")
    land = sum(run[kind].sum([dim for dim in run[kind].dims if dim not in ("time", "District")]) for kind in kinds)
    area = run["LAND AREA"].isel(time=0) if "time" in run["LAND AREA"].dims else run["LAND AREA"]
    np.testing.assert_allclose(land / area, 1, rtol=ROUNDING)


@pytest.mark.parametrize("start", STARTS)
def test_a_district_asked_for_more_than_its_land_is_full_and_the_rest_lies_elsewhere(start):
    """A draw that gives Lixia, the densest district, twice the land per head that it can hold."""
    model, name = city(), "LAND PER URBAN RESIDENT RELATIVE"
    usual = np.array(model.variables["default"].to_dict()[name], dtype=float)
    districts = list(model.subscripts["District"])
    asked = xr.DataArray(np.where(np.array(districts) == "Lixia", 3.0, usual), {"District": districts}, "District")
    stocks = list(model.variables.index[model.variables["kind"] == "stock"])
    accounts = [stock for stock in stocks if stock.endswith("Account")]
    run = model.run(
        {name: asked},
        outputs=[*set(stocks) - set(accounts), "built up by district", "built up wanted at start", "LAND AREA"],
        initial_time=start,
    )
    first = run.isel(time=0)
    built, wanted, land = (first[kind] for kind in ("built up by district", "built up wanted at start", "LAND AREA"))
    assert wanted.sel(District="Lixia") > land.sel(District="Lixia")
    np.testing.assert_allclose(built.sel(District="Lixia"), land.sel(District="Lixia"), rtol=ROUNDING)
    np.testing.assert_allclose(built.sum(), wanted.sum(), rtol=ROUNDING)
    for stock in set(stocks) - set(accounts):
        # What is emptied every year end holds only rounding.
        assert float(run[stock].min()) > -ROUNDING * max(1.0, float(np.abs(run[stock]).max())), stock


@pytest.mark.parametrize("start", STARTS)
def test_the_city_borrows_exactly_what_it_spends_beyond_its_income(start):
    run, step = every_step(start, "Municipal Debt", "public income", "public spending")
    money = -total(run, "Municipal Debt")
    assert leak(money, total(run, "public income") - total(run, "public spending"), step) < ROUNDING


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("kind", ["Resident", "Registered"])
def test_the_causes_add_up_to_the_change_of_an_urbanization_rate(kind, start):
    rate, account = f"{kind.lower()} urbanization rate", f"{kind} Rate Account"
    run, _ = every_step(start, rate, account)
    change = run[rate] - run[rate].isel(time=0)
    # Rates are of order one, so rounding is the same in absolute terms.
    np.testing.assert_allclose(run[account].sum("Cause"), change, atol=ROUNDING)
