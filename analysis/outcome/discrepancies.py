"""How far published numbers stray from the model, and the probability of a target that includes it.

A published number differs from a model that is right about everything it holds, because years differ in what it leaves
out. A member then is not a number but a distribution: lognormal about what the model computes. Integrating it out
member by member gives the probability without drawing a single number, so it has no sampling error but the members'.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy import stats

from calibration.fit.ensemble import settings
from calibration.fit.evidence import Evidence
from calibration.fit.forecast import BY_VARIABLE, discrepancy_covariance, given, run_years
from calibration.fit.later_record import later_record
from model.definition import Variable, variables_by_name
from model.engine import CompiledModel
from scenarios import Target

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Discrepancy:
    """Logarithm of a published over each member's value: its standard deviation, and its mean by member."""

    spread: float
    #: Not zero where a member has seen what it leaves out of the years before.
    mean: Values | float = 0.0


def discrepancies(
    targets: Iterable[Target], model: CompiledModel, members: xr.Dataset
) -> dict[str, dict[int, Discrepancy]]:
    """Return how far published numbers stray from the model, where that has been judged, by target variable and year.

    The members are those that are judged. What they have left out of the values they have seen, under the policies of
    those years, lasts for some years whatever is done later; so it is the same under every scenario.
    """
    later = later_record(Evidence(members.attrs["evidence"]))
    seen = {} if later is None else {published.variable: published for published in later.published}
    run = None if later is None else run_years(model, {**settings(members), **later.policies}, later.years)
    found: dict[str, dict[int, Discrepancy]] = {}
    for target in targets:
        forecast = BY_VARIABLE.get(restated(str(target.variable), variables_by_name()))
        if forecast is None:
            continue
        year: Values = np.array([float(target.year)])
        mean: Values | float = 0.0
        if run is None or (published := seen.get(forecast.variable)) is None:
            covariance = discrepancy_covariance(forecast, year)
        else:
            gain, covariance = given(published, year)
            own = run[forecast.variable].sel(time=list(published.years)).to_numpy()
            mean = (published.deviations(own) @ gain.T)[:, 0]
        found.setdefault(str(target.variable), {})[target.year] = Discrepancy(float(np.sqrt(covariance[0, 0])), mean)
    return found


def restated(name: str, variables: Mapping[str, Variable]) -> str:
    """Return the variable that one restates, at most in another unit; its own name if it computes anything."""
    right = " ".join(variables[name].equation.partition("=")[2].split())
    factors = [factor.strip() for factor in right.split("*")]
    if any(factor not in variables for factor in factors):
        return name
    computed = [factor for factor in factors if variables[factor].kind != "constant"]
    return computed[0] if len(computed) == 1 else name


def probability_with(target: Target, values: Values, spread: float, mean: Values | float = 0.0) -> tuple[float, float]:
    """Return the probability of a target when members' values carry a relative discrepancy, and its standard error.

    Values are in the target's year, in the model's unit and positive; the spread is the standard deviation of the
    logarithm of published over modelled value, the mean its mean, for each member or for all. The error is over the
    members.

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
    above = (np.log(values / (target.limit * target.factor)) + mean) / spread
    each = stats.norm.cdf(-above if at_most else above)
    error = float(each.std(ddof=1) / np.sqrt(each.size)) if each.size > 1 else float("nan")
    return float(each.mean()), error
