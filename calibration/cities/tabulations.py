"""The national county tabulations of the censuses of 2010 and 2020, as published: one row per county, district or zone.

Nothing of them is kept but the rows of a city's own units. Both are the digitised county volumes that
github.com/leiii/census publishes under the MIT licence.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from calibration.cities.files import FILES, URL, TabulationError, require_tabulations
from calibration.observations import AGE_BANDS
from model.files.strict_files import refusal

SOURCE: Final = {
    2010: "GitHub leiii/census: census_county_2010_v1.xlsx (6th census county tabulation, 2010-11-01)",
    2020: "GitHub leiii/census: census_county_2020_v1.xlsx (7th census county tabulation, 2020-11-01)",
}

#: Counts by variable: the column of each year, or several that are added; line breaks in headers are taken out.
COUNTS: Final[dict[str, dict[int, tuple[str, ...]]]] = {
    "population_resident": {2010: ("合计",), 2020: ("人口数_合计",)},
    "population_urban": {2010: ("城镇人口",), 2020: ("城镇人口",)},
    "population_rural": {2010: ("乡村人口",), 2020: ("乡村人口",)},
    "family_households": {2010: ("户数",), 2020: ("家庭户数",)},
    "family_household_population": {2010: ("人口数",), 2020: ("家庭户人口数",)},
    "population_hukou_registered": {2010: ("户籍人口",)},
    "residents_hukou_elsewhere_same_county_or_city_districts": {2010: ("迁入人口（人）-本县（市）/本市市区",)},
    "residents_hukou_elsewhere_other_county_same_province": {2010: ("迁入人口（人）-本省其他县（市）、市区",)},
    "residents_hukou_in_other_township_same_county": {2020: ("户口登记地在外乡镇街道人口_本县",)},
    "residents_hukou_in_other_county_same_province": {2020: ("户口登记地在外乡镇街道人口_本省其他县",)},
    "residents_hukou_in_other_province": {2010: ("迁入人口（人）-外省",), 2020: ("户口登记地在外乡镇街道人口_省外",)},
    "employed_in_long_form": {2010: ("各种行业人口总计",), 2020: ("各种行业人口总计",)},
    "employed_in_agriculture": {2010: ("农林牧渔业",), 2020: ("农林牧渔业",)},
    "employed_in_industry": {
        2010: ("制造业", "建筑业"),
        2020: ("制造业", "建筑业"),
    },
}  # fmt: skip
#: Ratios: the column of each year, unit and the count that weighs them when units are joined.
RATIOS: Final[dict[str, tuple[dict[int, str], str, str]]] = {
    "housing_floor_area_per_capita": (
        {2010: "人均住房建筑面积（平方米/人）", 2020: "人均住房建筑面积"},
        "m2/person",
        "family_household_population",
    ),
    "share_nonagricultural_hukou": (
        {2010: "非农业户口人口比重（%）"},
        "percent of registered population",
        "population_hukou_registered",
    ),
    "death_rate_census": ({2010: "死亡率（‰）"}, "permille", "population_resident"),
}
_NAME: Final = {2010: "地区", 2020: "区县"}
_CODE: Final = "区划代码"


@lru_cache(maxsize=2)
def read_tabulation(folder: Path, year: int) -> pd.DataFrame:
    """Read one national tabulation.

    Parameters
    ----------
    folder
        Where both files stand, under the names they are published with.
    year
        2010 or 2020.

    Returns
    -------
    pandas.DataFrame
        One row per unit by its code of six digits: ``name``, in 2020 ``prefecture``, the counts and ratios of this
        module in their units, and residents by ``male BAND`` and ``female BAND`` [person].

    Raises
    ------
    TabulationError
        If the file is missing, cannot be read or lacks columns; all of them are named.
    """
    path = folder / FILES[year]
    require_tabulations(folder)
    try:
        raw = pd.read_excel(path, engine="openpyxl")
    except (ValueError, KeyError, OSError) as error:
        message = f"{path.name} cannot be read as a workbook: {error}. Download it again from {URL}."
        raise TabulationError(message) from None
    raw.columns = [_plain(column) for column in raw.columns]
    wanted = {name: columns[year] for name, columns in COUNTS.items() if year in columns}
    ratios = {name: columns[year] for name, (columns, _, _) in RATIOS.items() if year in columns}
    bands = _band_columns(year)
    needed = [_CODE, _NAME[year], *(c for columns in wanted.values() for c in columns), *ratios.values(), *bands]
    missing = [f"column {column!r} is missing" for column in needed if column not in raw.columns]
    if missing:
        raise TabulationError(refusal({path.name: missing}))
    raw = raw[pd.to_numeric(raw[_CODE], errors="coerce").notna()]
    table = pd.DataFrame(index=pd.to_numeric(raw[_CODE]).astype(int).astype(str).str.zfill(6))
    table["name"] = raw[_NAME[year]].astype(str).str.strip().to_numpy()
    for name, column in (("prefecture", "市"), ("province", "省")):
        table[name] = raw[column].astype(str).str.strip().to_numpy() if column in raw.columns else ""
    for name, columns in wanted.items():
        table[name] = sum(_numbers(raw[column]) for column in columns)
    for name, column in ratios.items():
        table[name] = _numbers(raw[column])
    for column, name in bands.items():
        table[name] = _numbers(raw[column])
    return table


def city_units(table: pd.DataFrame, prefecture_code: str) -> pd.DataFrame:
    """Return a prefecture's counties, districts and zones: codes that begin with its four digits, itself left out.

    Examples
    --------
    >>> table = pd.DataFrame({"name": ["City", "District"]}, index=["990100", "990102"])
    >>> list(city_units(table, "990100")["name"])
    ['District']
    """
    inside = table.index.str.startswith(prefecture_code[:4]) & ~table.index.str.endswith(("00", "01"))
    return table[inside]


def joined(table: pd.DataFrame, codes: list[str]) -> pd.Series:
    """Join units to one: counts are added, ratios weighed by what they are a ratio of."""
    rows = table.loc[codes]
    numbers = rows.drop(columns=["name", "prefecture", "province"])
    result = numbers.sum()
    for name, (_, _, weight) in RATIOS.items():
        if name in numbers:
            result[name] = float((numbers[name] * numbers[weight]).sum() / numbers[weight].sum())
    return result


def _plain(column: object) -> str:
    """Header without line breaks and spaces, full-width brackets throughout."""
    return "".join(str(column).split()).replace("(", "（").replace(")", "）")


def _band_columns(year: int) -> dict[str, str]:
    """Header of residents of each sex and age band, and the name it gets here."""
    sexes = {"男": "male", "女": "female"}
    columns = {}
    for band in AGE_BANDS:
        for sex, name in sexes.items():
            if year == 2010:
                age = f"{band}岁" if band != "85+" else "85岁及以上"
                columns[f"{age}（{sex}）"] = f"{name} {band}"
            else:
                age = "85岁以上" if band == "85+" else f"{band.replace('-', '到')}岁"
                columns[f"{sex}_{age}"] = f"{name} {band}"
    return columns


def _numbers(column: pd.Series) -> np.ndarray:
    """Numbers of a column; what the printed table leaves blank is none."""
    return pd.to_numeric(column, errors="coerce").fillna(0.0).to_numpy(dtype=float)
