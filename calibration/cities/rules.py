"""How each number of a city is obtained: one function for each part of the model, in the order of the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from calibration.cities.matching import FIRST_ZONE
from calibration.cities.numbers import (
    CENTRE_SPAN,
    COUNTRY_INCOME,
    INCOME_DRIFT,
    LENT,
    RECALLED,
    CityFacts,
    Lender,
    Number,
    by_district,
    estimate,
    known,
    lend,
    scaled,
    shares,
    short,
    widened,
)

#: Share of lifetime births by band of the mother's age, of the shape that every city uses (calibration/data).
BIRTHS_BY_BAND: Final = {
    "15-19": 0.02, "20-24": 0.18, "25-29": 0.38, "30-34": 0.27, "35-39": 0.11, "40-44": 0.03, "45-49": 0.01,
}  # fmt: skip
#: Third pair of digits of a code: up to here districts, from here county cities.
LAST_DISTRICT: Final = 20
FIRST_COUNTY_CITY: Final = 81
#: What revenue is made of beside taxes on output: the lender's share of the value of homes sold.
PROPERTY: Final = "PROPERTY TAX SHARE"
HALF_OF_FARMING: Final = 0.12
#: Limits of the unregistered and of a registered urban share that is not known, the first by the prior's low end
#: (assumptions: wider ones leave cities of 2020 in which fewer than nobody is registered elsewhere or in a village).
LEAST_UNREGISTERED, WIDEST_RATE = 0.96, 0.11
#: Most of a district that is built up at the start; the rest is water, parks and fields (assumption).
BUILT_OUT: Final = 0.9


def people(city: CityFacts, lender: Lender) -> list[Number]:
    """Who lives there, how they move, and how they are registered."""
    numbers = []
    for year in (2010, 2020):
        low, middle, high = city.unregistered(year)
        numbers.append(
            estimate(
                lender,
                f"UNREGISTERED RESIDENTS {year}",
                (low, high),
                "E",
                f"census of {year}: residents registered in another county less moves within the city "
                f"(0.15-0.45 of them), not below residents less registered",
                value=middle,
                low=max(LEAST_UNREGISTERED * low, city.least_unregistered(year)),
                high=1.15 * high,
            )
        )
    numbers += registered_urban(city, lender)
    for year in (2010, 2020):
        low, middle, high = city.in_town(year)
        numbers.append(
            estimate(
                lender,
                f"RURAL RESIDENTS IN TOWN {year}",
                (low, high),
                "E",
                f"0.28-0.55 of residents registered in another township or district of the city ({year})",
                value=middle,
                low=0.7 * low,
                high=1.3 * high,
            )
        )
    numbers += fertility(city, lender)
    rows = city.census[2020]
    infants = rows["female 0"].sum() / (rows["female 0"].sum() + rows["male 0"].sum())
    then = city.census[2010]
    before = then["female 0"].sum() / (then["female 0"].sum() + then["male 0"].sum())
    ends = sorted((infants, before))
    numbers.append(
        estimate(lender, "WOMEN AMONG NEWBORNS", (min(ends[0], 0.468), max(ends[1], 0.482)), "C",
                 "infants of the censuses of 2010 and 2020", value=infants, low=0.45, high=0.495)
    )  # fmt: skip
    county, grade, words = counties(city)
    ones = np.ones(len(city.units))
    numbers.append(by_district(lender, "IS COUNTY", county, grade, words))
    numbers.append(by_district(lender, "FERTILITY OF DISTRICT", ones, "E", "middle of the prior, not fitted"))
    for name, value in (
        ("VILLAGE LEAVING RATE", 0.025),
        ("DESTINATION WEIGHT", 1.0),
        ("STUDENT ARRIVALS RELATIVE", 1.0),
        ("GRADUATE DEPARTURES RELATIVE", 2.0),
        ("DEPARTURE RELATIVE", 1.2),
        ("RECLASSIFICATION RATE", 0.01),
    ):
        numbers.append(by_district(lender, name, value * ones, "E", "middle of the prior, not fitted"))
    numbers.append(
        by_district(
            lender, "BASE MOVE RATE", 0.03 * ones, "E", "not known: one rate for all districts",
            {"shape": "lognormal", "factor": [0.3, 3.0], "each": True, "grade": "E",
             "source": "no count of moves between districts; wide"},
        )
    )  # fmt: skip
    registered = then["population_hukou_registered"].to_numpy()
    moved = rows["residents_hukou_in_other_township_same_county"].to_numpy() / registered
    own = np.where(city.central, 0.85, np.clip(0.22 + 1.9 * moved, 0.3, 0.85))
    numbers.append(
        by_district(
            lender, "OWN DISTRICT SHARE", own, "E",
            "residents registered in another township of the same county (2020) over registered (2010)",
            {"shape": "normal", "factor": [0.8, 1.15], "each": True, "grade": "E",
             "source": "residents registered in another township of the same county (2020); judged"},
        )
    )  # fmt: skip
    inside = city.unregistered(2020)[1] - city.total("residents_hukou_in_other_province", 2020)
    ratios = np.array(
        [
            inside / lender.bases["unregistered from province"],
            city.total("residents_hukou_in_other_province", 2020) / lender.bases["unregistered from other provinces"],
        ]
    )
    pool = lender.values["MIGRANT POOL 2020"] * ratios
    factor = widened(*scaled(lender.priors["MIGRANT POOL 2020"]["factor"], 1.0), "lognormal")
    numbers.append(
        Number("MIGRANT POOL 2020", tuple(short(v) for v in pool), short(0.3 * pool.min()), short(3 * pool.max()),
               lender.units["MIGRANT POOL 2020"], "E", f"not known: {lender.name}'s by unregistered resident",
               {"shape": "lognormal", "factor": [short(v) for v in factor], "each": True, "grade": "E",
                "source": "judged, widened"})
    )  # fmt: skip
    return numbers


def counties(city: CityFacts) -> tuple[np.ndarray, str, str]:
    """Districts that the programme for county towns is for, grade and reason: never none, as they share what is spent.

    Counties; where there are none county cities, else what was one or the other in 2010, else the least urban district.
    """
    for kind in ("county", "county city"):
        chosen = np.array([float(unit.kind == kind) for unit in city.units])
        if chosen.any():
            words = "kind of the unit in the census" if kind == "county" else "county cities, as there is no county"
            return chosen, "A", words
    chosen = np.array([float(any(map(was_county, unit.codes_2010))) for unit in city.units])
    if chosen.any():
        return chosen, "B", "counties and county cities of 2010, as there are none left"
    chosen[np.argmin(city.urban_share)] = 1.0
    return chosen, "E", "the least urban district, as there was no county in 2010 either"


def was_county(code: str) -> bool:
    """Whether a code is of a county or county city, neither of a district nor of a development zone.

    Examples
    --------
    >>> [was_county(code) for code in ("320104", "320124", "320171", "320181")]
    [False, True, False, True]
    """
    place = int(code[4:])
    return LAST_DISTRICT < place < FIRST_ZONE or place >= FIRST_COUNTY_CITY


def registered_urban(city: CityFacts, lender: Lender) -> list[Number]:
    """Urban share of the registered at both ends; the record's first year is followed back at half its later pace."""
    found = city.nearest("hukou_urbanization_rate", 2020)
    census = city.census[2010]
    registered = census["population_hukou_registered"]
    floor = float((census["share_nonagricultural_hukou"] * registered).sum() / registered.sum()) / 100
    resident = city.total("population_urban", 2020) / city.total("population_resident", 2020)
    result = []
    if found is not None:
        rate, year = found[0] / 100, found[1]
        half = 0.008 + 0.006 * abs(2020 - year)
        result.append(
            estimate(lender, "REGISTERED URBAN SHARE 2020", (rate - half, rate + half), "C",
                     f"hukou_urbanization_rate ({year})", low=rate - 4 * half, high=min(rate + 4 * half, 0.95))
        )  # fmt: skip
    else:
        gap = lender.bases["rate gap 2020"]
        rate = resident - gap
        result.append(
            estimate(lender, "REGISTERED URBAN SHARE 2020", (max(rate - 0.08, floor), rate + 0.08), "E",
                     f"not known: the resident rate less {lender.name}'s gap", low=max(rate - WIDEST_RATE, 0.05),
                     high=min(rate + WIDEST_RATE, 0.95))
        )  # fmt: skip
    last = result[0].values[0]
    top = max(floor + 0.06, min(last - 0.02, floor + 0.16))
    result.append(
        estimate(lender, "REGISTERED URBAN SHARE 2010", (floor, top), "E",
                 "share_nonagricultural_hukou (2010) is a floor; conversion since is unknown", shape="uniform",
                 low=floor - 0.02, high=top + 0.03)
    )  # fmt: skip
    return result


def children_per_woman(census: Mapping[int, pd.DataFrame], band: str) -> float:
    """Children of a band in 2020 over the births that the women of their birth years would have at one child each.

    The women lie between those of the two censuses; children who came with their parents are counted in, in every city.
    """
    years = {"0": 1.0, "5-9": 5.0}[band]
    since = {"0": 9.5, "5-9": 2.5}[band]
    women = {
        year: np.array([census[year][f"female {mothers}"].sum() for mothers in BIRTHS_BY_BAND], dtype=float)
        for year in (2010, 2020)
    }
    then = women[2010] + (women[2020] - women[2010]) * since / 10
    born = float(then @ np.array(list(BIRTHS_BY_BAND.values()))) / 5
    children = float(sum(census[2020][f"{sex} {band}"].sum() for sex in ("male", "female")))
    return children / years / born


def fertility(city: CityFacts, lender: Lender) -> list[Number]:
    """Fertility at both ends: the lender's prior times the ratio of children to women of the two censuses."""
    result = []
    for name, band in (("FERTILITY 2010", "5-9"), ("FERTILITY 2020", "0")):
        ratio = children_per_woman(city.census, band) / lender.bases[f"children per woman {band}"]
        entry = lender.priors[name]
        p05, p95 = widened(*scaled(entry["range"], ratio), "lognormal", 1.25)
        result.append(
            estimate(lender, name, (p05, p95), "D",
                     f"{lender.name}'s prior times the ratio of children aged {band} in 2020 to women",
                     shape=entry["shape"], low=0.85 * p05, high=1.15 * p95)
        )  # fmt: skip
    return result


def registration(city: CityFacts, lender: Lender) -> list[Number]:
    """Movers who have settled already: as many for each that has not as in the lender, by origin."""
    result = []
    for year in (2010, 2020):
        other = city.total("residents_hukou_in_other_province", year)
        here = np.array([city.in_town(year)[1], city.unregistered(year)[1] - other, other])
        there = np.array([lender.bases[f"mover {group} {year}"] for group in ("in town", "province", "elsewhere")])
        name = f"SETTLED MOVERS {year}"
        values = lender.values[name] * here / there
        factor = widened(*scaled(lender.priors[name]["factor"], 1.0), "lognormal")
        result.append(
            Number(name, tuple(short(v) for v in values), short(0.2 * values.min()), short(3 * values.max()),
                   lender.units[name], "E", f"not known: {lender.name}'s by mover of each origin",
                   {"shape": "lognormal", "factor": [short(v) for v in factor], "each": True, "grade": "E",
                    "source": "judged, widened"})
        )  # fmt: skip
    return result


def jobs_and_income(city: CityFacts, lender: Lender) -> list[Number]:
    """Farming, jobs, output and incomes."""
    result = []
    for year in (2010, 2020):
        rows = city.census[year]
        farming = rows["employed_in_agriculture"].sum() / rows["employed_in_long_form"].sum()
        rural = rows["population_rural"].sum() / rows["population_resident"].sum()
        ratio = farming / rural / lender.bases[f"farming per rural {year}"]
        name = f"FARM LABOUR SHARE {year}"
        value = float(np.clip(lender.values[name].item() * ratio, 0.25, 0.93))
        half = {2010: 0.08, 2020: 0.09}[year]
        result.append(
            estimate(lender, name, (max(value - half, 0.1), min(value + half, 0.95)), "D",
                     f"share of farming in work and of rural residents (long form {year}), as in {lender.name}",
                     low=max(value - 0.25, 0.05), high=min(value + 0.2, 0.98))
        )  # fmt: skip
    if result[1].values[0] > result[0].values[0]:
        later = result[0]
        result[1] = estimate(lender, result[1].name, later.prior["range"], "E",  # type: ignore[index]
                             "no less in 2010 than in 2020", low=later.low, high=later.high)  # fmt: skip
    far = np.exp(-city.from_centre / CENTRE_SPAN)
    lie = {
        name: np.exp(lender.bases[f"{name}: far"] + lender.bases[f"{name}: centre"] * far)
        for name in ("RELATIVE JOB DENSITY", "RELATIVE HOUSE PRICE", "LAND PER URBAN RESIDENT RELATIVE")
    }
    result.append(
        by_district(lender, "RELATIVE JOB DENSITY", lie["RELATIVE JOB DENSITY"], "E",
                    f"not known: {lender.name}'s by distance from the centre",
                    _factor([0.75, 1.33], "by distance from the centre, as in the first city"))
    )  # fmt: skip
    rows = city.census[2020]
    industry = rows["employed_in_industry"] / (rows["employed_in_long_form"] - rows["employed_in_agriculture"])
    result.append(
        by_district(lender, "INDUSTRY SHARE OF JOBS", industry.to_numpy(), "C",
                    "long form of 2020: manufacturing and building over work outside farming, where people live")
    )  # fmt: skip
    result += output(city, lender)
    result += incomes(city, lender)
    urban = city.total("population_urban", 2020) / lender.bases["urban 2020"]
    farm = next(n for n in result if n.name == "FARM OUTPUT 2020").values[0] / lender.values["FARM OUTPUT 2020"].item()
    result.append(lend(lender, "SKILLS TRAINING", urban, "urban resident"))
    result.append(lend(lender, "TRAINED START", urban, "urban resident"))
    result.append(lend(lender, "RURAL WORKS START", farm, "farm output"))
    result.append(lend(lender, "COUNTY TOWN PROGRAMME", rural_ratio(city, lender), "rural resident"))
    lie["LAND PER URBAN RESIDENT RELATIVE"] = within_districts(city, lender, lie["LAND PER URBAN RESIDENT RELATIVE"])
    result.append(lie_number(lender, lie, "LAND PER URBAN RESIDENT RELATIVE", [0.8, 1.25]))
    result.append(lie_number(lender, lie, "RELATIVE HOUSE PRICE", [0.7, 1.43]))
    return result


def lie_number(lender: Lender, lie: Mapping[str, np.ndarray], name: str, factor: list[float]) -> Number:
    """A table by district borrowed by distance from the centre."""
    source = f"not known: {lender.name}'s by distance from the centre"
    return by_district(lender, name, lie[name], "E", source, _factor(factor, "by distance from the centre"))


def within_districts(city: CityFacts, lender: Lender, relative: np.ndarray) -> np.ndarray:
    """Built-up land per urban resident such that no district of published area is built up beyond `BUILT OUT` of it."""
    if not city.areas_published:
        return relative
    urban = city.census[2020]["population_urban"].to_numpy()
    built = city.value("built_up_area", 2020) or (
        lender.values["BUILT UP AREA 2020"].item() * urban.sum() / lender.bases["urban 2020"]
    )
    result = relative.copy()
    # What one district gives up falls to the others, less each time.
    for _ in range(100):
        filled = built * result * urban / (result * urban).sum()
        result *= np.minimum(1.0, BUILT_OUT * city.land_area / filled)
    return result


def _factor(ends: list[float], source: str) -> dict[str, Any]:
    return {"shape": "lognormal", "factor": ends, "each": True, "grade": "E", "source": source}


def rural_ratio(city: CityFacts, lender: Lender) -> float:
    """Rural residents of 2010 over the lender's."""
    return city.total("population_rural", 2010) / lender.bases["rural 2010"]


def output(city: CityFacts, lender: Lender) -> list[Number]:
    """Output outside farming at both ends, and of farming."""
    gdp = city.value("gdp", 2020)
    primary = city.value("gdp_primary", 2020)
    farming = city.total("population_rural", 2020) / lender.bases["rural 2020"]
    borrowed = gdp is None
    if gdp is None:
        ratio = city.total("population_urban", 2020) / lender.bases["urban 2020"]
        gdp = ratio * (lender.values["NON FARM OUTPUT 2020"].item() + lender.values["FARM OUTPUT 2020"].item()) / 1e8
    if primary is None:
        farm = min(lender.values["FARM OUTPUT 2020"].item() * farming, HALF_OF_FARMING * gdp * 1e8)
        first = estimate(lender, "FARM OUTPUT 2020", (farm * (1 - LENT), farm * (1 + LENT)), "E",
                         f"not known: {lender.name}'s by rural resident", value=short(farm))  # fmt: skip
    elif (grade := city.grade("gdp_primary", 2020)) >= "D":
        farm = primary * 1e8
        first = estimate(lender, "FARM OUTPUT 2020", (farm * (1 - RECALLED), farm * (1 + RECALLED)), grade,
                         f"gdp_primary (2020), grade {grade}: give or take a fifth", value=short(farm))  # fmt: skip
    else:
        farm = primary * 1e8
        first = known(lender, "FARM OUTPUT 2020", farm, grade, "gdp_primary (2020)")
    now = gdp * 1e8 - farm
    spread = 0.25 if borrowed else 0.006 if primary is not None and first.prior is None else 0.015
    words = f"not known: {lender.name}'s by urban resident" if borrowed else "gdp (2020) less farm output"
    result = [first]
    result.append(
        estimate(lender, "NON FARM OUTPUT 2020", (now * (1 - spread), now * (1 + spread)),
                 "E" if borrowed else "D", words, low=now * (1 - 2 * spread), high=now * (1 + 2 * spread))
    )  # fmt: skip
    then, low, high, source = output_2010(city, lender, now, borrowed=borrowed)
    result.append(
        estimate(lender, "NON FARM OUTPUT 2010", (low, high), "E", source, shape="lognormal", value=then,
                 low=0.85 * low, high=1.15 * high)
    )  # fmt: skip
    return result


def output_2010(city: CityFacts, lender: Lender, now: float, *, borrowed: bool) -> tuple[float, float, float, str]:
    """Output outside farming of 2010 on the present boundary: value, low, high and where it is from.

    A series that begins later is followed back by the growth of the old boundary over the same years where that is
    there, else by the lender's growth. A census of economic units may have revised the end and not the start, so the
    range reaches above the first-published number by what a year's step in the series says.
    """
    growth = (lender.values["NON FARM OUTPUT 2020"] / lender.values["NON FARM OUTPUT 2010"]).item()
    share = 0.06
    new, old = city.value("gdp", 2010), city.value("gdp", 2010, "old")
    if borrowed:
        then = now / growth
        return then, 0.7 * then, 1.4 * then, f"not known: moved back by {lender.name}'s growth"
    if new is not None:
        then = new * 1e8 * (1 - share)
        words = "gdp (2010) less farming; later censuses of the economy may have raised it"
        moved = revision(city)
        if moved is None:
            return then, 0.97 * then, 1.12 * then, words
        low, high = 0.97 * min(moved, 1.0) * then, float(np.clip(1.12 * moved, 1.03, 1.2)) * then
        words = f"gdp (2010) less farming, moved as far as 2019 is off the path of 2016-2018 ({moved - 1:+.0%})"
        return then, low, high, words
    if old is not None:
        residents = city.total("population_resident", 2010)
        part = city.value("population_resident", 2010, "old") or city.value("population_resident_yearend", 2010, "old")
        inside = (part * (1e4 if part < 1e5 else 1)) if part is not None else residents
        joined = max(residents - inside, 0.0)
        # A part that joins is poorer by head than the core: half of the core's output, a quarter to nine tenths.
        core = old * 1e8 * (1 - share)
        head = core / inside
        then = core + 0.5 * head * joined
        low, high = core + 0.25 * head * joined, 1.1 * (core + 0.9 * head * joined)
        return (
            then,
            0.97 * low,
            high,
            "gdp (2010) of the old boundary, the part that joined at 0.25-0.9 of its output by head",
        )
    first = city.nearest("gdp", 2012)
    if first is not None:
        years = first[1] - 2010
        then = first[0] * 1e8 * (1 - share) / growth ** (years / 10)
        return then, 0.88 * then, 1.13 * then, f"gdp ({first[1]}) moved back by {lender.name}'s growth"
    then = now / growth
    return then, 0.75 * then, 1.33 * then, f"not known: moved back by {lender.name}'s growth"


def revision(city: CityFacts) -> float | None:
    """Factor by which the census of the economy of 2018 moved output: 2019 over 2018 at the pace of 2016-2018."""
    first, last, after = (city.value("gdp", year) for year in (2016, 2018, 2019))
    if first is None or last is None or after is None:
        return None
    return float(np.clip(after / last / (last / first) ** 0.5, 0.8, 1.2))


def incomes(city: CityFacts, lender: Lender) -> list[Number]:
    """Urban incomes and their ratio to rural ones, at both ends."""
    result = []
    for year, spread in ((2010, 0.03), (2020, 0.012)):
        name = f"URBAN INCOME {year}"
        found = city.income("urban", year)
        if found is None:
            result.append(lend(lender, name, 1.0, "head, as it stands", 4.0))
            continue
        value, drift, at = found
        wide = spread + drift
        words = f"income_per_capita_urban ({at})" + ("" if at == year else f" moved on to {year} as in the country")
        result.append(
            estimate(lender, name, (value * (1 - wide), value * (1 + wide)), "C" if at == year else "D", words,
                     low=value * (1 - 3 * wide), high=value * (1 + 3 * wide))
        )  # fmt: skip
    ratio, half, grade, words = income_ratio(city, lender)
    result.append(known(lender, "REFERENCE INCOME RATIO", short(ratio), grade, words))
    if half:
        ends = (max(ratio * (1 - half), 1.0), ratio * (1 + half))
        result.append(
            estimate(lender, "INCOME RATIO 2020", ends, grade, words, value=short(ratio), low=min(1.0, ends[0]),
                     high=ratio * (1 + 2 * half))
        )  # fmt: skip
    else:
        result.append(known(lender, "INCOME RATIO 2020", short(ratio), grade, words))
    low = ratio * 1.06
    high = ratio * 1.4
    before = city.nearest("income_ratio_urban_rural", 2010, 2)
    if before is not None:
        low, high = 0.95 * before[0], 1.05 * before[0]
    result.append(
        estimate(lender, "INCOME RATIO 2010", (low, high), "E",
                 "income_ratio_urban_rural" if before else "fell by 0.06-0.4 of its level of 2020, as in most cities")
    )  # fmt: skip
    return result


def income_ratio(city: CityFacts, lender: Lender) -> tuple[float, float, str, str]:
    """Ratio of urban to rural incomes of 2020: value, half-width (relative; nothing if published), grade and source."""
    for year in range(2020, 2013, -1):
        urban, rural = (city.value(f"income_per_capita_{kind}", year) for kind in ("urban", "rural"))
        if urban and rural:
            growth = [COUNTRY_INCOME[kind][2020] / COUNTRY_INCOME[kind][year] for kind in ("urban", "rural")]
            words = f"income_per_capita_urban over income_per_capita_rural ({year})"
            if year == 2020:
                return urban / rural, 0.0, "C", words
            half = INCOME_DRIFT * (2020 - year)
            return urban / rural * growth[0] / growth[1], half, "D", f"{words}, moved on to 2020 as in the country"
    urban_income, rural_income = (city.income(kind, 2020) for kind in ("urban", "rural"))
    if urban_income and rural_income:
        words = f"income_per_capita_urban ({urban_income[2]}) over income_per_capita_rural ({rural_income[2]})"
        half = INCOME_DRIFT + max(urban_income[1], rural_income[1])
        return urban_income[0] / rural_income[0], half, "D", f"{words}, each moved on to 2020 as in the country"
    return lender.values["INCOME RATIO 2020"].item(), LENT / 2, "E", f"not known: {lender.name}'s"


def housing(city: CityFacts, lender: Lender) -> list[Number]:
    """Prices and what is started."""
    result = []
    urban = city.total("population_urban", 2020) / lender.bases["urban 2020"]
    result.append(lend(lender, "AFFORDABLE RENTAL STARTS", urban, "urban resident"))
    result.append(lend(lender, "AFFORDABLE RENTAL STARTS 2010", urban, "urban resident"))
    for year in (2010, 2020):
        name = f"HOUSE PRICE {year}"
        found = city.nearest("commodity_residential_average_price", year, 1)
        if found is None:
            result.append(lend(lender, name, 1.0, "square metre, as it stands", 4.0))
            continue
        value, at, boundary = found
        wide = 0.05 + 0.05 * (at != year) + 0.02 * (boundary != "new")
        result.append(
            estimate(lender, name, (value * (1 - wide), value * (1 + wide)), "A" if at == year else "C",
                     f"commodity_residential_average_price ({at}), boundary {boundary}",
                     low=value * (1 - 3 * wide), high=value * (1 + 3 * wide))
        )  # fmt: skip
    indices = [
        (variable, city.value(variable, 2020, "city districts"))
        for variable in ("house_price_index_secondhand_dec_yoy", "house_price_index_new_dec_yoy")
    ]
    seen = [(variable, value) for variable, value in indices if value is not None]
    if seen:
        variable, value = seen[0]
        middle = float(np.log(value / 100))
        # New homes are held down by rules where demand is strong, so existing homes may have gone either way.
        half = 0.012 if "secondhand" in variable else 0.025
        result.append(
            estimate(lender, "PRICE MOMENTUM 2020", (middle - half, middle + half), "B" if half < 0.02 else "C",
                     f"{variable} {value:g} (2020)", low=middle - 3 * half, high=middle + 3 * half)
        )  # fmt: skip
    else:
        result.append(
            estimate(lender, "PRICE MOMENTUM 2020", (-0.03, 0.04), "E", "not known: prices level, give or take",
                     low=-0.08, high=0.1)
        )  # fmt: skip
    rows = city.census[2020]
    size = rows["family_household_population"].sum() / rows["family_households"].sum()
    result.append(Number("STANDARD HOUSEHOLD", (round(float(size), 2),), round(float(size) - 0.3, 2),
                         round(float(size) + 0.3, 2), lender.units["STANDARD HOUSEHOLD"], "C",
                         "family households of 2020"))  # fmt: skip
    own = float(rows["family_households"].sum() / households(rows, lender.values["HEADSHIP"]))
    heads = lender.values["HEADSHIP"] * own / lender.bases["households by headship"]
    result.append(Number("HEADSHIP", tuple(round(float(min(v, 1.0)), 3) for v in heads), 0.0, 1.0,
                         lender.units["HEADSHIP"], "E",
                         f"{lender.name}'s curve scaled to the family households of 2020"))  # fmt: skip
    return result


def households(rows: pd.DataFrame, headship: np.ndarray) -> float:
    """Households that a headship curve gives by five-year bands."""
    total = 0.0
    for start in (*range(5, 85, 5), 85):
        band = "85+" if start == 85 else f"{start}-{start + 4}"
        people = rows[f"male {band}"].sum() + rows[f"female {band}"].sum()
        total += float(people * headship[start : start + 5].mean())
    return total


def services(city: CityFacts, lender: Lender) -> list[Number]:
    """Public services: places as in the lender, with less known of them."""
    urban = city.total("population_urban", 2020) / lender.bases["urban 2020"]
    return [
        lend(lender, "INITIAL ADEQUACY 2010", 1.0, "service, as it stands"),
        lend(lender, "INITIAL ADEQUACY 2020", 1.0, "service, as it stands"),
        lend(lender, "PUBLIC SERVICE LAND START", urban, "urban resident"),
    ]


def land(city: CityFacts, lender: Lender) -> list[Number]:
    """Built-up land, quotas, villages and fields."""
    urban = {year: city.total("population_urban", year) / lender.bases[f"urban {year}"] for year in (2010, 2020)}
    growth = (city.total("population_urban", 2020) - city.total("population_urban", 2010)) / lender.bases[
        "urban growth"
    ]
    rural = rural_ratio(city, lender)
    published = city.value("built_up_area", 2020)
    result: list[Number] = []
    if published is not None:
        built = published
        result.append(known(lender, "BUILT UP AREA 2020", built, "A", "built_up_area (2020), whole city"))
    else:
        built = lender.values["BUILT UP AREA 2020"].item() * urban[2020]
        part = city.nearest("built_up_area", 2020, 2)
        low = max(0.72 * built, part[0] if part is not None else 0.0)
        result.append(
            estimate(lender, "BUILT UP AREA 2020", (low, 1.15 * built), "E",
                     f"not known: {lender.name}'s by urban resident"
                     + (", at least that of the city districts" if part else ""),
                     shape="lognormal", low=0.8 * low, high=1.4 * built)
        )  # fmt: skip
        built = result[0].values[0]
    ratio = built / lender.values["BUILT UP AREA 2020"].item()
    then = built * city.total("population_urban", 2010) / city.total("population_urban", 2020)
    result.append(
        estimate(lender, "BUILT UP AREA 2010", (0.85 * then, min(1.2 * then, 0.95 * built)), "E",
                 "not known: that of 2020 by urban residents of 2010", shape="lognormal",
                 low=0.7 * then, high=built)
    )  # fmt: skip
    for name in ("BASE LAND QUOTA", "BASE LAND QUOTA 2010", "APPROVED START 2010", "APPROVED START 2020"):
        result.append(lend(lender, name, growth, "growth of urban residents 2010-2020"))
    result.append(lend(lender, "URBAN DEVELOPMENT BOUNDARY", ratio, "built-up area"))
    weight = next(n for n in jobs_and_income(city, lender) if n.name == "LAND PER URBAN RESIDENT RELATIVE").values
    filled = city.census[2020]["population_urban"].to_numpy() * np.array(weight)
    result.append(by_district(lender, "BOUNDARY SHARE", shares(filled), "E", "not known: built-up land of 2020"))
    result.append(lend(lender, "VILLAGE LAND 2010", rural, "rural resident of 2010"))
    result.append(lend(lender, "VILLAGE LAND 2020", rural, "rural resident of 2010", 1.0))
    area = city.land_area
    own_area = by_district(
        lender, "LAND AREA", np.round(area, 1),
        city.grade_of_areas if city.areas_published else "C" if city.value("land_area", 2020) else "E",
        "land_area by district (2020)" if city.areas_published
        else "land_area of the city (2020), shared over districts by residents: not known by district",
        low=10.0, high=float(2 * area.max()),
    )  # fmt: skip
    villages = lender.values["VILLAGE LAND 2010"].item() * rural
    rural_now, rural_then = (city.census[year]["population_rural"].to_numpy() for year in (2020, 2010))
    used = 1.3 * built * filled / filled.sum() + villages * np.maximum(
        rural_now / rural_now.sum(), rural_then / rural_then.sum()
    )
    room = np.maximum(area - used, 0.0)
    fields = min(
        float(lender.values["CULTIVATED LAND 2010"].item() * area.sum() / lender.bases["land area"]),
        0.7 * float(room.sum()),
    )
    ratio_fields = fields / lender.values["CULTIVATED LAND 2010"].item()
    for name in ("CULTIVATED LAND 2010", "CULTIVATED LAND 2020", "CULTIVATED FLOOR"):
        result.append(lend(lender, name, ratio_fields, "land area", 1.0))
    result.append(by_district(lender, "CULTIVATED SHARE OF DISTRICT", shares(room), "E",
                              "not known: land that is neither built up nor village"))  # fmt: skip
    result.append(own_area)
    link = np.where(city.central & (city.total("population_urban", 2020) > 5e6), 0.0, 1.0)
    result.append(by_district(lender, "PEOPLE LAND LINK", link, "B",
                              "rule of 2016: none for the central districts of a city above five million"))  # fmt: skip
    nowhere = np.zeros(len(city.units))
    nowhere[int(np.argmax(city.census[2020]["population_urban"]))] = 1.0
    result.append(
        by_district(lender, "START UP AREA SHARE", nowhere, "A", "the city has no start-up area; its rate is 0")
    )
    nothing = "without effect: the city has no start-up area"
    kept = ("START UP AREA PLANNED", "START UP AREA SITE", "START UP AREA BUILT 2020")
    for name in ("START UP AREA BUILD RATE", *kept):
        value = lender.values[name].item() if name in kept else 0.0
        low, high = lender.limits[name]
        prior = lender.priors.get(name)
        result.append(
            Number(name, (value,), low, high, lender.units[name], "E", nothing, dict(prior) if prior else None)
        )  # fmt: skip
    return result


def finance(city: CityFacts, lender: Lender) -> list[Number]:
    """Revenue, transfers, spending and debt."""
    urban = city.total("population_urban", 2020) / lender.bases["urban 2020"]
    result = [known(lender, "REFERENCE RESIDENTS", city.total("population_resident", 2020), "A", "census 2020")]
    by_name = {n.name: n.values[0] for n in output(city, lender)}
    revenue, spending = (
        {year: budget(city, f"general_public_budget_{kind}", year) for year in (2010, 2020)}
        for kind in ("revenue", "expenditure")
    )
    property_share = lender.values[PROPERTY].item()
    for year, name in ((2010, "TAX SHARE 2010"), (2020, "TAX SHARE")):
        if revenue[year] is None:
            result.append(lend(lender, name, 1.0, "yuan of output, as it stands", 2.0))
            continue
        sold = city.nearest("commodity_residential_sales_area", year, 1)
        price = city.nearest("commodity_residential_average_price", year, 1)
        value = sold[0] * 1e4 * price[0] if sold and price else 0.14 * by_name[f"NON FARM OUTPUT {year}"]
        share = (revenue[year] - property_share * value) / by_name[f"NON FARM OUTPUT {year}"]
        result.append(
            estimate(lender, name, (0.92 * share, 1.08 * share), "C",
                     f"general_public_budget_revenue ({year}) less property taxes, over output outside farming",
                     low=0.75 * share, high=1.25 * share)
        )  # fmt: skip
    head = city.total("population_resident", 2020) / lender.bases["residents 2020"]
    then_head = city.total("population_resident", 2010) / lender.bases["residents 2010"]
    if revenue[2020] is None or spending[2020] is None:
        result.append(lend(lender, "BASE TRANSFERS", head, "resident", 2.0))
        result.append(lend(lender, "TRANSFERS RELATIVE 2010", 1.0, "yuan, as it stands", 2.0))
        result.append(lend(lender, "OTHER SPENDING PER RESIDENT", 1.0, "resident, as it stands", 3.0))
        result.append(lend(lender, "OTHER SPENDING RELATIVE 2010", 1.0, "yuan, as it stands", 2.0))
        result.append(lend(lender, "DEBT 2020", urban, "urban resident", 2.0))
        result.append(lend(lender, "DEBT RELATIVE 2010", 1.0, "yuan, as it stands"))
    else:
        gaps = [
            spent - earned
            for year in (2018, 2019, 2020)
            if (spent := budget(city, "general_public_budget_expenditure", year)) is not None
            and (earned := budget(city, "general_public_budget_revenue", year)) is not None
        ]
        gap = float(np.mean(gaps))
        result.append(
            estimate(lender, "BASE TRANSFERS", (0.88 * gap, 1.12 * gap), "C",
                     "general_public_budget_expenditure less general_public_budget_revenue, 2018-2020",
                     low=0.6 * gap, high=1.4 * gap)
        )  # fmt: skip
        if revenue[2010] is not None and spending[2010] is not None:
            index = lender.bases["income index 2010"]
            own_income = {n.name: n.values[0] for n in incomes(city, lender)}
            index = own_income["URBAN INCOME 2010"] / own_income["URBAN INCOME 2020"] / index
            relative = (spending[2010] - revenue[2010]) / gap / index * lender.bases["transfers check"]
            result.append(
                estimate(lender, "TRANSFERS RELATIVE 2010", (0.7 * relative, 1.35 * relative), "C",
                         "expenditure less revenue 2010, on the income scale of 2020",
                         low=0.5 * relative, high=1.7 * relative)
            )  # fmt: skip
            per_head = (spending[2010] / then_head) / (spending[2020] / head) / lender.bases["spending ratio"] / index
            value = lender.values["OTHER SPENDING RELATIVE 2010"].item() * per_head
            result.append(
                estimate(lender, "OTHER SPENDING RELATIVE 2010", (0.75 * value, 1.3 * value), "D",
                         f"general_public_budget_expenditure 2010 over 2020 by head, as in {lender.name}",
                         low=0.55 * value, high=1.6 * value)
            )  # fmt: skip
        else:
            result.append(lend(lender, "TRANSFERS RELATIVE 2010", 1.0, "yuan, as it stands", 2.0))
            result.append(lend(lender, "OTHER SPENDING RELATIVE 2010", 1.0, "yuan, as it stands", 2.0))
        value = (
            lender.values["OTHER SPENDING PER RESIDENT"].item() * spending[2020] / head / lender.bases["spending 2020"]
        )
        result.append(
            estimate(lender, "OTHER SPENDING PER RESIDENT", (0.9 * value, 1.12 * value), "D",
                     f"general_public_budget_expenditure (2020) by head, as in {lender.name}", shape="lognormal",
                     low=0.7 * value, high=1.4 * value)
        )  # fmt: skip
        result.append(
            lend(lender, "DEBT 2020", revenue[2020] / lender.bases["revenue 2020"], "yuan of budget revenue", 2.5)
        )
        relative = (revenue[2010] / revenue[2020]) / lender.bases["revenue ratio"] if revenue[2010] else 1.0
        result.append(lend(lender, "DEBT RELATIVE 2010", relative, "yuan of budget revenue of 2010 over 2020"))
    return result


def budget(city: CityFacts, variable: str, year: int) -> float | None:
    """Budget of a year on the present boundary [yuan]; of 2010 from 2011 where a part joined between."""
    value = city.value(variable, year)
    if value is None and year == 2010:
        old, later, old_later = (city.value(variable, 2010, "old"), city.nearest(variable, 2011, 1), None)
        if old is not None and later is not None and later[2] == "new":
            # The growth of a year is taken as that of the two years after, on one boundary.
            after = city.value(variable, later[1] + 2)
            pace = (after / later[0]) ** 0.5 if after else 1.15
            value = later[0] / pace ** (later[1] - 2010)
        elif old is not None:
            residents = city.total("population_resident", 2010)
            part = city.value("population_resident_yearend", 2010, "old")
            value = old * (1 + 0.5 * max(residents / (part * 1e4) - 1, 0)) if part else old
        del old_later
    return None if value is None else value * 1e8


def resources(city: CityFacts, lender: Lender) -> list[Number]:
    """Sewage, green land and coverage programmes."""
    urban = {year: city.total("population_urban", year) / lender.bases[f"urban {year}"] for year in (2010, 2020)}
    head = city.total("population_resident", 2020) / lender.bases["residents 2020"]
    return [
        lend(lender, "COVERAGE PROGRAMME COST", head, "resident"),
        lend(lender, "SEWAGE CAPACITY 2010", urban[2010], "urban resident"),
        lend(lender, "SEWAGE CAPACITY 2020", urban[2020], "urban resident"),
        lend(lender, "SEWAGE CAPACITY PROGRAMME", urban[2020], "urban resident"),
        lend(lender, "GREEN LAND PROGRAMME", urban[2020], "urban resident"),
        lend(lender, "COVERAGE START 2020", 1.0, "programme, as it stands"),
    ]


PARTS: Final = (people, registration, jobs_and_income, housing, services, land, finance, resources)


def all_numbers(city: CityFacts, lender: Lender) -> dict[str, Number]:
    """Every number of a city by name."""
    result: dict[str, Number] = {}
    for part in PARTS:
        result |= {number.name: number for number in part(city, lender)}
    return result
