"""A cut leaves the past alone and takes away what it says."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from analysis.pages.cuts import LOOPS, at, changed_from, own_value
from scenarios.scenario import load_scenario
from scenarios.start import JUMP
from tests.support.city import city

LAST = 2035.0


def path(years, values):
    return xr.DataArray(values, {"time": np.asarray(years, dtype=float)})


def test_a_course_is_its_own_until_the_year_and_new_from_then_on():
    own = path([2020, 2024, 2030], [1.0, 5.0, 11.0])
    cut = changed_from(own, 0.0, 2025)
    assert cut.to_series().to_dict() == {2020.0: 1.0, 2024.0: 5.0, 2025.0: 6.0, 2025 + JUMP: 0.0}


def test_a_new_course_is_taken_from_the_year_on():
    cut = changed_from(xr.DataArray(7.0), path([2020, 2030], [0.0, 10.0]), 2025)
    assert cut.to_series().round(6).to_dict() == {2025.0: 7.0, 2025 + JUMP: 5.001, 2030.0: 10.0}


def test_a_course_is_held_at_its_ends():
    np.testing.assert_array_equal(at(path([2020, 2022], [1.0, 2.0]), [2010, 2021, 2050]), [1.0, 1.5, 2.0])
    np.testing.assert_array_equal(at(path([2020], [3.0]), [2010, 2050]), [3.0, 3.0])
    np.testing.assert_array_equal(at(xr.DataArray(4.0), [2010, 2050]), [4.0, 4.0])


def test_a_constant_is_the_members_own_where_they_differ_in_it(members):
    settings = load_scenario("baseline").settings(members)
    assert "run" in own_value("INCOME ELASTICITY", settings).dims
    assert own_value("URBAN DEVELOPMENT BOUNDARY", {}).dims == ()


@pytest.mark.parametrize("year", [2020.0, 2025.0])
def test_land_income_stays_what_it_was_once_its_loop_is_cut(year):
    cut = LOOPS["R4"].settings(city(), {}, year, LAST)
    names = ["land sale revenue", "cost index", "transfers received"]
    whole, held = city().run(outputs=names), city().run(cut, outputs=names)

    def real(run):
        from_land = float(own_value("LAND SALE NET SHARE", {})) * run["land sale revenue"] / run["cost index"]
        return from_land + run["transfers received"] / run["cost index"]

    steady = whole["transfers received"] / whole["cost index"]
    # Two passes leave a hundredth; transfers by head move a little with residents.
    expected = real(whole).sel(time=year) - steady.sel(time=year) + steady
    after = whole["time"] >= year + 1
    np.testing.assert_allclose(real(held)[after], expected[after], rtol=0.01)
    assert abs(real(whole) / expected - 1)[after].max() > 0.05
