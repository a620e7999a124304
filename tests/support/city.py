"""The city as the tests of its behaviour see it: one loaded model, two start years, and draws within the ranges."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import xarray as xr

from benchmarks.draws import FORMS, draws
from model import load_model
from model.definition import Variable, variables_by_name
from model.engine import CompiledModel

__all__ = [
    "FORMS",
    "OTHER_FORMS",
    "ROUNDING",
    "STARTS",
    "batches",
    "city",
    "default",
    "definition",
    "draws",
    "full",
    "mixed_forms",
    "negative",
    "not_finite",
    "scaled",
    "stocks",
    "targets",
]

#: The start of the policy run and that of the history run.
STARTS = (2020.0, 2010.0)

#: Rounding of sums over some five thousand cells and a hundred steps in double precision; any true leak is larger.
ROUNDING = 1e-9

#: Members computed at a time, so that a whole-city result of 5,160 cells fits in memory.
BATCH = 100

#: The city with every alternative form.
OTHER_FORMS = dict.fromkeys(FORMS, 1.0)


@functools.cache
def city() -> CompiledModel:
    """The compiled city model."""
    model = load_model()
    assert isinstance(model, CompiledModel)
    return model


def definition() -> Mapping[str, Variable]:
    """Every variable of the model file, by name."""
    return variables_by_name()


def default(name: str) -> Any:
    """The value of a constant in the model file, as an array of its subscripts."""
    return np.asarray(city().variables.loc[name, "default"], dtype=float)


def stocks() -> list[str]:
    """Names of the stocks that hold something real: an account kept for checking may go below zero."""
    table = city().variables
    return [name for name in table.index[table["kind"] == "stock"] if not name.endswith("Account")]


def targets() -> list[str]:
    """Names of the variables that the target board reads."""
    return [name for name in city().variables.index if name.startswith("target ")]


def mixed_forms(count: int, seed: int) -> dict[str, xr.DataArray]:
    """Every form on or off by chance, in each of many runs."""
    chosen = np.random.default_rng(seed).integers(0, 2, (len(FORMS), count)).astype(float)
    return {name: xr.DataArray(values, dims="run") for name, values in zip(FORMS, chosen, strict=True)}


def batches(changes: Mapping[str, xr.DataArray], outputs: Iterable[str], start: float) -> Iterator[xr.Dataset]:
    """Run many parameter sets a batch at a time; values that are not finite are kept, for the test to find."""
    outputs = list(outputs)
    count = max(change.sizes["run"] for change in changes.values())
    for first in range(0, count, BATCH):
        part = {name: change.isel(run=slice(first, first + BATCH)) for name, change in changes.items()}
        yield city().run(part, outputs=outputs, initial_time=start, keep_non_finite=True)


def full(name: str, value: float) -> xr.DataArray:
    """A constant with subscripts, the same for every element."""
    variable = definition()[name]
    return xr.DataArray(np.full_like(default(name), value), dims=variable.dims)


def scaled(name: str, factor: float) -> Any:
    """A constant times a factor, as the model's ``run`` takes it."""
    values = default(name) * factor
    return xr.DataArray(values, dims=definition()[name].dims) if values.ndim else float(values)


def not_finite(run: xr.Dataset) -> list[str]:
    """Names of the outputs that hold a value that is not finite."""
    return [str(name) for name in run.data_vars if not bool(np.isfinite(run[name]).all())]


def negative(run: xr.Dataset, names: Iterable[str]) -> dict[str, float]:
    """Stocks below zero, with the lowest value relative to the largest of the same member.

    Emptying a stock exactly leaves rounding of either sign. A millionth of the largest cell (or of one person, square
    metre, yuan ... where the whole stock is smaller) is far above what rounding leaves and far below what matters.
    """
    found = {}
    for name in names:
        dims = [dim for dim in run[name].dims if dim != "run"]
        largest = np.maximum(abs(run[name]).max(dims), 1.0)
        lowest = float((run[name].min(dims) / largest).min())
        if lowest < -1e-6:
            found[name] = lowest
    return found
