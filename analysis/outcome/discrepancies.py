"""How far published numbers stray from the model, for every target where that is judged."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from analysis.reach import discrepancy
from calibration.fit.forecast import FORECASTS, discrepancy_covariance
from model.definition import variables_by_name
from scenarios import (
    Target,
    load_targets,
)


def modelled_targets() -> list[Target]:
    """Return the targets that the model computes."""
    return [target for target in load_targets().values() if target.modelled]


def discrepancies(targets: Iterable[Target]) -> dict[str, dict[int, float]]:
    """How far published numbers stray from the model (standard deviation of the logarithm), where that is judged."""
    judged = {forecast.variable: forecast for forecast in FORECASTS}
    found: dict[str, dict[int, float]] = {}
    for target in targets:
        forecast = judged.get(discrepancy.restated(str(target.variable), variables_by_name()))
        if forecast is not None:
            variance = discrepancy_covariance(forecast, np.array([float(target.year)]))[0, 0]
            found.setdefault(str(target.variable), {})[target.year] = float(np.sqrt(variance))
    return found
