"""The derived tables as Vensim definitions: name, values, unit, meaning, source and grade."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from calibration.census.derivation import CENSUS_YEARS, DerivedTables
from calibration.census.fertility import FERTILITY_OF
from calibration.census.single_years import Vector
from calibration.census.start_population import TOWN_TOTAL, URBAN_SHARE_OF_HIGH, URBAN_SHARE_OF_LOW
from calibration.observations import CITY
from model.engine.errors import UserError
from model.files.strict_files import read_yaml, refusal

#: Name, unit, meaning, source and grade of each definition.
DEFINITIONS_FILE: Final = Path(__file__).with_suffix(".yaml")


class DefinitionsError(UserError):
    """The file of definitions cannot be read."""


@dataclass(frozen=True)
class Definition:
    """One constant of the derived block: Vensim name with subscripts, a number, row or (district, age) table, decimals.

    The Chinese term comes first in the meaning; trailing zeros are not printed.
    """

    name: str
    values: Vector
    digits: int
    unit: str
    meaning: str
    source: str
    grade: str


def vensim_text(definition: Definition) -> str:
    r"""Print one definition; a two-dimensional table is written whole, one district per line ended by a semicolon.

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
    """Every definition of the derived block, in its order: by census year, then profiles by age.

    Examples
    --------
    >>> from calibration.census.derivation import derive
    >>> definitions(derive())[0].name
    'CENSUS RESIDENTS 2010[District,Age]'
    """
    document = read_yaml(DEFINITIONS_FILE)
    if document.problems:
        raise DefinitionsError(refusal({DEFINITIONS_FILE.name: document.problems}))
    by_year = [_definition(entry, tables, year) for year in CENSUS_YEARS for entry in document.content["by_year"]]
    return by_year + [_definition(entry, tables, CENSUS_YEARS[-1]) for entry in document.content["profiles"]]


def _definition(entry: Mapping[str, Any], tables: DerivedTables, year: int) -> Definition:
    known = {
        "year": year,
        "low": 100 * URBAN_SHARE_OF_LOW[year],
        "high": 100 * URBAN_SHARE_OF_HIGH[year],
        "town_total": TOWN_TOTAL[year],
        "city": CITY.title["en"],
        "province": CITY.province["en"],
        "fertility": FERTILITY_OF,
        "origins": " and ".join(CITY.origin_districts),
        "life_expectancy": tables.mortality.life_expectancy[year],
    }
    values: Any = tables
    for field in entry["values"].split("."):
        values = getattr(values, field)
        values = values[year] if isinstance(values, dict) else values
    source = entry["source"][year] if isinstance(entry["source"], dict) else entry["source"]
    name, meaning, source = (text.format(**known) for text in (entry["name"], entry["meaning"], source))
    return Definition(name, np.asarray(values), entry["digits"], entry["unit"], meaning, source, entry["grade"])


def _numbers(row: Vector, digits: int) -> str:
    """Plain decimals without trailing zeros, separated by commas."""
    return ",".join(f"{value:.{digits}f}".rstrip("0").rstrip(".") if digits else f"{value:.0f}" for value in row)
