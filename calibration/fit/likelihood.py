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
    CITY,
    DISTRICTS,
    LAST_YEAR,
    ObservationError,
    city_value,
    district_values,
    read_observations,
)
from calibration.record import OLD, Use, record
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
PER_CENT: Final = 100
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
    labels: tuple[str, ...] = (CITY.region,)
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
    """Series that the calibration takes in beyond the first fit: deaths, births, homes, growth without levels.

    Examples
    --------
    >>> [target.years[-1] for target in further_targets()]
    [2020, 2018, 2016, 2017, 2018, 2018, 2018, 2020, 2018]
    """

    def price(history: History, years: tuple[int, ...]) -> Array:
        # Draws from wide priors may sell nothing for a year; they have no price and are refused.
        with np.errstate(invalid="ignore"):
            return history.over("home sales value", years) / history.over("homes sold", years)

    def wave(history: History, use: Use) -> Array:
        return np.asarray(
            history.over("homes sold", use.years).mean(1, keepdims=True)
            / history.over("homes sold", use.over).mean(1, keepdims=True)
        )

    series: list[Target | None] = [
        _declared("registered deaths", "death", 0.05, DECLARED_DEATHS_ERROR),
        _declared("registered births, years of rates", "birth", 0.06, DECLARED_BIRTHS_ERROR),
        _growth("gross domestic product", 0.03),
        _growth("urban income per head", 0.02),
        _growth("budget revenue", 0.06),
        _growth("general budget spending", 0.06),
        # Index and mean price part after 2015; the model starts from the mean in 2010 and in 2020.
        _growth("mean price of homes sold", 0.08, price),
    ]
    if use := record().series.get("homes sold"):
        series.append(
            _target("homes sold", "homes sold [m2/Year]", 0.15, lambda h: h.over("homes sold", use.years), scale=10_000,
                    memory=MEMORY)
        )  # fmt: skip
    if one := record().series.get("wave of homes sold"):
        sold, before = (
            np.array([city_value(read_observations(), record().variable("wave of homes sold"), year, one.boundary)
                      for year in years]) * 10_000
            for years in (one.years, one.over)
        )  # fmt: skip
        span = f"{one.years[0]}-{one.years[-1]} over {one.over[0]}-{one.over[-1]}"
        series.append(
            Target(f"homes sold, {span} [Dmnl]", sold.mean(keepdims=True) / before.mean(), 0.12, one.grade, one.source,
                   lambda h: wave(h, one), years=one.years[-1:], boundary=one.boundary)
        )  # fmt: skip
    return tuple(target for target in series if target is not None)


def _target(
    series: str,
    name: str,
    error: float,
    simulate: Callable[[History], Array],
    *,
    scale: float = 1.0,
    per: float = 1.0,
    **about: Any,
) -> Target | None:
    """Return what the record of the city says of a series as a target; None where it says nothing."""
    use = record().series.get(series)
    if use is None:
        return None
    data = read_observations()
    observed = np.array([city_value(data, record().variable(series), year, use.boundary) for year in use.years])
    return Target(
        name,
        observed * scale / per,
        error,
        use.grade,
        use.source,
        simulate,
        years=use.years,
        boundary=use.boundary,
        **about,
    )


def _declared(series: str, event: str, error: float, reporting: float) -> Target | None:
    """Return registered births or deaths of the twelve months to October as a target."""
    use = record().series.get(series)
    if use is None:
        return None
    name = f"registered {event}s"
    events = same_months(registered_events(read_observations(), event))[list(use.years)]
    return Target(
        f"{series} [person/Year]", events.to_numpy(), error, use.grade, use.source, lambda h: h.over(name, use.years),
        years=use.years, memory=MEMORY, reporting=reporting,
    )  # fmt: skip


def _growth(
    name: str, error: float, values: Callable[[History, tuple[int, ...]], Array] | None = None
) -> Target | None:
    """Return the growth of a series from one year of the record to the next as a target."""
    use = record().series.get(f"growth of {name}")
    if use is None:
        return None
    data, variable, years = read_observations(), record().variable(f"growth of {name}"), use.years
    observed = np.array([city_value(data, variable, year, use.boundary) for year in years])

    def simulate(history: History) -> Array:
        ends = history.at(name, years) if values is None else values(history, years)
        return ends[:, 1:] / ends[:, :-1]

    return Target(
        f"growth of {name}, {years[0]}-{years[-1]} [Dmnl]", observed[1:] / observed[:-1], error, use.grade, use.source,
        simulate, labels=tuple(f"{a}-{b}" for a, b in pairwise(years)), years=years[1:], boundary=use.boundary,
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
            # One schedule of students and school leavers for all districts cannot meet small counties at 15-24.
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
    """Registered population by year end on the present boundary, for years published before a part joined [person].

    That part lies on the line between its census of 2010 and the difference of both boundaries in the last year for
    which both are published (grade C). Without such a part, the published years themselves.
    """
    data = read_observations()
    variable = record().variable("growth of the registered population")
    rows = data[(data["variable"] == variable) & (data["region"] == CITY.region)]

    def published(boundary: str) -> pd.Series:
        chosen = rows[(rows["boundary"] == boundary) & (rows["year"] > FIRST_YEAR)].set_index("year")["value"]
        return chosen.sort_index() * 10_000

    new = published("new")
    if CITY.merged_region is None:
        return new
    old = published(OLD)
    both = max(set(old.index) & set(new.index))
    parts = (city_value(data, "population_hukou_registered", 2010, CITY.merged_region), new[both] - old[both])
    years = old.index[old.index < both].to_numpy()
    return pd.Series([old[year] for year in years] + np.interp(years, (2010, both), parts), index=years)


def _registration(start: xr.Dataset) -> list[Target]:
    origins = tuple(map(str, start["Settled Movers"]["Mover"].to_numpy()))
    series = record().series
    joined = series.get("growth of the registered population")

    def levels(name: str, variable: str) -> Callable[[History], Array]:
        return lambda h: h.at_year_end(variable, series[name].years)

    def growth(history: History, years: tuple[int, ...]) -> Array:
        ends = history.at_year_end("registered population", (years[0], years[-1]))
        return ends[:, 1:] / ends[:, :1]

    targets: list[Target | None] = [
        _target("registered population", "registered population [person]", 0.002,
                levels("registered population", "registered population"), scale=10_000, memory=MEMORY,
                discrepancy=0.004),
    ]  # fmt: skip
    if joined is not None:
        # The published year-ends do not join the census of 2010, so only their growth is used.
        first, last = joined.years[0], joined.years[-1]
        estimates = registered_estimates()
        targets.append(
            Target(f"growth of the registered population {first}-{last} [Dmnl]",
                   estimates[[last]].to_numpy() / estimates[first], 0.004, joined.grade, joined.source,
                   lambda h: growth(h, joined.years), years=(last,))
        )  # fmt: skip
    targets += [
        _declared("registered births", "birth", 0.05, DECLARED_BIRTHS_ERROR),
        # Registered growth less births and deaths that are themselves declared late.
        _target("net registered migration", "net registered migration [person/Year]", 0.12,
                lambda h: h.over("net registered migration", series["net registered migration"].years), scale=10_000,
                memory=MEMORY),
        _target("registered urbanization rate", "registered urbanization rate [Dmnl]", 0.006,
                levels("registered urbanization rate", "registered urbanization rate"), per=PER_CENT),
        _target("residents registered outside", f"residents registered outside {CITY.title['en']} [person]", 0.035,
                lambda h: h.state("residents by group")[:, -2:].sum(axis=1, keepdims=True), scale=10_000),
        Target("settled people by origin [person]", start["Settled Movers"].sum("District").to_numpy(), 0.1, "E",
               "start of the policy run, assumed", lambda h: h.state("Settled Movers").sum(axis=1), labels=origins,
               expected=lambda h: h.at_start("Settled Movers").sum(axis=1)),
    ]  # fmt: skip
    return [target for target in targets if target is not None]


def _economy() -> list[Target]:
    rows = (
        ("urban income per head", "yuan/(person*Year)", 1.0),
        ("urban rural income ratio", "Dmnl", 1.0),
        ("gross domestic product", "yuan/Year", 1e8),
        ("budget revenue", "yuan/Year", 1e8),
    )

    def target(name: str, unit: str, scale: float) -> Target | None:
        return _target(
            name,
            f"{name} [{unit}]",
            0.01,
            lambda h: h.at(name, record().series[name].years),
            scale=scale,
            memory=MEMORY,
        )

    return [made for row in rows if (made := target(*row)) is not None]


def _homes_and_services(start: xr.Dataset) -> list[Target]:
    data = read_observations()
    floor = district_values(data, "housing_floor_area_per_capita", LAST_YEAR).to_numpy()
    residents = district_values(data, "population_resident", LAST_YEAR).to_numpy()
    assumed = "start of the policy run, assumed"
    services = tuple(map(str, start["Service"].to_numpy()[SCHOOL_SERVICES]))
    large = record().series.get("large primary classes")
    built = _target("built-up area", "built-up area [km2]", 0.01, lambda h: h.state("built up area")[:, None],
                    discrepancy=0.015)  # fmt: skip
    crowded = _target("large primary classes", "large primary classes [Dmnl]", 0.1,
                      lambda h: h.at("large primary classes", large.years if large else ()), per=PER_CENT,
                      absolute=True, memory=MEMORY, discrepancy=0.15)  # fmt: skip

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
        *([] if built is None else [built]),
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
        *([] if crowded is None else [crowded]),
    ]  # fmt: skip
