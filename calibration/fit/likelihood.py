"""What the history run is compared with: observations up to 2020, each with its stated error and grade.

What was published later, and the run that it is compared with, stand in `calibration.fit.later_record`.

Time. The run starts and ends on census day, 1 November, of 2010 and 2020, so a year of the model is the twelve months
to October. Counts at the end of a year are compared with the run two months later, between two of its quarters. Counts
of births and deaths of calendar years are moved by two months, and compared with the mean of the four quarters.
Incomes, output, budgets and sales of a year stand on its census day, as they do where the policy run starts.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from calibration.census.derivation import derive
from calibration.census.vital_events import registered_events
from calibration.observations import (
    DISTRICTS,
    LAST_YEAR,
    ObservationError,
    city_value,
    district_values,
    read_observations,
)
from model.engine import CompiledModel

Array = npt.NDArray[np.float64]

FIRST_YEAR: Final = 2010
QUARTERS: Final = 4
#: Part of the quarter after census day that has passed at the end of the calendar year.
YEAR_END: Final = 2 / 3
#: First age of each band compared by district; derived single years within census bands.
BAND_STARTS: Final = (0, 10, 15, 25, 35, 60, 75)
BAND_NAMES: Final = ("0-9", "10-14", "15-24", "25-34", "35-59", "60-74", "75+")
#: Standard error of a published number by grade, relative (of a share in points): counting and derivation.
MEASUREMENT_ERROR: Final = {"A": 0.001, "B": 0.003, "C": 0.01, "D": 0.02, "E": 0.04}
#: Years over which what the model leaves out of a yearly series stays alike.
MEMORY: Final = 5.0
#: Relative standard error of a year's declared deaths: the rates of 2010-2020 (8.4, 6.7, 8.1, 6.3, 7.0, 6.6 and 7.3
#: per mille) swing by 0.11 about their mean, which no mortality does.
DECLARED_DEATHS_ERROR: Final = 0.11
#: The same of births, which are declared sooner; judged.
DECLARED_BIRTHS_ERROR: Final = 0.03
#: Where the yearly series of homes and budgets come from.
NBS: Final = "statistics of main cities"
#: Services with places to count: kindergarten to hospital.
SCHOOL_SERVICES: Final = slice(1, 5)
END_STATE: Final = (
    "Population",
    "urban residents by district",
    "residents by group",
    "floor area per head by district",
    "House Price",
    "service capacity in city",
    "service need in city",
    "built up area",
    "job seekers per job",
    "Settled Movers",
    "Municipal Debt",
)
#: What the policy run assumes of 2020 and the history run should end near.
START_STATE: Final = (
    "residents by group",
    "House Price",
    "service capacity in city",
    "service need in city",
    "job seekers per job",
    "Settled Movers",
    "Municipal Debt",
)
COURSE: Final = (
    "registered population",
    "registered births",
    "registered deaths",
    "registered urbanization rate",
    "net registered migration",
    "births in city",
    "deaths in city",
    "urban income per head",
    "urban rural income ratio",
    "gross domestic product",
    "budget revenue",
    "general budget spending",
    "large primary classes",
    "homes sold",
    "home sales value",
)


@dataclass(frozen=True)
class History:
    """Runs from the census of 2010 to that of 2020: their end, city totals by quarter, and start of the policy run."""

    end: xr.Dataset
    course: xr.Dataset
    start: xr.Dataset | None = None
    #: The policy run by calendar year, for an ensemble that has seen more than the record to 2020.
    later: xr.Dataset | None = None

    def state(self, name: str) -> Array:
        """One variable at the end of 2020, run first."""
        return np.asarray(self.end[name].to_numpy(), dtype=float)

    def at_start(self, name: str) -> Array:
        """One variable where the policy run starts, run first."""
        assert self.start is not None
        return np.asarray(self.start[name].to_numpy(), dtype=float)

    def after_2020(self, name: str, years: Sequence[int]) -> Array:
        """What the policy run says of published years, (run, year)."""
        assert self.later is not None
        return np.asarray(self.later[name].sel(time=list(years)).to_numpy(), dtype=float)

    def at(self, name: str, years: Sequence[int]) -> Array:
        """A city total on census day, 1 November, of each year, (run, year)."""
        values = np.asarray(self.course[name].to_numpy(), dtype=float)
        return values[:, [QUARTERS * (year - FIRST_YEAR) for year in years]]

    def at_year_end(self, name: str, years: Sequence[int]) -> Array:
        """A city total on 31 December of each year, (run, year); that of the last goes on from its last quarter."""
        values = np.asarray(self.course[name].to_numpy(), dtype=float)
        quarters = [QUARTERS * (year - FIRST_YEAR) for year in years]
        follows = [min(quarter, values.shape[1] - 2) for quarter in quarters]
        slope = np.diff(values, axis=1)[:, follows]
        return np.asarray(values[:, quarters] + YEAR_END * slope)

    def over(self, name: str, years: Sequence[int]) -> Array:
        """Mean of a yearly flow over each year, (run, year): the step at a quarter's start carries the quarter."""
        values = np.asarray(self.course[name].to_numpy(), dtype=float)[:, :-1]
        means = values.reshape(len(values), -1, QUARTERS).mean(axis=2)
        return np.asarray(means[:, [year - FIRST_YEAR - 1 for year in years]])


def run_history(
    model: CompiledModel, changes: Mapping[str, Any] | None = None, *, keep_non_finite: bool = False
) -> History:
    """Run the model from the end of 2010 to the end of 2020, once or once for each entry of the changes' dim `run`."""
    span: dict[str, Any] = {"initial_time": FIRST_YEAR, "final_time": LAST_YEAR, "keep_non_finite": keep_non_finite}
    last: dict[str, Any] = dict.fromkeys(END_STATE, "final")
    past = model.run(changes, outputs=[*END_STATE, *COURSE], saveper=1 / QUARTERS, reduce=last, **span)
    moment: dict[str, Any] = {"initial_time": float(LAST_YEAR), "final_time": float(LAST_YEAR), "saveper": 1.0}
    start = model.run(changes, outputs=START_STATE, keep_non_finite=keep_non_finite, **moment).isel(time=0)
    past, start = (part if "run" in part.dims else part.expand_dims("run") for part in (past, start))
    end, course = past[list(END_STATE)], past[list(COURSE)]
    return History(end.transpose("run", ...), course.transpose("run", "time"), start.transpose("run", ...))


@dataclass(frozen=True)
class Target:
    """One series or table that the history run should meet."""

    #: What is compared, with its unit.
    name: str
    #: Observed values.
    observed: Array
    #: Standard error, relative unless `absolute`: counting error and what the model leaves out, as judged.
    error: float
    #: Of the worst row used.
    grade: str
    #: Where the values come from.
    source: str
    #: The same values from a history, run first.
    simulate: Callable[[History], Array]
    #: Whether the error is in the unit of the values.
    absolute: bool = False
    #: District, age band or group of each value, or one for all.
    labels: tuple[str, ...] = ("Jinan",)
    #: Year of each value, or one for all.
    years: tuple[int, ...] = (LAST_YEAR,)
    #: Years over which what the model leaves out stays alike; 0 for values that err independently.
    memory: float = 0.0
    #: Of the observed values.
    boundary: str = "new"
    #: For what is not observed but assumed: the same values where the policy run of the same parameters starts.
    expected: Callable[[History], Array] | None = None
    #: What the calibration allows for what the model leaves out, for all values or for each; None for `error`, which
    #: the first fit takes.
    discrepancy: float | Array | None = None
    #: Relative standard error of a year's declarations about what happened in it, new in each year.
    reporting: float = 0.0
    #: Covariance of the deviations where it is not that of `covariance`: what builds up from nothing in 2020.
    stated: Array | None = None

    def residuals(self, history: History) -> Array:
        """Deviations in units of the error, (run, value)."""
        return self._deviations_from(history, self.observed) / self.error

    def deviations(self, history: History) -> Array:
        """Deviations, relative unless `absolute`, of each run from what is observed or its own start, (run, value)."""
        return self._deviations_from(history, self.observed if self.expected is None else self.expected(history))

    def whitened(self, history: History) -> Array:
        """Deviations without size and correlation of their errors: standard normal if all is right, (run, value)."""
        deviations = self.deviations(history)
        return deviations / self.deviation if self.memory == 0 else np.asarray(deviations @ self.whitening.T)

    @property
    def measurement(self) -> float:
        """Standard error of the published numbers, by grade and of what is declared; none for the run's own start."""
        counting = 0.0 if self.expected is not None else MEASUREMENT_ERROR[self.grade]
        return float(np.hypot(counting, self.reporting))

    @property
    def covariance(self) -> Array:
        """Covariance of the deviations: measurement apart for each value, what the model leaves out with a memory."""
        if self.stated is not None:
            return self.stated
        years = np.repeat(self.years, self.observed.size // len(self.years))
        alike = np.exp(-abs(years[:, None] - years) / self.memory) if self.memory else np.eye(years.size)
        size = self.left_out
        return np.asarray(self.measurement**2 * np.eye(years.size) + np.outer(size, size) * alike)

    @property
    def left_out(self) -> Array:
        """Standard error of each value by what the model leaves out."""
        chosen = self.error if self.discrepancy is None else self.discrepancy
        return np.asarray(chosen, dtype=np.float64) * np.ones(self.observed.size)

    @cached_property
    def deviation(self) -> Array:
        """Standard deviation of each deviation."""
        return np.asarray(np.sqrt(np.diag(self.covariance)))

    @cached_property
    def whitening(self) -> Array:
        """Inverse of the lower Cholesky factor of the covariance."""
        return np.asarray(np.linalg.inv(np.linalg.cholesky(self.covariance)), dtype=np.float64)

    def _deviations_from(self, history: History, reference: Array) -> Array:
        simulated = self.simulate(history)
        with np.errstate(invalid="ignore", divide="ignore"):
            deviations = simulated - reference if self.absolute else np.log(simulated / reference)
        return np.asarray(deviations).reshape(len(simulated), -1)


def by_band(people: Array) -> Array:
    """Sum single years, the last axis, into the compared bands."""
    return np.asarray(np.add.reduceat(people, BAND_STARTS, axis=-1))


def same_months(events: pd.Series) -> pd.Series:
    """Move calendar-year counts to the twelve months to October; the first year is lost."""
    return (events.shift(1) * 2 / 12 + events * 10 / 12).dropna()


def targets(model: CompiledModel) -> tuple[Target, ...]:
    """Targets of the first fit; where the policy run starts from an assumption, the history run should end too."""
    start = model.run(outputs=END_STATE, final_time=LAST_YEAR + 1).isel(time=0)
    return (*_people(start), *_registration(start), *_economy(), *_homes_and_services(start))


def further_targets() -> tuple[Target, ...]:
    """Series that the calibration takes in beyond the first fit: deaths, births, homes, growth on the old boundary.

    Examples
    --------
    >>> [target.years[-1] for target in further_targets()]
    [2020, 2018, 2016, 2017, 2018, 2018, 2018, 2020, 2018]
    """
    data = read_observations()
    births, deaths = (same_months(registered_events(data, event)) for event in ("birth", "death"))
    death_years, birth_years = [2016, 2018, 2019, 2020], [2012, 2016, 2018]
    yearbooks = "yearbooks, communiques"

    def sold(years: Sequence[int], boundary: str) -> Array:
        return np.array([city_value(data, "commodity_residential_sales_area", y, boundary) for y in years]) * 10_000

    def price(history: History, years: tuple[int, ...]) -> Array:
        return history.over("home sales value", years) / history.over("homes sold", years)

    def growth(
        name: str,
        variable: str,
        years: tuple[int, ...],
        error: float,
        source: str,
        values: Callable[[History, tuple[int, ...]], Array] | None = None,
    ) -> Target:
        observed = np.array([city_value(data, variable, year, "old") for year in years])

        def simulate(history: History) -> Array:
            ends = history.at(name, years) if values is None else values(history, years)
            return ends[:, 1:] / ends[:, :-1]

        return Target(
            f"growth of {name}, {years[0]}-{years[-1]} [Dmnl]", observed[1:] / observed[:-1], error, "B", source,
            simulate, labels=tuple(f"{a}-{b}" for a, b in pairwise(years)), years=years[1:], boundary="old",
        )  # fmt: skip

    return (
        Target("registered deaths [person/Year]", deaths[death_years].to_numpy(), 0.05, "C", yearbooks,
               lambda h: h.over("registered deaths", death_years), years=tuple(death_years), memory=MEMORY,
               reporting=DECLARED_DEATHS_ERROR),
        Target("registered births, years of rates [person/Year]", births[birth_years].to_numpy(), 0.06, "C", yearbooks,
               lambda h: h.over("registered births", birth_years), years=tuple(birth_years), memory=MEMORY,
               reporting=DECLARED_BIRTHS_ERROR),
        growth("gross domestic product", "gdp", (2012, 2014, 2016), 0.03, "books and press"),
        growth("urban income per head", "income_per_capita_urban", (2015, 2017), 0.02, "compilation"),
        growth("budget revenue", "general_public_budget_revenue", (2012, 2015, 2018), 0.06, NBS),
        growth("general budget spending", "general_public_budget_expenditure", (2012, 2015, 2018), 0.06, NBS),
        # Index and mean price part after 2015; the model starts from the mean in 2010 and in 2020.
        growth("mean price of homes sold", "commodity_residential_average_price", (2012, 2015, 2018), 0.08, NBS, price),
        Target("homes sold [m2/Year]", sold([2019, 2020], "new"), 0.15, "A", NBS,
               lambda h: h.over("homes sold", [2019, 2020]), years=(2019, 2020), memory=MEMORY),
        # The wave of 2015-2018 over the four years before it; single years have no cause in the model.
        Target("homes sold, 2015-2018 over 2011-2014 [Dmnl]",
               sold(range(2015, 2019), "old").mean(keepdims=True) / sold(range(2011, 2015), "old").mean(), 0.12, "A",
               NBS,
               lambda h: h.over("homes sold", range(2015, 2019)).mean(1, keepdims=True)
               / h.over("homes sold", range(2011, 2015)).mean(1, keepdims=True), years=(2018,), boundary="old"),
    )  # fmt: skip


def calibration_targets(model: CompiledModel) -> tuple[Target, ...]:
    """Everything that the calibration compares the history run with; values after 2020 are an `ObservationError`."""
    series = (*targets(model), *further_targets())
    refuse_later(series, LAST_YEAR)
    return series


def refuse_later(series: Iterable[Target], last: int) -> None:
    """Refuse values of years after the last that may be seen.

    Raises
    ------
    ObservationError
        Naming the series.
    """
    late = [target.name for target in series if max(target.years) > last]
    if late:
        message = f"observations after {last} are withheld: {', '.join(late)}"
        raise ObservationError(message)


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
            lambda h: by_band(everybody(h)), labels=tuple(f"{d} {b}" for d in DISTRICTS for b in BAND_NAMES),
            # One schedule of students and school leavers for all districts cannot meet the small counties at 15-24.
            discrepancy=np.tile(np.where(np.array(BAND_NAMES) == "15-24", 0.12, 0.04), len(DISTRICTS)),
        ),
        Target("residents by district [person]", by_age.sum(axis=1), 0.005, "B", census, lambda h: everybody(h).sum(2),
               labels=DISTRICTS, discrepancy=0.015),
        Target("residents [person]", by_age.sum(keepdims=True)[0], 0.001, "A", census,
               lambda h: everybody(h).sum((1, 2))[:, None], discrepancy=0.004),
        Target("residents by age band [person]", by_band(by_age.sum(axis=0)), 0.01, "C", census,
               lambda h: by_band(everybody(h).sum(1)), labels=BAND_NAMES, discrepancy=0.015),
        Target("urban residents by district [person]", urban, 0.007, "B", census, urban_now, labels=DISTRICTS,
               discrepancy=0.02),
        Target("urban residents [person]", urban.sum(keepdims=True), 0.001, "A", census,
               lambda h: urban_now(h).sum(1, keepdims=True), discrepancy=0.004),
        Target("residents registered in other provinces by district [person]", elsewhere, 0.15, "B", census,
               lambda h: h.state("Population")[:, :, -1].sum(-1), labels=DISTRICTS, discrepancy=0.2),
        Target("residents by group [person]", groups, 0.02, "E", "start of the policy run, mostly assumed",
               lambda h: h.state("residents by group"), labels=tuple(map(str, start["Group"].to_numpy())),
               expected=lambda h: h.at_start("residents by group"), discrepancy=0.04),
        # The children under one of 2020 are left out: censuses miss infants.
        Target("births behind the children of 2020 [person/Year]", births.to_numpy(), 0.03, "C", "docs/data.md",
               lambda h: h.over("births in city", list(births.index)), years=tuple(births.index), memory=MEMORY),
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


def _registration(start: xr.Dataset) -> list[Target]:
    data = read_observations()
    levels = [2018, 2019, 2020]
    registered = np.array([city_value(data, "population_hukou_registered_yearend", y) for y in levels]) * 10_000
    estimates = registered_estimates()
    births = same_months(registered_events(data, "birth"))[[2011, 2019, 2020]]
    moved_in = [city_value(data, "hukou_net_migration_derived", year) * 10_000 for year in (2019, 2020)]
    rate = city_value(data, "hukou_urbanization_rate", 2019) / 100
    outside = city_value(data, "residents_hukou_outside_jinan", 2020) * 10_000
    origins = tuple(map(str, start["Settled Movers"]["Mover"].to_numpy()))

    def growth(history: History) -> Array:
        ends = history.at_year_end("registered population", (2012, 2016))
        return ends[:, 1:] / ends[:, :1]

    return [
        Target("registered population [person]", registered, 0.002, "C", "yearbooks, boundary of 2019",
               lambda h: h.at_year_end("registered population", levels), years=tuple(levels), memory=MEMORY,
               discrepancy=0.004),
        # The published year-ends do not join the census of 2010, so only their growth is used.
        Target("growth of the registered population 2012-2016 [Dmnl]", estimates[[2016]].to_numpy() / estimates[2012],
               0.004, "C", "yearbooks, Laiwu interpolated", growth, years=(2016,)),
        Target("registered births [person/Year]", births.to_numpy(), 0.05, "B", "yearbooks, communiques",
               lambda h: h.over("registered births", list(births.index)), years=tuple(births.index), memory=MEMORY,
               reporting=DECLARED_BIRTHS_ERROR),
        # Registered growth less births and deaths that are themselves declared late.
        Target("net registered migration [person/Year]", np.array(moved_in), 0.12, "C", "yearbooks, events declared",
               lambda h: h.over("net registered migration", [2019, 2020]), years=(2019, 2020), memory=MEMORY),
        Target("registered urbanization rate [Dmnl]", np.array([rate]), 0.006, "B", "press conference, 2020-12-17",
               lambda h: h.at_year_end("registered urbanization rate", [2019]), years=(2019,)),
        Target("residents registered outside Jinan [person]", np.array([outside]), 0.035, "C",
               "census 2020, moves within the city taken out",
               lambda h: h.state("residents by group")[:, -2:].sum(axis=1, keepdims=True)),
        Target("settled people by origin [person]", start["Settled Movers"].sum("District").to_numpy(), 0.1, "E",
               "start of the policy run, assumed", lambda h: h.state("Settled Movers").sum(axis=1), labels=origins,
               expected=lambda h: h.at_start("Settled Movers").sum(axis=1)),
    ]  # fmt: skip


def _economy() -> list[Target]:
    data = read_observations()
    rows = (
        ("urban income per head", "income_per_capita_urban", "yuan/(person*Year)", 1.0, (2020,), 0.01, "D",
         "recalled; ratio of the plan"),
        ("urban rural income ratio", "income_ratio_urban_rural", "Dmnl", 1.0, (2015, 2020), 0.01, "A", "plan 1.1"),
        ("gross domestic product", "gdp", "yuan/Year", 1e8, (2020,), 0.01, "A", "communique 2020"),
        ("budget revenue", "general_public_budget_revenue", "yuan/Year", 1e8, (2020,), 0.01, "A", "communique 2020"),
    )  # fmt: skip

    def target(
        name: str, variable: str, unit: str, scale: float, years: tuple[int, ...], error: float, grade: str, source: str
    ) -> Target:
        observed = np.array([city_value(data, variable, year) for year in years]) * scale
        return Target(
            f"{name} [{unit}]", observed, error, grade, source, lambda h: h.at(name, years), years=years, memory=MEMORY
        )

    return [target(*row) for row in rows]


def _homes_and_services(start: xr.Dataset) -> list[Target]:
    data = read_observations()
    floor = district_values(data, "housing_floor_area_per_capita", LAST_YEAR).to_numpy()
    residents = district_values(data, "population_resident", LAST_YEAR).to_numpy()
    assumed = "start of the policy run, assumed"
    services = tuple(map(str, start["Service"].to_numpy()[SCHOOL_SERVICES]))
    large = np.array([city_value(data, "share_large_classes_primary", year, "old") for year in (2015, 2016)]) / 100

    def places(state: Callable[[str], Array]) -> Array:
        """Places over those that all residents need: children find one in larger classes too."""
        return (state("service capacity in city") / state("service need in city"))[:, SCHOOL_SERVICES]

    def mean_floor(history: History) -> Array:
        people = history.state("Population").sum(axis=(2, 3))
        floors = history.state("floor area per head by district")
        return np.asarray((floors * people).sum(1) / people.sum(1))[:, None]

    return [
        Target("floor area per head by district [m2/person]", floor, 0.05, "B", "census 2020 by district",
               lambda h: h.state("floor area per head by district"), labels=DISTRICTS, discrepancy=0.08),
        Target("floor area per head [m2/person]", np.array([floor @ residents / residents.sum()]), 0.01, "B",
               "census 2020 by district", mean_floor, discrepancy=0.02),
        Target("built-up area [km2]", np.array([city_value(data, "built_up_area", LAST_YEAR)]), 0.01, "A", "plan 1.1",
               lambda h: h.state("built up area")[:, None], discrepancy=0.015),
        Target("house price, mean of districts [yuan/m2]", start["House Price"].to_numpy().mean(keepdims=True), 0.05,
               "E", assumed, lambda h: h.state("House Price").mean(1, keepdims=True),
               expected=lambda h: h.at_start("House Price").mean(1, keepdims=True), discrepancy=0.08),
        Target("municipal debt [yuan]", start["Municipal Debt"].to_numpy()[None], 0.03, "D", assumed,
               lambda h: h.state("Municipal Debt")[:, None], expected=lambda h: h.at_start("Municipal Debt")[:, None],
               discrepancy=0.08),
        Target("job seekers per job [person/job]", start["job seekers per job"].to_numpy()[None], 0.02, "E", assumed,
               lambda h: h.state("job seekers per job")[:, None],
               expected=lambda h: h.at_start("job seekers per job")[:, None]),
        Target("places over need, kindergarten to hospital [Dmnl]",
               places(lambda name: start[name].to_numpy()[None])[0], 0.02, "E", assumed, lambda h: places(h.state),
               absolute=True, labels=services, expected=lambda h: places(h.at_start), discrepancy=0.05),
        # Of the city without Laiwu, whose centre is more crowded than the whole.
        Target("large primary classes [Dmnl]", large, 0.1, "B", "press",
               lambda h: h.at("large primary classes", (2015, 2016)), absolute=True,
               years=(2015, 2016), memory=MEMORY, boundary="old", discrepancy=0.15),
    ]  # fmt: skip
