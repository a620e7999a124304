"""Observed and simulated series of 2010-2020 side by side, for docs/history.md."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import xarray as xr

from calibration.census.derivation import derive
from calibration.census.vital_events import COUNTED_YEARS, registered_events
from calibration.fit.ensemble import batches, settings
from calibration.fit.likelihood import Array, History, registered_estimates, run_history, same_months
from calibration.fit.sampler import BATCH
from calibration.observations import DISTRICTS, LAST_YEAR, city_value, district_values, read_observations
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
    #: Years whose observed value leaves Laiwu out.
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
    """Residents of one broad age at the census of 2020, counted and of each member [person], in a district or Jinan."""

    region: str
    ages: str
    observed: float
    simulated: Array

    @property
    def errors(self) -> Array:
        """Quantiles `BAND` of the relative error over the members [percent]."""
        return np.asarray(100 * (np.quantile(self.simulated, BAND) / self.observed - 1))


def age_groups(history: History) -> dict[tuple[str, str], AgeGroup]:
    """Each broad age, and all together, in each district and in Jinan, by region and name of the ages."""
    census = derive().start[LAST_YEAR].residents
    simulated = history.state("Population").sum(axis=2)
    rows = {name: [index] for index, name in enumerate(DISTRICTS)} | {"Jinan": list(range(len(DISTRICTS)))}
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
        Series(f"{name}, 12 districts 2020", DISTRICTS, observed, simulated, DISTRICTS)
        for name, observed, simulated in measures
    ]


def city_series(history: History) -> list[Series]:
    """City totals by year; published counts of the old boundary where there are no others."""
    data = read_observations()
    births, deaths = (same_months(registered_events(data, event)) for event in ("birth", "death"))
    behind = derive().residuals.births
    estimates = registered_estimates()
    estimates[2018] = city_value(data, "population_hukou_registered_yearend", 2018) * 10_000
    spans = list(zip(estimates.index[:-1], estimates.index[1:], strict=True))
    ends = history.at_year_end("registered population", list(estimates.index))
    span_names = [f"{a}-{b}" for a, b in spans]

    def city(
        name: str, variable: str, scale: float, new: Sequence[int], old: Sequence[int] = (), **about: Any
    ) -> Series:
        years = [*old, *new]
        values = [city_value(data, variable, year, "old" if year in old else "new") * scale for year in years]
        run = history.at_year_end(name, years) if name == "registered population" else history.at(name, years)
        return Series(name, years, np.array(values), run, old=old, **about)

    def flow(name: str, observed: Any, years: list[int], **about: Any) -> Series:
        return Series(name, years, observed[years].to_numpy(), history.over(name, years), **about)

    def growth(name: str, variable: str, years: Sequence[int], **about: Any) -> Series:
        values = np.array([city_value(data, variable, year, "old") for year in years])
        ends = history.at(name, years)
        labels = [f"{a}-{b}" for a, b in pairwise(years)]
        return Series(f"growth of {name}", labels, values[1:] / values[:-1], ends[:, 1:] / ends[:, :-1], labels,
                      labels, **about)  # fmt: skip

    old = {"note": "to 2017 old boundary; new survey from 2015; 2020 recalled (grade D)"}
    return [
        city("registered population", "population_hukou_registered_yearend", 1e4, (2018, 2019, 2020),
             fitted=(2018, 2019, 2020)),
        Series("growth of registered population", span_names,
               np.array([estimates[b] / estimates[a] for a, b in spans]), ends[:, 1:] / ends[:, :-1], old=span_names,
               note="old boundary with Laiwu interpolated; fitted for 2012-2016 as a whole"),
        flow("registered births", births, [2011, 2012, 2016, 2018, *COUNTED_YEARS],
             fitted=(2011, 2012, 2016, 2018, *COUNTED_YEARS), note="years without a published rate left out"),
        flow("registered deaths", deaths, [2016, 2018, *COUNTED_YEARS], fitted=(2016, 2018, 2019, 2020),
             note="registered late; the run has no delay of registration"),
        flow("births in city", behind, list(behind.index), fitted=range(2011, LAST_YEAR),
             note="births behind the children of the census of 2020"),
        city("urban income per head", "income_per_capita_urban", 1, (2020,), range(2010, 2018), fitted=(2020,), **old),
        growth("urban income per head", "income_per_capita_urban", (2015, 2017), note="old boundary"),
        city("urban rural income ratio", "income_ratio_urban_rural", 1, (2015, 2020), fitted=(2015, 2020)),
        city("gross domestic product", "gdp", 1e8, (2019, 2020), fitted=(2020,)),
        growth("gross domestic product", "gdp", (2012, 2014, 2016), note="old boundary"),
        city("budget revenue", "general_public_budget_revenue", 1e8, (2020,), (2010, 2015), fitted=(2020,),
             note="2010 and 2015 old boundary"),
        city("general budget spending", "general_public_budget_expenditure", 1e8, (2020,), (2010, 2015),
             note="2010 and 2015 old boundary"),
        Series("built-up area [km2]", (2020,), np.array([city_value(data, "built_up_area", 2020)]),
               history.state("built up area")[:, None], (2020,),
               note="earlier counts cover the city districts of their time only"),
    ]  # fmt: skip
