"""What is read from an outcome for the page: bands, and how likely each target is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import xarray as xr

from analysis.dashboard.live_ensemble import LiveEnsemble, Outcome, Values
from analysis.outcome.ensembles import QUANTILES
from analysis.outcome.shares import share_in_percent
from analysis.outcome.targets import Judgement, judge
from scenarios import Target


@dataclass(frozen=True)
class Standing:
    """How a setting stands to one target, and how the share of members that reach it in time is written."""

    target: Target
    judged: Judgement
    odds: str


def bands(live: LiveEnsemble, outcome: Outcome, variable: str, size: float = 1.0) -> Values:
    """Return `QUANTILES` over the members in units of `size`: axes quantile, time and the subscript, if any."""
    return np.quantile(live.series(outcome, variable), QUANTILES, axis=0) / size


def standings(live: LiveEnsemble, outcome: Outcome, targets: Iterable[Target]) -> dict[str, Standing]:
    """Return how likely each modelled target is reached in time, as `analysis.outcome.targets` defines it, by id."""
    by_target = {}
    for target in targets:
        if target.variable is not None:
            values = live.series(outcome, target.variable)
            judged = judge(target, xr.DataArray(values, dims=("member", "time"), coords={"time": list(live.times)}))
            by_target[target.id] = Standing(target, judged, share_in_percent(judged.reached, judged.members))
    return by_target
