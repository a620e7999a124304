"""Who the residents are by registration at the two starts: shares by district and single age.

Every table uses the odds form: the share of people of age a in district d is k s / (1 + k s) with s a relative odds
(district seed times age curve) and k solved so that a known total comes out. No share can then reach one.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from calibration.census.single_years import AGES, Vector, single_year_residents, whole_persons
from calibration.observations import CITY, city_value, district_values

Totals = dict[int, float]


def _start(name: str) -> Totals:
    return {year: float(total) for year, total in CITY.start[name].items()}


#: Central totals of the latent groups [person], as the pack of the city assumes them.
UNREGISTERED_TOTAL: Final = _start("unregistered")
TOWN_TOTAL: Final = _start("rural in town")
#: Registered urban share to which the LOW and HIGH tables of rural-at-home belong, and the central one [Dmnl].
URBAN_SHARE_OF_LOW: Final = _start("urban share low")
URBAN_SHARE_OF_HIGH: Final = _start("urban share high")
CENTRAL_URBAN_SHARE: Final = _start("urban share central")
#: Rural share of the registered people who live elsewhere [Dmnl].
RURAL_SHARE_ELSEWHERE: Final = float(CITY.start["rural share elsewhere"])
#: Keeps the odds of a district without rural residents above zero: villages inside the city [Dmnl], grade E.
LEAST_RURAL_SHARE: Final = 0.003

#: Registered rural people are more concentrated in rural districts than rural residents are [Dmnl], grade E, range
#: 1.0-1.2; below 1.1 the villages of a district could not hold its census residents.
SEED_POWER: Final = 1.1

#: Weight in villages of residents neither rural at home nor rural in town, relative to rural at home [Dmnl].
WEIGHT_OF_OTHERS: Final = 0.15

#: Relative odds by age (age: odds, straight lines between), all grade E. Students from outside are many among 18-21;
#: other newcomers are young workers with few old people; rural registration at home is most frequent among children
#: and the old; movers to town are young adults and their children.
OTHER_PROVINCE_ODDS: Final = {
    0: 0.5, 9: 0.6, 14: 0.6, 16: 0.9, 17: 1.3, 18: 2.6, 19: 3.0, 21: 2.6, 23: 1.7, 26: 1.3, 30: 1.0, 40: 0.8,
    50: 0.5, 60: 0.35, 70: 0.22, 85: 0.12,
}  # fmt: skip
PROVINCE_ODDS: Final = {
    0: 0.6, 9: 0.65, 14: 0.65, 16: 1.0, 17: 1.6, 18: 3.6, 19: 4.2, 21: 3.6, 23: 2.4, 26: 1.6, 30: 1.1, 40: 0.75,
    50: 0.45, 60: 0.35, 70: 0.25, 85: 0.15,
}  # fmt: skip
RURAL_HOME_ODDS: Final = {
    0: 1.1, 6: 1.15, 14: 1.15, 16: 0.9, 18: 0.4, 22: 0.4, 25: 0.6, 30: 0.65, 35: 0.7, 40: 0.85, 45: 1.0, 50: 1.2,
    60: 1.5, 70: 1.8, 85: 1.9,
}  # fmt: skip
TOWN_ODDS: Final = {
    0: 1.2, 9: 1.2, 14: 0.9, 18: 0.8, 22: 1.0, 25: 1.4, 38: 1.4, 45: 1.0, 50: 0.8, 60: 0.5, 70: 0.35, 85: 0.3,
}  # fmt: skip

#: Census columns of people registered in another county of the province, and in another township of their own county.
PROVINCE_COLUMN: Final = {
    2010: "residents_hukou_elsewhere_other_county_same_province",
    2020: "residents_hukou_in_other_county_same_province",
}
SAME_COUNTY_COLUMN: Final = {
    2010: "residents_hukou_elsewhere_same_county_or_city_districts",
    2020: "residents_hukou_in_other_township_same_county",
}


@dataclass(frozen=True)
class StartPopulation:
    """Residents of a census year by registration; every array is (district, age).

    Those registered in other districts of the city stand in `province_at_most`, of which the share `province_scale`
    counts as unregistered at the central total. `rural_home_low` and `rural_home_high` are shares of the locally
    registered, `town` of those not rural at home; `central_weight` lies between LOW and HIGH at the central registered
    urban share.
    """

    residents: Vector
    other_province: Vector
    province_at_most: Vector
    province_scale: float
    rural_home_low: Vector
    rural_home_high: Vector
    town: Vector
    central_weight: float

    @property
    def local(self) -> Vector:
        """Residents registered in the city at the central unregistered total [person]."""
        return self.residents - self.other_province - self.province_scale * self.province_at_most

    @property
    def rural_home(self) -> Vector:
        """Registered rural at home at the central registered urban share [person]."""
        share = self.rural_home_low + self.central_weight * (self.rural_home_high - self.rural_home_low)
        return self.local * share

    @property
    def rural_town(self) -> Vector:
        """Registered rural in town at the central values [person]."""
        return (self.local - self.rural_home) * self.town


def age_curve(points: dict[int, float]) -> Vector:
    """Relative odds of the 86 ages from a few points, straight lines between.

    Examples
    --------
    >>> float(age_curve({0: 1.0, 85: 86.0})[10])
    11.0
    """
    return np.interp(np.arange(AGES), list(points), list(points.values()))


def solve_shares(people: Vector, odds: Vector, total: float) -> Vector:
    """Shares k s / (1 + k s) of relative odds s, with k such that the shares of `people` add up to `total` persons."""
    if not 0 < total < people[odds > 0].sum():
        message = f"no shares give {total:,.0f} of {people.sum():,.0f} persons"
        raise ValueError(message)

    def excess(log_k: float) -> float:
        scaled = np.exp(log_k) * odds
        return float((people * scaled / (1 + scaled)).sum() / total - 1)

    scaled = np.exp(brentq(excess, -40, 40, xtol=1e-13)) * odds
    return np.asarray(scaled / (1 + scaled))


def start_population(observations: pd.DataFrame, year: int) -> StartPopulation:
    """Residents of a census year by registration.

    Registered in other provinces and in other counties: census totals by district, age curve assumed. Rural at home:
    city totals from the registered urban share, district seed from the census rural share of residents (2010: geometric
    mean with the agricultural registration share). Rural in town: city total assumed, district seed from people living
    away from their township or county inside the city.
    """
    residents = single_year_residents(observations, year).to_numpy().astype(float)
    other = _by_district(residents, OTHER_PROVINCE_ODDS, observations, "residents_hukou_in_other_province", year)
    province = _by_district(residents - other, PROVINCE_ODDS, observations, PROVINCE_COLUMN[year], year)
    scale = (UNREGISTERED_TOTAL[year] - other.sum()) / province.sum()
    local = residents - other - scale * province

    registered = registered_total(observations, year)
    elsewhere = registered - local.sum()
    seed = rural_seed(observations, year)
    home_odds = seed[:, None] * age_curve(RURAL_HOME_ODDS)

    def home_total(urban_share: float) -> float:
        return float((1 - urban_share) * registered - RURAL_SHARE_ELSEWHERE * elsewhere - TOWN_TOTAL[year])

    low = solve_shares(local, home_odds, home_total(URBAN_SHARE_OF_LOW[year]))
    high = solve_shares(local, home_odds, home_total(URBAN_SHARE_OF_HIGH[year]))
    wanted = home_total(CENTRAL_URBAN_SHARE[year])
    weight = (wanted - (local * low).sum()) / (local * (high - low)).sum()
    rest = local * (1 - low - weight * (high - low))

    same_county = district_values(observations, SAME_COUNTY_COLUMN[year], year).to_numpy()
    movers = same_county + (1 - scale) * province.sum(axis=1)
    mover_share = movers / rest.sum(axis=1) * TOWN_TOTAL[year] / movers.sum()
    town_odds = (mover_share / (1 - mover_share))[:, None] * age_curve(TOWN_ODDS)
    return StartPopulation(
        residents=residents,
        other_province=other,
        province_at_most=province,
        province_scale=float(scale),
        rural_home_low=low,
        rural_home_high=high,
        town=solve_shares(rest, town_odds, TOWN_TOTAL[year]),
        central_weight=float(weight),
    )


def registered_total(observations: pd.DataFrame, year: int) -> float:
    """Registered population of the city on the present boundary: census 2010, year-end 2020 [person]."""
    if year == 2010:
        return city_value(observations, "population_hukou_registered", 2010)
    return round(city_value(observations, "population_hukou_registered_yearend", 2020) * 10_000.0, 0)


def rural_seed(observations: pd.DataFrame, year: int) -> Vector:
    """Relative odds of being registered rural at home, by district [Dmnl]."""
    rural = district_values(observations, "population_rural", year).to_numpy()
    share = np.maximum(rural / district_values(observations, "population_resident", year).to_numpy(), LEAST_RURAL_SHARE)
    odds = share / (1 - share)
    if year == 2010:
        farming = 1 - district_values(observations, "share_nonagricultural_hukou", 2010).to_numpy() / 100
        odds = np.sqrt(odds * farming / (1 - farming))
    return np.asarray(odds**SEED_POWER)


def placement_ratio(start: StartPopulation, rural_residents: Vector) -> Vector:
    """Census rural residents over the people who can live in villages; must stay below one in each district."""
    home = start.rural_home.sum(axis=1)
    others = start.residents.sum(axis=1) - home - start.rural_town.sum(axis=1)
    return np.asarray(rural_residents / (home + WEIGHT_OF_OTHERS * others))


def _by_district(
    people: Vector, points: dict[int, float], observations: pd.DataFrame, variable: str, year: int
) -> Vector:
    """Whole persons of a census column by age, each district's total as published."""
    totals = district_values(observations, variable, year).to_numpy()
    curve = age_curve(points)
    rows = [
        whole_persons(row * solve_shares(row, curve, float(total)), int(total))
        for row, total in zip(people, totals, strict=True)
    ]
    return np.stack(rows).astype(float)
