"""Whether what a search of the levers comes to is plausible: within what was sampled and observed.

Levers may be moved to ends at which nobody has tried the model, and a search goes there. So an answer is held against
the range that `QUANTITIES` span in every year: over the shipped scenarios or over levers moved at random, each with
members of the calibrated ensemble, and over the record of 2010-2020 where there is one. What lies outside in the median
over members is not given as an answer, but told with the quantity and by how much.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd
import xarray as xr
from scipy.stats import qmc

from analysis.effort.levers import FIRST_START, RAMP, Measure, Values, chosen, settings
from analysis.effort.trials import City
from model.definition import Variable
from scenarios import Lever, load_scenarios, shipped_scenarios


@dataclass(frozen=True)
class Quantity:
    """One outcome that has to stay within its range.

    Attributes
    ----------
    variable
        Of the model, over the whole city.
    title, unit
        By language.
    size
        One unit told, in the model's unit.
    span
        What was sampled: "scenarios", or "levers" for what levers are moved for and no scenario may have come to.
    """

    variable: str
    title: Mapping[str, str]
    unit: Mapping[str, str]
    size: float
    span: Literal["scenarios", "levers"]


_PERCENT: Final = {"zh": "%", "en": " %"}
_REVENUE: Final = {"zh": "%（占一般公共预算收入）", "en": " % of budget revenue"}
_RATIO: Final = {"zh": "", "en": ""}
QUANTITIES: Final = (
    Quantity("target resident urbanization rate", {"zh": "常住率", "en": "resident rate"}, _PERCENT, 1.0, "levers"),
    Quantity("target registered urbanization rate", {"zh": "户籍率", "en": "registered rate"}, _PERCENT, 1.0, "levers"),
    Quantity("fiscal gap ratio", {"zh": "财政缺口", "en": "fiscal gap"}, _REVENUE, 0.01, "scenarios"),
    Quantity("price to income ratio", {"zh": "房价收入比", "en": "price to income"}, _RATIO, 1.0, "scenarios"),
    Quantity("urban rural income ratio", {"zh": "城乡收入比", "en": "income ratio"}, _RATIO, 1.0, "scenarios"),
)
#: Settings of the levers and members whose ranges are taken, and the seed of the settings.
SETTINGS, MEMBERS, SEED = 128, 40, 2020
#: Parts of a range that count as nothing.
SAME: Final = 1e-9


@dataclass(frozen=True)
class Outside:
    """A quantity outside its range in the year in which it is furthest outside; in the unit told."""

    quantity: Quantity
    year: int
    value: float
    lowest: float
    highest: float

    @property
    def by(self) -> float:
        """How far outside; positive."""
        return max(self.value - self.highest, self.lowest - self.value)

    @property
    def widths(self) -> float:
        """How far outside, in widths of the range."""
        return self.by / (self.highest - self.lowest)


@dataclass(frozen=True)
class Gate:
    """The ranges that an answer has to stay within, by year."""

    #: Dims ``quantity, end, time`` in model units; ends lowest and highest.
    ranges: xr.DataArray

    @property
    def variables(self) -> list[str]:
        """What a run must return."""
        return [str(name) for name in self.ranges["quantity"].to_numpy()]

    def outside(self, run: xr.Dataset, candidates: int = 1) -> list[tuple[Outside, ...]]:
        """Return for each candidate what lies outside.

        Parameters
        ----------
        run
            Results with `variables`, dim ``run`` candidate by candidate, each with the same members; years from 2021
            to the last of the run are judged.
        candidates
            How many there are.
        """
        median, (low, high) = self._held(run, candidates)
        # The same run computed in another batch may differ in its last digits.
        excess = np.maximum(median - high, low - median) - SAME * (high - low)
        years = run["time"].to_numpy()[run["time"].to_numpy() >= FIRST_START]
        known = {quantity.variable: quantity for quantity in QUANTITIES}
        found = []
        for candidate in range(candidates):
            told = []
            for place, name in enumerate(self.variables):
                worst = int(excess[candidate, place].argmax())
                if excess[candidate, place, worst] > 0:
                    ends = (float(each[place, worst]) / known[name].size for each in (low, high))
                    value = float(median[candidate, place, worst]) / known[name].size
                    told.append(Outside(known[name], int(years[worst]), value, *ends))
            found.append(tuple(told))
        return found

    def _held(self, run: xr.Dataset, candidates: int) -> tuple[Values, Values]:
        """Medians of candidates, axes candidate, quantity, year, and both ends, axes end, quantity, year."""
        later = run.sel(time=run["time"] >= FIRST_START)
        values = np.stack([later[name].transpose("run", "time").to_numpy() for name in self.variables])
        median = np.median(values.reshape(len(values), candidates, -1, values.shape[-1]), axis=2)
        ends = self.ranges.sel(time=later["time"].to_numpy()).transpose("end", "quantity", "time").to_numpy()
        return np.swapaxes(median, 0, 1), ends


def gate(
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

    Parameters
    ----------
    city
        The model.
    levers, variables
        All of them; every lever that somebody decides is moved at random within its range.
    members
        Parameter sets of the calibrated ensemble, dim ``member``; the first `MEMBERS` are run.
    last
        The last year that is judged.
    record
        As from `observed`.
    any_direction
        As for `analysis.effort.levers.chosen`.
    """
    few = members.isel(member=slice(MEMBERS))
    measures = chosen(levers, variables, None, FIRST_START, last, any_direction=any_direction)
    wanted = {kind: [q.variable for q in QUANTITIES if q.span == kind] for kind in ("scenarios", "levers")}
    runs = {
        "scenarios": [
            city.run(scenario.settings(few), outputs=wanted["scenarios"], final_time=float(last))
            for scenario in load_scenarios(shipped_scenarios())
        ],
        "levers": [
            city.run(
                settings(measures, _at_random(measures), few.isel(member=slice(4)), RAMP),
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
    """Levers moved at random (Latin hypercube), all left alone and all moved as far as they go."""
    low = np.array([measure.lowest_share for measure in measures])
    high = np.array([measure.highest_share for measure in measures])
    rows = low + qmc.LatinHypercube(len(measures), seed=SEED).random(SETTINGS) * (high - low)
    return np.vstack([np.zeros(len(measures)), rows])


def observed(rows: pd.DataFrame) -> dict[str, list[float]]:
    """Return the record of 2010-2020 of those quantities that have one, by variable of the model.

    The fiscal gap is that of the general public budget, expenditure over revenue less one: land sales and transfers,
    which the model counts as income, are not in the record year by year.

    Parameters
    ----------
    rows
        As from `calibration.observations.read_observations`.
    """
    budget = {
        kind: rows[(rows["variable"] == f"general_public_budget_{kind}") & (rows["region"] == "Jinan")]
        .drop_duplicates("year")
        .set_index("year")["value"]
        for kind in ("expenditure", "revenue")
    }
    return {"fiscal gap ratio": (budget["expenditure"] / budget["revenue"] - 1).dropna().tolist()}


def outside_said(outside: Sequence[Outside], language: str) -> str:
    """Return in words what lies outside and by how much.

    Examples
    --------
    >>> outside_said([Outside(QUANTITIES[2], 2035, -66.7, -39.4, 44.7)], "en")
    'fiscal gap -66.7 % of budget revenue in 2035, sampled and observed -39.4 to 44.7, outside by 27.3'
    """
    parts = [
        f"{each.year}年{each.quantity.title['zh']}{each.value:.1f}{each.quantity.unit['zh']}，"
        f"抽样和观测范围为{each.lowest:.1f}至{each.highest:.1f}，超出{each.by:.1f}"
        if language == "zh"
        else f"{each.quantity.title['en']} {each.value:.1f}{each.quantity.unit['en']} in {each.year}, "
        f"sampled and observed {each.lowest:.1f} to {each.highest:.1f}, outside by {each.by:.1f}"
        for each in outside
    ]
    return "；".join(parts) if language == "zh" else "; ".join(parts)
