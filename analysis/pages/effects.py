"""How far a change moves the numbers that targets read, member by member, beside how unsure each number is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import xarray as xr

from scenarios import load_targets

#: Ends of the 90 % interval.
ENDS: Final = (0.05, 0.95)
#: Where members hardly differ, the interval is taken to be this part of the number's median wide.
NARROWEST: Final = 0.01
#: What a change in a unit of the plan is called.
_UNITS: Final = {
    "percent": "points",
    "persons cumulative from 2021": "persons",
    "million m2 cumulative from 2021": "million m2",
    "million t/day": "million t/day",
    "count": "",
}


@dataclass(frozen=True)
class Number:
    """A variable that at least one target reads, in the unit of the plan."""

    variable: str
    unit: str
    factor: float

    @property
    def title(self) -> str:
        """What the number is called in a table."""
        return self.variable.removeprefix("target ")

    def change(self, median: float, low: float, high: float) -> str:
        """Write a change with its 90 % interval.

        Examples
        --------
        >>> Number("target income ratio", "ratio", 1.0).change(-0.0312, -0.05, 0.001)
        '-0.031 (-0.050 to +0.001)'
        >>> Number("target talent settled", "persons cumulative from 2021", 1.0).change(41234, 1200, 99000)
        '+41,000 (+1,000 to +99,000) persons'
        """
        decimals = _decimals(max(abs(median), abs(low), abs(high)))
        # Adding zero turns a rounded -0 into 0.
        shown = [f"{round(value, decimals) + 0.0:+,.{max(decimals, 0)}f}" for value in (median, low, high)]
        return f"{shown[0]} ({shown[1]} to {shown[2]}){self._unit}"

    def size(self, change: float) -> str:
        """Write the size of a change.

        Examples
        --------
        >>> Number("target town sewage", "percent", 1.0).size(-3.214)
        '3.2 points'
        """
        decimals = min(_decimals(abs(change)), 1 if abs(change) >= 1 else 3)
        return f"{round(abs(change), decimals):,.{max(decimals, 0)}f}{self._unit}"

    @property
    def _unit(self) -> str:
        unit = _UNITS.get(self.unit, "")
        return f" {unit}" if unit else ""


def _decimals(largest: float) -> int:
    return -3 if largest >= 1000 else 1 if largest >= 10 else 2 if largest >= 1 else 3


def target_numbers() -> dict[str, Number]:
    """Return what the targets read, by variable, in the order of the targets.

    Examples
    --------
    >>> target_numbers()["target income ratio"].unit
    'ratio'
    """
    numbers: dict[str, Number] = {}
    for target in load_targets().values():
        if target.variable is not None:
            numbers.setdefault(target.variable, Number(target.variable, target.unit, target.factor))
    return numbers


def effects(base: xr.Dataset, moved: xr.Dataset, years: Sequence[int]) -> pd.DataFrame:
    """Return how each number of each year differs between two runs of the same members.

    Parameters
    ----------
    base, moved
        Results with the variables of `target_numbers`, dims ``run`` and ``time``.
    years
        The years looked at.

    Returns
    -------
    pandas.DataFrame
        A row for each number and year: ``change``, ``low`` and ``high`` (median and 90 % interval of the difference,
        member by member) and ``width`` (of the number's own 90 % interval in `base`, at least `NARROWEST` of its
        median), all in the plan's unit; ``share`` is the size of the change over the width.
    """
    rows = []
    for name, number in target_numbers().items():
        before, after = (
            run[name].sel(time=list(years)).transpose("time", "run").to_numpy() / number.factor for run in (base, moved)
        )
        change, (low, high) = np.median(after - before, axis=1), np.quantile(after - before, ENDS, axis=1)
        bottom, top = np.quantile(before, ENDS, axis=1)
        width = np.maximum(top - bottom, NARROWEST * np.abs(np.median(before, axis=1)))
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(width > 0, np.abs(change) / width, 0.0)
        for index, year in enumerate(years):
            rows.append((name, year, *(float(v[index]) for v in (change, low, high, width, share))))
    return pd.DataFrame(rows, columns=["variable", "year", "change", "low", "high", "width", "share"])


def most_moved(table: pd.DataFrame, count: int) -> pd.DataFrame:
    """Return the rows of the numbers most moved, each in the year in which it is moved most."""
    ordered = table.sort_values("share", ascending=False, kind="stable")
    return ordered.drop_duplicates("variable").head(count)
