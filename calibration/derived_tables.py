"""The derived block of model/jinan.mdl: rebuilt from calibration/data, printed, checked or written in place.

``python -m calibration.derived_tables`` prints the block, ``--check`` says whether the model's block is the rebuilt one
(exit code 1 if not), ``--write`` replaces it.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np

from calibration.fertility import fertility_shape
from calibration.life_table import Mortality, fit_mortality
from calibration.migration_schedules import (
    Residuals,
    arrival_schedule,
    cohort_residuals,
    departure_profile,
    internal_profile,
    leaving_profile,
    return_profile,
)
from calibration.observations import ObservationError, district_values, read_observations
from calibration.single_years import Vector, women_share
from calibration.start_population import StartPopulation, registered_total, start_population

MODEL_FILE: Final = Path(__file__).parent.parent / "model" / "jinan.mdl"
RULE: Final = "*" * 56
TITLE: Final = "\t.Derived tables"
HEADER: Final = (
    f"{RULE}\n{TITLE}\n{RULE}~\n"
    "\t\tOwns: tables computed by calibration/derived_tables.py from calibration/data; do not edit by hand.\n"
    "\t|\n\n"
)
YEARS: Final = (2010, 2020)


class DerivedBlockError(ValueError):
    """The model file has no derived block to compare or replace."""


@dataclass(frozen=True)
class DerivedTables:
    """Everything the block is printed from.

    Attributes
    ----------
    start
        Start populations by census year.
    mortality, residuals
        Fitted death rates; cohort residuals 2010-2020.
    urban_residents, floor_area_per_head, persons_per_household
        By census year, 12 districts [person, m2/person, person/household].
    registered_population
        By census year [person].
    women_share, fertility_shape
        Dmnl, 86 ages.
    arrival_schedule
        Dmnl, (district, age), sums to one.
    leaving_profile
        Dmnl, 86 ages.
    """

    start: dict[int, StartPopulation]
    mortality: Mortality
    residuals: Residuals
    urban_residents: dict[int, Vector]
    floor_area_per_head: dict[int, Vector]
    persons_per_household: dict[int, Vector]
    registered_population: dict[int, float]
    women_share: Vector
    fertility_shape: Vector
    arrival_schedule: Vector
    leaving_profile: Vector


@lru_cache(maxsize=1)
def derive() -> DerivedTables:
    """Compute every table of the block.

    Returns
    -------
    DerivedTables
        Deterministic: no random number, no clock.

    Raises
    ------
    ObservationError
        If the data are missing or faulty.

    Examples
    --------
    >>> int(derive().urban_residents[2020].sum())
    6760007
    """
    data = read_observations()
    start = {y: start_population(data, y) for y in YEARS}
    mortality = fit_mortality(data)
    shape = fertility_shape(data)
    residuals = cohort_residuals(data, mortality, shape)

    def both(variable: str) -> dict[int, Vector]:
        return {y: district_values(data, variable, y).to_numpy() for y in YEARS}

    return DerivedTables(
        start=start,
        mortality=mortality,
        residuals=residuals,
        urban_residents=both("population_urban"),
        floor_area_per_head=both("housing_floor_area_per_capita"),
        persons_per_household=both("avg_family_household_size"),
        registered_population={y: registered_total(data, y) for y in YEARS},
        women_share=women_share(data),
        fertility_shape=shape,
        arrival_schedule=arrival_schedule(residuals, (start[2010], start[2020])),
        leaving_profile=leaving_profile(data, mortality),
    )


def block_text() -> str:
    """Print the derived block in Vensim's text form.

    Returns
    -------
    str
        Group header and one definition per table, ended by a blank line.

    Examples
    --------
    >>> block_text().splitlines()[1].strip()
    '.Derived tables'
    """
    tables = derive()
    parts: list[str] = []
    for year in YEARS:
        parts.extend(_year_definitions(tables, year))
    parts.extend(_profile_definitions(tables))
    return HEADER + "\n".join(parts) + "\n"


def find_block(model_text: str) -> tuple[int, int]:
    """Say where the derived block starts and ends in the model's text.

    Parameters
    ----------
    model_text
        The text of model/jinan.mdl, line ends as in the file.

    Returns
    -------
    tuple of int
        Start and end position; the end is where the next group's rule starts.

    Raises
    ------
    DerivedBlockError
        If there is no such group, two of them, or no group after it.

    Examples
    --------
    >>> find_block(HEADER + RULE + "\\n\\t.Control")[0]
    0
    """
    marker = f"{RULE}\n{TITLE}\n"
    if model_text.count(marker) != 1:
        message = f"expected one group '{TITLE.strip()}' in the model, found {model_text.count(marker)}"
        raise DerivedBlockError(message)
    start = model_text.index(marker)
    end = model_text.find(f"\n{RULE}\n\t.", start + len(marker))
    if end < 0:
        message = f"no group follows '{TITLE.strip()}'; the block must end before the next group header"
        raise DerivedBlockError(message)
    return start, end + 1


def main(arguments: list[str] | None = None) -> int:
    """Print, check or write the derived block.

    Parameters
    ----------
    arguments
        Command-line words; none means those of the process.

    Returns
    -------
    int
        0 if done or fresh, 1 if stale, 2 if the data or the model file cannot be used.

    Examples
    --------
    >>> main(["--check", "--model", "no such file.mdl"])
    2
    """
    parser = argparse.ArgumentParser(prog="python -m calibration.derived_tables", description=__doc__)
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--check", action="store_true", help="say whether the model's block is the rebuilt one")
    action.add_argument("--write", action="store_true", help="replace the model's block by the rebuilt one")
    parser.add_argument("--model", type=Path, default=MODEL_FILE, help="model file (default: model/jinan.mdl)")
    options = parser.parse_args(arguments)
    try:
        if not (options.check or options.write):
            sys.stdout.write(block_text())
            return 0
        text = options.model.read_bytes().decode("utf-8")
        start, end = find_block(text)
        block = block_text()
        if text[start:end] == block:
            sys.stderr.write(f"{options.model.name}: derived block is up to date\n")
            return 0
        if options.check:
            sys.stderr.write(
                f"{options.model.name}: derived block is stale; run python -m calibration.derived_tables --write\n"
            )
            return 1
        temporary = options.model.with_suffix(".mdl.new")
        temporary.write_bytes((text[:start] + block + text[end:]).encode("utf-8"))
        temporary.replace(options.model)
    except (DerivedBlockError, ObservationError, OSError, UnicodeDecodeError) as error:
        sys.stderr.write(f"derived tables: {error}\n")
        return 2
    sys.stderr.write(f"{options.model.name}: derived block written\n")
    return 0


def _year_definitions(tables: DerivedTables, year: int) -> list[str]:
    """Definitions that exist once for each census year."""
    start = tables.start[year]
    low, high, town = start.rural_home_low, start.rural_home_high, start.town
    rows = f"calibration/data/census_{year}_county.csv"
    return [
        _table(
            f"CENSUS RESIDENTS {year}[District,Age]",
            start.residents,
            _whole,
            "person",
            f"常住人口. Residents on 1 November {year} by district and single year of age; band totals as counted, "
            "single years smoothed within them (calibration/single_years.py).",
            f"calibration/data/census_{year}_age_sex.csv",
            "C",
        ),
        _table(
            f"OTHER PROVINCE RESIDENTS {year}[District,Age]",
            start.other_province,
            _whole,
            "person",
            "省外户籍人口. Residents registered in another province; district totals as counted, ages by an assumed odds "
            "curve (students and young workers most).",
            f"{rows}, residents_hukou_in_other_province",
            "E",
        ),
        _table(
            f"PROVINCE RESIDENTS AT MOST {year}[District,Age]",
            start.province_at_most,
            _whole,
            "person",
            "本省其他县户籍人口. Residents registered in another county or district of Shandong; contains other districts "
            "of Jinan, so it is a ceiling. District totals as counted, ages by an assumed odds curve.",
            f"{rows}, other county same province",
            "E",
        ),
        _table(
            f"RURAL HOME SHARE LOW {year}[District,Age]",
            low,
            _four,
            "Dmnl [0,1]",
            _rural_home_meaning(year, "most urban", 0.70 if year == 2020 else 0.55),
            f"assumption, calibration/start_population.py with {rows}",
            "E",
        ),
        _table(
            f"RURAL HOME SHARE HIGH {year}[District,Age]",
            high,
            _four,
            "Dmnl [0,1]",
            _rural_home_meaning(year, "least urban", 0.48 if year == 2020 else 0.33),
            f"assumption, calibration/start_population.py with {rows}",
            "E",
        ),
        _table(
            f"TOWN SHARE {year}[District,Age]",
            town,
            _four,
            "Dmnl [0,1]",
            "进城农村户籍人口比重. Share of the locally registered residents who are not rural at home that are registered "
            f"rural and live in a town; {town_total(year)} persons at the central values.",
            f"assumption, calibration/start_population.py with {rows}",
            "E",
        ),
        _table(
            f"URBAN RESIDENTS {year}[District]",
            tables.urban_residents[year],
            _whole,
            "person",
            "城镇常住人口. Urban residents counted by the census.",
            f"{rows}, population_urban",
            "B",
        ),
        _table(
            f"FLOOR AREA PER HEAD {year}[District]",
            tables.floor_area_per_head[year],
            _two,
            "m2/person",
            "人均住房建筑面积. Housing floor area per person in family households.",
            f"{rows}, housing_floor_area_per_capita",
            "B",
        ),
        _table(
            f"PERSONS PER HOUSEHOLD {year}[District]",
            tables.persons_per_household[year],
            _two,
            "person/household",
            "家庭户规模. Persons per family household.",
            f"{rows}, avg_family_household_size",
            "B",
        ),
        _table(
            f"REGISTERED POPULATION {year}",
            np.array(tables.registered_population[year]),
            _whole,
            "person",
            "户籍人口. Registered population of the city on the boundary of 2019.",
            f"{rows}, population_hukou_registered"
            if year == 2010
            else "calibration/data/press_and_reference_works.csv, population_hukou_registered_yearend",
            "B",
        ),
        _table(
            f"MORTALITY {year}[Age]",
            tables.mortality.rates[year],
            _seven,
            "1/Year",
            f"死亡率. Central death rates, both sexes; life expectancy {tables.mortality.life_expectancy[year]:.2f} years. "
            "Gompertz-Makeham curve with a child term, fitted to the life expectancy of 2020, the census deaths of 2010 "
            "and the survival of cohorts over 65 (calibration/life_table.py).",
            "calibration/data/press_and_reference_works.csv, life_expectancy; census_2010_county.csv, death_rate_census",
            "C",
        ),
    ]


def _profile_definitions(tables: DerivedTables) -> list[str]:
    """Definitions that hold for all years."""
    assumed = "assumption, calibration/migration_schedules.py"
    return [
        _table(
            "WOMEN SHARE[Age]",
            tables.women_share,
            _four,
            "Dmnl [0,1]",
            "女性比重. Women among the residents of each age, city, 2020.",
            "calibration/data/census_2020_age_sex.csv",
            "C",
        ),
        _table(
            "FERTILITY SHAPE[Age]",
            tables.fertility_shape,
            _seven,
            "Dmnl [0,1]",
            "生育模式. Share of lifetime births by the mother's age; sums to one. The level is not Fuzhou's.",
            "calibration/data/census_2020_fuzhou_fertility.csv",
            "B",
        ),
        _table(
            "ARRIVAL SCHEDULE[District,Age]",
            tables.arrival_schedule,
            _eight,
            "Dmnl [0,1]",
            "迁入年龄模式. Share of all arrivals from outside the city by district and age at arrival; sums to one. "
            "Cohort residuals 2010-2020 plus replaced departures.",
            "calibration/data/census_2010_age_sex.csv and census_2020_age_sex.csv, calibration/migration_schedules.py",
            "C",
        ),
        _table(
            "DEPARTURE PROFILE[Age]",
            departure_profile(),
            _four,
            "Dmnl",
            "迁出年龄模式. Relative rate of leaving the city, mean one over ages 15-59; peaks when students finish.",
            assumed,
            "E",
        ),
        _table(
            "VILLAGE LEAVING PROFILE[Age]",
            tables.leaving_profile,
            _four,
            "Dmnl",
            "农村迁出年龄模式. Relative rate of leaving the village for a town, mean one over ages 15-59; from the cohort "
            "losses of Pingyin and Shanghe.",
            "calibration/data/census_2010_age_sex.csv and census_2020_age_sex.csv, calibration/migration_schedules.py",
            "C",
        ),
        _table(
            "VILLAGE RETURN PROFILE[Age]",
            return_profile(),
            _four,
            "Dmnl",
            "返乡年龄模式. Relative rate of returning to the village, mean one over ages 15-59; after school and before old "
            "age.",
            assumed,
            "E",
        ),
        _table(
            "INTERNAL MOVE PROFILE[Age]",
            internal_profile(),
            _four,
            "Dmnl",
            "市内迁移年龄模式. Relative rate of moving between districts, mean one over ages 15-59; young families most.",
            assumed,
            "E",
        ),
    ]


def town_total(year: int) -> str:
    """Central total of rural people in town, printed.

    Parameters
    ----------
    year
        2010 or 2020.

    Returns
    -------
    str
        Persons, without separators.

    Examples
    --------
    >>> town_total(2020)
    '750000'
    """
    from calibration.start_population import TOWN_TOTAL

    return f"{TOWN_TOTAL[year]:.0f}"


def _rural_home_meaning(year: int, side: str, share: float) -> str:
    return (
        f"在村农村户籍人口比重. Share of locally registered residents who are registered rural and live in their village, "
        f"{side} end: registered urban share {share:.0%}".replace("%", " percent") + f" in {year}."
    )


def _table(
    name: str, values: Vector, form: Callable[[float], str], unit: str, meaning: str, source: str, grade: str
) -> str:
    """One definition; two-dimensional tables are written whole, one row per line, ended by semicolons."""
    if any(mark in meaning + source for mark in '|~"'):
        message = f"{name}: a comment may not hold | ~ or double quotes"
        raise ValueError(message)
    if values.ndim == 2:
        body = "".join(f"\t{','.join(map(form, row))};\n" for row in values)
    else:
        body = f"\t{','.join(map(form, np.atleast_1d(values)))}\n"
    return f"{name}=\n{body}\t~\t{unit}\n\t~\t{meaning} Source: {source}. Grade: {grade}.\n\t|\n"


def _plain(value: float, digits: int) -> str:
    """Plain decimal without trailing zeros."""
    return f"{value:.{digits}f}".rstrip("0").rstrip(".") if digits else f"{value:.0f}"


def _whole(value: float) -> str:
    return _plain(value, 0)


def _two(value: float) -> str:
    return _plain(value, 2)


def _four(value: float) -> str:
    return _plain(value, 4)


def _seven(value: float) -> str:
    return _plain(value, 7)


def _eight(value: float) -> str:
    return _plain(value, 8)


if __name__ == "__main__":
    sys.exit(main())
