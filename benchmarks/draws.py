"""Random parameter sets of the city within the ranges of its constants, for tests and measurements."""

from __future__ import annotations

import functools
import re
import zlib

import numpy as np
import xarray as xr

from model.definition import variables_by_name

#: Constants that choose between two forms of a decision rule: 0 the present one, 1 the alternative.
FORMS = ("MIGRATION RESPONSE FORM", "WILLINGNESS FORM")
#: How far an element of a subscripted constant is moved from its value: a range spans all elements, one element less.
SPREAD = 0.3


@functools.cache
def uncertain() -> tuple[str, ...]:
    """Constants that a draw varies.

    Left alone: what the range fixes, tables by age, observed tables, the land area, switches, forms, and shares that
    sum to one (drawing the elements apart would break the sum).
    """
    names = []
    for name, variable in variables_by_name().items():
        values = variable.default
        if variable.kind != "constant" or values is None:
            continue
        if variable.low is None or variable.high is None or variable.low == variable.high:
            continue
        if "Age" in variable.dims or variable.sector == "Derived tables" or name in ("LAND AREA", *FORMS):
            continue
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
    drawn = {}
    for name in uncertain():
        # By name, so that another constant in the model leaves these draws as they are.
        random = np.random.default_rng([seed, zlib.crc32(name.encode())])
        variable = variables_by_name()[name]
        values = variable.default
        assert variable.low is not None
        assert variable.high is not None
        assert values is not None
        shares = random.random((count, *values.shape))
        if variable.dims:
            numbers = np.clip(values * (1 - SPREAD + 2 * SPREAD * shares), variable.low, variable.high)
        else:
            numbers = variable.low + shares * (variable.high - variable.low)
        drawn[name] = xr.DataArray(numbers, dims=("run", *variable.dims))
    return drawn
