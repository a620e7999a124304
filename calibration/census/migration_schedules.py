"""Who moves at what age, from the two censuses: the cohort-residual method.

Residual of a cohort = residents of 2020 - survivors of the same cohort of 2010. Positive residuals are people who came,
negative ones people who left; moves inside the city are part of a district's residual and cancel in the city's.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from scipy.optimize import nnls

from calibration.census.life_table import Mortality, rates_between, survivors
from calibration.census.single_years import AGES, OPEN_AGE, Vector, single_year_residents, women_share
from calibration.census.start_population import StartPopulation, age_curve
from calibration.observations import CITY, DISTRICTS

WORKING_AGES: Final = slice(15, 60)
#: Departures a year of unregistered residents aged 15-59 [1/year], grade E, range 0.04-0.10.
DEPARTURE_RATE: Final = 0.07
#: Relative departure rate by age, grade E: graduates leave at 22-24; few leave late in life.
DEPARTURE_POINTS: Final = {
    0: 0.6, 5: 0.5, 14: 0.4, 17: 0.3, 20: 0.4, 21: 2.0, 22: 7.5, 23: 7.5, 24: 5.5, 25: 3.5, 28: 1.5, 32: 1.0,
    40: 0.6, 50: 0.5, 60: 0.5, 70: 0.3, 85: 0.2,
}  # fmt: skip
#: Reference shape of arrivals, grade E [Rogers and Castro 1981, with entry to college at 18-19]; the residuals bend it.
ARRIVAL_POINTS: Final = {
    0: 0.5, 5: 0.35, 10: 0.2, 14: 0.2, 16: 0.6, 17: 1.2, 18: 8.0, 19: 4.0, 20: 1.4, 21: 1.2, 22: 1.6, 24: 1.5,
    28: 1.2, 32: 0.8, 40: 0.4, 50: 0.3, 60: 0.3, 70: 0.15, 85: 0.05,
}  # fmt: skip
#: Relative rates of coming back to the village, after school and before old age, and of moving between districts, a
#: Rogers-Castro curve with young families most; grade E (no count by age is at hand).
RETURN_POINTS: Final = {
    0: 0.7, 6: 0.6, 15: 0.3, 18: 0.4, 21: 1.2, 23: 1.6, 26: 1.3, 30: 1.0, 40: 0.8, 48: 1.0, 55: 1.3, 62: 1.1,
    75: 0.5, 85: 0.4,
}  # fmt: skip
INTERNAL_POINTS: Final = {
    0: 1.2, 5: 1.0, 10: 0.6, 15: 0.5, 18: 0.9, 22: 1.7, 26: 1.9, 30: 1.7, 35: 1.3, 40: 0.9, 50: 0.6, 60: 0.6,
    70: 0.5, 85: 0.5,
}  # fmt: skip
#: The least relative rate of leaving a village, for ages whose residual is not a loss [Dmnl], grade E.
LEAST_LEAVING: Final = 0.3
#: Weights of smoothness against fit in the two deconvolutions; larger is smoother.
ARRIVAL_SMOOTHNESS: Final = 30.0
LEAVING_SMOOTHNESS: Final = 30.0
#: Adults whose net migration the children under ten follow: past the ages at which students come and go.
PARENT_AGES: Final = slice(35, 50)


@dataclass(frozen=True)
class Residuals:
    """Cohort residuals 2010-2020.

    Net migrants of the decade by (district, age in 2020) [person]. Births by twelve months ending 31 October, 2011-2020
    [person/year]: children of 2020, less their migration, survived backwards; `children` are the same without taking
    migration off. Fertility is the total rate which those births imply [children per woman].
    """

    net: Vector
    births: pd.Series
    children: pd.Series
    fertility: pd.Series


def cohort_residuals(observations: pd.DataFrame, mortality: Mortality, shape: Vector) -> Residuals:
    """Net migration of each cohort and the births behind the children of 2020.

    Ages 10 and over: residents less survivors. Ages 0-9 have no cohort in 2010: they move with their parents, so their
    net migrants are a quarter (0-4) or three quarters (5-9), the part of the decade they lived, of the net migrants per
    resident aged 35-49, times the children [after Siegel and Hamilton 1952].
    """
    before = single_year_residents(observations, 2010).to_numpy().astype(float)
    after = single_year_residents(observations, 2020).to_numpy().astype(float)
    net = after - survivors(before, mortality.rates)
    moved = net[:, PARENT_AGES].sum(axis=1) / after[:, PARENT_AGES].sum(axis=1)
    for children, exposure in ((slice(0, 5), 0.25), (slice(5, 10), 0.75)):
        net[:, children] = after[:, children] * moved[:, None] * exposure
    city_after, city_net = after.sum(axis=0), net.sum(axis=0)
    lived = _child_survival(mortality)
    years = 2020 - np.arange(10)
    births = pd.Series((city_after[:10] - city_net[:10]) / lived, index=years).sort_index()
    children_born = pd.Series(city_after[:10] / lived, index=years).sort_index()
    women = women_share(observations, 2020)
    city_before = before.sum(axis=0)
    rate = {
        year: births[year] / float((_cohorts_between(city_before, city_after, year - 2010.5) * women) @ shape)
        for year in births.index
    }
    return Residuals(net=net, births=births, children=children_born, fertility=pd.Series(rate))


def relative_rates(points: dict[int, float]) -> Vector:
    """Relative rates by age from a few points, mean one over ages 15-59 [Dmnl], 86 ages."""
    return _mean_one(age_curve(points))


def leaving_profile(observations: pd.DataFrame, mortality: Mortality) -> Vector:
    """Relative rate of leaving villages by age, from the losses of districts that people leave, mean one over 15-59.

    Non-negative smooth yearly loss rates whose sum over ten years of age gives each cohort's log loss in the
    districts of origin. Children under 10 take the mean rate of ages 25-39, people of 60 and over that of ages 50-59:
    their losses cannot be told from the higher mortality there.
    """
    rows = [DISTRICTS.index(district) for district in CITY.origin_districts]
    before = single_year_residents(observations, 2010).to_numpy()[rows].sum(axis=0).astype(float)
    after = single_year_residents(observations, 2020).to_numpy()[rows].sum(axis=0).astype(float)
    alive = survivors(before, mortality.rates)
    loss = -np.log(_five_year_means(after)[10:] / _five_year_means(alive)[10:])
    path = _ages_lived()[10:]
    rate = _smooth_nonnegative(path, loss, np.ones(AGES), np.sqrt(alive[10:] / alive[10:].mean()), LEAVING_SMOOTHNESS)
    rate[:10] = rate[25:40].mean()
    rate[60:] = rate[50:60].mean()
    return _mean_one(np.maximum(_mean_one(rate), LEAST_LEAVING))


@dataclass(frozen=True)
class Arrivals:
    """Arrivals from outside the city in a year of the decade 2010-2020.

    Shares of all arrivals by (district, age at arrival) [Dmnl], arrivals of the city by age [person/year], and fitted
    less observed cohort residual of the city by age in 2020 [person].
    """

    schedule: Vector
    by_age: Vector
    misfit: Vector


def arrivals(residuals: Residuals, starts: tuple[StartPopulation, StartPopulation]) -> Arrivals:
    """Gross arrivals from outside the city by district and age, from the residuals and the start populations.

    City: non-negative arrivals g(a) a year such that, for the cohort of final age x,
    sum over a of years(x, a) stay(a, x) g(a) - U2010 (1 - stay) = residual(x),
    with g / reference shape smooth; stay(a, x) = exp(-departures between the ages), U2010 the unregistered.
    Districts: each age's arrivals in the ratio of those among the unregistered of 2020 who came since 2010,
    gain(x) = U2020 - U2010 stay where positive, carried back to the age of arrival; of all ages where none gained.
    """
    first, last = (s.other_province + s.province_scale * s.province_at_most for s in starts)
    yearly = DEPARTURE_RATE * relative_rates(DEPARTURE_POINTS)
    departed = np.concatenate([[0.0], np.cumsum(yearly)])[:AGES]
    final, age = np.indices((AGES, AGES))
    stay = np.exp(-np.maximum(departed[final] - departed[age], 0))
    path = _ages_lived() * stay

    target_age = np.minimum(np.arange(AGES) + 10, OPEN_AGE)
    stayed_share = np.exp(-(departed[target_age] - departed))
    stayed = np.zeros_like(first)
    lost = np.zeros(AGES)
    for a, x in enumerate(target_age):
        stayed[:, x] += first[:, a] * stayed_share[a]
        lost[x] += first[:, a].sum() * (1 - stayed_share[a])

    residents = starts[1].residents.sum(axis=0)
    # The error of a residual grows with the square root of the people it is a difference of.
    weight = np.sqrt(residents.mean() / residents)
    target = residuals.net.sum(axis=0) + lost
    by_age = _smooth_nonnegative(path, target, age_curve(ARRIVAL_POINTS), weight, ARRIVAL_SMOOTHNESS)
    gains = np.maximum(last - stayed, 0) @ path
    together = gains.sum(axis=0)
    # At an age at which no district gained, as where students left as many as came, all ages say where people go.
    of_age = np.where(
        together > 0, gains / np.where(together > 0, together, 1.0), gains.sum(axis=1, keepdims=True) / gains.sum()
    )
    schedule = of_age * by_age / by_age.sum()
    return Arrivals(schedule=schedule, by_age=by_age, misfit=path @ by_age - target)


def _ages_lived() -> Vector:
    """Years a cohort of final age x spent at each age in the decade before: half a year at both ends."""
    path = np.zeros((AGES, AGES))
    for final in range(AGES):
        for age in range(max(final - 10, 0), final + 1):
            path[final, age] = 0.5 if age in (final, final - 10) else 1.0
    return path


def _smooth_nonnegative(path: Vector, target: Vector, shape: Vector, weight: Vector, smoothness: float) -> Vector:
    """Least squares x >= 0 with path @ x = target and x / shape smooth."""
    second = np.diff(np.eye(AGES), n=2, axis=0)
    system = np.vstack([weight[:, None] * path * shape, smoothness * second])
    ratio, _ = nnls(system, np.concatenate([weight * target, np.zeros(len(second))]), maxiter=10_000)
    return np.asarray(ratio * shape)


def _child_survival(mortality: Mortality) -> Vector:
    """Share of those born in each of the ten years before the census who lived to it, by age 0-9."""
    alive = np.ones(10)
    for age in range(10):
        lived = [rates_between(mortality.rates, 2020 - age + a)[a] for a in range(age + 1)]
        alive[age] = np.exp(-sum(lived[:-1]) - 0.5 * lived[-1])
    return alive


def _cohorts_between(before: Vector, after: Vector, years: float) -> Vector:
    """People aged 15-49 some years after 2010; cohorts are interpolated, so that waves keep their birth years."""
    age = np.arange(AGES)
    start = np.interp(age - years, age, before)
    end = np.interp(age - years + 10, age, after)
    people = start + (end - start) * years / 10
    return np.where((age >= 15) & (age < 50), people, 0.0)


def _five_year_means(values: Vector) -> Vector:
    """Replace single years by the mean of their band: only band totals are evidence."""
    result = values.copy()
    for start in range(5, OPEN_AGE, 5):
        result[start : start + 5] = values[start : start + 5].mean()
    return result


def _mean_one(values: Vector) -> Vector:
    return np.asarray(values / values[WORKING_AGES].mean())
