"""All derived tables of the model in one deterministic computation from the observations of the city."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from calibration.census.fertility import fertility_shape
from calibration.census.life_table import Mortality, fit_mortality
from calibration.census.migration_schedules import (
    DEPARTURE_POINTS,
    INTERNAL_POINTS,
    RETURN_POINTS,
    Arrivals,
    Residuals,
    arrivals,
    cohort_residuals,
    leaving_profile,
    relative_rates,
)
from calibration.census.single_years import Vector, women_share, women_share_change
from calibration.census.start_population import StartPopulation, registered_total, start_population
from calibration.observations import district_values, read_observations

CENSUS_YEARS: Final = (2010, 2020)


@dataclass(frozen=True)
class DerivedTables:
    """Everything the derived block is printed from.

    By census year: start populations; urban residents [person], floor area [m2/person], household size and share of
    family households [Dmnl] of the districts; registered population [person]. Shares and profiles have 86 ages
    [Dmnl]; profiles are relative rates with mean one over ages 15-59.
    """

    start: dict[int, StartPopulation]
    mortality: Mortality
    residuals: Residuals
    arrivals: Arrivals
    urban_residents: dict[int, Vector]
    floor_area_per_head: dict[int, Vector]
    persons_per_household: dict[int, Vector]
    family_household_share: dict[int, Vector]
    registered_population: dict[int, float]
    women_share: dict[int, Vector]
    women_share_change: Vector
    fertility_shape: Vector
    departure_profile: Vector
    leaving_profile: Vector
    return_profile: Vector
    internal_profile: Vector


@lru_cache(maxsize=1)
def derive() -> DerivedTables:
    """Compute every derived table.

    Returns
    -------
    DerivedTables
        Deterministic: no random number, no clock.

    Raises
    ------
    ObservationError
        If the data are missing or faulty.
    """
    data = read_observations()
    start = {year: start_population(data, year) for year in CENSUS_YEARS}
    mortality = fit_mortality(data)
    shape = fertility_shape(data)
    residuals = cohort_residuals(data, mortality, shape)
    women = {year: women_share(data, year) for year in CENSUS_YEARS}

    def both(variable: str) -> dict[int, Vector]:
        return {year: district_values(data, variable, year).to_numpy() for year in CENSUS_YEARS}

    residents = both("population_resident")
    household_size = both("avg_family_household_size")
    # The 2010 tabulation gives family households but not the people in them.
    in_families = {
        2010: both("family_households")[2010] * household_size[2010],
        2020: district_values(data, "family_household_population", 2020).to_numpy(),
    }
    return DerivedTables(
        start=start,
        mortality=mortality,
        residuals=residuals,
        arrivals=arrivals(residuals, (start[2010], start[2020])),
        urban_residents=both("population_urban"),
        floor_area_per_head=both("housing_floor_area_per_capita"),
        persons_per_household=household_size,
        family_household_share={year: in_families[year] / residents[year] for year in CENSUS_YEARS},
        registered_population={year: registered_total(data, year) for year in CENSUS_YEARS},
        women_share=women,
        women_share_change=women_share_change(women[2010], women[2020]),
        fertility_shape=shape,
        departure_profile=relative_rates(DEPARTURE_POINTS),
        leaving_profile=leaving_profile(data, mortality),
        return_profile=relative_rates(RETURN_POINTS),
        internal_profile=relative_rates(INTERNAL_POINTS),
    )
