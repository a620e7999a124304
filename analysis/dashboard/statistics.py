"""What is read from an outcome for the page: bands, and how likely each target is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import xarray as xr

from analysis.dashboard.live_ensemble import LiveEnsemble, Outcome, Values
from analysis.ensemble_results import QUANTILES
from analysis.reach.probability import share_in_percent
from analysis.target_table import ROUNDING
from scenarios import Target


@dataclass(frozen=True)
class Standing:
    """How a setting stands to one target; in the plan's unit."""

    target: Target
    median: float
    low: float
    high: float
    #: Share of the members that reach it in time, and how that is told.
    probability: float
    odds: str


def bands(live: LiveEnsemble, outcome: Outcome, variable: str, size: float = 1.0) -> Values:
    """Return the quantiles of `analysis.ensemble_results.QUANTILES` over the members.

    Parameters
    ----------
    live, outcome, variable
        As `LiveEnsemble.series` takes them.
    size
        How many of the model's unit the result is in.

    Returns
    -------
    numpy.ndarray
        Axes quantile, time and the variable's subscript, if it has one.

    Examples
    --------
    >>> bands(live, outcome, "residents", 1e4)[2]  # doctest: +SKIP
    """
    return np.quantile(live.series(outcome, variable), QUANTILES, axis=0) / size


def standings(live: LiveEnsemble, outcome: Outcome, targets: Iterable[Target]) -> dict[str, Standing]:
    """Return how likely each modelled target is reached in time, as `analysis.target_table` defines it, by id.

    Examples
    --------
    >>> standings(live, outcome, targets)["target.urbanization.resident.2025"].probability  # doctest: +SKIP
    """
    found = {}
    for target in targets:
        if target.variable is None:
            continue
        values = live.series(outcome, target.variable)[:, live.times.index(float(target.year))]
        reached = int((target.margin(xr.DataArray(values)).to_numpy() >= -ROUNDING).sum())
        low, median, high = np.quantile(values / target.factor, (0.05, 0.5, 0.95))
        odds = share_in_percent(reached, len(values))
        found[target.id] = Standing(target, float(median), float(low), float(high), reached / len(values), odds)
    return found
