"""Observed and simulated series of 2010-2020 side by side, for docs/history.md."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import xarray as xr

from calibration.census.derivation import derive
from calibration.census.vital_events import registered_events
from calibration.fit.ensemble import batches, settings
from calibration.fit.likelihood import Array, History, registered_estimates, run_history, same_months
from calibration.fit.sampler import BATCH
from calibration.observations import CITY, DISTRICTS, LAST_YEAR, city_value, district_values, read_observations
from calibration.record import OLD, record
from model.engine import CompiledModel

#: Median and ends of the 90 % band over the members.
BAND: Final = (0.05, 0.5, 0.95)
#: Broad ages of the district tables: name, first age and one past the last.
BROAD_AGES: Final = (("0-14", 0, 15), ("15-59", 15, 60), ("60+", 60, 86))
ALL_AGES: Final = ("all", 0, 86)


@dataclass(frozen=True)
class Series:
    """A compared series: what was observed, what each member gives, and what to know."""

    #: As in the model, or what is compared.
    name: str
    #: Year or district of each value.
    years: Sequence[int | str]
    #: Observed values.
    observed: Array
    #: The same of each member, (run, value).
    simulated: Array
    #: Years that the calibration takes in.
    fitted: Sequence[int | str] = ()
    #: Years whose observed value leaves a part out that joined later.
    old: Sequence[int | str] = ()
    #: What to know.
    note: str = ""

    @property
    def band(self) -> Array:
        """5th, 50th and 95th percentile over the members, (quantile, value)."""
        return np.asarray(np.quantile(self.simulated, BAND, axis=0))

    @property
    def median(self) -> Array:
        """Median over the members."""
        return np.asarray(np.median(self.simulated, axis=0))

    @property
    def error(self) -> float:
        """Mean absolute error of the median, relative."""
        return float(np.abs(self.median / self.observed - 1).mean())

    @property
    def inside(self) -> int:
        """Values that the members' 90 % band holds."""
        low, _, high = self.band
        return int(((self.observed >= low) & (self.observed <= high)).sum())


def ensemble_history(model: CompiledModel, members: xr.Dataset) -> History:
    """The history run of every member."""
    parts = [run_history(model, settings(part)) for _, part in batches(members, BATCH)]
    end = xr.concat([part.end for part in parts], dim="run")
    return History(end, xr.concat([part.course for part in parts], dim="run"))


@dataclass(frozen=True)
class AgeGroup:
    """Residents of one broad age in 2020, counted and of each member [person], of a district or the city."""

    region: str
    ages: str
    observed: float
    simulated: Array

    @property
    def errors(self) -> Array:
        """Quantiles `BAND` of the relative error over the members [percent]."""
        return np.asarray(100 * (np.quantile(self.simulated, BAND) / self.observed - 1))


def age_groups(history: History) -> dict[tuple[str, str], AgeGroup]:
    """Each broad age, and all together, in each district and in the city, by region and name of the ages."""
    census = derive().start[LAST_YEAR].residents
    simulated = history.state("Population").sum(axis=2)
    rows = {name: [index] for index, name in enumerate(DISTRICTS)} | {CITY.region: list(range(len(DISTRICTS)))}
    return {
        (region, ages): AgeGroup(
            region, ages, float(census[chosen, a:b].sum()), simulated[:, chosen, a:b].sum(axis=(1, 2))
        )
        for region, chosen in rows.items()
        for ages, a, b in (*BROAD_AGES, ALL_AGES)
    }


def theil_shares(observed: Array, simulated: Array) -> tuple[float, float, float]:
    """Shares of the mean squared error due to bias, variance and covariance.

    Examples
    --------
    >>> theil_shares(np.array([1.0, 2.0, 3.0]), np.array([2.0, 3.0, 4.0]))
    (1.0, 0.0, 0.0)
    """
    mean_square = float(((simulated - observed) ** 2).mean())
    bias = float((simulated.mean() - observed.mean()) ** 2) / mean_square
    variance = float((simulated.std() - observed.std()) ** 2) / mean_square
    return bias, variance, 1 - bias - variance


def district_series(history: History) -> list[Series]:
    """Districts at the end of 2020, one series for each measure."""
    data, tables = read_observations(), derive()
    people = history.state("Population")
    measures = (
        ("residents", tables.start[LAST_YEAR].residents.sum(axis=1), people.sum(axis=(2, 3))),
        ("urban residents", tables.urban_residents[LAST_YEAR], history.state("urban residents by district")),
        ("from other provinces", tables.start[LAST_YEAR].other_province.sum(axis=1), people[:, :, -1].sum(axis=2)),
        (
            "floor area per head",
            district_values(data, "housing_floor_area_per_capita", LAST_YEAR).to_numpy(),
            history.state("floor area per head by district"),
        ),
    )
    return [
        Series(f"{name}, {len(DISTRICTS)} districts 2020", DISTRICTS, observed, simulated, DISTRICTS)
        for name, observed, simulated in measures
    ]


#: Series of the whole city whose levels are compared, with how many of the model's unit one published unit is.
LEVELS: Final = {
    "registered population": 1e4,
    "urban income per head": 1.0,
    "urban rural income ratio": 1.0,
    "gross domestic product": 1e8,
    "budget revenue": 1e8,
    "general budget spending": 1e8,
}


def city_series(history: History) -> list[Series]:
    """City totals by year that the record names; counts of the old boundary where there are no others."""
    found: list[Series] = []
    for name in record().printed:
        if name == "growth of the registered population":
            found.append(_registered_growth(history))
        elif name.startswith("growth of "):
            found.append(_growth(history, name))
        elif name == "registered births":
            found.append(_declared(history, "birth"))
        elif name == "registered deaths":
            found += [_declared(history, "death"), _births_behind(history)]
        elif name == "built-up area":
            found.append(_built_up(history))
        else:
            found.append(_levels(history, name))
    return found


def _fitted(*names: str) -> tuple[int, ...]:
    """Years of series that the calibration takes in."""
    return tuple(sorted({year for name in names if (use := record().series.get(name)) for year in use.years}))


def _levels(history: History, name: str) -> Series:
    shown, data, variable = record().printed[name], read_observations(), record().variable(name)
    years = [*shown.old, *shown.new]
    values = [city_value(data, variable, year, OLD if year in shown.old else "new") * LEVELS[name] for year in years]
    run = history.at_year_end(name, years) if name == "registered population" else history.at(name, years)
    return Series(name, years, np.array(values), run, fitted=_fitted(name), old=shown.old, note=shown.note)


def _registered_growth(history: History) -> Series:
    estimates = registered_estimates()
    if CITY.merged_region is not None:
        year = int(estimates.index[-1]) + 1
        estimates[year] = city_value(read_observations(), record().variable("registered population"), year) * 10_000
    spans = list(pairwise(estimates.index))
    ends = history.at_year_end("registered population", list(estimates.index))
    names = [f"{a}-{b}" for a, b in spans]
    return Series("growth of registered population", names, np.array([estimates[b] / estimates[a] for a, b in spans]),
                  ends[:, 1:] / ends[:, :-1], old=names if CITY.merged_region is not None else (),
                  note=record().printed["growth of the registered population"].note)  # fmt: skip


def _growth(history: History, name: str) -> Series:
    use, level = record().series[name], name.removeprefix("growth of ")
    data = read_observations()
    values = np.array([city_value(data, record().variable(name), year, use.boundary) for year in use.years])
    ends = history.at(level, use.years)
    labels = [f"{a}-{b}" for a, b in pairwise(use.years)]
    return Series(name, labels, values[1:] / values[:-1], ends[:, 1:] / ends[:, :-1], labels,
                  labels if use.boundary == OLD else (), note=record().printed[name].note)  # fmt: skip


def _declared(history: History, event: str) -> Series:
    name = f"registered {event}s"
    shown, observed = record().printed[name], same_months(registered_events(read_observations(), event))
    years = list(shown.new)
    return Series(name, years, observed[years].to_numpy(), history.over(name, years),
                  fitted=_fitted(name, f"{name}, years of rates"), note=shown.note)  # fmt: skip


def _births_behind(history: History) -> Series:
    behind = derive().residuals.births
    years = list(behind.index)
    return Series("births in city", years, behind.to_numpy(), history.over("births in city", years),
                  fitted=range(2011, LAST_YEAR), note="births behind the children of the census of 2020")  # fmt: skip


def _built_up(history: History) -> Series:
    use = record().series["built-up area"]
    area = city_value(read_observations(), record().variable("built-up area"), LAST_YEAR)
    return Series("built-up area [km2]", (LAST_YEAR,), np.array([area]), history.state("built up area")[:, None],
                  use.years, note=record().printed["built-up area"].note)  # fmt: skip
