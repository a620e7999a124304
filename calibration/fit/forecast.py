"""The baseline forecast up to 2035 from a calibrated ensemble: what newer observations will be compared with.

A published number differs from a model that is right about everything it holds, because years differ in what it leaves
out. So each variable carries a relative discrepancy that starts from nothing in 2020 and forgets itself over some years
(an Ornstein-Uhlenbeck process); the forecast's bands include it. An ensemble that has seen values after 2020 has seen
what each of its members left out of them, and its forecast goes on from there: the process given those values.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from calibration.fit.ensemble import batches
from calibration.fit.ensemble import settings as member_settings
from calibration.fit.likelihood import DECLARED_BIRTHS_ERROR, DECLARED_DEATHS_ERROR, MEASUREMENT_ERROR, YEAR_END
from model.definition import variables_by_name
from model.engine import CompiledModel

Array = npt.NDArray[np.float64]

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


#: What is forecast, by variable.
BY_VARIABLE: Final = {forecast.variable: forecast for forecast in FORECASTS}


@dataclass(frozen=True)
class Published:
    """What was published of a variable after 2020 and an ensemble has seen."""

    variable: str
    years: tuple[int, ...]
    #: One for each year, or the mean of them, in the model's unit.
    values: Array
    #: Of the worst value.
    grade: str
    source: str

    @cached_property
    def weights(self) -> Array:
        """What of each year goes into each value, (value, year)."""
        count = len(self.years)
        return np.eye(count) if self.values.size == count else np.full((1, count), 1 / count)

    @cached_property
    def covariance(self) -> Array:
        """Covariance of the relative errors of a member that describes the city rightly, measurement included."""
        years = discrepancy_covariance(BY_VARIABLE[self.variable], np.array(self.years))
        measured = MEASUREMENT_ERROR[self.grade] ** 2 * np.eye(self.values.size)
        return np.asarray(self.weights @ years @ self.weights.T + measured)

    def deviations(self, simulated: Array) -> Array:
        """Logarithm of the published over each member's values, (member, value), of its years, (member, year)."""
        return np.asarray(np.log(self.values / (simulated @ self.weights.T)))


def given(published: Published, years: Array) -> tuple[Array, Array]:
    """Return the discrepancy of years, given what was published of others.

    The first array turns the deviations of the published values into the mean, (year, value), the second is the
    covariance, reporting errors of the years included.

    Examples
    --------
    >>> seen = Published("residents", (2021, 2022), np.array([9e6, 9e6]), "A", "example")
    >>> gain, covariance = given(seen, np.array([2023.0, 2060.0]))
    >>> bool(gain[0, 1] > 0.7 and abs(gain[1]).max() < 0.01 and covariance[0, 0] < covariance[1, 1])
    True
    """
    forecast = BY_VARIABLE[published.variable]
    count = len(years)
    hidden = discrepancy_covariance(replace(forecast, reporting=0.0), np.concatenate([years, published.years]))
    cross = hidden[:count, count:] @ published.weights.T
    gain = np.linalg.solve(published.covariance, cross.T).T
    covariance = hidden[:count, :count] - gain @ cross.T + forecast.reporting**2 * np.eye(count)
    return np.asarray(gain), np.asarray(covariance)


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
    for done, part in batches(members, BATCH):
        run = run_years(model, {**member_settings(part), **(settings or {})}, YEARS)
        parts.append(run.rename(run="member"))
        progress(done, members.sizes["member"])
    return xr.concat(parts, dim="member")


def run_years(
    model: CompiledModel,
    settings: Mapping[str, Any],
    years: Sequence[int],
    variables: Collection[str] = tuple(BY_VARIABLE),
    *,
    keep_non_finite: bool = False,
) -> xr.Dataset:
    """Run the policies from the census of 2020 on, and return what would be published of the years that follow it.

    Dims ``run, time``; years as in `simulate`.
    """
    run = model.run(
        settings,
        outputs=list(variables),
        initial_time=float(BASE_YEAR),
        final_time=years[-1] + 1 / QUARTERS,
        saveper=1 / QUARTERS,
        keep_non_finite=keep_non_finite,
    )
    return _by_year(run if "run" in run.dims else run.expand_dims("run"), years)


def predict(simulated: xr.Dataset, seed: int, seen: Iterable[Published] = ()) -> xr.Dataset:
    """Add to each member one draw of what the model leaves out.

    Parameters
    ----------
    simulated
        As from `simulate`.
    seed
        Of the draws.
    seen
        What the ensemble has seen of the years after 2020: the draws go on from what each member left out of it.
    """
    known = {published.variable: published for published in seen}
    predicted = expected(simulated, known.values())
    for index, forecast in enumerate(FORECASTS):
        if forecast.variable not in simulated:
            continue
        # A stream for each variable, so that adding one leaves the others alone.
        random = np.random.default_rng([seed, index])
        series = simulated[forecast.variable]
        years, published = series["time"].to_numpy(), known.get(forecast.variable)
        covariance = discrepancy_covariance(forecast, years) if published is None else given(published, years)[1]
        root = np.linalg.cholesky(covariance)
        noise = random.standard_normal((series.sizes["member"], series.sizes["time"])) @ root.T
        predicted[forecast.variable] = (predicted[forecast.variable] * np.exp(noise)).assign_attrs(series.attrs)
    return predicted


def expected(simulated: xr.Dataset, seen: Iterable[Published]) -> xr.Dataset:
    """Return the median of what will be published under each member, given what was published of the years before.

    Parameters are as for `predict`; a member's own values where nothing has been seen.
    """
    medians = simulated.copy()
    for published in seen:
        if published.variable in simulated:
            series = simulated[published.variable].transpose("member", "time")
            gain, _ = given(published, series["time"].to_numpy())
            own = published.deviations(series.sel(time=list(published.years)).to_numpy())
            medians[published.variable] = (series * np.exp(own @ gain.T)).assign_attrs(series.attrs)
    return medians


#: What a city without a later record is judged by, and until when.
PUBLISHED: Final = (
    "residents",
    "resident urbanization rate",
    "registered population",
    "registered urbanization rate",
    "gross domestic product",
    "budget revenue",
    "homes sold",
    "house price index",
)
LAST_PUBLISHED: Final = 2025


def published_table(predicted: xr.Dataset) -> pd.DataFrame:
    """Medians, 50 and 90 % bands of the eight variables that a city is judged by, 2021-2025."""
    return forecast_table(predicted[list(PUBLISHED)].sel(time=slice(None, LAST_PUBLISHED)))


def forecast_table(predicted: xr.Dataset) -> pd.DataFrame:
    """Quantiles by variable and year, as stored in ``forecast_*.csv``."""
    columns = ["variable", "unit", "year", *QUANTILES]
    known = variables_by_name()
    rows = []
    for name, series in predicted.data_vars.items():
        levels = series.quantile(list(QUANTILES.values()), dim="member")
        for year in series["time"].to_numpy():
            at_year = levels.sel(time=year).to_numpy()
            rows.append([str(name), known[str(name)].unit, int(year), *(float(f"{value:.6g}") for value in at_year)])
    return pd.DataFrame(rows, columns=columns)


def _by_year(run: xr.Dataset, years: Sequence[int]) -> xr.Dataset:
    """Values of calendar years from quarters that begin on census day, two months before the year's end."""
    first, last = QUARTERS, QUARTERS * len(years)
    yearly = {}
    for name in run.data_vars:
        forecast = BY_VARIABLE[str(name)]
        series = run[forecast.variable].transpose("run", "time")
        quarters = series.to_numpy()
        if forecast.flow:
            sums = np.cumsum(np.pad(quarters, ((0, 0), (1, 0))), axis=1)
            ends = sums[:, :-1] + YEAR_END * quarters
            values = np.diff(ends[:, ::QUARTERS][:, : len(years) + 1], axis=1) / QUARTERS
        else:
            values = quarters[:, first : last + 1 : QUARTERS]
            if forecast.year_end:
                values = values + YEAR_END * (quarters[:, first + 1 : last + 2 : QUARTERS] - values)
        yearly[forecast.variable] = xr.DataArray(
            values, dims=("run", "time"), coords={"time": np.array(years, dtype=float)}, attrs=series.attrs
        )
    return xr.Dataset(yearly)
