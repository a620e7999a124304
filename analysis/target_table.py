"""Which targets of the plan are reached, by scenario: value, margin, first year, and probability over an ensemble."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
import xarray as xr

from analysis.ensemble_results import MEMBER_DIMS, quantile
from scenarios import Target

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
#: A margin this small, in the plan's unit, is rounding and not a miss.
ROUNDING = 1e-9

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

    Raises
    ------
    KeyError
        If a result lacks a target's variable or year.

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
    """First saved year at whose end a target is met, NaN where it never is.

    Parameters
    ----------
    target
        A modelled target.
    series
        Its variable in the model's unit, with dim ``time``.

    Returns
    -------
    xarray.DataArray
        Calendar years, dims of ``series`` without ``time``; as coarse as the saved times.

    Raises
    ------
    ValueError
        If the target is not modelled.

    Examples
    --------
    >>> goal = Target("t", {}, "1.4", "core", 2025, 78.5, "at least", "percent", "rate", 0.01)
    >>> rate = xr.DataArray([0.75, 0.79], dims="time", coords={"time": [2020.0, 2025.0]})
    >>> float(first_year_reached(goal, rate))
    2025.0
    """
    return series["time"].where(target.margin(series) >= -ROUNDING).min("time")


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
    series = run[target.variable]
    value = series.sel(time=target.year)
    margin = target.margin(value)
    # Years stay NaN where a member never gets there; the median of the others would flatter.
    years = first_year_reached(target, series).fillna(np.inf)
    reached = float(margin.median()) >= -ROUNDING
    row |= {
        "median": float(value.median()) / target.factor,
        "margin": float(margin.median()),
        "reached": "yes" if reached else "no",
    }
    if np.isfinite(middle := float(years.median())):
        row["year_reached_median"] = middle
    members = [dim for dim in value.dims if dim in MEMBER_DIMS]
    count = row["members"] = value.size
    if members and count > 1:
        probability = float((margin >= -ROUNDING).mean())
        row |= {
            "p05": float(quantile(value, 0.05)) / target.factor,
            "p95": float(quantile(value, 0.95)) / target.factor,
            "probability": probability,
            "probability_se": float(np.sqrt(probability * (1 - probability) / count)),
        }
    return row
