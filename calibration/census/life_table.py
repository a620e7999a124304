"""Death rates by single age: a Gompertz-Makeham curve with a child term, fitted to what the data say on deaths."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from scipy.optimize import brentq, minimize_scalar

from calibration.census.single_years import AGES, OPEN_AGE, Vector, single_year_residents
from calibration.observations import CITY, city_value, district_values
from calibration.record import OLD

#: Death rates that neither deaths nor survivors in the data can fix [1/year], grade E. Plausible ranges: infant
#: 0.004-0.009 (2010), 0.002-0.005 (2020); age one 0.0005-0.0012, 0.0002-0.0006; background 0.0001-0.0004.
INFANT_RATE: Final = {2010: 0.006, 2020: 0.003}
CHILD_RATE: Final = {2010: 0.0008, 2020: 0.0004}
BACKGROUND_RATE: Final = {2010: 0.00025, 2020: 0.0002}
CHILD_DECLINE_YEARS: Final = 2.0
REFERENCE_AGE: Final = 60.0
LAST_AGE_OF_INTEGRATION: Final = 125
#: Cohorts used for the slope: 65 and over in 2010, whose migration is small.
FIRST_SLOPE_AGE: Final = 75


@dataclass(frozen=True)
class Mortality:
    """Death rates of the two census years and what they were fitted to.

    Rates are central death rates [1/year] of 86 ages, the last the open interval 85 and over; the slope is their growth
    with age [1/year of age]. The cohort ratio is residents of 2020 over survivors of the cohorts of 2010, by first age
    of the five-year band in 2020.
    """

    rates: dict[int, Vector]
    slope: float
    life_expectancy: dict[int, float]
    deaths: dict[int, float]
    cohort_ratio: dict[int, float]


def death_rates(level: float, slope: float, year: int) -> Vector:
    """Central death rates [1/year] of 86 ages from the senescent rate at age 60 and its growth with age.

    Infant rate; then background + child * exp(-(a - 1) / 2) + level * exp(slope * (a - 60)). The open interval's rate
    is one over the remaining life expectancy at 85 on the same curve.
    """
    age = np.arange(AGES, dtype=float)
    rates: Vector = (
        BACKGROUND_RATE[year]
        + CHILD_RATE[year] * np.exp(-(age - 1) / CHILD_DECLINE_YEARS)
        + level * np.exp(slope * (age - REFERENCE_AGE))
    )
    rates[0] = INFANT_RATE[year]
    old = np.arange(OPEN_AGE, LAST_AGE_OF_INTEGRATION) + 0.5
    force = BACKGROUND_RATE[year] + level * np.exp(slope * (old - REFERENCE_AGE))
    alive = np.concatenate([[1.0], np.exp(-np.cumsum(force))])
    rates[OPEN_AGE] = 1 / ((alive[1:] + alive[:-1]) / 2).sum()
    return rates


def life_expectancy(rates: Vector) -> float:
    """Life expectancy at birth [year] of a stationary population with these rates, the last of them open.

    The rate is taken constant within each year of age [Preston, Heuveline and Guillot 2001, ch. 3].

    Examples
    --------
    >>> round(life_expectancy(np.full(86, 0.0125)), 6)
    80.0
    """
    alive = np.exp(-np.concatenate([[0.0], np.cumsum(rates[:OPEN_AGE])]))
    lived = (alive[:-1] - alive[1:]) / rates[:OPEN_AGE]
    return float(lived.sum() + alive[-1] / rates[OPEN_AGE])


def rates_between(mortality_rates: dict[int, Vector], year: float) -> Vector:
    """Death rates [1/year] at a moment between the censuses, geometric in time.

    Examples
    --------
    >>> bool(rates_between({2010: np.full(86, 0.04), 2020: np.full(86, 0.01)}, 2015)[0].round(3) == 0.02)
    True
    """
    weight = (year - 2010) / 10
    return np.asarray(mortality_rates[2010] ** (1 - weight) * mortality_rates[2020] ** weight)


def survivors(residents: Vector, mortality_rates: dict[int, Vector]) -> Vector:
    """Residents of 2010, by single age in the last axis, who would be alive in 2020 had nobody moved; none of ages 0-9.

    Examples
    --------
    >>> none = {2010: np.full(86, 1e-12), 2020: np.full(86, 1e-12)}
    >>> float(survivors(np.ones(86), none)[85].round(6))
    11.0
    """
    people = np.array(residents, dtype=float)
    for year in range(10):
        people = people * np.exp(-rates_between(mortality_rates, 2010.5 + year))
        older = np.zeros_like(people)
        older[..., 1:] = people[..., :-1]
        older[..., OPEN_AGE] += people[..., OPEN_AGE]
        people = older
    return people


def census_deaths_2010(observations: pd.DataFrame) -> float:
    """Deaths in the year before the census of 2010 [person/year]: census rates times residents, of each part."""
    if CITY.merged_region is None:
        # Rates by district where there is none of the city.
        known = observations[(observations["variable"] == "death_rate_census") & (observations["year"] == 2010)]
        if CITY.region not in set(known["region"]):
            rates, residents = (
                district_values(observations, name, 2010) for name in ("death_rate_census", "population_resident")
            )
            return float((rates / 1000 * residents).sum())
    parts = [
        city_value(observations, "death_rate_census", 2010, b)
        / 1000
        * city_value(observations, "population_resident", 2010, b)
        for b in (("new",) if CITY.merged_region is None else (OLD, CITY.merged_region))
    ]
    return sum(parts)


def fit_mortality(observations: pd.DataFrame) -> Mortality:
    """Fit the death rates of 2010 and 2020, both sexes together.

    The level of 2020 gives the life expectancy published for 2020, the level of 2010 the census's deaths of 2010, and
    the common slope the survival of the cohorts aged 65 and over in 2010 (least squares of the log ratio of residents
    of 2020 to survivors). No life table of the city was found.
    """
    before = single_year_residents(observations, 2010).sum("district").to_numpy().astype(float)
    after = single_year_residents(observations, 2020).sum("district").to_numpy().astype(float)
    published = city_value(observations, "life_expectancy", 2020)
    deaths = census_deaths_2010(observations)

    def rates_for(slope: float) -> dict[int, Vector]:
        level_2020 = np.exp(
            brentq(lambda v: life_expectancy(death_rates(np.exp(v), slope, 2020)) - published, -9, -2, xtol=1e-13)
        )
        level_2010 = np.exp(
            brentq(lambda v: float(death_rates(np.exp(v), slope, 2010) @ before) - deaths, -9, -2, xtol=1e-13)
        )
        return {2010: death_rates(level_2010, slope, 2010), 2020: death_rates(level_2020, slope, 2020)}

    def ratios(slope: float) -> dict[int, float]:
        alive = survivors(before, rates_for(slope))
        stops = {a: (a + 5 if a < OPEN_AGE else AGES) for a in range(50, 90, 5)}
        return {a: float(after[a:b].sum() / alive[a:b].sum()) for a, b in stops.items()}

    def misfit(slope: float) -> float:
        return float(sum(np.log(r) ** 2 for a, r in ratios(slope).items() if a >= FIRST_SLOPE_AGE))

    slope = float(minimize_scalar(misfit, bounds=(0.08, 0.13), method="bounded", options={"xatol": 1e-9}).x)
    rates = rates_for(slope)
    return Mortality(
        rates=rates,
        slope=slope,
        life_expectancy={y: life_expectancy(r) for y, r in rates.items()},
        deaths={2010: float(rates[2010] @ before), 2020: float(rates[2020] @ after)},
        cohort_ratio=ratios(slope),
    )
