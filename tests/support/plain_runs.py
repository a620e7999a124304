"""Runs with made-up numbers, for charts whose content is to be checked: three members, all districts, three years."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from analysis.charts.material import Material, gather
from model.definition import variables_by_name
from scenarios import load_scenarios

YEARS = (2020.0, 2025.0, 2035.0)
MEMBERS = 3
#: How far the members of a variable are from its middle one, as shares of it.
SPREAD = np.array([-0.1, 0.0, 0.1])
FACTS = {"members": "3", "seed": "1", "model_file": "jinan.mdl", "model_hash": "0123", "evidence": "2023"}


def series(name: str, values: Any, spread: float = 1.0) -> xr.DataArray:
    """A variable of the model: `values` by year (one for all, or one each), its subscripts behind, with members."""
    variable = variables_by_name()[name]
    shape = (len(YEARS), *map(len, variable.axes))
    array = np.asarray(values, dtype=float)
    middle = np.broadcast_to(array.reshape(*array.shape, *[1] * (len(shape) - array.ndim)), shape)
    members = 1 + spread * SPREAD.reshape(-1, *[1] * len(shape))
    coords = {"time": list(YEARS)} | {
        dim: list(elements) for dim, elements in zip(variable.dims, variable.axes, strict=True)
    }
    return xr.DataArray(middle * members, dims=("member", "time", *variable.dims), coords=coords)


def run(values: Mapping[str, Any], spread: float = 1.0) -> xr.Dataset:
    """A run with variables of given values."""
    return xr.Dataset({name: series(name, value, spread) for name, value in values.items()})


def material(runs: Mapping[str, xr.Dataset]) -> Material:
    """Material of charts, without targets, of runs by the name of a shipped scenario."""
    scenarios = {one.name: one for one in load_scenarios(list(runs))}
    return gather(scenarios, runs, [], dict.fromkeys(runs, FACTS))


def run_lines(ax: Axes) -> list[Line2D]:
    """Lines of runs, without the dots of the record."""
    return [line for line in ax.lines if line.get_label() not in ("_record", "_joined")]


def across(line: Line2D) -> npt.NDArray[np.float64]:
    """Where the points of a line stand on the lower axis."""
    return np.asarray(line.get_xdata(), dtype=float)


def upright(line: Line2D) -> npt.NDArray[np.float64]:
    """How high the points of a line stand."""
    return np.asarray(line.get_ydata(), dtype=float)
