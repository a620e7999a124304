"""Another city's numbers run without error: the model is of a city, not of one set of numbers."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from tests.support.city import (
    ROUNDING,
    STARTS,
    city,
    default,
    definition,
    negative,
    not_finite,
    scaled,
    stocks,
    targets,
)

#: Units of what grows with the size of a city; prices, rates, shares and standards per head do not.
SIZES = {
    *("person", "person/Year", "km2", "km2/Year", "yuan", "yuan/Year"),
    *("m3/Year", "dwelling/Year", "million t/Day", "million t/(Day*Year)"),
}
#: A household is no larger in a larger city.
NOT_SIZES = {"STANDARD HOUSEHOLD"}
BALANCES = ["population balance error", "land balance error", "money balance error", "registration balance error"]


def sizes():
    """Constants that say how large the city is."""
    return [
        name
        for name, variable in definition().items()
        if variable.kind == "constant" and variable.unit in SIZES and name not in NOT_SIZES
    ]


def other_city():
    """Half as many people, most of them in the outer districts, few from outside, little land, and poor."""
    outer = xr.DataArray(np.linspace(0.2, 1.0, 12), dims="District")
    changes = {}
    for name in sizes():
        changes[name] = scaled(name, 0.5)
        if "District" in definition()[name].dims and name != "LAND AREA":
            changes[name] = changes[name] * outer
    people = sum(float(np.asarray(changes[f"CENSUS RESIDENTS {year}"]).sum()) for year in (2010, 2020)) / 2
    jinan = sum(float(default(f"CENSUS RESIDENTS {year}").sum()) for year in (2010, 2020)) / 2
    for year in (2010, 2020):
        for name in ("UNREGISTERED RESIDENTS", "RURAL RESIDENTS IN TOWN", "REGISTERED POPULATION"):
            changes[f"{name} {year}"] = scaled(f"{name} {year}", people / jinan)
        changes[f"URBAN INCOME {year}"] = scaled(f"URBAN INCOME {year}", 0.6)
        changes[f"HOUSE PRICE {year}"] = scaled(f"HOUSE PRICE {year}", 0.5)
        changes[f"BUILT UP AREA {year}"] = scaled(f"BUILT UP AREA {year}", 0.4)
    return changes


@pytest.mark.parametrize("start", STARTS)
def test_a_city_of_half_the_size_goes_the_same_way(start):
    rates = [name for name in targets() if definition()[name].unit in ("percent", "Dmnl")]
    names = [*rates, "price to income ratio", "urban income per head", "rural income per head"]
    whole = city().run(outputs=[*names, "residents"], initial_time=start)
    half = city().run({name: scaled(name, 0.5) for name in sizes()}, outputs=[*names, "residents"], initial_time=start)
    # Rounding grows through a hundred steps of feedback, so it is a little larger than in a sum.
    np.testing.assert_allclose(half["residents"], 0.5 * whole["residents"], rtol=1e-7)
    for name in names:
        np.testing.assert_allclose(half[name], whole[name], rtol=1e-7, atol=1e-9, err_msg=name)


@pytest.mark.parametrize("start", STARTS)
def test_another_city_runs_without_error(start):
    run = city().run(other_city(), initial_time=start, keep_non_finite=True)
    assert not_finite(run) == []
    assert negative(run, stocks()) == {}
    for name in BALANCES:
        assert float(abs(run[name]).max()) <= ROUNDING, name
    assert float(run["resident urbanization rate"].min()) > 0
    assert float(run["resident urbanization rate"].max()) < 1
    expected = float(other_city()[f"CENSUS RESIDENTS {int(start)}"].sum())
    np.testing.assert_allclose(float(run["residents"][0]), expected, rtol=ROUNDING)
