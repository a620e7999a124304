"""The baseline forecast of 2021-2035 from the calibrated ensemble: what newer observations will be compared with.

A published number differs from a model that is right about everything it holds, because years differ in what it leaves
out. So each variable carries a relative discrepancy that starts from nothing in 2020 and forgets itself over some years
(an Ornstein-Uhlenbeck process); the forecast's bands include it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from calibration.fit.ensemble import batches
from calibration.fit.ensemble import settings as member_settings
from calibration.fit.likelihood import DECLARED_BIRTHS_ERROR, DECLARED_DEATHS_ERROR, YEAR_END
from model.definition import variables_by_name
from model.engine import CompiledModel

Array = npt.NDArray[np.float64]

FORECAST_FILE: Final = Path(__file__).parents[1] / "forecast.csv"
BASE_YEAR: Final = 2020
YEARS: Final = tuple(range(2021, 2036))
QUARTERS: Final = 4
QUANTILES: Final = {"p05": 0.05, "p25": 0.25, "median": 0.5, "p75": 0.75, "p95": 0.95}
#: Members computed together, so that memory stays small.
BATCH: Final = 250


@dataclass(frozen=True)
class Forecast:
    """One forecast variable."""

    #: As in the model, a city total or mean.
    variable: str
    #: Standard deviation, relative, of what the model leaves out, after many years; judged from how far the record of
    #: 2010-2020 swings about a smooth course.
    relative: float
    #: Years over which it stays alike.
    memory: float
    #: Whether a year's value is the mean over the calendar year rather than a state.
    flow: bool = False
    #: Whether a state is counted at the end of the calendar year; else on census day, as incomes and budgets of a year.
    year_end: bool = False
    #: Relative standard error of a year's declarations about what happened in it, new in each year.
    reporting: float = 0.0


FORECASTS: Final = (
    Forecast("residents", 0.008, 5, year_end=True),
    Forecast("resident urbanization rate", 0.006, 5, year_end=True),
    Forecast("registered population", 0.006, 5, year_end=True),
    Forecast("registered urbanization rate", 0.012, 5, year_end=True),
    # Registered growth less declared births and deaths, which err by some thousands a year.
    Forecast("net registered migration", 0.25, 3, flow=True),
    # Registered births fell by a sixth in 2020 after two years of little change.
    Forecast("births in city", 0.10, 4, flow=True),
    Forecast("registered births", 0.10, 4, flow=True, reporting=DECLARED_BIRTHS_ERROR),
    Forecast("deaths in city", 0.05, 3, flow=True),
    Forecast("registered deaths", 0.05, 3, flow=True, reporting=DECLARED_DEATHS_ERROR),
    Forecast("urban income per head", 0.03, 5),
    Forecast("rural income per head", 0.03, 5),
    Forecast("urban rural income ratio", 0.012, 5),
    Forecast("gross domestic product", 0.04, 5),
    Forecast("budget revenue", 0.07, 4),
    # Sales of 2010-2020 swing by a fifth about the course of four years.
    Forecast("homes sold", 0.2, 2, flow=True),
    Forecast("house price index", 0.06, 5, year_end=True),
)


def discrepancy_covariance(forecast: Forecast, years: Array) -> Array:
    """Covariance of the relative discrepancy between years, nothing at the end of 2020.

    Examples
    --------
    >>> discrepancy_covariance(Forecast("residents", 0.01, 5), np.array([2020.0, 2120.0])).round(6).tolist()
    [[0.0, 0.0], [0.0, 0.0001]]
    """
    since = np.asarray(years, dtype=float) - BASE_YEAR
    apart, together = abs(since[:, None] - since), since[:, None] + since
    alike = forecast.relative**2 * (np.exp(-apart / forecast.memory) - np.exp(-together / forecast.memory))
    return np.asarray(alike + forecast.reporting**2 * np.diag(since > 0))


def simulate(
    model: CompiledModel,
    members: xr.Dataset,
    settings: Mapping[str, object] | None = None,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> xr.Dataset:
    """Run every member over the forecast years.

    Parameters
    ----------
    members
        Parameter sets, dims ``member`` and subscripts (`calibration.fit.ensemble.read_members`).
    settings
        Changes of a scenario, which replace the members' own values; none for the baseline.
    progress
        Called with the number of members done and their total.

    Returns
    -------
    xarray.Dataset
        Dims ``member, time``; flows as means over each calendar year, people at its end, all else on census day, in the
        model's units.
    """
    parts = []
    names = [forecast.variable for forecast in FORECASTS]
    for done, part in batches(members, BATCH):
        run = model.run(
            {**member_settings(part), **(settings or {})},
            outputs=names,
            initial_time=float(BASE_YEAR),
            final_time=YEARS[-1] + 1 / QUARTERS,
            saveper=1 / QUARTERS,
        )
        parts.append(_by_year(run.rename(run="member")))
        progress(done, members.sizes["member"])
    return xr.concat(parts, dim="member")


def predict(simulated: xr.Dataset, seed: int) -> xr.Dataset:
    """Add to each member one draw of what the model leaves out.

    Parameters
    ----------
    simulated
        As from `simulate`.
    seed
        Of the draws.
    """
    predicted = simulated.copy()
    for index, forecast in enumerate(FORECASTS):
        if forecast.variable not in simulated:
            continue
        # A stream for each variable, so that adding one leaves the others alone.
        random = np.random.default_rng([seed, index])
        series = simulated[forecast.variable]
        root = np.linalg.cholesky(discrepancy_covariance(forecast, series["time"].to_numpy()))
        noise = random.standard_normal((series.sizes["member"], series.sizes["time"])) @ root.T
        predicted[forecast.variable] = (series * np.exp(noise)).assign_attrs(series.attrs)
    return predicted


def forecast_table(predicted: xr.Dataset) -> pd.DataFrame:
    """Quantiles by variable and year, as stored in ``forecast.csv``."""
    columns = ["variable", "unit", "year", *QUANTILES]
    known = variables_by_name()
    rows = []
    for name, series in predicted.data_vars.items():
        levels = series.quantile(list(QUANTILES.values()), dim="member")
        for year in series["time"].to_numpy():
            at_year = levels.sel(time=year).to_numpy()
            rows.append([str(name), known[str(name)].unit, int(year), *(float(f"{value:.6g}") for value in at_year)])
    return pd.DataFrame(rows, columns=columns)


def _by_year(run: xr.Dataset) -> xr.Dataset:
    """Values of calendar years from quarters that begin on census day, two months before the year's end."""
    first, last = QUARTERS, QUARTERS * len(YEARS)
    yearly = {}
    for forecast in FORECASTS:
        series = run[forecast.variable].transpose("member", "time")
        quarters = series.to_numpy()
        if forecast.flow:
            sums = np.cumsum(np.pad(quarters, ((0, 0), (1, 0))), axis=1)
            ends = sums[:, :-1] + YEAR_END * quarters
            values = np.diff(ends[:, ::QUARTERS][:, : len(YEARS) + 1], axis=1) / QUARTERS
        else:
            values = quarters[:, first : last + 1 : QUARTERS]
            if forecast.year_end:
                values = values + YEAR_END * (quarters[:, first + 1 : last + 2 : QUARTERS] - values)
        yearly[forecast.variable] = xr.DataArray(
            values, dims=("member", "time"), coords={"time": np.array(YEARS, dtype=float)}, attrs=series.attrs
        )
    return xr.Dataset(yearly)
