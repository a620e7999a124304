"""Observed and simulated series of 2010-2020 side by side, for docs/history.md."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from calibration.derivation import derive
from calibration.evidence import Array, History, registered_estimates, same_months
from calibration.observations import DISTRICTS, LAST_YEAR, city_value, district_values, read_observations
from calibration.vital_events import COUNTED_YEARS, registered_events


@dataclass(frozen=True)
class Series:
    """A compared series: observed and simulated values by year, which years were fitted, and what to know."""

    name: str
    years: Sequence[int | str]
    observed: Array
    simulated: Array
    fitted: Sequence[int | str] = ()
    note: str = ""


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
    people = history.state("Population")[0]
    measures = (
        ("residents", tables.start[LAST_YEAR].residents.sum(axis=1), people.sum(axis=(1, 2))),
        ("urban residents", tables.urban_residents[LAST_YEAR], history.state("urban residents by district")[0]),
        ("from other provinces", tables.start[LAST_YEAR].other_province.sum(axis=1), people[:, -1].sum(axis=1)),
        (
            "floor area per head",
            district_values(data, "housing_floor_area_per_capita", LAST_YEAR).to_numpy(),
            history.state("floor area per head by district")[0],
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
    ends = history.at("registered population", list(estimates.index))[0]

    def city(
        name: str, variable: str, scale: float, new: Sequence[int], old: Sequence[int] = (), **about: Any
    ) -> Series:
        years = [*old, *new]
        values = [city_value(data, variable, year, "old" if year in old else "new") * scale for year in years]
        return Series(name, years, np.array(values), history.at(name, years)[0], **about)

    def flow(name: str, observed: Any, years: list[int], **about: Any) -> Series:
        return Series(name, years, observed[years].to_numpy(), history.over(name, years)[0], **about)

    def growth(name: str, variable: str, years: Sequence[int]) -> Series:
        values = np.array([city_value(data, variable, year, "old") for year in years])
        found = history.at(name, years)[0]
        labels = [f"{years[0]}-{year}" for year in years[1:]]
        return Series(f"growth of {name}", labels, values[1:] / values[0], found[1:] / found[0], note="old boundary")

    old = {"note": "to 2017 old boundary; new survey from 2015; 2020 recalled (grade D)"}
    return [
        city("registered population", "population_hukou_registered_yearend", 1e4, (2018, 2019, 2020),
             fitted=(2018, 2019, 2020)),
        Series("growth of registered population", [f"{a}-{b}" for a, b in spans],
               np.array([estimates[b] / estimates[a] for a, b in spans]), ends[1:] / ends[:-1],
               note="old boundary with Laiwu interpolated; fitted for 2012-2016 as a whole"),
        flow("registered births", births, [2011, 2012, 2016, 2018, *COUNTED_YEARS], fitted=(2011, *COUNTED_YEARS),
             note="years without a published rate left out"),
        flow("registered deaths", deaths, [2016, 2018, *COUNTED_YEARS],
             note="registered late; the run has no delay of registration"),
        flow("births in city", behind, list(behind.index), fitted=range(2011, LAST_YEAR),
             note="births behind the children of the census of 2020"),
        city("urban income per head", "income_per_capita_urban", 1, (2020,), range(2010, 2018), fitted=(2020,), **old),
        city("urban rural income ratio", "income_ratio_urban_rural", 1, (2015, 2020), fitted=(2015, 2020)),
        city("gross domestic product", "gdp", 1e8, (2019, 2020), fitted=(2020,)),
        growth("gross domestic product", "gdp", (2012, 2013, 2014, 2015, 2016)),
        city("budget revenue", "general_public_budget_revenue", 1e8, (2020,), (2010, 2015), fitted=(2020,),
             note="2010 and 2015 old boundary"),
        city("public spending", "general_public_budget_expenditure", 1e8, (2020,), (2010, 2015), fitted=(2020,),
             note="2010 and 2015 old boundary; the run also counts spending outside the general budget"),
        Series("built-up area [km2]", (2020,), np.array([city_value(data, "built_up_area", 2020)]),
               history.state("built up area"), (2020,), "earlier counts cover the city districts of their time only"),
    ]  # fmt: skip
