"""Runs give what was asked for, remember nothing, and refuse mistakes in the user's words."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from model import load_model
from model.engine import (
    ChangeError,
    Ensemble,
    FirstAbove,
    NonFiniteError,
    RefusedModelError,
    compile_model,
    spelling,
    use_threads,
)
from model.engine.pysd_model import ReferenceModel


@pytest.fixture(scope="module")
def stocks(models):
    return compile_model(models / "stocks.mdl")


@pytest.fixture(scope="module")
def subscripts(models):
    return compile_model(models / "subscripts.mdl")


def test_a_run_without_runs_has_no_run_dim_and_carries_units_and_comments(models):
    result = compile_model(models / "teacup.mdl").run()
    assert result["Teacup Temperature"].dims == ("time",)
    assert result["Heat Loss to Room"].attrs == {"units": "Degrees/Minute", "comment": "Heat leaves the cup."}


def test_arrays_come_back_with_run_time_and_subscripts_by_name(subscripts):
    result = subscripts.run({"flat": 2.0}, outputs=["outer"])
    assert result["outer"].dims == ("time", "District", "Group", "Band")
    assert list(result["Band"].values) == ["A0", "A1", "A2", "A3", "A4"]
    many = subscripts.run({"weight": xr.DataArray(np.ones((4, 3)), dims=("run", "District"))}, outputs=["outer"])
    assert many["outer"].dims == ("run", "time", "District", "Group", "Band")


def test_only_the_wanted_outputs_come_back_and_equal_the_full_run(stocks):
    everything = stocks.run()
    some = stocks.run(outputs=["Predator", "inside"])
    assert list(some.data_vars) == ["Predator", "inside"]
    xr.testing.assert_identical(some, everything[["Predator", "inside"]])


def test_a_run_never_alters_the_next(stocks):
    before = stocks.run()
    stocks.run({"rate": 0.7}, initial_time=3, final_time=5, time_step=0.5, saveper=1)
    stocks.run({"rate": pd.Series([0.1, 0.2], index=[0, 5])})
    xr.testing.assert_identical(stocks.run(), before)


def test_runs_of_an_ensemble_equal_the_same_runs_alone(stocks):
    rates = np.linspace(0.01, 0.4, 37)
    together = stocks.run({"rate": xr.DataArray(rates, dims="run")})
    for run in (0, 17, 36):
        alone = stocks.run({"rate": float(rates[run])})
        np.testing.assert_array_equal(together["Prey"].sel(run=run), alone["Prey"])


def test_results_do_not_depend_on_the_number_of_threads(stocks):
    changes = {"rate": xr.DataArray(np.linspace(0.01, 0.4, 100), dims="run")}
    parallel = stocks.run(changes)
    use_threads(1)
    try:
        xr.testing.assert_identical(stocks.run(changes), parallel)
    finally:
        use_threads(None)


def test_a_path_with_runs_is_read_by_run(stocks):
    path = xr.DataArray([[0.0, 0.1], [0.2, 0.4]], {"time": [0.0, 10.0]}, ("run", "time"))
    result = stocks.run({"rate": path}, outputs=["rate"])
    # Linear interpolation in float64: one rounding.
    np.testing.assert_allclose(result["rate"].sel(time=5.0), [0.05, 0.3], rtol=1e-15)


def test_the_table_of_variables_tells_kind_unit_dims_and_default(subscripts, models):
    table = subscripts.variables
    assert table.loc["weight", "kind"] == "constant"
    assert table.loc["outer", "dims"] == ("District", "Group", "Band")
    np.testing.assert_array_equal(table.loc["weight", "default"], [1.0, 2.0, 3.0])
    tea = compile_model(models / "teacup.mdl").variables
    assert tea["kind"].to_dict() == {
        "Heat Loss to Room": "flow",
        "Room Temperature": "constant",
        "Characteristic Time": "constant",
        "Teacup Temperature": "stock",
        "INITIAL TIME": "control",
        "FINAL TIME": "control",
        "TIME STEP": "control",
        "SAVEPER": "control",
    }
    assert tea.loc["Room Temperature", "default"] == 70.0


@pytest.mark.parametrize("engine", [compile_model, ReferenceModel])
def test_every_mistake_is_told_at_once_with_near_matches(engine, models):
    model = engine(models / "subscripts.mdl")
    changes = {
        "wieght": 1.0,
        "outer": 2.0,
        "flat": float("nan"),
        "weight": xr.DataArray([1.0, 2.0], dims="Group"),
        "by age": "many",
    }
    with pytest.raises(ChangeError) as caught:
        model.run(changes, outputs=["levle", "total"], time_step=-1)
    message = str(caught.value)
    for expected in (
        "'wieght' is not a constant of the model. Did you mean 'weight'?",
        # The fast engine takes a computed variable, if it is given numbers.
        *(["'outer' is an auxiliary, only constants can be changed"] if engine is ReferenceModel else []),
        "'flat' holds a value that is not finite",
        "'weight' has the dims Group; it may have run, time, District",
        "'by age' holds text, not a number",
        "'levle' is not a variable of the model. Did you mean 'level'?",
        "'total' is not a variable of the model",
        "'TIME STEP' must be above zero",
    ):
        assert expected in message


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (xr.DataArray([1.0, 2.0], dims="District"), "must have all 3 elements of District (north, south, east)"),
        (xr.DataArray([1.0, 2.0], dims="time"), "has a time dim without times"),
        (pd.Series([1.0, 2.0], index=[3, 3]), "has times that repeat or are not finite"),
        (pd.Series([1.0, 2.0], index=["a", "b"]), "has times that are not numbers"),
        ([1.0, 2.0, 3.0], "takes a number, a pandas Series over time or an xarray DataArray, not a list"),
        (xr.DataArray(np.ones((0,)), dims="run"), "holds no value"),
        (True, "holds True or False, not a number; write 1 or 0"),
        ("70", "holds text, not a number"),
        (1 + 2j, "holds complex numbers"),
        (xr.DataArray(["a", 1.0], dims="run"), "holds text, not a number"),
        (xr.DataArray(np.array([1.0, None]), dims="run"), "holds something that is not a number"),
        (pd.Series([1.0, 2.0], index=pd.to_datetime(["2020-01-01", "2021-01-01"])), "has times that are not numbers"),
        (xr.DataArray([1.0, 2.0], {"run": ["a", "a"]}, "run"), "has two runs of the same label"),
    ],
)
def test_a_malformed_change_is_refused(change, expected, subscripts):
    with pytest.raises(ChangeError, match=r"weight") as caught:
        subscripts.run({"weight": change})
    assert expected in str(caught.value)


def test_runs_that_disagree_are_refused(stocks):
    with pytest.raises(ChangeError, match="'later start' has other runs"):
        stocks.run({"rate": xr.DataArray(np.ones(3), dims="run"), "later start": xr.DataArray(np.ones(2), dims="run")})


def test_the_time_settings_may_be_given_as_changes(stocks):
    xr.testing.assert_identical(stocks.run({"FINAL TIME": 4}), stocks.run(final_time=4))
    with pytest.raises(ChangeError, match="'FINAL TIME' is given twice"):
        stocks.run({"FINAL TIME": 4}, final_time=5)


REFUSED = """
Place: here, there ~~|
x = RANDOM BETA(0, 1, 3) ~~|
y = GET DIRECT CONSTANTS('data.xlsx', 'a', 'B2') ~~|
z = FIND MARKET PRICE(list[Place], 1) ~~|
list[Place] = 1, 2 ~~|
wrong = nothing like it + list[nowhere] ~~|
summed = SUM(list[here]) ~~|
both[Place] = 1, 2 ~~|
both[there] = 3 ~~|
twice = 1 ~~|
twice = 2 ~~|
fine = 1 ~~|
"""


def test_everything_unknown_in_a_model_is_refused_in_one_message(write_model):
    with pytest.raises(RefusedModelError) as caught:
        compile_model(write_model(REFUSED))
    message = str(caught.value)
    for expected in (
        "line 4: x: the function RANDOM BETA is not known",
        "line 5: y: data.xlsx is not beside the model",
        "line 6: z: the function FIND MARKET PRICE is not known",
        "wrong: 'nothing like it' is not defined in the model",
        "wrong: subscript nowhere of list is not on the left side",
        "summed: SUM without a subscript marked with !",
        "both: [there]: more than one equation",
        "twice: more than one equation",
    ):
        assert expected in message
    assert " * fine" not in message


def test_elements_without_an_equation_that_are_read_are_refused_by_name(write_model):
    text = "Place: p1, p2, p3, p4, p5, p6 ~~|\npartly[p1] = Time ~~|\npartly[p2] = 2 ~~|\nx = SUM(partly[Place!]) ~~|"
    with pytest.raises(RefusedModelError, match=r"x: reads partly at \[p3\]; \[p4\]; \[p5\] and 1 more, which no"):
        compile_model(write_model(text))


def test_simultaneous_equations_are_refused_by_name(write_model):
    with pytest.raises(RefusedModelError, match=r"depend on each other: .*one.*two"):
        compile_model(write_model("one = two + 1 ~~|\ntwo = one * 2 ~~|"))


def test_a_value_that_is_not_finite_stops_the_run_and_names_run_variable_and_time(write_model):
    model = compile_model(write_model("d = 5 ~~|\nquotient = 1 / (Time - d) ~~|\nlevel = INTEG(quotient, 0) ~~|"))
    changes = {"d": xr.DataArray([20.0, 3.0], {"run": ["good", "bad"]}, "run")}
    with pytest.raises(NonFiniteError, match=r"run bad, quotient is inf at time 3"):
        model.run(changes, outputs=["level"])
    kept = model.run(changes, outputs=["level"], keep_non_finite=True)
    assert kept.attrs["warning"] == "1 runs hold values that are not finite"
    assert np.isfinite(kept["level"].sel(run="good")).all()
    assert not np.isfinite(kept["level"].sel(run="bad")).all()


def test_a_compiled_model_is_read_from_the_cache_and_gives_the_same(models, empty_cache):
    first = compile_model(models / "teacup.mdl").run()
    files = sorted(path.name for path in empty_cache.glob("teacup_*"))
    assert len(files) == 1
    xr.testing.assert_identical(compile_model(models / "teacup.mdl").run(), first)
    assert sorted(path.name for path in empty_cache.glob("teacup_*")) == files


def test_a_changed_model_is_compiled_anew(write_model):
    assert float(compile_model(write_model("a = 1 ~~|")).run()["a"][0]) == 1.0
    assert float(compile_model(write_model("a = 2 ~~|")).run()["a"][0]) == 2.0


def test_both_engines_are_loaded_by_name(models):
    path = models / "teacup.mdl"
    fast, slow = load_model("compiled", path).run(), load_model("pysd", path).run()
    # Rounding.
    xr.testing.assert_allclose(fast, slow, rtol=1e-12)
    with pytest.raises(ValueError, match="'vensim' is no engine"):
        load_model("vensim", path)  # type: ignore[call-overload]


DIGEST = """
import hashlib, sys
from model.engine import compile_model
result = compile_model(sys.argv[1]).run()
print(hashlib.sha256(b"".join(result[name].values.tobytes() for name in result.data_vars)).hexdigest())
"""


def test_the_process_that_compiles_gives_the_same_bytes_as_those_that_read_the_cache(models, empty_cache):
    def digest() -> str:
        command = [sys.executable, "-c", DIGEST, str(models / "cohorts.mdl")]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    # Sums over 86 ages: this model's last bits did differ while a process used what it compiled itself.
    assert not empty_cache.exists()
    compiling = digest()
    assert list(empty_cache.rglob("*.o"))
    assert digest() == compiling


def test_code_that_cannot_be_compiled_is_told_and_tried_again_next_time(write_model, empty_cache, monkeypatch):
    path = write_model("found in no other test = 1 ~~|")
    with monkeypatch.context() as broken:
        broken.setattr(spelling, "RUN", spelling.RUN.replace("count = 0", "count = unheard_of"))
        for _ in range(2):
            with pytest.raises(RuntimeError, match=r"(?s)could not be compiled:.*unheard_of"):
                compile_model(path)


def test_the_bytes_of_long_sums_depend_neither_on_the_threads_nor_on_the_other_runs(models):
    model = compile_model(models / "cohorts.mdl")
    levels = np.linspace(0.9, 1.6, 70)
    changes = {"FERTILITY": xr.DataArray(levels, dims="run")}
    together = model.run(changes)
    use_threads(1)
    try:
        xr.testing.assert_identical(model.run(changes), together)
    finally:
        use_threads(None)
    for run in (0, 33, 69):
        xr.testing.assert_identical(model.run({"FERTILITY": levels[run]}), together.sel(run=run, drop=True))


def reduced_by_hand(course, how):
    """What a reduction means, told with xarray."""
    if how == "final":
        return course.isel(time=-1, drop=True)
    if how == "sum":
        return course.sum("time")
    return course["time"].where(course > how.threshold).min("time")


@pytest.mark.parametrize("saveper", [0.25, 3.0])
@pytest.mark.parametrize("how", ["final", "sum", FirstAbove(6.0)])
@pytest.mark.parametrize("with_runs", [True, False])
def test_a_reduced_output_is_the_reduced_course(with_runs, how, saveper, models):
    model = compile_model(models / "subscripts.mdl")
    weight = xr.DataArray(np.arange(1.0, 7.0).reshape(2, 3), dims=("run", "District"))
    changes = {"weight": weight if with_runs else weight[1]}
    outputs = ["outer", "level", "turned"]
    whole = model.run(changes, outputs=outputs, saveper=saveper)
    found = model.run(changes, outputs=outputs, saveper=saveper, reduce={"level": how, "outer": how})
    slow = ReferenceModel(models / "subscripts.mdl")
    for name in ("level", "outer"):
        expected = reduced_by_hand(whole[name], how)
        assert found[name].dims == expected.dims
        # Sums are added in another order.
        np.testing.assert_allclose(found[name], expected, rtol=1e-14)
        assert found[name].attrs["reduced"]
    xr.testing.assert_identical(found["turned"], whole["turned"])
    other = slow.run(changes, outputs=outputs, saveper=saveper, reduce={"level": how, "outer": how})
    xr.testing.assert_allclose(found, other, rtol=1e-9)
    assert all(found[name].attrs == other[name].attrs for name in outputs)


def test_a_value_that_is_never_above_has_no_time_and_one_that_falls_back_keeps_its_first(write_model):
    model = compile_model(write_model("wave = SIN(Time) ~~|\nhigh = 2 ~~|\n", "wave"))
    found = model.run(outputs=["wave", "high"], reduce={"wave": FirstAbove(0.5), "high": FirstAbove(2.0)})
    assert float(found["wave"]) == 0.75
    assert np.isnan(found["high"])


def test_reductions_of_anything_but_outputs_and_of_unknown_kinds_are_refused_together(stocks):
    with pytest.raises(ChangeError) as refusal:
        stocks.run(
            outputs=["Prey", "Predator"], reduce={"prey": "final", "Prey": "mean", "Predator": FirstAbove(np.nan)}
        )
    message = str(refusal.value)
    assert "'prey' is to be reduced but is not among the outputs. Did you mean 'Prey'?" in message
    assert "'Prey' can be reduced to 'final', 'sum' or FirstAbove(threshold), not to 'mean'" in message
    assert "'Predator' takes a threshold that is one finite number, not nan" in message


def test_a_value_that_is_not_finite_on_the_way_stops_a_reduced_run_too(write_model):
    model = compile_model(write_model("x = 1 / (Time - 3) ~~|\ny = Time ~~|\n", "pole"))
    for how in ("final", "sum", FirstAbove(1e9)):
        with pytest.raises(NonFiniteError, match="x is inf at time 3"):
            model.run(outputs=["x", "y"], reduce={"x": how, "y": "final"})


def test_an_ensemble_checked_once_gives_the_same_bytes_as_one_checked_at_every_call(stocks):
    outputs, rates = ["Prey", "inside"], {"rate": xr.DataArray(np.linspace(0.01, 0.4, 5), dims="run")}
    ready = Ensemble(stocks, rates | {"later start": 3.0}, outputs=outputs, time_step=0.5)
    differing = {"rate": xr.DataArray(np.linspace(0.4, 0.2, 5), dims="run")}
    for own in ({}, {"later start": 4.0}, {"later start": pd.Series([1.0, 2.0], index=[0, 5])}, differing):
        expected = stocks.run(rates | {"later start": 3.0} | own, outputs=outputs, time_step=0.5)
        xr.testing.assert_identical(ready.run(ready.check(own)), expected)
        xr.testing.assert_identical(ready.run(own), expected)
    same = ready.run({"rate": 0.2})
    xr.testing.assert_identical(same.isel(run=3, drop=True), same.isel(run=0, drop=True))


def test_an_ensemble_refuses_changes_of_other_runs_and_what_is_not_there(stocks):
    ready = Ensemble(stocks, {"rate": xr.DataArray([0.1, 0.2], dims="run")})
    with pytest.raises(ChangeError, match="run dim"):
        ready.run({"rate": xr.DataArray([0.3, 0.4, 0.5], dims="run")})
    with pytest.raises(ChangeError, match="Did you mean 'rate'"):
        ready.run({"rte": 1.0})
