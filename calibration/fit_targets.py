"""What the history run is compared with: observations up to 2020, each with its stated error and grade.

Time. Census day, 1 November, is treated as the end of the year, in 2010 and in 2020. So a year of the model is the
twelve months to October: counts of births and deaths are moved by two months, and compared with the mean of the four
quarters of the year. Year-end counts of registered people stay two months late, about 0.1 %. Incomes, output and
budgets of a year stand at its end, as they do where the policy run starts.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from calibration.derivation import derive
from calibration.observations import LAST_YEAR, city_value, district_values, read_observations
from calibration.vital_events import registered_events
from model.engine import CompiledModel

Array = npt.NDArray[np.float64]

FIRST_YEAR: Final = 2010
QUARTERS: Final = 4
#: First age of each band compared by district; derived single years within census bands.
BAND_STARTS: Final = (0, 10, 15, 25, 35, 60, 75)
#: Services with places to count: kindergarten to senior secondary school.
SCHOOL_SERVICES: Final = slice(1, 5)
END_STATE: Final = (
    "Population",
    "urban residents by district",
    "residents by group",
    "floor area per head by district",
    "House Price",
    "service coverage in city",
    "built up area",
    "job seekers per job",
)
COURSE: Final = (
    "registered population",
    "registered births",
    "registered deaths",
    "births in city",
    "deaths in city",
    "urban income per head",
    "urban rural income ratio",
    "gross domestic product",
    "budget revenue",
    "public spending",
)


@dataclass(frozen=True)
class History:
    """Runs from the census of 2010 to that of 2020.

    Attributes
    ----------
    end
        State at the end of 2020, first dim `run`.
    course
        City totals by quarter, dims (run, time).
    """

    end: xr.Dataset
    course: xr.Dataset

    def state(self, name: str) -> Array:
        """One variable at the end of 2020, run first."""
        return np.asarray(self.end[name].to_numpy(), dtype=float)

    def at(self, name: str, years: Sequence[int]) -> Array:
        """A city total at the end of each year, (run, year)."""
        values = np.asarray(self.course[name].to_numpy(), dtype=float)
        return values[:, [QUARTERS * (year - FIRST_YEAR) for year in years]]

    def over(self, name: str, years: Sequence[int]) -> Array:
        """Mean of a yearly flow over each year, (run, year): the step at a quarter's start carries the quarter."""
        values = np.asarray(self.course[name].to_numpy(), dtype=float)[:, :-1]
        means = values.reshape(len(values), -1, QUARTERS).mean(axis=2)
        return np.asarray(means[:, [year - FIRST_YEAR - 1 for year in years]])


def run_history(model: CompiledModel, changes: Mapping[str, Any] | None = None) -> History:
    """Run the model from the end of 2010 to the end of 2020, once or once for each entry of the changes' dim `run`."""
    span: dict[str, Any] = {"initial_time": FIRST_YEAR, "final_time": LAST_YEAR}
    end = model.run(changes, outputs=END_STATE, saveper=LAST_YEAR - FIRST_YEAR, **span).isel(time=-1)
    course = model.run(changes, outputs=COURSE, saveper=1 / QUARTERS, **span)
    if "run" not in course.dims:
        end, course = end.expand_dims("run"), course.expand_dims("run")
    return History(end.transpose("run", ...), course.transpose("run", "time"))


@dataclass(frozen=True)
class Target:
    """One series or table that the history run should meet.

    Attributes
    ----------
    name
        What is compared, with its unit.
    observed
        Observed values.
    error
        Standard error, relative unless `absolute`: counting error and what the model leaves out, as judged.
    grade
        Of the worst row used.
    source
        Where the values come from.
    simulate
        The same values from a history, run first.
    absolute
        Whether the error is in the unit of the values.
    """

    name: str
    observed: Array
    error: float
    grade: str
    source: str
    simulate: Callable[[History], Array]
    absolute: bool = False

    def residuals(self, history: History) -> Array:
        """Deviations in units of the error, (run, value)."""
        simulated = self.simulate(history)
        apart = simulated - self.observed if self.absolute else np.log(simulated / self.observed)
        return np.asarray(apart / self.error).reshape(len(simulated), -1)


def by_band(people: Array) -> Array:
    """Sum single years, the last axis, into the compared bands."""
    return np.asarray(np.add.reduceat(people, BAND_STARTS, axis=-1))


def same_months(events: pd.Series) -> pd.Series:
    """Move calendar-year counts to the twelve months to October; the first year is lost."""
    return (events.shift(1) * 2 / 12 + events * 10 / 12).dropna()


def targets(model: CompiledModel) -> tuple[Target, ...]:
    """Every target of the first fit.

    Parameters
    ----------
    model
        The city model: where the policy run starts from an assumption, the history run should end there too.

    Returns
    -------
    tuple of Target
        Nothing after 2020.

    Raises
    ------
    ObservationError
        If the data are missing or faulty.
    """
    start = model.run(outputs=END_STATE, final_time=LAST_YEAR + 1).isel(time=0)
    return (*_people(start), *_registration(), *_economy(), *_homes_and_services(start))


def _people(start: xr.Dataset) -> list[Target]:
    census = "census 2020 by district"
    tables = derive()
    by_age = tables.start[LAST_YEAR].residents
    urban = tables.urban_residents[LAST_YEAR]
    elsewhere = tables.start[LAST_YEAR].other_province.sum(axis=1)
    groups = start["residents by group"].to_numpy()
    births = tables.residuals.births.loc[: LAST_YEAR - 1]

    def everybody(history: History) -> Array:
        return np.asarray(history.state("Population").sum(axis=2))

    def urban_now(history: History) -> Array:
        return history.state("urban residents by district")

    return [
        Target(
            "residents by district and age band [person]", by_band(by_age), 0.03, "C", census,
            lambda h: by_band(everybody(h)),
        ),
        Target("residents by district [person]", by_age.sum(axis=1), 0.005, "B", census, lambda h: everybody(h).sum(2)),
        Target("residents [person]", by_age.sum(keepdims=True)[0], 0.001, "A", census,
               lambda h: everybody(h).sum((1, 2))[:, None]),
        Target("residents by age band [person]", by_band(by_age.sum(axis=0)), 0.01, "C", census,
               lambda h: by_band(everybody(h).sum(1))),
        Target("urban residents by district [person]", urban, 0.007, "B", census, urban_now),
        Target("urban residents [person]", urban.sum(keepdims=True), 0.001, "A", census,
               lambda h: urban_now(h).sum(1, keepdims=True)),
        Target("residents registered in other provinces by district [person]", elsewhere, 0.15, "B", census,
               lambda h: h.state("Population")[:, :, -1].sum(-1)),
        Target("residents by group [person]", groups, 0.02, "E", "start of the policy run, mostly assumed",
               lambda h: h.state("residents by group")),
        # The children under one of 2020 are left out: censuses miss infants.
        Target("births behind the children of 2020 [person/Year]", births.to_numpy(), 0.03, "C", "docs/data.md",
               lambda h: h.over("births in city", list(births.index))),
    ]  # fmt: skip


def registered_estimates() -> pd.Series:
    """Registered population by year end on the boundary of 2019, for years published without Laiwu [person].

    Laiwu lies on the line between its census of 2010 and the difference of both boundaries in 2018 (grade C).
    """
    data = read_observations()

    def published(year: int, boundary: str) -> float:
        return city_value(data, "population_hukou_registered_yearend", year, boundary) * 10_000

    years = np.array([2012, 2015, 2016, 2017])
    laiwu = (
        city_value(data, "population_hukou_registered", 2010, "Laiwu city"),
        published(2018, "new") - published(2018, "old"),
    )
    return pd.Series([published(year, "old") for year in years] + np.interp(years, (2010, 2018), laiwu), index=years)


def _registration() -> list[Target]:
    data = read_observations()
    levels = [2018, 2019, 2020]
    registered = np.array([city_value(data, "population_hukou_registered_yearend", y) for y in levels]) * 10_000
    estimates = registered_estimates()
    births = same_months(registered_events(data, "birth"))[[2011, 2019, 2020]]

    def growth(history: History) -> Array:
        ends = history.at("registered population", (2012, 2016))
        return ends[:, 1:] / ends[:, :1]

    return [
        Target("registered population [person]", registered, 0.002, "C", "yearbooks, boundary of 2019",
               lambda h: h.at("registered population", levels)),
        # The published year-ends do not join the census of 2010, so only their growth is used.
        Target("growth of the registered population 2012-2016 [Dmnl]", estimates[[2016]].to_numpy() / estimates[2012],
               0.004, "C", "yearbooks, Laiwu interpolated", growth),
        Target("registered births [person/Year]", births.to_numpy(), 0.05, "B", "yearbooks, communiques",
               lambda h: h.over("registered births", list(births.index))),
    ]  # fmt: skip


def _economy() -> list[Target]:
    data = read_observations()
    rows = (
        ("urban income per head", "income_per_capita_urban", 1.0, (2020,), 0.01, "D", "recalled; ratio of the plan"),
        ("urban rural income ratio", "income_ratio_urban_rural", 1.0, (2015, 2020), 0.01, "A", "plan 1.1"),
        ("gross domestic product", "gdp", 1e8, (2020,), 0.01, "A", "communique 2020"),
        ("budget revenue", "general_public_budget_revenue", 1e8, (2020,), 0.01, "A", "communique 2020"),
    )

    def target(
        name: str, variable: str, scale: float, years: tuple[int, ...], error: float, grade: str, source: str
    ) -> Target:
        observed = np.array([city_value(data, variable, year) for year in years]) * scale
        return Target(name, observed, error, grade, source, lambda h: h.at(name, years))

    return [target(*row) for row in rows]


def _homes_and_services(start: xr.Dataset) -> list[Target]:
    data = read_observations()
    floor = district_values(data, "housing_floor_area_per_capita", LAST_YEAR).to_numpy()
    residents = district_values(data, "population_resident", LAST_YEAR).to_numpy()
    assumed = "start of the policy run, assumed"
    coverage = start["service coverage in city"].to_numpy()[SCHOOL_SERVICES]

    def mean_floor(history: History) -> Array:
        people = history.state("Population").sum(axis=(2, 3))
        floors = history.state("floor area per head by district")
        return np.asarray((floors * people).sum(1) / people.sum(1))[:, None]

    return [
        Target("floor area per head by district [m2/person]", floor, 0.05, "B", "census 2020 by district",
               lambda h: h.state("floor area per head by district")),
        Target("floor area per head [m2/person]", np.array([floor @ residents / residents.sum()]), 0.01, "B",
               "census 2020 by district", mean_floor),
        Target("built-up area [km2]", np.array([city_value(data, "built_up_area", LAST_YEAR)]), 0.01, "A", "plan 1.1",
               lambda h: h.state("built up area")[:, None]),
        Target("house price, mean of districts [yuan/m2]", start["House Price"].to_numpy().mean(keepdims=True), 0.05,
               "E", assumed, lambda h: h.state("House Price").mean(1, keepdims=True)),
        Target("job seekers per job [person/job]", start["job seekers per job"].to_numpy()[None], 0.02, "E", assumed,
               lambda h: h.state("job seekers per job")[:, None]),
        Target("service coverage, kindergarten to senior school [Dmnl]", coverage, 0.02, "E", assumed,
               lambda h: h.state("service coverage in city")[:, SCHOOL_SERVICES], absolute=True),
    ]  # fmt: skip
