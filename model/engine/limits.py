"""Which variables of a run leave the limits that a model states for them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
import xarray as xr

from .reading.expressions import Interpolation, Read, walk
from .reading.quantities import Definition, Quantity

if TYPE_CHECKING:
    from .variables import Variable

COLUMNS: Final = ("lookup", "variable", "low", "high", "lowest", "highest", "first_time", "runs")
#: How far outside counts as rounding, as a share of the limit, or of one where the limit is smaller: what is emptied
#: in every step misses nought by a few last digits of what it held.
ROUNDING: Final = 1e-9


def outside_limits(
    variables: Mapping[str, Variable], lookups: Iterable[tuple[str, str, float, float]], run: xr.Dataset
) -> pd.DataFrame:
    """Return one row for each variable or lookup that is outside its limits; see `DescribedModel.outside_limits`."""
    rows = []
    for lookup, name, low, high in _limits(variables, lookups):
        if name not in run or not run[name].size:
            continue
        # Bare numbers: nearly all variables are inside, which is known once the smallest and the largest are.
        values = run[name].to_numpy()
        lowest, highest = float(values.min()), float(values.max())
        least, most = low - ROUNDING * max(abs(low), 1.0), high + ROUNDING * max(abs(high), 1.0)
        if lowest >= least and highest <= most:
            continue
        outside = run[name].copy(data=(values < least) | (values > most))
        if not outside.any():
            continue
        here = outside.any([dim for dim in outside.dims if dim != "time"])
        first = float(here["time"].to_numpy()[int(here.to_numpy().argmax())]) if "time" in here.dims else math.nan
        members = outside.any([dim for dim in outside.dims if dim not in ("run", "member")])
        ends = float(np.nanmin(values)), float(np.nanmax(values))
        rows.append((lookup, name, low, high, *ends, first, int(members.sum())))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _limits(
    variables: Mapping[str, Variable], lookups: Iterable[tuple[str, str, float, float]]
) -> Iterator[tuple[str, str, float, float]]:
    for name, variable in variables.items():
        if variable.low is not None or variable.high is not None:
            low = -np.inf if variable.low is None else variable.low
            yield "", name, low, np.inf if variable.high is None else variable.high
    yield from lookups


def lookups_read(definition: Definition) -> Iterator[tuple[str, str, float, float]]:
    """Yield the lookups that are read at a variable as it is: names of table and variable, the ends of the table."""
    quantities, told = definition.quantities, set()
    for item in quantities.values():
        for equation in item.equations:
            for part in walk(equation.expression):
                if not (isinstance(part, Interpolation) and isinstance(part.argument, Read)):
                    continue
                table, argument = quantities[part.table], quantities[part.argument.variable]
                if part.method != "interpolate" or argument.hidden or argument.kind == "time" or not table.tables:
                    continue
                # A table that stands in an equation has the name of what it gives.
                found = (item.name if table.hidden else table.name, argument.name)
                if found not in told:
                    told.add(found)
                    yield (*found, *_ends(table))


def _ends(table: Quantity) -> tuple[float, float]:
    """The first and last x that all tables of a lookup have points at."""
    return max(float(x[0]) for x, _ in table.tables), min(float(x[-1]) for x, _ in table.tables)
