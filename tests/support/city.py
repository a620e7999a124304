"""The city as the tests of its behaviour see it: one loaded model, two start years, and draws within the ranges."""

from __future__ import annotations

import functools
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import xarray as xr

from model import load_model
from model.definition import MODEL_FILE, Variable, read_definition
from model.engine import CompiledModel

#: The start of the policy run and that of the history run.
STARTS = (2020.0, 2010.0)

#: Rounding of sums over some five thousand cells and a hundred steps in double precision; any true leak is larger.
ROUNDING = 1e-9

#: Members computed at a time, so that a whole-city result of 5,160 cells fits in memory.
BATCH = 100

#: Constants that choose between two forms of a decision rule: 0 the present one, 1 the alternative.
FORMS = ("MIGRATION RESPONSE FORM", "WILLINGNESS FORM", "HOUSING SUPPLY FORM")
#: The city with every alternative form.
OTHER_FORMS = dict.fromkeys(FORMS, 1.0)

#: How far an element of a subscripted constant is moved from its value: a range spans all elements, one element less.
SPREAD = 0.3


@functools.cache
def city() -> CompiledModel:
    """The compiled city model."""
    model = load_model()
    assert isinstance(model, CompiledModel)
    return model


@functools.cache
def definition() -> Mapping[str, Variable]:
    """Every variable of the model file, by name."""
    return {variable.name: variable for variable in read_definition(MODEL_FILE)}


def default(name: str) -> Any:
    """The value of a constant in the model file, as an array of its subscripts."""
    return np.asarray(city().variables.loc[name, "default"], dtype=float)


def stocks() -> list[str]:
    """Names of the stocks that hold something real: an account kept for checking may go below nil."""
    table = city().variables
    return [name for name in table.index[table["kind"] == "stock"] if not name.endswith("Account")]


def targets() -> list[str]:
    """Names of the variables that the target board reads."""
    return [name for name in city().variables.index if name.startswith("target ")]


@functools.cache
def uncertain() -> tuple[str, ...]:
    """Constants that a draw varies.

    Left alone: what the range fixes, tables by age, observed tables, the land area, switches, forms, and shares that
    sum to one (drawing the elements apart would break the sum).
    """
    names = []
    for name, variable in definition().items():
        if variable.kind != "constant" or name not in city().variables.index:
            continue
        if variable.low is None or variable.high is None or variable.low == variable.high:
            continue
        if "Age" in variable.dims or variable.sector == "Derived tables" or name in ("LAND AREA", *FORMS):
            continue
        values = default(name)
        switch = variable.dims and set(np.unique(values)) <= {-1.0, 0.0, 1.0}
        shares = variable.dims and (re.search(r"sums? to (1|one)\b", variable.comment) or np.isclose(values.sum(), 1))
        if not switch and not shares:
            names.append(name)
    return tuple(names)


def draws(count: int, seed: int) -> dict[str, xr.DataArray]:
    """Random parameter sets: scalars over their whole range, elements of arrays near their value and within the range.

    Returns
    -------
    dict
        Constant name to an array with dim ``run`` and the constant's subscripts, as the model's ``run`` takes it.
    """
    found = {}
    for name in uncertain():
        # By name, so that another constant in the model leaves these draws as they are.
        random = np.random.default_rng([seed, zlib.crc32(name.encode())])
        variable = definition()[name]
        assert variable.low is not None
        assert variable.high is not None
        values = default(name)
        place = random.random((count, *values.shape))
        if variable.dims:
            drawn = np.clip(values * (1 - SPREAD + 2 * SPREAD * place), variable.low, variable.high)
        else:
            drawn = variable.low + place * (variable.high - variable.low)
        found[name] = xr.DataArray(drawn, dims=("run", *variable.dims))
    return found


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
    """Stocks below nil, with the lowest value relative to the largest of the same member.

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
