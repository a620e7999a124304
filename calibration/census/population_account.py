"""What the two censuses say about 2010-2020: the tables of docs/data.md, printed from the data.

``python -m calibration population-account`` prints them.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from calibration.census.derivation import DerivedTables, derive
from calibration.census.start_population import placement_ratio
from calibration.census.vital_events import registered_events
from calibration.observations import CITY, DISTRICTS, city_value, district_values, read_observations
from model.files.markdown import markdown_table

BROAD_AGES: Final = ((0, 10), (10, 18), (18, 25), (25, 30), (30, 35), (35, 45), (45, 60), (60, 75), (75, 86))


def tables_text() -> str:
    """Print every table of the account as Markdown."""
    tables = derive()
    parts = (
        _residuals(tables),
        _births(tables),
        _registered_account(tables),
        _mortality(tables),
        _arrivals(tables),
        _placement(tables),
    )
    return "\n".join(parts)


def _section(title: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return f"### {title}\n\n{markdown_table(header, rows)}\n"


def _residuals(tables: DerivedTables) -> str:
    net = tables.residuals.net
    header = ["District", *(f"{a}-{b - 1}" if b < 86 else f"{a}+" for a, b in BROAD_AGES), "all ages"]
    rows = [
        [name, *(f"{row[a:b].sum():,.0f}" for a, b in BROAD_AGES), f"{row.sum():,.0f}"]
        for name, row in zip((*DISTRICTS, CITY.region), np.vstack([net, net.sum(axis=0)]), strict=True)
    ]
    return _section("Cohort residuals 2010-2020: net migrants by age in 2020 [person]", header, rows)


def _births(tables: DerivedTables) -> str:
    registered = registered_events(read_observations(), "birth")
    past = tables.residuals
    rows = [
        [
            str(year),
            f"{past.children[year]:,.0f}",
            f"{past.births[year]:,.0f}",
            f"{registered[year - 1] * 2 / 12 + registered[year] * 10 / 12:,.0f}",
            f"{past.births[year] / (registered[year - 1] * 2 / 12 + registered[year] * 10 / 12):.2f}",
            f"{past.fertility[year]:.2f}",
        ]
        for year in past.births.index
    ]
    header = [
        "Twelve months to October",
        "children of 2020 survived backwards",
        "less net migrants: births of residents",
        "registered births, same months",
        "ratio",
        "total fertility rate implied",
    ]
    return _section("Births behind the children of 2020 [person/year]", header, rows)


def _registered_account(tables: DerivedTables) -> str:
    observations = read_observations()
    births = registered_events(observations, "birth")
    deaths = registered_events(observations, "death")
    start, end = (tables.registered_population[year] for year in (2010, 2020))
    end_of_2018 = city_value(observations, "population_hukou_registered_yearend", 2018) * 10_000
    natural = births - deaths
    rows = [
        ["Registered population, census 2010", f"{start:,.0f}"],
        ["Registered births 2011-2020", f"{births.loc[2011:].sum():,.0f}"],
        ["Registered deaths 2011-2020", f"{deaths.sum():,.0f}"],
        ["Net registered migration 2011-2020, residual", f"{end - start - natural.loc[2011:].sum():,.0f}"],
        ["Net registered migration 2019-2020, part of it", f"{end - end_of_2018 - natural.loc[2019:].sum():,.0f}"],
        ["Registered population, end of 2020", f"{end:,.0f}"],
    ]
    return _section("Registered population 2010-2020 [person]", ["Item", "Persons"], rows)


def _mortality(tables: DerivedTables) -> str:
    mortality = tables.mortality
    rows = [
        [
            str(year),
            f"{mortality.life_expectancy[year]:.2f}",
            f"{mortality.deaths[year]:,.0f}",
            f"{1000 * mortality.deaths[year] / tables.start[year].residents.sum():.2f}",
        ]
        for year in (2010, 2020)
    ]
    first = _section(
        "Mortality", ["Year", "life expectancy [year]", "deaths on the census residents", "per mille"], rows
    )
    ages = [f"{a}-{a + 4}" if a < 85 else "85+" for a in mortality.cohort_ratio]
    ratios = [[f"{ratio:.3f}" for ratio in mortality.cohort_ratio.values()]]
    return first + "\n" + _section("Residents of 2020 over survivors of 2010, city, by age in 2020", ages, ratios)


def _arrivals(tables: DerivedTables) -> str:
    schedule = tables.arrivals.schedule
    header = ["District", "share of arrivals", "aged 15-21", "aged 22-44", "net migrants 2010-2020"]
    rows = [
        [name, f"{row.sum():.3f}", f"{row[15:22].sum():.3f}", f"{row[22:45].sum():.3f}", f"{net.sum():,.0f}"]
        for name, row, net in zip(DISTRICTS, schedule, tables.residuals.net, strict=True)
    ]
    total = tables.arrivals.by_age.sum()
    title = f"Arrivals from outside the city: {total:,.0f} a year in 2010-2020, by district of arrival"
    return _section(title, header, rows)


def _placement(tables: DerivedTables) -> str:
    observations = read_observations()
    header, columns = ["District"], [list(DISTRICTS)]
    for year in (2010, 2020):
        start = tables.start[year]
        ratio = placement_ratio(start, district_values(observations, "population_rural", year).to_numpy())
        home, town = start.rural_home.sum(axis=1), start.rural_town.sum(axis=1)
        header += [f"rural at home / local {year}", f"rural in town {year}", f"placement ratio {year}"]
        columns += [[f"{share:.3f}" for share in home / start.local.sum(axis=1)], [f"{people:,.0f}" for people in town]]
        columns += [[f"{value:.3f}" for value in ratio]]
    rows = list(zip(*columns, strict=True))
    return _section("Registered rural at home and in town at the central values", header, rows)
