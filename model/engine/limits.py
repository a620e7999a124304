"""Which variables of a run leave the limits that a model states for them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import numpy as np
import pandas as pd
import xarray as xr

from .variables import Variable

COLUMNS: Final = ("lookup", "variable", "low", "high", "lowest", "highest", "first_time", "runs")
#: How far outside counts as rounding, as a share of the limit.
ROUNDING: Final = 1e-9


def outside_limits(
    variables: Mapping[str, Variable], lookups: Iterable[tuple[str, str, float, float]], run: xr.Dataset
) -> pd.DataFrame:
    """Return one row for each variable or lookup that is outside its limits; see `CompiledModel.outside_limits`."""
    rows = []
    for lookup, name, low, high in _limits(variables, lookups):
        if name not in run:
            continue
        values = run[name]
        outside = (values < low - ROUNDING * abs(low)) | (values > high + ROUNDING * abs(high))
        if not bool(outside.any()):
            continue
        here = outside.any([dim for dim in outside.dims if dim != "time"])
        first = float(here["time"].to_numpy()[int(here.to_numpy().argmax())]) if "time" in here.dims else math.nan
        members = outside.any([dim for dim in outside.dims if dim not in ("run", "member")])
        rows.append((lookup, name, low, high, float(values.min()), float(values.max()), first, int(members.sum())))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _limits(
    variables: Mapping[str, Variable], lookups: Iterable[tuple[str, str, float, float]]
) -> Iterator[tuple[str, str, float, float]]:
    for name, variable in variables.items():
        if variable.low is not None or variable.high is not None:
            low = -np.inf if variable.low is None else variable.low
            yield "", name, low, np.inf if variable.high is None else variable.high
    yield from lookups
