"""Every feature of the model language means in the compiled engine what it means in PySD."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from model.engine.functions import MULTIPLIES_AND_ADDS
from tests.engine.compiled_functions import compiled

FEATURES = [
    "arithmetic",
    "array_lookups",
    "array_memory",
    "comparisons",
    "delays",
    "fixed_delays",
    "functions",
    "lookups",
    "macros",
    "memory",
    "ranges",
    "reductions",
    "smooths",
    "start_order",
    "stocks",
    "subscripts",
    "timing",
]


@pytest.mark.parametrize("feature", FEATURES)
def test_every_variable_equals_pysd_at_every_step(feature, models, assert_same):
    assert_same(models / f"{feature}.mdl")


def test_every_model_of_the_folder_is_compared_somewhere(models):
    elsewhere = {"teacup", "cohorts", "world"}
    assert {path.stem for path in models.glob("*.mdl")} == set(FEATURES) | elsewhere


@pytest.mark.parametrize("initial_time", [0, 10])
def test_both_start_years_of_a_model_that_asks_for_its_start_equal_pysd(initial_time, models, assert_same):
    result = assert_same(models / "start_order.mdl", initial_time=initial_time, final_time=initial_time + 6)
    assert float(result["early"][0]) == (100.0 if initial_time < 5 else 200.0)
    assert float(result["chosen"][0]) == float(result["early"][0]) + initial_time


@pytest.mark.parametrize("feature", ["smooths", "delays", "memory", "lookups"])
def test_a_start_in_the_middle_equals_pysd(feature, models, assert_same):
    assert_same(models / f"{feature}.mdl", initial_time=5)


@pytest.mark.parametrize(("time_step", "saveper"), [(0.5, 1.0), (0.1, 0.5), (0.125, 3.0)])
def test_other_time_settings_equal_pysd(time_step, saveper, models, assert_same):
    assert_same(models / "smooths.mdl", time_step=time_step, saveper=saveper, final_time=9)


def test_changed_numbers_equal_pysd(models, assert_same):
    assert_same(models / "stocks.mdl", {"rate": 0.2, "later start": 9.0})


def test_a_path_equals_pysd_and_is_held_at_its_ends(models, assert_same):
    path = pd.Series([0.0, 0.4, 0.1], index=[2.0, 5.0, 9.5])
    result = assert_same(models / "stocks.mdl", {"rate": path})
    np.testing.assert_array_equal(result["rate"].sel(time=[0, 2, 12]), [0.0, 0.0, 0.1])


def test_changed_arrays_and_paths_of_arrays_equal_pysd(models, assert_same):
    values = xr.DataArray([3.0, 1.0, 2.0], {"District": ["east", "north", "south"]}, "District")
    path = xr.DataArray([[1.0, 2.0], [5.0, -3.0]], {"time": [1.0, 8.0]}, ("time", "Group"))
    result = assert_same(models / "subscripts.mdl", {"weight": values, "flat": path})
    np.testing.assert_array_equal(result["weight"].isel(time=0), [1.0, 2.0, 3.0])


def test_a_change_with_runs_equals_pysd_run_by_run(models, assert_same):
    rates = xr.DataArray([0.05, 0.1, 0.3], {"run": ["low", "middle", "high"]}, "run")
    result = assert_same(models / "stocks.mdl", {"rate": rates, "later start": 2.0})
    assert list(result["run"].values) == ["low", "middle", "high"]


@pytest.mark.parametrize("initial_time", [2010, 2020])
def test_a_city_of_districts_groups_and_ages_equals_pysd(initial_time, models, assert_same):
    changes = {"FERTILITY": 1.7, "ARRIVALS": 9000.0}
    assert_same(models / "cohorts.mdl", changes, initial_time=initial_time, final_time=initial_time + 3)


def test_a_world_of_tables_smooths_and_third_order_delays_equals_pysd(models, assert_same):
    assert_same(models / "world.mdl")


def test_an_xmile_model_equals_pysd(models, assert_same):
    assert_same(models / "teacup.xmile")


REPEATED = """
Place: (P1-P4) ~~|
Kind: (K1-K2) ~~|
Age: (A0-A9) ~~|
rate[Age] = 0.01, 0.02, 0.04, 0.08, 0.1, 0.2, 0.3, 0.4, 0.5, 0.9 ~~|
weight[Kind] = 0.3, 0.7 ~~|
size[Place] = 1.5, 2.5, 3.5, 5.5 ~~|
Level[Place, Kind, Age] = INTEG(-lost[Place, Kind, Age], 100.0) ~~|
lost[Place, Kind, Age] = Level[Place, Kind, Age] * (1 - EXP(-TIME STEP * rate[Age] * (1 + Time))) ~~|
felt by place[Place] = SUM(Level[Place, Kind!, Age!] * EXP(-rate[Age!]) * weight[Kind!]) ~~|
felt by kind[Kind] = SUM(Level[Place!, Kind, Age!] * LN(1 + rate[Age!] * size[Place!]) ^ 0.5) ~~|
felt by age[Age] = SUM(Level[Place!, Kind!, Age] * EXP(weight[Kind!] * size[Place!])) ~~|
guarded[Place, Age] = IF THEN ELSE(Time > 5, size[Place] * LN(MAX(rate[Age] * (Time - 5), 1e-3)), 0) ~~|
"""


def test_functions_worked_out_once_per_argument_and_sums_in_any_order_equal_pysd(write_model, assert_same):
    assert_same(write_model(REPEATED))


@pytest.mark.parametrize(("low", "high"), [(-1e-3, 1e-3), (-2, 2), (-708, 709), (-745, -708)])
def test_the_exponential_is_that_of_numpy_to_two_units_in_the_last_place(low, high):
    numbers = np.random.default_rng(0).uniform(low, high, 10_000)
    expected = np.exp(numbers)
    assert (np.abs(compiled("exponential(a[k])", numbers) - expected) <= 2 * np.spacing(expected)).all()


def test_the_exponential_keeps_to_the_rules_at_its_ends():
    numbers = [0.0, -0.0, 710.0, 1e308, np.inf, -746.0, -1e308, -np.inf, np.nan]
    expected = [1.0, 1.0, np.inf, np.inf, np.inf, 0.0, 0.0, 0.0, np.nan]
    np.testing.assert_array_equal(compiled("exponential(a[k])", numbers), expected)


def test_a_division_by_a_known_inverse_is_as_exact_as_a_division():
    random = np.random.default_rng(0)
    tops = np.concatenate([random.uniform(-1e3, 1e3, 20_000), np.arange(1.0, 200.0), [0.0, np.inf, -np.inf, np.nan]])
    with np.errstate(all="ignore"):
        for bottom in (*random.uniform(1e-3, 1e3, 20), 0.25, 3.0, 49.0, -7.0, 0.0, np.inf):
            quotients = compiled("divide(a[k], b[k], 1.0 / b[k])", tops, np.full(len(tops), bottom))
            if MULTIPLIES_AND_ADDS:
                np.testing.assert_array_equal(quotients, tops / bottom)


ROWS = """
Place: P1, P2, P3 ~~|
Middle: P2, P3 ~~|
Age: (A1-A9) ~~|
rate[Age] = 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.09 ~~|
size[Place] = 1, 2, 3 ~~|
Level[Place, Age] = INTEG(inflow[Place, Age] - loss[Place, Age], size[Place] * 10) ~~|
loss[Place, Age] = Level[Place, Age] * rate[Age] / (1 + Time) ~~|
inflow[Place, Age] = loss[Place, Age] / 2 + Level[Place, Age] / total ~~|
total = SUM(Level[Place!, Age!]) ~~|
total again = 1 + SUM(Level[Place!, Age!]) * 2 ~~|
lost by place[Place] = SUM(loss[Place, Age!]) ~~|
lost by age[Age] = SUM(loss[Place!, Age]) ~~|
lost in the middle = SUM(loss[Middle!, Age!]) ~~|
portion[Place, Age] = Level[Place, Age] / (total + lost by place[Place]) ~~|
part[P1, Age] = Level[P1, Age] / total ~~|
part[Middle, Age] = Level[Middle, Age] / lost by age[Age] ~~|
parts = SUM(part[Place!, Age!] * lost by place[Place!]) ~~|
nested = SUM(size[Place!] * SUM(loss[Place!, Age!])) ~~|
Moved[Age] = INTEG(SUM(loss[Place!, Age]) - SUM(inflow[Place!, Age]), SUM(Level[Place!, Age])) ~~|
largest = VMAX(loss[Place!, Age!]) ~~|
"""


def test_sums_that_share_loops_with_what_they_add_equal_pysd(write_model, assert_same):
    assert_same(write_model(ROWS))
