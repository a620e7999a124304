"""How far published numbers stray from the model, and the probability of a target that includes it.

A published number differs from a model that is right about everything it holds, because years differ in what it leaves
out. A member then is not a number but a distribution: lognormal about what the model computes. Integrating it out
member by member gives the probability without drawing a single number, so it has no sampling error but the members'.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt
from scipy import stats

from calibration.fit.forecast import FORECASTS, discrepancy_covariance
from model.definition import Variable, variables_by_name
from scenarios import Target

Values = npt.NDArray[np.float64]


def discrepancies(targets: Iterable[Target]) -> dict[str, dict[int, float]]:
    """Return how far published numbers stray from the model, where that has been judged, by target variable and year.

    As the standard deviation of the logarithm of the published over the modelled value.
    """
    judged = {forecast.variable: forecast for forecast in FORECASTS}
    spreads: dict[str, dict[int, float]] = {}
    for target in targets:
        forecast = judged.get(restated(str(target.variable), variables_by_name()))
        if forecast is not None:
            variance = discrepancy_covariance(forecast, np.array([float(target.year)]))[0, 0]
            spreads.setdefault(str(target.variable), {})[target.year] = float(np.sqrt(variance))
    return spreads


def restated(name: str, variables: Mapping[str, Variable]) -> str:
    """Return the variable that one restates, at most in another unit; its own name if it computes anything."""
    right = " ".join(variables[name].equation.partition("=")[2].split())
    factors = [factor.strip() for factor in right.split("*")]
    if any(factor not in variables for factor in factors):
        return name
    computed = [factor for factor in factors if variables[factor].kind != "constant"]
    return computed[0] if len(computed) == 1 else name


def probability_with(target: Target, values: Values, spread: float) -> tuple[float, float]:
    """Return the probability of a target when members' values carry a relative discrepancy, and its standard error.

    Values are in the target's year, in the model's unit and positive; the spread is the standard deviation of the
    logarithm of published over modelled value. The error is over the members.

    Examples
    --------
    >>> goal = Target("t", {}, "1.4", "core", 2025, 78.5, "at least", "percent", "rate", 1.0)
    >>> probability_with(goal, np.array([78.5, 78.5]), 0.01)
    (0.5, 0.0)
    """
    if target.threshold is None or not (values > 0).all() or spread <= 0:
        message = f"{target.id} cannot be judged with a discrepancy: its values and their spread must be positive."
        raise ValueError(message)
    at_most = target.comparison == "at most"
    above = np.log(values / (target.limit * target.factor)) / spread
    each = stats.norm.cdf(-above if at_most else above)
    error = float(each.std(ddof=1) / np.sqrt(each.size)) if each.size > 1 else float("nan")
    return float(each.mean()), error
