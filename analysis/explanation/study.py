"""What moved a variable from one scenario to another, in each of some members."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from model.definition import Variable
from model.engine import CompiledModel
from scenarios import Scenario

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Explained:
    """The difference of a variable between two scenarios, and its causes over the members."""

    variable: Variable
    element: Mapping[str, str]
    year: int
    #: Values under both scenarios, one for each member.
    first: Values
    second: Values
    #: One row a cause: ``level``, ``input``, ``path``, ``mean``, ``p05`` and ``p95`` in the variable's ``unit``, and
    #: ``share`` of the mean difference.
    table: pd.DataFrame

    @property
    def difference(self) -> Values:
        """Second minus first, by member."""
        return np.subtract(self.second, self.first)


def stem_of(variable: Variable, element: Mapping[str, str], year: int) -> str:
    """Return what a file is called by.

    Examples
    --------
    >>> from model.definition import variables_by_name
    >>> stem_of(variables_by_name()["residents by district"], {"District": "Lixia"}, 2035)
    'residents_by_district_lixia_2035'
    """
    return re.sub(r"\W+", "_", "_".join([variable.name, *element.values(), str(year)])).lower()


def explain(
    city: CompiledModel,
    scenarios: Sequence[Scenario],
    parameters: xr.Dataset,
    variable: Variable,
    element: Mapping[str, str],
    year: int,
    levels: int,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Explained:
    """Explain the difference of a variable in each member.

    Parameters
    ----------
    scenarios
        The first and the second.
    parameters
        The members, dim ``member``.
    levels
        How far causes are followed.
    """
    firsts, seconds, tables = [], [], []
    count = parameters.sizes["member"]
    for number in range(count):
        one = parameters.isel(member=[number])
        changes = [
            {name: value.isel(run=0, drop=True) if isinstance(value, xr.DataArray) and "run" in value.dims else value
             for name, value in scenario.settings(one).items()}
            for scenario in scenarios
        ]  # fmt: skip
        found = city.explain(variable.name, *changes, time=float(year), element=element, levels=levels)
        firsts.append(found.first)
        seconds.append(found.second)
        tables.append(found.table.set_index("path")["contribution"])
        progress(number + 1, count)
    first, second = np.array(firsts), np.array(seconds)
    wide = pd.DataFrame(tables).fillna(0.0)
    whole = float((second - first).mean())
    rows = []
    for path in wide.columns:
        values = wide[path].to_numpy()
        parts = str(path).split(" < ")
        ends = (float(np.quantile(values, end)) for end in (0.05, 0.95))
        share = values.mean() / whole if whole else np.nan
        rows.append((len(parts) - 1, parts[-1], path, float(values.mean()), *ends, share, variable.unit))
    table = pd.DataFrame(rows, columns=["level", "input", "path", "mean", "p05", "p95", "share", "unit"])
    return Explained(variable, element, year, first, second, _in_order(table))


def _in_order(table: pd.DataFrame) -> pd.DataFrame:
    """Causes from the largest to the smallest, each followed by its own."""
    size = dict(zip(table["path"], table["mean"].abs(), strict=True))

    def place(path: str) -> tuple[tuple[float, str], ...]:
        parts = path.split(" < ")
        heads = [" < ".join(parts[: end + 1]) for end in range(1, len(parts))]
        return tuple((-size.get(head, 0.0), head) for head in heads)

    order = sorted(range(len(table)), key=lambda row: place(str(table["path"].iloc[row])))
    return table.iloc[order].reset_index(drop=True)
