"""Scores of a forecast by members against what came to be: CRPS, bands, PIT, and errors relative to simple references.

Members are draws of the forecast, dims (member, point); every member carries its own course over all points, so that
the dependence between years and between series is kept.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import stats

Array = npt.NDArray[np.float64]

#: Central bands whose coverage is counted.
BANDS: Final = (0.5, 0.8, 0.9)
#: Fewer values than this up to 2020 give no reference forecast.
LEAST_PAST: Final = 3
#: Fewer observations than this say nothing about the shape of the forecast's distribution.
LEAST_FOR_SHAPE: Final = 8


def crps(members: Array, observed: Array) -> Array:
    """Continuous ranked probability score of each observation; lower is better.

    Parameters
    ----------
    members
        Draws of the forecast, (member, point).
    observed
        What came to be, (point).

    Returns
    -------
    numpy.ndarray
        (point), in the unit of the observation. The fair estimator: its expectation does not depend on how many
        members there are. It can be slightly negative.

    Raises
    ------
    ValueError
        With fewer than two members.

    Notes
    -----
    Mean distance to the observation less half the mean distance between different members: Ferro 2014, Fair scores for
    ensemble forecasts, Quarterly Journal of the Royal Meteorological Society 140.

    Examples
    --------
    >>> crps(np.array([[1.0], [3.0]]), np.array([2.0])).tolist()
    [0.0]
    """
    count = len(members)
    if count < 2:
        message = "the fair estimator needs two members"
        raise ValueError(message)
    apart = abs(members - observed).mean(axis=0)
    # In order, the k-th member is the larger of a pair k times and the smaller one count - 1 - k times.
    times = 2 * np.arange(count) - count + 1
    between = times @ np.sort(members, axis=0) / (count * (count - 1))
    return np.asarray(apart - between)


def inside(members: Array, observed: Array, band: float) -> npt.NDArray[np.bool_]:
    """Say of each observation whether it lies within the central band of the forecast, ends included.

    Examples
    --------
    >>> inside(np.arange(11.0)[:, None], np.array([2.0]), 0.5).tolist()
    [False]
    """
    low, high = np.quantile(members, [(1 - band) / 2, (1 + band) / 2], axis=0)
    return np.asarray((low <= observed) & (observed <= high))


def pit(members: Array, observed: Array) -> Array:
    """Place of each observation in the forecast's distribution (probability integral transform).

    Parameters
    ----------
    members
        Draws of the forecast, (member, point).
    observed
        What came to be, (point).

    Returns
    -------
    numpy.ndarray
        (point), above 0 and below 1: middle of the observation's rank among the members and itself, ties at the
        midpoint. Uniform where observations come as the forecast says.

    Examples
    --------
    >>> pit(np.array([[1.0], [2.0], [3.0]]), np.array([2.0])).tolist()
    [0.5]
    """
    below = (members < observed).sum(axis=0)
    equal = (members == observed).sum(axis=0)
    return np.asarray((below + equal / 2 + 0.5) / (len(members) + 1))


def pit_uniformity(members: Array, observed: Array) -> tuple[float, float]:
    """Distance of the PIT values from uniform, and how often chance alone makes it as large.

    Parameters
    ----------
    members
        Draws of the forecast, (member, point).
    observed
        What came to be, (point).

    Returns
    -------
    tuple of float
        Kolmogorov-Smirnov distance and p-value; both NaN with fewer than `LEAST_FOR_SHAPE` points. Points of one
        series depend on each other, so the p-value is not that of the usual test: each member in turn takes the place
        of the observation, which has the same dependence if the forecast is right.

    Examples
    --------
    >>> draws = np.random.default_rng(1).normal(size=(99, 10))
    >>> pit_uniformity(draws, np.full(10, 9.0))[1]
    0.01
    """
    if observed.size < LEAST_FOR_SHAPE:
        return float("nan"), float("nan")
    everyone = np.vstack([observed, members])
    places = (stats.rankdata(everyone, axis=0) - 0.5) / len(everyone)
    distance = stats.ks_1samp(places, stats.uniform.cdf, axis=1, method="asymp").statistic
    # As many ties as there are ranks; rounding must not part them.
    as_large = distance >= distance[0] - 1e-12
    return float(distance[0]), float(as_large.mean())


def random_walk_with_drift(years: Array, values: Array, ahead: Array) -> Array:
    """Reference forecast: the last past value, and from there the mean yearly change of the past.

    Parameters
    ----------
    years, values
        The past, in order; years may be missing.
    ahead
        Years to forecast.

    Returns
    -------
    numpy.ndarray
        In the unit of the values, one for each year ahead.

    Examples
    --------
    >>> random_walk_with_drift(np.array([2010.0, 2012, 2020]), np.array([1.0, 5, 6]), np.array([2022.0])).tolist()
    [7.0]
    """
    drift = (values[-1] - values[0]) / (years[-1] - years[0])
    return np.asarray(values[-1] + drift * (ahead - years[-1]))


def constant_growth(years: Array, values: Array, ahead: Array) -> Array:
    """Reference forecast: the exponential trend that fits the past best, by least squares of the logarithms.

    Parameters
    ----------
    years, values
        The past; values above zero.
    ahead
        Years to forecast.

    Returns
    -------
    numpy.ndarray
        In the unit of the values, one for each year ahead.

    Examples
    --------
    >>> constant_growth(np.array([2018.0, 2019, 2020]), np.array([1.0, 2, 4]), np.array([2021.0])).round(9).tolist()
    [8.0]
    """
    trend = stats.linregress(years, np.log(values))
    return np.asarray(np.exp(trend.intercept + trend.slope * ahead))


def mase(forecast: Array, reference: Array, observed: Array) -> float:
    """Mean absolute error of a forecast over that of a reference forecast of the same points.

    Returns
    -------
    float
        Dmnl; below 1 the forecast is better than the reference. NaN where the reference makes no error.

    Examples
    --------
    >>> mase(np.array([2.0]), np.array([3.0]), np.array([1.0]))
    0.5
    """
    scale = float(abs(reference - observed).mean())
    return float(abs(forecast - observed).mean()) / scale if scale > 0 else float("nan")
