"""The derived tables as Vensim definitions: name, values, unit, meaning, source and grade."""

from dataclasses import dataclass

import numpy as np

from calibration.census.derivation import CENSUS_YEARS, DerivedTables
from calibration.census.single_years import Vector
from calibration.census.start_population import TOWN_TOTAL, URBAN_SHARE_OF_HIGH, URBAN_SHARE_OF_LOW


@dataclass(frozen=True)
class Definition:
    """One constant of the derived block.

    Attributes
    ----------
    name
        Vensim name with its subscripts.
    values
        A number, a row, or a whole (district, age) table.
    digits
        Decimals printed; trailing zeros are dropped.
    unit, meaning, source, grade
        As in the comment of the model; the Chinese term comes first in the meaning.
    """

    name: str
    values: Vector
    digits: int
    unit: str
    meaning: str
    source: str
    grade: str


def vensim_text(definition: Definition) -> str:
    r"""Print one definition.

    Parameters
    ----------
    definition
        What to print.

    Returns
    -------
    str
        Vensim text; a two-dimensional table is written whole, one district per line ended by a semicolon.

    Raises
    ------
    ValueError
        If a comment holds a character that Vensim gives a meaning to, or a value is not a finite number.

    Examples
    --------
    >>> vensim_text(Definition("X[Age]", np.array([1.0, 0.5]), 2, "Dmnl", "甲. What.", "file", "E")).splitlines()[1]
    '\t1,0.5'
    """
    comment = f"{definition.meaning} Source: {definition.source}. Grade: {definition.grade}."
    if any(mark in comment + definition.unit for mark in '|~"') or not np.isfinite(definition.values).all():
        message = f"{definition.name}: a comment may not hold | ~ or double quotes, and values must be finite"
        raise ValueError(message)
    rows = np.atleast_1d(definition.values)
    if rows.ndim == 2:
        body = "".join(f"\t{_numbers(row, definition.digits)};\n" for row in rows)
    else:
        body = f"\t{_numbers(rows, definition.digits)}\n"
    return f"{definition.name}=\n{body}\t~\t{definition.unit}\n\t~\t{comment}\n\t|\n"


def definitions(tables: DerivedTables) -> list[Definition]:
    """Every definition of the derived block, in its order.

    Parameters
    ----------
    tables
        The computed tables.

    Returns
    -------
    list of Definition
        Start populations and census values by year, then profiles by age.

    Examples
    --------
    >>> from calibration.census.derivation import derive
    >>> definitions(derive())[0].name
    'CENSUS RESIDENTS 2010[District,Age]'
    """
    by_year = [
        definition
        for year in CENSUS_YEARS
        for definition in (*_start_population(tables, year), *_census_values(tables, year), _mortality(tables, year))
    ]
    return [*by_year, *_profiles(tables)]


def _start_population(tables: DerivedTables, year: int) -> list[Definition]:
    start = tables.start[year]
    counted = f"calibration/data/census_{year}_county.csv"
    assumed = f"assumption, calibration/census/start_population.py with {counted}"
    at_home = (
        "在村农村户籍人口比重. Share of the locally registered residents who are registered rural and live in their "
        "village; "
    )
    return [
        Definition(
            f"CENSUS RESIDENTS {year}[District,Age]",
            start.residents,
            0,
            "person",
            f"常住人口. Residents on 1 November {year} by district and single year of age; band totals as counted, "
            "single years smoothed within them (calibration/census/single_years.py).",
            f"calibration/data/census_{year}_age_sex.csv",
            "C",
        ),
        Definition(
            f"OTHER PROVINCE RESIDENTS {year}[District,Age]",
            start.other_province,
            0,
            "person",
            "省外户籍人口. Residents registered in another province; district totals as counted, ages by an assumed "
            "curve of odds, students and young workers most.",
            f"{counted}, residents_hukou_in_other_province",
            "E",
        ),
        Definition(
            f"PROVINCE RESIDENTS AT MOST {year}[District,Age]",
            start.province_at_most,
            0,
            "person",
            "本省其他县户籍人口. Residents registered in another county or district of Shandong; other districts of "
            "Jinan are included, so it is a ceiling. District totals as counted, ages by an assumed curve of odds.",
            f"{counted}, other county of the same province",
            "E",
        ),
        Definition(
            f"RURAL HOME SHARE LOW {year}[District,Age]",
            start.rural_home_low,
            4,
            "Dmnl [0,1]",
            f"{at_home}the end at which {100 * URBAN_SHARE_OF_LOW[year]:.0f} percent of the registered are urban.",
            assumed,
            "E",
        ),
        Definition(
            f"RURAL HOME SHARE HIGH {year}[District,Age]",
            start.rural_home_high,
            4,
            "Dmnl [0,1]",
            f"{at_home}the end at which {100 * URBAN_SHARE_OF_HIGH[year]:.0f} percent of the registered are urban.",
            assumed,
            "E",
        ),
        Definition(
            f"TOWN SHARE {year}[District,Age]",
            start.town,
            4,
            "Dmnl [0,1]",
            "进城农村户籍人口比重. Share of the locally registered residents not rural at home who are registered "
            f"rural and live in a town; {TOWN_TOTAL[year]:.0f} persons at the central values.",
            assumed,
            "E",
        ),
    ]


def _census_values(tables: DerivedTables, year: int) -> list[Definition]:
    counted = f"calibration/data/census_{year}_county.csv"
    in_families = {
        2010: "family_households times avg_family_household_size over population_resident",
        2020: "family_household_population over population_resident",
    }
    registered = {
        2010: "calibration/data/census_2010_county.csv, population_hukou_registered",
        2020: "calibration/data/press_and_reference_works.csv, population_hukou_registered_yearend",
    }
    return [
        Definition(
            f"URBAN RESIDENTS {year}[District]",
            tables.urban_residents[year],
            0,
            "person",
            "城镇常住人口. Urban residents counted by the census.",
            f"{counted}, population_urban",
            "B",
        ),
        Definition(
            f"FLOOR AREA PER HEAD {year}[District]",
            tables.floor_area_per_head[year],
            2,
            "m2/person",
            "人均住房建筑面积. Housing floor area per person in family households.",
            f"{counted}, housing_floor_area_per_capita",
            "B",
        ),
        Definition(
            f"PERSONS PER HOUSEHOLD {year}[District]",
            tables.persons_per_household[year],
            2,
            "person/household",
            "家庭户规模. Persons per family household.",
            f"{counted}, avg_family_household_size",
            "B",
        ),
        Definition(
            f"FAMILY HOUSEHOLD SHARE {year}[District]",
            tables.family_household_share[year],
            4,
            "Dmnl [0,1]",
            "家庭户人口比重. Residents who live in family households; the others live in dormitories and institutions.",
            f"{counted}, {in_families[year]}",
            "C",
        ),
        Definition(
            f"REGISTERED POPULATION {year}",
            np.array(tables.registered_population[year]),
            0,
            "person",
            "户籍人口. Registered population of the city on the boundary of 2019.",
            registered[year],
            "B",
        ),
    ]


def _mortality(tables: DerivedTables, year: int) -> Definition:
    return Definition(
        f"MORTALITY {year}[Age]",
        tables.mortality.rates[year],
        7,
        "1/Year",
        f"死亡率. Central death rates, both sexes, life expectancy {tables.mortality.life_expectancy[year]:.2f} years; "
        "a Gompertz-Makeham curve with a child term, fitted to the life expectancy of 2020, the census deaths of 2010 "
        "and the survival of cohorts over 65 (calibration/census/life_table.py).",
        "calibration/data/press_and_reference_works.csv, life_expectancy; census_2010_county.csv, death_rate_census",
        "C",
    )


def _profiles(tables: DerivedTables) -> list[Definition]:
    assumed = "assumption, calibration/census/migration_schedules.py"
    censuses = "calibration/census/migration_schedules.py with census_2010_age_sex.csv and census_2020_age_sex.csv"
    return [
        Definition(
            "WOMEN SHARE[Age]",
            tables.women_share,
            4,
            "Dmnl [0,1]",
            "女性比重. Women among the residents of each age, city, 2020.",
            "calibration/data/census_2020_age_sex.csv",
            "C",
        ),
        Definition(
            "FERTILITY SHAPE[Age]",
            tables.fertility_shape,
            7,
            "Dmnl [0,1]",
            "生育模式. Share of lifetime births by the mother's age, sums to one; Fuzhou, of which only the shape is "
            "used, age 49 assumed.",
            "calibration/data/census_2020_fuzhou_fertility.csv",
            "B",
        ),
        Definition(
            "ARRIVAL SCHEDULE[District,Age]",
            tables.arrivals.schedule,
            8,
            "Dmnl [0,1]",
            "迁入年龄模式. Share of all arrivals from outside the city by district and age at arrival, sums to one; "
            "cohort residuals 2010-2020 with departures replaced.",
            censuses,
            "C",
        ),
        Definition(
            "DEPARTURE PROFILE[Age]",
            tables.departure_profile,
            4,
            "Dmnl",
            "迁出年龄模式. Relative rate of leaving the city, mean one over ages 15-59; highest when students finish.",
            assumed,
            "E",
        ),
        Definition(
            "VILLAGE LEAVING PROFILE[Age]",
            tables.leaving_profile,
            4,
            "Dmnl",
            "农村迁出年龄模式. Relative rate of leaving the village for a town, mean one over ages 15-59; cohort "
            "losses of Pingyin and Shanghe.",
            censuses,
            "C",
        ),
        Definition(
            "VILLAGE RETURN PROFILE[Age]",
            tables.return_profile,
            4,
            "Dmnl",
            "返乡年龄模式. Relative rate of returning to the village, mean one over ages 15-59; after school and "
            "before old age.",
            assumed,
            "E",
        ),
        Definition(
            "INTERNAL MOVE PROFILE[Age]",
            tables.internal_profile,
            4,
            "Dmnl",
            "市内迁移年龄模式. Relative rate of moving between districts, mean one over ages 15-59; young "
            "families most.",
            assumed,
            "E",
        ),
    ]


def _numbers(row: Vector, digits: int) -> str:
    """Plain decimals without trailing zeros, separated by commas."""
    return ",".join(f"{value:.{digits}f}".rstrip("0").rstrip(".") if digits else f"{value:.0f}" for value in row)
