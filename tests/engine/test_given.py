"""Anything can be given to a run: elements, expressions, computed variables, lookups, first values of stocks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from model.engine import ChangeError, arrays, compile_model

TEXT = """{UTF-8}
Region: north, south ~~|
Product: grain, wood, iron ~~|
Pool[Region] = INTEG(inflow[Region] - outflow[Region], start[Region]) ~ t ~ |
start[Region] = 10, 20 ~ t ~ |
inflow[Region] = rate[Region] * effect(Time) ~ t/Year ~ |
outflow[Region] = Pool[Region] / stay ~ t/Year ~ |
stay = 1 / 3 + 2 / 3 ~ Year [0.5,1.5] ~ |
rate[Region] = 3, 5 ~ t/Year ~ |
value[Region,Product] = 1, 2, 3; 4, 5, 6; ~ Dmnl ~ |
scaled[Region] = WITH LOOKUP(Pool[Region], ([(0,0)-(30,1)], (0,0), (18,1))) ~ Dmnl ~ |
worth[Region] = SUM(value[Region,Product!]) * Pool[Region] ~ t ~ |
effect((0,1),(10,1)) ~ Dmnl ~ |
INITIAL TIME = 0 ~~|
FINAL TIME = 4 ~~|
TIME STEP = 0.5 ~~|
SAVEPER = 1 ~~|
"""
STEPS = np.arange(0, 4, 0.5)


def pool(start, inflow, stay=1.0):
    """The stock at whole times, by Euler's method."""
    level, course = start, [start]
    for step, time in enumerate(STEPS):
        level += 0.5 * (inflow(time) - level / stay)
        if step % 2:
            course.append(level)
    return np.array(course)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("given") / "pools.mdl"
    path.write_text(TEXT, encoding="utf-8")
    return compile_model(path)


def test_an_element_has_its_name_in_brackets_and_the_others_stay(model):
    run = model.run({"rate[south]": 7.0}, outputs=["rate", "Pool"])
    assert run["rate"].isel(time=0).values.tolist() == [3.0, 7.0]
    np.testing.assert_allclose(run["Pool"].sel(Region="north"), pool(10.0, lambda _: 3.0), rtol=1e-14)
    np.testing.assert_allclose(run["Pool"].sel(Region="south"), pool(20.0, lambda _: 7.0), rtol=1e-14)


def test_elements_differ_by_run_and_over_time(model):
    path = pd.Series({0.0: 3.0, 4.0: 11.0})
    runs = xr.DataArray([1.0, 2.0], dims="run")
    run = model.run({"rate[north]": path, "rate[south]": runs}, outputs=["rate"])["rate"]
    assert run.sel(Region="north").isel(run=1).values.tolist() == [3.0, 5.0, 7.0, 9.0, 11.0]
    assert run.sel(Region="south").isel(time=2).values.tolist() == [1.0, 2.0]


def test_a_table_with_some_elements_leaves_the_others(model):
    some = xr.DataArray([[50.0, 40.0]], {"Region": ["south"], "Product": ["iron", "grain"]}, ("Region", "Product"))
    value = model.run({"value": some}, outputs=["value"])["value"].isel(time=0)
    assert value.values.tolist() == [[1.0, 2.0, 3.0], [40.0, 5.0, 50.0]]
    both = model.run({"value[north, wood]": 9.0, "value": some}, outputs=["value"])["value"].isel(time=0)
    assert both.values.tolist() == [[1.0, 9.0, 3.0], [40.0, 5.0, 50.0]]


def test_an_expression_and_a_computed_variable_are_given_instead_of_their_equations(model):
    run = model.run({"stay": xr.DataArray([1.0, 2.0], dims="run")}, outputs=["Pool"])["Pool"].sel(Region="north")
    for number, stay in enumerate((1.0, 2.0)):
        np.testing.assert_allclose(run.isel(run=number), pool(10.0, lambda _: 3.0, stay), rtol=1e-14)
    given = xr.DataArray(
        [[1.0, 2.0], [9.0, 2.0]], {"time": [0.0, 4.0], "Region": ["north", "south"]}, ("time", "Region")
    )
    run = model.run({"inflow": given}, outputs=["Pool", "inflow"])
    assert run["inflow"].sel(Region="north").values.tolist() == [1.0, 3.0, 5.0, 7.0, 9.0]
    np.testing.assert_allclose(run["Pool"].sel(Region="north"), pool(10.0, lambda time: 1 + 2 * time), rtol=1e-14)


def test_a_stock_starts_where_it_is_told(model):
    starts = xr.DataArray([[1.0, 2.0], [3.0, 4.0]], {"Region": ["north", "south"]}, ("run", "Region"))
    run = model.run(initial={"Pool": starts}, outputs=["Pool"])["Pool"]
    assert run.isel(time=0).values.tolist() == [[1.0, 2.0], [3.0, 4.0]]
    np.testing.assert_allclose(run.sel(Region="south").isel(run=1), pool(4.0, lambda _: 5.0), rtol=1e-14)


def test_a_lookup_has_other_points(model):
    run = model.run({"effect": [(0, 0), (4, 2)]}, outputs=["Pool"])["Pool"].sel(Region="north")
    np.testing.assert_allclose(run, pool(10.0, lambda time: 3.0 * time / 2), rtol=1e-14)
    # And the model is as it was.
    run = model.run(outputs=["Pool"])["Pool"].sel(Region="north")
    np.testing.assert_allclose(run, pool(10.0, lambda _: 3.0), rtol=1e-14)


def test_a_store_holds_the_same(model, tmp_path):
    changes = {"stay": xr.DataArray([1.0, 2.0], dims="run"), "rate[south]": 7.0}
    path = model.run_to_store(changes, tmp_path / "runs.zarr", outputs=["Pool"], initial={"Pool": 1.0}, progress=False)
    with xr.open_zarr(path, chunks=None) as stored:
        run = model.run(changes, outputs=["Pool"], initial={"Pool": 1.0})
        np.testing.assert_array_equal(stored["Pool"], run["Pool"])


@pytest.mark.parametrize(
    ("changes", "initial", "told"),
    [
        ({"rate[east]": 1.0}, {}, "'east' is not in Region"),
        ({"rate[north,south]": 1.0}, {}, "takes 1 elements: one of each of Region"),
        ({"rat[north]": 1.0}, {}, "'rat[north]' is not an element of a constant of the model. Did you mean 'rate'?"),
        ({"rate[north]": "three"}, {}, "text"),
        ({"Pool": 1.0}, {}, "'Pool' is a stock"),
        ({}, {"Pol": 1.0}, "'Pol' is not a stock of the model. Did you mean 'Pool'?"),
        ({"effect": [(1, 0), (0, 2)]}, {}, "each x above the one before"),
        ({"effect": 3.0}, {}, "give it pairs"),
    ],
)
def test_what_cannot_be_given_is_told(model, changes, initial, told):
    with pytest.raises(ChangeError) as refused:
        model.run(changes, initial=initial)
    assert told in str(refused.value)


def test_more_than_memory_holds_is_refused_with_what_to_do(model, monkeypatch):
    monkeypatch.setattr(arrays, "free_memory", lambda: 2**20)
    runs = xr.DataArray(np.linspace(1, 2, 20_000), dims="run")
    with pytest.raises(ChangeError, match=r"20,000 runs take .* GiB of memory, and 0\.0 GiB are free.*outputs="):
        model.run({"rate[north]": runs})
    assert model.run({"rate[north]": runs}, outputs=["Pool"], reduce={"Pool": "final"}).sizes["run"] == 20_000


def test_a_store_has_one_writer(model, tmp_path):
    changes, told = {"rate[north]": xr.DataArray([1.0, 2.0], dims="run")}, []

    def again(done, of):
        with pytest.raises(ChangeError, match="is being written by another call") as refused:
            model.run_to_store(changes, tmp_path / "runs.zarr", outputs=["Pool"], resume=True, progress=False)
        told.append(str(refused.value))

    path = model.run_to_store(changes, tmp_path / "runs.zarr", outputs=["Pool"], progress=again)
    assert told
    assert [file.name for file in tmp_path.iterdir()] == ["runs.zarr"]
    # And nothing stands in the way of the next call.
    assert model.run_to_store(changes, path, outputs=["Pool"], resume=True, progress=False) == path


def test_what_leaves_its_limits_is_named_with_time_and_runs(model):
    run = model.run({"stay": xr.DataArray([1.0, 2.0], dims="run")})
    table = model.outside_limits(run).set_index("variable")
    assert table.loc["stay", ["lookup", "low", "high", "highest", "first_time", "runs"]].tolist() == [
        "", 0.5, 1.5, 2.0, 0.0, 1,
    ]  # fmt: skip
    # South starts at 20, past the last point of the lookup, and falls.
    assert table.loc["Pool", ["lookup", "high", "highest", "first_time", "runs"]].tolist() == [
        "scaled", 18.0, 20.0, 0.0, 2,
    ]  # fmt: skip
    assert model.outside_limits(run.isel(run=0).sel(time=slice(1, None))).empty
