"""Plausibility of a search result: whether it stays within the ranges sampled and observed.

A search moves levers to ends at which the model was never tried. So a result is compared with the range of each of
`QUANTITIES` in every year: over the shipped scenarios or over levers moved at random, each with members of the
calibrated ensemble, and over the record of 2010-2020 where there is one. A result whose median over members lies
outside is not given as an answer; the quantity and its distance from the range are reported.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Literal

import numpy as np
import pandas as pd
import xarray as xr
from scipy.stats import qmc

from analysis.effort.levers import FIRST_START, RAMP, Measure, Values, choose_levers, lever_settings, share_bounds
from analysis.outcome.futures import City
from analysis.outcome.words import say_from
from calibration.observations import CITY
from model.definition import Variable
from scenarios import Lever, load_scenarios, shipped_scenarios


@dataclass(frozen=True)
class Quantity:
    """An outcome that stays within its range where a result is plausible."""

    #: Of the model, over the whole city.
    variable: str
    #: One printed unit, in the model's unit.
    size: float
    #: What was sampled: "scenarios", or "levers" for outcomes that levers are moved for, which no scenario need reach.
    span: Literal["scenarios", "levers"]


QUANTITIES: Final = (
    Quantity("target resident urbanization rate", 1.0, "levers"),
    Quantity("target registered urbanization rate", 1.0, "levers"),
    Quantity("fiscal gap ratio", 0.01, "scenarios"),
    Quantity("price to income ratio", 1.0, "scenarios"),
    Quantity("urban rural income ratio", 1.0, "scenarios"),
)
FILE: Final = Path(__file__).with_name("words.yaml")
say: Final = partial(say_from, FILE)
#: Number of random lever settings and of members that are run, and the seed of the settings.
SETTINGS, MEMBERS, SEED = 128, 40, 2020
#: Distances below this part of a range count as zero.
TOLERANCE: Final = 1e-9


@dataclass(frozen=True)
class Outside:
    """A quantity outside its range in the year in which it is furthest outside; in printed units."""

    quantity: Quantity
    year: int
    value: float
    lowest: float
    highest: float

    @property
    def by(self) -> float:
        """Distance from the range; positive."""
        return max(self.value - self.highest, self.lowest - self.value)

    @property
    def widths(self) -> float:
        """Distance from the range, in widths of the range."""
        return self.by / (self.highest - self.lowest)


@dataclass(frozen=True)
class Gate:
    """The ranges that a plausible result stays within, by year."""

    #: Dims ``quantity, end, time`` in model units; ends lowest and highest.
    ranges: xr.DataArray

    @property
    def variables(self) -> list[str]:
        """The model variables that are compared."""
        return [str(name) for name in self.ranges["quantity"].to_numpy()]

    def outside(self, run: xr.Dataset, candidates: int = 1) -> list[tuple[Outside, ...]]:
        """Return the quantities outside their ranges, for each candidate.

        A run holds `variables`, dim ``run`` candidate by candidate, each with the same members; years from 2021 on are
        compared.
        """
        median, (low, high) = self._medians_and_ends(run, candidates)
        # The same run computed in another batch may differ in its last digits.
        excess = np.maximum(median - high, low - median) - TOLERANCE * (high - low)
        years = run["time"].to_numpy()[run["time"].to_numpy() >= FIRST_START]
        known = {quantity.variable: quantity for quantity in QUANTITIES}
        outside: list[list[Outside]] = [[] for _ in range(candidates)]
        for candidate, index in zip(*np.nonzero((excess > 0).any(axis=-1)), strict=True):
            quantity, worst = known[self.variables[index]], int(excess[candidate, index].argmax())
            value, *ends = (
                float(each) / quantity.size
                for each in (median[candidate, index, worst], low[index, worst], high[index, worst])
            )
            outside[candidate].append(Outside(quantity, int(years[worst]), value, *ends))
        return [tuple(each) for each in outside]

    def _medians_and_ends(self, run: xr.Dataset, candidates: int) -> tuple[Values, Values]:
        """Medians of candidates, axes candidate, quantity, year, and both ends, axes end, quantity, year."""
        later = run.sel(time=run["time"] >= FIRST_START)
        values = np.stack([later[name].transpose("run", "time").to_numpy() for name in self.variables])
        median = np.median(values.reshape(len(values), candidates, -1, values.shape[-1]), axis=2)
        ends = self.ranges.sel(time=later["time"].to_numpy()).transpose("end", "quantity", "time").to_numpy()
        return np.swapaxes(median, 0, 1), ends


def plausible_ranges(
    city: City,
    levers: Mapping[str, Lever],
    variables: Mapping[str, Variable],
    members: xr.Dataset,
    last: int,
    record: Mapping[str, Sequence[float]],
    *,
    any_direction: bool = False,
) -> Gate:
    """Run the shipped scenarios and levers moved at random, and return the ranges that they and the record span.

    Every lever is moved at random within its range; the first `MEMBERS` are run.
    """
    few = members.isel(member=slice(MEMBERS))
    measures = choose_levers(levers, variables, None, FIRST_START, last, any_direction=any_direction)
    wanted = {kind: [q.variable for q in QUANTITIES if q.span == kind] for kind in ("scenarios", "levers")}
    runs = {
        "scenarios": [
            city.run(scenario.settings(few), outputs=wanted["scenarios"], final_time=float(last))
            for scenario in load_scenarios(shipped_scenarios())
        ],
        "levers": [
            city.run(
                lever_settings(measures, _at_random(measures), few.isel(member=slice(4)), RAMP),
                outputs=wanted["levers"],
                final_time=float(last),
            )
        ],
    }
    ranges = []
    for quantity in QUANTITIES:
        own = xr.concat([run[quantity.variable] for run in runs[quantity.span]], "run")
        low, high = own.min("run"), own.max("run")
        if quantity.variable in record:
            low = low.clip(max=min(record[quantity.variable]))
            high = high.clip(min=max(record[quantity.variable]))
        ranges.append(xr.concat([low, high], pd.Index(["lowest", "highest"], name="end")))
    names = pd.Index([quantity.variable for quantity in QUANTITIES], name="quantity")
    return Gate(xr.concat(ranges, names, coords="minimal", compat="override"))


def _at_random(measures: Sequence[Measure]) -> Values:
    """The setting that moves no lever, then random settings (Latin hypercube)."""
    low, high = share_bounds(measures)
    rows = low + qmc.LatinHypercube(len(measures), seed=SEED).random(SETTINGS) * (high - low)
    return np.vstack([np.zeros(len(measures)), rows])


def observed_record(rows: pd.DataFrame) -> dict[str, list[float]]:
    """Return the record of 2010-2020 of the quantities that have one, by model variable.

    The fiscal gap is that of the general public budget, expenditure over revenue less one: land sales and transfers,
    which the model counts as income, are not in the record year by year.
    """
    budget = {
        kind: rows[(rows["variable"] == f"general_public_budget_{kind}") & (rows["region"] == CITY.region)]
        .drop_duplicates("year")
        .set_index("year")["value"]
        for kind in ("expenditure", "revenue")
    }
    return {"fiscal gap ratio": (budget["expenditure"] / budget["revenue"] - 1).dropna().tolist()}


def describe_outside(outside: Sequence[Outside], language: str) -> str:
    """Return the quantities outside their ranges, and by how much, in words.

    Examples
    --------
    >>> describe_outside([Outside(QUANTITIES[2], 2035, -66.7, -39.4, 44.7)], "en")
    'fiscal gap -66.7 % of budget revenue in 2035, sampled and observed -39.4 to 44.7, outside by 27.3'
    """
    parts = []
    for each in outside:
        # As many digits as it takes to see the distance.
        digits = max(1, -math.floor(math.log10(each.by)))
        value, lowest, highest, by = (f"{one:.{digits}f}" for one in (each.value, each.lowest, each.highest, each.by))
        quantity = say(each.quantity.variable, language, value=value)
        parts.append(say("outside", language, year=each.year, quantity=quantity, lowest=lowest, highest=highest, by=by))
    return say("list", language).join(parts)
