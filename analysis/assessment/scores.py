"""Scores of an ensemble forecast: CRPS, coverage of bands, PIT, and errors relative to simple reference forecasts.

Members are draws of the forecast, dims (member, point); every member has its own course over all points, so that
the dependence between years and between series is kept. Observations have the dim (point).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr
from scipy import stats

from analysis.assessment.observations import values_in_years
from calibration.fit.forecast import BASE_YEAR

Array = npt.NDArray[np.float64]

#: What stands for all series together in the tables.
ALL: Final = "all"
#: Central bands whose coverage is counted.
BANDS: Final = (0.5, 0.8, 0.9)
#: Fewer values than this up to 2020 give no reference forecast.
LEAST_PAST: Final = 3
#: Fewer observations than this say nothing about the shape of the forecast's distribution.
LEAST_FOR_SHAPE: Final = 8


def score(
    observations: pd.DataFrame, forecast: xr.Dataset, history: pd.DataFrame, base: int = BASE_YEAR
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Score the forecast by observation and by series: ``points`` and ``scores`` of an `Assessment`.

    Examples
    --------
    >>> draws = xr.Dataset({"residents": (("member", "time"), [[1.0], [3.0]])}, {"time": [2021.0]})
    >>> newer = pd.DataFrame({"variable": ["residents"], "year": [2021], "value": [2.0], "unit": ["person"]})
    >>> score(newer, draws, pd.DataFrame(columns=["variable", "year", "value"]))[0]["pit"].tolist()
    [0.5]
    """
    rows = observations.groupby("variable", sort=False)
    tables = {str(name): _score_points(str(name), table, forecast, history) for name, table in rows}
    points = pd.concat(tables.values(), ignore_index=True)
    draws = {name: values_in_years(forecast, name, table["year"]) for name, table in tables.items()}
    scores = [_score_series(name, table, draws[name], base) for name, table in tables.items()]
    scores.append(_score_series(ALL, points, np.hstack(list(draws.values())), base))
    return points, pd.DataFrame(scores)


def crps(members: Array, observed: Array) -> Array:
    """Continuous ranked probability score of each observation, in its unit; lower is better.

    The fair estimator: its expectation does not depend on how many members there are. It can be slightly negative.

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
    """Return whether each observation lies within the central band of the forecast, ends included.

    Examples
    --------
    >>> inside(np.arange(11.0)[:, None], np.array([2.0]), 0.5).tolist()
    [False]
    """
    low, high = np.quantile(members, [(1 - band) / 2, (1 + band) / 2], axis=0)
    return np.asarray((low <= observed) & (observed <= high))


def pit(members: Array, observed: Array) -> Array:
    """Probability integral transform: the rank of each observation in the forecast's distribution.

    Above 0 and below 1: middle of the observation's rank among the members and itself, ties at the midpoint. Uniform
    where observations come as the forecast says.

    Examples
    --------
    >>> pit(np.array([[1.0], [2.0], [3.0]]), np.array([2.0])).tolist()
    [0.5]
    """
    below = (members < observed).sum(axis=0)
    equal = (members == observed).sum(axis=0)
    return np.asarray((below + equal / 2 + 0.5) / (len(members) + 1))


def pit_uniformity(members: Array, observed: Array) -> tuple[float, float]:
    """Kolmogorov-Smirnov distance of the PIT values from uniform, and its p-value.

    Both are NaN with fewer than `LEAST_FOR_SHAPE` points. Points of one series depend on each other, so the p-value is
    not that of the usual test: each member in turn stands in for the observation, which has the same dependence if the
    forecast is right.
    """
    if observed.size < LEAST_FOR_SHAPE:
        return float("nan"), float("nan")
    everyone = np.vstack([observed, members])
    ranks = (stats.rankdata(everyone, axis=0) - 0.5) / len(everyone)
    distance = stats.ks_1samp(ranks, stats.uniform.cdf, axis=1, method="asymp").statistic
    # As many ties as there are ranks; rounding must not part them.
    as_large = distance >= distance[0] - 1e-12
    return float(distance[0]), float(as_large.mean())


def random_walk_with_drift(years: Array, values: Array, ahead: Array) -> Array:
    """Return a reference forecast: the last past value, and from there the mean yearly change of the past."""
    drift = (values[-1] - values[0]) / (years[-1] - years[0])
    return np.asarray(values[-1] + drift * (ahead - years[-1]))


def constant_growth(years: Array, values: Array, ahead: Array) -> Array:
    """Return a reference forecast: the exponential trend that fits the past best, by least squares of the logarithms.

    Examples
    --------
    >>> constant_growth(np.array([2018.0, 2019, 2020]), np.array([1.0, 2, 4]), np.array([2021.0])).round(9).tolist()
    [8.0]
    """
    trend = stats.linregress(years, np.log(values))
    return np.asarray(np.exp(trend.intercept + trend.slope * ahead))


def mase(forecast: Array, reference: Array, observed: Array) -> float:
    """Mean absolute error of a forecast over that of a reference forecast of the same points.

    Below 1 the forecast is better than the reference. NaN where the reference makes no error.
    """
    scale = float(abs(reference - observed).mean())
    return float(abs(forecast - observed).mean()) / scale if scale > 0 else float("nan")


def _score_points(name: str, table: pd.DataFrame, forecast: xr.Dataset, history: pd.DataFrame) -> pd.DataFrame:
    draws, observed = values_in_years(forecast, name, table["year"]), table["value"].to_numpy(dtype=float)
    past = history[history["variable"] == name].sort_values("year")
    ahead = table["year"].to_numpy(dtype=float)
    years, values = past["year"].to_numpy(dtype=float), past["value"].to_numpy(dtype=float)
    enough = len(past) >= LEAST_PAST
    missing = np.full(observed.size, np.nan)
    low, quarter, middle, three_quarters, high = np.quantile(draws, [0.05, 0.25, 0.5, 0.75, 0.95], axis=0)
    return pd.DataFrame(
        {
            "variable": name,
            "year": table["year"].to_numpy(),
            "value": observed,
            "unit": table["unit"].to_numpy(),
            "median": middle,
            "p05": low,
            "p25": quarter,
            "p75": three_quarters,
            "p95": high,
            "z": np.log(observed / middle) / np.log(draws).std(axis=0, ddof=1),
            "crps": crps(draws, observed),
            "pit": pit(draws, observed),
            **{f"inside_{100 * band:.0f}": inside(draws, observed, band) for band in BANDS},
            "random_walk": random_walk_with_drift(years, values, ahead) if enough else missing,
            "constant_growth": constant_growth(years, values, ahead) if enough else missing,
        }
    )


def _score_series(name: str, points: pd.DataFrame, draws: Array, base: int) -> dict[str, object]:
    observed = points["value"].to_numpy()
    together = name == ALL
    compared = points["random_walk"].notna().to_numpy() & (not together)
    distance, probability = pit_uniformity(draws, observed)
    note = f"MASE not scored: fewer than {LEAST_PAST} values up to {base}"
    return {
        "variable": name,
        "points": len(points),
        "first_year": int(points["year"].min()),
        "last_year": int(points["year"].max()),
        "unit": "" if together else points["unit"].iloc[0],
        "crps": np.nan if together else float(points["crps"].mean()),
        "crps_relative": float((points["crps"] / points["value"]).mean()),
        **{f"coverage_{100 * band:.0f}": float(points[f"inside_{100 * band:.0f}"].mean()) for band in BANDS},
        **{
            f"mase_{reference}": mase(
                points["median"].to_numpy()[compared], points[reference].to_numpy()[compared], observed[compared]
            )
            if compared.any()
            else np.nan
            for reference in ("random_walk", "constant_growth")
        },
        "pit_distance": distance,
        "pit_p_value": probability,
        "note": note if not together and not compared.any() else "",
    }
