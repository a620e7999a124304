"""The city in node gives what the desk gives, whatever the levers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

from calibration.fit.ensemble import read_members, settings
from model.definition import BALANCES, MODEL_FILE, variables_by_name
from model.engine.web import compile_to_wasm
from scenarios.levers import Lever, load_levers
from tests.engine.web import assert_same_values, needs_node, run_in_node
from tests.support.city import ROUNDING, city

#: Shares of what is nearly used up, and what follows from them, carry the rounding of the large numbers whose
#: difference is left; as a share of their largest value.
ILL_CONDITIONED = dict.fromkeys(
    ("quota share", "quota wanted", "approval share", "market tightness", "compulsory funded share"), 1e-9
)
#: What a scenario's file keeps of the course of a run: variables of no more elements than this.
CELLS = 60


def elements(name: str) -> list[tuple[str, ...]]:
    variable = variables_by_name()[name]
    shape = tuple(map(len, variable.axes))
    return [tuple(axis[place] for axis, place in zip(variable.axes, at, strict=True)) for at in np.ndindex(shape)]


def levers_at(seed: int) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Some levers anywhere within their bounds, one in three along a path: for engine.js, and for the desk."""
    random = np.random.default_rng(seed)
    here: list[dict[str, Any]] = []
    desk: dict[str, Any] = {}
    every: list[Lever] = list(load_levers().values())
    for number in random.choice(len(every), size=8, replace=False):
        lever = every[number]
        places = elements(lever.constant)
        ends = np.asarray([lever.lowest, lever.highest], dtype=float)
        knots = np.asarray([2021.0, 2026.0, 2031.5]) if random.random() < 1 / 3 else np.asarray([2020.0])
        shares = random.random((len(knots), len(places)))
        values = ends[0] + shares * (ends[1] - ends[0])
        variable = variables_by_name()[lever.constant]
        shape = tuple(map(len, variable.axes))
        coordinates = dict(zip(variable.dims, map(list, variable.axes), strict=True))
        course = xr.DataArray(
            values.reshape(len(knots), *shape), {"time": knots, **coordinates}, ("time", *variable.dims)
        )
        if len(knots) == 1:
            here.append({"name": lever.constant, "values": {"elements": values[0].tolist()}})
            desk[lever.constant] = course.isel(time=0, drop=True)
        else:
            path = {"times": knots.tolist(), "elements": values.ravel().tolist()}
            here.append({"name": lever.constant, "values": path})
            desk[lever.constant] = course
    return here, desk


def as_inputs(members: dict[str, xr.DataArray]) -> list[dict[str, Any]]:
    inputs = []
    for name, array in members.items():
        dims = variables_by_name()[name].dims
        flat = array.transpose("run", *dims).to_numpy().ravel().tolist()
        inputs.append({"name": name, "values": {"elements": flat} if dims else flat})
    return inputs


@needs_node
@pytest.mark.parametrize(("count", "sets"), [(4, 2), pytest.param(50, 30, marks=pytest.mark.slow)], ids=["few", "many"])
def test_every_stored_output_of_the_city_is_the_same_for_random_levers(count, sets):
    outputs = [
        name
        for name, variable in variables_by_name().items()
        if variable.kind in ("stock", "flow", "auxiliary") and len(elements(name)) <= CELLS
    ]
    assert len(outputs) > 300
    compiled = compile_to_wasm(MODEL_FILE, outputs=outputs, balances=BALANCES)
    members = settings(read_members(count))
    chosen = [levers_at(seed) for seed in range(sets)]
    # A lever that is a drawn constant too goes over the draws.
    requests = [{"members": count, "inputs": here, "outputs": outputs} for here, _ in chosen]
    common = as_inputs(members)
    for request, (_, desk) in zip(requests, chosen, strict=True):
        answer = run_in_node(compiled, [request], common)
        assert answer.errors == [None]
        expected = city().run({**members, **desk}, outputs=outputs)
        assert_same_values(compiled, answer.values[0], expected, outputs, ROUNDING, ILL_CONDITIONED)
