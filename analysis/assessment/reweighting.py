"""Weights of the ensemble's members after newer observations: Pareto-smoothed importance sampling."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr
from arviz_stats.base import array_stats
from scipy import stats
from scipy.linalg import solve_triangular
from scipy.spatial.distance import cdist
from scipy.special import logsumexp

from analysis.assessment.observations import values_in_years
from calibration.fit.forecast import BASE_YEAR, FORECASTS, Published, given
from calibration.fit.likelihood import MEASUREMENT_ERROR

Array = npt.NDArray[np.float64]

#: Above it a few members carry the weight and sums over members cannot be trusted: Vehtari, Simpson, Gelman, Yao and
#: Gabry 2024, Pareto smoothed importance sampling, Journal of Machine Learning Research 25.
LARGEST_K: Final = 0.7
LEAST_EFFECTIVE: Final = 50.0


@dataclass(frozen=True)
class ForecastError:
    """How far the observations of a series may be from a member that describes the city rightly."""

    #: Standard deviation relative to the value, of what the model leaves out.
    relative: float
    #: Years over which it stays correlated.
    memory: float
    #: Year at whose end it is zero and from which it builds up, as in the stored forecast; None for the same size in
    #: every year.
    since: float | None = None
    #: Relative standard error of a year's declarations about what happened in it, new in each year.
    reporting: float = 0.0
    #: What the members have seen of the series: the errors are those that are left once it is known.
    seen: Published | None = None

    def __post_init__(self) -> None:
        if not (0 < self.relative < np.inf and 0 < self.memory < np.inf):
            message = f"{self}: relative error and memory must be above zero and finite"
            raise ValueError(message)

    def covariance(self, years: Array) -> Array:
        """Return the covariance of the relative errors between years.

        Examples
        --------
        >>> ForecastError(0.1, 5).covariance(np.array([2021.0, 2022.0])).round(4).tolist()
        [[0.01, 0.0082], [0.0082, 0.01]]
        """
        if self.seen is not None:
            return given(self.seen, years)[1]
        correlation = np.exp(-abs(years[:, None] - years) / self.memory)
        if self.since is not None:
            correlation = correlation - np.exp(-(years[:, None] + years - 2 * self.since) / self.memory)
        return np.asarray(self.relative**2 * correlation + self.reporting**2 * np.equal.outer(years, years))


@dataclass(frozen=True)
class Reweighting:
    """Weights of the members after newer observations, and whether they can be trusted."""

    #: One for each member, sum 1; not to be used unless `accepted`.
    weights: Array
    #: Shape of the tail of the weights; infinite where they collapse, minus infinite where all are alike.
    pareto_k: float
    #: Number of equally weighted different members that are worth as much.
    effective_size: float

    @property
    def accepted(self) -> bool:
        """Whether sums with these weights can be trusted."""
        return self.pareto_k <= LARGEST_K and self.effective_size >= LEAST_EFFECTIVE


def forecast_errors(seen: Iterable[Published] = ()) -> dict[str, ForecastError]:
    """Return the errors that the stored forecast assumes, by variable; `seen` is what its members have seen after 2020.

    Examples
    --------
    >>> forecast_errors()["residents"]
    ForecastError(relative=0.008, memory=5, since=2020, reporting=0.0, seen=None)
    """
    known = {published.variable: published for published in seen}
    return {
        each.variable: ForecastError(
            each.relative, each.memory, BASE_YEAR, each.reporting, seen=known.get(each.variable)
        )
        for each in FORECASTS
    }


def log_likelihood(
    observations: pd.DataFrame, simulated: xr.Dataset, errors: Mapping[str, ForecastError]
) -> xr.DataArray:
    """Return the log likelihood of each series under each member, dims ``variable, member``.

    Relative errors are normal; series are taken as independent of each other. A row with a grade adds the measurement
    error of that grade (`calibration.fit.likelihood`).

    Examples
    --------
    >>> run = xr.Dataset({"residents": (("member", "time"), [[1.0], [1.1]])}, {"time": [2021.0]})
    >>> newer = pd.DataFrame({"variable": ["residents"], "year": [2021], "value": [1.0]})
    >>> log_likelihood(newer, run, {"residents": ForecastError(0.1, 5)}).round(2).values
    array([[1.38, 0.93]])
    """
    names, rows = [], []
    for name, table in observations.groupby("variable", sort=False):
        errors_of_members = np.log(
            table["value"].to_numpy(dtype=float) / values_in_years(simulated, str(name), table["year"])
        )
        covariance = _covariance(table, errors[str(name)])
        names.append(str(name))
        rows.append(np.atleast_1d(stats.multivariate_normal(cov=covariance).logpdf(errors_of_members)))
    members = simulated["member"] if "member" in simulated.coords else np.arange(simulated.sizes["member"])
    return xr.DataArray(
        np.array(rows), dims=("variable", "member"), coords={"variable": names, "member": np.asarray(members)}
    )


def reweight(log_likelihood: Array, duplicates: npt.NDArray[np.intp] | None = None) -> Reweighting:
    """Return Pareto-smoothed weights of the members from the log likelihood of newer observations.

    Collapsed weights have an infinite ``pareto_k``. Members with the same number in `duplicates` (as from
    `duplicate_members`) count once in the effective size.

    Examples
    --------
    >>> reweight(np.random.default_rng(1).normal(size=1000)).accepted
    True
    >>> reweight(-1000 * np.arange(1000.0)).accepted
    False
    """
    count = len(log_likelihood)
    same = np.arange(count) if duplicates is None else duplicates
    even = np.full(count, 1 / count)
    if np.ptp(log_likelihood) == 0:
        return Reweighting(even, -np.inf, _effective_size(even, same))
    raw = np.exp(log_likelihood - log_likelihood.max())
    raw /= raw.sum()
    try:
        # psislw takes log likelihoods, as for leaving them out, and weights by their inverse: hence the minus. Where
        # all but a few weights vanish it divides by zero and returns no numbers, with a harmless looking k.
        with np.errstate(all="ignore"):
            smoothed, k = array_stats.psislw(-log_likelihood, r_eff=_effective_size(even, same) / count)
            weights = np.exp(smoothed)
    except ValueError:
        # Too few members for a tail, or a tail of equal weights: there is nothing to smooth.
        return Reweighting(raw, -np.inf, _effective_size(raw, same))
    if not (np.isfinite(weights).all() and np.isfinite(k)):
        return Reweighting(raw, np.inf, _effective_size(raw, same))
    return Reweighting(np.asarray(weights), float(k), _effective_size(weights, same))


def tail_probability(
    observations: pd.DataFrame, forecast: xr.Dataset, simulated: xr.Dataset, errors: Mapping[str, ForecastError]
) -> float:
    """Return the prior predictive probability of observations at least as unlikely as these.

    It is the share of the forecast's draws, the observations among them, whose density under the other members is no
    higher than that of the observations. `simulated` are the members of `forecast` without draws of what the model
    leaves out, dims ``member, time``.

    Notes
    -----
    The check of Box 1980, Journal of the Royal Statistical Society A 143, by simulation. It tells a series that
    contradicts the forecast (small) from one that is only more informative than the members can resolve.

    Examples
    --------
    >>> flat = xr.Dataset({"residents": (("member", "time"), np.ones((99, 1)))}, {"time": [2021.0]})
    >>> drawn = flat * np.exp(0.1 * np.random.default_rng(1).normal(size=(99, 1)))
    >>> newer = pd.DataFrame({"variable": ["residents"], "year": [2021], "value": [2.0]})
    >>> tail_probability(newer, drawn, flat, {"residents": ForecastError(0.1, 5)})
    0.01
    """
    observed, drawn, held = [], [], []
    for name, table in observations.groupby("variable", sort=False):
        root = np.asarray(np.linalg.cholesky(_covariance(table, errors[str(name)])), dtype=np.float64)
        observed.append(_whitened(table["value"].to_numpy(dtype=float)[None], root))
        drawn.append(_whitened(values_in_years(forecast, str(name), table["year"]), root))
        held.append(_whitened(values_in_years(simulated, str(name), table["year"]), root))
    candidates = np.vstack([np.hstack(observed), np.hstack(drawn)])
    logarithms = -cdist(candidates, np.hstack(held), "sqeuclidean") / 2
    # A draw must not find the member it was drawn from.
    np.fill_diagonal(logarithms[1:], -np.inf)
    members = np.full(len(candidates), len(candidates) - 2)
    members[0] += 1
    density = logsumexp(logarithms, axis=1) - np.log(members)
    return float((density <= density[0]).mean())


def duplicate_members(simulated: xr.Dataset) -> npt.NDArray[np.intp]:
    """Return a number for each member that members with the same results share."""
    courses = [simulated[name].transpose("member", ...).to_numpy() for name in simulated.data_vars]
    table = np.hstack([course.reshape(len(course), -1) for course in courses])
    return np.asarray(np.unique(table, axis=0, return_inverse=True)[1]).ravel()


def _covariance(table: pd.DataFrame, error: ForecastError) -> Array:
    """Covariance of the relative errors of one series, measurement included where a grade is given."""
    covariance = error.covariance(table["year"].to_numpy(dtype=float))
    if "grade" in table:
        covariance = covariance + np.diag(table["grade"].map(MEASUREMENT_ERROR).fillna(0.0).to_numpy() ** 2)
    return covariance


def _whitened(values: Array, root: Array) -> Array:
    """Logarithms, (member, year), in which the errors are independent and of size 1."""
    return np.asarray(solve_triangular(root, np.log(values).T, lower=True).T)


def _effective_size(weights: Array, duplicates: npt.NDArray[np.intp]) -> float:
    return float(1 / (np.bincount(duplicates, weights) ** 2).sum())
