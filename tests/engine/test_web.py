"""What is compiled for browsers gives what the desk gives, and says what is wrong in the same words everywhere."""

from __future__ import annotations

import importlib.metadata
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from model.engine import RefusedModelError, compile_model, compiling
from model.engine.requests import ChangeError
from model.engine.web import CompilerError, compile_to_wasm, engine_script
from model.engine.web.c_spelling import CSpelling, defined_functions
from model.engine.web.web_model import refuse_unknown
from tests.engine.plain import run_plainly
from tests.engine.web import assert_same_values, needs_compiler, needs_node, run_in_node

HERE = Path(__file__).parent
FILES = sorted(
    path
    for folder in ("models", "cases")
    for path in (HERE / folder).iterdir()
    if path.suffix in (".mdl", ".xmile") and path.name not in ("world.mdl", "cohorts.mdl")
)


@needs_node
@pytest.mark.filterwarnings("ignore:A run from", "ignore:SAVEPER")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_model_gives_in_node_what_its_lines_give_on_the_desk(path):
    compiled = compile_to_wasm(path)
    answer = run_in_node(compiled, [{"keepNonFinite": True}])
    assert answer.errors == [None]
    assert answer.imports == 0
    outputs = compiled.description["outputs"]
    assert len(outputs) > 4
    desk = run_plainly(path)
    assert compiled.description["times"] == desk["time"].values.tolist()
    assert_same_values(compiled, answer.values[0], desk, outputs)


@needs_node
def test_a_model_with_many_lookups_is_the_same_in_node(models):
    path = models / "world.mdl"
    compiled = compile_to_wasm(path)
    answer = run_in_node(compiled, [{}])
    assert_same_values(compiled, answer.values[0], compile_model(path).run(), compiled.description["outputs"])


@needs_node
@pytest.mark.parametrize("method", ["rk2", "rk4"])
@pytest.mark.parametrize("name", ["stocks", "fixed_delays", "smooths"])
def test_runge_and_kutta_give_in_node_what_they_give_on_the_desk(name, method):
    path = HERE / "models" / f"{name}.mdl"
    compiled = compile_to_wasm(path, method=method)
    answer = run_in_node(compiled, [{}])
    assert_same_values(compiled, answer.values[0], run_plainly(path, method=method), compiled.description["outputs"])


@needs_node
def test_random_numbers_follow_from_the_number_of_the_run_on_both():
    path = HERE / "cases" / "n11_random.mdl"
    compiled = compile_to_wasm(path)
    answer = run_in_node(compiled, [{"members": 3}, {"members": 1, "first": 2}])
    np.testing.assert_array_equal(answer.values[0][2:], answer.values[1])
    assert_same_values(compiled, answer.values[1], run_plainly(path, run=2), compiled.description["outputs"])


@needs_node
def test_numbers_draws_elements_and_paths_mean_what_they_mean_on_the_desk():
    path = HERE / "models" / "subscripts.mdl"
    compiled = compile_to_wasm(path)
    outputs = compiled.description["outputs"]
    desk = compile_model(path)
    weight, flat = (compiled.description["variables"][name] for name in ("weight", "flat"))
    assert weight["dims"] == ["District"]
    assert flat["dims"] == ["Group"]
    districts = compiled.description["ranges"]["District"]
    groups = compiled.description["ranges"]["Group"]
    drawn = [1.5, -2.0, 0.25]
    cells = np.arange(9.0).reshape(3, 3) - 2.5
    times = [1.0, 3.5, 8.0]
    course = np.asarray([[1.0, 2.0], [5.0, -3.0], [4.0, 0.1]])
    members = xr.DataArray(drawn, dims="run")
    cases: list[tuple[list[tuple[str, int | None, Any]], dict[str, Any]]] = [
        ([("weight", None, 2.5)], {"weight": 2.5}),
        ([("weight", 1, 2.5)], {f"weight[{districts[1]}]": 2.5}),
        ([("weight", None, drawn)], {"weight": members}),
        ([("weight", 2, drawn)], {f"weight[{districts[2]}]": members}),
        (
            [("weight", None, {"elements": cells.ravel().tolist()})],
            {"weight": xr.DataArray(cells, {"District": districts}, ("run", "District"))},
        ),
        (
            [("flat", None, {"times": times, "elements": course.ravel().tolist()}), ("weight", None, drawn)],
            {
                "flat": xr.DataArray(course, {"time": times, "Group": groups}, ("time", "Group")),
                "weight": members,
            },
        ),
        (
            [("flat", 1, {"times": times, "values": [0.0, 1.0, -1.0]}), ("weight", None, drawn)],
            {f"flat[{groups[1]}]": pd.Series([0.0, 1.0, -1.0], times), "weight": members},
        ),
        (
            [("flat", None, {"times": times, "values": cells.ravel().tolist()})],
            {"flat": xr.DataArray(cells, {"time": times}, ("run", "time"))},
        ),
    ]
    requests = [
        {"members": 3, "inputs": [{"name": name, "element": place, "values": values} for name, place, values in inputs]}
        for inputs, _ in cases
    ]
    answer = run_in_node(compiled, requests)
    assert answer.errors == [None] * len(cases)
    for values, (_, changes) in zip(answer.values, cases, strict=True):
        expected = desk.run(changes, outputs=outputs)
        one = expected if "run" in expected.dims else expected.expand_dims(run=3)
        assert_same_values(compiled, values, one, outputs)


@needs_node
def test_an_element_goes_over_the_whole_that_came_before_it_also_where_that_moves():
    compiled = compile_to_wasm(HERE / "models" / "subscripts.mdl", outputs=["flat"], changeable=["flat"])
    path: Any = {"name": "flat", "values": {"times": [0.0, 10.0], "values": [0.0, 10.0]}}
    answer = run_in_node(compiled, [{"inputs": [path, {"name": "flat", "element": 0, "values": 7.0}]}])
    moving = np.asarray(compiled.description["times"])
    np.testing.assert_array_equal(answer.values[0][0, 0], np.full(len(moving), 7.0))
    np.testing.assert_allclose(answer.values[0][0, 1], np.minimum(moving, 10.0), rtol=1e-14)


@needs_node
def test_labels_choose_times_and_a_run_ends_with_the_last_of_them():
    compiled = compile_to_wasm(HERE / "models" / "teacup.mdl", outputs=["Teacup Temperature"])
    times = compiled.description["times"]
    some = [times[0], times[40], times[81]]
    answer = run_in_node(compiled, [{}, {"labels": some}, {"labels": [3.14159]}])
    np.testing.assert_array_equal(answer.values[1][0, 0], answer.values[0][0, 0][[0, 40, 81]])
    assert answer.errors[2] == "EngineError: These times are not saved: 3.14159"


@needs_node
def test_what_is_asked_wrongly_is_told_all_at_once():
    compiled = compile_to_wasm(HERE / "models" / "subscripts.mdl", outputs=["flat"], changeable=["flat"])
    wrong = [
        {"name": "weight", "values": 1},
        {"name": "flat", "element": 9, "values": 1},
        {"name": "flat", "values": [1, 2]},
        {"name": "flat", "values": {"times": [2, 1], "values": [0, 0]}},
        {"name": "flat", "values": None},
        {"name": "flat", "values": {"elements": [1]}},
    ]
    answer = run_in_node(compiled, [{"inputs": wrong, "outputs": ["flat", "weight", "toString"]}])
    assert answer.errors == [
        "EngineError: weight is not an output\n"
        "toString is not an output\n"
        "weight is not a constant that can be changed\n"
        "flat has no element 9\n"
        "flat takes 1 numbers, not 2\n"
        "flat: the times of a path must rise\n"
        "flat is given no values\n"
        "flat takes 2 numbers, not 1"
    ]


@needs_node
def test_a_value_that_is_not_finite_or_a_balance_that_is_not_zero_ends_the_run(write_model):
    path = write_model(
        "rate = 1 ~~|\nStore = INTEG(1 / rate, 0) ~~|\nleak = 0 ~~|\nwater balance error = leak * Time ~~|"
    )
    compiled = compile_to_wasm(path, outputs=["Store"], balances=("balance error",))
    zero, leaking = {"name": "rate", "values": [1.0, 0.0]}, {"name": "leak", "values": 0.01}
    requests: list[dict[str, Any]] = [{"members": 2, "inputs": [zero]}, {"inputs": [leaking]}, {}]
    answer = run_in_node(compiled, [*requests, {"members": 2, "inputs": [zero], "keepNonFinite": True}])
    assert answer.errors == [
        "EngineError: Member 1: Store is Infinity at time 0.25",
        "EngineError: Member 0 created or lost something: a balance reaches 0.1",
        None,
        None,
    ]
    assert np.isposinf(answer.values[3][1, 0, -1])
    np.testing.assert_allclose(answer.values[3][0, 0, -1], 10.0)


@needs_node
def test_data_without_numbers_must_be_given(write_model):
    path = write_model("observed ~~|\ndouble = 2 * observed ~~|")
    compiled = compile_to_wasm(path, outputs=["double"])
    given = {"name": "observed", "values": {"times": [0, 10], "values": [0, 10]}}
    answer = run_in_node(compiled, [{}, {"inputs": [given]}])
    assert answer.errors[0] == "EngineError: double needs data that the model gives no numbers of: observed"
    np.testing.assert_allclose(answer.values[1][0, 0], 2 * np.asarray(compiled.description["times"]))


@needs_node
def test_a_variable_may_be_called_as_c_calls_something(write_model):
    path = write_model("double = 2 ~~|\nexp = 3 ~~|\nw = 5 ~~|\nplace = 7 ~~|\nint = double * exp * w * place ~~|")
    compiled = compile_to_wasm(path, outputs=["int"])
    assert run_in_node(compiled, [{}]).values[0][0, 0, 0] == 210.0


@needs_compiler
def test_the_c_names_every_variable_with_its_equation(models):
    text = compile_to_wasm(models / "teacup.mdl").source.read_text(encoding="utf-8")
    assert "// Heat Loss to Room = (Teacup Temperature - Room Temperature) / Characteristic Time" in text
    assert re.search(r"for \(place \w+ = 0; ", compile_to_wasm(models / "subscripts.mdl").source.read_text("utf-8"))


@needs_compiler
def test_what_no_output_depends_on_is_left_out(models):
    whole = compile_to_wasm(models / "reductions.mdl")
    part = compile_to_wasm(models / "reductions.mdl", outputs=["per age"])
    assert part.description["block_count"] < whole.description["block_count"]
    assert part.description["outputs"] == ["per age"]


@needs_compiler
def test_unknown_names_and_impossible_times_are_refused(models):
    with pytest.raises(ChangeError, match=r"'Tea' is not a variable of the model"):
        compile_to_wasm(models / "teacup.mdl", outputs=["Tea"])
    with pytest.raises(ChangeError, match=r"(?s)'Roam Temperature'.*Did you mean 'Room Temperature'.*'Cup'"):
        compile_to_wasm(models / "teacup.mdl", changeable=["Roam Temperature", "Cup"])
    with pytest.raises(ChangeError, match="TIME STEP"):
        compile_to_wasm(models / "teacup.mdl", time_step=-1.0)


def test_functions_without_c_are_refused_by_name_before_anything_is_compiled(models):
    plan = compiling.write_model(models / "functions.mdl", spelling=CSpelling()).plan
    known = defined_functions()
    refuse_unknown(plan, known)
    with pytest.raises(RefusedModelError, match=r"there is no C for sin \(in [^)]+\); tan \(in [^)]+\)"):
        refuse_unknown(plan, known - {"sin", "tan"})


def test_without_the_compiler_it_is_said_how_to_install_it(models, monkeypatch):
    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    with pytest.raises(CompilerError, match="pip install ziglang"):
        compile_to_wasm(models / "teacup.mdl")


def test_the_script_reaches_for_nothing():
    text = engine_script()
    assert not re.search(
        r"\b(eval|Function|fetch|XMLHttpRequest|import|require|WebSocket|document|window)\b\s*\(", text
    )
    assert not re.search(r"^\s*import\b", text, re.MULTILINE)
