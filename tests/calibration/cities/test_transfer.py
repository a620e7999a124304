"""What cities give the next one, on numbers whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from calibration.cities.transfer import Compared, Ensemble, compare, district_spread, shared_parameters
from calibration.fit.calibrate import _sound_members
from calibration.fit.priors import read_priors
from model.engine.results import NonFiniteError


@pytest.fixture(scope="module")
def priors():
    return read_priors()


def drawn(priors, name, seed, shift=0.0):
    """An ensemble drawn from the priors, every parameter moved up."""
    points = np.random.default_rng(seed).standard_normal((400, priors.size)) * 0.5 + shift
    return Ensemble(name, priors.dataset(points))


def one(priors, means, deviations):
    parameter = priors.parameter("POOL CHANGE")
    return Compared(parameter, "POOL CHANGE", np.array(means), np.array(deviations))


def test_values_come_back_on_the_scale_of_their_prior(priors):
    cities = [drawn(priors, "made up", 1), drawn(priors, "also made up", 2, shift=0.8)]
    found = compare(cities, [priors.parameter("POOL CHANGE"), priors.parameter("RELATIVE FERTILITY")])
    assert len(found) == 1 + priors.parameter("RELATIVE FERTILITY").size
    for row in found:
        assert row.means == pytest.approx([0.0, 0.8], abs=0.1)
        assert row.deviations == pytest.approx([0.5, 0.5], abs=0.06)


def test_no_city_or_district_owns_what_is_compared():
    names = {parameter.name for parameter in shared_parameters()}
    assert "POOL CHANGE" in names
    assert names.isdisjoint({"NON FARM OUTPUT 2020", "VILLAGE LEAVING RATE", "BUILT UP AREA 2010"})


def test_cities_that_agree_narrow_the_prior_of_the_next(priors):
    mean, deviation = one(priors, [1.0, 1.0, 1.0], [0.3, 0.3, 0.3]).next_city
    assert deviation < 0.3
    # What each record says, with the shared prior taken out of it, lies beyond the posterior.
    assert mean == pytest.approx(1.0, abs=0.12)


def test_cities_that_differ_leave_the_next_one_open(priors):
    agreed = one(priors, [0.0, 0.0], [0.2, 0.2]).next_city[1]
    apart = one(priors, [-1.5, 1.5], [0.2, 0.2])
    assert apart.difference > 2
    assert apart.next_city[0] == pytest.approx(0.0, abs=1e-9)
    assert agreed < 0.3 < 0.8 < apart.next_city[1] < 1.0


def test_cities_that_say_nothing_leave_the_prior_as_it_is(priors):
    assert one(priors, [0.0, 0.0], [1.0, 1.0]).next_city == pytest.approx((0.0, 1.0), abs=0.01)
    assert one(priors, [0.0, 0.0], [1.0, 1.0]).difference == 0.0


def test_districts_are_told_by_mean_and_spread(priors):
    table = district_spread([drawn(priors, "made up", 3), drawn(priors, "also made up", 4)])
    assert "VILLAGE LEAVING RATE" in set(table["parameter"])
    assert list(table.columns) == ["parameter", "made up: mean", "spread", "also made up: mean", "spread"]


def test_members_that_leave_what_the_equations_allow_are_replaced():
    def run(some):
        if (some["x"] < 0).any():
            message = "made up: not finite"
            raise NonFiniteError(message)
        return some

    members = xr.Dataset({"x": ("member", np.array([1.0, 2.0, -1.0, 3.0, -2.0, 4.0, 5.0]))})
    kept = _sound_members(members, run, lambda n: xr.Dataset({"x": ("member", np.arange(10.0, 10.0 + n))}))
    assert kept["x"].to_numpy().tolist() == [1.0, 2.0, 3.0, 4.0, 5.0, 10.0, 11.0]
