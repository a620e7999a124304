"""Which targets of the plan are reached, by scenario: value, margin, first year, and probability over an ensemble."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from analysis.outcome.shares import Share
from scenarios import Target, is_reached

#: The columns of outputs/targets.csv, in order.
COLUMNS = (
    "target",
    "scenario",
    "year",
    "threshold",
    "unit",
    "median",
    "p05",
    "p95",
    "probability",
    "probability_se",
    "year_reached_median",
    "margin",
    "reached",
    "members",
)
NOT_MODELLED = "not modelled"


def evaluate_targets(targets: Iterable[Target], runs: Mapping[str, xr.Dataset]) -> pd.DataFrame:
    """Judge every scenario by every target.

    Parameters
    ----------
    targets
        All targets of the plan; those that are not modelled stay in the table and say so.
    runs
        Results by scenario name: the targets' variables with dims ``time`` and, for an ensemble, ``run`` or ``member``.

    Returns
    -------
    pandas.DataFrame
        One row per target and scenario, with `COLUMNS`. Values, thresholds and margins are in the plan's unit; a
        positive margin is better than the threshold. With one member ``p05``, ``p95`` and the probability are empty,
        as nothing can be said about them; ``reached`` is "yes" or "no" (of the median), or "not modelled"; ``members``
        is the number of runs that the row is made from.

    Examples
    --------
    >>> goal = Target("t", {}, "1.4", "core", 2025, 78.5, "at least", "percent", "rate", 0.01)
    >>> run = xr.Dataset({"rate": ("time", [0.75, 0.79])}, coords={"time": [2020.0, 2025.0]})
    >>> evaluate_targets([goal], {"plan": run})[["median", "margin", "reached"]].round(2).values.tolist()
    [[79.0, 0.5, 'yes']]
    """
    rows = [_row(target, scenario, run) for target in targets for scenario, run in runs.items()]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def first_year_reached(target: Target, series: xr.DataArray) -> xr.DataArray:
    """Return the first saved year at whose end a target is met, NaN where it never is; series are in the model's unit.

    Examples
    --------
    >>> goal = Target("t", {}, "1.4", "core", 2025, 78.5, "at least", "percent", "rate", 0.01)
    >>> rate = xr.DataArray([0.75, 0.79], dims="time", coords={"time": [2020.0, 2025.0]})
    >>> float(first_year_reached(goal, rate))
    2025.0
    """
    years: xr.DataArray = series["time"].where(is_reached(target.margin(series))).min("time")
    return years


@dataclass(frozen=True)
class Judgement:
    """How members stand to a target at the end of its year, in the plan's unit: the same in every command and page."""

    members: int
    #: How many of them reach it in time.
    reached: int
    median: float
    low: float
    high: float
    #: Of the median member; positive where it is better than needed.
    margin: float
    #: As from `middle_year`.
    first_year: float

    @property
    def share(self) -> Share:
        """The share of members that reach the target in time."""
        return Share(self.reached, self.members)

    @property
    def probability(self) -> float:
        """The probability that the share estimates."""
        return self.share.probability


def judge(target: Target, series: xr.DataArray) -> Judgement:
    """Judge members by a target: at the end of its year, each member alike; the series is in the model's unit.

    How far published numbers stray from any model is not in this; `reach` gives it as a second probability.

    Examples
    --------
    >>> goal = Target("t", {}, "1.4", "core", 2025, 78.5, "at least", "percent", "rate", 0.01)
    >>> rate = xr.DataArray([[0.7, 0.79], [0.7, 0.7]], dims=("member", "time"), coords={"time": [2020.0, 2025.0]})
    >>> judgement = judge(goal, rate)
    >>> judgement.members, judgement.probability, judgement.first_year
    (2, 0.5, 2025.0)
    """
    value = series.sel(time=target.year)
    margin = np.atleast_1d(target.margin(value).to_numpy())
    low, median, high = np.quantile(np.atleast_1d(value.to_numpy()) / target.factor, (0.05, 0.5, 0.95))
    return Judgement(
        members=margin.size,
        reached=int(is_reached(margin).sum()),
        median=float(median),
        low=float(low),
        high=float(high),
        margin=float(np.median(margin)),
        first_year=middle_year(first_year_reached(target, series)),
    )


def middle_year(first: xr.DataArray) -> float:
    """Return the first saved year by whose end half of the members have reached a target; NaN if fewer ever do.

    Examples
    --------
    >>> middle_year(xr.DataArray([2025.0, 2027.0, 2028.0, np.nan], dims="member"))
    2027.0
    """
    years = np.sort(np.atleast_1d(first.fillna(np.inf).to_numpy()))
    middle = float(years[(years.size - 1) // 2])
    return middle if np.isfinite(middle) else float("nan")


def _row(target: Target, scenario: str, run: xr.Dataset) -> dict[str, object]:
    row: dict[str, object] = {
        "target": target.id,
        "scenario": scenario,
        "year": target.year,
        "threshold": target.threshold,
        "unit": target.unit,
        "reached": NOT_MODELLED,
        "members": 0,
    }
    if target.variable is None:
        return row
    judgement = judge(target, run[target.variable])
    row |= {
        "median": judgement.median,
        "margin": judgement.margin,
        "reached": "yes" if is_reached(judgement.margin) else "no",
        "year_reached_median": judgement.first_year,
        "members": judgement.members,
    }
    if judgement.members > 1:
        row |= {
            "p05": judgement.low,
            "p95": judgement.high,
            "probability": judgement.probability,
            "probability_se": judgement.share.standard_error,
        }
    return row
