"""Women follow their cohort, and employees can retire later."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import xarray as xr

from tests.support.city import STARTS, city, default

NAMES = ("Women Share", "births in city", "Population")


@functools.cache
def run(start: float) -> xr.Dataset:
    return city().run(outputs=NAMES, initial_time=start, final_time=2020 if start < 2020 else 2035)


def test_the_share_of_women_moves_on_with_the_cohort():
    share = run(2020.0)["Women Share"].to_numpy()
    change = default("WOMEN SHARE CHANGE")
    for years in (1, 10):
        moved = share[0]
        for _ in range(years):
            moved = np.append(default("WOMEN AMONG NEWBORNS"), moved[:-1] + change[1:])
        np.testing.assert_allclose(share[years], moved, rtol=1e-12)


def test_the_history_run_ends_with_the_women_of_the_census_of_2020():
    ages = slice(10, 50)
    told = run(2010.0)["Women Share"].isel(time=-1)[ages]
    # Changes are smoothed over ages.
    np.testing.assert_allclose(told, run(2020.0)["Women Share"].isel(time=0)[ages], atol=0.0015)


def test_cohorts_with_few_girls_have_fewer_children():
    fewer = city().run({"WOMEN AMONG NEWBORNS": 0.465}, outputs=NAMES, initial_time=2010, final_time=2035)
    base = city().run(outputs=NAMES, initial_time=2010, final_time=2035)
    ratio = fewer["births in city"] / base["births in city"]
    np.testing.assert_allclose(ratio.sel(time=slice(2010, 2024)), 1, atol=1e-6)
    assert float(ratio.sel(time=2035)) < 0.999


def test_shares_of_women_stay_between_a_third_and_four_fifths():
    for start in STARTS:
        share = run(start)["Women Share"]
        assert float(share.min()) > 1 / 3
        assert float(share.max()) < 0.8


def test_later_retirement_adds_employees_between_50_and_64_and_no_farmers():
    names = ["labour force by group", "Population"]
    later, base = (city().run(changes, outputs=names) for changes in ({"RETIREMENT AGE RISE": 3.0}, {}))
    added = (later["labour force by group"] - base["labour force by group"]).sum("District")
    assert float(abs(added.sel(time=slice(2020, 2025))).max()) < 1e-6
    # A year after the rise began hardly anybody has moved because of it.
    added, people = added.sel(time=2026), base["Population"].sel(time=2026).sum("District")
    assert float(added.sel(Group="rural at home")) == pytest.approx(0, abs=20)
    gain = default("RETIREMENT GAIN")
    assert not gain[:50].any()
    assert not gain[65:].any()
    assert (default("PARTICIPATION") + 5.0 * gain <= 1).all()
    expected = (people * xr.DataArray(3.0 / 15 * gain, dims="Age")).sum("Age")
    apart = {"Group": "rural at home"}
    np.testing.assert_allclose(added.drop_sel(apart), expected.drop_sel(apart), rtol=0.02)


def test_later_retirement_raises_output_in_2035():
    outputs = ["gross domestic product"]
    later, base = (city().run(changes, outputs=outputs) for changes in ({"RETIREMENT AGE RISE": 3.0}, {}))
    gain = later["gross domestic product"] / base["gross domestic product"] - 1
    assert 0.002 < float(gain.sel(time=2035)) < 0.03
